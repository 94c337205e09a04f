"""Lines of files and pipes: any line end, any block, bounded memory."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscli import text as module
from smscli.text import bom_encoding, decode_log, read_lines


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
