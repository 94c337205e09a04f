"""An answer belongs to the request before it, and after the gate nothing is a traceback."""

import http.client
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from http.cookiejar import CookieJar
from pathlib import Path
from select import select
from time import sleep
from typing import Any

import pytest
from urllib3.exceptions import LocationParseError

from smscli.config.profile import Profile, Secret
from smscli.errors import OutcomeUnknownError, UnreachableError
from smscli.gateway import connection as module
from smscli.gateway.client import Gateway
from smscli.protocol.forms import send_form
from smscli.sandbox.faults import Fault
from tests.support.command import peak_of
from tests.support.gateways import answer, answering, listening, read_request
from tests.support.sandboxes import RunningSandbox, numbers

STRAY = answer("", status="408 Request Timeout")
FORM = send_form("x", "13800138000")


@pytest.fixture
def open_gateway() -> Iterator[Callable[..., Gateway]]:
    """Open gateways inside the test's process; they close behind the test."""
    with ExitStack() as stack:

        def opened(port: int, timeout: float = 5) -> Gateway:
            endpoint = f"http://127.0.0.1:{port}/"
            gateway = Gateway(
                Profile("shop", endpoint=endpoint, name="demo", pwd=Secret("5ECRET-PWD"), timeout=timeout)
            )
            stack.callback(gateway.close)
            return gateway

        yield opened


# --- an answer belongs to the request before it -----------------------------------------------------------------------


class Numbered:
    """Answers each request with its own number as sendid, the second one between `before` and `behind`."""

    def __init__(self, before: bytes, behind: bytes, pause: float, status: str = "200 OK") -> None:
        self._before, self._behind, self._pause, self._status = before, behind, pause, status
        self.connections: list[list[str]] = []

    def __call__(self, connection: socket.socket) -> None:
        self.connections.append([])
        with suppress(OSError):  # the client closes it, also with bytes unread
            while request := read_request(connection):
                self._answer(connection, re.findall(rb"mobile=(\d+)", request)[0].decode())

    def _answer(self, connection: socket.socket, mobile: str) -> None:
        assert all(mobile not in group for group in self.connections), "it was sent twice"
        self.connections[-1].append(mobile)
        odd = sum(map(len, self.connections)) == 2
        own = answer(f"0,{mobile},0,1,0,ok", status=self._status if odd else "200 OK")
        pieces = [self._before, own, self._behind] if odd else [own]
        for piece in pieces if self._pause else [b"".join(pieces)]:
            connection.sendall(piece)
            sleep(self._pause if odd and piece else 0)


@pytest.mark.parametrize("pause", [0, 0.05])
@pytest.mark.parametrize(
    ("before", "behind", "status", "known"),
    [
        (b"HTTP/1.1 102 Processing\r\n\r\n", b"", "200 OK", True),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", b"", "200 OK", True),
        (b"", STRAY, "200 OK", True),
        (b"", b"\r\n", "200 OK", True),
        (STRAY, b"", "200 OK", False),
        (answer("busy", status="500 Oops"), b"", "200 OK", False),
        (answer("<html>"), b"", "200 OK", False),
        (answer("", "Location: /x", status="302 Found"), b"", "200 OK", False),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", b"", "200 OK", False),
        (b"HTTP/1.1 102 Processing\r\n\r\n" * 40, b"", "200 OK", False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"", "200 OK", False),
        (b"", b"", "502 Bad Gateway", False),
    ],
)
def test_no_answer_is_taken_for_the_one_of_another_request(
    open_gateway: Callable[..., Gateway], before: bytes, behind: bytes, status: str, known: bool, pause: float
) -> None:
    server = Numbered(before, behind, pause, status)
    got: list[str] = []
    people = numbers(4)
    with listening(server) as port:
        gateway = open_gateway(port)
        for mobile in people:
            try:
                got.append(gateway.send(send_form("x", mobile)).sendid)
            except OutcomeUnknownError:
                got.append("unknown")
            sleep(2 * pause if behind else 0)  # what comes when the next request has left is taken for its answer
        gateway.close()
    assert got == [people[0], people[1] if known else "unknown", *people[2:]]
    # What came behind the second answer, or instead of it, ended its connection; the others are kept.
    informational = known and before
    assert server.connections == ([list(people)] if informational else [list(people[:2]), list(people[2:])])


def test_what_is_said_before_the_question_is_no_answer_to_it(open_gateway: Callable[..., Gateway]) -> None:
    heard: list[bytes] = []

    def greet(connection: socket.socket) -> None:
        connection.sendall(answer("0,1,0,1,0,ok"))
        with suppress(ConnectionResetError):
            heard.append(connection.recv(100))

    with listening(greet) as port:
        gateway = open_gateway(port)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "_has_input", lambda sock: bool(select([sock], [], [], 5)[0]))
            with pytest.raises(UnreachableError, match=r"answers .* before it is asked\. Nothing was sent\."):
                gateway.send(FORM)
    assert b"".join(heard) == b""


def test_a_kept_connection_that_speaks_at_the_last_moment_is_replaced(open_gateway: Callable[..., Gateway]) -> None:
    server = Numbered(b"", b"", 0)
    with listening(server) as port:
        gateway = open_gateway(port)
        gateway.send(send_form("x", "13800138001"))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "_has_input", lambda sock, said=[True]: bool(said) and said.pop())
            assert gateway.send(send_form("x", "13800138002")).sendid == "13800138002"
        gateway.close()
    assert server.connections == [["13800138001"], ["13800138002"]]


# --- whatever is raised, on either side of the gate -------------------------------------------------------------------

RAISED = [
    LocationParseError("x"), UnicodeError("x"), ValueError("x"), http.client.HTTPException("x"), MemoryError(),
    TypeError("x"), RecursionError(), OSError(5, "x"),
]  # fmt: skip


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
def test_whatever_is_raised_after_the_gate_leaves_the_outcome_unknown(
    open_gateway: Callable[..., Gateway], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: Any) -> None:
        raise error

    with listening(lambda connection: print(read_request(connection))) as port:
        monkeypatch.setattr(module._FinalResponse, "begin", fail)
        with pytest.raises(OutcomeUnknownError, match="took the request and then"):
            open_gateway(port).send(FORM)


@pytest.mark.parametrize(
    "error", [TypeError("x"), KeyError("x"), ValueError("x")], ids=lambda error: type(error).__name__
)
def test_a_bug_before_the_gate_stays_a_bug(
    open_gateway: Callable[..., Gateway], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: Any) -> None:
        raise error

    with listening(lambda connection: print(read_request(connection))) as port:
        monkeypatch.setattr(module, "_has_input", fail)
        with pytest.raises(type(error), match="x"):
            open_gateway(port).send(FORM)


# --- what is never looked at, and how much is read --------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        ("Location: http://[::1",),
        ("Location: http://portal/请登录",),
        ("Location: http://h:99999999/x",),
        ("Set-Cookie: a=b; Domain=[; Expires=never",),
        ("Content-Encoding: gzip",),
        ("Content-Encoding: br, nonsense",),
        ("Retry-After: 1",),
    ],
)
@pytest.mark.parametrize("status", ["302 Found", "200 OK", "503 Busy"])
def test_no_header_is_acted_upon(
    open_gateway: Callable[..., Gateway], monkeypatch: pytest.MonkeyPatch, headers: tuple[str, ...], status: str
) -> None:
    def never(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(CookieJar, "extract_cookies", never)
    reply = answer("0,1,0,1,0,提交成功", status=status).replace(b"\r\n\r\n", f"\r\n{headers[0]}\r\n\r\n".encode(), 1)
    with answering(reply) as endpoint:
        gateway = open_gateway(int(endpoint.split(":")[2].strip("/")))
        if status == "200 OK":
            assert gateway.send(FORM).msg == "提交成功"
        else:
            with pytest.raises(OutcomeUnknownError, match=r"redirects|HTTP"):
                gateway.send(FORM)


@pytest.mark.parametrize("flood", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 102 Processing\r\nA: b\r\n\r\n", b"x"])
def test_a_flood_ends(open_gateway: Callable[..., Gateway], flood: bytes) -> None:
    sent: list[int] = []

    def pour(connection: socket.socket) -> None:
        read_request(connection)
        try:
            for _ in range(1000):
                sent.append(connection.send(flood * 4096))
        except OSError:
            pass

    before = set(threading.enumerate())
    with listening(pour) as port:
        gateway = open_gateway(port)
        with pytest.raises(OutcomeUnknownError):
            gateway.send(FORM)
        gateway.close()
        for thread in [thread for thread in set(threading.enumerate()) - before if "_serve" in thread.name]:
            thread.join(5)
            assert not thread.is_alive()
    assert len(sent) < 1000


def test_a_small_answer_that_unpacks_to_a_large_one_stays_small(
    environment: dict[str, str], tmp_path: Path, start_sandbox: Callable[..., RunningSandbox]
) -> None:
    nothing = tmp_path / "nothing"
    nothing.touch()
    variables = environment | start_sandbox(fault=Fault.GZIP_BOMB).variables
    code, peak, said = peak_of(["send", "--mobile", "13800138000", "--content", "x"], variables, nothing)
    assert (code, b"redirects" in said) == (6, True)
    assert peak < 60  # MiB; unpacked, it alone has 32


def test_the_password_is_not_in_what_a_page_makes_us_say(open_gateway: Callable[..., Gateway]) -> None:
    page = "<html><title>Error 500: {}</title>see /sms.aspx?pwd={}</html>"
    for title, body, said in [
        ("broken", "5ECRET-PWD", "HTTP 500: 'Error 500: broken'."),
        ("5ECRET%2dPWD", "", "HTTP 500."),
    ]:
        with answering(answer(page.format(title, body), status="500 Oops")) as endpoint:
            port = int(endpoint.split(":")[2].strip("/"))
            with pytest.raises(OutcomeUnknownError) as caught:
                open_gateway(port).send(FORM)
        assert str(caught.value) == f"the gateway answered {said}"
