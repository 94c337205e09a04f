"""Times, in China time: `YYYY-MM-DD HH:MM:SS` as the gateway writes them (protocol §1), and as others do."""

import re
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from functools import lru_cache

CHINA = timezone(timedelta(hours=8), "UTC+8")
_TIME = "%Y-%m-%d %H:%M:%S"
_SENDID = "%Y%m%d%H%M%S"
_FOREIGN_TIME = r"""(?x)
    ([0-9]{4}) (?: [-/.] ([0-9]{1,2}) [-/.] ([0-9]{1,2}) | ([0-9]{2}) ([0-9]{2}) )
    (?: \s* T )? \s*
    (?: ([0-9]{1,2}) : ([0-9]{2}) (?: : ([0-9]{2}) (?: [.,:][0-9]{1,9} )? )?
      | ([0-9]{2}) ([0-9]{2}) (?: ([0-9]{2}) (?: [.,]?[0-9]{3} )? )? )
    \s* (Z|[+-][0-9]{2}:?[0-9]{2})?"""


def format_stime(at: datetime) -> str:
    """Return an aware time as the gateway wants it, in China time (protocol §1)."""
    return at.astimezone(CHINA).strftime(_TIME)


def china_time(at: float) -> str:
    """Return seconds since 1970 as the gateway writes a time."""
    return format_stime(datetime.fromtimestamp(at, CHINA))


def parse_stime(text: str) -> datetime | None:
    """Return a `YYYY-MM-DD HH:MM:SS` China time as an aware datetime, None if it is not one."""
    if not text:
        return None  # most messages go out at once, and strptime loads the names of months (2 ms)
    try:
        return datetime.strptime(text, _TIME).replace(tzinfo=CHINA)
    except ValueError:
        return None


@lru_cache(maxsize=1024)  # times repeat from report to report
def parse_time(text: str) -> datetime | None:
    """Return a time in any common form as an aware datetime, in whole seconds; None if it is not a time.

    It reads `2026-11-25 09:05:03`, `2026/11/25 9:05`, `2026-11-25T09:05:03.123`, `20261125090503`; without a zone it
    is China time.
    """
    if len(text) == 19 and text[4::3] == "-- ::" and text[11:13] != "24":  # nearly all are written so
        with suppress(ValueError):
            return datetime.fromisoformat(text).replace(tzinfo=CHINA)
    found = re.fullmatch(_FOREIGN_TIME, text.strip())
    if not found:
        return None
    *numbers, zone = found.groups()
    try:
        at = datetime(*(int(number) for number in numbers if number))  # type: ignore[arg-type]
        return at.replace(tzinfo=datetime.strptime(zone, "%z").tzinfo if zone else CHINA)
    except ValueError:
        return None


def moment(text: str, received: float) -> float:
    """Return a time that the gateway wrote, in seconds since 1970; if it cannot be read, return `received`."""
    at = parse_time(text)
    return at.timestamp() if at else received


def sendid_time(sendid: str) -> float | None:
    """Return the time at the start of a sendid, in seconds since 1970; None if there is no time (protocol §1)."""
    digits = sendid[:14]
    if len(sendid) < 20 or not digits.isascii() or not digits.isdigit():
        return None
    try:
        return datetime.strptime(digits, _SENDID).replace(tzinfo=CHINA).timestamp()
    except ValueError:
        return None
