"""Times as the gateway writes them: `YYYY-MM-DD HH:MM:SS` in China time (protocol §1)."""

from datetime import datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8), "UTC+8")
_TIME = "%Y-%m-%d %H:%M:%S"


def format_stime(at: datetime) -> str:
    """Return an aware time as the gateway wants it, in China time (protocol §1)."""
    return at.astimezone(CHINA).strftime(_TIME)


def china_time(at: float) -> str:
    """Return seconds since 1970 as the gateway writes a time."""
    return format_stime(datetime.fromtimestamp(at, CHINA))


def parse_stime(text: str) -> datetime | None:
    """Return a `YYYY-MM-DD HH:MM:SS` China time as an aware datetime, None if it is not one."""
    try:
        return datetime.strptime(text, _TIME).replace(tzinfo=CHINA)
    except ValueError:
        return None
