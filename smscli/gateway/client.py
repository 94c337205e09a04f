"""The gateway as a client sees it: the only door to requests, where network trouble becomes our errors.

The rule of money: a request is repeatable only where it is proved that nothing went out. That proof is made at the
socket: an exchange passes its gate just before its first byte is sent. Before the gate nothing has left, and past the
deadline nothing can leave any more (UnreachableError); after it the outcome is unknown (OutcomeUnknownError).
"""

import sys
import threading
import warnings
from collections.abc import Mapping
from html import escape
from queue import SimpleQueue
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import quote, quote_plus, urlsplit

from smscli import __version__
from smscli.config import profile as profiles
from smscli.config.profile import Profile
from smscli.errors import ConfigError, OutcomeUnknownError, RefusedError, UnreachableError
from smscli.protocol.answers import SendAnswer, parse_balance_answer, parse_send_answer
from smscli.protocol.forms import balance_form, decode_text, encode_form

# Answers are read as bytes and decoded here, so the guessing of charsets that requests would load stays out (17 ms).
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    _absent = [name for name in ("chardet", "charset_normalizer") if name not in sys.modules]
    sys.modules.update(dict.fromkeys(_absent))  # type: ignore[arg-type]
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3 import exceptions as net
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

    for _name in _absent:
        del sys.modules[_name]

_ANSWER_LIMIT = 64 << 10
_HEADERS = {
    "User-Agent": f"smscli/{__version__}",
    "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
}


class _Answer(NamedTuple):
    status: int
    location: str
    body: bytes


class _TooLateError(TimeoutError):
    """The deadline passed while the connection was being made."""


class _TooLongError(OSError):
    """The answer is longer than any of this gateway, so it was not read to its end."""


class Gateway:
    """One account at one endpoint; safe to use from several threads, each exchange on a connection of its own."""

    def __init__(self, profile: Profile) -> None:
        profiles.require_account(profile)
        self.endpoint = profile.endpoint
        self._profile = profile
        self._pwd = profiles.password(profile)
        self._session = requests.Session()
        self._session.trust_env = False  # no proxies from the environment, no .netrc
        self._session.headers = _HEADERS  # type: ignore[assignment]
        self._session.mount("http://", _GatedAdapter(max_retries=0, pool_maxsize=64))
        self._session.mount("https://", _GatedAdapter(max_retries=0, pool_maxsize=64))
        self._session.verify = profile.ca_bundle or True
        if profile.proxy and not is_loopback(self.endpoint):
            self._session.proxies = {"http": profile.proxy, "https": profile.proxy}
        self._posters = _Posters()
        self._request = self._prepare()
        self._body({})  # a name or password that cannot be sent is found before anything is

    def send(self, form: Mapping[str, str]) -> SendAnswer:
        """Post a send without name and pwd, which are added here; return the gateway's answer, also a refusal.

        Raises UnreachableError where nothing was sent, OutcomeUnknownError where that cannot be said.
        """
        answer = self._exchange(form)
        text = _answer_text(answer)
        parsed = parse_send_answer(text)
        if parsed is None or answer.status != 200:
            raise OutcomeUnknownError(self._no_answer(answer, text))
        return parsed._replace(msg=self._masked(parsed.msg))

    def balance(self) -> str:
        """Return the messages left, as the gateway wrote the number; RefusedError where it says no."""
        try:
            answer = self._exchange(balance_form())
            text = _answer_text(answer)
            parsed = parse_balance_answer(text)
            if parsed is None or answer.status != 200:
                raise OutcomeUnknownError(self._no_answer(answer, text))
        except OutcomeUnknownError as error:  # asking for the balance sends nothing, whatever became of the question
            raise UnreachableError(f"{error} The balance is not known; nothing was sent.") from None
        if parsed.code != 0:
            raise RefusedError(describe_refusal(parsed.code, self._masked(parsed.msg)))
        return parsed.balance

    def close(self) -> None:
        """Close the connections that are kept."""
        self._posters.close()
        self._session.close()

    def _prepare(self) -> requests.PreparedRequest:
        """Make the request that every exchange copies: preparing one anew takes a third of an exchange's time."""
        try:
            return self._session.prepare_request(requests.Request("POST", self.endpoint))
        except requests.RequestException:
            host = urlsplit(self.endpoint).netloc
            raise ConfigError(f"{host}: this address cannot be used. Nothing was sent.") from None

    def _exchange(self, form: Mapping[str, str]) -> _Answer:
        """Have one exchange carried out by another thread, so that not even a name server can hold it too long."""
        request = self._request.copy()
        request.prepare_body(self._body(form), None)
        exchange = _Exchange(self._session, request, self._profile.timeout)
        self._posters.carry_out(exchange)
        try:
            exchange.wait()
        finally:  # also where Ctrl-C ends the wait
            exchange.abandon()
        return exchange.result()

    def _masked(self, text: str) -> str:
        """Hide the password where a gateway or a proxy's page repeats what it was sent."""
        written = (self._pwd, quote(self._pwd), quote_plus(self._pwd), quote(self._pwd, safe=""), escape(self._pwd))
        for spelling in written:
            text = text.replace(spelling, "****") if spelling else text
        return text

    def _no_answer(self, answer: _Answer, text: str) -> str:
        start = " ".join(self._masked(text[:4096]).split())[:120]
        if answer.location:
            return f"the gateway redirects to {self._masked(answer.location)[:120]!r}, which is not followed."
        if answer.status != 200:
            hint = " Is the endpoint's path right?" if answer.status in (403, 404, 405) else ""
            return f"the gateway answered HTTP {answer.status}: {start!r}.{hint}"
        if not start:
            return "the gateway gave an empty answer."
        return f"the answer is not one of this gateway: {start!r}."

    def _body(self, form: Mapping[str, str]) -> bytes:
        try:
            return encode_form({"name": self._profile.name, "pwd": self._pwd, **form})
        except UnicodeEncodeError:  # its text would show the password
            raise ConfigError(
                f"the name or password of profile {self._profile.label!r} is no UTF-8 text. Nothing was sent."
            ) from None


def is_loopback(endpoint: str) -> bool:
    """Tell whether an endpoint is on this machine; a name that only looks so (`127.0.0.1.example`) is not."""
    host = urlsplit(endpoint).hostname or ""
    return host in ("localhost", "::1") or (host.startswith("127.") and host.replace(".", "").isdigit())


def describe_refusal(code: int, msg: str) -> str:
    """Return a refusal as a sentence: the gateway's own words first, then what the code means."""
    from smscli.protocol.codes import answer_meaning

    meaning = answer_meaning(code)
    note = f"; {meaning.note}" if meaning.note else ""
    said = " ".join(msg.split())[:200] or "(no message)"
    verb = "answered" if code == -1 else "refused"
    return f"the gateway {verb}: {said} (code {code}: {' / '.join(filter(None, meaning[:2]))}{note})."


def _answer_text(answer: _Answer) -> str:
    return decode_text(answer.body).lstrip("\ufeff")


# --- one exchange and its gate ------------------------------------------------------------------------------------

_current = threading.local()


class _Exchange:
    """One request and its answer, or what went wrong and on which side of the gate."""

    def __init__(self, session: requests.Session, request: requests.PreparedRequest, timeout: float) -> None:
        self._session, self._request = session, request
        self._timeout, self._deadline = timeout, monotonic() + timeout
        self._done, self._lock = threading.Lock(), threading.Lock()
        self._done.acquire()
        self._sent = self._abandoned = False
        self._answer: _Answer | None = None
        self._error: Exception | None = None

    def run(self) -> None:
        """Carry the exchange out in the calling thread, which calls `finish` when it is free for the next one."""
        _current.exchange = self
        try:
            self._answer = self._post()
        except Exception as error:  # a bug is raised again in the asking thread, see result()
            self._error = error

    def finish(self) -> None:
        """Wake the asking thread."""
        self._done.release()

    def wait(self) -> None:
        """Wait until the exchange is finished, but not past its deadline."""
        self._done.acquire(timeout=self._timeout)

    def pass_gate(self) -> None:
        """Called before the first byte is sent; refuses once the asking thread has given up."""
        with self._lock:
            if self._abandoned:
                raise _TooLateError
            self._sent = True

    def abandon(self) -> None:
        """Give up: what has not passed the gate by now never will."""
        with self._lock:
            self._abandoned = True

    def result(self) -> _Answer:
        """Return the answer, or raise what is known of the failure; the exchange must have been abandoned."""
        if self._answer is not None:
            return self._answer
        if self._error is not None and not isinstance(self._error, requests.RequestException | net.HTTPError | OSError):
            raise self._error
        why = _reason(self._error or TimeoutError(), self._sent, self._timeout)
        host = urlsplit(str(self._request.url)).netloc
        if not self._sent and isinstance(self._error, ValueError):
            raise ConfigError(f"{host}: this address or the profile's proxy cannot be used. Nothing was sent.")
        if self._sent:
            raise OutcomeUnknownError(f"{host} took the request and then {why}.")
        raise UnreachableError(f"{host} cannot be reached: {why}. Nothing was sent.")

    def _post(self) -> _Answer:
        # Leaving the block closes a connection that still holds part of an answer; another one is kept.
        with self._session.send(
            self._request, timeout=self._timeout, allow_redirects=False, stream=True, proxies=self._session.proxies
        ) as response:
            body = bytearray()
            while part := response.raw.read1(_ANSWER_LIMIT):
                body += part
                if len(body) > _ANSWER_LIMIT:
                    raise _TooLongError
                if monotonic() > self._deadline:
                    raise TimeoutError
            return _Answer(response.status_code, response.headers.get("Location", ""), bytes(body))


class _Posters:
    """Threads that carry exchanges out, as many as are in flight at once; one that hangs is left to itself."""

    def __init__(self) -> None:
        self._idle: list[SimpleQueue[_Exchange | None]] = []

    def carry_out(self, exchange: _Exchange) -> None:
        """Begin an exchange."""
        try:
            post = self._idle.pop()
        except IndexError:
            post = SimpleQueue()
            threading.Thread(target=self._serve, args=(post,), daemon=True).start()
        post.put(exchange)

    def close(self) -> None:
        """End the threads that are idle."""
        while self._idle:
            self._idle.pop().put(None)

    def _serve(self, post: "SimpleQueue[_Exchange | None]") -> None:
        while exchange := post.get():
            exchange.run()
            self._idle.append(post)  # before the next exchange can be asked for
            exchange.finish()


def _reason(error: Exception, sent: bool, timeout: float) -> str:
    """Return in plain words why an exchange ended without an answer."""
    causes = list(_causes(error))
    for kind, words in _REASONS:
        if any(isinstance(cause, kind) for cause in causes):
            missing = "gave no complete answer" if sent else "no connection"
            return words.format(late=f"{missing} within {timeout:g} s")
    strerror = next((cause.strerror for cause in causes if isinstance(cause, OSError) and cause.strerror), "")
    return f"the connection failed ({strerror or type(causes[-1]).__name__})"


def _causes(error: BaseException | None) -> Any:
    """Yield an exception and all that it wraps, however the libraries wrapped it."""
    seen: set[int] = set()
    pending = [error]
    while pending:
        cause = pending.pop()
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            pending += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]


def _reasons() -> list[tuple[type[BaseException], str]]:
    import socket
    import ssl
    from http.client import BadStatusLine, RemoteDisconnected

    return [
        (net.ProxyError, "the profile's proxy made no connection"),
        (ssl.SSLCertVerificationError, "its certificate is not trusted (a private authority goes into ca_bundle)"),
        (ssl.SSLError, "the encrypted connection failed (does the address start with the right http:// or https://?)"),
        (socket.gaierror, "its name is not known (is the endpoint spelled right, and is this machine online?)"),
        (ConnectionRefusedError, "nothing listens there (connection refused)"),
        (_TooLongError, "gave an answer that is too long to be this gateway's"),
        (TimeoutError, "{late}"),
        (RemoteDisconnected, "closed the connection without an answer"),
        (ConnectionResetError, "reset the connection"),
        (net.IncompleteRead, "broke off in the middle of its answer"),
        (BadStatusLine, "answered with something that is no HTTP"),
        (net.ProtocolError, "answered with something that is no HTTP"),
    ]


_REASONS = _reasons()


class _Gated:
    """Makes a connection pass the exchange's gate before it sends; what a proxy is told before does not count."""

    _connecting = False

    def connect(self) -> None:
        self._connecting = True
        try:
            super().connect()  # type: ignore[misc]
        finally:
            self._connecting = False

    def send(self, data: Any) -> None:
        if self.sock is None:  # type: ignore[attr-defined]
            self.connect()
        if not self._connecting:
            _current.exchange.pass_gate()
        super().send(data)  # type: ignore[misc]


class _GatedHTTPConnection(_Gated, HTTPConnection):
    pass


class _GatedHTTPSConnection(_Gated, HTTPSConnection):
    pass


class _GatedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _GatedHTTPConnection


class _GatedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _GatedHTTPSConnection


class _GatedAdapter(HTTPAdapter):
    """A requests adapter whose connections are gated, also those through a proxy."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _GatedHTTPPool, "https": _GatedHTTPSPool}

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = {"http": _GatedHTTPPool, "https": _GatedHTTPSPool}
        return manager
