"""The server, over real sockets: its limits, its deadlines, and that one caller's oddities never hold up another."""

import asyncio
import re
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smscli.httpd import server as module
from smscli.httpd.request import BODY_LIMIT, HEAD_LIMIT, Request, Response
from smscli.httpd.server import Server, Takeover

GET = b"GET /%b HTTP/1.1\r\nHost: x\r\n\r\n"


async def echo(request: Request) -> Response | Takeover:
    """Answer with the path and the body; `/slow` and `/wait` take their time."""
    if request.path in ("/slow", "/wait"):
        await asyncio.sleep(0.3 if request.path == "/slow" else 60)
    return Response(200, f"[{request.path}|{request.body.decode()}]".encode())


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server(echo)
    running.start()
    yield running
    running.stop()


def connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=5)


def rest(connection: socket.socket) -> bytes:
    """Return all that comes until the connection closes."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def answers(server: Server, request: bytes) -> list[str]:
    """Send bytes and then nothing more; return what the answers' bodies say."""
    with connect(server) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return re.findall(r"\[([^]]*)\]", rest(connection).decode())


def is_closed(connection: socket.socket, within: float) -> bool:
    connection.settimeout(within)
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


# --- one connection -----------------------------------------------------------------------------------------------


def test_pipelined_requests_are_answered_in_order(server: Server) -> None:
    posted = b"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
    chunked = b"POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n"
    pipeline = GET % b"slow" + posted + chunked + b"\r\n" + GET % b"d \xe4\xbd\xa0" + GET % b"e"
    assert answers(server, pipeline) == ["/slow|", "/b|abc", "/c|de", "/d 你|", "/e|"]


def test_a_deep_pipeline_is_answered_as_fast_as_it_is_read(server: Server) -> None:
    request = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n" + b"y" * 50000
    with connect(server) as connection:
        connection.settimeout(0.5)
        sent = 0
        with suppress(TimeoutError):
            while sent < 4000:  # 200 MB, of which it may not hold much
                connection.sendall(request)
                sent += 1
    assert sent < 2000
    assert answers(server, GET % b"still") == ["/still|"]


def test_http_1_0_closes(server: Server) -> None:
    with connect(server) as connection:
        connection.sendall(b"GET /old HTTP/1.0\r\n\r\n")
        assert b"\r\nConnection: close\r\n" in rest(connection)


def test_a_client_that_is_gone_harms_nobody(server: Server) -> None:
    for _ in range(50):
        with connect(server) as connection:
            connection.sendall(GET % b"slow" * 3)
    assert answers(server, GET % b"a") == ["/a|"]


def test_headers_that_come_twice_are_joined() -> None:
    async def hops(request: Request) -> Response | Takeover:
        return Response(200, f"[{request.headers['x-forwarded-for']}]".encode())

    running = Server(hops)
    running.start()
    request = b"GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: a, b\r\nx-forwarded-for: c\r\n\r\n"
    assert answers(running, request) == ["a, b, c"]
    running.stop()


def test_a_body_beyond_the_limit_gets_its_answer(server: Server) -> None:
    with connect(server) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 62914560\r\n\r\n")
        with suppress(OSError):
            for _ in range(60):
                connection.sendall(bytes(1 << 20))
        with suppress(OSError):
            assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_many_chunks_count_together(server: Server) -> None:
    chunks = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    with connect(server) as connection, suppress(OSError):
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks * 17)
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("size", [100, 101, 5_000_000])
def test_the_start_of_a_body_beyond_the_limit_can_be_kept(size: int) -> None:
    async def measure(request: Request) -> Response | Takeover:
        return Response(200, f"[{request.path} {len(request.body)} {request.is_whole}]".encode())

    running = Server(measure, body_limit=100, start_limit=10)
    running.start()
    body = b"x" * size
    whole = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (size, body)
    chunked = b"POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (size, body)
    last = b"GET /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    kept = "100 True" if size == 100 else "10 False"
    assert answers(running, whole + chunked + last) == [f"/a {kept}", f"/b {kept}", "/c 0 True"]
    running.stop()


# --- deadlines ----------------------------------------------------------------------------------------------------


def test_the_limits() -> None:
    limits = HEAD_LIMIT, BODY_LIMIT, module.CONNECTION_LIMIT, module.REQUEST_SECONDS
    assert limits == (65536, 1048576, 512, 10)


@pytest.mark.parametrize(
    ("start", "drip"),
    [
        (b"", b""),
        (b"\r\n", b"\r\n"),
        (b"GET / HTTP/1.1\r\nX: ", b"y"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n", b"y"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\ny\r\n"),
        (GET % b"a" + b"GET / HTTP/1.1\r\nX: ", b"y"),
    ],
    ids=["nothing", "line-breaks", "headers", "body", "chunks", "second-request"],
)
def test_a_request_has_one_deadline(server: Server, monkeypatch: pytest.MonkeyPatch, start: bytes, drip: bytes) -> None:
    monkeypatch.setattr(module, "REQUEST_SECONDS", 0.6)
    with connect(server) as connection:
        connection.sendall(start)
        begin = time.monotonic()
        connection.settimeout(0.05)
        while time.monotonic() - begin < 4:
            try:
                connection.send(drip)
                if not connection.recv(1000):
                    break
            except TimeoutError:
                pass
            except OSError:
                break
        assert 0.3 < time.monotonic() - begin < 3


def test_an_idle_connection_lasts_longer_than_a_proxy_keeps_it(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert module.IDLE_SECONDS > 60
    monkeypatch.setattr(module, "REQUEST_SECONDS", 0.2)
    monkeypatch.setattr(module, "IDLE_SECONDS", 1.2)
    with connect(server) as connection:
        connection.sendall(GET % b"a")
        assert connection.recv(1000).endswith(b"[/a|]")
        assert not is_closed(connection, 0.7)
        assert is_closed(connection, 3)


def test_an_answer_may_take_longer_than_a_request(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REQUEST_SECONDS", 0.1)
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.1)
    assert answers(server, GET % b"slow") == ["/slow|"]


# --- many connections ---------------------------------------------------------------------------------------------


def test_the_one_that_has_waited_longest_gives_way(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONNECTION_LIMIT", 4)
    busy, old, used = connect(server), connect(server), connect(server)
    busy.sendall(GET % b"slow")
    used.sendall(GET % b"a")
    assert used.recv(1000).endswith(b"[/a|]")
    others = [connect(server), connect(server)]
    assert is_closed(old, 2)
    others[1].sendall(GET % b"b")
    assert others[1].recv(1000).endswith(b"[/b|]")
    others.append(connect(server))
    assert is_closed(used, 2)
    assert busy.recv(1000).endswith(b"[/slow|]")
    for connection in (busy, old, used, *others):
        connection.close()


def test_none_that_is_being_answered_gives_way(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONNECTION_LIMIT", 2)
    busy = [connect(server), connect(server)]
    for connection in busy:
        connection.sendall(GET % b"slow")
    time.sleep(0.1)
    with connect(server) as late:
        assert is_closed(late, 2)
    for connection in busy:
        assert connection.recv(1000).endswith(b"[/slow|]")
        connection.close()


def test_a_thousand_half_open_connections(server: Server) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    held = []
    try:
        for number in range(1000):
            held.append(connect(server))
            held[-1].sendall((b"", b"G", b"GET / HTTP/1.1\r\n")[number % 3])
            if number % 100 == 99:
                assert answers(server, GET % b"a") == ["/a|"]
    finally:
        for connection in held:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("patience", [0.2, 5])
def test_stop_lets_answers_leave_as_long_as_its_patience_lasts(patience: float) -> None:
    running = Server(echo, patience=patience)
    running.start()
    with connect(running) as idle, connect(running) as slow, connect(running) as endless:
        slow.sendall(GET % b"slow")
        if patience < 1:
            endless.sendall(GET % b"wait")
        time.sleep(0.05)
        begin = time.monotonic()
        running.stop()
        assert time.monotonic() - begin < 4
        assert is_closed(idle, 1)
        assert slow.recv(1000).endswith(b"[/slow|]") or patience < 1
        assert is_closed(endless, 1)
    with pytest.raises(ConnectionRefusedError):
        connect(running)


# --- arbitrary bytes ----------------------------------------------------------------------------------------------

PIECES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        (
            *(
                b"GET / HTTP/1.1\r\n",
                b"POST /x HTTP/1.0\r\n",
                b"Host: x\r\n",
                b"\r\n",
                b"\n\n",
                b"Content-Length: 5\r\n",
            ),
            *(b"Transfer-Encoding: chunked\r\n", b"Expect: 100-continue\r\n", b"5\r\nabcde\r\n", b"0\r\n\r\n", b"\x00"),
        )
    ),
)


@pytest.fixture(scope="module")
def steady() -> Iterator[Server]:
    running = Server(echo)
    running.start()
    yield running
    running.stop()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(PIECES, max_size=12))
def test_no_bytes_break_it(steady: Server, capfd: pytest.CaptureFixture[str], pieces: list[bytes]) -> None:
    with connect(steady) as connection, suppress(ConnectionError):
        connection.sendall(b"".join(pieces))
        connection.shutdown(socket.SHUT_WR)
        came = rest(connection)
        assert not came or came.startswith(b"HTTP/1.1 ")
    assert answers(steady, GET % b"a") == ["/a|"]
    assert capfd.readouterr().err == ""
