"""What reaches stdout: every format, every awkward cell."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smscli import output as out
from smscli.console import Environment, visible
from smscli.output import Bar, Cell, Output, write_one, write_rows
from tests.support.command import Smscli, Terminal
from tests.support.texts import TEXTS, is_safe

COLUMNS = ("one", "two")
CELLS = TEXTS | st.integers() | st.booleans() | st.none()
ROWS = st.lists(st.tuples(CELLS, CELLS), max_size=5)


def rendered(rows: list[tuple[Cell, ...]], output: Output) -> str:
    """Return what `write_rows` writes."""
    stdout = io.StringIO(newline="")
    write_rows(Environment(None, stdout, io.StringIO()), COLUMNS, rows, output)
    return stdout.getvalue()


# --- each format --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "tsv", "as_csv"),
    [
        (None, "", ""),
        (True, "yes", "yes"),
        (False, "no", "no"),
        (0, "0", "0"),
        (-5, "-5", "-5"),
        ("a\tb\nc", "a\\tb\\nc", "a\\tb\\nc"),
        ('say "hi", you', 'say "hi", you', '"say ""hi"", you"'),
        ("\x1b]0;x\x07", "\\x1b]0;x\\x07", "\\x1b]0;x\\x07"),
        ("=1+1", "=1+1", "'=1+1"),
        ("+8613800138000", "+8613800138000", "'+8613800138000"),
        ("-1", "-1", "'-1"),
        ("@SUM(A1)", "@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "  =1", "'  =1"),
        ("\u3000=1", "\u3000=1", "'\u3000=1"),
        ("＝1", "＝1", "'＝1"),
        ("＋1", "＋1", "'＋1"),
        ("－1", "－1", "'－1"),
        ("＠a", "＠a", "'＠a"),
        ("a=1", "a=1", "a=1"),
    ],
)
def test_a_cell_in_tsv_and_csv(cell: Cell, tsv: str, as_csv: str) -> None:
    assert rendered([(cell, "x")], Output.TSV) == f"{tsv}\tx\n"
    assert rendered([(cell, "x")], Output.CSV) == f"one,two\r\n{as_csv},x\r\n"


@settings(deadline=None, max_examples=60)  # a busy machine is no failure
@given(ROWS)
def test_tsv_is_one_safe_line_a_row_with_every_column(rows: list[tuple[Cell, ...]]) -> None:
    text = rendered(rows, Output.TSV)
    lines = text.split("\n")
    assert lines.pop() == ""
    assert [line.count("\t") for line in lines] == [1] * len(rows)
    assert is_safe(text.replace("\n", "").replace("\t", ""))


@settings(deadline=None, max_examples=60)  # a busy machine is no failure
@given(ROWS)
def test_the_fast_way_to_tsv_is_the_slow_way(rows: list[tuple[Cell, ...]]) -> None:
    slow = "".join("\t".join(visible(out._text(cell)) for cell in row) + "\n" for row in rows)
    assert rendered(rows, Output.TSV) == slow


@settings(deadline=None, max_examples=60)  # a busy machine is no failure
@given(ROWS)
def test_csv_reads_back_safe_and_without_a_formula(rows: list[tuple[Cell, ...]]) -> None:
    text = rendered(rows, Output.CSV)
    header, *read = csv.reader(io.StringIO(text, newline=""))
    assert tuple(header) == COLUMNS
    assert [tuple(row) for row in read] == [tuple(map(out._csv_cell, row)) for row in rows]
    assert is_safe(text.replace("\r\n", ""))
    for row, cells in zip(read, rows, strict=True):
        for shown, cell in zip(row, cells, strict=True):
            assert not (isinstance(cell, str) and shown.lstrip().startswith(tuple("=+-@＝＋－＠")))


@settings(deadline=None, max_examples=60)  # a busy machine is no failure
@given(ROWS)
def test_json_is_valid_safe_and_gives_back_what_went_in(rows: list[tuple[Cell, ...]]) -> None:
    expected = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    whole, lines = rendered(rows, Output.JSON), rendered(rows, Output.JSONL)
    assert json.loads(whole) == expected
    assert [json.loads(line) for line in lines.split("\n")[:-1]] == expected
    assert is_safe((whole + lines).replace("\n", ""))


@settings(deadline=None, max_examples=60)  # a busy machine is no failure
@given(ROWS)
def test_a_table_is_safe_and_loses_nothing_in_a_pipe(rows: list[tuple[Cell, ...]]) -> None:
    text = rendered(rows, Output.TABLE)
    assert is_safe(text.replace("\n", ""))
    for row in rows:
        for cell in row:
            assert visible(out._text(cell)).strip() in text


def test_a_single_thing_is_an_object_in_json() -> None:
    stdout = io.StringIO(newline="")
    write_one(Environment(None, stdout, io.StringIO()), COLUMNS, (1, "x"), Output.JSON)
    assert stdout.getvalue() == '{"one": 1, "two": "x"}\n'


def test_rows_stream_before_the_last_is_known() -> None:
    stdout = io.StringIO(newline="")

    def rows() -> Iterator[tuple[Cell, ...]]:
        for number in range(2500):
            if number == 2400:
                assert stdout.getvalue(), "nothing was written while the rows came"
            yield str(number), "x"

    for output in Output:
        stdout.seek(0)
        stdout.truncate()
        write_rows(Environment(None, stdout, io.StringIO()), COLUMNS, rows(), output)
    assert stdout.getvalue().count("x\r\n") == 2500  # CSV came last


def test_columns_that_are_empty_throughout_are_left_out_of_a_table_only() -> None:
    rows: list[tuple[Cell, ...]] = [("a", ""), ("b", None)]
    assert "two" not in rendered(rows, Output.TABLE)
    assert "two" in rendered(rows, Output.CSV)
    assert rendered(rows, Output.TSV) == "a\t\nb\t\n"


def test_a_table_of_false_and_zero_keeps_them() -> None:
    assert "0" in rendered([(0, False)], Output.TABLE)
    assert "no" in rendered([(0, False)], Output.TABLE)


# --- the real command line ----------------------------------------------------------------------------------------

Drawn = Callable[..., str]


@pytest.fixture
def drawn(terminal: Terminal) -> Drawn:
    """Run `smscli codes` on a terminal of some width; return what it shows."""

    def run(width: int, **variables: str) -> str:
        code, shown = terminal(["codes"], **{"COLUMNS": str(width), "TERM": "xterm-256color"} | variables)
        assert code == 0
        return shown

    return run


def columns_of(line: str) -> int:
    """Return the columns of a terminal that a line takes, without its colours."""
    from rich.cells import cell_len
    from rich.text import Text

    return cell_len(Text.from_ansi(line.rstrip("\r\n")).plain.rstrip())


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_table_fits_the_terminal_and_shows_every_code(drawn: Drawn, width: int) -> None:
    shown = drawn(width)
    assert max(map(columns_of, shown.splitlines())) <= width
    assert "\x1b[1m" in shown  # the header is bold
    if width == 200:
        assert "MK:0001" in shown
        assert "IP鉴权失败" in shown


def test_a_terminal_without_colours_gets_none(drawn: Drawn) -> None:
    assert "\x1b" not in drawn(80, TERM="dumb")
    assert not any(f"\x1b[{colour}" in drawn(80, NO_COLOR="1") for colour in ("3", "4", "9"))


def test_a_pipe_gets_plain_lines_or_a_table_that_is_whole(smscli: Smscli) -> None:
    lines = smscli("codes", COLUMNS="20")
    assert all(len(row) == 5 for row in lines.rows)
    assert "\x1b" not in lines.out
    table = smscli("codes", "--output", "table", COLUMNS="20").out
    for row in lines.rows:
        assert any(all(cell in line for cell in row) for line in table.splitlines())


@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "ascii", "latin-1"])
def test_json_is_valid_in_every_encoding(smscli_process: Smscli, encoding: str) -> None:
    report = "name=&pwd=&sendid=1&time=2026-12-01 09:00:00&mobile=13800138001&state=😀é中"
    shown = smscli_process("parse-report", "--output", "jsonl", stdin=report, PYTHONIOENCODING=encoding)
    assert json.loads(shown.raw.decode(encoding))["state"] == "😀é中"


@pytest.mark.parametrize(("encoding", "drawn"), [("utf-8", "█"), ("ascii", "#")])
def test_a_bar_is_drawn_as_long_as_its_size(encoding: str, drawn: str) -> None:
    stdout = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")
    rows: list[tuple[Cell, ...]] = [("a", Bar(10, 10)), ("b", Bar(5, 10)), ("c", Bar(0, 10)), ("total", None)]
    write_rows(Environment(None, stdout, io.StringIO()), COLUMNS, rows, Output.TABLE)
    stdout.seek(0)
    assert [line.count(drawn) for line in stdout.read().splitlines()] == [0, 30, 15, 0, 0]


# --- narrow terminals ---------------------------------------------------------------------------------------------

AT, SENDID, LONG = "2026-11-25 09:05:03", "2026112509050300000000001", "尊敬的客户，您的订单已发货，请注意查收"
EVENT: tuple[Cell, ...] = (
    AT,
    "13800138000",
    "EXPIRED",
    "短消息超过有效期 / expired before it could be delivered",
    SENDID,
)
EVENT_COLUMNS = ("time", "mobile", "state", "meaning", "sendid")


class Screen(io.StringIO):
    """A terminal that keeps what it shows."""

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        raise OSError


def on_screen(
    monkeypatch: pytest.MonkeyPatch, width: int, columns: Sequence[str], rows: list[tuple[Cell, ...]], **how: Any
) -> tuple[list[str], str]:
    """Return the lines that a terminal of some width shows, and what is said."""
    monkeypatch.setenv("COLUMNS", str(width))
    screen, said = Screen(newline=""), io.StringIO()
    write_rows(Environment(None, screen, said), columns, rows, **how)
    return screen.getvalue().splitlines(), said.getvalue()


@pytest.mark.parametrize("width", [20, 40, 60, 79, 80, 81, 100, 200])
@pytest.mark.parametrize("cut", [False, True])
def test_no_number_date_or_code_is_broken(monkeypatch: pytest.MonkeyPatch, width: int, cut: bool) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    lines, _ = on_screen(monkeypatch, width, EVENT_COLUMNS, [EVENT] * 2, cut=cut)
    for cell in (AT, "13800138000", "EXPIRED", SENDID):
        fits = width >= 40  # the name of a column and a sendid take this much
        assert sum(cell in line for line in lines) == 2 or not fits
    assert all(columns_of(line) <= max(width, 40) for line in lines)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(TEXTS, TEXTS, st.integers()), min_size=1, max_size=4), st.integers(20, 120), st.booleans())
def test_a_table_is_never_wider_than_its_terminal(rows: list[tuple[Cell, ...]], width: int, cut: bool) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("NO_COLOR", "1")
        lines, _ = on_screen(patched, width, ("one", "two", "three"), rows, cut=cut)
    assert all(columns_of(line) <= max(width, 30) for line in lines)


def test_a_long_text_is_cut_in_a_list_and_whole_in_a_single_view(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    rows: list[tuple[Cell, ...]] = [("13800138000", LONG)]
    assert on_screen(monkeypatch, 40, ("mobile", "content"), rows, cut=True)[0] == [
        "mobile       content",
        "13800138000  尊敬的客户，您的订单已发货…",
    ]
    assert on_screen(monkeypatch, 41, ("mobile", "content"), rows)[0] == [
        "mobile       content",
        "13800138000  尊敬的客户，您的订单已发货，",
        "             请注意查收",
    ]


def test_columns_that_can_be_spared_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    lines, _ = on_screen(monkeypatch, 80, EVENT_COLUMNS, [EVENT], spare=("sendid",))
    assert "sendid" not in lines[0]
    assert "sendid" in on_screen(monkeypatch, 100, EVENT_COLUMNS, [EVENT], spare=("sendid",))[0][0]


def test_a_heading_in_chinese_stands_over_its_column(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    lines, _ = on_screen(monkeypatch, 80, ("手机号码归属地", "数量", "x"), [("a", 1, "b"), ("短信", None, "b")])
    assert lines == ["手机号码归属地  数量  x", "a                  1  b", "短信                  b"]


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_without_colours_nothing_is_bold_either(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    for variable in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(variable, raising=False)
    for width in (20, 80):  # as cards, and as a table
        assert "\x1b[1m" in "".join(on_screen(monkeypatch, width, EVENT_COLUMNS, [EVENT])[0])
        with monkeypatch.context() as patched:
            patched.setenv(name, value)
            assert "\x1b" not in "".join(on_screen(patched, width, EVENT_COLUMNS, [EVENT])[0])


def test_nothing_is_said_only_to_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    assert on_screen(monkeypatch, 80, COLUMNS, [], empty="There is nothing.") == ([], "There is nothing.\n")
    assert on_screen(monkeypatch, 80, COLUMNS, [], empty="There is nothing.", output=Output.JSON) == (["[]"], "")
