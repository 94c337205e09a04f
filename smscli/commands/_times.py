"""`--since` and `--until`: times in the past, in China time."""

from datetime import datetime, timedelta
from math import inf

from smscli.errors import InputError
from smscli.language import _
from smscli.protocol.times import CHINA

_FORMATS = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S")


def since(text: str) -> float:
    """Return where a time begins, in seconds since 1970; before all times where none was given."""
    return _read("--since", text)[0].timestamp() if text else -inf


def until(text: str) -> float:
    """Return where a time ends, in seconds since 1970: a day at midnight; after all times where none was given."""
    if not text:
        return inf
    at, is_day = _read("--until", text)
    return (at + timedelta(days=is_day)).timestamp()


def _read(option: str, text: str) -> tuple[datetime, bool]:
    """Return a time, and whether it is a whole day."""
    for form in _FORMATS:
        try:
            return datetime.strptime(text.strip(), form).replace(tzinfo=CHINA), form == _FORMATS[0]
        except ValueError:
            continue
    raise InputError(
        _("{option}: {text!r} is not a time. Write 2026-12-01 or '2026-12-01 09:00' (China time).").format(
            option=option, text=text
        )
    )
