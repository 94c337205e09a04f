"""Every key of the configuration, a row each: reading, checking, showing and the documents use these rows."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from smscli.language import LANGUAGES, _, later

SANDBOX = "sandbox"  # the label of the built-in account
FROM_ENVIRONMENT = "environment"  # the label of an account that no file has
MASK = "****"
# What people answer who want no more messages (protocol §6); compared as whole texts, without width and case.
OPTOUT_WORDS = ("T", "TD", "R", "N", "退订", "退訂", "退", "不需要", "取消", "取消订阅", "拒收", "STOP")
_LONGEST_TIMEOUT = 3600  # seconds
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Kind(NamedTuple):
    """What sort of value a key takes; `item` is the type of each item of a list, `read` makes one of a typed text."""

    name: str
    types: tuple[type, ...]
    read: Callable[[str], Any] = str
    item: type | None = None

    def mismatch(self, value: object) -> str:
        """Return what a value is where it is not of this kind, "" where it is."""
        if type(value) not in self.types:  # an exact match, because True is an int as well
            return _named(value)
        if isinstance(value, list):
            wrong = [each for each in value if type(each) is not self.item]
            return _("a list with {item}").format(item=_named(wrong[0])) if wrong else ""
        return ""


def _named(value: object) -> str:
    names = {
        str: _("a text in quotes"),
        int: _("a whole number"),
        float: _("a decimal number"),
        list: _("a list"),
        dict: _("a table"),
        bool: _("true or false"),
    }
    return names.get(type(value), _("a date or time"))


def _number(text: str) -> float:
    return int(text) if text.isdecimal() else float(text)


TEXT = Kind(later("a text in quotes"), (str,))
WHOLE = Kind(later("a whole number"), (int,), int)
NUMBER = Kind(later("a number"), (int, float), _number)
TEXTS = Kind(later("a list of texts in quotes"), (list,), str, str)
WHOLES = Kind(later("a list of whole numbers"), (list,), int, int)
TABLE = Kind(later("a table"), (dict,))


class Key(NamedTuple):
    """One key; `help` is a sentence, `check` and `mask` take a value, of a list each item.

    `check` returns what is wrong as words that follow the key's name, "" where nothing is. A key with a `mask` can hold
    a secret: the value is never in a `repr`, and shown as `mask` makes it. `variable` is the environment's.
    """

    name: str
    kind: Kind
    help: str
    default: Any = ""
    check: Callable[[Any], str] = lambda value: ""
    mask: Callable[[str], str] | None = None
    variable: str = ""

    def wrong(self, value: Any) -> str:
        """Return what is wrong with a value as words that follow the key's name, "" where nothing is."""
        found = self.kind.mismatch(value)
        if found:
            return _("must be {kind}, not {found}").format(kind=_(self.kind.name), found=found)
        return next(filter(None, map(self.check, value if self.kind.item else [value])), "")

    def shown(self, value: Any) -> str:
        """Return a value as it may be shown: what is secret is masked."""
        text = " ".join(map(str, value)) if self.kind.item else str(value)
        return self.mask(text) if self.mask else text

    def is_secret(self, text: str) -> bool:
        """Say whether a text holds a secret, which must never be typed as a word of a command."""
        return self.mask is not None and MASK in self.mask(text)

    def read(self, texts: Sequence[str]) -> Any:
        """Return the value that was typed, several texts for a list; ValueError where they are not of its kind."""
        if len(texts) > 1 and not self.kind.item:
            raise ValueError(_("takes one value; put a text with spaces in quotes"))
        try:
            values = [self.kind.read(text) for text in texts]
        except ValueError:
            raise ValueError(_("must be {kind}").format(kind=_(self.kind.name))) from None
        return values if self.kind.item else values[0]


# --- values -------------------------------------------------------------------------------------------------------


def parse_duration(text: str) -> int | None:
    """Return the seconds of a duration, `90s`, `10m`, `72h` or `7d`; None where it is not one."""
    found = re.fullmatch(r"([1-9][0-9]{0,5})([smhd])", text)
    return int(found[1]) * _SECONDS[found[2]] if found else None


def parse_limit(text: str) -> tuple[int, int] | None:
    """Return a limit for each number, `5/1h`, as messages and seconds; None where it is not one."""
    count, _, duration = text.partition("/")
    seconds = parse_duration(duration)
    return (int(count), seconds) if seconds and re.fullmatch("[1-9][0-9]{0,5}", count) else None


def parse_hours(text: str) -> tuple[int, int] | None:
    """Return hours of a day, `21:00-08:00`, as two numbers of minutes after midnight; None where they are not valid."""
    found = re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])", text)
    if not found:
        return None
    start, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    return (start, end) if start != end else None


def wrong_endpoint(endpoint: str) -> str:
    """Return what is wrong with a gateway's address, "" where nothing is."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(endpoint)
        port_is_valid = parts.port != 0
    except ValueError:
        return _("is not a valid address")
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_valid:
        return _("must be an address that starts with http:// or https://, as the vendor's support gave it")
    if "@" in parts.netloc:
        return _("must not hold a user name or password; these are the keys name and pwd")
    return _("must not hold spaces or control characters") if re.search(r"[\s\x00-\x1f\x7f]", endpoint) else ""


def _wrong_proxy(proxy: str) -> str:
    is_one = not proxy or re.match(r"(https?|socks[45][ah]?)://[^/\s]", proxy)
    return "" if is_one else _("must be an address that starts with http:// or https://")


def _without_password(proxy: str) -> str:
    return f"{proxy.partition('//')[0]}//{MASK}@{proxy.rpartition('@')[2]}" if "@" in proxy else proxy


def _program_alone(command: str) -> str:
    program, _, rest = command.partition(" ")
    return f"{program} …" if rest else program


def _hidden(secret: str) -> str:
    return MASK if secret else ""


def _unless(is_valid: Callable[[Any], object], why: str, **names: object) -> Callable[[Any], str]:
    """Return a check that says why where a value is not valid; `names` are filled into that."""
    return lambda value: "" if is_valid(value) else _(why).format(**names)


def _in_words(example: str) -> Callable[[Any], str]:
    return _unless(str.strip, later("must be a list of words in quotes, as {example}"), example=example)


# --- the specification --------------------------------------------------------------------------------------------


def _rows(*keys: Key) -> Mapping[str, Key]:
    return {key.name: key for key in keys}


_digits = _unless(lambda text: re.fullmatch("[0-9]*", text), later("must be digits only"))
_not_negative = _unless(lambda number: number >= 0, later("must not be negative"))

PROFILE_KEYS = _rows(
    Key(
        "endpoint", TEXT, "The gateway's address, from the vendor's support.", check=wrong_endpoint,
        variable="SMSCLI_ENDPOINT",
    ),
    Key("name", TEXT, "The account.", variable="SMSCLI_NAME"),
    Key("pwd", TEXT, "The interface password (接口密码).", mask=_hidden, variable="SMSCLI_PWD"),
    Key("pwd_command", TEXT, "A command whose first line is the password; instead of pwd.", mask=_program_alone),
    Key("sign", TEXT, "The signature of every message, without brackets.", variable="SMSCLI_SIGN"),
    Key("extno", TEXT, "Your extension code: digits after the sender's number.", check=_digits),
    Key(
        "standby", TEXTS, "More addresses of the gateway, used only where it is proved that nothing was sent.", (),
        wrong_endpoint,
    ),
    Key(
        "batch_size", WHOLE, "How many numbers go into one request.", 500,
        _unless(lambda number: number >= 1, later("must be at least 1")),
    ),
    Key(
        "timeout", NUMBER, "How many seconds a request may take, from its start to its whole answer.", 30,
        _unless(
            lambda number: 0 < number <= _LONGEST_TIMEOUT,  # this refuses nan too
            later("must be more than 0 and at most {most} seconds"), most=_LONGEST_TIMEOUT,
        ),
    ),
    Key("ca_bundle", TEXT, "A file with the certificates to trust, if the gateway has a private one."),
    Key("proxy", TEXT, "The proxy between you and the gateway.", check=_wrong_proxy, mask=_without_password),
    Key("push_name", TEXT, "The name that pushes of the gateway must have."),
    Key("push_pwd", TEXT, "The password that pushes of the gateway must have.", mask=_hidden),
    Key("access_secret", TEXT, "The secret that the gateway signs its pushes with.", mask=_hidden),
    Key(
        "push_window", TEXT, "How far the time in a signed push may be off.", "72h",
        _unless(parse_duration, later('must be a duration as "10m" or "72h"')),
    ),
    Key(
        "extension_length", WHOLE, "How many digits of a reply's extension come before your extension code.", 0,
        _not_negative,
    ),
    Key("confirm_above", WHOLE, "Ask before a send to more numbers than this.", 100, _not_negative),
    Key(
        "per_number", TEXTS, "At most so many messages to one number in a time, as 1/1m (one a minute) and 5/1h.", (),
        _unless(parse_limit, later('must be a list of limits as "1/1m" (one a minute) or "5/1h"')),
    ),
    Key(
        "repeat_window", TEXT, "Refuse the same send again within this time, as 10m, unless it has a key.", "",
        _unless(lambda text: not text or parse_duration(text), later('must be a duration as "10m" or "72h"')),
    ),
    Key(
        "quiet_hours", TEXT, "Ask before marketing texts are sent in these hours (China time), as 21:00-08:00.", "",
        _unless(lambda text: not text or parse_hours(text), later('must be two different times as "21:00-08:00"')),
    ),
    Key("optout_words", TEXTS, "Replies that mean: no more messages.", OPTOUT_WORDS, _in_words('["T", "退订"]')),
    Key("optin_words", TEXTS, "Replies that mean: send messages again.", (), _in_words('["订阅"]')),
    Key(
        "refusal_codes", WHOLES,
        "Answer codes outside the vendor's table that the vendor has confirmed to mean: refused, nothing sent.", (),
        _unless(bool, later("must not hold 0, which means accepted")),
    ),
)  # fmt: skip
TEMPLATE_KEYS = _rows(
    Key("content", TEXT, "The text."),
    Key("sign", TEXT, "The signature, instead of the profile's."),
    Key("extno", TEXT, "The extension code, instead of the profile's.", check=_digits),
)
FILE_KEYS = _rows(
    Key("default", TEXT, "The profile that is used if none is named."),
    Key(
        "language", TEXT, "What smscli speaks, zh or en; without it, the language of the locale.",
        check=_unless(lambda text: text in LANGUAGES, later('must be "zh" or "en"')),
    ),
    Key("profiles", TABLE, "The accounts."),
    Key("templates", TABLE, "The texts that the gateway approved."),
)  # fmt: skip
