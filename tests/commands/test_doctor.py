"""`smscli doctor`: what it finds with things as they should be, and with each of them broken."""

import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from threading import Event
from time import monotonic, time
from typing import Any

import pytest
import trustme

from smscli.checks import accounts, ledger, listener
from smscli.commands import listen
from smscli.receiving.receiver import HEALTH
from smscli.sandbox.faults import Fault
from tests.support.command import Ended, Smscli, Terminal
from tests.support.gateways import answer, answering
from tests.support.sandboxes import RunningSandbox, write_config
from tests.support.tls import answering_by_tls, issued, self_signed, server_of
from tests.support.waiting import free_port

PWD = "5ECRET-PWD"
SEND = ("send", "--mobile", "13800138000", "--content", "x")
LEFT = answer("0,500", "Connection: close")

Doctor = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def doctor(smscli: Smscli, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    """Run it and return its findings; whatever it finds, its exit code fits and no password is shown."""
    monkeypatch.setattr(listener, "USUAL", f"http://127.0.0.1:{free_port()}/healthz")

    def run(*options: str, **variables: str) -> list[dict[str, Any]]:
        ended = smscli("doctor", "--output", "json", *options, **variables)
        assert PWD not in ended.out + ended.err
        assert ended.err == ""
        found: list[dict[str, Any]] = ended.json
        assert ended.code == (1 if any(each["result"] == "fail" for each in found) else 0)
        return found

    return run


def shop(home: Path, endpoint: str, settings: str = "") -> Path:
    text = f'[profiles.shop]\nendpoint = "{endpoint}"\nname = "demo"\npwd = "{PWD}"\n{settings}\n'
    return write_config(home, text)


def of(findings: list[dict[str, Any]], check: str) -> list[dict[str, Any]]:
    return [each for each in findings if each["check"] == check]


def one(findings: list[dict[str, Any]], check: str) -> dict[str, Any]:
    (found,) = of(findings, check)
    return found


def results(findings: list[dict[str, Any]]) -> dict[str, str]:
    return {each["check"]: each["result"] for each in findings}


# --- all is well, and nothing is there ----------------------------------------------------------------------------


@pytest.mark.sqlite
def test_all_is_well(doctor: Doctor, smscli: Smscli, home: Path, sandbox: RunningSandbox) -> None:
    shop(home, sandbox.sandbox.endpoint)
    assert smscli(*SEND).code == 0
    found = doctor()
    assert results(found) == dict.fromkeys(
        ["configuration", "proxy", "password", "connection", "clock", "balance", "ledger", "engine", "runs", "disk",
         "listener", "locale", "terminal", "completion"], "pass",
    ) | {"locale": "warn"}  # fmt: skip
    assert one(found, "balance")["value"] == 999
    assert one(found, "engine")["value"] == f"SQLite {sqlite3.sqlite_version}"
    assert one(found, "ledger")["value"] >= 4096
    assert len(sandbox.queued) == 1
    assert {each["profile"] for each in found} == {"", "shop"}


def test_fields_of_the_json_are_these(doctor: Doctor) -> None:
    assert {tuple(each) for each in doctor()} == {
        ("result", "check", "profile", "endpoint", "value", "message", "advice")
    }


def test_without_any_configuration_it_says_what_to_do_first(doctor: Doctor, home: Path) -> None:
    found = doctor()
    assert one(found, "configuration")["result"] == "fail"
    assert "smscli profile add NAME" in one(found, "configuration")["advice"]
    assert one(found, "ledger")["result"] == "pass"
    assert list(home.iterdir()) == []  # it makes no ledger


def test_it_never_sends_and_never_asks(
    doctor: Doctor, home: Path, sandbox: RunningSandbox, start_sandbox: Callable[..., RunningSandbox]
) -> None:
    standby = start_sandbox()
    shop(home, sandbox.sandbox.endpoint, f'standby = ["{standby.sandbox.endpoint}"]')
    assert [each["endpoint"] for each in of(doctor(), "balance")] == [
        each.sandbox.endpoint.split("/")[2] for each in (sandbox, standby)
    ]
    for gateway in (sandbox, standby):
        (request,) = gateway.requests
        assert (request["type"], request["name"]) == ("balance", "demo")


def test_formats_for_programs_have_all_columns(smscli: Smscli, home: Path, sandbox: RunningSandbox) -> None:
    shop(home, sandbox.sandbox.endpoint)
    assert {len(row) for row in smscli("doctor").rows} == {7}
    assert smscli("doctor", "--output", "csv").out.startswith("result,check,profile,endpoint,value,message,advice\r\n")


def test_a_person_gets_the_advice_on_a_line_of_its_own(terminal: Terminal) -> None:
    code, shown = terminal(["doctor"], COLUMNS="80")
    lines = shown.splitlines()
    assert (code, lines[0].split()) == (1, ["result", "check", "profile", "message"])
    assert lines[1].startswith("fail    configuration  ")
    assert " ".join(shown.split()).count("Add yours with: smscli profile add NAME. Or try without an account:") == 1
    assert next(line for line in lines if "Add yours with:" in line).startswith(" " * 36 + "Add")
    assert max(len(line) for line in lines if "/" not in line) <= 80  # paths are left whole


@pytest.mark.parametrize("url", ["x", "ftp://a/", "http://"])
def test_wrong_usage(smscli: Smscli, url: str) -> None:
    ended = smscli("doctor", "--listener", url)
    assert (ended.code, ended.out) == (2, "")
    assert "--listener needs an address" in ended.err


@pytest.mark.sqlite
def test_a_user_without_a_home(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    found = doctor(SHELL="/bin/bash")
    assert {name for name, result in results(found).items() if result == "fail"} == {"configuration", "ledger"}
    assert "SMSCLI_CONFIG" in one(found, "configuration")["message"]


# --- configuration, password, proxy -------------------------------------------------------------------------------


def test_a_configuration_that_others_can_read(doctor: Doctor, home: Path) -> None:
    shop(home, "http://127.0.0.1:1/").chmod(0o644)
    found = one(doctor(), "configuration")
    assert found["result"] == "fail"
    assert "others on this machine can read it" in found["message"]
    assert f"chmod 600 {home}/.config/smscli/config.toml" in found["message"]
    assert "Nothing was sent" not in found["message"]


def test_a_configuration_that_is_wrong_hides_nothing_else(doctor: Doctor, home: Path) -> None:
    write_config(home, "[profiles.shop]\nendpoint = 5\n")
    found = doctor()
    assert "line 2" in one(found, "configuration")["message"]
    assert {"ledger", "listener", "locale"} <= results(found).keys()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("", "has no password"),
        ('pwd_command = "false"', "it ended with exit code 1"),
        ('pwd_command = "sleep 60"', "it took longer than 0.3 s"),
    ],
)
def test_a_missing_password_is_said_and_the_endpoint_is_checked_all_the_same(
    doctor: Doctor, home: Path, sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch, settings: str, said: str
) -> None:
    monkeypatch.setattr(accounts, "PASSWORD_SECONDS", 0.3)
    endpoint = sandbox.sandbox.endpoint
    write_config(home, f'[profiles.shop]\nendpoint = "{endpoint}"\nname = "demo"\n{settings}\n')
    found = doctor()
    assert one(found, "password")["result"] == "fail"
    assert said in one(found, "password")["message"]
    assert results(found)["connection"] == "pass"
    assert "balance" not in results(found)


def test_an_account_that_is_not_complete(doctor: Doctor, home: Path) -> None:
    write_config(home, '[profiles.shop]\nname = "demo"\n[profiles.boss]\nendpoint = "http://127.0.0.1:1/"\n')
    assert [each["message"].partition(".")[0] for each in of(doctor(), "account")] == [
        "profile 'shop' has no endpoint", "profile 'boss' has no name",
    ]  # fmt: skip


def test_the_account_of_the_environment(doctor: Doctor, sandbox: RunningSandbox) -> None:
    found = doctor(**sandbox.variables)
    assert "SMSCLI_ENDPOINT" in one(found, "configuration")["message"]
    assert one(found, "balance")["profile"] == "environment"


def test_the_proxy_is_named_without_its_password(doctor: Doctor, home: Path) -> None:
    shop(home, "https://gateway.invalid/", f'proxy = "http://wang:{PWD}@127.0.0.1:{free_port()}"')
    found = doctor()
    assert "http://****@127.0.0.1:" in one(found, "proxy")["message"]
    assert "the profile's proxy made no connection" in one(found, "connection")["message"]


def test_a_proxy_for_other_programs_is_not_used(doctor: Doctor, home: Path, sandbox: RunningSandbox) -> None:
    shop(home, sandbox.sandbox.endpoint)
    found = doctor(HTTPS_PROXY=f"http://x:{PWD}@127.0.0.1:1")
    assert one(found, "proxy")["message"] == "no proxy is used; HTTPS_PROXY is for other programs"
    assert results(found)["balance"] == "pass"


# --- names and connections ----------------------------------------------------------------------------------------


def test_a_name_that_is_not_known(doctor: Doctor, home: Path) -> None:
    shop(home, "https://nosuch.invalid/")
    found = one(doctor(), "name")
    assert (found["result"], found["endpoint"]) == ("fail", "nosuch.invalid")
    assert "spelled right" in found["advice"]


def test_a_name_server_that_hangs_holds_up_nothing(doctor: Doctor, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = Event()
    real = socket.getaddrinfo

    def getaddrinfo(name: Any, *arguments: Any, **options: Any) -> Any:
        if name == "sms.example.com":
            ended.wait(60)
        return real(name, *arguments, **options)

    monkeypatch.setattr(accounts, "NAME_SECONDS", 0.3)
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    shop(home, "https://sms.example.com/")
    start = monotonic()
    found = one(doctor(), "name")
    took = monotonic() - start
    ended.set()
    assert found["result"] == "fail"
    assert "no name server told the address of sms.example.com" in found["message"]
    assert took < 50  # it was left behind


def test_a_gateway_that_hangs_holds_up_nothing(doctor: Doctor, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "EXCHANGE_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        shop(home, f"http://127.0.0.1:{server.getsockname()[1]}/", "timeout = 600")
        found = one(doctor(), "connection")
    assert found["result"] == "fail"
    assert "gave no complete answer within 0.3 s" in found["message"]


def test_nothing_listens(doctor: Doctor, home: Path) -> None:
    shop(home, f"http://127.0.0.1:{free_port()}/")
    assert "nothing listens there" in one(doctor(), "connection")["message"]


# --- TLS ----------------------------------------------------------------------------------------------------------


@contextmanager
def behind_tls(home: Path, name: str, days: float) -> Iterator[None]:
    """Have a profile whose gateway has a certificate for this name, of an authority that the profile trusts."""
    authority = trustme.CA()
    bundle = home / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    with answering_by_tls(server_of(issued(authority, name, days)), LEFT) as endpoint:
        shop(home, endpoint, f'ca_bundle = "{bundle}"')
        yield


@pytest.mark.parametrize(("days", "result", "left"), [(60.5, "pass", 60), (10.5, "warn", 10), (0.5, "warn", 0)])
def test_days_that_a_certificate_is_valid(doctor: Doctor, home: Path, days: float, result: str, left: int) -> None:
    with behind_tls(home, "localhost", days):
        found = doctor()
    assert (one(found, "tls")["result"], one(found, "tls")["value"]) == (result, left)
    assert one(found, "name")["result"] == "pass"
    assert one(found, "balance")["value"] == 500


@pytest.mark.parametrize(
    ("name", "days", "said"),
    [
        ("localhost", -1, "its certificate has expired"),
        ("localhost", 200, "its certificate is not valid yet (is the clock of this machine right?)"),
        ("other.example", 60, "its certificate is for another name"),
    ],
)
def test_a_certificate_that_is_not_valid(doctor: Doctor, home: Path, name: str, days: float, said: str) -> None:
    with behind_tls(home, name, days):
        found = doctor()
    assert one(found, "tls")["result"] == "fail"
    assert said in one(found, "tls")["message"]
    assert results(found).keys().isdisjoint({"clock", "balance"})


def test_a_certificate_that_is_self_signed(doctor: Doctor, home: Path) -> None:
    with answering_by_tls(self_signed(home), LEFT) as endpoint:
        shop(home, endpoint)
        assert "because it is self-signed" in one(doctor(), "tls")["message"]


def test_a_certificate_of_an_unknown_authority(doctor: Doctor, home: Path) -> None:
    with answering_by_tls(server_of(issued(trustme.CA(), "localhost", 60)), LEFT) as endpoint:
        shop(home, endpoint)
        assert "its certificate is not trusted (a private authority" in one(doctor(), "tls")["message"]


def test_clear_text_to_another_machine(doctor: Doctor, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "is_loopback", lambda _: False)
    with answering(LEFT) as endpoint:
        shop(home, endpoint)
        found = one(doctor(), "tls")
    assert found["result"] == "warn"
    assert "the password travels in clear text" in found["message"]


# --- clock, balance -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ahead", "result", "said"),
    [
        (0, "pass", "agrees with"), (600, "fail", "behind that of"), (-600, "fail", "ahead of that of"),
        (120, "warn", "behind that of"), (-120, "warn", "ahead of that of"),
    ],
)  # fmt: skip
def test_a_clock_that_is_off(doctor: Doctor, home: Path, ahead: int, result: str, said: str) -> None:
    told = formatdate(time() + ahead, usegmt=True)
    with answering(answer("0,5", f"Date: {told}", "Connection: close")) as endpoint:
        shop(home, endpoint)
        found = one(doctor(), "clock")
    assert (found["result"], abs(found["value"] - ahead) <= 15) == (result, True)
    assert said in found["message"]
    assert ("timedatectl" in found["advice"]) is (result != "pass")


@pytest.mark.parametrize("told", ["", "Date: yesterday", "Date: Sun, 99 Nov 99999 00:00:00 GMT"])
def test_a_gateway_that_tells_no_time(doctor: Doctor, home: Path, told: str) -> None:
    with answering(answer("0,5", *filter(None, [told]), "Connection: close")) as endpoint:
        shop(home, endpoint)
        found = one(doctor(), "clock")
    assert (found["result"], found["value"]) == ("warn", None)


def test_a_refused_login(doctor: Doctor, home: Path, sandbox: RunningSandbox) -> None:
    path = shop(home, sandbox.sandbox.endpoint)
    path.write_text(path.read_text().replace('"demo"', '"nosuch"'))
    found = doctor()
    assert one(found, "balance")["result"] == "fail"
    assert "账号不存在" in one(found, "balance")["message"]
    assert results(found)["connection"] == "pass"


def test_an_account_without_messages(doctor: Doctor, home: Path, start_sandbox: Callable[..., RunningSandbox]) -> None:
    shop(home, start_sandbox(balance=0).sandbox.endpoint)
    assert (one(doctor(), "balance")["result"], one(doctor(), "balance")["value"]) == ("warn", 0)


def test_a_page_instead_of_an_answer(doctor: Doctor, home: Path, start_sandbox: Callable[..., RunningSandbox]) -> None:
    shop(home, start_sandbox(fault=Fault.HTTP_502).sandbox.endpoint)
    found = one(doctor(), "balance")
    assert (found["result"], "HTTP 502" in found["message"]) == ("fail", True)


def test_one_bad_profile_hides_no_other(doctor: Doctor, home: Path, sandbox: RunningSandbox) -> None:
    bad = f'[profiles.bad]\nendpoint = "http://127.0.0.1:{free_port()}/"\nname = "a"\npwd = "{PWD}"\n'
    path = shop(home, sandbox.sandbox.endpoint)
    path.write_text(bad + path.read_text())
    found = doctor()
    assert one(found, "balance")["profile"] == "shop"
    assert [each["result"] for each in of(found, "connection")] == ["fail", "pass"]


# --- ledger, disk -------------------------------------------------------------------------------------------------


def ledger_of(home: Path) -> Path:
    return home / ".local/state/smscli/ledger.db"


@pytest.mark.sqlite
def test_a_damaged_ledger(doctor: Doctor, smscli: Smscli, home: Path) -> None:
    assert smscli("send", "-p", "sandbox", "--mobile", "13800138000", "--content", "x").code == 0
    content = bytearray(ledger_of(home).read_bytes())
    content[4096 * 2 :] = b"\xff" * len(content[4096 * 2 :])
    ledger_of(home).write_bytes(content)
    found = doctor()
    assert one(found, "ledger")["result"] == "fail"
    assert "damaged" in one(found, "ledger")["message"]
    assert "disk" in results(found)


@pytest.mark.sqlite
def test_what_is_no_ledger(doctor: Doctor, home: Path) -> None:
    ledger_of(home).parent.mkdir(parents=True)
    ledger_of(home).write_text("precious" * 1000)
    assert one(doctor(), "ledger")["result"] == "fail"
    assert ledger_of(home).read_text() == "precious" * 1000


def test_unfinished_runs(doctor: Doctor, smscli: Smscli, home: Path) -> None:
    write_config(home, f'[profiles.shop]\nendpoint = "http://127.0.0.1:{free_port()}/"\nname = "a"\npwd = "{PWD}"\n')
    assert smscli(*SEND).code == 5
    found = one(doctor(), "runs")
    assert (found["result"], found["value"], found["message"]) == ("warn", 1, "1 run is unfinished")
    assert "smscli runs" in found["advice"]


def test_numbers_of_which_nothing_is_known(
    doctor: Doctor, smscli: Smscli, home: Path, start_sandbox: Callable[..., RunningSandbox]
) -> None:
    shop(home, start_sandbox(fault=Fault.CLOSE_AFTER).sandbox.endpoint)
    assert smscli(*SEND).code == 6
    found = one(doctor(), "runs")
    assert (found["result"], "unknown whether the message was sent" in found["message"]) == ("warn", True)


def test_a_ledger_that_takes_too_long(doctor: Doctor, smscli: Smscli, monkeypatch: pytest.MonkeyPatch) -> None:
    assert smscli("send", "-p", "sandbox", "--mobile", "13800138000", "--content", "x").code == 0
    ended = Event()
    monkeypatch.setattr(ledger, "READING_SECONDS", 0.2)
    monkeypatch.setattr(ledger, "check", lambda _: ended.wait(60))
    found = one(doctor(), "ledger")
    ended.set()
    assert (found["result"], "smscli ledger check" in found["advice"]) == ("warn", True)


@pytest.mark.sqlite
@pytest.mark.parametrize(("free", "result"), [(0, "fail"), (99 << 20, "fail"), (500 << 20, "warn"), (2 << 30, "pass")])
def test_a_disk_that_is_full_or_small(doctor: Doctor, monkeypatch: pytest.MonkeyPatch, free: int, result: str) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1 << 40, 0, free))
    found = one(doctor(), "disk")
    assert (found["result"], found["value"], bool(found["advice"])) == (result, free, result != "pass")


# --- listener -----------------------------------------------------------------------------------------------------


def test_the_usual_place_is_that_of_the_listener() -> None:
    host, port = (listen.command.__defaults__ or ())[:2]
    assert f"http://{host}:{port}{HEALTH}" == listener.USUAL


def test_no_listener_matters_only_where_pushes_are_set_up(doctor: Doctor, home: Path, sandbox: RunningSandbox) -> None:
    shop(home, sandbox.sandbox.endpoint)
    assert one(doctor(), "listener")["result"] == "pass"
    shop(home, sandbox.sandbox.endpoint, 'push_name = "admin"')
    assert one(doctor(), "listener")["result"] == "warn"


def test_another_program_at_the_usual_place_is_no_fault(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(answer("hello", "Connection: close")) as url:
        monkeypatch.setattr(listener, "USUAL", url)
        assert one(doctor(), "listener")["result"] == "pass"
        assert one(doctor("--listener", url), "listener")["result"] == "fail"


def test_a_listener_that_runs(
    doctor: Doctor, environment: dict[str, str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setattr(listener, "USUAL", f"http://127.0.0.1:{port}/healthz")
    command = [sys.executable, "-m", "smscli", "listen", "-p", "sandbox", "--allow", "127.0.0.1", "--path", "/push"]
    with subprocess.Popen([*command, "--port", str(port)], env=environment, stderr=subprocess.PIPE) as process:
        assert process.stderr and process.stderr.readline()
        assert one(doctor(), "listener")["result"] == "pass"
        assert one(doctor("--listener", f"http://127.0.0.1:{port}/push"), "listener")["result"] == "pass"
        wrong = one(doctor("--listener", f"http://127.0.0.1:{port}/other"), "listener")
        process.terminate()
        assert process.stderr.read() == b""  # nothing went to the quarantine
    assert (wrong["result"], wrong["value"]) == ("fail", 404)
    assert "--path" in wrong["advice"]


def test_a_proxy_that_does_not_reach_the_listener(doctor: Doctor) -> None:
    with answering(answer("bad", status="502 Bad Gateway")) as url:
        found = one(doctor("--listener", url), "listener")
    assert (found["result"], "does not reach the listener" in found["message"]) == ("fail", True)


def test_a_listener_that_was_named_and_is_not_there(doctor: Doctor) -> None:
    found = one(doctor("--listener", f"http://127.0.0.1:{free_port()}/"), "listener")
    assert (found["result"], "smscli listen" in found["advice"]) == ("fail", True)


def test_a_listener_that_hangs(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        assert one(doctor("--listener", url), "listener")["result"] == "fail"


def test_a_listener_whose_certificate_is_not_trusted(doctor: Doctor, home: Path) -> None:
    with answering_by_tls(self_signed(home), LEFT) as url:
        assert "certificate" in one(doctor("--listener", url), "listener")["message"].lower()


# --- locale, terminal, completions --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "result", "value"),
    [
        ({"LC_ALL": "C"}, "warn", "C"),
        ({"LANG": "POSIX"}, "warn", "POSIX"),
        ({"LANG": "C.UTF-8"}, "pass", "C.UTF-8"),
        ({"LANG": "zh_CN.UTF-8", "PYTHONIOENCODING": "ascii"}, "warn", "zh_CN.UTF-8"),
        ({"LANG": "zh_CN.GBK", "PYTHONIOENCODING": "gbk"}, "pass", "zh_CN.GBK"),
    ],
)
def test_locale(smscli_process: Smscli, variables: dict[str, str], result: str, value: str) -> None:
    ended: Ended = smscli_process("doctor", "--output", "json", **variables)
    found = one(ended.json, "locale")
    assert (found["result"], found["value"]) == (result, value)
    assert bool(found["advice"]) is (result == "warn")


@pytest.mark.parametrize(("columns", "result"), [("79", "warn"), ("80", "pass")])
def test_a_terminal(terminal: Terminal, columns: str, result: str) -> None:
    _, shown = terminal(["doctor"], COLUMNS=columns)
    assert re.search(f"^{result} +terminal +the terminal has {columns} columns", shown, re.MULTILINE)


@pytest.mark.parametrize(
    ("shell", "file", "result"),
    [
        ("/bin/bash", ".bashrc", "pass"), ("/bin/bash", ".zshrc", "warn"), ("/usr/bin/zsh", ".zshrc", "pass"),
        ("/usr/bin/fish", ".config/fish/completions/smscli.fish", "pass"), ("/usr/bin/fish", ".bashrc", "warn"),
        ("/bin/sh", ".bashrc", "pass"),
    ],
)  # fmt: skip
def test_completions(doctor: Doctor, home: Path, shell: str, file: str, result: str) -> None:
    (home / file).parent.mkdir(parents=True, exist_ok=True)
    (home / file).write_text('eval "$(smscli completion x)"\n')
    found = one(doctor(SHELL=shell), "completion")
    assert found["result"] == result
