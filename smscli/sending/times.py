"""When it is sent: the times that a person writes."""

import re
from datetime import datetime, timedelta

from smscli.errors import InputError
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
