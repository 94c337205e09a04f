"""Serves HTTP/1.x on a socket: hands each parsed request to a coroutine and writes what it returns.

h11 parses strictly; before it sees a request line, raw bytes and raw spaces in the target are percent-encoded, since
gateways and their clients really send them (protocol §5). Limits: 64 KiB for the head, 1 MiB for the body, 10 seconds
for a whole request, 75 seconds between two, 512 connections, of which the one that has waited longest gives way.
"""

import asyncio
import re
import socket
import sys
import threading
import traceback
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import lru_cache, partial
from http import HTTPStatus
from typing import Any, NamedTuple, cast
from urllib.parse import unquote_to_bytes

import h11

from smscli.protocol.forms import decode_form, decode_text

HEAD_LIMIT = 1 << 16
BODY_LIMIT = 1 << 20
CONNECTION_LIMIT = 512
REQUEST_SECONDS = 10.0
# More than a proxy keeps its connections open (nginx: 60), so that no request meets one that is just being closed.
IDLE_SECONDS = 75.0

_AT_ONCE = 4
_OTHER_FILES = 64  # also those of connections that are just coming and going
_SWEEP_SECONDS = 0.25
_FAREWELL_SECONDS = 1.0
_ORIGIN = re.compile(rb"\Ahttps?://[^/?]*", re.IGNORECASE)
_HEAD_END = re.compile(rb"\n\r?\n")
_NOT_IN_A_TARGET = re.compile(rb"[^\x21-\x7e]")
_BOUNDARY = re.compile(r'multipart/form-data\b.*\bboundary=(?:"([^"]+)"|([^\s;]+))', re.IGNORECASE)
_PART_NAME = re.compile(rb'\bname=(?:"([^"]*)"|([^\s;]+))', re.IGNORECASE)


class Request(NamedTuple):
    """One request as it came: `query` and `body` are raw bytes, header names in lower case, `peer` an IP address."""

    method: str
    path: str
    query: bytes
    headers: Mapping[str, str]
    body: bytes
    keep_alive: bool
    peer: str

    def fields(self) -> dict[str, str]:
        """Return the parameters of query and body (form or multipart), the body's before the query's."""
        boundary = _BOUNDARY.match(self.headers.get("content-type", ""))
        if boundary:
            return decode_form(self.query) | _decode_multipart(self.body, boundary[1] or boundary[2])
        return decode_form(self.query) | decode_form(self.body)


class Response(NamedTuple):
    """What to answer; `headers` come on top of the usual ones, or instead of them."""

    status: int
    body: bytes
    content_type: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = {}

    def encode(self, keep_alive: bool = False) -> bytes:
        """Return the answer as it goes over the wire; without `keep_alive` it says that the connection closes."""
        headers = {"Content-Type": self.content_type, "Content-Length": str(len(self.body)), **self.headers}
        if not keep_alive:
            headers["Connection"] = "close"
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}\r\n{lines}\r\n".encode("latin-1") + self.body


def plain(status: HTTPStatus) -> Response:
    """Return an answer that says nothing but its status."""
    return Response(status, f"{status.value} {status.phrase}\n".encode(), "text/plain; charset=utf-8")


# Instead of an answer: takes the connection into its own hands; it is closed afterwards.
Takeover = Callable[[asyncio.Transport], Awaitable[None]]
# A future costs less than a coroutine, which gets a task of its own.
Respond = Callable[[Request], Awaitable[Response | Takeover]]


class Server:
    """Listens at once, serves between `start` and `stop` in a thread of its own; port 0 takes any free one.

    `patience` is how long `stop` lets answers on their way leave, in seconds.
    """

    def __init__(self, respond: Respond, host: str = "127.0.0.1", port: int = 0, patience: float = 1) -> None:
        """Bind the address; OSError where it is taken, not allowed or unknown."""
        self.respond = respond
        self.stopping = asyncio.Event()
        self._patience = patience
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        self._socket = socket.create_server(address[:2], family=family, backlog=CONNECTION_LIMIT)
        self.port = int(self._socket.getsockname()[1])
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._connections: set[_Connection] = set()
        self._affordable = _affordable()
        self._waiting: dict[_Connection, None] = {}  # for a request, the one that has waited longest first
        self._all_gone = asyncio.Event()

    def start(self) -> None:
        """Serve in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Take no more requests, let answers on their way leave, close everything."""
        self._loop.call_soon_threadsafe(self.stopping.set)
        self._thread.join()

    async def pause(self, seconds: float) -> None:
        """Wait that long, but not longer than the server serves."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stopping.wait()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        # The loop takes so many at once before it looks at the limit; the system keeps more of them waiting.
        listener = await self._loop.create_server(lambda: _Connection(self), sock=self._socket, backlog=_AT_ONCE)
        self._socket.listen(CONNECTION_LIMIT)
        while not self.stopping.is_set():
            await self.pause(_SWEEP_SECONDS)
            self._close_late_ones()
        listener.close()
        for connection in list(self._waiting):
            connection.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                await self._drain()
        await self._abandon()

    async def _drain(self) -> None:
        while tasks := self._tasks():  # answers, what these started, and connections that were just accepted
            await asyncio.wait(tasks)
        if self._connections:
            await self._all_gone.wait()

    async def _abandon(self) -> None:
        for connection in list(self._connections):
            connection.abort()
        for task in (tasks := self._tasks()):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # in which the aborted ones close

    def _tasks(self) -> set["asyncio.Task[Any]"]:
        return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}

    def _close_late_ones(self) -> None:
        now = self._loop.time()
        for connection in [waiting for waiting in self._waiting if waiting.deadline < now]:
            connection.abort()

    def admit(self, connection: "_Connection") -> None:
        """Count a new connection; where there are too many, the one that has waited longest for a request goes."""
        self._connections.add(connection)
        if self.stopping.is_set():
            connection.abort()
        elif len(self._connections) > min(CONNECTION_LIMIT, self._affordable):
            oldest = next(iter(self._waiting), connection)
            self._waiting.pop(oldest, None)  # or it would be chosen again before it has gone
            oldest.abort()

    def forget(self, connection: "_Connection") -> None:
        """Count a connection no more."""
        self._connections.discard(connection)
        self._waiting.pop(connection, None)
        if not self._connections and self.stopping.is_set():
            self._all_gone.set()

    def waits(self, connection: "_Connection", waiting: bool) -> None:
        """Note that a connection waits for a request from now on, or has one that is being answered."""
        self._waiting.pop(connection, None)
        if waiting:
            self._waiting[connection] = None


def _affordable() -> int:
    """Return how many connections this process may have open; some files are needed for other things."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return CONNECTION_LIMIT
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return CONNECTION_LIMIT if soft == resource.RLIM_INFINITY else max(soft - _OTHER_FILES, _OTHER_FILES // 4)


class _Connection(asyncio.Protocol):
    """One connection, request after request; `deadline` is when it has waited too long, by the loop's clock."""

    _transport: asyncio.Transport

    def __init__(self, server: Server) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[Any] | None = None  # the one that is waited for
        self._taken = True  # the peer takes what is written
        self._half_closed = False  # the peer sends no more
        self._refused = False  # what still comes is thrown away
        self.deadline = self._loop.time() + REQUEST_SECONDS

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self._reader = _Reader(str(peer[0]) if peer else "")
        self._server.waits(self, True)
        self._server.admit(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.forget(self)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        begun = self._reader.begun
        self._reader.buffer += data
        self._next()
        if self._reader.begun and not begun:
            self.deadline = self._loop.time() + REQUEST_SECONDS

    def eof_received(self) -> bool:
        self._half_closed = True
        return self._answer is not None or not self._taken  # then something is still to leave

    def pause_writing(self) -> None:
        self._taken = False

    def resume_writing(self) -> None:
        self._taken = True
        self._transport.resume_reading()
        self._next()
        if self._half_closed and self._answer is None:
            self._transport.close()

    def close(self) -> None:
        """Close when what was written has left."""
        self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def _next(self) -> None:
        """Answer the next request that is here; one at a time, and none while the peer does not take its answers."""
        if self._answer or not self._taken or self._transport.is_closing():
            if len(self._reader.buffer) > HEAD_LIMIT:
                self._transport.pause_reading()
            return
        try:
            request = self._reader.take()
        except _BadRequestError as bad:
            self._refuse(bad.status)
            return
        if request:
            self._server.waits(self, False)
            self._begin(request)
        elif self._reader.must_continue():
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _begin(self, request: Request) -> None:
        try:
            self._answer = asyncio.ensure_future(self._server.respond(request))
        except Exception as error:
            self._answer = self._loop.create_future()
            self._answer.set_exception(error)
        self._answer.add_done_callback(partial(self._reply, request.keep_alive))

    def _reply(self, keep_alive: bool, answered: "asyncio.Future[Response | Takeover]") -> None:
        if answered.cancelled():
            return
        try:
            answer = answered.result()
        except Exception:
            traceback.print_exc(file=sys.stderr)
            answer = plain(HTTPStatus.INTERNAL_SERVER_ERROR)
        if not isinstance(answer, Response):
            self._answer = asyncio.ensure_future(answer(self._transport))
            self._answer.add_done_callback(lambda _: self._transport.close())
            return
        keep_alive = keep_alive and not self._server.stopping.is_set()
        self._transport.write(answer.encode(keep_alive))
        self._answer = None
        if keep_alive and not self._transport.is_closing():
            self._wait()
        else:
            self._transport.close()

    def _wait(self) -> None:
        self.deadline = self._loop.time() + (REQUEST_SECONDS if self._reader.begun else IDLE_SECONDS)
        self._server.waits(self, True)
        self._transport.resume_reading()
        self._next()
        if self._half_closed and self._answer is None:
            self._transport.close()

    def _refuse(self, status: HTTPStatus) -> None:
        # A close with unread bytes resets the connection, and the answer may be lost with it.
        self._refused = True
        self._transport.write(plain(status).encode())
        self._transport.write_eof()
        self.deadline = self._loop.time() + _FAREWELL_SECONDS


class _BadRequestError(Exception):
    def __init__(self, status: int) -> None:
        self.status = HTTPStatus(status)


class _Head(NamedTuple):
    """What a request's head says; a body without a length comes in chunks."""

    method: str
    path: str
    query: bytes
    headers: Mapping[str, str]
    length: int | None
    keep_alive: bool
    waits_for_100: bool


class _Reader:
    """Makes requests out of the bytes in `buffer`."""

    def __init__(self, peer: str) -> None:
        self.buffer = bytearray()
        self._peer = peer
        self._searched = 0
        self._head: _Head | None = None
        self._chunks: h11.Connection | None = None
        self._body = bytearray()
        self._told_to_continue = False

    @property
    def begun(self) -> bool:
        """Whether a part of a request is here."""
        return bool(self.buffer or self._head)

    def take(self) -> Request | None:
        """Return the next request once all of it is here; `_BadRequestError` where it is none, or too large."""
        try:
            self._head = self._head or self._read_head()
            body = self._read_body(self._head) if self._head else None
        except h11.RemoteProtocolError as error:
            raise _BadRequestError(error.error_status_hint) from None
        if body is None or not self._head:
            return None
        head, self._head, self._chunks = self._head, None, None
        self._searched, self._told_to_continue = 0, False
        return Request(head.method, head.path, head.query, head.headers, body, head.keep_alive, self._peer)

    def must_continue(self) -> bool:
        """Tell, once a request, whether the client waits for permission to send the body."""
        waits = bool(self._head and self._head.waits_for_100) and not self._told_to_continue
        self._told_to_continue |= waits
        return waits

    def _read_head(self) -> _Head | None:
        # Some clients end a body with a line break that they do not count.
        if self.buffer.startswith((b"\r", b"\n")):
            self.buffer = self.buffer.lstrip(b"\r\n")
        end = _HEAD_END.search(self.buffer, max(0, self._searched - 3), HEAD_LIMIT)
        self._searched = len(self.buffer)
        if not end:
            if self._searched >= HEAD_LIMIT:
                raise _BadRequestError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            return None
        raw = bytes(self.buffer[: end.end()])
        del self.buffer[: end.end()]
        head = _parsed_head(raw)
        if head.length is None:
            self._chunks, _ = _begun(raw)
        return head

    def _read_body(self, head: _Head) -> bytes | None:
        if self._chunks:
            return self._read_chunks(self._chunks)
        length = head.length or 0
        if len(self.buffer) < length:
            return None
        body = bytes(self.buffer[:length])
        del self.buffer[:length]
        return body

    def _read_chunks(self, parser: h11.Connection) -> bytes | None:
        if self.buffer:
            parser.receive_data(bytes(self.buffer))
            self.buffer.clear()
        while isinstance(event := parser.next_event(), h11.Data):
            self._body += event.data
            if len(self._body) > BODY_LIMIT:
                raise _BadRequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if not isinstance(event, h11.EndOfMessage):
            return None
        self.buffer += parser.trailing_data[0]
        body = bytes(self._body)
        self._body.clear()
        return body


def _begun(raw: bytes) -> tuple[h11.Connection, h11.Request]:
    """Return a request's parser and its head, behind a mended request line."""
    parser = h11.Connection(h11.SERVER, HEAD_LIMIT)
    parser.receive_data(_mended(raw))
    return parser, cast(h11.Request, parser.next_event())


@lru_cache(maxsize=64)  # one caller's heads are all alike
def _parsed_head(raw: bytes) -> _Head:
    parser, head = _begun(raw)
    headers = _checked_headers(head)
    path, _, query = head.target.partition(b"?")
    keeps = head.http_version != b"1.0" and "close" not in re.split(r"[\s,]+", headers.get("connection", "").lower())
    # h11 has seen to it that several lengths are the same.
    length = None if "transfer-encoding" in headers else int(headers.get("content-length", "0").partition(",")[0])
    path_text = decode_text(unquote_to_bytes(path))
    waits = parser.they_are_waiting_for_100_continue
    return _Head(head.method.decode(), path_text, query, headers, length, keeps, waits)


def _mended(head: bytes) -> bytes:
    """Return a head with a request line as it should be; raw bytes and spaces belong to the target (protocol §5)."""
    line, _, rest = head.partition(b"\n")
    method, _, words = line.strip().partition(b" ")
    target, _, version = words.rpartition(b" ")
    target = _ORIGIN.sub(b"", target.strip(), count=1)
    if not words[: -len(version)].strip() or version not in (b"HTTP/1.0", b"HTTP/1.1"):
        raise _BadRequestError(HTTPStatus.BAD_REQUEST)
    if method not in (b"GET", b"POST"):
        raise _BadRequestError(HTTPStatus.METHOD_NOT_ALLOWED)
    target = _NOT_IN_A_TARGET.sub(lambda found: b"%%%02X" % ord(found[0]), target)
    return b"%b %b %b\r\n%b" % (method, target or b"/", version, rest)


def _checked_headers(head: h11.Request) -> dict[str, str]:
    """Return the headers, repeated ones joined by commas; a length is one that is taken and is the only one."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in head.headers.raw_items():
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    length = headers.get("content-length", "").partition(",")[0]
    if length and "transfer-encoding" in headers:
        raise _BadRequestError(HTTPStatus.BAD_REQUEST)  # two who read it differently see different requests
    if length and int(length) > BODY_LIMIT:
        raise _BadRequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return headers


def _decode_multipart(body: bytes, boundary: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary.encode("latin-1"))[1:]:
        head, _, value = part.partition(b"\r\n\r\n")
        name = _PART_NAME.search(head)
        if name:
            fields.setdefault(decode_text(name[1] or name[2] or b"").strip().lower(), decode_text(value))
    return fields
