"""One exchange with an endpoint: its thread, its deadline, its gate, and what is known when it fails.

The rule of money: a request may be repeated only where it is proved that nothing was sent. The proof is made at the
socket: an exchange passes its gate just before its first byte is sent. A failure before the gate means that nothing was
sent, and after the deadline nothing can be sent any more (UnreachableError). A failure after the gate leaves the
outcome unknown (OutcomeUnknownError).

The rule of order: an answer belongs to the request before it. So a connection is used again only after a complete 200
with an answer of this gateway and nothing after it. And nothing is written where bytes already wait to be read.
"""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from http.client import BadStatusLine, HTTPException, RemoteDisconnected
from queue import SimpleQueue
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from smscli.errors import ConfigError, OutcomeUnknownError, UnreachableError
from smscli.gateway.connection import (
    ANSWER_LIMIT,
    GatedAdapter,
    Incoming,
    TooLateError,
    TooLongError,
    UnaskedError,
    current,
    net,
    requests,
)
from smscli.language import _, later, system_reason
from smscli.protocol.forms import decode_text


class InsecureError(UnreachableError):
    """No encrypted connection that can be trusted could be made; nothing was sent."""


class Answer(NamedTuple):
    """What came back; `parsed` is None where it is not an answer of this gateway.

    `date` is the time that the gateway told (HTTP), `certificate` the one that it showed if the connection is new.
    """

    status: int
    content_type: str
    location: str
    body: bytes
    parsed: Any
    date: str = ""
    certificate: Mapping[str, Any] = {}

    @property
    def text(self) -> str:
        """Return the body as text."""
        return decode_text(self.body).lstrip("\ufeff")


Parse = Callable[[str], Any]


class Poster:
    """Posts forms to one endpoint; safe to use from several threads, each exchange in its own thread.

    So even a name server that hangs cannot hold the caller longer than `timeout`, in seconds for a whole exchange.
    """

    def __init__(
        self, endpoint: str, headers: Mapping[str, str], timeout: float, ca_bundle: str = "", proxy: str = ""
    ) -> None:
        """Prepare what all exchanges share; ConfigError where the address cannot be used."""
        self._timeout = timeout
        proxies = {"http": proxy, "https": proxy} if proxy else {}
        self._ways = {"stream": True, "timeout": timeout, "verify": ca_bundle or True, "proxies": proxies}
        self._idle: list[SimpleQueue[_Exchange | None]] = []
        try:
            # Every exchange copies this one: preparing a new one takes a third of an exchange's time.
            self._request = requests.Request("POST", endpoint, headers).prepare()
        except requests.RequestException:
            said = _("{host}: this address cannot be used.")
            raise ConfigError(said.format(host=urlsplit(endpoint).netloc)) from None

    def post(self, body: bytes, parse: Parse, may_leave: Callable[[], bool] = lambda: True) -> Answer:
        """Carry out one exchange; `parse` reads the text of a 200, None where it is not this gateway's.

        `may_leave` is asked just before the first byte leaves; with False nothing is sent.

        Raises UnreachableError or ConfigError where nothing was sent, OutcomeUnknownError where it may have been.
        """
        request = self._request.copy()
        request.prepare_body(body, None)
        exchange = _Exchange(request, self._timeout, parse, may_leave)
        self._hand_over(exchange)
        try:
            exchange.wait()
        finally:  # also where Ctrl-C ends the wait
            exchange.abandon()
        return exchange.result()

    def close(self) -> None:
        """End the idle threads with their connections; a thread that hangs is left alone."""
        while self._idle:
            self._idle.pop().put(None)

    def _hand_over(self, exchange: "_Exchange") -> None:
        try:
            queue = self._idle.pop()
        except IndexError:
            queue = SimpleQueue()
            threading.Thread(target=self._serve, args=(queue,), daemon=True).start()
        queue.put(exchange)

    def _serve(self, queue: "SimpleQueue[_Exchange | None]") -> None:
        adapter = GatedAdapter(pool_connections=1, pool_maxsize=1)
        while exchange := queue.get():
            exchange.run(adapter, self._ways)
            self._idle.append(queue)  # first, so that the next exchange can use it
            exchange.finish()
        adapter.close()


# --- one exchange and its gate ------------------------------------------------------------------------------------


class _Exchange:
    """One request and its answer, or what went wrong and on which side of the gate."""

    def __init__(
        self, request: requests.PreparedRequest, timeout: float, parse: Parse, may_leave: Callable[[], bool]
    ) -> None:
        self._request, self._parse, self._may_leave = request, parse, may_leave
        self._timeout, self.deadline = timeout, monotonic() + timeout
        self._done, self._lock = threading.Lock(), threading.Lock()
        self._done.acquire()
        self._sent = self._abandoned = False
        self._answer: Answer | None = None
        self._error: Exception | None = None
        self.incoming: Incoming | None = None
        self.certificate: Mapping[str, Any] = {}

    def run(self, adapter: GatedAdapter, ways: Mapping[str, Any]) -> None:
        """Carry the exchange out in the calling thread, which calls `finish` when it is free for the next one."""
        current.exchange = self
        try:
            try:
                self._answer = self._post(adapter, ways)
            except UnaskedError:  # most likely a proxy has closed a connection that was kept
                adapter.close()
                self._answer = self._post(adapter, ways)
        except Exception as error:  # result() raises a bug again in the asking thread
            self._error = error
        if not self._answer or self._answer.parsed is None or not self.incoming or self.incoming.goes_on:
            with suppress(OSError):
                adapter.close()

    def finish(self) -> None:
        """Wake the asking thread."""
        self._done.release()

    def wait(self) -> None:
        """Wait until the exchange is finished, but not past its deadline."""
        self._done.acquire(timeout=self._timeout)

    def pass_gate(self) -> None:
        """Call this before the first byte is sent; it refuses where that is too late."""
        with self._lock:
            if self._abandoned or not self._may_leave():
                raise TooLateError
            self._sent = True

    def abandon(self) -> None:
        """Give up: an exchange that has not passed the gate by now can never pass it."""
        with self._lock:
            self._abandoned = True

    def result(self) -> Answer:
        """Return the answer, or raise what is known about the failure; call `abandon` before."""
        if self._answer is not None:
            return self._answer
        error = self._error or TimeoutError()
        host = urlsplit(str(self._request.url)).netloc
        if self._sent:
            said = _("{host} took the request and then {reason}.")
            raise OutcomeUnknownError(said.format(host=host, reason=_reason(error, True, self._timeout)))
        if not isinstance(error, _BEFORE_THE_GATE):
            raise error
        if isinstance(error, ValueError):
            raise ConfigError(_("{host}: this address or the profile's proxy cannot be used.").format(host=host))
        kind = InsecureError if isinstance(_cause(error), ssl.SSLError) else UnreachableError
        said = _("{host} cannot be reached: {reason}.")
        raise kind(said.format(host=host, reason=_reason(error, False, self._timeout)))

    def _post(self, adapter: GatedAdapter, ways: Mapping[str, Any]) -> Answer:
        raw = adapter.send(self._request, **ways).raw
        body = bytearray()
        while part := raw.read1(ANSWER_LIMIT):
            body += part
        kind, location = raw.headers.get("Content-Type", ""), raw.headers.get("Location", "")
        date = raw.headers.get("Date", "")
        answer = Answer(raw.status, kind, location, bytes(body), None, date, self.certificate)
        return answer._replace(parsed=self._parse(answer.text)) if answer.status == 200 else answer


def _reason(error: Exception, sent: bool, timeout: float) -> str:
    """Return in plain words why an exchange ended without an answer."""
    cause = _cause(error)
    if cause is None:
        return _("the connection failed ({reason})").format(reason=_named(error))
    if isinstance(cause, ssl.SSLCertVerificationError):
        return _(_DISTRUST.get(cause.verify_code, _UNKNOWN_ISSUER))
    words = next(words for kind, words in _REASONS if isinstance(cause, kind))
    return _(words) if words else _late(sent, timeout)


def _cause(error: Exception) -> BaseException | None:
    """Return the one of an error's causes that explains it best; None where none is known."""
    causes = list(_causes(error))
    return next((cause for kind, _words in _REASONS for cause in causes if isinstance(cause, kind)), None)


def _named(error: Exception) -> str:
    causes = list(_causes(error))
    told = next((system_reason(cause) for cause in causes if isinstance(cause, OSError) and cause.errno), "")
    return told or type(causes[-1]).__name__


def _late(sent: bool, timeout: float) -> str:
    said = _("gave no complete answer within {seconds:g} s") if sent else _("no connection within {seconds:g} s")
    return said.format(seconds=timeout)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and all that it wraps, however the libraries wrapped it."""
    seen: set[int] = set()
    pending: list[Any] = [error]
    while pending:
        cause = pending.pop()
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            pending += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]


_UNKNOWN_ISSUER = later("its certificate is not trusted (a private authority goes into ca_bundle)")
_WRONG_NAME = later("its certificate is for another name (is the endpoint spelled right?)")
_DISTRUST = {  # by OpenSSL's number of the reason
    9: later("its certificate is not valid yet (is the clock of this machine right?)"),
    10: later("its certificate has expired (ask the vendor's support to renew it)"),
    18: later(
        "its certificate is not trusted, because it is self-signed (if it is the right one, it goes into ca_bundle)"
    ),
    62: _WRONG_NAME,
    64: _WRONG_NAME,
}
# What the network or the address can cause; any other exception before the gate is a bug.
_BEFORE_THE_GATE = (requests.RequestException, net.HTTPError, HTTPException, OSError, UnicodeError, UnaskedError)
_REASONS: list[tuple[type[BaseException], str]] = [  # without words it was too late
    (net.ProxyError, later("the profile's proxy made no connection")),
    (ssl.SSLCertVerificationError, _UNKNOWN_ISSUER),
    (
        ssl.SSLError,
        later("the encrypted connection failed (does the address start with the right http:// or https://?)"),
    ),
    (socket.gaierror, later("its name is not known (is the endpoint spelled right, and is this machine online?)")),
    (ConnectionRefusedError, later("nothing listens there (connection refused)")),
    (TooLongError, later("gave an answer that is too long to be this gateway's")),
    (UnaskedError, later("it answers or closes the connection before it is asked")),
    (TimeoutError, ""),
    (RemoteDisconnected, later("closed the connection without an answer")),
    (ConnectionResetError, later("reset the connection")),
    (net.IncompleteRead, later("broke off in the middle of its answer")),
    (BadStatusLine, later("answered with something that is not HTTP")),
    (net.ProtocolError, later("answered with something that is not HTTP")),
    (net.HTTPError, later("answered with something that is not HTTP")),
]
