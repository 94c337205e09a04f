"""What a text costs (protocol §6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscli.protocol.billing import billed_parts, count_characters, signed


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), ("abc", 3), ("你好", 2), ("😀", 2), ("a😀你", 4), ("\n", 1), ("é", 1)]
)
def test_an_emoji_counts_as_two(text: str, count: int) -> None:
    assert count_characters(text) == count


@pytest.mark.parametrize(
    ("characters", "parts"),
    [(0, 1), (1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (201, 3), (202, 4), (500, 8)],
)
def test_seventy_are_one_part_then_sixty_seven_a_part(characters: int, parts: int) -> None:
    assert billed_parts("x" * characters) == parts
    assert billed_parts("你" * characters) == parts


def test_emoji_are_billed_as_two_characters() -> None:
    assert billed_parts("😀" * 35) == 1
    assert billed_parts("😀" * 35 + "x") == 2


@pytest.mark.parametrize(
    ("content", "sign", "text"),
    [
        ("你好", "", "你好"),
        ("你好", "店", "【店】你好"),
        ("你好", "【店】", "【店】你好"),
        ("你好", "【店", "【【店】你好"),
    ],
)
def test_signature_stands_in_its_brackets_in_front(content: str, sign: str, text: str) -> None:
    assert signed(content, sign) == text


@given(st.text())
def test_characters_are_utf16_units(text: str) -> None:
    assert count_characters(text) == len(text.encode("utf-16-le", "surrogatepass")) // 2


@given(st.text(max_size=600))
def test_parts_hold_the_text_and_none_is_empty(text: str) -> None:
    characters, parts = count_characters(text), billed_parts(text)
    room = 70 if parts == 1 else 67 * parts
    assert characters <= room
    assert parts == 1 or characters > 67 * (parts - 1)
