"""`smscli profile`, as a person and as a script use it."""

import os
import re
import tomllib
from pathlib import Path

import pytest

from tests.support.command import Smscli, Terminal
from tests.support.sandboxes import RunningSandbox, write_config

SECRET = "5ECRET-PWD"
SHOP = f'[profiles.shop]\nendpoint = "https://sms.example/api"\nname = "n"\npwd = "{SECRET}"\n'


def saved(home: Path) -> dict[str, dict[str, str]]:
    """Return the profiles of the configuration file, none where there is no file."""
    path = home / ".config/smscli/config.toml"
    profiles: dict[str, dict[str, str]] = tomllib.loads(path.read_text("utf-8"))["profiles"] if path.exists() else {}
    return profiles


def arguments(sandbox: RunningSandbox, label: str = "shop", name: str = "demo") -> list[str]:
    """Return a complete `profile add` that takes the password from a pipe."""
    return [
        "profile",
        "add",
        label,
        "--endpoint",
        sandbox.sandbox.endpoint,
        "--name",
        name,
        "--sign",
        "测试",
        "--pwd-stdin",
    ]


# --- add ----------------------------------------------------------------------------------------------------------


def test_add_verifies_saves_and_the_account_works(smscli: Smscli, sandbox: RunningSandbox, home: Path) -> None:
    ended = smscli(*arguments(sandbox, "店铺"), stdin=f"{SECRET}\n")
    assert (ended.code, ended.out) == (0, "")
    assert "verified: 1000 messages are left" in ended.err
    assert f"saved '店铺' in {home}/.config/smscli/config.toml" in ended.err
    assert SECRET not in ended.err
    assert saved(home) == {
        "店铺": {"endpoint": sandbox.sandbox.endpoint, "name": "demo", "pwd": SECRET, "sign": "测试"}
    }
    assert smscli("balance").rows == [["1000", "店铺"]]


@pytest.mark.parametrize(
    ("raw", "pwd"),
    [
        (b"abc", "abc"),
        (b"abc\r\n", "abc"),
        (b" a b \nsecond line\n", " a b "),
        ("密码 1\n".encode(), "密码 1"),
        (b"\xef\xbb\xbfabc\r\n", "abc"),  # PowerShell's pipe
        (b'"\\\n', '"\\'),
    ],
)
def test_the_first_line_of_the_pipe_is_the_password(
    smscli: Smscli, sandbox: RunningSandbox, home: Path, raw: bytes, pwd: str
) -> None:
    assert smscli(*arguments(sandbox), "--no-verify", stdin=raw).code == 0
    assert saved(home)["shop"]["pwd"] == pwd


@pytest.mark.parametrize(
    ("raw", "why"), [(b"", "no password came"), (b"\n", "no password came"), (b"5ECRET-PWD\xff\n", "is not UTF-8")]
)
def test_a_pipe_without_a_password_saves_nothing(
    smscli: Smscli, sandbox: RunningSandbox, home: Path, raw: bytes, why: str
) -> None:
    ended = smscli(*arguments(sandbox), stdin=raw)
    assert (ended.code, saved(home)) == (2, {})
    assert why in ended.err
    assert SECRET not in ended.err


def test_no_verify_asks_the_gateway_nothing(smscli: Smscli, sandbox: RunningSandbox, home: Path) -> None:
    assert smscli(*arguments(sandbox, name="nosuch"), "--no-verify", stdin=SECRET).code == 0
    assert (sandbox.requests, list(saved(home))) == ([], ["shop"])


@pytest.mark.parametrize(("name", "code"), [("nosuch", "10"), ("suspended", "12"), ("blocked-ip", "13")])
def test_an_account_that_the_gateway_refuses_is_not_saved(
    smscli: Smscli, sandbox: RunningSandbox, home: Path, name: str, code: str
) -> None:
    ended = smscli(*arguments(sandbox, name=name), stdin=SECRET)
    assert (ended.code, ended.out, saved(home)) == (4, "", {})
    assert code in ended.err
    assert "The profile was not saved; mend it, or save it as it is with --no-verify." in ended.err
    assert SECRET not in ended.err


def test_a_gateway_that_cannot_be_reached_saves_nothing(smscli: Smscli, home: Path) -> None:
    ended = smscli(
        "profile", "add", "a", "--endpoint", "http://127.0.0.1:1/sms", "--name", "n", "--sign", "", "--pwd-stdin",
        stdin=SECRET,
    )  # fmt: skip
    assert (ended.code, saved(home)) == (5, {})
    assert "The profile was not saved" in ended.err


def test_the_password_is_no_argument_and_is_not_echoed(smscli: Smscli, sandbox: RunningSandbox, home: Path) -> None:
    for given in (["--pwd", SECRET], [f"--pwd={SECRET}"]):
        ended = smscli(*arguments(sandbox), *given)
        assert (ended.code, ended.out, saved(home)) == (2, "", {})
        assert "No such option: --pwd" in ended.err
        assert "--pwd-stdin" in ended.err
        assert SECRET not in ended.err


@pytest.mark.parametrize(
    ("left_out", "option"), [("--endpoint", "--endpoint"), ("--name", "--name"), ("--sign", "--sign")]
)
def test_what_is_missing_is_named_where_nobody_can_be_asked(
    smscli: Smscli, sandbox: RunningSandbox, home: Path, left_out: str, option: str
) -> None:
    given = arguments(sandbox)
    place = given.index(left_out)
    ended = smscli(*given[:place], *given[place + 2 :], stdin=SECRET)
    assert (ended.code, saved(home)) == (2, {})
    assert f"nobody can be asked for it here; give it with {option}." in ended.err


def test_the_missing_password_is_never_read_from_a_pipe_unasked(
    smscli: Smscli, sandbox: RunningSandbox, home: Path
) -> None:
    ended = smscli(*arguments(sandbox)[:-1], stdin=SECRET)
    assert (ended.code, saved(home)) == (2, {})
    assert "the password is missing" in ended.err
    assert "--pwd-stdin" in ended.err


def test_add_refuses_a_known_name_before_it_asks_anything(smscli: Smscli, home: Path) -> None:
    path = write_config(home, SHOP)
    ended = smscli("profile", "add", "shop", "--pwd-stdin", stdin="other\n")
    assert ended.code == 2
    assert f"there is a profile 'shop' already. Edit it in {path}, or remove it" in ended.err
    assert path.read_text() == SHOP


def test_sandbox_is_a_reserved_name(smscli: Smscli, home: Path) -> None:
    for verb in ("add", "use", "remove"):
        ended = smscli("profile", verb, "sandbox")
        assert (ended.code, saved(home)) == (2, {})
        assert "sandbox" in ended.err


def test_pwd_command_is_saved_and_asked_for_the_verification(
    smscli: Smscli, sandbox: RunningSandbox, home: Path
) -> None:
    given = [*arguments(sandbox)[:-1], "--pwd-command"]
    assert smscli(*given, "false").code == 3
    assert saved(home) == {}
    assert smscli(*given, "echo x").code == 0
    assert "pwd" not in saved(home)["shop"]
    assert saved(home)["shop"]["pwd_command"] == "echo x"
    both = smscli("profile", "add", "b", "--pwd-command", "x", "--pwd-stdin")
    assert (both.code, "either --pwd-stdin or --pwd-command" in both.err) == (2, True)


def test_a_clear_text_endpoint_gets_one_warning_line(smscli: Smscli, home: Path) -> None:
    write_config(home, SHOP.replace("https://sms.example", "http://sms.invalid"))
    err = smscli("balance").err
    assert err.count("the password travels in clear text") == 1
    assert "warning: sms.invalid" in err


@pytest.mark.parametrize("endpoint", ["sms.example", "ftp://x", "", f"https://u:{SECRET}@sms.example"])
def test_add_explains_a_wrong_endpoint(smscli: Smscli, home: Path, endpoint: str) -> None:
    ended = smscli("profile", "add", "a", "--endpoint", endpoint, "--name", "n", "--sign", "", "--pwd-stdin", stdin="x")
    assert (ended.code, saved(home)) == (2, {})
    assert "the endpoint " in ended.err
    assert SECRET not in ended.err


@pytest.mark.skipif(os.name != "posix", reason="arguments are bytes on POSIX only")
def test_an_argument_that_is_no_text_is_refused(smscli: Smscli, sandbox: RunningSandbox, home: Path) -> None:
    ended = smscli(*arguments(sandbox, name="n\udcff"), stdin=SECRET)
    assert (ended.code, saved(home)) == (2, {})
    assert "the name holds something that is not UTF-8" in ended.err


# --- asking a person ----------------------------------------------------------------------------------------------


def test_a_person_is_asked_for_all_that_is_missing_and_the_password_is_not_echoed(
    terminal: Terminal, sandbox: RunningSandbox, home: Path
) -> None:
    code, shown = terminal(
        ["profile", "add", "shop"],
        ("Endpoint", f"{sandbox.sandbox.endpoint}\n".encode()),
        ("Account", b" demo \n"),
        ("password", f"{SECRET} \n".encode()),
        ("Signature", "测试\n".encode()),
    )
    assert (code, "verified: 1000" in shown) == (0, True)
    assert SECRET not in shown
    assert saved(home) == {
        "shop": {"endpoint": sandbox.sandbox.endpoint, "name": "demo", "pwd": f"{SECRET} ", "sign": "测试"}
    }


def test_the_signature_may_stay_empty(terminal: Terminal, sandbox: RunningSandbox, home: Path) -> None:
    given = ["profile", "add", "shop", "--endpoint", sandbox.sandbox.endpoint, "--name", "demo"]
    code, _ = terminal(given, ("password", b"x\n"), ("Signature", b"\n"))
    assert (code, saved(home)["shop"]["sign"]) == (0, "")


@pytest.mark.parametrize("key", [b"\x03", b"\x04"])
@pytest.mark.parametrize("prompt", ["Account", "password"])
def test_leaving_a_prompt_saves_nothing_and_exits_130(
    terminal: Terminal, sandbox: RunningSandbox, home: Path, prompt: str, key: bytes
) -> None:
    name = [] if prompt == "Account" else ["--name", "demo"]
    code, shown = terminal(["profile", "add", "shop", "--endpoint", sandbox.sandbox.endpoint, *name], (prompt, key))
    assert (code, saved(home)) == (130, {})
    assert "interrupted" in shown
    assert "Traceback" not in shown


# --- list, show, use, remove, path --------------------------------------------------------------------------------


def test_show_tells_where_each_value_comes_from_and_masks_secrets(smscli: Smscli, home: Path) -> None:
    marker = tmp_marker(home)
    text = SHOP.replace(f'pwd = "{SECRET}"', f"pwd_command = 'touch {marker}'") + (
        f"push_pwd = '{SECRET}'\naccess_secret = '{SECRET}'\nproxy = 'http://u:{SECRET}@p.example'\n"
    )
    path = write_config(home, text)
    ended = smscli("profile", "show", SMSCLI_SIGN="环境")
    assert ended.code == 0
    assert SECRET not in ended.out + ended.err
    shown = {key: (value, source) for key, value, source in ended.rows}
    assert shown["profile"] == ("shop", "")
    assert shown["endpoint"] == ("https://sms.example/api", "file")
    assert shown["sign"] == ("环境", "SMSCLI_SIGN")
    assert shown["batch_size"] == ("500", "built in")
    assert shown["push_pwd"] == shown["access_secret"] == ("****", "file")
    assert shown["proxy"] == ("http://****@p.example", "file")
    assert shown["pwd_command"] == ("touch …", "file")
    assert str(path) in ended.err
    assert not marker.exists()  # shown, never run
    assert SECRET not in smscli("profile", "show", SMSCLI_PWD=SECRET).out


def tmp_marker(home: Path) -> Path:
    """Return a file that only a command that was run can have made."""
    return home / "was-run"


def test_list_shows_names_and_addresses_but_no_secret(smscli: Smscli, home: Path) -> None:
    write_config(home, f'default = "店"\n{SHOP}[profiles."店"]\nname = "\\u001b[31mred"\npwd = "{SECRET}"\n')
    ended = smscli("profile", "list")
    assert ended.rows == [["shop", "", "n", "https://sms.example/api"], ["店", "default", "\\x1b[31mred", ""]]
    for output in ("table", "json", "jsonl", "csv", "tsv"):
        shown = smscli("profile", "list", "--output", output)
        assert (shown.code, SECRET in shown.out, "\x1b" in shown.out) == (0, False, False)
    assert [row["profile"] for row in smscli("profile", "list", "--output", "json").json] == ["shop", "店"]


def test_a_list_of_nothing_is_empty_data(smscli: Smscli) -> None:
    assert smscli("profile", "list").out == ""
    assert smscli("profile", "list", "--output", "json").json == []
    assert "smscli profile add NAME" in smscli("profile", "list", "--output", "table").err


def test_use_and_remove_edit_the_file(smscli: Smscli, home: Path) -> None:
    path = write_config(home, f'# mine\n{SHOP}\n# second\n[profiles.b]\nname = "b"\n')
    assert smscli("profile", "use", "b").code == 0
    assert smscli("profile", "show").rows[0] == ["profile", "b", ""]
    removed = smscli("profile", "remove", "shop")
    assert (removed.code, "removed 'shop'" in removed.err) == (0, True)
    assert list(saved(home)) == ["b"]
    assert re.findall("# .*", path.read_text()) == ["# mine", "# second"]
    assert SECRET not in path.read_text()
    for verb in ("use", "remove", "show"):
        unknown = smscli("profile", verb, "shop")
        assert unknown.code in (2, 3)
        assert "there is no profile 'shop'" in unknown.err
        assert "(there are: b)" in unknown.err


def test_a_broken_file_stops_every_edit_and_stays_as_it_is(smscli: Smscli, home: Path) -> None:
    path = write_config(home, "[profiles.a\n")
    for verb in ("add", "use", "remove"):
        ended = smscli("profile", verb, "b")
        assert ended.code == 3
        assert "is not valid TOML" in ended.err
        assert "at line 1" in ended.err
    assert path.read_text() == "[profiles.a\n"


def test_path_prints_where_the_file_is_whatever_it_holds(smscli: Smscli, home: Path) -> None:
    path = write_config(home, "broken")
    assert smscli("profile", "path").out == f"{path}\n"
    assert smscli("profile", "path", SMSCLI_CONFIG="/x y/店.toml").out == "/x y/店.toml\n"
