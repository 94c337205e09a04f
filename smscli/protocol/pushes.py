"""The gateway's calls to its customer: status reports and replies, and the proof of who calls (protocol §3, §4)."""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from smscli.protocol.forms import decode_again
from smscli.protocol.times import parse_time

_LAYERS = 3  # of percent-encoding


class Report(NamedTuple):
    """What became of a message at one number (protocol §3); `time` is China time as the gateway wrote it."""

    sendid: str
    mobile: str
    state: str
    time: str


class Reply(NamedTuple):
    """What a phone's owner answered (MO, protocol §4); `content` is written by others and can hold anything."""

    mobile: str
    content: str
    time: str
    extension: str


class Push(NamedTuple):
    """One call of the gateway: reports or replies, and the fields that prove who called."""

    events: Sequence[Report | Reply]
    fields: Mapping[str, str]


class Trust(NamedTuple):
    """What a push must have to be trusted: an agreed name and password, or the MD5 secret (protocol §3)."""

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


_NONCE = 100  # characters that are kept as they came; an index does not hold any length


class Signature(NamedTuple):
    """What identifies a signed push (protocol §3): a repeat of it has the same `nonce` and the same `content`.

    `nonce` is its random and its timestamp, or a hash of them where they are long; `content` is a hash of its other
    fields. `off` is how many seconds the timestamp differs from the given moment; None if it is not a time.
    """

    nonce: str
    content: str
    off: float | None


def is_trusted(fields: Mapping[str, str], trust: Trust) -> bool:
    """Return whether a push proves that it comes from the gateway; compared in constant time."""
    name, pwd = fields.get("name", ""), fields.get("pwd", "")
    named = bool(trust.push_name) and _same(name, trust.push_name)
    return (named or _is_signed(fields, trust)) and (not trust.push_pwd or _same(pwd, trust.push_pwd))


def signature(fields: Mapping[str, str], trust: Trust, at: float) -> Signature | None:
    """Return the signature of a push if it is right, else None; `at` is in seconds since 1970."""
    if not _is_signed(fields, trust):
        return None
    random, timestamp = fields["random"], fields["timestamp"]
    written = _seconds(timestamp)
    off = None if written is None else abs(written - at)
    # Not as a pair: the signature covers both as one text, so a pair that is cut elsewhere has the same hash.
    nonce = random + timestamp
    if len(nonce) > _NONCE:
        nonce = hashlib.sha256(nonce.encode("utf-8", "surrogatepass")).hexdigest()
    return Signature(nonce, _content_hash(fields), off)


def _is_signed(fields: Mapping[str, str], trust: Trust) -> bool:
    random, timestamp = fields.get("random", ""), fields.get("timestamp", "")
    # Without `random` and `timestamp` the hash would always be the same, and anybody could repeat it.
    return bool(trust.access_secret and random and timestamp) and _same(
        fields.get("name", "").lower(), signed_name(trust.access_secret, random, timestamp)
    )


def _seconds(timestamp: str) -> float | None:
    """Read a timestamp: seconds or milliseconds since 1970, or a written date and time."""
    digits = timestamp.strip()
    if re.fullmatch("[0-9]{9,10}", digits):
        return float(digits)
    if re.fullmatch("[0-9]{12,13}", digits):
        return int(digits) / 1000
    at = parse_time(digits)
    return at.timestamp() if at else None


def _content_hash(fields: Mapping[str, str]) -> str:
    """Return a hash of a push's fields, in any order, without name and password."""
    said = sorted((key, value) for key, value in fields.items() if key not in ("name", "pwd"))
    return hashlib.sha256(ascii(said).encode()).hexdigest()


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode("utf-8", "surrogatepass"))


def push_from_fields(fields: Mapping[str, str]) -> Push | None:
    """Read a push from decoded fields, names in lower case; None where they are neither report nor reply.

    If the fields were encoded more often than usual, all of them are decoded again, and `Push.fields` has the decoded
    ones. That is certain, because a report's values, and `args` that can be read, never look encoded.
    """
    if "state" in fields and "mobile" in fields:
        return _report_push(fields)
    return _reply_push(fields) if "args" in fields else None


def _report_push(fields: Mapping[str, str]) -> Push | None:
    for _ in range(_LAYERS):
        if not _is_report_encoded(fields):
            break
        fields = _decoded_again(fields)
    sendid, mobile, state, time = (fields.get(key, "").strip() for key in Report._fields)
    if "," not in mobile:
        return Push((Report(sendid, mobile, state, time),), fields) if mobile else None
    mobiles = [part.strip() for part in mobile.split(",")]
    reports = [Report(sendid, part, state, time) for part in mobiles if part]
    return Push(reports, fields) if reports else None


def _reply_push(fields: Mapping[str, str]) -> Push | None:
    replies = parse_replies(fields["args"])
    for _ in range(_LAYERS):
        if replies or not _is_encoded(fields["args"]):
            break
        fields = _decoded_again(fields)
        replies = parse_replies(fields["args"])
    return Push(replies, fields) if replies else None


def _is_report_encoded(fields: Mapping[str, str]) -> bool:
    time = fields.get("time", "")
    # A space between date and time is a `+` when it is encoded.
    return any(_is_encoded(fields.get(key, "")) for key in Report._fields) or (
        "+" in time and bool(re.match(r"[0-9/.-]+\+", time))
    )


def _is_encoded(text: str) -> bool:
    return "%" in text and bool(re.search("%[0-9A-Fa-f]{2}", text))


def _decoded_again(fields: Mapping[str, str]) -> dict[str, str]:
    return {key: decode_again(value) for key, value in fields.items()}


# Between two replies: time and extension of the first, the separator, the number of the second.
_BOUNDARY = (
    r"#@#[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}[ T][0-9:.]{4,15}#@#[0-9]{0,40}\s?(?P<separator>#@@#)(?=\+?[0-9]{5,20}#@#)"
)


def parse_replies(args: str) -> list[Reply] | None:
    """Read the replies of an `args` value (protocol §4), None where it holds anything else.

    The content may contain the separators. So a reply ends only after a time and an extension, where the text ends or
    the next reply's number follows. The number is read from the left, time and extension from the right.
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
