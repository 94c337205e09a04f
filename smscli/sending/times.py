"""When it is sent: the times that a person writes, and the hours in which people sleep."""

import re
from datetime import datetime, time, timedelta

from smscli.errors import ConfigError, InputError
from smscli.protocol.times import CHINA

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_at(text: str, now: datetime, past_is_fine: bool = False) -> datetime:
    """Read a time to send at: `2026-12-01 09:00[:SS]`, ISO 8601 with offset, or `+90m`, `+2h`, `+1d` from `now`.

    Without an offset it is China time. The past is refused unless it is fine.
    """
    relative = re.fullmatch(r"\+([0-9]{1,6})([smhd])", text.strip())
    try:
        if relative:
            at = now + timedelta(**{_UNITS[relative[2]]: int(relative[1])})
        else:
            at = datetime.fromisoformat(text.strip())
            at = at if at.tzinfo else at.replace(tzinfo=CHINA)
            at = at.astimezone(CHINA)
            if not re.search("[0-9]:[0-9]", text):
                raise ValueError
    except (ValueError, OverflowError):
        raise InputError(
            f"--at: {text!r} is no time. Nothing was sent. Write 2026-12-01 09:00 (China time), "
            "2026-12-01T09:00+08:00, or +90m, +2h, +1d."
        ) from None
    at = at.astimezone(CHINA).replace(microsecond=0)
    if at < now.replace(microsecond=0) and not past_is_fine:
        raise InputError(f"--at: {at:%Y-%m-%d %H:%M:%S} China time (UTC+8) has passed. Nothing was sent.")
    return at


def quiet_until(quiet_hours: str, at: datetime) -> datetime | None:
    """Return when the quiet hours end that a moment lies in, None where it lies in none.

    `quiet_hours` is China time as `21:00-08:00`, also over midnight, or empty; the first minute is quiet, the last is
    not. What is written otherwise is a ConfigError.
    """
    if not quiet_hours:
        return None
    start, end = _clocks(quiet_hours)
    at = at.astimezone(CHINA)
    now = at.time()
    is_quiet = start <= now < end if start < end else now >= start or now < end
    if not is_quiet:
        return None
    tomorrow = timedelta(days=now >= end)
    return datetime.combine(at.date() + tomorrow, end, CHINA)


def _clocks(quiet_hours: str) -> tuple[time, time]:
    clock = "([0-9]{1,2}):([0-9]{2})"
    found = re.fullmatch(rf"\s*{clock}\s*[-–—~]\s*{clock}\s*", quiet_hours.replace("：", ":"))
    try:
        numbers = map(int, found.groups() if found else ())
        start, end = (time(hour % 24 if hour <= 24 else hour, next(numbers)) for hour in numbers)
        if start == end:
            raise ValueError
    except ValueError:
        raise ConfigError(
            f"quiet_hours = {quiet_hours!r} is no pair of times: write from and until in China time, 21:00-08:00. "
            "Nothing was sent."
        ) from None
    return start, end
