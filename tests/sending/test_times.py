"""The times that a person writes after `--at`."""

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscli.errors import InputError
from smscli.protocol.times import CHINA
from smscli.sending.times import in_words, is_relative, parse_at
from tests.support.command import Smscli
from tests.support.sandboxes import RunningSandbox

NOW = datetime(2026, 11, 22, 4, 0, 0, 500_000, tzinfo=UTC)  # noon in China, on a Sunday
CHINESE_WEEK = "一二三四五六日"
ENGLISH_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAYS = {"": 0, "今天": 0, "明天": 1, "后天": 2, "today": 0, "Tomorrow": 1}
SUNDAY = ("周日", "周天", "星期日", "星期天", "礼拜天", "Sun", "sunday")
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2200, 1, 1)).map(lambda at: at.replace(tzinfo=CHINA))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-12-01 09:00", "2026-12-01T09:00:00+08:00"),
        ("2026-12-01 09:00:30", "2026-12-01T09:00:30+08:00"),
        ("  2026-12-01 09:00  ", "2026-12-01T09:00:00+08:00"),
        ("2026-12-01T09:00", "2026-12-01T09:00:00+08:00"),
        ("2026-12-01T09:00+08:00", "2026-12-01T09:00:00+08:00"),
        ("2026-12-01T09:00Z", "2026-12-01T17:00:00+08:00"),
        ("2026-12-01T09:00-05:00", "2026-12-01T22:00:00+08:00"),
        ("2026-12-01 09:00:00.999", "2026-12-01T09:00:00+08:00"),
        ("+90m", "2026-11-22T13:30:00+08:00"),
        ("+2h", "2026-11-22T14:00:00+08:00"),
        ("+1d", "2026-11-23T12:00:00+08:00"),
        ("+30s", "2026-11-22T12:00:30+08:00"),
        ("2026-11-22 12:00:00", "2026-11-22T12:00:00+08:00"),
        ("2028-02-29 00:00", "2028-02-29T00:00:00+08:00"),
    ],
)
def test_times_are_china_time_unless_they_say_otherwise(text: str, expected: str) -> None:
    at = parse_at(text, NOW)
    assert at.isoformat() == expected
    assert at.tzinfo is CHINA


@pytest.mark.parametrize(
    "text",
    [
        "", "tomorrow", "2026-12-01", "2026-12-01 09", "9", "2026-13-01 09:00", "2027-02-29 09:00",
        "2026-12-01 25:00", "2026-12-01 09:00 PM", "12/01/2026 09:00", "12-01 09:00", "26-12-01 09:00",
        "2026-12/01 09:00", "2026年12月 9:00",
        "2026-12-01T09:00+99:00", "+", "+90", "90m", "+-1m", "+1w", "+1.5h", "+1h30m", "+9999999d",
        "24:00", "09:60", "9:5", "tomorrow9:00", "fri9:00", "昨天 9:00", "周八 9:00", "周 9:00", "下周五 9:00",
        "周五五 9:00",
        "明天", "周五", "明天 9:00 9:00", "freitag 9:00", "frid 9:00", "9:00 tomorrow", "明天 09:00+08:00", "-9:00",
        "9999-12-31T23:59-12:00", "0001-01-01T00:00+14:00", "\ud800", "9" * 10_000,
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(InputError, match=r"is not a time\. Nothing was sent\. Write 2026-12-01 09:00"):
        parse_at(text, NOW)


@pytest.mark.parametrize(
    "text", ["2026-11-22 11:59:59", "2026-11-22 04:00", "2026-11-22T03:59:59Z", "1999-01-01 00:00"]
)
def test_the_past_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"China time \(UTC\+8\), \w+day, has passed\. Nothing was sent\."):
        parse_at(text, NOW)


@given(st.text())
def test_any_text_is_a_time_or_a_sentence(text: str) -> None:
    with suppress(InputError):
        assert parse_at(text, NOW) >= NOW.replace(microsecond=0)


@given(st.datetimes(datetime(2027, 1, 1), datetime(9998, 1, 1)), st.integers(-14 * 60, 14 * 60))
def test_an_offset_never_changes_the_moment(moment: datetime, minutes: int) -> None:
    aware = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    assert parse_at(aware.isoformat(), NOW) == aware


# --- days by their words ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("13:00", "2026-11-22 13:00:00"),
        ("12:00", "2026-11-22 12:00:00"),  # this very minute is not over
        ("明天 9:00", "2026-11-23 09:00:00"),
        ("明天9:00", "2026-11-23 09:00:00"),
        ("后天　９：００", "2026-11-24 09:00:00"),  # as an input method for Chinese writes it
        ("周五 18:00", "2026-11-27 18:00:00"),
        ("星期五18：00：05", "2026-11-27 18:00:05"),
        ("後天 9:00", "2026-11-24 09:00:00"),
        ("週五 18:00", "2026-11-27 18:00:00"),
        ("FRI 18:00", "2026-11-27 18:00:00"),
        *((f"{day} 18:00", "2026-11-22 18:00:00") for day in SUNDAY),
        ("2027/01/01 09:00", "2027-01-01 09:00:00"),
        ("２０２７／１／１ ９：００", "2027-01-01 09:00:00"),
        ("2027-1-1 9:00", "2027-01-01 09:00:00"),
        ("2027年1月1日9:00", "2027-01-01 09:00:00"),
        ("2027年1月1日 9:00:30", "2027-01-01 09:00:30"),
        ("＋２h", "2026-11-22 14:00:00"),
    ],
)
def test_days_are_found_by_their_words(text: str, expected: str) -> None:
    assert f"{parse_at(text, NOW):%Y-%m-%d %H:%M:%S}" == expected


@given(MOMENTS, st.sampled_from(sorted(DAYS)), st.times())
def test_a_day_is_counted_from_the_day_in_china(now: datetime, word: str, hour: datetime) -> None:
    at = parse_at(f"{word} {hour:%H:%M:%S}".strip(), now.astimezone(timezone(timedelta(hours=-9))), past_is_fine=True)
    assert (at.date() - now.date()).days == DAYS[word]
    assert f"{at:%H:%M:%S}" == f"{hour:%H:%M:%S}"


@given(MOMENTS, st.integers(0, 6), st.sampled_from(["周{}", "星期{}", "礼拜{}", "en", "short"]))
def test_a_day_of_the_week_is_the_next_one_today_included(now: datetime, day: int, form: str) -> None:
    names = {"en": ENGLISH_WEEK[day].title(), "short": ENGLISH_WEEK[day][:3]}
    at = parse_at(f"{names.get(form) or form.format(CHINESE_WEEK[day])} 18:00", now, past_is_fine=True)
    assert at.weekday() == day
    assert 0 <= (at.date() - now.date()).days < 7


@given(MOMENTS, st.sampled_from([*DAYS, *SUNDAY, "周三", "fri"]), st.times())
def test_what_has_passed_is_never_moved_to_another_day(now: datetime, day: str, hour: datetime) -> None:
    text = f"{day} {hour:%H:%M}".strip()
    at = parse_at(text, now, past_is_fine=True)
    if at >= now.replace(microsecond=0):
        assert parse_at(text, now) == at
    else:
        assert at.date() == now.date()
        with pytest.raises(InputError, match=f"{re.escape(in_words(at))}, has passed. Nothing was sent."):
            parse_at(text, now)


@given(MOMENTS, st.sampled_from(["%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y年%m月%d日 %H:%M:%S"]))
def test_every_spelling_of_a_date_is_the_same_moment(moment: datetime, form: str) -> None:
    wide = str.maketrans("0123456789:/-", "０１２３４５６７８９：／－")
    at = moment.replace(microsecond=0)
    written = at.strftime(form)
    assert parse_at(written, NOW, past_is_fine=True) == parse_at(written.translate(wide), NOW, past_is_fine=True) == at


@given(MOMENTS)
def test_the_time_is_shown_with_its_day_of_the_week(moment: datetime) -> None:
    assert in_words(moment) == f"{moment:%Y-%m-%d %H:%M:%S} China time (UTC+8), {moment:%A}"


@pytest.mark.parametrize(
    ("text", "relative"), [("+1h", True), ("9:00", True), ("周五 9:00", True), ("２０２７/1/1 9:00", False)]
)
def test_a_time_without_a_date_is_relative(text: str, relative: bool) -> None:
    assert is_relative(text) is relative


def test_a_key_with_a_day_in_words_sends_once(smscli: Smscli, sandbox: RunningSandbox) -> None:
    send = ("send", "--mobile", "13800138000", "--content", "x", "--key", "k", "--at")
    assert smscli(*send, "后天 9:00", **sandbox.variables).code == 0
    again = smscli(*send, "明天 9:00", **sandbox.variables)  # what a script says the day after
    assert (again.code, len(sandbox.requests)) == (0, 1)
    assert "nothing was sent again" in again.err
    assert smscli(*send, "2126-12-01 09:00", **sandbox.variables).code == 2


def test_the_absolute_time_is_in_the_plan_and_in_the_result(smscli: Smscli, sandbox: RunningSandbox) -> None:
    send = ("send", "--mobile", "13800138000", "--content", "x", "--at", "2126/12/1 9:00", "--output", "table")
    plan = smscli(*send, "--dry-run", **sandbox.variables)
    assert "time                2126-12-01 09:00:00 China time (UTC+8), Sunday\n" in plan.out
    result = smscli(*send, **sandbox.variables)
    assert "run 1 is scheduled for 2126-12-01 09:00:00 China time (UTC+8), Sunday\n" in result.err
