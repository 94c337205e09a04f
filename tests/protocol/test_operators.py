"""Operators by number range."""

import pytest

from smscli.protocol.operators import ENGLISH, operator_of


@pytest.mark.parametrize(
    ("mobile", "operator"),
    [
        ("13800138000", "移动"),
        ("19800138000", "移动"),
        ("13000138000", "联通"),
        ("19600138000", "联通"),
        ("18900138000", "电信"),
        ("19300138000", "电信"),
        ("19200138000", "广电"),
        ("17000138000", "虚拟"),
        ("16500138000", "虚拟"),
        ("16000138000", "其他"),
        ("", "其他"),
        ("+1 202", "其他"),
    ],
)
def test_the_range_tells_the_operator(mobile: str, operator: str) -> None:
    assert operator_of(mobile) == operator
    assert operator in ENGLISH
