"""Serves HTTP/1.x on a socket: hands each parsed request to a callable and writes what it returns.

It takes what gateways and their clients really send (protocol §5), raw bytes and raw spaces in the request line
included, which is why the standard library's server does not do. Limits: 64 KiB for the head, 1 MiB for the body,
30 seconds for a request to arrive and for a connection to stay idle.
"""

import os
import re
import socket
import socketserver
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from time import monotonic

from smscli.wire import decode_form, decode_text

HEAD_LIMIT = 1 << 16
BODY_LIMIT = 1 << 20
TIMEOUT = 30.0

_HEADER_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_ORIGIN = re.compile(rb"\Ahttps?://[^/?]*", re.IGNORECASE)
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_LINE_END = re.compile(rb"\r?\n")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?")
_BOUNDARY = re.compile(r'multipart/form-data\b.*\bboundary=(?:"([^"]+)"|([^\s;]+))', re.IGNORECASE)
_PART_NAME = re.compile(rb'\bname=(?:"([^"]*)"|([^\s;]+))', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came: `query` and `body` are raw bytes, header names are in lower case."""

    method: str
    path: str
    query: bytes
    headers: Mapping[str, str]
    body: bytes
    keep_alive: bool

    def fields(self) -> dict[str, str]:
        """Return the parameters of query and body (form or multipart), the body's before the query's."""
        boundary = _BOUNDARY.match(self.headers.get("content-type", ""))
        if boundary:
            return decode_form(self.query) | _decode_multipart(self.body, boundary[1] or boundary[2])
        return decode_form(self.query) | decode_form(self.body)


@dataclass(frozen=True, slots=True)
class Response:
    """What to answer."""

    status: int
    body: bytes
    content_type: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)

    def encode(self, keep_alive: bool = False) -> bytes:
        """Return the answer as it goes over the wire; without `keep_alive` it says that the connection closes."""
        headers = {"Content-Type": self.content_type, "Content-Length": str(len(self.body)), **self.headers}
        if not keep_alive:
            headers["Connection"] = "close"
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}\r\n{lines}\r\n".encode("latin-1") + self.body


# Instead of an answer: takes the connection into its own hands; it is closed afterwards.
Takeover = Callable[[socket.socket], None]
Respond = Callable[[Request], Response | Takeover]


class Server(socketserver.ThreadingTCPServer):
    """Listens at once, serves between `start` and `stop`, a daemon thread a connection; port 0 takes any free one."""

    request_queue_size = 256
    daemon_threads = True
    # On Windows the option lets two programs share a port; elsewhere it only skips the wait after a restart.
    allow_reuse_address = os.name == "posix"

    def __init__(self, respond: Respond, host: str = "127.0.0.1", port: int = 0) -> None:
        """Bind the address; OSError where it is taken or not allowed."""
        self.respond = respond
        self.stopping = False
        self._conversations: dict[socket.socket, threading.Thread] = {}
        super().__init__((host, port), _Conversation)

    @property
    def port(self) -> int:
        """The port that is really listened on."""
        return int(self.socket.getsockname()[1])

    def start(self) -> None:
        """Serve in a thread of its own."""
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Take no more requests, let answers on their way leave (for a second at most), close everything."""
        self.stopping = True
        self.shutdown()
        conversations = list(self._conversations.items())
        for connection, _ in conversations:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RD)
        deadline = monotonic() + 1
        for _, thread in conversations:
            thread.join(max(0, deadline - monotonic()))
        self.server_close()

    def process_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        """Start the connection's thread, and remember both so that `stop` can end them."""
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        self._conversations[request] = thread
        thread.start()

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]
        """Close a connection, and forget it."""
        super().shutdown_request(request)
        self._conversations.pop(request, None)


class _Conversation(socketserver.BaseRequestHandler):
    """One connection, request after request."""

    server: Server
    request: socket.socket

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = _Reader(self.request)
        # The client went away, or took too long.
        with suppress(OSError):
            while self._exchange(reader):
                pass

    def _exchange(self, reader: "_Reader") -> bool:
        try:
            request = reader.read_request()
        except _BadRequestError as bad:
            self._refuse(reader, bad.status)
            return False
        if self.server.stopping:
            return False
        self.request.settimeout(TIMEOUT)
        answer = self._respond(request)
        if not isinstance(answer, Response):
            answer(self.request)
            return False
        self.request.sendall(answer.encode(request.keep_alive))
        return request.keep_alive

    def _respond(self, request: Request) -> Response | Takeover:
        try:
            return self.server.respond(request)
        except Exception:
            traceback.print_exc(file=sys.stderr)
            return _plain(HTTPStatus.INTERNAL_SERVER_ERROR)

    def _refuse(self, reader: "_Reader", status: HTTPStatus) -> None:
        self.request.sendall(_plain(status).encode())
        # A close with unread bytes resets the connection, and the answer may be lost with it.
        self.request.shutdown(socket.SHUT_WR)
        reader.discard(1)


class _BadRequestError(Exception):
    def __init__(self, status: HTTPStatus) -> None:
        self.status = status


class _Reader:
    """Reads requests from a connection; OSError where it ends or the time is over."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = bytearray()
        self._deadline = 0.0

    def read_request(self) -> Request:
        """Wait for a request and read it; `_BadRequestError` where it is none, or too large."""
        self._wait()
        line, *header_lines = _LINE_END.split(self._until(_HEAD_END))
        method, target, version = _parse_request_line(line)
        path, _, query = target.partition(b"?")
        headers = _parse_headers(header_lines)
        modern = version != b"HTTP/1.0"
        body = self._body(headers, modern)
        keep_alive = modern and "close" not in headers.get("connection", "").lower()
        return Request(method.decode(), decode_text(path), query, headers, body, keep_alive)

    def discard(self, seconds: float) -> None:
        """Throw away what still comes."""
        self._deadline = monotonic() + seconds
        while True:
            self._buffer.clear()
            self._receive()

    def _wait(self) -> None:
        self._deadline = monotonic() + TIMEOUT
        # Some clients end a body with a line break that they do not count.
        self._buffer = self._buffer.lstrip(b"\r\n")
        while not self._buffer:
            self._receive()
            self._buffer = self._buffer.lstrip(b"\r\n")
        self._deadline = monotonic() + TIMEOUT

    def _body(self, headers: Mapping[str, str], modern: bool) -> bytes:
        coding, length = headers.get("transfer-encoding"), headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()) or (coding and "content-length" in headers):
            raise _BadRequestError(HTTPStatus.BAD_REQUEST)
        if coding and coding.lower() != "chunked":
            raise _BadRequestError(HTTPStatus.NOT_IMPLEMENTED)
        if len(length) > 9 or int(length) > BODY_LIMIT:
            raise _BadRequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if modern and headers.get("expect", "").lower() == "100-continue" and not self._buffer:
            self._connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return self._chunks() if coding else self._take(int(length))

    def _chunks(self) -> bytes:
        body = bytearray()
        while size := self._chunk_size():
            if len(body) + size > BODY_LIMIT:
                raise _BadRequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            body += self._take(size)
            if self._until(_LINE_END):
                raise _BadRequestError(HTTPStatus.BAD_REQUEST)
        while self._until(_LINE_END):  # trailers
            pass
        return bytes(body)

    def _chunk_size(self) -> int:
        found = _CHUNK_SIZE.fullmatch(self._until(_LINE_END))
        if not found:
            raise _BadRequestError(HTTPStatus.BAD_REQUEST)
        return int(found[1], 16)

    def _until(self, end: re.Pattern[bytes]) -> bytes:
        searched = 0
        while not (found := end.search(self._buffer, max(0, searched - 3), HEAD_LIMIT)):
            searched = len(self._buffer)
            if searched >= HEAD_LIMIT:
                raise _BadRequestError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            self._receive()
        start, after = found.span()
        return self._take(after)[:start]

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._receive()
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def _receive(self) -> None:
        left = self._deadline - monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        received = self._connection.recv(1 << 16)
        if not received:
            raise ConnectionError
        self._buffer += received


def _parse_request_line(line: bytes) -> tuple[bytes, bytes, bytes]:
    """Return method, target and version; raw spaces belong to the target (protocol §5)."""
    method, _, rest = line.strip().partition(b" ")
    target, _, version = rest.rpartition(b" ")
    if not target.strip() or version not in (b"HTTP/1.0", b"HTTP/1.1"):
        raise _BadRequestError(HTTPStatus.BAD_REQUEST)
    if method not in (b"GET", b"POST"):
        raise _BadRequestError(HTTPStatus.METHOD_NOT_ALLOWED)
    return method, _ORIGIN.sub(b"", target.strip(), count=1), version


def _parse_headers(lines: list[bytes]) -> dict[str, str]:
    """Return the headers, repeated ones joined by commas, so that two lengths are no length."""
    headers: dict[str, str] = {}
    for line in lines:
        raw_name, colon, raw_value = line.partition(b":")
        if not colon or not _HEADER_NAME.fullmatch(raw_name):
            raise _BadRequestError(HTTPStatus.BAD_REQUEST)
        name, value = raw_name.decode("latin-1").lower(), raw_value.strip().decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _decode_multipart(body: bytes, boundary: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary.encode("latin-1"))[1:]:
        head, _, value = part.partition(b"\r\n\r\n")
        name = _PART_NAME.search(head)
        if name:
            fields.setdefault(decode_text(name[1] or name[2] or b"").strip().lower(), decode_text(value))
    return fields


def _plain(status: HTTPStatus) -> Response:
    return Response(status, f"{status.value} {status.phrase}\n".encode(), "text/plain; charset=utf-8")
