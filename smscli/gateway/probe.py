"""Looking at an endpoint: its name, its certificate, its clock, the balance there. It never sends a message."""

import socket
import ssl
from contextlib import closing
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from time import monotonic, time
from typing import NamedTuple
from urllib.parse import urlsplit

from smscli.config.profile import Profile
from smscli.errors import OutcomeUnknownError, SmsError, UnreachableError
from smscli.gateway.client import Gateway, poster_of, proxy_of
from smscli.gateway.exchange import Answer
from smscli.language import _
from smscli.protocol.forms import balance_form, encode_form

_PAGE_LIMIT = 4096  # bytes of an answer that are read


class Reached(NamedTuple):
    """What a first exchange with an endpoint showed.

    `expires` is when its certificate ends, in seconds since 1970, None without TLS; `ahead` how many seconds the
    gateway's clock is before this one, None where it tells no time; `seconds` how long the exchange took. `balance` is
    what the account has, "" where there is no password or an `error`.
    """

    expires: float | None
    ahead: int | None
    seconds: float
    balance: str
    error: SmsError | None


class Page(NamedTuple):
    """What a web server answered: the HTTP status, and the start of the body."""

    status: int
    body: bytes


def host_of(endpoint: str) -> str:
    """Return the host of an endpoint, with its port where one is given."""
    return urlsplit(endpoint).netloc


def name_to_look_up(profile: Profile) -> str:
    """Return the name whose address this machine needs: the endpoint's, or the proxy's, which looks up the endpoint."""
    return urlsplit(proxy_of(profile) or profile.endpoint).hostname or ""


def addresses(name: str) -> list[str]:
    """Return the IP addresses of a name, which can take as long as the name server likes; [] where it has none."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def reach(profile: Profile) -> Reached:
    """Carry out one balance request, on the way that a send takes, and return what it showed.

    Without a password it has no name either. Raises InsecureError, another UnreachableError or ConfigError where no
    answer came.
    """
    began, start = time(), monotonic()
    answer, balance, error = _ask_with_account(profile) if profile.pwd else _ask_without_account(profile)
    seconds = monotonic() - start
    until = answer.certificate.get("notAfter")
    told = _read_date(answer.date)
    # The time that was told is cut to a second, and somewhere within the exchange.
    ahead = None if told is None else round(told + 0.5 - began - seconds / 2)
    return Reached(ssl.cert_time_to_seconds(until) if until else None, ahead, seconds, balance, error)


def _ask_with_account(profile: Profile) -> tuple[Answer, str, SmsError | None]:
    with closing(Gateway(profile)) as gateway:
        answer = gateway.ask_balance()
        try:
            return answer, gateway.read_balance(answer), None
        except SmsError as error:
            return answer, "", error


def _ask_without_account(profile: Profile) -> tuple[Answer, str, None]:
    with closing(poster_of(profile)) as poster:
        try:
            return poster.post(encode_form(balance_form()), lambda _: None), "", None
        except OutcomeUnknownError as error:  # no message was in it
            raise UnreachableError(str(error)) from None


def _read_date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None


def fetch(url: str, timeout: float) -> Page:
    """Get an address directly, without a proxy; UnreachableError says why nothing came."""
    parts = urlsplit(url)
    connection: HTTPConnection
    if parts.scheme == "https":
        connection = HTTPSConnection(parts.netloc, timeout=timeout, context=ssl.create_default_context())
    else:
        connection = HTTPConnection(parts.netloc, timeout=timeout)
    try:
        connection.request("GET", parts.path or "/")
        answer = connection.getresponse()
        return Page(answer.status, answer.read(_PAGE_LIMIT))
    except (OSError, HTTPException, UnicodeError) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise UnreachableError(_("{url} cannot be reached: {why}.").format(url=url, why=why)) from None
    finally:
        connection.close()
