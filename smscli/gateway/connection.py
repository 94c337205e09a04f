"""Connections that write only through a gate and read only one answer. They use requests below its Session.

An exchange puts itself into `current.exchange` of its thread; there the connection finds its gate and its deadline.
"""

import ssl
import threading
import warnings
from http.client import HTTPResponse
from io import BufferedReader, RawIOBase
from time import monotonic
from typing import Any

from smscli.loading import Without

# Unused: the guessing of charsets, for answers are read as bytes and decoded here (17 ms), and the look-up of packages'
# versions, which urllib3 needs for HTTP/2 alone.
with warnings.catch_warnings(), Without("chardet", "charset_normalizer", "importlib.metadata"):
    warnings.simplefilter("ignore")
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3 import exceptions as net
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

__all__ = (
    "ANSWER_LIMIT", "GatedAdapter", "Incoming", "TooLateError", "TooLongError", "UnaskedError", "current",
    "net", "requests",  # import them only from here: the import above keeps the charsets out
)  # fmt: skip

ANSWER_LIMIT = 64 << 10  # bytes, head and body
_INFORMATIONAL_LIMIT = 16  # answers like "102 Processing" before the real one

current = threading.local()


class TooLateError(TimeoutError):
    """The deadline passed while the connection was being made."""


class TooLongError(OSError):
    """The answer is longer than this gateway ever gives, so it was not read to its end."""


class UnaskedError(Exception):
    """Something came, or the connection was closed, before the request was written."""


# --- what is read -------------------------------------------------------------------------------------------------


class _Socket(RawIOBase):
    """A socket's stream that ends with an error at the exchange's deadline, or where too much was read."""

    def __init__(self, stream: Any, deadline: float) -> None:
        self._stream, self._deadline, self._left = stream, deadline, ANSWER_LIMIT
        self.ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self.ended:
            return 0
        if not self._left:
            raise TooLongError
        if monotonic() > self._deadline:
            raise TimeoutError
        count: int = self._stream.readinto(memoryview(buffer)[: self._left])
        self._left -= count
        return count

    def close(self) -> None:
        self._stream.close()
        super().close()


class Incoming(BufferedReader):
    """What is read of one answer; `goes_on` says, once it is closed, whether more came than the answer."""

    goes_on = False

    def close(self) -> None:
        """Close, and note whether anything has come after the answer."""
        if not self.closed:
            self.raw.ended = True  # type: ignore[attr-defined]  # only what is here already counts
            self.goes_on = bool(self.peek(1))
        super().close()


class _FinalResponse(HTTPResponse):
    """A response that is the final one: informational ones before it are read and left out (RFC 9110 §15.2)."""

    def __init__(self, sock: Any, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        exchange = current.exchange
        self.fp: Any = Incoming(_Socket(sock.makefile("rb", buffering=0), exchange.deadline))
        exchange.incoming = self.fp

    def begin(self) -> None:
        super().begin()
        for _ in range(_INFORMATIONAL_LIMIT):
            if self.status >= 200 or self.status == 101:  # 101 is final: another protocol follows
                return
            self.headers: Any = None  # otherwise it would not be read again
            super().begin()


# --- the connection -----------------------------------------------------------------------------------------------


def _has_input(sock: Any) -> bool:
    """Return whether a byte, or the end, has come; this loses a byte, so close the connection then."""
    timeout = sock.gettimeout()
    sock.settimeout(0)
    try:
        sock.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        pass
    finally:
        sock.settimeout(timeout)
    return True


class _Gated:
    """Makes a connection pass the exchange's gate before it sends; asking a proxy to connect does not count."""

    response_class: Any = _FinalResponse
    _connecting = False
    _head = b""

    def connect(self) -> None:
        self._connecting = True
        try:
            super().connect()  # type: ignore[misc]
        finally:
            self._connecting = False

    def send(self, data: Any) -> None:
        if self.sock is None:  # type: ignore[attr-defined]
            self.connect()
        if self._connecting:
            super().send(data)  # type: ignore[misc]
        elif data.endswith(b"\r\n\r\n"):  # the head, which leaves together with the body
            self._head = data
        else:
            if _has_input(self.sock):  # type: ignore[attr-defined]
                raise UnaskedError
            current.exchange.pass_gate()
            super().send(self._head + data)  # type: ignore[misc]


class _GatedHTTPConnection(_Gated, HTTPConnection):
    pass


class _GatedHTTPSConnection(_Gated, HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        sock: Any = self.sock  # by now an encrypted one
        current.exchange.certificate = sock.getpeercert()


class _GatedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _GatedHTTPConnection


class _GatedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _GatedHTTPSConnection


_POOLS = {"http": _GatedHTTPPool, "https": _GatedHTTPSPool}


class GatedAdapter(HTTPAdapter):
    """A requests adapter whose connections are gated, also through a proxy; it ignores the headers of answers.

    It is used without a Session, which would read addresses and cookies from any answer and unpack its body.
    """

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make gated connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """Make gated connections through a proxy."""
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def build_response(self, req: Any, resp: Any) -> requests.Response:
        """Hand out the raw response, without cookies."""
        response = requests.Response()
        response.raw = resp
        return response
