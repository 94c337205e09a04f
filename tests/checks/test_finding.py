"""The time that a check may take."""

from threading import Event

import pytest

from smscli.checks.finding import within


def test_work_in_time_is_returned() -> None:
    assert within(60, lambda: 7) == 7


def test_an_error_comes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        within(60, lambda: 1 // 0)


def test_work_that_hangs_is_left_behind() -> None:
    ended = Event()
    with pytest.raises(TimeoutError):
        within(0.05, ended.wait)
    ended.set()
