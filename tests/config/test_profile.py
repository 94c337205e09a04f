"""The account that is chosen, and its secrets."""

import shlex
import sys
import traceback
from pathlib import Path

import pytest

from smscli.config import profile as profiles
from smscli.config.profile import Profile, Secret
from smscli.errors import ConfigError
from tests.support.command import Smscli
from tests.support.sandboxes import RunningSandbox, write_config

SECRET = "5ECRET-PWD"
SHOP = '[profiles.shop]\nendpoint = "https://sms.example/api"\nname = "n"\n'


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
        ("[profiles.a]\nname = 'n'\n", "profile 'a' has no endpoint. Add it to"),
        ("[profiles.a]\nendpoint = 'https://a.example'\n", "profile 'a' has no name."),
        (SHOP, "profile 'shop' has no password. Add pwd or pwd_command to"),
        (f"{SHOP}pwd = 'x'\nca_bundle = '/nosuch.pem'\n", "there is no ca_bundle '/nosuch.pem'."),
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
        (Secret(f"echo '{SECRET}"), "it is not a command; look at its quotation marks"),
        (Secret("   "), "it is not a command"),
    ],
)
def test_a_pwd_command_that_gives_no_password_is_explained(command: Secret, why: str) -> None:
    with pytest.raises(ConfigError) as caught:
        profiles.password(Profile("a", pwd_command=command))
    assert str(caught.value).startswith(f"pwd_command gave no password: {why}")
    assert "Nothing was sent." in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_pwd_command_that_hangs_is_given_up() -> None:
    with pytest.raises(ConfigError, match=r"it took longer than 0\.2 s"):
        profiles.password(Profile("a", pwd_command=python("import time; time.sleep(60)")), 0.2)


def test_pwd_command_is_asked_and_the_gateway_gets_its_password(
    smscli: Smscli, sandbox: RunningSandbox, home: Path
) -> None:
    write_config(
        home, f"[profiles.a]\nendpoint = '{sandbox.sandbox.endpoint}'\nname = 'n'\npwd_command = 'echo wrong'\n"
    )
    assert "10" in smscli("balance").err  # the sandbox's answer to the password "wrong"
    assert smscli("balance", SMSCLI_PWD="right").code == 0  # the environment goes before the file
