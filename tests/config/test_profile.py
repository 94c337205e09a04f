"""The configuration file and what is chosen from it."""

import os
import shlex
import subprocess
import sys
import threading
import tomllib
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smscli.config import profile as profiles
from smscli.config.profile import KEYS, Profile, Secret
from smscli.errors import ConfigError, InputError
from tests.support.command import Smscli
from tests.support.sandboxes import RunningSandbox, write_config

SECRET = "5ECRET-PWD"
SHOP = '[profiles.shop]\nendpoint = "https://sms.example/api"\nname = "n"\n'
HAND_WRITTEN = """\
# my accounts
default = "a"  # the shop

# the first shop
[profiles.a]  # 甲
endpoint = "https://a.example/sms"   # from support
name = "a"
pwd = "5ECRET-PWD"

# the second shop
[profiles.b]
name = "b"

  # the third shop
[ "profiles" . '店铺' ]
name = "c"
# the end
"""
COMMENTS = [line.partition("#")[2] for line in HAND_WRITTEN.splitlines() if "#" in line]


def refused(home: Path, text: str) -> str:
    """Return why the text is refused as a configuration file."""
    write_config(home, text)
    with pytest.raises(ConfigError) as caught:
        profiles.read_config()
    return str(caught.value)


# --- reading ------------------------------------------------------------------------------------------------------


def test_every_key_of_a_profile_is_read_with_its_type(home: Path) -> None:
    values: dict[str, Any] = {
        "endpoint": "https://sms.example/api",
        "name": "n",
        "pwd": SECRET,
        "sign": "测试",
        "extno": "12",
        "standby": ["https://b.example/sms", "https://c.example/sms"],
        "batch_size": 200,
        "timeout": 2.5,
        "ca_bundle": "/etc/ca.pem",
        "proxy": "http://u:p@proxy.example:8080",
        "push_name": "pn",
        "push_pwd": "pp",
        "access_secret": "as",
        "extension_length": 4,
        "confirm_above": 7,
        "per_number": ["1/1m", "5/1h"],
        "optout_words": ["不要"],
    }
    write_config(home, "[profiles.shop]\n" + "".join(f"{key} = {value!r}\n" for key, value in values.items()))
    chosen = profiles.choose("shop")
    assert {key: getattr(chosen, key) for key in values} == values | {
        key: tuple(values[key]) for key in ("standby", "per_number", "optout_words")
    }
    assert values.keys() | {"pwd_command"} == KEYS.keys()


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
        ("standby = 'https://b.example'", "standby must be a list, not a text in quotes."),
        ("standby = [1]", "standby must be a list of addresses in quotes."),
        ("standby = ['b.example']", "standby must be an address that starts with http:// or https://"),
        ("pwd_command = ['pass']", "pwd_command must be a text in quotes, not a list."),
        ("push_pwd = 1", "push_pwd must be a text in quotes"),
        ("proxy = 'u:5ECRET-PWD@host:80'", "proxy must be an address that starts with http://"),
        ("proxy = '::'", "proxy must be an address that starts with http://"),
    ],
)
def test_a_wrong_line_is_named_with_file_and_number(home: Path, line: str, sentence: str) -> None:
    said = refused(home, f"# bacth_size sign timeout\n\n[profiles.other]\nname = 'o'\n\n{SHOP}# a comment\n{line}\n")
    assert said.startswith(f"{profiles.config_path()}, line 10: {sentence}")
    assert said.endswith("Nothing was sent.")
    assert SECRET not in said


@pytest.mark.parametrize(
    ("endpoint", "why"),
    [
        ("sms.example", "must be an address"),
        ("ftp://sms.example", "must be an address"),
        ("https://", "must be an address"),
        ("https://sms.example:99999/", "is no valid address"),
        ("https://[::1", "is no valid address"),
        (f"https://n:{SECRET}@sms.example/", "must not hold a user name or password"),
        ("https://sms.example/a b", "must not hold spaces"),
        ("https://sms.example/\\u0000", "must not hold spaces or control characters"),
    ],
)
def test_an_endpoint_that_is_no_address_is_refused(home: Path, endpoint: str, why: str) -> None:
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
        ("endpoint = 'x'\n", "line 1: there is no key 'endpoint'. Known keys: default, profiles, templates."),
        ("\n[profile.a]\nname = 'x'\n", "line 2: there is no key 'profile'. Did you mean 'profiles'?"),
        ("default = 1\n", "line 1: default must be a text in quotes, not a whole number."),
        ("profiles = 'a'\n", "line 1: profiles must be a table, not a text in quotes."),
        ("[profiles]\nendpoint = 'x'\n", "line 2: endpoint stands outside a profile"),
        ("[profiles.sandbox]\nname = 'x'\n", "line 1: the profile 'sandbox' is built in"),
        ("[profiles.a]\npwd = 'a\nb'\n", "is not valid TOML: Found invalid character '\\n' (at line 2"),
        ("name = \n", "is not valid TOML: Invalid value (at line 1"),
        ("[profiles.a]\nname='x'\nname='y'\n", "is not valid TOML: Cannot overwrite a value (at line 3"),
        ("[profiles.a]\n[profiles.a]\n", "is not valid TOML: Cannot declare ('profiles', 'a') twice (at line 2"),
        ("a\0b = 1\n", "is not valid TOML"),
        ("[profiles.a]\npwd = 'x'\npwd_command = 'y'\n", "line 3: pwd_command and pwd are both given; keep one."),
    ],
)
def test_a_file_that_makes_no_sense_is_explained(home: Path, text: str, sentence: str) -> None:
    said = refused(home, text)
    assert said.startswith(str(profiles.config_path()))
    assert sentence in said
    assert said.endswith("Nothing was sent.")


@pytest.mark.parametrize("line", ["[profiles.店铺]", "签名 = 'x'", "sign = “测试”", "sign = 测试"])
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
        profiles.read_config()


def test_a_byte_order_mark_and_windows_line_ends_are_read(home: Path) -> None:
    path = write_config(home, "")
    path.write_bytes(b"\xef\xbb\xbf" + SHOP.replace("\n", "\r\n").encode())
    assert profiles.choose().name == "n"
    path.write_bytes(b"\xef\xbb\xbf" + (SHOP + "tmeout = 3\n").replace("\n", "\r\n").encode())
    with pytest.raises(ConfigError, match="line 4: there is no key 'tmeout'"):
        profiles.read_config()


@settings(deadline=None, max_examples=60)  # a busy machine is no failure
@given(st.text() | st.text("[]=.'\"\n#{}, profilesa1", max_size=40))
def test_any_text_as_a_file_is_read_or_refused_with_a_sentence(text: str) -> None:
    path = Path(os.environ["HOME"]) / "any.toml"
    try:
        document = profiles._parse(path, text)
        profiles._check_keys(path, text, document, {"default": str, "profiles": dict}, "")
        for label, table in document.get("profiles", {}).items():
            profiles._check_keys(path, text, table if isinstance(table, dict) else {}, KEYS, label)
    except ConfigError as error:
        assert str(error).startswith(str(path))


def test_an_empty_file_and_none_are_the_same(home: Path) -> None:
    assert profiles.read_config().profiles == {}
    write_config(home, "")
    assert profiles.read_config().profiles == {}


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
@pytest.mark.parametrize("name", ["plain.toml", "with space.toml", 'it\'s "mine".toml', "-rf.toml", "$HOME;店.toml"])
def test_a_file_that_others_can_read_is_refused_with_the_command_that_mends_it(
    smscli: Smscli, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.write_text(SHOP)
    path.chmod(0o644)
    ended = smscli("profile", "show", SMSCLI_CONFIG=name)
    assert ended.code == 3
    assert f"{path} holds passwords, and others on this machine can read it. Nothing was sent." in ended.err
    mend = ended.err.partition("Mend it with: ")[2].strip()
    assert mend == f"chmod 600 {shlex.quote(str(path))}"
    subprocess.run(mend, shell=True, check=True, cwd=tmp_path)
    assert smscli("profile", "show", SMSCLI_CONFIG=name).code == 0


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
@pytest.mark.parametrize("mode", [0o604, 0o640, 0o620, 0o602, 0o601])
def test_any_right_of_others_is_refused(home: Path, mode: int) -> None:
    write_config(home, SHOP).chmod(mode)
    with pytest.raises(ConfigError, match="chmod 600"):
        profiles.read_config()


def test_what_is_no_file_is_never_to_be_chmodded(smscli: Smscli, tmp_path: Path) -> None:
    ended = smscli("balance", SMSCLI_CONFIG=str(tmp_path))
    assert (ended.code, "chmod" in ended.err) == (3, False)
    assert f"{tmp_path} cannot be read: Is a directory. Nothing was sent." in ended.err
    ended = smscli("balance", SMSCLI_CONFIG="/dev/null")
    assert (ended.code, "chmod" in ended.err) == (3, False)
    assert "there is no profile yet" in ended.err


def test_the_place_of_the_file_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert profiles.config_path() == Path(os.environ["HOME"]) / ".config/smscli/config.toml"
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative, which the XDG specification says to ignore")
    assert profiles.config_path() == Path(os.environ["HOME"]) / ".config/smscli/config.toml"
    monkeypatch.setenv("XDG_CONFIG_HOME", "/xdg")
    assert profiles.config_path() == Path("/xdg/smscli/config.toml")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SMSCLI_CONFIG", "own.toml")
    assert profiles.config_path() == tmp_path / "own.toml"


# --- choosing -----------------------------------------------------------------------------------------------------


def test_option_goes_before_environment_before_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_config(home, f"{SHOP}pwd = 'file'\nsign = 'file'\nextno = '1'\n")
    chosen = profiles.choose()
    assert (chosen.pwd, chosen.sign, chosen.sources["sign"]) == ("file", "file", "file")
    for key in ("NAME", "PWD", "SIGN"):
        monkeypatch.setenv(f"SMSCLI_{key}", "environment")
    chosen = profiles.choose("shop", {"sign": None, "extno": None})
    assert (chosen.name, chosen.pwd, chosen.sign, chosen.extno) == ("environment",) * 3 + ("1",)
    assert chosen.sources["pwd"] == "SMSCLI_PWD"
    chosen = profiles.choose("shop", {"sign": "option", "extno": "2"})
    assert (chosen.sign, chosen.extno, chosen.sources["sign"]) == ("option", "2", "option")
    assert profiles.choose("shop", {"sign": ""}).sign == ""


def test_an_empty_variable_is_none(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_config(home, SHOP)
    for key in ("PROFILE", "NAME", "ENDPOINT", "CONFIG"):
        monkeypatch.setenv(f"SMSCLI_{key}", "")
    assert profiles.choose().sources == {"endpoint": "file", "name": "file"}


def test_the_profile_is_the_option_then_the_environment_then_the_default_then_the_only_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_config(home, SHOP)
    assert profiles.choose().label == "shop"
    write_config(home, f"default = 'b'\n{SHOP}[profiles.b]\n[profiles.c]\n")
    assert profiles.choose().label == "b"
    monkeypatch.setenv("SMSCLI_PROFILE", "c")
    assert profiles.choose().label == "c"
    assert profiles.choose("shop").label == "shop"


def test_several_profiles_without_a_default_are_not_guessed_among(home: Path) -> None:
    write_config(home, "[profiles.a]\n[profiles.b]\n")
    with pytest.raises(ConfigError, match=r"several profiles \(a, b\) and no default. Nothing was sent.*-p NAME"):
        profiles.choose()


def test_a_complete_environment_needs_no_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in {"ENDPOINT": "https://e.example/sms", "NAME": "e", "PWD": SECRET}.items():
        monkeypatch.setenv(f"SMSCLI_{key}", value)
    write_config(home, "what is here does not matter").chmod(0o644)
    chosen = profiles.choose()
    assert (chosen.label, chosen.endpoint, chosen.name, chosen.pwd) == (
        "environment", "https://e.example/sms", "e", SECRET,
    )  # fmt: skip


def test_a_mistyped_profile_is_refused_whatever_the_environment_holds(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_config(home, SHOP)
    for key, value in {"ENDPOINT": "https://e.example/sms", "NAME": "e", "PWD": SECRET}.items():
        monkeypatch.setenv(f"SMSCLI_{key}", value)
    with pytest.raises(ConfigError, match=r"no profile 'shpo' in .*\(there are: shop\). Nothing was sent"):
        profiles.choose("shpo")


def test_no_profile_at_all_exits_3_and_never_falls_back_to_the_sandbox(smscli: Smscli) -> None:
    ended = smscli("send", "--mobile", "13800138001", "--content", "hi")
    assert (ended.code, ended.out) == (3, "")
    for advice in (
        "there is no profile yet",
        "Nothing was sent.",
        "smscli profile add NAME",
        "SMSCLI_PWD",
        "-p sandbox",
    ):
        assert advice in ended.err


def test_the_sandbox_cannot_be_the_default(home: Path) -> None:
    write_config(home, "default = 'sandbox'\n")
    with pytest.raises(ConfigError, match=r"the default cannot be the sandbox\. Nothing was sent\. Ask for it with -p"):
        profiles.choose()


def test_no_account_in_the_environment_redirects_the_sandbox(
    smscli: Smscli, sandbox: RunningSandbox, home: Path
) -> None:
    write_config(home, SHOP)
    ended = smscli("send", "-p", "sandbox", "--mobile", "13800138001", "--content", "hi", **sandbox.variables)
    assert ended.code == 0
    assert sandbox.requests == []


def test_the_sandbox_gets_neither_endpoint_nor_password_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMSCLI_ENDPOINT", "https://e.example/sms")
    monkeypatch.setenv("SMSCLI_PWD", SECRET)
    chosen = profiles.choose("sandbox")
    assert (chosen.endpoint, chosen.pwd) == ("", "sandbox")


def test_a_trial_endpoint_in_the_environment_drops_the_standby_of_the_file(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_config(home, f"{SHOP}standby = ['https://b.example/sms']\n")
    assert profiles.choose().standby == ("https://b.example/sms",)
    monkeypatch.setenv("SMSCLI_ENDPOINT", "http://127.0.0.1:1/sms")
    assert profiles.choose().standby == ()


def test_a_wrong_endpoint_in_the_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in {"ENDPOINT": f"https://n:{SECRET}@e.example", "NAME": "e", "PWD": SECRET}.items():
        monkeypatch.setenv(f"SMSCLI_{key}", value)
    with pytest.raises(ConfigError, match="SMSCLI_ENDPOINT must not hold a user name") as caught:
        profiles.choose()
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[profiles.a]\nname = 'n'\n", "profile 'a' has no endpoint. Nothing was sent. Add it to"),
        ("[profiles.a]\nendpoint = 'https://a.example'\n", "profile 'a' has no name. Nothing was sent."),
        (SHOP, "profile 'shop' has no password. Nothing was sent. Add pwd or pwd_command to"),
        (f"{SHOP}pwd = 'x'\nca_bundle = '/nosuch.pem'\n", "there is no ca_bundle '/nosuch.pem'. Nothing was sent."),
    ],
)
def test_an_incomplete_account_is_named_before_anything_is_sent(
    smscli: Smscli, home: Path, text: str, sentence: str
) -> None:
    write_config(home, text)
    ended = smscli("balance")
    assert (ended.code, ended.out) == (3, "")
    assert sentence in ended.err


# --- secrets ------------------------------------------------------------------------------------------------------


def test_a_profile_shows_no_secret_in_its_repr_nor_in_a_traceback() -> None:
    secret = Secret(SECRET)
    profile = Profile("a", pwd=secret, push_pwd=secret, access_secret=secret, pwd_command=secret, proxy=secret)
    assert SECRET not in f"{profile!r}{profile}{[profile]}"
    try:
        raise KeyError(profile)
    except KeyError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert SECRET not in shown.replace(repr(SECRET), "")


@pytest.mark.parametrize(
    ("proxy", "shown"),
    [
        (f"http://u:{SECRET}@proxy.example:8080", "http://****@proxy.example:8080"),
        (f"http://u:a/{SECRET}@b@proxy.example", "http://****@proxy.example"),
        ("http://proxy.example:8080", "http://proxy.example:8080"),
    ],
)
def test_the_password_of_a_proxy_is_masked(proxy: str, shown: str) -> None:
    assert Profile("a", proxy=Secret(proxy)).shown("proxy") == shown


# --- pwd_command --------------------------------------------------------------------------------------------------


def python(code: str) -> Secret:
    """Return a `pwd_command` that runs Python code."""
    return Secret(shlex.join([sys.executable, "-c", code]))


@pytest.mark.parametrize(
    ("code", "pwd"),
    [
        ("print('abc')", "abc"),
        ("print('a b ')", "a b "),
        ("print('abc', end='')", "abc"),
        ("print('abc\\r\\nlogin: me')", "abc"),
        ("import sys; sys.stdout.buffer.write('密码\\n'.encode())", "密码"),
    ],
)
def test_the_first_line_of_pwd_command_is_the_password(code: str, pwd: str) -> None:
    asked = profiles.password(Profile("a", pwd_command=python(code)))
    assert (str(asked), isinstance(asked, Secret)) == (pwd, True)


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (python(f"print('{SECRET}'); raise SystemExit(3)"), "it ended with exit code 3"),
        (python("pass"), "its first line is empty"),
        (python(f"print('\\n{SECRET}')"), "its first line is empty"),
        (python("import sys; sys.stdout.buffer.write(b'5ECRET-PWD\\xff')"), "it printed something that is not UTF-8"),
        (Secret("/nosuch/program"), "it cannot be run (No such file or directory)"),
        (Secret("/"), "it cannot be run (Permission denied)"),
        (Secret(f"echo '{SECRET}"), "it is no command; look at its quotation marks"),
        (Secret("   "), "it is no command"),
    ],
)
def test_a_pwd_command_that_gives_no_password_is_explained(command: Secret, why: str) -> None:
    with pytest.raises(ConfigError) as caught:
        profiles.password(Profile("a", pwd_command=command))
    assert str(caught.value).startswith(f"pwd_command gave no password: {why}")
    assert "Nothing was sent." in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_pwd_command_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "_COMMAND_TIMEOUT", 0.2)
    with pytest.raises(ConfigError, match=r"it took longer than 0\.2 s"):
        profiles.password(Profile("a", pwd_command=python("import time; time.sleep(60)")))


def test_pwd_command_is_asked_and_the_gateway_gets_its_password(
    smscli: Smscli, sandbox: RunningSandbox, home: Path
) -> None:
    write_config(
        home, f"[profiles.a]\nendpoint = '{sandbox.sandbox.endpoint}'\nname = 'n'\npwd_command = 'echo wrong'\n"
    )
    assert "10" in smscli("balance").err  # the sandbox's answer to the password "wrong"
    assert smscli("balance", SMSCLI_PWD="right").code == 0  # the environment goes before the file


# --- writing ------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o277, 0o777])
def test_file_and_directory_are_private_whatever_the_umask(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, umask: int
) -> None:
    path = tmp_path / "new" / "config.toml"
    monkeypatch.setenv("SMSCLI_CONFIG", str(path))
    before = os.umask(umask)
    try:
        profiles.save_profile("a", {"name": "n"})
        profiles.save_profile("b", {"name": "n"})
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_the_first_profile_is_the_default_and_stays_it(home: Path) -> None:
    profiles.save_profile("店铺", {"name": "一", "sign": "测试"})
    profiles.save_profile("b", {"name": "b"})
    assert tomllib.loads(profiles.config_path().read_text(encoding="utf-8")) == {
        "default": "店铺", "profiles": {"店铺": {"name": "一", "sign": "测试"}, "b": {"name": "b"}},
    }  # fmt: skip


def test_comments_survive_every_edit(home: Path) -> None:
    path = write_config(home, HAND_WRITTEN)
    profiles.save_profile("d", {"name": "d"})
    profiles.use_profile("b")
    text = path.read_text(encoding="utf-8")
    assert [comment for comment in COMMENTS if comment not in text] == []
    assert tomllib.loads(text)["default"] == "b"
    for label in ("店铺", "d", "a", "b"):
        profiles.remove_profile(label)
        assert label not in profiles.read_config().profiles
    text = path.read_text(encoding="utf-8")
    gone = [comment for comment in COMMENTS if comment not in text]
    assert gone == [" the shop", " 甲", " from support"]  # on the very lines that were removed
    assert SECRET not in text


@pytest.mark.parametrize(
    "text",
    [
        "[profiles]\na = {name = 'a'}  # A\nb = {name = 'b'}  # B\n",
        "profiles.a.name = 'a'\nprofiles.b.name = 'b'\n",
        "profiles = {a = {name = 'a'}, b = {name = 'b'}}\n",
        "[profiles.a]\nname = '''\n[profiles.b]\n'''\n[profiles.b]\nname = 'b'\n",
        "[profiles.b]\nsign = '''\n[profiles.a]\n# x\n'''\n[profiles.a]\nname = 'a'\n",
        "[profiles.b]\nstandby = [\n  'https://b.example',\n]\n[profiles.a]\n",
        '[profiles."\\u0061"]\n[profiles.b]',
        "\ufeff# top\r\n[profiles.a]\r\nname = 'a'\r\n[profiles.b]\r\n",
    ],
)
def test_an_edit_changes_what_it_should_and_nothing_else_however_the_file_is_written(home: Path, text: str) -> None:
    path = write_config(home, text)
    before = profiles.read_config().profiles
    edits: tuple[tuple[Callable[[], Path], dict[str, Any], str], ...] = (
        (lambda: profiles.use_profile("b"), dict(before), "b"),
        (lambda: profiles.save_profile("c", {"name": "c"}), {**before, "c": {"name": "c"}}, "b"),
        (lambda: profiles.remove_profile("a"), {"b": before["b"], "c": {"name": "c"}}, "b"),
        (lambda: profiles.remove_profile("b"), {"c": {"name": "c"}}, ""),
    )
    for edit, expected, default in edits:
        old = path.read_bytes()
        try:
            edit()
        except ConfigError as error:
            assert "only a person can edit" in str(error)
            assert path.read_bytes() == old
            return
        config = profiles.read_config()
        assert (dict(config.profiles), config.default) == (expected, default)


def test_a_linked_file_stays_a_link(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    target, link = tmp_path / "dotfiles" / "sms.toml", tmp_path / "link.toml"
    target.parent.mkdir()
    target.write_text(HAND_WRITTEN, encoding="utf-8")
    target.chmod(0o600)
    link.symlink_to(target)
    monkeypatch.setenv("SMSCLI_CONFIG", str(link))
    profiles.use_profile("b")
    assert link.is_symlink()
    assert tomllib.loads(target.read_text(encoding="utf-8"))["default"] == "b"


@pytest.mark.parametrize("call", ["open", "fsync", "replace"])
def test_a_failed_write_leaves_the_old_file_and_no_draft(
    home: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    path = write_config(home, HAND_WRITTEN)
    monkeypatch.setattr(Path if call == "replace" else os, call, full)
    with pytest.raises(ConfigError, match=r"cannot be written: No space left on device\. It is as it was\."):
        profiles.save_profile("new", {"name": "n"})
    monkeypatch.undo()
    assert path.read_text(encoding="utf-8") == HAND_WRITTEN
    assert list(path.parent.iterdir()) == [path]


def test_two_edits_at_once_lose_nothing(home: Path) -> None:
    write_config(home, HAND_WRITTEN)
    labels = [f"n{number}" for number in range(8)]
    threads = [threading.Thread(target=profiles.save_profile, args=(label, {"name": label})) for label in labels]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert profiles.read_config().profiles.keys() == {"a", "b", "店铺", *labels}


def test_the_same_name_added_twice_at_once_is_saved_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profiles.save_profile("a", {"name": "first"})
    monkeypatch.setattr(profiles, "check_new", lambda label: None)  # as if the first came just after the check
    with pytest.raises(InputError, match="there is a profile 'a' already"):
        profiles.save_profile("a", {"name": "second"})
    assert profiles.read_config().profiles["a"]["name"] == "first"


def test_a_draft_left_behind_is_explained_with_the_command_that_mends_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiles, "_LOCK_PATIENCE", 0)
    path = write_config(home, HAND_WRITTEN)
    draft = path.with_name("config.toml.new")
    draft.write_text("")
    with pytest.raises(ConfigError, match=r"another smscli is editing .* Nothing was changed.* rm .*config.toml.new"):
        profiles.use_profile("b")
    assert path.read_text(encoding="utf-8") == HAND_WRITTEN
    assert draft.exists()


@pytest.mark.parametrize("label", ["sandbox", "", "a b", "a.b", "a/b", "x" * 41, "\x1b[31m", "a\n"])
def test_a_name_that_names_nothing_is_refused(label: str) -> None:
    with pytest.raises(InputError, match="cannot name a profile"):
        profiles.check_new(label)
