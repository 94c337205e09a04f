"""When it is sent: the times that a person writes, and the quiet hours."""

import re
from datetime import datetime, timedelta

from smscli.config.keys import parse_hours
from smscli.errors import InputError
from smscli.language import _
from smscli.protocol.times import CHINA

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
# How many days after today, by the words for the day; the hour may follow the Chinese ones without a space.
_DAYS = {"": 0, "today": 0, "tomorrow": 1, "今天": 0, "明天": 1, "后天": 2, "後天": 2}
_ENGLISH_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CHINESE_WEEK = {**dict(zip("一二三四五六日", range(7), strict=True)), "天": 6}
_HOUR = r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?"
_DATE = r"([0-9]{4})(?:-([0-9]{1,2})-([0-9]{1,2})|/([0-9]{1,2})/([0-9]{1,2})|年([0-9]{1,2})月([0-9]{1,2})日)"


def parse_at(text: str, now: datetime, past_is_fine: bool = False) -> datetime:
    """Read a time to send at, in China time where it has no offset of its own.

    It may be `2026-12-01 09:00[:SS]`, also with `/` or 年月日; ISO 8601 with offset; `+90m`, `+2h`, `+1d` from `now`;
    `09:00` today; `明天 9:00`, `后天`, `tomorrow`; `周五 18:00`, `星期五`, `fri`: the next such day, today included.
    Full-width digits and colons are fine. A time that has passed is refused unless `past_is_fine`, and never taken for
    the next day.
    """
    written = _written(text)
    try:
        at = _relative(written, now) or _of_day(written, now) or _absolute(written)
        at = at.astimezone(CHINA).replace(microsecond=0)
    except (ValueError, OverflowError):
        said = _(
            "--at: {text!r} is not a time. Nothing was sent. Write 2026-12-01 09:00 (China time), 09:00 (today), "
            "明天 9:00, 周五 18:00, +90m, +2h or +1d."
        )
        raise InputError(said.format(text=text)) from None
    if at < now.replace(microsecond=0) and not past_is_fine:
        said = _("--at: {time}, has passed. Nothing was sent. Name a later time, with its day.")
        raise InputError(said.format(time=in_words(at)))
    return at


def is_relative(text: str) -> bool:
    """Return whether a time that can be read means another moment on another day."""
    return not re.match("[0-9]{4}", _written(text))


def in_words(at: datetime) -> str:
    """Return a time to send at with its day of the week, for a person to check."""
    days = (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"))
    at = at.astimezone(CHINA)
    return _("{time} China time (UTC+8), {weekday}").format(time=f"{at:%Y-%m-%d %H:%M:%S}", weekday=days[at.weekday()])


def _written(text: str) -> str:
    """Return the text without what an input method for Chinese makes of it: full-width digits, colons, spaces."""
    from unicodedata import normalize

    return " ".join(normalize("NFKC", text).lower().split())


def _relative(text: str, now: datetime) -> datetime | None:
    found = re.fullmatch(r"\+([0-9]{1,6})([smhd])", text)
    return now + timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None


def _of_day(text: str, now: datetime) -> datetime | None:
    """Return the time of a day that is named from today on, None where the text is not of this form."""
    found = re.fullmatch(rf"(.*?) ?{_HOUR}", text)
    days = _days_to(found[1], now.astimezone(CHINA).weekday()) if found else None
    if found is None or days is None:
        return None
    if found[1].isascii() and found[1] and f"{found[1]} " not in text:
        raise ValueError
    hour, minute, second = (int(number or 0) for number in found.groups()[1:])
    return (now.astimezone(CHINA) + timedelta(days)).replace(hour=hour, minute=minute, second=second)


def _days_to(day: str, today: int) -> int | None:
    """Return how many days it is to a day of the week, 0 on that day itself, or to tomorrow and the like."""
    if day in _DAYS:
        return _DAYS[day]
    chinese = re.fullmatch("(?:周|週|星期|礼拜|禮拜)(.)", day)
    english = [number for number, name in enumerate(_ENGLISH_WEEK) if day in (name, name[:3])]
    number = _CHINESE_WEEK.get(chinese[1]) if chinese else next(iter(english), None)
    return None if number is None else (number - today) % 7


def _absolute(text: str) -> datetime:
    """Return a time with its date; ValueError where it is none."""
    found = re.fullmatch(rf"{_DATE} ?{_HOUR}", text)
    if found:
        return datetime(*(int(number) for number in found.groups() if number), tzinfo=CHINA)  # type: ignore[arg-type, misc]
    if not re.search("[0-9]:[0-9]", text):
        raise ValueError
    at = datetime.fromisoformat(text.upper())  # the T and Z of ISO 8601
    return at if at.tzinfo else at.replace(tzinfo=CHINA)


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
