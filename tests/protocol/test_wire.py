"""The protocol in both directions: what is written is read back, and no text makes a reader raise."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscli.protocol.answers import (
    BalanceAnswer,
    SendAnswer,
    format_balance_answer,
    format_send_answer,
    parse_balance_answer,
    parse_send_answer,
)
from smscli.protocol.forms import balance_form, decode_form, encode_form, send_form
from smscli.protocol.pushes import (
    Push,
    Reply,
    Report,
    Trust,
    is_trusted,
    parse_replies,
    push_from_fields,
    reply_fields,
    report_fields,
)
from smscli.protocol.times import format_stime, parse_stime

_text = st.text(st.characters(exclude_categories=["Cs"]))
_digits = st.text(st.sampled_from("0123456789"), min_size=1, max_size=26)
_mobile = st.integers(13_000_000_000, 19_999_999_999).map(str)
_time = st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1)).map(lambda at: f"{at:%Y-%m-%d %H:%M:%S}")
# What a phone's owner writes, the separators and whole replies included.
_content = st.one_of(
    _text,
    st.lists(
        st.sampled_from(["#@#", "#@@#", "#", "@", "退订", "T", " ", "\n", "&args=", "%23", "+", "2013-08-21 21:20:11"])
    ).map("".join),
)
_reply = st.builds(Reply, _mobile, _content, _time, st.text(st.sampled_from("0123456789"), max_size=12))


# --- forms --------------------------------------------------------------------------------------------------------


@given(_text, st.lists(_mobile, min_size=1), _text, st.text(st.sampled_from("0123456789")))
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


@given(st.datetimes(datetime(1971, 1, 1), datetime(2099, 1, 1), timezones=st.timezones()))
def test_stime_is_china_time(at: datetime) -> None:
    read = parse_stime(format_stime(at))
    assert read is not None
    assert read.utcoffset() == timedelta(hours=8)
    assert abs(read - at) < timedelta(seconds=1)


@given(st.dictionaries(st.from_regex("[a-z]+", fullmatch=True), _text))
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


# --- answers ------------------------------------------------------------------------------------------------------

_line = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])).map(str.strip)
_count = st.integers(0, 10**6)


@given(st.integers(-(10**8), 10**8).filter(bool), _line)
def test_refusal_round_trip(code: int, msg: str) -> None:
    answer = SendAnswer(code, msg)
    assert parse_send_answer(format_send_answer(answer)) == answer
    assert parse_balance_answer(format_balance_answer(BalanceAnswer(code, msg))) == BalanceAnswer(code, msg)


@given(_line, _digits, _count, _count, _count, st.sampled_from(["", "\n", "\r\n"]))
def test_success_round_trip(msg: str, sendid: str, invalid: int, accepted: int, black: int, end: str) -> None:
    answer = SendAnswer(0, msg, sendid, invalid, accepted, black)
    assert parse_send_answer(format_send_answer(answer) + end) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("0,2017122215592306537359081,0,1,0,提交成功", SendAnswer(0, "提交成功", "2017122215592306537359081", 0, 1, 0)),
        ("0, 2017122215592306537359081 ,0,1,0,ok\r\n", SendAnswer(0, "ok", "2017122215592306537359081", 0, 1, 0)),
        ("0,1,0,1,0,a,b", SendAnswer(0, "a,b", "1", 0, 1, 0)),
        ("\ufeff2,余额不足,请充值", SendAnswer(2, "余额不足,请充值")),
        ("77,新的", SendAnswer(77, "新的")),
        ("-1,系统异常", SendAnswer(-1, "系统异常")),
        *[
            (text, None)
            for text in (
                "",
                "0",
                "0,",
                "0,ok",
                "0,x,0,1,0,ok",
                "0,1,-1,1,0,ok",
                "<html>",
                "１,x",
                "1.0,x",
                "+1,x",
                "1" * 5000 + ",x",
            )
        ],
    ],
)
def test_answer_as_the_gateway_writes_it(text: str, answer: SendAnswer | None) -> None:
    assert parse_send_answer(text) == answer


@pytest.mark.parametrize("balance", ["0", "1000", "-5", "12.50"])
def test_balance_keeps_its_text(balance: str) -> None:
    assert parse_balance_answer(f"0,{balance}\r\n") == BalanceAnswer(0, "", balance)


@pytest.mark.parametrize("text", ["0,", "0,abc", "0,1,2", "0,1e5", "0,١", "x", ""])
def test_no_balance(text: str) -> None:
    assert parse_balance_answer(text) is None


@given(st.text() | st.text(st.sampled_from("0123456789,-. \n")))
def test_answers_never_raise(text: str) -> None:
    parse_stime(text)
    sent, balance = parse_send_answer(text), parse_balance_answer(text)
    assert sent is None or balance is None or sent.code == balance.code


# --- pushes -------------------------------------------------------------------------------------------------------


@given(st.lists(_mobile, min_size=1), _digits, st.sampled_from(["DELIVRD", "MK:0001", "ERR:104"]), _time, _text, _text)
def test_report_round_trip(mobiles: list[str], sendid: str, state: str, time: str, name: str, pwd: str) -> None:
    reports = [Report(sendid, mobile, state, time) for mobile in mobiles]
    push = push_from_fields(decode_form(encode_form(report_fields(reports, name, pwd))))
    assert push is not None
    assert list(push.events) == reports
    assert (push.fields["name"], push.fields["pwd"]) == (name, pwd)


@given(_reply)
def test_reply_round_trip_whatever_its_text(reply: Reply) -> None:
    """Phone from the left, time and extension from the right: a text of separators alone changes neither."""
    push = push_from_fields(decode_form(encode_form(reply_fields([reply]))))
    forged = f"#@#{reply.time}#@#" in reply.content and "#@@#" in reply.content
    assert forged or push == Push([reply], {"name": "", "pwd": "", "args": "#@#".join(reply)})


@given(st.lists(_reply, min_size=1, max_size=5))
def test_replies_round_trip_with_separators_in_their_texts(replies: list[Reply]) -> None:
    assert parse_replies("#@@#".join("#@#".join(reply) for reply in replies)) == replies


@pytest.mark.parametrize(
    "content",
    [
        "a#@@#b",
        "#@@#",
        "#@#",
        "#@@#13800138000",
        "#@@##@@#",
        "x#@#2013-08-21 21:20:11#@#",
        "x#@#2013-08-21 21:20:11#@##@@#y",
        "#@@#13800138000#@#",
        "#",
    ],
)
def test_separators_in_a_reply(content: str) -> None:
    replies = [
        Reply("13800138001", content, "2013-08-21 21:20:11", ""),
        Reply("13800138002", "T", "2013-8-1 1:20:11", "008"),
    ]
    assert parse_replies("#@@#".join("#@#".join(reply) for reply in replies)) == replies


def test_trailing_separator() -> None:
    assert parse_replies("13800138001#@#T#@#2013-08-21 21:20:11#@##@@#") == [
        Reply("13800138001", "T", "2013-08-21 21:20:11", "")
    ]


@given(st.text() | st.text(st.sampled_from("#@138 -:0\n")))
def test_replies_never_raise(args: str) -> None:
    found = parse_replies(args)
    assert found is None or all(reply.mobile for reply in found)


@given(st.dictionaries(st.sampled_from(["mobile", "state", "args", "sendid", "time", "name"]), st.text()))
def test_no_fields_raise(fields: dict[str, str]) -> None:
    push = push_from_fields(fields)
    assert push is None or push.events
    is_trusted(fields | {"random": "\ud800", "timestamp": "1"}, Trust("a", "b", "c"))


# --- who called ---------------------------------------------------------------------------------------------------


def signed(timestamp: str, secret: str = "s3cret", upper: bool = False) -> dict[str, str]:
    digest = hashlib.md5(f"{secret}r4nd0m{timestamp}".encode()).hexdigest()
    return {"name": digest.upper() if upper else digest, "pwd": "", "random": "r4nd0m", "timestamp": timestamp}


@pytest.mark.parametrize(
    ("fields", "trust", "trusted"),
    [
        ({"name": "admin", "pwd": "1"}, Trust("admin", "1", ""), True),
        ({"name": "admin"}, Trust("admin", "", ""), True),
        ({"name": "admin", "pwd": "2"}, Trust("admin", "1", ""), False),
        ({"name": "Admin", "pwd": "1"}, Trust("admin", "1", ""), False),
        ({"pwd": "1"}, Trust("admin", "1", ""), False),
        ({"name": "", "pwd": ""}, Trust("", "", ""), False),
        ({"name": "", "pwd": ""}, Trust("", "", "s3cret"), False),
        (signed("1770000000"), Trust("", "", "s3cret"), True),
        (signed("1770000000123"), Trust("", "", "s3cret"), True),
        (signed("1770000000", upper=True), Trust("", "", "s3cret"), True),
        (signed("1770000000", secret="other"), Trust("", "", "s3cret"), False),
        (signed("1770000000") | {"timestamp": "1770000001"}, Trust("", "", "s3cret"), False),
        (signed("1770000000") | {"pwd": "1"}, Trust("", "1", "s3cret"), True),
        (signed("1770000000"), Trust("", "1", "s3cret"), False),
        ({"name": hashlib.md5(b"s3cret").hexdigest()}, Trust("", "", "s3cret"), False),
        ({"name": "密码", "pwd": "\ud800"}, Trust("密码", "\ud800", ""), True),
    ],
)
def test_trust(fields: dict[str, str], trust: Trust, trusted: bool) -> None:
    assert is_trusted(fields, trust) is trusted
