"""Pushes in files: every form they are found in, compiled layouts against the plain reading, hostile lines."""

import json
import string
import time
from itertools import chain
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smscli.protocol.forms import encode_form
from smscli.protocol.pushes import Push, Reply, Report, reply_fields, report_fields
from smscli.receiving.lines import parse_push
from smscli.receiving.logs import parse_pushes
from smscli.text import split

REPORT = Report("12345", "13800138000", "MK:0001", "2013-08-20 20:11:34")
REPLIES = [
    Reply("13800138001", "content1", "2013-08-21 21:20:11", "008123"),
    Reply("13800138002", "content2", "2013-08-21 21:20:30", "008456"),
]
QUERY = "name=admin&pwd=12345&sendid=12345&time=2013-08-20%2020:11:34&mobile=13800138000&state=MK:0001"
RAW_REPLIES = (
    "name=admin&pwd=12345&args=13800138001#@#content1#@#2013-08-21 21:20:11#@#008123"
    "#@@#13800138002#@#content2#@#2013-08-21 21:20:30#@#008456"
)
ENCODED_REPLIES = encode_form(reply_fields(REPLIES, "admin", "12345")).decode()
LOG = '1.2.3.4 - - [22/Nov/2026:10:00:00 +0800] "{} HTTP/1.1" 200 1 "-" "UA"'
LOG_BODY = '1.2.3.4 - - [22/Nov/2026:10:00:00 +0800] "POST /push HTTP/1.1" 200 1 "{}" "-" "UA"'
REPORT_JSON = {"sendid": "12345", "mobile": "13800138000", "state": "MK:0001", "time": "2013-08-20 20:11:34"}


def read(*blocks: str) -> list[Report | Reply | int]:
    """Return what blocks of lines hold, and the number of each line that is no push."""
    held: list[Report | Reply | int] = []
    for found in parse_pushes(blocks):
        held.extend(found.events())
        if not found.fields:
            held.append(found.line)
    return held


def read_singly(block: str) -> list[Report | Reply | int]:
    """Return what `read` does, by `parse_push` alone."""
    lines = [(number, line) for number, line in enumerate(split(block), 1) if line.strip()]
    return list(chain.from_iterable(events(line) or (number,) for number, line in lines))


def events(line: str) -> list[Report | Reply] | None:
    push = parse_push(line)
    return None if push is None else list(push.events)


@pytest.mark.parametrize(
    "line",
    [
        QUERY,
        f"  {QUERY}\r\n",
        QUERY.replace("%20", "+").replace(":", "%3A"),
        QUERY.replace("%20", " "),
        QUERY.replace("sendid", "SendId").replace("mobile", "MOBILE"),
        f"http://pushReportUrl?{QUERY}",
        f"https://shop.example/sms/push?{QUERY}#fragment",
        f"/push?{QUERY}",
        f"GET /push?{QUERY} HTTP/1.1",
        LOG.format(f"GET /push?{QUERY}"),
        LOG.format(f"POST /push?{QUERY}"),
        LOG_BODY.format(QUERY),
        LOG_BODY.format(QUERY).replace("POST /push ", "POST /push?key=secret "),
        LOG_BODY.format(QUERY.replace("%20", " ")),
        json.dumps(REPORT_JSON),
        json.dumps({"time": "now", "body": QUERY}),
        json.dumps({"request": f"GET /push?{QUERY} HTTP/1.1", "status": 200}),
        json.dumps({"form": REPORT_JSON}),
        json.dumps(REPORT_JSON | {"mobile": 13800138000, "sendid": 12345}),
    ],
)
def test_report_in_any_form(line: str) -> None:
    assert events(line) == [REPORT]


@pytest.mark.parametrize(
    "line",
    [
        RAW_REPLIES,
        f"http://pushMoUrl?{RAW_REPLIES}",
        RAW_REPLIES.replace("args", "ARGS"),
        RAW_REPLIES.replace(" ", "%20"),
        RAW_REPLIES.replace("name=admin&pwd=12345&", "") + "&name=admin&pwd=12345",
        ENCODED_REPLIES,
        f"http://pushMoUrl?{ENCODED_REPLIES}",
        LOG.format(f"GET /mo?{ENCODED_REPLIES}"),
        LOG.format(f"GET /mo?{RAW_REPLIES}"),
        LOG_BODY.format(ENCODED_REPLIES),
        json.dumps({"args": "#@@#".join("#@#".join(reply) for reply in REPLIES)}),
        json.dumps({"url": f"http://pushMoUrl?{RAW_REPLIES}"}),
    ],
)
def test_replies_in_any_form(line: str) -> None:
    assert events(line) == REPLIES


@pytest.mark.parametrize("raw", ["退订".encode(), "退订".encode("gb18030")])
@pytest.mark.parametrize("form", ["raw", "percent", "log-escape"])
def test_reply_in_utf8_or_gbk(raw: bytes, form: str) -> None:
    texts = {
        "raw": raw.decode("utf-8", "surrogateescape"),
        "percent": quote(raw),
        "log-escape": "".join(f"\\x{byte:02X}" for byte in raw),
    }
    line = f"/mo?name=a&args=13800138001%23@%23{texts[form]}%23@%232013-08-21+21:20:11%23@%23008"
    line = LOG.format(f"GET {line}") if form == "log-escape" else line
    assert events(line) == [Reply("13800138001", "退订", "2013-08-21 21:20:11", "008")]


def test_question_mark_in_a_raw_reply_starts_no_query() -> None:
    found = events("name=a&args=13800138001#@#真的吗?a=b#@#2013-08-21 21:20:11#@#008")
    assert found == [Reply("13800138001", "真的吗?a=b", "2013-08-21 21:20:11", "008")]


def test_request_in_the_user_agent_is_not_believed() -> None:
    """A stranger chooses the user agent: only the first quotation of a line is the request."""
    honest = LOG.format(f"GET /push?{QUERY}")
    forged = LOG.format("GET /").replace('"UA"', f'"GET /push?{QUERY} HTTP/1.1" "UA"')
    assert events(forged) is None
    assert [held for held in read(f"{honest}\n{forged}\n{honest}\n") if isinstance(held, int)] == [2]


@pytest.mark.parametrize(
    "line",
    [
        "hello",
        "a=b",
        "{",
        "[]",
        "{}",
        '{"a": 1}',
        "mobile=13800138000",
        "state=X",
        "mobile=,&state=X",
        "args=",
        "args=x",
        "args=#@#x#@#2013#@#",
        "?",
        '"GET / HTTP/1.1"',
        '{"body": "\\ud800=1"}',
        "\udcff\ud800",
        "1" * 5000,
    ],
)
def test_no_push(line: str) -> None:
    assert events(line) is None


def test_blank_lines_are_neither_push_nor_stranger() -> None:
    assert read("\n \r\nhello\n") == [3]


# --- properties ---------------------------------------------------------------------------------------------------

_value = st.one_of(
    st.sampled_from(
        [
            "DELIVRD",
            "MK:0001",
            "13800138000",
            "",
            "%41",
            "+",
            " ",
            "2026-11-22+12%3A00%3a00",
            "%E4%BD%A0",
            "\\x41",
            "%2541",
            "%252541",
            "2026-11-22%2B12:00",
            "%2B",
            "%%34%31",
            "\\xE9\\x80\\x80",
            "%25",
        ]
    ),
    st.text(
        st.sampled_from(string.ascii_letters + string.digits + ":%-_+ #&=?/\"'\\{}.,;@\x1f\u3000你\udcff"), max_size=12
    ),
)
_time = st.sampled_from(
    ["2026-11-22+12%3A00%3A00", "2026-11-22 12:00:00", "2026-11-22%2012:00:00", "20261122%3a", "1%20"]
)
_fields = st.fixed_dictionaries(
    {
        "sendid": _value | st.just("2026"),
        "mobile": st.sampled_from(["13800138000", "13800138000,13800138001"]) | _value,
        "state": st.sampled_from(["DELIVRD", "MK:0001", "MK%3A0001"]) | _value,
        "time": _time | _value,
    },
    optional={"name": _value, "pwd": _value, "STATE": _value, "args": _value, "x": _value},
)
_frames = st.sampled_from(
    [
        "{}",
        "http://h/p?{}",
        "/push?{}",
        "h?a=b?{}",
        "a=b?{}",
        LOG.replace("{}", "GET /p?{}"),
        LOG.replace("{}", "POST /p?{}"),
        LOG_BODY,
        '"HEAD /x HTTP/1.1" "GET /p?{} HTTP/1.1"',
        '{{"GET /p?{} HTTP/1.1":1}}',
        '{{"GET /p?{} HTTP/1.1"',
        'x\\"GET /p?{} HTTP/1.1"',
        '/p?{} HTTP/1.1" "GET /q?mobile=1&state=2 HTTP/1.1"',
        'a "b" "GET /p?{} HTTP/1.0" - "?{}"',
        '"GET /p?{}"',
        "  {}  ",
        " /p?{}",
    ]
)
_ends = st.sampled_from(["\n", "\r\n", "", "\r", " \n"])


@st.composite
def _lines(draw: st.DrawFn) -> list[str]:
    """Draw a log: a line the layout of which is learned, then lines that differ a little from it."""
    frame, order = draw(_frames), draw(st.permutations(["sendid", "time", "mobile", "state", "name"]))
    plain = {"sendid": "2026", "time": "2026-11-22+12%3A00%3A00", "mobile": "13800138000", "state": "X", "name": "a"}
    lines = [frame.replace("{{", "{").replace("{}", "&".join(f"{key}={plain[key]}" for key in order)) + "\n"]
    for _ in range(draw(st.integers(1, 6))):
        fields = plain | draw(_fields) if draw(st.booleans()) else plain | {draw(st.sampled_from(order)): draw(_value)}
        keys = order if draw(st.booleans()) else list(fields)
        query = "&".join(f"{key}={fields[key]}" for key in keys)
        line = draw(st.just(frame) | _frames).replace("{{", "{").replace("{}", query) + draw(_ends)
        if draw(st.integers(0, 3)) == 0:
            at = draw(st.integers(0, len(line)))
            line = line[:at] + draw(_value) + line[at + draw(st.integers(0, 2)) :]
        lines.append(line)
    return lines


@settings(max_examples=600, deadline=None)
@given(_lines())
def test_compiled_layouts_read_as_parse_push_does(lines: list[str]) -> None:
    assert read(*lines[:1], "".join(lines[1:])) == read_singly("".join(lines))


@pytest.mark.parametrize("frame", ["{}", "http://h/p?{}", LOG.replace("{}", "GET /p?{}")])
def test_layout_is_compiled(frame: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log of equal lines is read by its pattern, not line by line."""
    calls: list[str] = []

    def counted(line: str) -> Push | None:
        calls.append(line)
        return parse_push(line)

    monkeypatch.setattr("smscli.receiving.logs.parse_push", counted)
    query = encode_form(report_fields([REPORT._replace(state="DELIVRD")], "admin", "12345")).decode()
    lines = [f"{frame.replace('{}', query)}\n"] * 10
    assert read(lines[0], "".join(lines[1:])) == [REPORT._replace(state="DELIVRD")] * 10
    assert len(calls) == 1


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.text(st.characters(), max_size=80)
        | st.text(st.sampled_from('"GET ?&=#@%{}[]:, argsmobile1\\x'), max_size=80)
    )
)
def test_arbitrary_text_never_raises(lines: list[str]) -> None:
    block = "".join(lines)
    assert read(block) == read_singly(block)


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.text() | st.integers() | st.floats() | st.just(QUERY),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["mobile", "state", "args", "body"]) | st.text(), inner)
        ),
    )
)
def test_arbitrary_json_never_raises(value: object) -> None:
    push = parse_push(json.dumps({"body": value}))
    assert push is None or push.events


MEGABYTE = 1_000_000


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(text, id=text[:24].replace("\0", ""))
        for text in (
            "args=" + "#@@#" * (MEGABYTE // 4),
            "args=" + "#@#" * (MEGABYTE // 3),
            '"GET ' * (MEGABYTE // 5),
            "a=" * (MEGABYTE // 2),
            "&" * MEGABYTE,
            "{" * MEGABYTE,
            '{"a":' + "[" * 100_000,
            '{"a":' * 100_000,
            '"POST /x HTTP/1.1" ' + " a=" * (MEGABYTE // 3),
            '"POST /x HTTP/1.1" ' + ' a=b&"' * (MEGABYTE // 6),
            "args=" + "%" * MEGABYTE,
            '"GET /?' + " HTTP/1" * (MEGABYTE // 7),
            '"GET /?' + "\\x41" * (MEGABYTE // 4) + '"',
            "args=" * (MEGABYTE // 5) + "#@#",
            "state=X&mobile=" + "," * MEGABYTE,
            "args=1#@#" + "1" * MEGABYTE + "&",
            "sendid=1&mobile=1&state=X&time=1" + "-+" * (MEGABYTE // 2) + "x",
            "sendid=1&mobile=1&state=X&time=1"
            + "".join(f"&{'abcdefghij'[i % 10]}{'z' * (i // 10 % 50)}=1" for i in range(20_000)),
            " HTTP/1" * (MEGABYTE // 7) + "?",
            " " * MEGABYTE + "x",
            "\\" * MEGABYTE + '"GET ',
        )
    ],
)
def test_hostile_line_takes_linear_time(line: str) -> None:
    """Generous: what is quadratic takes minutes at this size."""
    started = time.process_time()
    list(parse_pushes([f"{QUERY}\n", line, f"{LOG.format('GET /p?' + QUERY)}\n", line, f"{QUERY}\n{line}"]))
    assert time.process_time() - started < 10


PLAIN = {"sendid": "2026", "mobile": "13800138000", "state": "X", "name": "a", "time": "2026-11-22+12%3A00%3A00"}
TRICKY = [
    *(
        "",
        "+",
        "%20",
        "a+b",
        "1+",
        "1%20",
        "2013%20",
        "2013+",
        "+2013",
        "2013 ",
        "2013 1",
        "2013%3a1",
        "%3A",
        "2013%1F",
    ),
    *(
        "1,2",
        "13800138000,13800138001",
        "%31",
        "%2531",
        "%%33%31",
        "1%2B1",
        "2026-11-22%2B12:00",
        "%25",
        "\\xE9\\x80\\x80",
        "a%",
        "a=b",
        "a?b",
        "a#b",
        "a;b",
        'a"b',
        "a'b",
        "a\\b",
        "\\x41",
        "{",
        "a{b}",
    ),
    *(
        "你",
        "\udcff",
        "\u3000",
        "\x1f",
        "a b",
        " HTTP/1.1",
        "a&state=Y",
        "a&STATE=Y",
        "1&mobile=2",
        "1&args=x",
        "&",
        "1&&x=2",
        "a\rb",
        "a\nb",
        "1\r",
    ),
]
TAILS = [
    "x",
    ' HTTP/1.1"',
    ' x"',
    ' HTTP/1.1 HTTP/1.1"',
    ' HTTP/x"',
    '"',
    " ",
    '" HTTP/1.1"',
    ' HTTP/1.1" "GET /q?mobile=1&state=2"',
]


@pytest.mark.parametrize("last", PLAIN)
@pytest.mark.parametrize("frame", ["{}", "http://h/p?{}", '- "GET /p?{} HTTP/1.1" 200 "-"'])
def test_compiled_layout_agrees_on_every_tricky_value(frame: str, last: str) -> None:
    """The property's neighbourhood, exhaustively: each value at each place, last in the line too."""
    fields = {key: value for key, value in PLAIN.items() if key != last} | {last: PLAIN[last]}
    query = "&".join(f"{key}={value}" for key, value in fields.items())
    variants = [query.replace(f"{key}={PLAIN[key]}", f"{key}={value}") for key in PLAIN for value in TRICKY]
    lines = [frame.replace("{}", variant) for variant in variants]
    lines += [f"{frame.partition('{}')[0]}{query}{tail}" for tail in TAILS]
    lines += [frame.replace("{}", f"{query}&{key}=9") for key in (*PLAIN, "STATE", "Mobile")] * 2
    learned = frame.replace("{}", query)
    for line in lines:
        blocks = f"{learned}\n", f"{line}\n{line}\n{learned}\n"
        assert read(*blocks) == read_singly("".join(blocks)), line
