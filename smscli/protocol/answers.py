"""The gateway's answers: one line, comma separated (protocol §1, §2)."""

import re
from typing import NamedTuple


class SendAnswer(NamedTuple):
    """The gateway's answer to a send; the counts and `sendid` are only there where `code` is 0.

    `sendid` is 25 or 26 digits: text, never a number.
    """

    code: int
    msg: str
    sendid: str = ""
    invalid: int = 0
    accepted: int = 0
    blacklisted: int = 0


class BalanceAnswer(NamedTuple):
    """The gateway's answer to a balance request; `balance` is kept as the gateway wrote it."""

    code: int
    msg: str
    balance: str = ""


def parse_send_answer(text: str) -> SendAnswer | None:
    """Read the answer to a send; None where it is not an answer of this gateway, so the outcome is unknown."""
    code, rest = _split_code(text)
    if code is None:
        return None
    if code != 0:
        return SendAnswer(code, rest)
    fields = [field.strip() for field in rest.split(",", 4)]
    if len(fields) != 5 or not all(
        _is_count(field, digits) for field, digits in zip(fields, (40, 9, 9, 9), strict=False)
    ):
        return None
    sendid, invalid, accepted, blacklisted, msg = fields
    return SendAnswer(0, msg, sendid, int(invalid), int(accepted), int(blacklisted))


def format_send_answer(answer: SendAnswer) -> str:
    """Write the answer as the gateway does: six fields on success, two on refusal, no spaces."""
    if answer.code != 0:
        return f"{answer.code},{answer.msg}"
    return f"0,{answer.sendid},{answer.invalid},{answer.accepted},{answer.blacklisted},{answer.msg}"


def parse_balance_answer(text: str) -> BalanceAnswer | None:
    """Read the answer to a balance request; None where it is not an answer of this gateway."""
    code, rest = _split_code(text)
    if code is None:
        return None
    if code != 0:
        return BalanceAnswer(code, rest)
    if not re.fullmatch(r"-?[0-9]{1,30}(\.[0-9]{1,10})?", rest):
        return None
    return BalanceAnswer(0, "", rest)


def format_balance_answer(answer: BalanceAnswer) -> str:
    """Write the answer as the gateway does."""
    return f"{answer.code},{answer.balance if answer.code == 0 else answer.msg}"


def _split_code(text: str) -> tuple[int | None, str]:
    code, comma, rest = text.strip().removeprefix("\ufeff").strip().partition(",")
    if not comma or not re.fullmatch(r"-?[0-9]{1,9}", code.strip()):
        return None, ""
    return int(code), rest.strip()


def _is_count(text: str, digits: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= digits
