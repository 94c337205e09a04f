"""Inputs that once took the square of their size, and so let a stranger keep the program busy."""

from collections.abc import Callable

import pytest

from smscli.gateway.client import _title
from smscli.ledger.inbox import _PASSWORD
from smscli.protocol.times import parse_time
from tests.support.pace import fastest

BLOWN_UP: dict[str, Callable[[int], object]] = {
    "a page of titles": lambda count: _title("<title" * count),
    "a refused push of passwords": lambda count: _PASSWORD.sub(rb"\1****", b"name=pwd" * count),
    "a time of spaces": lambda count: parse_time.__wrapped__(f"2026-11-25{' ' * count}x"),
    "a time of zones": lambda count: parse_time.__wrapped__(f"2026-11-25 09:05{' ' * count}x"),
}


@pytest.mark.parametrize("what", BLOWN_UP)
def test_four_times_the_size_takes_four_times_as_long(what: str) -> None:
    assert fastest(BLOWN_UP[what], 16_000) < 9 * fastest(BLOWN_UP[what], 4_000)
