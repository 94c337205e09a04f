"""When it is sent: the times that a person writes, and the quiet hours."""

import re
from datetime import datetime, timedelta

from smscli.config.keys import parse_hours
from smscli.errors import InputError
from smscli.language import _
from smscli.protocol.times import CHINA

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_at(text: str, now: datetime, past_is_fine: bool = False) -> datetime:
    """Read a time to send at: `2026-12-01 09:00[:SS]`, ISO 8601 with offset, or `+90m`, `+2h`, `+1d` from `now`.

    Without an offset it is China time. A time in the past is refused unless `past_is_fine`.
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
        said = _(
            "--at: {text!r} is not a time. Nothing was sent. Write 2026-12-01 09:00 (China time), "
            "2026-12-01T09:00+08:00, or +90m, +2h, +1d."
        )
        raise InputError(said.format(text=text)) from None
    at = at.astimezone(CHINA).replace(microsecond=0)
    if at < now.replace(microsecond=0) and not past_is_fine:
        said = _("--at: {time:%Y-%m-%d %H:%M:%S} China time (UTC+8) has passed. Nothing was sent. Name a later time.")
        raise InputError(said.format(time=at))
    return at


def quiet_until(quiet_hours: str, at: datetime) -> datetime | None:
    """Return the end of the quiet hours that a moment is in; None if it is not in them.

    `quiet_hours` is China time as `21:00-08:00`, also over midnight, or empty; the first minute is quiet, the last is
    not.
    """
    hours = parse_hours(quiet_hours)
    if hours is None:
        return None
    start, end = hours
    at = at.astimezone(CHINA)
    now = at.hour * 60 + at.minute
    is_quiet = start <= now < end if start < end else now >= start or now < end
    if not is_quiet:
        return None
    day = at.replace(hour=end // 60, minute=end % 60, second=0, microsecond=0)
    return day + timedelta(days=now >= end)
