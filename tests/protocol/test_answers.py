"""Answers: what the sandbox writes is read back, and no text makes a reader raise."""

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
from tests.support.strategies import DIGITS

_line = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])).map(str.strip)
_count = st.integers(0, 10**6)


@given(st.integers(-(10**8), 10**8).filter(bool), _line)
def test_refusal_round_trip(code: int, msg: str) -> None:
    answer = SendAnswer(code, msg)
    assert parse_send_answer(format_send_answer(answer)) == answer
    assert parse_balance_answer(format_balance_answer(BalanceAnswer(code, msg))) == BalanceAnswer(code, msg)


@given(_line, DIGITS, _count, _count, _count, st.sampled_from(["", "\n", "\r\n"]))
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
    sent, balance = parse_send_answer(text), parse_balance_answer(text)
    assert sent is None or balance is None or sent.code == balance.code
