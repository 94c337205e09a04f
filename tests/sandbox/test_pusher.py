"""What the sandbox pushes for accepted messages, over real sockets, and how it takes a receiver's trouble."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests

from smscli.commands import sandbox as sandbox_command
from smscli.protocol import codes
from smscli.protocol.forms import decode_form
from smscli.protocol.pushes import Reply, Report, Trust, is_trusted, push_from_fields
from smscli.protocol.times import CHINA, format_stime
from smscli.sandbox import pusher
from smscli.sandbox.faults import Fault
from smscli.sandbox.pusher import Accepted, Pusher
from tests.support.command import Smscli
from tests.support.sandboxes import RunningSandbox, write_config
from tests.support.waiting import eventually, free_port

PLAIN = Trust("gateway", "PUSH-PWD", "")
SIGNED = Trust("", "", "ACCESS-SECRET")
StartSandbox = Callable[..., RunningSandbox]


class Receiver:
    """A receiver of pushes that answers with each of `answers` in turn, then with `0`; bytes go out as they are."""

    def __init__(self, answers: Sequence[bytes] = (), port: int = 0) -> None:
        self.pushes: list[dict[str, str]] = []
        self.times: list[float] = []
        self._answers = iter(answers)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                receiver.times.append(time.monotonic())
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.pushes.append(decode_form(body) | {"path": self.path})
                raw = next(receiver._answers, None)
                self.wfile.write(http("200 OK", b"0") if raw is None else raw)
                self.close_connection = raw is not None

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def events(self) -> list[Report | Reply]:
        """Return every report and reply, read with what the listener reads them with."""
        read = [push_from_fields(fields) for fields in self.pushes]
        return [event for push in read if push for event in push.events]


def http(status: str, body: bytes) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.fixture
def start_receiver() -> Iterator[Callable[..., Receiver]]:
    started: list[Receiver] = []

    def start(*answers: bytes, port: int = 0) -> Receiver:
        started.append(Receiver(answers, port))
        return started[-1]

    yield start
    for receiver in started:
        receiver.close()


@pytest.fixture
def receiver(start_receiver: Callable[..., Receiver]) -> Receiver:
    return start_receiver()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeat pushes after milliseconds."""
    monkeypatch.setattr(pusher, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(pusher, "LONGEST_PAUSE", 0.08)


def send(sandbox: RunningSandbox, *mobiles: str, **fields: str) -> str:
    """Send to numbers and return the sandbox's answer."""
    form = {"name": "demo", "pwd": "5ECRET", "type": "pt", "content": "你好", "mobile": ",".join(mobiles)} | fields
    with requests.Session() as session:
        session.trust_env = False
        return session.post(sandbox.sandbox.endpoint, data=form, timeout=5).text


def push_log(sandbox: RunningSandbox) -> list[dict[str, Any]]:
    return [entry for entry in sandbox.requests if "push" in entry]


# --- what is pushed -----------------------------------------------------------------------------------------------


def test_every_state_of_the_table_and_an_operators_code_can_be_had() -> None:
    reachable = {*pusher.STATES.values(), pusher.DELIVERED}
    assert reachable >= codes.STATES.keys()
    assert reachable & codes.OPERATOR_STATES.keys()


@pytest.mark.parametrize(("ending", "state"), [*pusher.STATES.items(), ("00", "DELIVRD"), ("10", "DELIVRD")])
def test_the_ending_chooses_the_state(start_sandbox: StartSandbox, receiver: Receiver, ending: str, state: str) -> None:
    sandbox = start_sandbox(push_to=receiver.url)
    before = format_stime(datetime.now(CHINA))
    sendid = send(sandbox, f"138001380{ending}").split(",")[1]
    eventually(lambda: receiver.events)
    (report,) = receiver.events
    assert report[:3] == (sendid, f"138001380{ending}", state)
    assert before <= report.time <= format_stime(datetime.now(CHINA))


def test_delivered_numbers_share_a_push_and_others_have_their_own(
    start_sandbox: StartSandbox, receiver: Receiver
) -> None:
    sandbox = start_sandbox(push_to=receiver.url)
    send(sandbox, "13800138000", "13800138002", "13800138020", "13800138102", "13800138001")
    eventually(lambda: len(receiver.pushes) == 4)
    assert [(push["mobile"], push["state"]) for push in receiver.pushes] == [
        ("13800138000,13800138020", "DELIVRD"),
        ("13800138002", "UNDELIV"),
        ("13800138102", "UNDELIV"),
        ("13800138001", "EXPIRED"),
    ]


def test_people_answer(start_sandbox: StartSandbox, receiver: Receiver) -> None:
    sandbox = start_sandbox(push_to=receiver.url)
    send(sandbox, "13800138011", "13800138000", "13800138012", extno="123")
    eventually(lambda: len(receiver.pushes) == 2)
    _, _, _, short, long = receiver.events
    assert short[:2] == ("13800138011", "TD")
    assert isinstance(short, Reply)
    assert short.extension == "008123"
    assert long[:2] == ("13800138012", pusher.REPLIES["12"])
    assert all(separator in long[1] for separator in ("#@#", "#@@#"))
    assert len(long[1]) > 70


def test_only_what_was_accepted_is_reported(start_sandbox: StartSandbox, receiver: Receiver) -> None:
    sandbox = start_sandbox(push_to=receiver.url)
    assert send(sandbox, "13800138000", content="敏感").startswith("1,")
    assert send(sandbox, "13800138099", "1380013").split(",")[2:5] == ["1", "0", "1"]
    assert send(sandbox, "13800138099", "1380013", "13800138000").split(",")[2:5] == ["1", "1", "1"]
    eventually(lambda: receiver.pushes)
    assert [push["mobile"] for push in receiver.pushes] == ["13800138000"]


def test_a_scheduled_message_is_reported_at_once(start_sandbox: StartSandbox, receiver: Receiver) -> None:
    sandbox = start_sandbox(push_to=receiver.url)
    send(sandbox, "13800138000", stime="2039-01-01 08:00:00")
    eventually(lambda: receiver.events)
    assert receiver.events[0].time < "2039"


@pytest.mark.parametrize(("fault", "reported"), [(Fault.CLOSE_AFTER, True), (Fault.CLOSE_BEFORE, False)])
def test_a_message_whose_answer_was_lost_is_reported_if_it_was_taken(
    start_sandbox: StartSandbox, receiver: Receiver, fault: Fault, reported: bool
) -> None:
    sandbox = start_sandbox(push_to=receiver.url, fault=fault, fault_every=2)
    send(sandbox, "13800138010")
    with pytest.raises(requests.ConnectionError):
        send(sandbox, "13800138000")
    send(sandbox, "13800138020")
    eventually(lambda: len(receiver.events) == 2 + reported)
    assert ("13800138000" in [report.mobile for report in receiver.events]) is reported


def test_nothing_is_pushed_unless_asked_for(sandbox: RunningSandbox) -> None:
    send(sandbox, "13800138001", "13800138011")
    assert push_log(sandbox) == []


# --- who pushes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trust", [PLAIN, SIGNED, Trust("gateway", "PUSH-PWD", "ACCESS-SECRET")])
def test_pushes_prove_where_they_come_from(start_sandbox: StartSandbox, receiver: Receiver, trust: Trust) -> None:
    sandbox = start_sandbox(push_to=receiver.url + "sms?shop=1", push_trust=trust)
    send(sandbox, "13800138000", "13800138011")
    eventually(lambda: len(receiver.pushes) == 2)
    assert all(is_trusted(push, trust) for push in receiver.pushes)
    assert not any(is_trusted(push, Trust("other", "", "OTHER")) for push in receiver.pushes)
    assert {push["path"] for push in receiver.pushes} == {"/sms?shop=1"}


def test_a_signature_is_never_used_twice(start_sandbox: StartSandbox, start_receiver: Callable[..., Receiver]) -> None:
    receiver = start_receiver(http("200 OK", b"1"))
    send(start_sandbox(push_to=receiver.url, push_trust=SIGNED), "13800138000", "13800138011")
    eventually(lambda: len(receiver.pushes) == 3)
    assert len({(push["name"], push["random"]) for push in receiver.pushes}) == 3


def test_the_log_tells_all_but_secrets(
    start_sandbox: StartSandbox, receiver: Receiver, capfd: pytest.CaptureFixture[str]
) -> None:
    sandbox = start_sandbox(push_to=receiver.url, push_trust=Trust("gateway", "PUSH-PWD", "ACCESS-SECRET"))
    sendid = send(sandbox, "13800138001", "13800138011").split(",")[1]
    eventually(lambda: len(push_log(sandbox)) == 3)
    _, failed, reply = push_log(sandbox)
    assert re.fullmatch(r"2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+08:00", failed.pop("time"))
    assert re.fullmatch(r"2\d{3}-\d\d-\d\d \d\d:\d\d:\d\d", failed["push"].pop("time"))
    told = {"sendid": sendid, "mobile": "13800138001", "state": "EXPIRED"}
    assert failed == {"push": told, "attempt": 1, "status": 200, "answer": "0"}
    assert list(reply["push"]) == ["args"]
    written = sandbox.log.read_text() + "".join(capfd.readouterr())
    assert not re.search("PUSH-PWD|ACCESS-SECRET", written)
    assert not [push["name"] for push in receiver.pushes if push["name"] in written]


# --- trouble ------------------------------------------------------------------------------------------------------

TROUBLE = {
    "an error page": (http("503 Service Unavailable", b"0"), 503, "0"),
    "forbidden": (http("403 Forbidden", b""), 403, ""),
    "another body": (http("200 OK", b"ok"), 200, "ok"),
    "an empty body": (http("200 OK", b""), 200, ""),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
    "a redirect": (b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n", 302, ""),
    "a closed connection": (b"", None, "Remote end closed connection without response"),
    "an answer cut short": (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n0", 200, "0…"),
    "no HTTP": (b"\x00\xff\x16\x03 no HTTP\r\n\r\n", None, None),
    "an endless header": (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n0", None, None),
    "chunks that are none": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n0", None, None),
    "a huge answer": (http("200 OK", b"0" * 3_000_000), 200, "0" * 200 + "…"),
    "escape sequences": (http("200 OK", b"\x1b[2J\xe2\x80\xae\xff"), 200, None),
}


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("kind", TROUBLE)
def test_a_push_is_repeated_until_it_is_taken(
    start_sandbox: StartSandbox, start_receiver: Callable[..., Receiver], kind: str
) -> None:
    raw, status, answer = TROUBLE[kind]
    receiver = start_receiver(raw, raw)
    sandbox = start_sandbox(push_to=receiver.url)
    send(sandbox, "13800138000")
    send(sandbox, "13800138010")
    eventually(lambda: len(push_log(sandbox)) == 4)
    assert [report.mobile for report in receiver.events] == ["13800138000"] * 3 + ["13800138010"]
    first, *_, taken, other = push_log(sandbox)
    assert (first["attempt"], taken["attempt"], other["attempt"]) == (1, 3, 1)
    assert (taken["status"], taken["answer"]) == (200, "0")
    assert first["status"] == status
    assert answer is None or first["answer"] == answer
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", sandbox.log.read_text())


@pytest.mark.usefixtures("quick")
def test_pauses_grow_to_the_longest(start_sandbox: StartSandbox, start_receiver: Callable[..., Receiver]) -> None:
    receiver = start_receiver(*[http("500 Oh", b"")] * 5)
    send(start_sandbox(push_to=receiver.url), "13800138000")
    eventually(lambda: len(receiver.pushes) == 6)
    pauses = [after - before for before, after in zip(receiver.times, receiver.times[1:], strict=False)]
    assert all(pause >= least for pause, least in zip(pauses, (0.02, 0.04, 0.08, 0.08, 0.08), strict=True))


@pytest.mark.usefixtures("quick")
def test_pauses_do_not_grow_without_end(start_sandbox: StartSandbox, start_receiver: Callable[..., Receiver]) -> None:
    receiver = start_receiver(*[http("500 Oh", b"")] * 12)  # the last pause would be 41 s
    send(start_sandbox(push_to=receiver.url), "13800138000")
    eventually(lambda: len(receiver.pushes) == 13)


@pytest.mark.usefixtures("quick")
def test_a_host_that_cannot_be_one_is_logged(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(push_to="http://a..b/")
    send(sandbox, "13800138000")
    eventually(lambda: len(push_log(sandbox)) > 1)
    assert push_log(sandbox)[0]["status"] is None


@pytest.mark.usefixtures("quick")
def test_a_receiver_may_start_later(start_sandbox: StartSandbox, start_receiver: Callable[..., Receiver]) -> None:
    port = free_port()
    sandbox = start_sandbox(push_to=f"http://127.0.0.1:{port}/")
    assert send(sandbox, "13800138000").startswith("0,")
    eventually(lambda: push_log(sandbox))
    assert (push_log(sandbox)[0]["status"], "refused" in push_log(sandbox)[0]["answer"]) == (None, True)
    receiver = start_receiver(port=port)
    eventually(lambda: receiver.events)


def test_sends_do_not_wait_for_the_receiver(start_sandbox: StartSandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        sandbox = start_sandbox(push_to=f"http://127.0.0.1:{silent.getsockname()[1]}/")
        answers = [send(sandbox, "13800138000") for _ in range(5)]
    assert all(answer.startswith("0,") for answer in answers)


# --- the end ------------------------------------------------------------------------------------------------------


def accepted(mobile: str) -> Accepted:
    return Accepted("2026112220163193347136362", [mobile], "")


def test_what_waits_is_tried_once_more_at_the_end(
    start_receiver: Callable[..., Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pusher, "FIRST_PAUSE", 60)
    receiver = start_receiver(http("500 Oh", b""))
    logged: list[Mapping[str, object]] = []
    pushing = Pusher(receiver.url, PLAIN, logged.append)
    pushing.start()
    for ending in range(10, 60):
        pushing.push(accepted(f"138001380{ending}"))
    eventually(lambda: logged)
    pushing.stop()
    delivered = [report.mobile for report in receiver.events if isinstance(report, Report)]
    assert delivered == ["13800138010", *(f"138001380{ending}" for ending in range(10, 60))]


def test_a_receiver_that_is_gone_is_tried_only_once_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pusher, "FIRST_PAUSE", 60)
    logged: list[Mapping[str, object]] = []
    pushing = Pusher(f"http://127.0.0.1:{free_port()}/", PLAIN, logged.append)
    pushing.start()
    for _ in range(50):
        pushing.push(accepted("13800138000"))
    eventually(lambda: logged)
    pushing.stop()
    assert [entry["attempt"] for entry in logged] == [1, 2]


def test_a_receiver_that_hangs_does_not_hold_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pusher, "FLUSH", 0.1)
    monkeypatch.setattr(pusher, "PATIENCE", 5)
    logged: list[Mapping[str, object]] = []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        pushing = Pusher(f"http://127.0.0.1:{silent.getsockname()[1]}/", PLAIN, logged.append)
        pushing.start()
        pushing.push(accepted("13800138000"))
        connection, _ = silent.accept()
        with connection:
            pushing.stop()
            assert logged == []
    eventually(lambda: "pusher" not in {thread.name for thread in threading.enumerate()})
    assert logged == []  # its log may be closed by now


# --- the command --------------------------------------------------------------------------------------------------


class Process(NamedTuple):
    """`smscli sandbox` as a process of its own."""

    process: "subprocess.Popen[str]"
    endpoint: str


@pytest.fixture
def start_command(environment: dict[str, str]) -> Iterator[Callable[..., Process]]:
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> Process:
        process = subprocess.Popen(
            [sys.executable, "-m", "smscli", "sandbox", "--port", "0", *arguments],
            env=environment, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        assert process.stderr
        found = re.search(r"http://\S+", process.stderr.readline())
        assert found
        return Process(process, found[0])

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_the_command_pushes_as_a_profile(
    start_command: Callable[..., Process], receiver: Receiver, home: Path, smscli: Smscli
) -> None:
    write_config(home, '[profiles.shop]\npush_name = "gateway"\npush_pwd = "PUSH-PWD"\n')
    running = start_command("--push-to", receiver.url, "-p", "shop")
    account = {"SMSCLI_ENDPOINT": running.endpoint, "SMSCLI_NAME": "demo", "SMSCLI_PWD": "x"}
    assert smscli("send", "--mobile", "13800138004", "--content", "你好", **account).code == 0
    os.kill(running.process.pid, signal.SIGTERM)
    _, logged = running.process.communicate(timeout=10)
    assert running.process.returncode == 0
    assert [(push["mobile"], push["state"]) for push in receiver.pushes] == [("13800138004", "REJECTD")]
    assert is_trusted(receiver.pushes[0], PLAIN)
    assert '"state": "REJECTD"' in logged
    assert "PUSH-PWD" not in logged


@pytest.mark.parametrize(
    "url",
    ["127.0.0.1:8787", "ftp://127.0.0.1/", "http://", "http://[", "http://127.0.0.1:0/", "http://127.0.0.1:99999/",
     "http://u:PUSH-PWD@127.0.0.1/", "http://127.0.0.1/a b", "http://127.0.0.1/\r\nX: y", "http://127.0.0.1/推送"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(smscli: Smscli, url: str) -> None:
    ended = smscli("sandbox", "--push-to", url)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("smscli: --push-to needs an address like http://")
    assert "PUSH-PWD" not in ended.err


def test_a_profile_without_a_use_or_that_is_not_there_is_told(smscli: Smscli) -> None:
    alone = smscli("sandbox", "-p", "shop")
    assert (alone.code, alone.err.count("--push-to")) == (2, 1)
    missing = smscli("sandbox", "--push-to", "http://127.0.0.1:8787/", "-p", "shop")
    assert missing.code == 3
    assert "there is no profile 'shop'" in missing.err


def test_help_lists_the_endings() -> None:
    told = " ".join(str(sandbox_command.command.__doc__).split())
    assert [ending for ending in pusher.STATES.items() if " ".join(ending) not in told] == []
    assert [ending for ending in pusher.REPLIES if f"{ending} " not in told.partition("reply ")[2]] == []
