"""Forms: what is written is read back, and so is what clients really send."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscli.protocol.forms import balance_form, decode_form, encode_form, send_form
from smscli.protocol.times import format_stime
from tests.support.strategies import MOBILE, TEXT


@given(TEXT, st.lists(MOBILE, min_size=1), TEXT, st.text(st.sampled_from("0123456789")))
def test_send_form_round_trip(content: str, mobiles: list[str], sign: str, extno: str) -> None:
    at = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
    fields = decode_form(encode_form(send_form(content, ",".join(mobiles), sign, extno, format_stime(at))))
    assert fields == {
        "content": content,
        "mobile": ",".join(mobiles),
        "stime": "2026-12-01 09:00:00",
        "sign": sign,
        "type": "pt",
        "extno": extno,
    }


def test_send_form_has_the_fields_of_the_protocol() -> None:
    assert send_form("x", "13800138000") == {
        "content": "x",
        "mobile": "13800138000",
        "stime": "",
        "sign": "",
        "type": "pt",
        "extno": "",
    }
    assert balance_form() == {"type": "balance"}


@given(st.dictionaries(st.from_regex("[a-z]+", fullmatch=True), TEXT))
def test_form_round_trip(fields: dict[str, str]) -> None:
    assert decode_form(encode_form(fields)) == fields


@given(st.binary() | st.lists(st.sampled_from([b"&", b"=", b"%", b"%4", b"%zz", b"+", b"\xff", b"a"])).map(b"".join))
def test_any_bytes_decode_as_a_form(body: bytes) -> None:
    assert all(isinstance(value, str) and key == key.lower() for key, value in decode_form(body).items())


@pytest.mark.parametrize(
    ("body", "content"),
    [
        (b"content=%E4%BD%A0+a", "你 a"),
        ("content=你 a".encode(), "你 a"),
        ("content=你 a".encode("gbk"), "你 a"),
        (b"content=%C4%E3+a", "你 a"),
        (b"CONTENT=100%&x", "100%"),
        (b"content=a&content=b&CONTENT=c", "a"),
        (b"content=a=b", "a=b"),
        (b"content=\xff\xff", "\ufffd\ufffd"),
    ],
)
def test_form_as_clients_really_send_it(body: bytes, content: str) -> None:
    assert decode_form(body)["content"] == content
