"""What is checked before anything is sent: content, sign, extno, time, batches."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscli.errors import InputError
from smscli.protocol.billing import count_characters
from smscli.protocol.forms import send_form
from smscli.protocol.times import CHINA, format_stime
from smscli.sending.message import parse_text
from smscli.sending.plan import Plan, check_content, check_sign, texts_for
from smscli.sending.recipients import Recipients
from smscli.sending.times import quiet_until
from tests.support.sandboxes import numbers

NOW = datetime(2026, 11, 22, 4, 0, 0, 500_000, tzinfo=UTC)  # noon in China


@pytest.mark.parametrize("content", ["", " ", "\n\t", "\u3000"])
def test_empty_content_is_refused(content: str) -> None:
    with pytest.raises(InputError, match=r"the content is empty\. Nothing was sent\."):
        check_content(content)


@pytest.mark.parametrize(
    ("content", "too_many"),
    [("你" * 500, 0), ("你" * 501, 1), ("😀" * 250, 0), ("😀" * 250 + "x", 1), ("x" * 9999, 9499)],
)
def test_more_than_500_characters_are_refused_an_emoji_being_two(content: str, too_many: int) -> None:
    if not too_many:
        check_content(content)
        return
    with pytest.raises(InputError, match=rf"has {count_characters(content)} characters, {too_many} more than the 500"):
        check_content(content)


@pytest.mark.parametrize("character", ["\0", "\x1b", "\x7f", "\x85", "\x9b", "\udcff"])
def test_control_characters_are_refused_with_their_place(character: str) -> None:
    for check, text in ((check_content, f"ab{character}"), (check_sign, f"ab{character}")):
        with pytest.raises(InputError, match=r"at position 3\. Nothing was sent\."):
            check(text)


@pytest.mark.parametrize("damage", ["\ufffd", "锟斤拷"])
def test_damaged_characters_are_refused(damage: str) -> None:
    with pytest.raises(InputError, match=r"could not read a character\. Nothing was sent\."):
        check_content(f"尊敬的{damage}您好")


def test_content_may_have_line_breaks_and_tabs_a_sign_may_not() -> None:
    check_content("a\r\n\tb")
    for sign in ("a\nb", "a\rb", "a\tb"):
        with pytest.raises(InputError, match="the sign has a line break"):
            check_sign(sign)


@pytest.mark.parametrize("extno", ["12a", "1 2", "-1", "１２", "²", "1\n"])
def test_extno_is_digits_only(extno: str) -> None:
    with pytest.raises(InputError, match=r"must be digits only\. Nothing was sent\."):
        Plan("x", {"x": ["13800138000"]}, extno=extno).check()


def test_extno_of_digits_or_none_is_fine() -> None:
    for extno in ("", "0", "0123456789"):
        Plan("x", {"x": ["13800138000"]}, extno=extno).check()


@given(st.lists(st.integers(0, 30), max_size=4), st.integers(1, 20))
def test_batches_hold_every_number_once_and_in_order(counts: list[int], size: int) -> None:
    texts = {f"text {index}": numbers(count) for index, count in enumerate(counts)}
    plan = Plan("{x}", texts, batch_size=size)
    batches = list(plan.batches())
    for text, people in texts.items():
        assert [mobile for t, mobiles in batches for mobile in mobiles if t == text] == people
    assert all(0 < len(batch.mobiles) <= size for batch in batches)
    assert (plan.requests, plan.numbers) == (len(batches), sum(counts))


def test_cost_is_of_texts_with_signature_times_numbers() -> None:
    plan = Plan("{x}", {"x" * 66: numbers(2), "x" * 67: numbers(3), "😀": numbers(1)}, sign="店")
    assert plan.cost() == (5, 70, 1, 1, 6)
    assert plan._replace(sign="小店").cost() == (6, 71, 1, 2, 9)


def test_digest_tells_who_gets_what() -> None:
    plan = Plan("x", {"x": ["13800138000", "13800138001"]})
    others = [{"x": ["13800138000"]}, {"y": ["13800138000", "13800138001"]}, {"x": ["13800138001", "13800138000"]}]
    assert plan.digest() == plan._replace(sign="店").digest()
    assert len({plan.digest(), *(plan._replace(texts=texts).digest() for texts in others)}) == 4


def test_warnings_of_a_plan_are_those_of_all_its_texts() -> None:
    texts = {"x" * 301: ["13800138000"], "【店】x": ["13800138000"], "y\u200b": ["13800138001"]}
    plan = Plan("{x}", texts, sign="店")
    for said, parts in (
        (plan.warnings(), ["people will see both", "invisible characters"]),
        (plan.remarks(), ["1 more texts than people", "over 300 characters"]),
    ):
        assert [part in warning for part, warning in zip(parts, said, strict=True)] == [True, True]
    plain = Plan("x", {"x": ["13800138000"]}, sign="店")
    assert (plain.warnings(), plain.remarks()) == ([], [])
    assert "no signature" in plain._replace(sign="").warnings()[0]


@pytest.mark.parametrize(
    ("hours", "at", "until"),
    [
        ("21:00-08:00", "2026-11-25T20:59:59+08:00", ""),
        ("21:00-08:00", "2026-11-25T21:00:00+08:00", "2026-11-26T08:00:00+08:00"),
        ("21:00-08:00", "2026-11-25T23:59:59+08:00", "2026-11-26T08:00:00+08:00"),
        ("21:00-08:00", "2026-11-26T00:00:00+08:00", "2026-11-26T08:00:00+08:00"),
        ("21:00-08:00", "2026-11-26T07:59:59+08:00", "2026-11-26T08:00:00+08:00"),
        ("21:00-08:00", "2026-11-26T08:00:00+08:00", ""),
        ("21:00-08:00", "2026-12-31T22:00:00+08:00", "2027-01-01T08:00:00+08:00"),
        ("21:00-08:00", "2026-11-25T13:00:00+00:00", "2026-11-26T08:00:00+08:00"),
        ("21:00-08:00", "2026-11-25T09:00:00-05:00", "2026-11-26T08:00:00+08:00"),
        ("12:00-14:00", "2026-11-25T12:00:00+08:00", "2026-11-25T14:00:00+08:00"),
        ("12:00-14:00", "2026-11-25T14:00:00+08:00", ""),
        ("21:00-00:00", "2026-11-25T22:00:00+08:00", "2026-11-26T00:00:00+08:00"),
        ("", "2026-11-25T22:00:00+08:00", ""),
    ],
)
def test_quiet_hours_are_china_time_and_cross_midnight(hours: str, at: str, until: str) -> None:
    found = quiet_until(hours, datetime.fromisoformat(at))
    assert (found.isoformat() if found else "") == until


@given(st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)), st.times(), st.times())
def test_quiet_hours_end_soon_and_are_over_then(moment: datetime, start: time, end: time) -> None:
    hours = f"{start:%H:%M}-{end:%H:%M}"
    if f"{start:%H:%M}" == f"{end:%H:%M}":
        return
    at = moment.replace(tzinfo=CHINA)
    until = quiet_until(hours, at)
    if until:
        assert at < until <= at + timedelta(days=1)
        assert quiet_until(hours, until) is None


def test_column_as_other_programs_write_it_is_refused() -> None:
    people = Recipients(["13800138000"], columns=["手机号", "姓名"])
    with pytest.raises(InputError, match=r"the content has '#姓名#'.*Write {姓名}\."):
        texts_for(parse_text("#姓名#您好"), {}, people, None)
    with pytest.raises(InputError, match=r"the content has '\[店\]'"):
        texts_for(parse_text("[店]"), {"店": "小店"}, Recipients(["13800138000"]), None)
    assert texts_for(parse_text("#姓名#您好"), {}, Recipients(["13800138000"]), None)


def test_texts_take_constants_and_columns_and_equal_ones_share_a_request() -> None:
    people = Recipients(
        ["13800138000", "13800138001", "13800138002"],
        lines=[2, 3, 4],
        values=[("甲",), ("乙",), ("甲",)],
    )
    texts = texts_for(parse_text("{{{店}}} {名}"), {"店": "小店"}, people, None)
    assert texts == {"{小店} 甲": ["13800138000", "13800138002"], "{小店} 乙": ["13800138001"]}
    assert texts_for(parse_text("{名}"), {}, people, 2) == {"甲": ["13800138000"], "乙": ["13800138001"]}


def test_each_text_is_checked_and_every_bad_line_told() -> None:
    people = Recipients(
        ["13800138000", "13800138001", "13800138002"],
        lines=[2, 3, 4],
        values=[("x" * 501,), ("a",), ("\x1b",)],
    )
    with pytest.raises(InputError) as caught:
        texts_for(parse_text("{名}"), {}, people, None)
    assert "line 2: the content has 501" in str(caught.value)
    assert "line 4: the content has a control character" in str(caught.value)
    assert "line 3" not in str(caught.value)


def test_form_says_the_time_in_china() -> None:
    stime = format_stime(datetime(2026, 12, 1, 1, 0, tzinfo=UTC))
    assert send_form("你好", "13800138000", "店", "12", stime) == {
        "content": "你好",
        "mobile": "13800138000",
        "stime": "2026-12-01 09:00:00",
        "sign": "店",
        "type": "pt",
        "extno": "12",
    }
