"""What is put around a push on its way is undone, and nothing else: every layer, every combination, any text."""

from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from smscli.protocol.forms import decode_form, encode_form, undo_transport
from smscli.protocol.pushes import Push, Reply, Report, push_from_fields, reply_fields, report_fields
from smscli.receiving.lines import parse_push

LOG = '203.0.113.7 - - [25/Nov/2026:10:00:01 +0800] "POST /push HTTP/1.1" 200 1 "-" "UA" "{}"'
JSON = '{"time":"25/Nov/2026","request_body":"{}","status":200}'
REPORT = Report("2026112510000012345678901", "13800138001", "MK:0001", "2026-11-25 10:00:00")
REPLY = Reply("13800138001", "退订", "2026-11-25 10:00:00", "008123")

_text = st.text(st.characters(exclude_categories=["Cs"]))
_wild = st.lists(
    st.sampled_from(
        [
            "%41",
            "%E9%80%80%E8%AE%A2",
            "\\xE9\\x80\\x80",
            "%25",
            "%",
            "+",
            "&amp;",
            "&",
            "=",
            "#@#",
            "\ufeff",
            "退订",
            '"',
        ]
    )
).map("".join)
_time = st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1)).map(lambda at: f"{at:%Y-%m-%d %H:%M:%S}")
_mobile = st.integers(13_000_000_000, 19_999_999_999).map(str)
_reply = st.builds(Reply, _mobile, _text | _wild, _time, st.text(st.sampled_from("0123456789"), max_size=12))
_report = st.builds(
    Report, st.from_regex("[0-9]{25}", fullmatch=True), _mobile, st.sampled_from(["DELIVRD", "MK:0001"]), _time
)


def logged(body: bytes) -> bytes:
    """Return bytes as nginx writes them."""
    return b"".join(bytes([byte]) if 0x20 <= byte < 0x7F and byte not in b'"\\' else b"\\x%02X" % byte for byte in body)


def raw(fields: Mapping[str, str]) -> bytes:
    return "&".join(f"{key}={value}" for key, value in fields.items()).encode()


def read(body: bytes) -> Push | None:
    return push_from_fields(decode_form(body))


AROUND: tuple[Callable[[bytes], bytes], ...] = (
    lambda form: form.replace(b"&", b"&amp;"),
    lambda form: form.replace(b"&", b"&amp;amp;"),
    lambda form: quote(form, safe="").encode(),
    lambda form: quote(quote_plus(form), safe="").encode(),
    logged,
    lambda form: b"\xef\xbb\xbf" + form,
    lambda form: quote(b"\xef\xbb\xbf").encode() + form,
)
INSIDE: tuple[Callable[[str], str], ...] = (
    quote_plus,
    lambda value: quote(value, safe="@"),
    lambda value: quote_plus(quote(value, safe="")),
)


# --- properties ---------------------------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(_report | _reply, st.lists(st.sampled_from(INSIDE), max_size=1), st.lists(st.sampled_from(AROUND), unique=True))
def test_every_combination_of_layers_is_undone(
    event: Report | Reply, inside: list[Callable[[str], str]], around: list[Callable[[bytes], bytes]]
) -> None:
    """In the order in which they come about: fields encoded once more, then `&amp;`, percent, a log, a mark."""
    fields = report_fields([event]) if isinstance(event, Report) else reply_fields([event])
    for encode in inside:
        fields = {key: encode(value) for key, value in fields.items()}
    body = encode_form(fields)
    if quoted := [layer for layer in AROUND[2:4] if layer in around]:
        around = [layer for layer in around if layer not in quoted[1:]]
    for layer in sorted(around, key=AROUND.index):
        body = layer(body)
    push = read(body)
    assert push and list(push.events) == [event]
    assert parse_push(body.decode()) == push


@settings(deadline=None)
@given(_reply)
def test_what_was_encoded_once_is_decoded_once(reply: Reply) -> None:
    """Also where a person writes what a layer looks like, and in a form that no library has encoded in full."""
    fields = reply_fields([reply], "admin", "a%41b")
    for body in (
        encode_form(fields),
        urlencode(fields, safe='@:,;\\"').encode(),
        urlencode(fields, quote_via=quote).encode(),
    ):
        assert read(body) == Push([reply], fields)
        assert parse_push(body.decode()) == Push([reply], fields)


@settings(deadline=None)
@given(st.builds(Reply, _mobile, _text.map(lambda text: text.replace("%", "")), _time, st.just("008")))
def test_a_form_that_was_never_encoded(reply: Reply) -> None:
    fields = reply_fields([reply], "admin", "1")
    for form in (raw(fields), b"args=" + fields["args"].encode() + b"&name=admin"):
        push = read(form)
        assert push and list(push.events) == [reply]
        line = LOG.format(logged(form).decode())
        assert (push := parse_push(line)) and list(push.events) == [reply]
        assert push.fields["name"] == "admin"


@example(b"\\x5CxEF\\x5CxBB\\x5CxBF%3D%5CxE1%5Cx80%5Cx80%5CxE0%5CxAA%5CxA0")
@given(st.binary() | st.lists(st.sampled_from(AROUND)).map(lambda layers: apply(layers)))
def test_what_is_undone_stays_as_it_is(body: bytes) -> None:
    once = undo_transport(body)
    assert undo_transport(once) == once


def apply(layers: list[Callable[[bytes], bytes]]) -> bytes:
    body = raw(reply_fields([REPLY], "admin"))
    for layer in layers:
        body = layer(body)
    return body


@given(st.lists(st.sampled_from(["%", "25", "3D", "=", "\\x", "E9", "80", "#@#", "args=", "&", "amp;", "\ufeff", "x"])))
def test_no_form_raises(parts: list[str]) -> None:
    body = "".join(parts).encode()
    assert undo_transport(undo_transport(body)) == undo_transport(body)
    read(body)


# --- as they are met ----------------------------------------------------------------------------------------------

FIELDS = "name=admin&sendid=2026112510000012345678901&time=2026-11-25 10:00:00&mobile=13800138001&state=MK:0001"
ARGS = "name=admin&args=13800138001#@#退订#@#2026-11-25 10:00:00#@#008123"


@pytest.mark.parametrize(
    "body",
    [
        FIELDS,
        "\ufeff" + FIELDS,
        "\ufeff\ufeff" + FIELDS,
        FIELDS.replace("&", "&amp;"),
        FIELDS.replace(":", "%253A").replace(" ", "%2520"),
        FIELDS.replace(":", "%253A").replace(" ", "%2B"),
        FIELDS.replace(":", "%25253A").replace(" ", "%252520"),
        quote(FIELDS),
        quote(quote(FIELDS)),
        "%EF%BB%BF" + FIELDS,
        "\\xEF\\xBB\\xBF" + FIELDS,
    ],
)
def test_a_report(body: str) -> None:
    push = read(body.encode())
    assert push and list(push.events) == [REPORT] and push.fields["name"] == "admin"
    assert parse_push(body) == push
    assert parse_push(LOG.format(body)) == push
    assert parse_push(JSON.replace("{}", body)) == push


@pytest.mark.parametrize(
    "body",
    [
        ARGS.encode(),
        ARGS.encode("gb18030"),
        b"\xef\xbb\xbf" + ARGS.encode(),
        ARGS.replace("&", "&amp;").encode(),
        ARGS.replace("#", "%23").encode(),
        ARGS.replace("#", "%2523").encode(),
        ARGS.replace("退订", quote("退订")).encode(),
        ARGS.replace("退订", quote("退订".encode("gbk"))).encode(),
        encode_form(reply_fields([REPLY], "admin")).replace(b"%", b"%25"),
        logged(ARGS.encode()),
        logged(ARGS.encode("gbk")),
        quote(ARGS).encode(),
        b"args=" + ARGS.partition("args=")[2].encode() + b"#@@#&amp;name=admin",
    ],
)
def test_a_reply(body: bytes) -> None:
    push = read(body)
    assert push and list(push.events) == [REPLY] and push.fields["name"] == "admin"
    text = body.decode("utf-8", "surrogateescape")
    assert parse_push(text) == push
    assert parse_push(LOG.format(text)) == push
    assert parse_push(JSON.replace("{}", text)) == push


@pytest.mark.parametrize(
    "content",
    ["100%41", "%E9%80%80%E8%AE%A2", "\\xE9\\x80\\x80", "50%25", "a&amp;b", "C:\\x41", "\ufeffT", "&args=1#@#2", "+1"],
)
@pytest.mark.parametrize("encode", [quote, quote_plus, lambda text: quote(text, safe="")])
def test_what_a_person_wrote_survives(content: str, encode: Callable[[str], str]) -> None:
    """A `%` in a reply is a `%`, whatever it looks like."""
    args = encode("#@#".join(REPLY._replace(content=content)))
    push = read(f"name=admin&args={args}".encode())
    assert push and list(push.events) == [REPLY._replace(content=content)]


def test_a_password_with_a_percent_is_decoded_as_often_as_the_rest() -> None:
    fields = reply_fields([REPLY], "admin", "a%41")
    assert read(encode_form(fields)) == Push([REPLY], fields)
    twice = encode_form({key: quote(value, safe="") for key, value in fields.items()})
    assert read(twice) == Push([REPLY], fields)


@pytest.mark.parametrize(
    "body",
    [
        b"%25" * 300_000 + b"3D",
        b"%3D" * 300_000,
        b"\xef\xbb\xbf" * 300_000,
        b"&amp;" * 200_000 + b"=",
        b"&" + b"amp;" * 200_000 + b"=1",
        b"args=" * 200_000 + b"#@#",
        b"#@#" + b"&args=" * 200_000,
        b"args=#@#" + b"1" * 1_000_000,
        b"\\xE9" * 250_000,
        b"args=" + b"%2523" * 200_000,
        b"mobile=1&state=" + b"%2525" * 200_000,
    ],
)
def test_a_hostile_form_takes_linear_time(body: bytes) -> None:
    read(body)
