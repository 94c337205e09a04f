"""Reads HTTP/1.x requests from bytes, and writes answers as bytes; without the network.

h11 parses strictly. Before it sees a request line, raw bytes and raw spaces in the target are percent-encoded, because
gateways and their clients really send them (protocol §5). Limits: 64 KiB for the head, 1 MiB for the body.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import NamedTuple, cast
from urllib.parse import unquote_to_bytes

import h11

from smscli.protocol.forms import decode_form, decode_text

HEAD_LIMIT = 1 << 16
BODY_LIMIT = 1 << 20

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
    is_whole: bool = True  # False where the body was over the limit and only its start was kept

    def fields(self) -> dict[str, str]:
        """Return the parameters of query and body (form or multipart), the body's before the query's."""
        boundary = _BOUNDARY.match(self.headers.get("content-type", ""))
        if boundary:
            return decode_form(self.query) | _decode_multipart(self.body, boundary[1] or boundary[2])
        return decode_form(self.query) | decode_form(self.body)


class Response(NamedTuple):
    """What to answer; `headers` are added to the usual ones, or replace them."""

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
    """Return an answer that says only its status."""
    return Response(status, f"{status.value} {status.phrase}\n".encode(), "text/plain; charset=utf-8")


class BadRequestError(Exception):
    """The bytes are not a request, or the request is too large; `status` is what to answer."""

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


class Reader:
    """Makes requests out of the bytes in `buffer`."""

    def __init__(self, peer: str, body_limit: int, start_limit: int) -> None:
        self.buffer = bytearray()
        self._peer = peer
        self._body_limit, self._start_limit = body_limit, start_limit
        self._skipped = 0  # bytes of a body that are not kept
        self._searched = 0
        self._head: _Head | None = None
        self._chunks: h11.Connection | None = None
        self._body = bytearray()
        self._continued = False

    @property
    def begun(self) -> bool:
        """Whether a part of a request is here."""
        return bool(self.buffer or self._head)

    def take(self) -> Request | None:
        """Return the next request once all of it is here; BadRequestError where it is not a request, or too large."""
        try:
            self._head = self._head or self._read_head()
            body = self._read_body(self._head) if self._head else None
        except h11.RemoteProtocolError as error:
            raise BadRequestError(error.error_status_hint) from None
        if body is None or not self._head:
            return None
        head, self._head, self._chunks = self._head, None, None
        self._searched, self._continued = 0, False
        is_whole, self._skipped = not self._skipped, 0
        return Request(head.method, head.path, head.query, head.headers, body, head.keep_alive, self._peer, is_whole)

    def must_continue(self) -> bool:
        """Return, once for each request, whether the client waits for a `100 Continue` before it sends the body."""
        waits = bool(self._head and self._head.waits_for_100) and not self._continued
        self._continued |= waits
        return waits

    def _read_head(self) -> _Head | None:
        # Some clients add a line break to a body and do not count it.
        if self.buffer.startswith((b"\r", b"\n")):
            self.buffer = self.buffer.lstrip(b"\r\n")
        end = _HEAD_END.search(self.buffer, max(0, self._searched - 3), HEAD_LIMIT)
        self._searched = len(self.buffer)
        if not end:
            if self._searched >= HEAD_LIMIT:
                raise BadRequestError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
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
        if length > self._body_limit:
            return self._read_start(length)
        if len(self.buffer) < length:
            return None
        body = bytes(self.buffer[:length])
        del self.buffer[:length]
        return body

    def _read_start(self, length: int) -> bytes | None:
        """Read a body over the limit to its end, so that its sender sees the answer, and return its start."""
        taken = self.buffer[: length - len(self._body) - self._skipped]
        del self.buffer[: len(taken)]
        self._body += taken
        self._cut()
        return self._taken_body() if len(self._body) + self._skipped == length else None

    def _cut(self) -> None:
        if not self._start_limit:
            raise BadRequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        self._skipped += len(self._body[self._start_limit :])
        del self._body[self._start_limit :]

    def _taken_body(self) -> bytes:
        body = bytes(self._body)
        self._body.clear()
        return body

    def _read_chunks(self, parser: h11.Connection) -> bytes | None:
        if self.buffer:
            parser.receive_data(bytes(self.buffer))
            self.buffer.clear()
        while isinstance(event := parser.next_event(), h11.Data):
            self._body += event.data
            if self._skipped or len(self._body) > self._body_limit:
                self._cut()
        if not isinstance(event, h11.EndOfMessage):
            return None
        self.buffer += parser.trailing_data[0]
        return self._taken_body()


def _begun(raw: bytes) -> tuple[h11.Connection, h11.Request]:
    """Return a request's parser and its head, with its request line corrected."""
    parser = h11.Connection(h11.SERVER, HEAD_LIMIT)
    parser.receive_data(_corrected(raw))
    return parser, cast(h11.Request, parser.next_event())


@lru_cache(maxsize=64)  # one caller's heads are all alike
def _parsed_head(raw: bytes) -> _Head:
    parser, head = _begun(raw)
    headers = _checked_headers(head)
    path, _, query = head.target.partition(b"?")
    keeps = head.http_version != b"1.0" and "close" not in re.split(r"[\s,]+", headers.get("connection", "").lower())
    # h11 accepts several lengths only if they are equal.
    length = None if "transfer-encoding" in headers else int(headers.get("content-length", "0").partition(",")[0])
    path_text = decode_text(unquote_to_bytes(path))
    waits = parser.they_are_waiting_for_100_continue
    return _Head(head.method.decode(), path_text, query, headers, length, keeps, waits)


def _corrected(head: bytes) -> bytes:
    """Return a head with a request line as it should be; raw bytes and spaces belong to the target (protocol §5)."""
    line, _, rest = head.partition(b"\n")
    method, _, words = line.strip().partition(b" ")
    target, _, version = words.rpartition(b" ")
    target = _ORIGIN.sub(b"", target.strip(), count=1)
    if not words[: -len(version)].strip() or version not in (b"HTTP/1.0", b"HTTP/1.1"):
        raise BadRequestError(HTTPStatus.BAD_REQUEST)
    if method not in (b"GET", b"POST"):
        raise BadRequestError(HTTPStatus.METHOD_NOT_ALLOWED)
    target = _NOT_IN_A_TARGET.sub(lambda found: b"%%%02X" % ord(found[0]), target)
    return b"%b %b %b\r\n%b" % (method, target or b"/", version, rest)


def _checked_headers(head: h11.Request) -> dict[str, str]:
    """Return the headers, repeated ones joined by commas; BadRequestError where a length is not sure."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in head.headers.raw_items():
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    if headers.get("content-length") and "transfer-encoding" in headers:
        raise BadRequestError(HTTPStatus.BAD_REQUEST)  # a proxy and this server could read two different requests
    return headers


def _decode_multipart(body: bytes, boundary: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary.encode("latin-1"))[1:]:
        head, _, value = part.partition(b"\r\n\r\n")
        name = _PART_NAME.search(head)
        if name:
            fields.setdefault(decode_text(name[1] or name[2] or b"").strip().lower(), decode_text(value))
    return fields
