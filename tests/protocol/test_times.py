"""Times as others write them; without a zone they are China time, whatever this machine's is."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscli.protocol.times import CHINA, china_time, format_stime, moment, parse_stime, parse_time

AT = datetime(2026, 11, 25, 9, 5, 3, tzinfo=CHINA)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-25 09:05:03",
        "2026/11/25 9:05:03",
        "2026-11-25T09:05:03",
        "2026.11.25 09:05:03",
        " 2026-11-25  9:05:03\n",
        "2026-11-25 09:05:03.123",
        "2026-11-25 09:05:03,123",
        "2026-11-25T09:05:03.123456+08:00",
        "2026-11-25T01:05:03Z",
        "2026-11-25 01:05:03 +0000",
        "20261125090503",
        "20261125 090503",
        "20261125T090503",
        "20261125 09:05:03",
        "20261125090503123",
    ],
)
def test_a_time_as_others_write_it(text: str) -> None:
    assert parse_time(text) == AT
    assert moment(text, 1.0) == AT.timestamp()


@pytest.mark.parametrize("text", ["2026-11-25 09:05", "2026/11/25 9:05", "202611250905", "2026-11-25T09:05Z"])
def test_seconds_may_be_missing(text: str) -> None:
    at = parse_time(text)
    assert at and (at.minute, at.second) == (5, 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "2026-11-25",
        "20261125",
        "2026-13-01 09:05:03",
        "2026-11-25 24:05:03",
        "2026-11-25 24:00:00",
        "2026-11-25 09:05+01",
        "2026-11-25 9:5:3",
        "1795568703",
        "2026-02-29 09:05:03",
        "0000-01-01 00:00:00",
        "２０２６-11-25 09:05:03",
        "2026-11-25 09:05:03 x",
        "2611250905",
    ],
)
def test_what_is_not_a_time_counts_when_it_came(text: str) -> None:
    assert parse_time(text) is None
    assert moment(text, 1.5) == 1.5


@given(
    st.datetimes(datetime(1900, 1, 1), datetime(2999, 1, 1)),
    st.sampled_from(["%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y%m%d%H%M%S", "%Y%m%d %H%M%S"]),
)
def test_every_form_is_read_back(at: datetime, form: str) -> None:
    at = at.replace(microsecond=0, tzinfo=CHINA)
    assert parse_time(at.strftime(form)) == at


@given(st.integers(0, 4_000_000_000))
def test_what_we_write_is_read_back(at: int) -> None:
    assert moment(china_time(at), 0) == at


@given(st.text() | st.text(st.sampled_from("0123456789-/: T.Z+")))
def test_no_text_raises(text: str) -> None:
    at = parse_time(text)
    assert at is None or timedelta(0) <= abs(at.utcoffset() or timedelta(0)) < timedelta(days=1)
    moment(text, 0)


@given(st.datetimes(datetime(1971, 1, 1), datetime(2099, 1, 1), timezones=st.timezones()))
def test_stime_is_china_time(at: datetime) -> None:
    read = parse_stime(format_stime(at))
    assert read is not None
    assert read.utcoffset() == timedelta(hours=8)
    assert abs(read - at) < timedelta(seconds=1)


@given(st.text() | st.text(st.sampled_from("0123456789,-. \n")))
def test_times_never_raise(text: str) -> None:
    at = parse_stime(text)
    assert at is None or at.utcoffset() == timedelta(hours=8)
