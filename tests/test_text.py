"""Lines of files and pipes: any line end, any block, bounded memory."""

import io
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscli import text as module
from smscli.errors import InputError
from smscli.text import bom_encoding, decode_file, decode_log, read_lines, refuse_mixed


@given(
    st.lists(st.sampled_from(["a", "\n", "\r", "\r\n", "你", "\u2028", "\x0b", " "])).map("".join), st.integers(1, 9)
)
def test_blocks_change_nothing(text: str, block: int) -> None:
    before = module._BLOCK
    module._BLOCK = block
    try:
        found = list(read_lines(io.BytesIO(text.encode()), "x", "utf-8"))
    finally:
        module._BLOCK = before
    assert found == list(io.StringIO(text, newline=""))


@pytest.mark.parametrize(
    ("start", "encoding"),
    [
        (b"\xef\xbb\xbfa", "utf-8-sig"),
        (b"\xff\xfea\0", "utf-16"),
        (b"\xfe\xff\0a", "utf-16"),
        (b"a", None),
        (b"", None),
    ],
)
def test_byte_order_marks(start: bytes, encoding: str | None) -> None:
    assert bom_encoding(start) == encoding


@given(
    st.binary(max_size=100).filter(lambda data: data[:2] != b"\x1f\x8b"),
    st.sampled_from([b"", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf"]),
)
def test_any_bytes_are_log_lines(data: bytes, mark: bytes) -> None:
    found = "".join(decode_log(io.BufferedReader(io.BytesIO(mark + data)), "x"))
    if not mark and bom_encoding(data) is None:
        assert found.encode("utf-8", "surrogateescape") == data


# --- two encodings in one file ------------------------------------------------------------------------------------

UTF8, GBK = "张三,13800138001\n李四,1\n".encode(), "王五,13800138002\n".encode("gbk")


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (UTF8 + GBK, "UTF-8 text, but not in line 3:"),
        (b"phone,name\n" + UTF8 + GBK * 2, "UTF-8 text, but not in line 4, 5:"),
        (GBK * 5 + "王五,1\n".encode(), "GBK text, but not in line 6:"),
        (GBK * 20 + "王,1\n".encode() + GBK, "GBK text, but not in line 21:"),
        (GBK.replace(b"\n", b"\r") * 3 + "王,1\r".encode(), "GBK text, but not in line 4:"),
        (UTF8 + b"13800138003,\xe5\xbc\n", "UTF-8 text, but not in line 3:"),
        (UTF8 + b"13800138003,\xe5", "UTF-8 text, but not in line 3:"),
        ("x\n张三".encode() + b"\xe5\xbc\n", "UTF-8 text, but not in line 2:"),
        ("您好，明天上课。".encode() + b"\xe5", "UTF-8 text, but not in line 1:"),
        ("张三".encode() + b"," + "北京\n".encode("gbk"), "UTF-8 text, but not in line 1:"),
        ("é\n".encode() + UTF8 * 9 + GBK, "UTF-8 text, but not in line 20:"),
        (UTF8 + GBK * 40_000 + UTF8, "GBK text, but not in line 1, 2, 40003, 40004:"),
        (UTF8 + GBK * 40, "GBK text, but not in line 1, 2:"),
        (UTF8 * 40_000 + GBK * 20, "UTF-8 text, but not in line 80001, 80002,"),
    ],
)
def test_two_encodings_in_a_file_are_refused_with_the_lines(raw: bytes, said: str) -> None:
    with pytest.raises(InputError) as caught:
        refuse_mixed(io.BytesIO(raw), "x.csv")
    assert f"x.csv is {said}" in str(caught.value)
    assert "Nothing was sent." in str(caught.value)
    with pytest.raises(InputError, match=r"x\.csv is "):
        decode_file(raw, "x.csv")


NAMES = [chr(code) for code in range(0x4E00, 0x9FA5) if chr(code).encode("gb2312", "ignore")]


@given(st.lists(st.text(st.sampled_from(NAMES), min_size=1, max_size=5), min_size=1, max_size=30))
def test_text_of_one_encoding_is_read_as_it_is(names: list[str]) -> None:
    text = "".join(f"{name},13800138000\n" for name in ["张三丰收", *names])
    assert decode_file(text.encode(), "x") == text
    assert decode_file(text.encode("utf-8-sig"), "x") == text
    assert decode_file(text.encode("utf-16"), "x") == text


def test_a_long_list_in_gbk_is_no_mixture() -> None:
    """Some names are UTF-8 as well by chance: one of 5,000 here, where rare characters are as many as common ones."""
    dice = random.Random(1)
    text = "".join(f"{''.join(dice.choices(NAMES, k=3))},138{n:08d}\n" for n in range(100_000))
    assert decode_file(text.encode("gbk"), "x") == text


def test_one_utf8_name_in_gbk_is_found() -> None:
    dice = random.Random(1)
    for _ in range(300):
        name = "".join(dice.choices(NAMES, k=dice.choice((2, 3))))
        with pytest.raises(InputError, match="not in line 21:"):
            refuse_mixed(io.BytesIO(GBK * 20 + f"{name},1\n".encode()), "x")


@pytest.mark.parametrize("raw", [b"\xff\xff\n", "王".encode("gbk") + b"\xce\n", b"\xff\xfe\x00"])
def test_what_is_no_text_is_refused(raw: bytes) -> None:
    with pytest.raises(InputError, match=r"x is not UTF-(8 or GB18030|16) text\. Nothing was sent\."):
        decode_file(raw, "x")
