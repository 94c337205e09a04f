"""`smscli profile`, as a person and as a script use it."""

import os
import re
import tomllib
from pathlib import Path

import pytest

from smscli.config.keys import PROFILE_KEYS
from tests.support.command import Smscli, Terminal
from tests.support.sandboxes import RunningSandbox, write_config

SECRET = "5ECRET-PWD"
SHOP = f'[profiles.shop]\nendpoint = "https://sms.example/api"\nname = "n"\npwd = "{SECRET}"\n'


def saved(home: Path) -> dict[str, dict[str, str]]:
    """Return the profiles of the configuration file, none where there is no file."""
    path = home / ".config/smscli/config.toml"
    profiles: dict[str, dict[str, str]] = tomllib.loads(path.read_text("utf-8"))["profiles"] if path.exists() else {}
    return profiles


def saved_text(home: Path) -> str:
    """Return the configuration file."""
    return (home / ".config/smscli/config.toml").read_text("utf-8")


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
    assert "Nothing was saved. Fix it, or save it as it is with --no-verify." in ended.err
    assert SECRET not in ended.err


def test_a_gateway_that_cannot_be_reached_saves_nothing(smscli: Smscli, home: Path) -> None:
    ended = smscli(
        "profile", "add", "a", "--endpoint", "http://127.0.0.1:1/sms", "--name", "n", "--sign", "", "--pwd-stdin",
        stdin=SECRET,
    )  # fmt: skip
    assert (ended.code, saved(home)) == (5, {})
    assert "Nothing was saved." in ended.err


def test_the_password_is_not_an_argument_and_is_not_echoed(smscli: Smscli, sandbox: RunningSandbox, home: Path) -> None:
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
    assert f"nobody can be asked here; give it with {option}." in ended.err


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
    for verb in (["add"], ["use"], ["remove"], ["set", "sign", "x", "-p"]):
        ended = smscli("profile", *verb, "sandbox")
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
def test_an_argument_that_is_not_text_is_refused(smscli: Smscli, sandbox: RunningSandbox, home: Path) -> None:
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


LEAVE, SAVE, CORRECT = b"3\n", b"save\n", b"1\n"


def test_what_was_typed_is_kept_and_corrected_when_the_check_fails(
    terminal: Terminal, sandbox: RunningSandbox, home: Path
) -> None:
    code, shown = terminal(
        ["profile", "add", "shop", "--endpoint", sandbox.sandbox.endpoint, "--sign", "测试"],
        ("Account", b"nosuch\n"),
        ("password", f"{SECRET}\n".encode()),
        ("What now?", b"what\n"),
        ("What now?", CORRECT),
        (f"[{sandbox.sandbox.endpoint}]", b"\n"),
        ("[nosuch]", b"demo\n"),
        ("Enter keeps it", b"\n"),
        ("[测试]", b"\n"),
    )
    assert (code, "verified: 1000" in shown, SECRET in shown) == (0, True, False)
    assert saved(home)["shop"] == {
        "endpoint": sandbox.sandbox.endpoint, "name": "demo", "pwd": SECRET, "sign": "测试"
    }  # fmt: skip


def test_an_account_may_be_saved_although_the_check_fails(terminal: Terminal, home: Path) -> None:
    given = ["profile", "add", "shop", "--endpoint", "http://127.0.0.1:1/sms", "--name", "n", "--sign", ""]
    code, shown = terminal(given, ("password", b"x\n"), ("What now?", LEAVE))
    assert (code, saved(home), "Nothing was saved." in shown) == (2, {}, True)
    code, shown = terminal(given, ("password", b"x\n"), ("What now?", SAVE))
    assert (code, saved(home)["shop"]["pwd"]) == (0, "x")


# --- password -----------------------------------------------------------------------------------------------------


def test_a_password_is_asked_twice_verified_and_stored_among_the_comments(
    terminal: Terminal, sandbox: RunningSandbox, home: Path
) -> None:
    text = f"# mine\n[profiles.shop]\nendpoint = '{sandbox.sandbox.endpoint}'\nname = 'demo'\npwd = 'old'  # the key\n"
    path = write_config(home, text)
    code, shown = terminal(
        ["profile", "password"],
        ("New interface password", b"N3W-1\n"),
        ("The same again", b"N3W-2\n"),
        ("New interface password", f"{SECRET}\n".encode()),
        ("The same again", f"{SECRET}\n".encode()),
    )
    assert (code, "the two are not the same" in shown, "verified: 1000" in shown) == (0, True, True)
    assert path.read_text() == text.replace("'old'", f'"{SECRET}"')
    assert "N3W" not in shown
    assert SECRET not in shown


def test_a_password_that_the_gateway_refuses_is_not_stored_unasked(
    smscli: Smscli, terminal: Terminal, sandbox: RunningSandbox, home: Path
) -> None:
    text = f"[profiles.shop]\nendpoint = '{sandbox.sandbox.endpoint}'\nname = 'nosuch'\npwd = 'old'\n"
    path = write_config(home, text)
    piped = smscli("profile", "password", "shop", stdin="N3W\n")
    assert (piped.code, path.read_text(), "N3W" in piped.err) == (4, text, False)
    assert "Nothing was saved. Fix it, or save it as it is with --no-verify." in piped.err
    twice = (("New interface password", b"N3W\n"), ("The same again", b"N3W\n"))
    code, _ = terminal(["profile", "password"], *twice, ("What now?", LEAVE))
    assert (code, path.read_text()) == (2, text)
    code, shown = terminal(["profile", "password"], *twice, ("What now?", CORRECT), *twice, ("What now?", SAVE))
    assert (code, saved(home)["shop"]["pwd"], "N3W" in shown) == (0, "N3W", False)


def test_a_password_comes_through_a_pipe_and_never_as_an_argument(smscli: Smscli, home: Path) -> None:
    path = write_config(home, f'{SHOP}[profiles.b]\npwd_command = "pass show b"\n')
    for given in (["shop", "N3W"], ["shop", "--pwd", "N3W"]):
        assert smscli("profile", "password", *given).code == 2
    ended = smscli("profile", "password", "shop", "--no-verify", stdin="N3W\r\nsecond line\n")
    assert (ended.code, ended.err) == (0, f"changed the password of 'shop' in {path}\n")
    assert saved(home)["shop"]["pwd"] == "N3W"
    for label, raw, why in (
        ("shop", b"", "no password came through the pipe."),
        ("shop", b"\xff", "is not UTF-8"),
        ("b", b"N3W", "gets its password from pwd_command"),
        ("c", b"N3W", "there is no profile 'c'"),
    ):
        ended = smscli("profile", "password", label, "--no-verify", stdin=raw)
        assert (ended.code, why in ended.err) == (2, True)
    assert saved(home)["shop"]["pwd"] == "N3W"


# --- list, show, use, remove, path --------------------------------------------------------------------------------


def test_show_says_where_each_value_comes_from_and_masks_secrets(smscli: Smscli, home: Path) -> None:
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
    removed = smscli("profile", "remove", "shop", "--yes")
    assert (removed.code, "removed 'shop'" in removed.err) == (0, True)
    assert list(saved(home)) == ["b"]
    assert re.findall("# .*", path.read_text()) == ["# mine", "# second"]
    assert SECRET not in path.read_text()
    for verb in ("use", "remove", "show"):
        unknown = smscli("profile", verb, "shop")
        assert unknown.code in (2, 3)
        assert "there is no profile 'shop'" in unknown.err
        assert "(there are: b)" in unknown.err


def test_remove_asks_first(terminal: Terminal, smscli: Smscli, home: Path) -> None:
    path = write_config(home, SHOP)
    question = "Remove the profile 'shop' with its password?"
    nobody = smscli("profile", "remove", "shop")
    assert (nobody.code, path.read_text()) == (2, SHOP)
    assert f"{question} Nobody can be asked here, so nothing was removed. Add --yes to go on." in nobody.err
    code, shown = terminal(["profile", "remove", "shop"], (question, b"n\n"))
    assert (code, path.read_text()) == (2, SHOP)
    assert "not confirmed. Nothing was removed." in shown
    code, shown = terminal(["profile", "remove", "shop"], (question, b"y\n"))
    assert (code, "removed 'shop'" in shown, saved_text(home)) == (0, True, "")
    unknown = smscli("profile", "remove", "shop")
    assert (unknown.code, question in unknown.err) == (2, False)


def test_a_broken_file_stops_every_edit_and_stays_as_it_is(smscli: Smscli, home: Path) -> None:
    path = write_config(home, "[profiles.a\n")
    for verb in (["add"], ["use"], ["remove", "--yes"], ["set", "sign", "x", "-p"]):
        ended = smscli("profile", *verb, "b")
        assert ended.code == 3
        assert "is not valid TOML" in ended.err
        assert "at line 1" in ended.err
    assert path.read_text() == "[profiles.a\n"


def test_path_prints_where_the_file_is_whatever_it_holds(smscli: Smscli, home: Path) -> None:
    path = write_config(home, "broken")
    assert smscli("profile", "path").out == f"{path}\n"
    assert smscli("profile", "path", SMSCLI_CONFIG="/x y/店.toml").out == "/x y/店.toml\n"


# --- set ----------------------------------------------------------------------------------------------------------


def test_set_changes_one_key_and_an_empty_value_removes_it(smscli: Smscli, home: Path) -> None:
    path = write_config(home, f"{SHOP}# mine\n")
    ended = smscli("profile", "set", "sign", "小店")
    assert (ended.code, ended.out, ended.err) == (0, "", f"set sign of 'shop' in {path}\n")
    assert smscli("profile", "set", "per_number", "1/1m", "5/1h").code == 0
    assert smscli("profile", "set", "refusal_codes", "-p", "shop", "--", "77", "-2").code == 0
    expected = 'sign = "小店"\nper_number = ["1/1m", "5/1h"]\nrefusal_codes = [77, -2]\n# mine\n'
    assert path.read_text("utf-8") == SHOP + expected
    shown = smscli("profile", "show").rows
    assert ["per_number", "1/1m 5/1h", "file"] in shown
    assert ["refusal_codes", "77 -2", "file"] in shown
    ended = smscli("profile", "set", "sign", "")
    assert (ended.code, ended.err) == (0, f"removed sign of 'shop' in {path}\n")
    assert "sign" not in saved(home)["shop"]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (["bacth_size", "3"], "there is no key 'bacth_size'. Did you mean 'batch_size'? Nothing was changed."),
        (["batch_size", "many"], "batch_size must be a whole number. Nothing was changed."),
        (["sign", "a", "b"], "sign takes one value; put a text with spaces in quotes. Nothing was changed."),
        (["sign", "a", "--stdin"], "give the value with either VALUE or --stdin, not with both. Nothing was changed."),
        (["sign"], "the sign is missing, and nobody can be asked here; give it with --stdin."),
        (["sign", "\udcff"], "the sign holds something that is not UTF-8. Nothing was saved."),
        (["sign", "a", "-p", "x"], "there is no profile 'x' in "),
    ],
)
def test_set_explains_what_it_cannot_do(smscli: Smscli, home: Path, given: list[str], why: str) -> None:
    path = write_config(home, SHOP)
    ended = smscli("profile", "set", *given)
    assert (ended.code, ended.out, path.read_text()) == (2, "", SHOP)
    assert f"smscli: {why}" in ended.err


@pytest.mark.parametrize("key", ["pwd", "push_pwd", "access_secret", "proxy"])
def test_set_takes_no_secret_as_an_argument(smscli: Smscli, home: Path, key: str) -> None:
    path = write_config(home, SHOP)
    secret = "http://u:N3W@proxy.example" if key == "proxy" else "N3W"
    ended = smscli("profile", "set", key, secret)
    assert (ended.code, path.read_text()) == (2, SHOP)
    assert f"{key} holds a password, and others on this machine can read the words of a command." in ended.err
    assert "Leave the value out, and you are asked for it; or pipe it in with --stdin." in ended.err
    assert "N3W" not in ended.out + ended.err
    piped = smscli("profile", "set", key, "--stdin", stdin=f"{secret}\r\nsecond line\n")
    assert (piped.code, saved(home)["shop"][key]) == (0, secret)
    assert "N3W" not in piped.out + piped.err
    assert smscli("profile", "set", key, "").code == 0
    assert key not in saved(home)["shop"]


def test_set_asks_for_a_secret_without_showing_it(terminal: Terminal, home: Path) -> None:
    write_config(home, SHOP)
    code, shown = terminal(["profile", "set", "pwd"], ("pwd", b" N3W \n"))
    assert (code, saved(home)["shop"]["pwd"]) == (0, " N3W ")
    assert "N3W" not in shown


def test_a_pipe_without_a_value_changes_nothing(smscli: Smscli, home: Path) -> None:
    path = write_config(home, SHOP)
    for raw, why in ((b"", "no pwd came through the pipe."), (b"N3W\xff", "the pwd that came through the pipe is not")):
        ended = smscli("profile", "set", "pwd", "--stdin", stdin=raw)
        assert (ended.code, why in ended.err, "N3W" in ended.err, path.read_text()) == (2, True, False, SHOP)


def test_what_is_not_a_password_may_be_an_argument(smscli: Smscli, home: Path) -> None:
    write_config(home, SHOP.replace(f'pwd = "{SECRET}"\n', ""))
    assert smscli("profile", "set", "proxy", "http://proxy.example:8080").code == 0
    assert smscli("profile", "set", "pwd_command", "pass show sms").code == 0
    assert saved(home)["shop"]["pwd_command"] == "pass show sms"


def test_set_explains_the_keys(smscli: Smscli) -> None:
    shown = " ".join(smscli("profile", "set", "--help").out.split())
    assert [key.name for key in PROFILE_KEYS.values() if f"{key.name} {key.help}" not in shown] == []


def test_show_takes_the_profile_by_option_too(smscli: Smscli) -> None:
    assert smscli("profile", "show", "-p", "sandbox").out == smscli("profile", "show", "sandbox").out != ""
    assert smscli("profile", "show", "sandbox", "-p", "sandbox").code == 2
