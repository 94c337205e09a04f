"""The gateway as a client sees it: a send, a balance, and a sentence for any other answer."""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from smscli import __version__
from smscli.config import profile as profiles
from smscli.config.profile import Profile
from smscli.errors import ConfigError, OutcomeUnknownError, RefusedError, UnreachableError
from smscli.gateway.exchange import Answer, Poster
from smscli.gateway.quoting import NOT_SHOWN, may_be_quoted, quoted
from smscli.language import _
from smscli.protocol.answers import BalanceAnswer, SendAnswer, parse_balance_answer, parse_send_answer
from smscli.protocol.forms import balance_form, encode_form

_HEADERS = {
    "User-Agent": f"smscli/{__version__}",
    "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
}
_QUOTE_LIMIT = 120  # characters


class Gateway:
    """One account at one endpoint; safe to use from several threads, each exchange on its own connection."""

    def __init__(self, profile: Profile) -> None:
        """Prepare for exchanges; ConfigError where the profile lacks a value, or has one that cannot be sent."""
        profiles.require_account(profile)
        self.endpoint = profile.endpoint
        self._profile = profile
        self._pwd = profiles.password(profile)
        self._poster = poster_of(profile)
        self._body({})  # a name or password that cannot be sent is found before a run is written

    def send(self, form: Mapping[str, str], may_leave: Callable[[], bool] = lambda: True) -> SendAnswer:
        """Post a send without name and pwd, which are added here; return the gateway's answer, also a refusal.

        `may_leave` is asked just before the first byte leaves; with False nothing is sent.

        Raises UnreachableError or ConfigError where nothing was sent, OutcomeUnknownError where it may have been.
        """
        try:
            answer = self._poster.post(self._body(form), parse_send_answer, may_leave)
        except (UnreachableError, ConfigError) as error:
            raise type(error)(_("{sentence} Nothing was sent.").format(sentence=error)) from None
        parsed: SendAnswer | None = answer.parsed
        if parsed is None:
            raise OutcomeUnknownError(self._describe(answer))
        return parsed._replace(msg=quoted(parsed.msg, self._pwd))

    def balance(self) -> str:
        """Return the messages left, as the gateway wrote the number; RefusedError where it says no."""
        return self.read_balance(self.ask_balance())

    def ask_balance(self) -> Answer:
        """Carry out a balance request; UnreachableError where no answer came."""
        try:
            return self._poster.post(self._body(balance_form()), parse_balance_answer)
        except UnreachableError as error:
            raise type(error)(_without_balance(error)) from None
        except OutcomeUnknownError as error:  # asking for the balance never sends a message
            raise UnreachableError(_without_balance(error)) from None

    def read_balance(self, answer: Answer) -> str:
        """Return the messages left, as an answer has them; RefusedError or UnreachableError where it has not."""
        parsed: BalanceAnswer | None = answer.parsed
        if parsed is None:
            raise UnreachableError(_without_balance(self._describe(answer)))
        if parsed.code != 0:
            raise RefusedError(describe_answer(parsed.code, quoted(parsed.msg, self._pwd)))
        return parsed.balance

    def close(self) -> None:
        """Close the connections that are kept."""
        self._poster.close()

    def _describe(self, answer: Answer) -> str:
        """Return a sentence about what came instead of an answer of this gateway; quote only what is harmless."""
        if 300 <= answer.status < 400 and answer.location:
            if place := self._quotable(answer.location):
                return _("the gateway redirects to {place!r}; that is not followed.").format(place=place)
            return _("the gateway redirects elsewhere; that is not followed.")
        said = self._quotable(_title(answer.text) or answer.text)
        if answer.status != 200:
            return _describe_status(answer.status, said)
        if not answer.body.strip():
            return _("the gateway gave an empty answer.")
        kind = self._quotable(answer.content_type.partition(";")[0])
        size = _("{count:,} bytes of {kind!r}") if kind else _("{count:,} bytes")
        size = size.format(count=len(answer.body), kind=kind)
        if said:
            return _("the answer is not one of this gateway: {said!r} ({size}).").format(said=said, size=size)
        return _("the answer is not one of this gateway ({size}).").format(size=size)

    def _quotable(self, text: str) -> str:
        """Return the start of a text where it may be shown, else ""."""
        text = " ".join(text.split())
        return text[:_QUOTE_LIMIT] if text and may_be_quoted(text, self._pwd) else ""

    def _body(self, form: Mapping[str, str]) -> bytes:
        try:
            return encode_form({"name": self._profile.name, "pwd": self._pwd, **form})
        except UnicodeEncodeError:  # the error's own text would show the password
            said = _("the name or password of profile {profile!r} is not UTF-8 text.")
            raise ConfigError(said.format(profile=self._profile.label)) from None


def poster_of(profile: Profile) -> Poster:
    """Return what posts to a profile's endpoint; the proxy is never between a machine and itself."""
    return Poster(profile.endpoint, _HEADERS, profile.timeout, profile.ca_bundle, proxy_of(profile))


def proxy_of(profile: Profile) -> str:
    """Return the proxy that is used, which may hold a password; "" where there is none."""
    return "" if is_loopback(profile.endpoint) else profile.proxy


def is_loopback(endpoint: str) -> bool:
    """Return whether an endpoint is on this machine; a name that only looks like it (`127.0.0.1.example`) is not."""
    host = urlsplit(endpoint).hostname or ""
    return host in ("localhost", "::1") or (host.startswith("127.") and host.replace(".", "").isdigit())


def describe_answer(code: int, msg: str, refused: bool = True) -> str:
    """Return an answer that is not a success as a sentence: the gateway's own words first, then what the code means."""
    from smscli.protocol.codes import answer_meaning

    meaning = answer_meaning(code)
    said = _(NOT_SHOWN) if msg == NOT_SHOWN else " ".join(msg.split())[:200] or _("(no message)")
    explained = meaning.spoken if meaning.spoken != said else ""  # in Chinese it is what the gateway says itself
    if meaning.note and explained:
        explained = _("{meaning}; {note}").format(meaning=explained, note=_(meaning.note))
    explained = explained or _(meaning.note)
    number = _("code {code}: {meaning}") if explained else _("code {code}")
    number = number.format(code=code, meaning=explained)
    sentence = _("the gateway refused: {said} ({code}).") if refused else _("the gateway answered: {said} ({code}).")
    return sentence.format(said=said, code=number)


def _describe_status(status: int, said: str) -> str:
    sentence = _("the gateway answered HTTP {status}: {said!r}.") if said else _("the gateway answered HTTP {status}.")
    sentence = sentence.format(status=status, said=said)
    if status in (403, 404, 405):
        return _("{sentence} Is the endpoint's path right?").format(sentence=sentence)
    return sentence


def _title(page: str) -> str:
    import re  # only when there is a page to describe

    found = re.search(r"<title[^>]{0,200}>([^<]*)", page, re.IGNORECASE)
    return found[1].strip() if found else ""


def _without_balance(said: object) -> str:
    return _("{sentence} The balance is not known.").format(sentence=said)
