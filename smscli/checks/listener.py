"""Check of the listener, as it can be reached from this machine."""

from functools import partial

from smscli.checks.finding import Finding, failed, passed, warned, within
from smscli.errors import UnreachableError
from smscli.gateway.probe import Page, fetch
from smscli.language import _

USUAL = "http://127.0.0.1:8787/healthz"  # where `smscli listen` is without options
SECONDS = 5.0
# What a listener answers to somebody who only looks: at its health address, and at the address for pushes.
_ANSWERS = (Page(200, b"ok"), Page(400, b"400 Bad Request\n"))


def check_listener(url: str, is_expected: bool) -> Finding:
    """Check the listener at a URL, its usual one if that is ""; `is_expected`: an account is set up for pushes."""
    page = _page(url or USUAL)
    if page in _ANSWERS:
        message = _("a listener answers at {url}").format(url=url or USUAL)
        return passed("listener", message, page.status, endpoint=url or USUAL)
    return _judged(url, page) if url else _missing(is_expected)


def _page(url: str) -> Page | str:
    """Return what is there, or a sentence about why nothing is."""
    try:
        return within(2 * SECONDS, partial(fetch, url, SECONDS))
    except UnreachableError as error:
        return str(error)
    except TimeoutError:
        return _("{url} did not answer within {seconds:.0f} s").format(url=url, seconds=2 * SECONDS)


def _missing(is_expected: bool) -> Finding:
    message = _("no listener answers at its usual place, {url}").format(url=USUAL)
    if is_expected:
        return warned("listener", message, _advice(), endpoint=USUAL)
    return passed("listener", message, endpoint=USUAL)


def _advice() -> str:
    return _("Start it with `smscli listen`, or say where it is with --listener URL.")


def _judged(url: str, page: Page | str) -> Finding:
    if isinstance(page, str):
        return failed("listener", page, _advice(), endpoint=url)
    if page.status in (502, 503, 504):
        message = _("the proxy at {url} does not reach the listener (HTTP {status})")
        advice = _("Does the listener run, and is its port the one that the proxy passes on to?")
    else:
        message = _("what answers at {url} is not the listener (HTTP {status})")
        advice = _("Compare the address with --host, --port and --path of `smscli listen`, and with the proxy's.")
    return failed("listener", message.format(url=url, status=page.status), advice, page.status, endpoint=url)
