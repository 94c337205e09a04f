"""Reading the configuration file: what is in it, and the line of what is wrong."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smscli.config import file
from smscli.config.profile import choose
from smscli.errors import ConfigError
from tests.support.command import Smscli
from tests.support.sandboxes import write_config

SECRET = "5ECRET-PWD"
SHOP = '[profiles.shop]\nendpoint = "https://sms.example/api"\nname = "n"\n'


def refused(home: Path, text: str) -> str:
    """Return why the text is refused as a configuration file."""
    write_config(home, text)
    with pytest.raises(ConfigError) as caught:
        file.read_config()
    return str(caught.value)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("bacth_size = 3", "there is no key 'bacth_size'. Did you mean 'batch_size'?"),
        ("Endpoint = 'x'", "there is no key 'Endpoint'. Did you mean 'endpoint'?"),
        ("'time out' = 3", "there is no key 'time out'. Did you mean 'timeout'?"),
        ("'签名' = '测试'", "there is no key '签名'. Known keys: endpoint, name"),
        ("name2 = 1", "there is no key 'name2'. Did you mean 'name'?"),
        ("sign = 5", "sign must be a text in quotes, not a whole number."),
        ("pwd = 2020-01-01", "pwd must be a text in quotes, not a date or time."),
        ("pwd = true", "pwd must be a text in quotes, not true or false."),
        ("extno = 12", "extno must be a text in quotes, not a whole number."),
        ("extno = '1２'", "extno must be digits only."),
        ("batch_size = '500'", "batch_size must be a whole number, not a text in quotes."),
        ("batch_size = 500.0", "batch_size must be a whole number, not a decimal number."),
        ("batch_size = true", "batch_size must be a whole number, not true or false."),
        ("batch_size = 0", "batch_size must be at least 1."),
        ("timeout = 'long'", "timeout must be a number, not a text in quotes."),
        ("timeout = true", "timeout must be a number, not true or false."),
        ("timeout = 0", "timeout must be more than 0 and at most 3600 seconds."),
        ("timeout = -1.5", "timeout must be more than 0"),
        ("timeout = nan", "timeout must be more than 0"),
        ("timeout = inf", "timeout must be more than 0"),
        ("timeout = 1e30", "timeout must be more than 0"),
        ("extension_length = -1", "extension_length must not be negative."),
        ("standby = 'https://b.example'", "standby must be a list of texts in quotes, not a text in quotes."),
        ("standby = [1]", "standby must be a list of texts in quotes, not a list with a whole number."),
        ("standby = ['b.example']", "standby must be an address that starts with http:// or https://"),
        ("pwd_command = ['pass']", "pwd_command must be a text in quotes, not a list."),
        ("push_pwd = 1", "push_pwd must be a text in quotes"),
        ("proxy = 'u:5ECRET-PWD@host:80'", "proxy must be an address that starts with http://"),
        ("proxy = '::'", "proxy must be an address that starts with http://"),
    ],
)
def test_a_wrong_line_is_named_with_file_and_number(home: Path, line: str, sentence: str) -> None:
    said = refused(home, f"# bacth_size sign timeout\n\n[profiles.other]\nname = 'o'\n\n{SHOP}# a comment\n{line}\n")
    assert said.startswith(f"{file.config_path()}, line 10: {sentence}")
    assert said.endswith("Nothing was sent.")
    assert SECRET not in said


@pytest.mark.parametrize(
    ("endpoint", "why"),
    [
        ("sms.example", "must be an address"),
        ("ftp://sms.example", "must be an address"),
        ("https://", "must be an address"),
        ("https://sms.example:99999/", "is not a valid address"),
        ("https://[::1", "is not a valid address"),
        (f"https://n:{SECRET}@sms.example/", "must not hold a user name or password"),
        ("https://sms.example/a b", "must not hold spaces"),
        ("https://sms.example/\\u0000", "must not hold spaces or control characters"),
    ],
)
def test_an_endpoint_that_is_not_an_address_is_refused(home: Path, endpoint: str, why: str) -> None:
    said = refused(home, f'[profiles.shop]\nname = "n"\nendpoint = "{endpoint}"\n')
    assert f"line 3: endpoint {why}" in said
    assert SECRET not in said


def test_a_key_that_another_profile_spells_alike_is_found_in_its_own_table(home: Path) -> None:
    text = "[profiles.a]\ntimeout = 5\n[profiles.ab]\ntimeout = 5\n[profiles.b]\ntimeout = 0\n"
    assert "line 6: timeout" in refused(home, text)
    assert "line 3: timeout" in refused(home, "[profiles.'b']\n# timeout\n'timeout' = 0\n")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("endpoint = 'x'\n", "line 1: there is no key 'endpoint'. Known keys: default, language, profiles, templates."),
        ("\n[profile.a]\nname = 'x'\n", "line 2: there is no key 'profile'. Did you mean 'profiles'?"),
        ("default = 1\n", "line 1: default must be a text in quotes, not a whole number."),
        ("profiles = 'a'\n", "line 1: profiles must be a table, not a text in quotes."),
        ("[profiles]\nendpoint = 'x'\n", "line 2: endpoint is outside a profile"),
        ("[profiles.sandbox]\nname = 'x'\n", "line 1: the profile 'sandbox' is built in"),
        ("[profiles.a]\npwd = 'a\nb'\n", "is not valid TOML: Found invalid character '\\n' (at line 2"),
        ("name = \n", "is not valid TOML: Invalid value (at line 1"),
        ("[profiles.a]\nname='x'\nname='y'\n", "is not valid TOML: Cannot overwrite a value (at line 3"),
        ("[profiles.a]\n[profiles.a]\n", "is not valid TOML: Cannot declare ('profiles', 'a') twice (at line 2"),
        ("a\0b = 1\n", "is not valid TOML"),
        ("[templates.a]\ncontent = 'x'\nsigm = 'y'\n", "line 3: there is no key 'sigm'. Did you mean 'sign'?"),
        (
            "[profiles.a]\nextno = '1'\n[templates.a]\ncontent = 'x'\nextno = 'a'\n",
            "line 5: extno must be digits only.",
        ),
        ("[templates]\na = 'x'\n", "line 2: a template needs a table [templates.a] with a content."),
        ("[profiles.a]\npwd = 'x'\npwd_command = 'y'\n", "line 3: pwd_command and pwd are both given; keep one."),
    ],
)
def test_a_file_that_makes_no_sense_is_explained(home: Path, text: str, sentence: str) -> None:
    said = refused(home, text)
    assert said.startswith(str(file.config_path()))
    assert sentence in said
    assert said.endswith("Nothing was sent.")


@pytest.mark.parametrize(
    ("line", "header"),
    [
        ("[profiles.店铺]", '[profiles."店铺"]'),
        (" [ profiles . 店 铺 ]  # 我的", '[profiles."店 铺"]'),
        ("[profiles.“店铺”]", '[profiles."店铺"]'),
        ("[templates.到期]", '[templates."到期"]'),
        ("[店铺]", '[profiles."店铺"] for an account, [templates."店铺"] for a text.'),
        ('["店铺"]', '[profiles."店铺"] for an account, [templates."店铺"] for a text.'),
    ],
)
def test_a_chinese_name_of_a_table_without_its_quotes_is_explained(home: Path, line: str, header: str) -> None:
    said = refused(home, f"# 店铺\n\n{line}\nname = 'x'\n")
    assert "line 3" in said
    assert f"Write the line so: {header}" in said


@pytest.mark.parametrize("line", ["签名 = 'x'", "sign = “测试”", "sign = 测试"])
def test_chinese_without_straight_quotes_is_explained(home: Path, line: str) -> None:
    said = refused(home, f"# 店铺\n\n{line}\n")
    assert "at line 3" in said
    assert said.endswith('belong in straight quotes: [profiles."店铺"], sign = "测试".')


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ("# 店铺\n".encode("utf-16"), 1),
        ("a = 1\n# 店铺\n".encode("gb18030"), 2),
        (b"\x7fELF\x02\xff\xfe", 1),
        (b"\n\n\xff\xd8", 3),
    ],
)
def test_a_file_that_is_not_utf8_is_explained(home: Path, raw: bytes, line: int) -> None:
    path = write_config(home, "")
    path.write_bytes(raw)
    with pytest.raises(ConfigError, match=f"line {line}: this is not UTF-8.*Save the file as UTF-8"):
        file.read_config()


def test_a_byte_order_mark_and_windows_line_ends_are_read(home: Path) -> None:
    path = write_config(home, "")
    path.write_bytes(b"\xef\xbb\xbf" + SHOP.replace("\n", "\r\n").encode())
    assert choose().name == "n"
    path.write_bytes(b"\xef\xbb\xbf" + (SHOP + "tmeout = 3\n").replace("\n", "\r\n").encode())
    with pytest.raises(ConfigError, match="line 4: there is no key 'tmeout'"):
        file.read_config()


@settings(deadline=None, max_examples=60)  # a busy machine is no failure
@given(st.text() | st.text("[]=.'\"\n#{}, profilesa1", max_size=40))
def test_any_text_as_a_file_is_read_or_refused_with_a_sentence(text: str) -> None:
    path = Path(os.environ["HOME"]) / "any.toml"
    try:
        source = file.Source(path, text)
        file.check(source, source.parse())
    except ConfigError as error:
        assert str(error).startswith(str(path))


def test_an_empty_file_and_none_are_the_same(home: Path) -> None:
    assert file.read_config().profiles == {}
    write_config(home, "")
    assert file.read_config().profiles == {}


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
@pytest.mark.parametrize("name", ["plain.toml", "with space.toml", 'it\'s "mine".toml', "-rf.toml", "$HOME;店.toml"])
def test_a_file_that_others_can_read_is_refused_with_the_command_that_fixes_it(
    smscli: Smscli, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.write_text(SHOP)
    path.chmod(0o644)
    ended = smscli("profile", "show", SMSCLI_CONFIG=name)
    assert ended.code == 3
    assert f"{path} holds passwords, and others on this machine can read it." in ended.err
    fix = ended.err.partition("Fix it with: ")[2].strip()
    assert fix == f"chmod 600 {shlex.quote(str(path))}"
    subprocess.run(fix, shell=True, check=True, cwd=tmp_path)
    assert smscli("profile", "show", SMSCLI_CONFIG=name).code == 0


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
@pytest.mark.parametrize("mode", [0o604, 0o640, 0o620, 0o602, 0o601])
def test_any_right_of_others_is_refused(home: Path, mode: int) -> None:
    write_config(home, SHOP).chmod(mode)
    with pytest.raises(ConfigError, match="chmod 600"):
        file.read_config()


def test_what_is_not_a_file_is_never_to_be_chmodded(smscli: Smscli, tmp_path: Path) -> None:
    ended = smscli("balance", SMSCLI_CONFIG=str(tmp_path))
    assert (ended.code, "chmod" in ended.err) == (3, False)
    assert f"{tmp_path} cannot be read: Is a directory." in ended.err
    ended = smscli("balance", SMSCLI_CONFIG="/dev/null")
    assert (ended.code, "chmod" in ended.err) == (3, False)
    assert "there is no profile yet" in ended.err


def test_the_place_of_the_file_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert file.config_path() == Path(os.environ["HOME"]) / ".config/smscli/config.toml"
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative, which the XDG specification says to ignore")
    assert file.config_path() == Path(os.environ["HOME"]) / ".config/smscli/config.toml"
    monkeypatch.setenv("XDG_CONFIG_HOME", "/xdg")
    assert file.config_path() == Path("/xdg/smscli/config.toml")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SMSCLI_CONFIG", "own.toml")
    assert file.config_path() == tmp_path / "own.toml"
