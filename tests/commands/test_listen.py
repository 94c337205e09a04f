"""`smscli listen`, over real sockets: what it takes, from whom, what it answers and prints; nothing is lost."""

import hashlib
import json
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from smscli.protocol.forms import encode_form
from smscli.protocol.pushes import Reply, Report, reply_fields, report_fields, signed_name
from tests.support.command import Smscli
from tests.support.forks import SOUND, UNSYNCED, forks
from tests.support.ledgers import ask
from tests.support.sandboxes import numbers, write_config
from tests.support.waiting import eventually

PROFILES = """
default = "shop"
[profiles.shop]
endpoint = "http://127.0.0.1:1/"
name = "demo"
pwd = "x"
push_name = "admin"
push_pwd = "12345"
[profiles.signed]
endpoint = "http://127.0.0.1:1/"
name = "demo"
pwd = "x"
access_secret = "5ECRET"
[profiles.open]
endpoint = "http://127.0.0.1:1/"
name = "demo"
pwd = "x"
"""
REPORT = Report("2026010110000012345678901", "13800138000", "DELIVRD", "2026-01-01 10:00:00")
REPLY = Reply("13800138001", "好的，谢谢", "2026-01-01 10:00:01", "008123")
GIVEN = report_fields([REPORT], "admin", "12345")
PROGRAM = (sys.executable, "-m", "smscli")


class Listening:
    """A listener in a process of its own."""

    def __init__(self, process: "subprocess.Popen[bytes]", url: str) -> None:
        self.process, self.url = process, url
        self.port = int((re.findall(r":([0-9]+)/", url) or [0])[0])
        self.told: list[str] = []
        self.teller = threading.Thread(target=lambda: self.told.extend(line.decode() for line in process.stderr or ()))
        self.teller.start()

    def push(self, fields: Mapping[str, str], **headers: str) -> tuple[int, str]:
        answer = requests.post(self.url, data=dict(fields), headers=headers, timeout=15)
        return answer.status_code, answer.text

    def raw(self, request: bytes) -> bytes:
        """Send bytes as they stand, and return all that comes until the connection closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=15) as connection:
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, list[dict[str, Any]], str]:
        """End it; returns its exit code, the events that it printed, and what it told behind its address."""
        self.process.send_signal(how)
        assert self.process.stdout
        out = self.process.stdout.read().decode()
        code = self.process.wait(timeout=15)
        self.teller.join()
        return code, [json.loads(line) for line in out.splitlines()], "".join(self.told)


Listen = Callable[..., Listening]


@pytest.fixture
def configured(environment: dict[str, str], home: Path) -> dict[str, str]:
    write_config(home, PROFILES)
    return {"SMSCLI_LEDGER": str(home / "ledger.db")} | environment


@pytest.fixture
def listen(configured: dict[str, str]) -> Iterator[Listen]:
    with ExitStack() as stack:

        def start(*options: str, program: Sequence[str] = PROGRAM) -> Listening:
            return stack.enter_context(started([*program, "listen", "--port", "0", *options], configured))

        yield start


@contextmanager
def started(
    command: Sequence[str], environment: Mapping[str, str], stdout: int = subprocess.PIPE
) -> Iterator[Listening]:
    """Run a listener while the block lasts."""
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr
        first = process.stderr.readline().decode()
        found = re.match(r"listening on (http://\S+) for \w+  \(Ctrl-C stops it\)", first)
        listening = Listening(process, found[1] if found else first)
        try:
            assert found, first
            yield listening
        finally:
            process.kill()
            listening.teller.join()


def kept(environment: Mapping[str, str], what: str = "sendid, mobile, state, time FROM report") -> list[Any]:
    return ask(f"SELECT {what}", ledger=environment["SMSCLI_LEDGER"])


# --- what it takes and prints -------------------------------------------------------------------------------------


def test_a_report_is_kept_answered_and_printed(listen: Listen, configured: dict[str, str]) -> None:
    listening = listen()
    answer = requests.post(listening.url, data=GIVEN, timeout=15)
    assert (answer.status_code, answer.content) == (200, b"0")
    assert kept(configured) == [tuple(REPORT)]
    code, events, told = listening.stop()
    assert (code, told) == (0, "")
    assert events == [
        {
            "kind": "report",
            "mobile": REPORT.mobile,
            "time": REPORT.time,
            "state": "DELIVRD",
            "meaning": "短消息转发成功 / delivered",
            "sendid": REPORT.sendid,
            "content": "",
            "extension": "",
            "optout": False,
        }
    ]
    ledger = Path(configured["SMSCLI_LEDGER"])
    assert not ledger.exists() or os.name != "posix" or stat.S_IMODE(ledger.stat().st_mode) == 0o600


def http(method: bytes, target: bytes, body: bytes = b"", *headers: bytes) -> bytes:
    lines = [method + b" " + target + b" HTTP/1.1", b"Host: x", b"Connection: close", *headers]
    return b"\r\n".join([*lines, b"Content-Length: %d" % len(body), b"", body])


RAW_REPLY = "name=admin&pwd=12345&args=13800138001#@#好的，谢谢#@#2026-01-01 10:00:01#@#008123"
QUERY = urlencode(reply_fields([REPLY], "admin", "12345")).encode()
FORM = b"Content-Type: multipart/form-data; boundary=b"
PARTS = "".join(
    f'--b\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
    for key, value in reply_fields([REPLY], "admin", "12345").items()
)


@pytest.mark.parametrize(
    "request_",
    [
        http(b"POST", b"/", QUERY, b"Content-Type: application/x-www-form-urlencoded"),
        http(b"POST", b"/", QUERY),
        http(b"POST", b"/?" + QUERY),
        http(b"GET", b"/?" + QUERY),
        http(b"POST", b"/", RAW_REPLY.encode()),
        http(b"POST", b"/", RAW_REPLY.encode("gb18030")),
        http(b"GET", b"/?" + RAW_REPLY.encode()),
        http(b"GET", b"/?" + RAW_REPLY.encode("gb18030")),
        http(b"POST", b"/", (PARTS + "--b--\r\n").encode(), FORM),
        http(b"POST", b"/", QUERY.replace(b"args", b"Args")),
        b"GET /?" + QUERY + b" HTTP/1.0\r\n\r\n",
        b"POST / HTTP/1.0\nContent-Length: %d\n\n" % len(QUERY) + QUERY,
    ],
    ids=["form", "bare", "query", "get", "raw", "raw-gbk", "raw-get", "raw-gbk-get", "multipart", "case", "1.0", "lf"],
)
def test_takes_what_gateways_send(listen: Listen, request_: bytes) -> None:
    listening = listen()
    assert listening.raw(request_).endswith(b"\r\n\r\n0")
    (event,) = listening.stop()[1]
    assert {event[key] for key in ("kind", "mobile", "time", "content", "extension")} == {"reply", *REPLY}


def test_repeats_are_answered_again_and_printed_once(listen: Listen, configured: dict[str, str]) -> None:
    listening = listen()
    assert [listening.push(GIVEN) for _ in range(3)] == [(200, "0")] * 3
    assert len(kept(configured)) == 1
    assert len(listening.stop()[1]) == 1
    again = listen()
    assert again.push(GIVEN) == (200, "0")
    assert again.stop()[1] == []


def test_several_numbers_and_replies_in_one_push(listen: Listen, configured: dict[str, str]) -> None:
    listening = listen()
    reports = [REPORT._replace(mobile=mobile) for mobile in numbers(3)]
    replies = [REPLY, REPLY._replace(content="a#@#b#@@#c")]
    assert listening.push(report_fields(reports, "admin", "12345")) == (200, "0")
    assert listening.push(reply_fields(replies, "admin", "12345")) == (200, "0")
    assert len(kept(configured)) == 3
    assert [event["content"] for event in listening.stop()[1]] == ["", "", "", "好的，谢谢", "a#@#b#@@#c"]


def test_an_opt_out_is_said(listen: Listen) -> None:
    listening = listen()
    listening.push(reply_fields([REPLY._replace(content=" ｔｄ ")], "admin", "12345"))
    listening.push(reply_fields([REPLY._replace(content="TDK")], "admin", "12345"))
    assert [event["optout"] for event in listening.stop()[1]] == [True, False]


def test_hostile_text_is_never_obeyed(listen: Listen) -> None:
    listening = listen()
    text = "\x1b[31m\u202e[red]\r\n\x00\u2028=cmd()"
    assert listening.push(reply_fields([REPLY._replace(content=text)], "admin", "12345")) == (200, "0")
    listening.process.send_signal(signal.SIGTERM)
    assert listening.process.stdout
    out = listening.process.stdout.read().decode()
    assert out.rstrip("\n").isprintable()
    assert json.loads(out)["content"] == text.strip()


@pytest.mark.parametrize("output", ["csv", "tsv", "json", "table"])
def test_other_formats(listen: Listen, output: str) -> None:
    listening = listen("--output", output)
    listening.push(reply_fields([REPLY._replace(content="=1+\x1b")], "admin", "12345"))
    listening.process.send_signal(signal.SIGTERM)
    assert listening.process.stdout
    lines = listening.process.stdout.read().decode().splitlines()
    assert len(lines) == {"csv": 2, "tsv": 1, "json": 1, "table": 2}[output]
    assert {"csv": ",'=1+\\x1b,", "tsv": "\t=1+\\x1b\t", "json": "=1+\\u001b", "table": "=1+\\x1b"}[output] in lines[-1]


def test_events_are_printed_as_they_come(listen: Listen) -> None:
    listening = listen()
    listening.push(GIVEN)
    assert listening.process.stdout
    assert json.loads(listening.process.stdout.readline())["sendid"] == REPORT.sendid  # it is still running


def test_a_reader_that_goes_away_does_not_stop_the_receiving(listen: Listen, configured: dict[str, str]) -> None:
    listening = listen()
    assert listening.process.stdout
    listening.process.stdout.close()
    for mobile in numbers(5):
        assert listening.push(GIVEN | {"mobile": mobile}) == (200, "0")
    listening.process.send_signal(signal.SIGTERM)
    assert listening.process.wait(15) == 0
    listening.teller.join()
    assert "".join(listening.told).count("the reader of the events has gone. Receiving goes on") == 1
    assert len(kept(configured)) == 5


def test_a_reader_that_reads_nothing_does_not_stop_the_receiving(listen: Listen, configured: dict[str, str]) -> None:
    listening = listen()
    people = numbers(400)
    for start in range(0, 400, 20):  # more than a pipe holds
        assert listening.push(GIVEN | {"mobile": ",".join(people[start : start + 20])}) == (200, "0")
    listening.process.send_signal(signal.SIGTERM)
    assert listening.process.wait(15) == 0
    assert len(kept(configured)) == 400


# --- from whom ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [{"name": "Admin"}, {"pwd": "1234"}, {"pwd": ""}, {"name": ""}])
def test_strangers_are_refused_and_kept(listen: Listen, configured: dict[str, str], change: dict[str, str]) -> None:
    listening = listen()
    assert listening.push(GIVEN | change)[0] == 403
    assert kept(configured) == []
    ((peer, reason, raw),) = kept(configured, "peer, reason, raw FROM quarantine")
    assert (peer, reason) == ("127.0.0.1", "its name or password is not what profile shop has")
    assert REPORT.sendid.encode() in raw
    assert b"1234" not in raw.replace(REPORT.sendid.encode(), b"")
    assert listening.stop()[1] == []


def signed(timestamp: float | str, random: str = "abc") -> dict[str, str]:
    """Return what a signed push carries."""
    name = signed_name("5ECRET", random, str(timestamp))
    return {"name": name, "pwd": "", "random": random, "timestamp": str(timestamp)}


@pytest.mark.parametrize("unit", [1, 1000])
@pytest.mark.parametrize("case", [str.lower, str.upper])
def test_a_signed_push_is_trusted(listen: Listen, unit: int, case: Callable[[str], str]) -> None:
    listening = listen("-p", "signed")
    timestamp = str(int(time.time() * unit))
    name = hashlib.md5(f"5ECRETabc{timestamp}".encode()).hexdigest()
    assert name == signed_name("5ECRET", "abc", timestamp)
    signature = {"name": case(name), "pwd": "", "random": "abc", "timestamp": timestamp}
    assert listening.push(GIVEN | signature) == (200, "0")
    assert listening.push(GIVEN | signature | {"random": "abd"})[0] == 403
    assert listening.push(GIVEN | {"name": hashlib.md5(b"5ECRET").hexdigest()})[0] == 403


def test_anybody_could_push_to_an_open_profile(smscli: Smscli, configured: dict[str, str], listen: Listen) -> None:
    ended = smscli("listen", "--port", "0", "-p", "open", timeout=10)
    assert (ended.code, ended.out) == (3, "")
    assert "neither push_name nor access_secret" in ended.err
    assert "--allow" in ended.err
    assert listen("-p", "open", "--allow", "127.0.0.0/8").push(GIVEN) == (200, "0")


def test_allowed_addresses(listen: Listen, configured: dict[str, str]) -> None:
    listening = listen("--allow", "192.0.2.7", "--allow", "198.51.100.0/24")
    assert listening.push(GIVEN)[0] == 403
    assert listening.push(GIVEN, **{"X-Forwarded-For": "192.0.2.7"})[0] == 403  # anybody can write that
    assert kept(configured, "peer, reason FROM quarantine") == [("127.0.0.1", "its address is not among --allow")] * 2


@pytest.mark.parametrize(
    ("hops", "status"),
    [
        ("192.0.2.7", 200),
        ("203.0.113.1, 198.51.100.9", 200),
        ("::ffff:192.0.2.7", 200),
        ("192.0.2.7, 203.0.113.1", 403),
        ("\x1b[31m", 403),
        ("", 403),
    ],
)
def test_allowed_addresses_behind_a_proxy(listen: Listen, hops: str, status: int) -> None:
    listening = listen("--allow", "192.0.2.7", "--allow", "198.51.100.0/24", "--trust-proxy")
    hops_header = f"X-Forwarded-For: {hops}".replace("\x1b", "?").encode()
    answer = listening.raw(http(b"POST", b"/", encode_form(GIVEN), hops_header))
    assert answer.startswith(b"HTTP/1.1 %d " % status)


def test_strangers_do_not_fill_the_disk(listen: Listen, configured: dict[str, str]) -> None:
    listening = listen()
    for _ in range(20):
        listening.push(GIVEN | {"name": "x", "padding": "y" * 100_000})
    assert max(len(raw) for (raw,) in kept(configured, "raw FROM quarantine")) <= 64 << 10


@pytest.mark.parametrize("off", [-73 * 3600, 73 * 3600])
def test_an_old_signature_is_refused(listen: Listen, configured: dict[str, str], off: int) -> None:
    listening = listen("-p", "signed")
    late = signed(int(time.time() - off * 71 / 73))
    assert listening.push(GIVEN | late) == (200, "0")  # as the gateway's own repeats are
    assert listening.push(GIVEN | late) == (200, "0")
    assert listening.push(GIVEN | signed(int(time.time() + off)))[0] == 403
    assert listening.push(GIVEN | signed("soon"))[0] == 403
    reasons = [reason for (reason,) in kept(configured, "reason FROM quarantine")]
    assert reasons == [
        "its timestamp is more than 72 hours off (push_window); is this clock right?",
        "its timestamp is not a time",
    ]


LONG = "".join(f"{number:x}" for number in range(3000))


@pytest.mark.parametrize("chosen", ["abc", LONG], ids=["short", "long"])
def test_a_signature_is_good_for_one_content(listen: Listen, configured: dict[str, str], chosen: str) -> None:
    listening = listen("-p", "signed")
    seen = signed(int(time.time()), chosen)
    other = report_fields([REPORT._replace(state="UNDELIV")], "admin", "12345")
    reply = reply_fields([REPLY], "admin", "12345")
    assert listening.push(GIVEN | seen) == (200, "0")
    assert listening.push(other | seen)[0] == 403
    assert listening.push(reply | seen)[0] == 403
    assert listening.push(GIVEN | seen) == (200, "0")  # an exact repeat
    assert listening.push(reply | signed(int(time.time()) - 1)) == (200, "0")
    assert kept(configured) == [tuple(REPORT)]
    reasons = {reason for (reason,) in kept(configured, "reason FROM quarantine")}
    assert reasons == {"its random and timestamp came before, with other content"}
    events = listening.stop()[1]
    assert [event["kind"] for event in events] == ["report", "reply"]
    restarted = listen("-p", "signed")
    assert restarted.push(other | seen)[0] == 403
    assert "came before, with other content" in restarted.stop()[2]


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "admin", "pwd": "12345", "sendid": "1"},
        {"state": "DELIVRD"},
        {"args": "hello"},
        {"mobile": "13800138000"},
    ],
)
def test_what_is_not_a_push_is_kept(listen: Listen, configured: dict[str, str], fields: dict[str, str]) -> None:
    listening = listen()
    assert listening.push(fields)[0] == 400
    ((reason, raw),) = kept(configured, "reason, raw FROM quarantine")
    assert reason.startswith("it is not a push: ")
    assert [*fields][-1].encode() in raw
    assert b"12345" not in raw
    assert "a push was refused or could not be read, from 127.0.0.1: it is not a push" in listening.stop()[2]


def test_a_look_at_the_door_is_not_kept(listen: Listen, configured: dict[str, str]) -> None:
    listening = listen()
    assert requests.get(listening.url, timeout=15).status_code == 400
    assert listening.push({})[0] == 400
    assert kept(configured, "* FROM quarantine") == []
    assert listening.stop()[2] == ""


def test_a_flood_of_refusals_is_one_line_and_the_rest_at_the_end(listen: Listen) -> None:
    listening = listen()
    for _ in range(12):
        assert listening.push(GIVEN | {"name": "x"})[0] == 403
    told = listening.stop()[2].splitlines()
    why = "127.0.0.1: its name or password is not what profile shop has. `smscli inbox --quarantine` shows"
    assert told == [
        f"smscli: a push was refused or could not be read, from {why} it.",
        f"smscli: 11 pushes were refused or could not be read in the last minute, the last from {why} them.",
    ]


def test_a_push_to_another_path_is_kept(listen: Listen, configured: dict[str, str]) -> None:
    """Somebody gave the gateway an address that is not quite right."""
    listening = listen("--path", "/push")
    assert listening.push(GIVEN) == (200, "0")
    elsewhere = requests.post(listening.url.replace("/push", "/pusch"), data=GIVEN, timeout=15)
    assert elsewhere.status_code == 404
    assert requests.get(listening.url.replace("/push", "/?x=1"), timeout=15).status_code == 404
    assert kept(configured, "reason FROM quarantine") == [("it came to '/pusch', and --path is /push",)]


# --- large pushes -------------------------------------------------------------------------------------------------


def test_a_push_of_very_many_numbers_is_kept_whole(listen: Listen, configured: dict[str, str]) -> None:
    listening = listen("--output", "tsv")
    people = numbers(100_000)
    fields = report_fields([REPORT._replace(mobile=mobile) for mobile in people], "admin", "12345")
    body = urlencode(fields).encode()  # its commas are encoded, so it is larger than a megabyte
    assert len(body) > 1 << 20
    assert listening.raw(http(b"POST", b"/", body)).endswith(b"\r\n\r\n0")
    assert [mobile for (mobile,) in kept(configured, "mobile FROM report ORDER BY mobile")] == sorted(people)
    assert listening.raw(http(b"POST", b"/", body)).endswith(b"\r\n\r\n0")


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(("pwd", "status"), [("12345", b"200"), ("1234", b"413")])
def test_a_push_that_is_too_large(
    listen: Listen, configured: dict[str, str], pwd: str, status: bytes, chunked: bool
) -> None:
    """The gateway does not ask for ever, and a stranger does not learn how to make us say `0`."""
    listening = listen()
    body = encode_form(GIVEN | {"pwd": pwd, "mobile": ",".join(numbers(10)) + ",1" * 2_000_000})
    request = http(b"POST", b"/", body)
    if chunked:
        parts = (body[at : at + 65536] for at in range(0, len(body), 65536))
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
        head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        request = head + chunks + b"0\r\n\r\n"
    answer = listening.raw(request)
    assert answer[9:12] == status
    assert answer.endswith(b"\r\n\r\n0") == (status == b"200")
    ((reason, raw),) = kept(configured, "reason, raw FROM quarantine")
    assert reason == "it is larger than 2 MiB, so only its start was kept"
    assert REPORT.sendid.encode() in raw
    assert 1000 < len(raw) <= 64 << 10
    assert b"1234&" not in raw
    assert b"12345&" not in raw
    assert kept(configured) == []
    assert listening.push(GIVEN) == (200, "0")
    assert listening.stop()[2].count(reason) == 1


def test_path_and_health(listen: Listen) -> None:
    listening = listen("--path", "/推送")
    assert listening.push(GIVEN) == (200, "0")
    root = listening.url.replace("/推送", "")
    assert requests.post(f"{root}/", data=GIVEN, timeout=15).status_code == 404
    health = requests.get(f"{root}/healthz", timeout=15)
    assert (health.status_code, health.text) == (200, "ok")


# --- how it starts, fails and stops -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--allow", "somewhere"], "--allow needs an address like 192.0.2.7"),
        (["--path", "push"], "--path needs a path like /push"),
        (["--path", "/healthz"], "/healthz is used already"),
        (["--host", "192.0.2.1"], "cannot listen on port 8787 of 192.0.2.1"),
    ],
)
def test_wrong_options_are_explained(smscli: Smscli, configured: dict[str, str], options: list[str], said: str) -> None:
    ended = smscli("listen", *options, timeout=10)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert ended.err.count("\n") == 1


def test_a_port_in_use(smscli: Smscli, listen: Listen) -> None:
    port = str(listen().port)
    ended = smscli("listen", "--port", port, timeout=10)
    assert ended.code == 2
    assert f"cannot listen on port {port} of 127.0.0.1" in ended.err


def test_ctrl_c(listen: Listen) -> None:
    listening = listen()
    listening.push(GIVEN)
    code, events, told = listening.stop(signal.SIGINT)
    assert (code, len(events), told) == (130, 1, "")


@pytest.mark.sqlite
@pytest.mark.skipif(os.name != "posix", reason="locks a ledger")
def test_stopping_answers_what_is_in_flight(listen: Listen, configured: dict[str, str]) -> None:
    listening = listen()
    blocker = sqlite3.connect(configured["SMSCLI_LEDGER"], isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with socket.create_connection(("127.0.0.1", listening.port), timeout=15) as connection:
        connection.sendall(http(b"POST", b"/", encode_form(GIVEN)))
        time.sleep(0.3)
        listening.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)  # nothing is promised yet
        blocker.execute("ROLLBACK")
        connection.settimeout(15)
        assert b"".join(iter(lambda: connection.recv(1000), b"")).endswith(b"\r\n\r\n0")
    assert listening.process.wait(15) == 0
    assert len(kept(configured)) == 1
    blocker.close()


@pytest.mark.sqlite
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a limit on a file's size")
def test_a_full_disk_is_503_and_said_once(listen: Listen, configured: dict[str, str]) -> None:
    limited = ["bash", "-c", 'trap "" XFSZ; ulimit -f 400; exec "$@"', "bash", *PROGRAM]
    listening = listen(program=limited)
    answers = []
    for start in range(0, 4000, 100):
        reports = [REPORT._replace(mobile=mobile) for mobile in numbers(100, start)]
        answers.append(listening.push(report_fields(reports, "admin", "12345")))
    assert set(answers) == {(200, "0"), (503, "503 Service Unavailable\n")}
    told = listening.stop()[2]
    assert told.count("a push was answered 503") == 1
    assert "Traceback" not in told
    assert len(kept(configured)) == 100 * answers.count((200, "0"))


# --- under attack -------------------------------------------------------------------------------------------------

PUSH = encode_form(GIVEN)
HALVES = (
    b"",
    b"POST / HT",
    b"POST / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    http(b"POST", b"/", PUSH)[:-20],
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nname=",
)


def test_few_files_are_enough(listen: Listen) -> None:
    """A stranger who opens more connections than the system lets us have costs neither pushes nor a full log."""
    listening = listen(program=["bash", "-c", 'ulimit -n 96; exec "$@"', "-", *PROGRAM])
    with ExitStack() as stack:
        for _ in range(150):
            held = stack.enter_context(socket.create_connection(("127.0.0.1", listening.port), timeout=15))
            held.sendall(b"GET")
        begun = time.monotonic()
        assert listening.push(GIVEN)[0] == 200
        assert time.monotonic() - begun < 5
    assert len(listening.stop()[2]) < 1000


def test_others_are_served_meanwhile(listen: Listen, configured: dict[str, str]) -> None:
    listening = listen()
    people = numbers(40)
    with ExitStack() as stack:
        held = [
            stack.enter_context(socket.create_connection(("127.0.0.1", listening.port), timeout=15)) for _ in range(400)
        ]
        for number, connection in enumerate(held):
            connection.sendall(HALVES[number % len(HALVES)])
        flood = threading.Thread(target=_flood, args=(listening.port,))
        flood.start()
        for mobile in people:
            for connection in held[2 : len(held) : len(HALVES)]:  # slow headers
                with suppress(OSError):
                    connection.send(b"x")
            assert listening.push(GIVEN | {"mobile": mobile}) == (200, "0")
        flood.join()
        assert listening.raw(PIPELINED).count(b"\r\n\r\n0") == 3
    assert len(kept(configured)) == 40 + 3
    assert "Traceback" not in listening.stop()[2]


PIPELINED = b"".join(
    http(b"POST", b"/", encode_form(GIVEN | {"mobile": mobile})).replace(b"close", close)
    for mobile, close in (("13900000070", b"keep-alive"), ("13900000080", b"keep-alive"), ("13900000090", b"close"))
)


def _flood(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=15) as connection, suppress(OSError):
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (60 << 20))
        for _ in range(60):
            connection.sendall(bytes(1 << 20))


@pytest.mark.parametrize("length", [b"+83", b"-1", b"8_3", b" ", b"0x53", b"83, 84", "８３".encode()])
def test_a_length_is_digits(listen: Listen, configured: dict[str, str], length: bytes) -> None:
    request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + length + b"\r\n\r\n" + PUSH
    assert listen().raw(request).startswith(b"HTTP/1.1 400 ")
    assert kept(configured) == []


TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.lists(st.binary(max_size=200), max_size=4), fields=st.dictionaries(TEXT, TEXT, max_size=4))
def test_no_bytes_stop_it(steady: Listening, data: list[bytes], fields: dict[str, str]) -> None:
    wild = fields | {"state": "".join(fields.values()), "mobile": "".join(fields)}
    body = encode_form(GIVEN | wild | {"name": "admin", "pwd": "12345"})
    with socket.create_connection(("127.0.0.1", steady.port), timeout=15) as connection, suppress(OSError):
        connection.sendall(b"\r\n\r\n".join(data))
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1000):
            pass
    for request in (http(b"POST", b"/", body), http(b"POST", b"/", b"name=admin&pwd=12345&args=" + b"&".join(data))):
        assert steady.raw(request)[9:12] in (b"200", b"400")
    assert steady.raw(http(b"POST", b"/", PUSH)).endswith(b"\r\n\r\n0")


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    home = tmp_path_factory.mktemp("home")
    write_config(home, PROFILES)
    environment = {"HOME": str(home), "PYTHONPATH": str(Path(__file__).parent.parent.parent), "PYTHONUTF8": "1"}
    with started([*PROGRAM, "listen", "--port", "0"], environment, stdout=subprocess.DEVNULL) as listening:
        yield listening
    assert not [line for line in listening.told if "refused or could not be read" not in line]


# --- nothing that was answered 0 is lost --------------------------------------------------------------------------

# The tests of the tests: this one answers before it has committed, that one leaves the sync to the system.
HASTY = (
    """
from smscli.receiving import writer

keep = writer.Writer.keep

def hasten(self, delivery):
    answer = keep(self, delivery)
    answer.set_result(writer.TAKEN)
    return answer

writer.Writer.keep = hasten
"""
    + SOUND
)


class Pusher(threading.Thread):
    """A gateway: pushes one number after the other over one connection until the listener dies."""

    def __init__(self, port: int, mobiles: Iterator[str]) -> None:
        super().__init__()
        self._port, self._mobiles = port, mobiles
        self.answered: list[str] = []
        self.start()

    def run(self) -> None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=15) as connection:
            for mobile in self._mobiles:
                request = http(b"POST", b"/", encode_form(GIVEN | {"mobile": mobile})).replace(b"close", b"keep-alive")
                connection.sendall(request)
                answer = connection.recv(1000)
                if not answer.endswith(b"\r\n\r\n0"):
                    return
                self.answered.append(mobile)


def push_and_kill(program: str, environment: Mapping[str, str], kills: int) -> tuple[Counter[str], Counter[str]]:
    """Kill a listener under load that many times; returns what was answered 0 and what is in the ledger."""
    answered: Counter[str] = Counter()
    with forks(environment, Path(environment["HOME"]), program) as listener:
        for kill in range(kills):
            listener.start("listen", "--port", "0")
            found = eventually(lambda: re.match(r"listening on http://127.0.0.1:([0-9]+)/", listener.told))
            people = [iter(numbers(500, (kill * 8 + number) * 500)) for number in range(8)]
            pushers = [Pusher(int(found[1]), mobiles) for mobiles in people]
            time.sleep(random.uniform(0.01, 0.12))
            assert listener.kill() == -signal.SIGKILL
            for pusher in pushers:
                pusher.join()
                answered.update(pusher.answered)
    return answered, Counter(mobile for (mobile,) in kept(environment, "mobile FROM report"))


@pytest.mark.parametrize("kills", [20, pytest.param(1000, marks=pytest.mark.long)])
def test_what_was_answered_survives_a_kill(configured: dict[str, str], kills: int) -> None:
    answered, found = push_and_kill(SOUND, configured, kills)
    assert len(answered) > 3 * kills
    assert answered - found == Counter()
    assert set(found.values()) == {1}


def test_of_the_test_answering_too_early_is_caught(configured: dict[str, str]) -> None:
    answered, found = push_and_kill(HASTY, configured, 5)
    assert answered - found != Counter()


def traced(program: str, environment: Mapping[str, str], trace: Path) -> list[str]:
    """Push over 40 connections at once under strace; returns the numbers that were answered before their sync."""
    calls = "trace=sendto,pwrite64,fsync,fdatasync"
    strace = ["strace", "-f", "-yy", "-s", "5000", "-e", calls, "-o", str(trace)]
    people = {}
    with started(
        [*strace, sys.executable, "-c", f"{program}sys.exit(main())", "listen", "--port", "0"], environment
    ) as listening:
        with ExitStack() as stack:
            address = ("127.0.0.1", listening.port)
            held = [stack.enter_context(socket.create_connection(address, timeout=15)) for _ in range(40)]
            for connection, mobile in zip(held, numbers(40), strict=True):
                people[str(connection.getsockname()[1])] = mobile
                connection.sendall(http(b"POST", b"/", encode_form(GIVEN | {"mobile": mobile})))
                time.sleep(0.003)
            for connection in held:
                assert b"".join(iter(lambda: connection.recv(1000), b"")).endswith(b"\r\n\r\n0")  # noqa: B023
        child = Path(f"/proc/{listening.process.pid}/task/{listening.process.pid}/children").read_text().split()[0]
        os.kill(int(child), signal.SIGTERM)
        listening.process.wait(15)
    return _answered_early(trace, people)


def _answered_early(trace: Path, people: Mapping[str, str]) -> list[str]:
    written: set[str] = set()
    synced: set[str] = set()
    early, answers = [], 0
    for line in trace.read_text(errors="replace").splitlines():
        if "pwrite64(" in line and "-wal>" in line:
            written |= {mobile for mobile in people.values() if mobile in line}
        elif re.search(r"(fsync|fdatasync)(\(\d+<.*-wal>\)| resumed>.*) += 0", line):
            synced |= written
        elif found := re.search(r'sendto\(.*->127\.0\.0\.1:([0-9]+)\]>, "HTTP/1.1 200', line):
            answers += 1
            early += [people[found[1]]] if people[found[1]] not in synced else []
    assert answers == len(people)
    assert written == set(people.values())
    return early


needs_strace = pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")


@pytest.mark.sqlite
@needs_strace
def test_no_answer_leaves_before_the_sync(configured: dict[str, str], tmp_path: Path) -> None:
    assert traced(SOUND, configured, tmp_path / "trace") == []


@pytest.mark.sqlite
@needs_strace
def test_of_the_test_a_missing_sync_is_caught(configured: dict[str, str], tmp_path: Path) -> None:
    assert traced(UNSYNCED, configured, tmp_path / "trace") != []


# --- metrics ------------------------------------------------------------------------------------------------------


def other_addresses() -> list[str]:
    """Return an address of this machine that is not loopback, [] where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
        probe.connect(("192.0.2.1", 9))  # nothing is sent
        return [probe.getsockname()[0]]
    return []


def metrics(listening: Listening) -> dict[str, dict[str, float]]:
    """Return the samples of /metrics: a metric's values by the value of its label, "" where it has none."""
    answer = requests.get(f"http://127.0.0.1:{listening.port}/metrics", timeout=15)
    assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (200, "text/plain")
    assert not re.search(
        r"1[3-9][0-9]{9}|12345|2026010110", re.sub(r"(?m)^smscli_listener_start_time.*$", "", answer.text)
    )
    return {
        family.name: {next(iter(sample.labels.values()), ""): sample.value for sample in family.samples}
        for family in text_string_to_metric_families(answer.text)
    }


def test_metrics_count_what_came(listen: Listen) -> None:
    began = time.time()
    listening = listen("--metrics")
    before = metrics(listening)
    assert before["smscli_pushes"] == {"new": 0, "repeated": 0}
    assert (before["smscli_last_push_age_seconds"], before["smscli_reports"]) == ({}, {})
    strange = REPORT._replace(state="13800138077", sendid="2026010110000012345678902")
    both = [REPORT._replace(mobile="13800138008"), REPORT._replace(mobile="13800138009")]
    for fields in (
        GIVEN, GIVEN, report_fields([strange], "admin", "12345"), report_fields(both, "admin", "12345"),
        reply_fields([REPLY], "admin", "12345"), report_fields([REPORT], "admin", "wrong"), {"x": "1"},
    ):  # fmt: skip
        listening.push(fields)
    found = metrics(listening)
    assert found["smscli_pushes"] == {"new": 4, "repeated": 1}
    assert found["smscli_reports"] == {"DELIVRD": 3, "other": 1}
    assert found["smscli_replies"] == {"": 1}
    assert found["smscli_pushes_refused"] == {"400": 1, "403": 1, "404": 0, "413": 0}
    assert found["smscli_pushes_failed"] == {"": 0}
    assert 0 <= found["smscli_last_push_age_seconds"][""] <= time.time() - began
    assert began - 1 <= found["smscli_listener_start_time_seconds"][""] <= time.time()
    listening.stop()


@pytest.mark.sqlite
def test_metrics_count_what_could_not_be_kept(listen: Listen, configured: dict[str, str]) -> None:
    listening = listen("--metrics")
    Path(configured["SMSCLI_LEDGER"]).rename(configured["SMSCLI_LEDGER"] + ".moved")
    assert listening.push(GIVEN)[0] == 503
    found = metrics(listening)
    assert (found["smscli_pushes_failed"], found["smscli_pushes"]["new"]) == ({"": 1}, 0)


def test_metrics_are_there_only_if_asked_for(listen: Listen) -> None:
    listening = listen()
    assert listening.raw(http(b"GET", b"/metrics")).startswith(b"HTTP/1.1 404 ")
    assert listening.stop()[2] == ""


@pytest.mark.parametrize(
    "header", [b"X-Forwarded-For: 127.0.0.1", b"X-Real-IP: 203.0.113.9", b"Via: 1.1 nginx", b"Forwarded: for=127.0.0.1"]
)
def test_metrics_are_for_this_machine_and_not_for_who_comes_through_a_proxy(listen: Listen, header: bytes) -> None:
    listening = listen("--metrics", "--trust-proxy")
    assert listening.raw(http(b"GET", b"/metrics", b"", header)).startswith(b"HTTP/1.1 403 ")
    assert listening.raw(http(b"GET", b"/metrics")).startswith(b"HTTP/1.1 200 ")


def test_metrics_need_no_right_to_push_and_give_none(listen: Listen) -> None:
    listening = listen("--metrics", "--allow", "203.0.113.7", "-p", "open")
    assert metrics(listening)["smscli_pushes"] == {"new": 0, "repeated": 0}
    assert listening.push(GIVEN)[0] == 403


@pytest.mark.skipif(not other_addresses(), reason="this machine has no address but loopback")
def test_metrics_are_not_for_another_address(listen: Listen) -> None:
    listening = listen("--metrics", "--host", "0.0.0.0")
    for address in other_addresses():
        answer = requests.get(f"http://{address}:{listening.port}/metrics", timeout=15)
        assert answer.status_code == 403


def test_the_path_of_pushes_is_not_that_of_metrics(smscli: Smscli, configured: dict[str, str]) -> None:
    ended = smscli("listen", "--metrics", "--path", "/metrics", **configured)
    assert (ended.code, ended.out) == (2, "")
    assert "--path cannot be /metrics" in ended.err
