"""The gateway's protocol, once, in both directions: forms, answers, pushes; no I/O.

What a client encodes the sandbox decodes, and the other way round; parsing what was encoded gives back what went in.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import NamedTuple
from urllib.parse import unquote_to_bytes, urlencode

CHINA = timezone(timedelta(hours=8), "UTC+8")
CONTENT_LIMIT = 500
BATCH_SIZE = 500
# Refusals that are about the account, so that they would hit any other message as well.
ACCOUNT_CODES = (10, 11, 12, 13, 14)
PATH = "/asmx/smsservice.aspx"
# A number that the gateway takes: eleven digits, 13 to 19 (protocol §6).
MOBILE = re.compile(r"1[3-9][0-9]{9}")

_TIME = "%Y-%m-%d %H:%M:%S"


# --- forms: what a client posts (protocol §1, §2) -----------------------------------------------------------------


def send_form(content: str, mobile: str, sign: str = "", extno: str = "", stime: str = "") -> dict[str, str]:
    """Return the fields of a send (`type=pt`, protocol §1) but the account's; `mobile` is joined by commas."""
    return {"content": content, "mobile": mobile, "stime": stime, "sign": sign, "type": "pt", "extno": extno}


def balance_form() -> dict[str, str]:
    """Return the fields of a balance request (protocol §2) but the account's."""
    return {"type": "balance"}


def encode_form(fields: Mapping[str, str]) -> bytes:
    """Return an `application/x-www-form-urlencoded` body in UTF-8; commas stay as they are."""
    return urlencode(fields, safe=",").encode("ascii")


def decode_form(body: bytes) -> dict[str, str]:
    """Return the fields of a form body or query, names in lower case, the first of equal names.

    Takes what clients and gateways really send (protocol §5): raw UTF-8 or GBK bytes, raw spaces, a stray `%`.
    """
    fields: dict[str, str] = {}
    for pair in body.split(b"&"):
        key, _, value = pair.partition(b"=")
        if key:
            fields.setdefault(decode_value(key).strip().lower(), decode_value(value))
    return fields


def decode_text(raw: bytes) -> str:
    """Decode UTF-8, else GB18030; bytes that are neither stay visible as U+FFFD (protocol §4)."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("gb18030", errors="replace")


def decode_value(raw: bytes) -> str:
    """Decode one percent-encoded value, a `+` being a space."""
    plain = raw.replace(b"+", b" ")
    return decode_text(unquote_to_bytes(plain) if b"%" in plain else plain)


def format_stime(at: datetime) -> str:
    """Return an aware time as the gateway wants it, in China time (protocol §1)."""
    return at.astimezone(CHINA).strftime(_TIME)


def china_time(at: float) -> str:
    """Return seconds since 1970 as the gateway writes a time."""
    return format_stime(datetime.fromtimestamp(at, CHINA))


def parse_stime(text: str) -> datetime | None:
    """Return a `YYYY-MM-DD HH:MM:SS` China time as an aware datetime, None if it is not one."""
    try:
        return datetime.strptime(text, _TIME).replace(tzinfo=CHINA)
    except ValueError:
        return None


# --- answers: one line, comma separated (protocol §1, §2) ---------------------------------------------------------


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


# --- pushes: what the gateway calls its customer with (protocol §3, §4) -------------------------------------------


class Report(NamedTuple):
    """What became of a message at one number (protocol §3); `time` is China time as the gateway wrote it."""

    sendid: str
    mobile: str
    state: str
    time: str


class Reply(NamedTuple):
    """What a phone's owner answered (MO, protocol §4); `content` is written by a stranger and can hold anything."""

    mobile: str
    content: str
    time: str
    extension: str


class Push(NamedTuple):
    """One call of the gateway: reports or replies, and the fields that prove who called."""

    events: Sequence[Report | Reply]
    fields: Mapping[str, str]


class Trust(NamedTuple):
    """What a push must carry to be believed: an agreed name and password, or the MD5 secret (protocol §3)."""

    push_name: str
    push_pwd: str
    access_secret: str


def report_fields(reports: Sequence[Report], name: str = "", pwd: str = "") -> dict[str, str]:
    """Return the fields of a status report push; several reports share sendid, state and time (protocol §3)."""
    first = reports[0]
    mobile = ",".join(report.mobile for report in reports)
    fields = {"name": name, "pwd": pwd, "sendid": first.sendid, "time": first.time}
    return fields | {"mobile": mobile, "state": first.state}


def reply_fields(replies: Sequence[Reply], name: str = "", pwd: str = "") -> dict[str, str]:
    """Return the fields of a reply push, several replies joined by `#@@#` (protocol §4)."""
    return {"name": name, "pwd": pwd, "args": "#@@#".join("#@#".join(reply) for reply in replies)}


def signed_name(access_secret: str, random: str, timestamp: str) -> str:
    """Return `MD5(AccessSecret + random + timestamp)` in lower-case hex (protocol §3)."""
    signed = f"{access_secret}{random}{timestamp}".encode("utf-8", "surrogatepass")
    return hashlib.md5(signed, usedforsecurity=False).hexdigest()


def is_trusted(fields: Mapping[str, str], trust: Trust) -> bool:
    """Tell whether a push proves that it comes from the gateway; compared in constant time."""
    name, pwd = fields.get("name", ""), fields.get("pwd", "")
    named = bool(trust.push_name) and _same(name, trust.push_name)
    random, timestamp = fields.get("random", ""), fields.get("timestamp", "")
    # Without `random` and `timestamp` the hash would be a constant that anybody could repeat.
    signed = bool(trust.access_secret and random and timestamp) and _same(
        name.lower(), signed_name(trust.access_secret, random, timestamp)
    )
    return (named or signed) and (not trust.push_pwd or _same(pwd, trust.push_pwd))


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode("utf-8", "surrogatepass"))


def push_from_fields(fields: Mapping[str, str]) -> Push | None:
    """Read a push from decoded fields, names in lower case; None where they are neither report nor reply."""
    state = fields.get("state")
    if state is not None and "mobile" in fields:
        sendid, time = fields.get("sendid", "").strip(), fields.get("time", "").strip()
        mobile = fields["mobile"].strip()
        if "," not in mobile:
            return Push((Report(sendid, mobile, state.strip(), time),), fields) if mobile else None
        mobiles = [part.strip() for part in mobile.split(",")]
        reports = [Report(sendid, part, state.strip(), time) for part in mobiles if part]
        return Push(reports, fields) if reports else None
    if "args" in fields:
        replies = parse_replies(fields["args"])
        return Push(replies, fields) if replies else None
    return None


# Between two replies: time and extension of the one, the separator, the number of the next.
_BOUNDARY = (
    r"#@#[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}[ T][0-9:.]{4,15}#@#[0-9]{0,40}\s?(?P<separator>#@@#)(?=\+?[0-9]{5,20}#@#)"
)


def parse_replies(args: str) -> list[Reply] | None:
    """Read the replies of an `args` value (protocol §4), None where it holds anything else.

    The text may contain the separators: a reply ends only where a time and an extension stand at its right and
    nothing, or the next reply's number, follows. The number is taken from the left, time and extension from the right.
    """
    args = re.sub(r"#@@#\s*\Z", "", args)
    replies: list[Reply | None] = []
    start = 0
    for boundary in re.finditer(_BOUNDARY, args):
        replies.append(_parse_reply(args[start : boundary.start("separator")]))
        start = boundary.end("separator")
    replies.append(_parse_reply(args[start:]))
    return None if None in replies else [reply for reply in replies if reply]


def _parse_reply(text: str) -> Reply | None:
    mobile, _, rest = text.partition("#@#")
    parts = rest.rsplit("#@#", 2)
    if len(parts) != 3 or not mobile.strip():
        return None
    content, time, extension = parts
    return Reply(mobile.strip(), content, time.strip(), extension.strip())
