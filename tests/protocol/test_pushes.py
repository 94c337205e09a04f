"""Pushes: what is written is read back whatever people write, and who is believed."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscli.protocol.forms import decode_form, encode_form
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
    signature,
)
from tests.support.strategies import DIGITS, MOBILE, TEXT, TIME

# What a phone's owner writes, the separators and whole replies included.
_content = st.one_of(
    TEXT,
    st.lists(
        st.sampled_from(["#@#", "#@@#", "#", "@", "退订", "T", " ", "\n", "&args=", "%23", "+", "2013-08-21 21:20:11"])
    ).map("".join),
)
_reply = st.builds(Reply, MOBILE, _content, TIME, st.text(st.sampled_from("0123456789"), max_size=12))


@given(st.lists(MOBILE, min_size=1), DIGITS, st.sampled_from(["DELIVRD", "MK:0001", "ERR:104"]), TIME, TEXT, TEXT)
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


@given(st.permutations([*report_fields([Report("1", "13800138000", "DELIVRD", "2026-11-25 10:00:00")]).items()]), TEXT)
def test_a_signature_is_of_what_a_push_says(items: list[tuple[str, str]], pwd: str) -> None:
    """Neither the order of the fields nor the password is part of it; every other change is."""
    trust = Trust("", "", "s3cret")
    plain = dict(sorted(items)) | signed("1770000000")
    found = signature(dict(items) | signed("1770000000") | {"pwd": pwd}, trust, 1_770_000_060)
    assert found == signature(plain, trust, 1_770_000_060)
    assert found and found.off == 60
    for key in ("sendid", "mobile", "state", "time"):
        other = signature(plain | {key: "x"}, trust, 0)
        assert other and other.nonce == found.nonce and other.content != found.content


def test_another_cut_between_random_and_timestamp_is_the_same_signature() -> None:
    """What is hashed is the two in a row, so a stranger may move the border between them."""
    trust, fields = Trust("", "", "s3cret"), signed("1770000000")
    moved = signature(fields | {"random": "r4nd0m1", "timestamp": "770000000"}, trust, 0)
    found = signature(fields, trust, 0)
    assert moved and found and moved.nonce == found.nonce and moved.content != found.content


def test_only_a_signed_push_has_a_signature() -> None:
    assert signature({"name": "admin"}, Trust("admin", "", "s3cret"), 0) is None
    assert signature(signed("1", secret="other"), Trust("", "", "s3cret"), 0) is None
    assert signature(signed("1", secret=""), Trust("admin", "", ""), 0) is None


@given(TEXT, TEXT)
def test_any_timestamp_is_measured(random: str, timestamp: str) -> None:
    digest = hashlib.md5(f"s3cret{random}{timestamp}".encode()).hexdigest()
    found = signature({"name": digest, "random": random, "timestamp": timestamp}, Trust("", "", "s3cret"), 0)
    assert (found is None) == (not random or not timestamp)
