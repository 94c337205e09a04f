"""`smscli parse-report`: from files, pipes and arguments to rows; what is no push is counted, nothing crashes."""

import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smscli.commands.parse_report import COLUMNS, SUMMARY_COLUMNS, _Reader
from smscli.protocol.pushes import Trust
from smscli.text import decode_log
from tests.support.command import Smscli, peak_of
from tests.support.sandboxes import write_config

REPORT = "name=admin&pwd=12345&sendid=2017122215592306537359081&time=2013-08-20+20%3A11%3A34&mobile={}&state={}"
DELIVERED = REPORT.format("13800138001", "DELIVRD")
REPLY = "http://pushMoUrl?name=admin&pwd=12345&args=13800138002#@#{}#@#2013-08-21 21:20:11#@#008123"
ROW = [
    "report",
    "13800138001",
    "2013-08-20 20:11:34",
    "DELIVRD",
    "短消息转发成功 / delivered",
    "2017122215592306537359081",
    "",
    "",
]
REPLY_ROW = ["reply", "13800138002", "2013-08-21 21:20:11", "", "", "", "T", "008123"]


# --- where pushes come from ---------------------------------------------------------------------------------------


def test_one_payload_as_argument(smscli: Smscli) -> None:
    assert smscli("parse-report", DELIVERED).rows == [ROW]
    assert smscli("parse-report", REPLY.format("T")).rows == [REPLY_ROW]


def test_payload_with_more_numbers_than_a_file_name_has_letters(smscli: Smscli) -> None:
    mobiles = [f"138{n:08d}" for n in range(500)]
    assert [row[1] for row in smscli("parse-report", REPORT.format(",".join(mobiles), "DELIVRD")).rows] == mobiles


def test_json_payload_as_argument(smscli: Smscli) -> None:
    assert smscli("parse-report", '{"mobile": "13800138001", "state": "DELIVRD"}').rows[0][1] == "13800138001"


def test_files_pipe_and_payload_in_their_order(smscli: Smscli, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(REPORT.format("13800138003", "UNDELIV") + "\r\n\r\n", encoding="utf-8")
    (tmp_path / "b=c.log").write_text(DELIVERED, encoding="utf-8")
    ended = smscli("parse-report", "b=c.log", "-", "a.log", REPLY.format("T"), stdin=REPORT.format("13800138004", "X"))
    assert [row[1] for row in ended.rows] == ["13800138001", "13800138004", "13800138003", "13800138002"]
    assert (ended.code, ended.err) == (0, "")


def test_pipe_without_arguments(smscli: Smscli) -> None:
    assert smscli("parse-report", stdin=f"{DELIVERED}\n{REPLY.format('T')}\n").rows == [ROW, REPLY_ROW]


def test_one_row_a_number(smscli: Smscli) -> None:
    rows = smscli("parse-report", REPORT.format("13800138001,13800138002,", "MK:0001")).rows
    assert [(row[1], row[3], row[4]) for row in rows] == [
        (mobile, "MK:0001", "空号 / number not in service") for mobile in ("13800138001", "13800138002")
    ]


def test_unknown_state_is_kept(smscli: Smscli) -> None:
    assert smscli("parse-report", REPORT.format("13800138001", "XX:0099")).rows[0][3:5] == [
        "XX:0099",
        "网关内部状态 / gateway-internal state",
    ]


@pytest.mark.parametrize("name", ["missing.log", "directory"])
def test_unreadable_source_comes_before_any_row(smscli: Smscli, tmp_path: Path, name: str) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "a.log").write_text(DELIVERED, encoding="utf-8")
    ended = smscli("parse-report", name, "a.log")
    assert (ended.code, ended.out) == (2, "")
    assert name in ended.err
    assert "Traceback" not in ended.err


def test_stdin_that_cannot_be_read(environment: dict[str, str], tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as unreadable:
        command = [sys.executable, "-m", "smscli", "parse-report"]
        ended = subprocess.run(command, stdin=unreadable, capture_output=True, env=environment)
    assert ended.returncode == 2
    assert b"the pipe cannot be read" in ended.stderr


@pytest.mark.parametrize("data", [b"", b"\n\r\n \n"])
def test_nothing_in_nothing_out(smscli: Smscli, data: bytes) -> None:
    ended = smscli("parse-report", stdin=data)
    assert (ended.code, ended.out, ended.err) == (0, "", "")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_log_with_a_byte_order_mark(smscli: Smscli, encoding: str) -> None:
    assert smscli("parse-report", stdin=f"{DELIVERED}\r\n".encode(encoding)).rows == [ROW]


def test_utf8_and_gbk_lines_in_one_log(smscli: Smscli) -> None:
    line = REPLY.format("退订") + "\n"
    assert [row[6] for row in smscli("parse-report", stdin=line.encode() + line.encode("gbk")).rows] == ["退订", "退订"]


# --- strangers ----------------------------------------------------------------------------------------------------


def test_lines_that_are_no_push_are_counted_and_named(smscli: Smscli, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(f"hello\n{DELIVERED}\n\n\x1b[31m\n", encoding="utf-8")
    ended = smscli("parse-report", "a.log", "-", stdin=b"\0\0\n")
    assert (ended.code, ended.rows) == (0, [ROW])
    assert ended.err.splitlines() == ["3 lines are not a push:", "a.log, line 1", "a.log, line 4", "the pipe, line 1"]


def test_strict_makes_them_an_error_behind_all_rows(smscli: Smscli) -> None:
    ended = smscli("parse-report", "--strict", stdin=f"hello\n{DELIVERED}\n")
    assert (ended.code, ended.rows) == (2, [ROW])
    assert "1 line is not a push:\nthe pipe, line 1" in ended.err
    assert smscli("parse-report", "--strict", stdin=DELIVERED).code == 0


def test_many_strangers_are_named_in_part(smscli: Smscli) -> None:
    said = smscli("parse-report", stdin="x\n" * 1000).err.splitlines()
    assert said[0] == "1,000 lines are not a push:"
    assert said[-1] == "… and 980 more"
    assert len(said) == 22


@pytest.mark.parametrize("data", [os.urandom(4096), b"\0" * 5000, b"\xff\xfe\0\xd8" + os.urandom(99), b"\xff\xfea"])
def test_binary_input_is_strangers(smscli: Smscli, data: bytes) -> None:
    ended = smscli("parse-report", "--strict", stdin=data)
    assert (ended.code, ended.out) == (2, "")
    assert "not a push" in ended.err
    assert "Traceback" not in ended.err


def test_enormous_line_is_refused_in_bounded_memory(environment: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "one-line.log"
    with path.open("wb") as stream:
        stream.truncate(50 << 20)
    code, peak, err = peak_of(["parse-report"], environment, path)
    assert code == 2
    assert peak < 60
    assert b"a line is longer than 1,048,576 characters" in err


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=300)
    | st.lists(
        st.sampled_from(
            [
                DELIVERED.encode(),
                REPLY.encode(),
                b"\n",
                b"\r",
                b"\xff",
                b"\0",
                b"{",
                b'"',
                b"\xff\xfe",
                b"\xfe\xff",
                b"\xd8\0",
            ]
        )
    ).map(b"".join),
    st.sampled_from([None, Trust("admin", "12345", "s")]),
)
def test_arbitrary_bytes_never_raise(data: bytes, trust: Trust | None) -> None:
    reader = _Reader(trust, "", None, trust is not None)
    packed = (EOFError, OSError, zlib.error) if data[:2] == b"\x1f\x8b" else ()  # told as what cannot be read
    with suppress(*packed):
        lines = decode_log(io.BufferedReader(io.BytesIO(data)), "log")
        for row in reader.rows([("log", lines)]):
            assert len(row) == len(COLUMNS) + (trust is not None)
            assert row[0] in ("report", "reply")


# --- what is shown ------------------------------------------------------------------------------------------------

MIXED = "\n".join(
    [
        DELIVERED,
        REPORT.format("13800138002,13800138003", "DELIVRD"),
        REPORT.format("13800138004", "MK:0001"),
        REPLY.format("T"),
    ]
)


def test_summary_by_state(smscli: Smscli) -> None:
    assert smscli("parse-report", "--summary", stdin=MIXED).rows == [
        ["report", "DELIVRD", "短消息转发成功 / delivered", "3"],
        ["report", "MK:0001", "空号 / number not in service", "1"],
        ["reply", "", "", "1"],
    ]


@pytest.mark.parametrize(("state", "count"), [("DELIVRD", 3), ("delivrd", 3), ("MK:0001", 1), ("EXPIRED", 0)])
def test_state_filter(smscli: Smscli, state: str, count: int) -> None:
    ended = smscli("parse-report", "--state", state, stdin=MIXED)
    assert len(ended.rows) == count
    assert ("no report has the state" in ended.err) == (count == 0)
    assert [row[3] for row in smscli("parse-report", "--summary", "--state", state, stdin=MIXED).rows] == [
        str(count)
    ] * bool(count)


def test_field_names_are_pinned(smscli: Smscli) -> None:
    fields = ["kind", "mobile", "time", "state", "meaning", "sendid", "content", "extension"]
    assert [list(COLUMNS), list(SUMMARY_COLUMNS)] == [fields, ["kind", "state", "meaning", "numbers"]]
    assert smscli("parse-report", DELIVERED, "--output", "json").json == [dict(zip(fields, ROW, strict=True))]
    assert smscli("parse-report", DELIVERED, "--output", "jsonl").json == dict(zip(fields, ROW, strict=True))
    assert smscli("parse-report", DELIVERED, "--output", "csv").out.splitlines()[0] == ",".join(fields)
    summary = smscli("parse-report", DELIVERED, "--summary", "--output", "json").json
    assert summary == [{"kind": "report", "state": "DELIVRD", "meaning": ROW[4], "numbers": 1}]
    table = smscli("parse-report", DELIVERED, "--output", "table", COLUMNS="200").out
    assert "13800138001" in table and "delivered" in table


HOSTILE = [
    "\x1b]0;pwned\x07",
    "\u202etxt.exe",
    "[bold red]x[/]",
    "=HYPERLINK(1)",
    "+1",
    "-1",
    "@SUM",
    "＝1",
    "a\tb",
    "\x9b31m",
    ":smile:",
]


@pytest.mark.parametrize("output", ["table", "tsv", "json", "jsonl", "csv"])
def test_hostile_reply_is_only_data(smscli: Smscli, output: str) -> None:
    """Escapes, direction marks, markup, formulas: shown, never obeyed (written by a stranger)."""
    lines = [json.dumps({"args": f"13800138001#@#{text}#@#2013-08-21 21:20:11#@#"}) for text in HOSTILE]
    ended = smscli("parse-report", "--output", output, stdin="\n".join(lines), COLUMNS="200")
    assert ended.code == 0
    assert not {"\x1b", "\x07", "\u202e", "\x9b"} & set(ended.out)
    assert "[bold red]x[/]" in ended.out and ":smile:" in ended.out
    if output.startswith("json"):
        found = ended.json if output == "json" else [json.loads(line) for line in ended.out.splitlines()]
        assert [row["content"] for row in found] == HOSTILE
    if output == "tsv":
        assert all(len(row) == len(COLUMNS) for row in ended.rows)
        assert ended.rows[8][6] == "a\\tb"
    if output == "csv":
        assert all(f",'{text}" in ended.out for text in HOSTILE[3:8])


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "a\u2028b"])
def test_line_break_in_a_reply_makes_no_second_row(smscli: Smscli, text: str) -> None:
    payload = json.dumps({"args": f"13800138001#@#{text}#@#2013-08-21 21:20:11#@#"})
    assert [len(row) for row in smscli("parse-report", payload).rows] == [len(COLUMNS)]


def test_separators_in_a_reply_stay_in_it(smscli: Smscli) -> None:
    assert smscli("parse-report", REPLY.format("a#@#b#@@#c")).rows[0][1:] == [
        "13800138002",
        "2013-08-21 21:20:11",
        "",
        "",
        "",
        "a#@#b#@@#c",
        "008123",
    ]


# --- verification -------------------------------------------------------------------------------------------------

PROFILE = (
    'default = "shop"\n[profiles.shop]\nendpoint = "https://sms.example/sms.aspx"\nname = "a"\npwd = "b"\nsign = ""\n'
)


def _signed(timestamp: str, secret: str, upper: bool = False) -> str:
    name = hashlib.md5(f"{secret}77{timestamp}".encode()).hexdigest()
    name = name.upper() if upper else name
    return f"name={name}&pwd=&random=77&timestamp={timestamp}&sendid=1&time=2013&mobile=13800138001&state=DELIVRD"


@pytest.mark.parametrize(
    ("settings", "payload", "verified"),
    [
        ('push_name = "admin"\npush_pwd = "12345"', DELIVERED, "yes"),
        ('push_name = "admin"\npush_pwd = "12345"', REPLY.format("T"), "yes"),
        ('push_name = "admin"\npush_pwd = "54321"', DELIVERED, "no"),
        ('push_name = "other"', DELIVERED, "no"),
        ('access_secret = "s3cret"', _signed("1770000000", "s3cret"), "yes"),
        ('access_secret = "s3cret"', _signed("1770000000123", "s3cret"), "yes"),
        ('access_secret = "s3cret"', _signed("1770000000", "s3cret", upper=True), "yes"),
        ('access_secret = "s3cret"', _signed("1770000000", "wrong"), "no"),
        ('access_secret = "s3cret"', DELIVERED, "no"),
        ('access_secret = "s3cret"', '{"mobile": "1", "state": "X", "random": "\\ud800", "timestamp": "1"}', "no"),
    ],
)
def test_verify_marks_each_row(smscli: Smscli, home: Path, settings: str, payload: str, verified: str) -> None:
    write_config(home, PROFILE + settings)
    ended = smscli("parse-report", "--verify", payload, "--output", "json")
    assert ended.code == 0
    assert [row["verified"] for row in ended.json] == [verified]
    assert not {"12345", "s3cret"} & set(ended.out.split('"'))


def test_verify_needs_a_secret(smscli: Smscli, home: Path) -> None:
    write_config(home, PROFILE)
    ended = smscli("parse-report", "--verify", DELIVERED)
    assert (ended.code, ended.out) == (3, "")
    assert "push_name" in ended.err and "access_secret" in ended.err


# --- pipes and memory ---------------------------------------------------------------------------------------------


def test_reader_that_goes_away_ends_it_quietly(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(f"{DELIVERED}\n" * 50_000, encoding="utf-8")
    command = f"{sys.executable} -m smscli parse-report {tmp_path}/a.log | head -1; echo ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, env=environment)
    assert ended.stdout.decode().splitlines() == ["\t".join(ROW), "0"]
    assert ended.stderr == b""


def test_pipe_is_read_as_it_comes(environment: dict[str, str]) -> None:
    """`tail -f log | smscli parse-report` reads a line before the pipe ends; rows come by the thousand."""
    command = [sys.executable, "-m", "smscli", "parse-report"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as running:
        assert running.stdin and running.stdout
        running.stdin.write(f"{DELIVERED}\n".encode() * 1000)
        running.stdin.flush()
        first = running.stdout.readline()
        running.stdin.close()
        assert first.decode().rstrip("\n").split("\t") == ROW
        running.stdout.read()


@pytest.mark.parametrize("count", [200_000, pytest.param(1_000_000, marks=pytest.mark.long)])
def test_long_log_in_constant_memory(environment: dict[str, str], tmp_path: Path, count: int) -> None:
    """Every tenth line has a state of its own, so that nothing may be kept by state either."""
    path = tmp_path / "long.log"
    with path.open("w", encoding="utf-8") as stream:
        stream.writelines(
            REPORT.format(f"138{n:08d}", "DELIVRD" if n % 10 else f"X{n:06d}") + "\n" for n in range(count)
        )
    code, peak, err = peak_of(["parse-report"], environment, path)
    assert (code, err) == (0, b"")
    assert peak < 45


def test_a_log_packed_by_gzip_is_read(smscli: Smscli, tmp_path: Path) -> None:
    line = b"sendid=7&mobile=13800138001&state=DELIVRD&time=\n"
    packed = gzip.compress(line * 3)
    whole, cut, damaged = (tmp_path / f"{name}.gz" for name in ("whole", "cut", "damaged"))
    whole.write_bytes(packed + gzip.compress(line))
    cut.write_bytes(packed[:-9])
    damaged.write_bytes(packed[:15] + b"\xff" * 9 + packed[24:])
    assert len(smscli("parse-report", str(whole)).rows) == 4
    for broken in (cut, damaged):
        ended = smscli("parse-report", str(broken))
        assert (ended.code, "Traceback" in ended.err) == (2, False)
        assert f"{broken} cannot be read" in ended.err
