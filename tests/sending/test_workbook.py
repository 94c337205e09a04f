"""Workbooks as lists, through the real command line: what is read, what is refused, and what is said about it."""

import io
import os
import subprocess
import sys
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smscli.errors import InputError
from smscli.sending import workbook
from smscli.sending.recipients import read_list
from tests.support.command import Smscli, Terminal
from tests.support.sandboxes import RunningSandbox
from tests.support.workbooks import FORMATS, Rows, ole, patch, xls, xlsb, xlsx

ONE, TWO, THREE = "13800138001", "13800138002", "13800138003"
LIST: Rows = [["姓名", "手机号", "金额"], ["张三", int(ONE), 20], ["李四", TWO, 128.5]]
SEND = ("send", "--content", "x", "--list")
SHEET = "xl/worksheets/sheet1.xml"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the workbook of a test is written, in the directory of its commands."""
    return tmp_path / "list.xlsx"


def refused(path: Path, **how: str) -> str:
    """Return the sentence that refuses a workbook."""
    with pytest.raises(InputError, match=r"Nothing was sent\.") as caught, path.open("rb") as stream:
        read_list(stream, path.name, **how)  # type: ignore[arg-type]
    return str(caught.value)


# --- every format ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["list.{}", "list.csv", "list"])
@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_a_list_whatever_its_name(
    smscli: Smscli, sandbox: RunningSandbox, tmp_path: Path, kind: str, name: str
) -> None:
    FORMATS[kind](tmp_path / f"made.{kind}", LIST)
    file = (tmp_path / f"made.{kind}").rename(tmp_path / name.format(kind)).name
    ended = smscli("send", "--workers", "1", "--list", file, "--content", "{姓名}: {金额}", **sandbox.variables)
    assert (ended.code, sandbox.queued) == (0, [ONE, TWO])
    assert [request["content"] for request in sandbox.requests if request["content"]] == ["张三: 20", "李四: 128.5"]
    assert f"{file}: column '手机号', in the sheet '名单'" in ended.err


@pytest.mark.parametrize("kind", FORMATS)
def test_workbook_through_the_pipe(smscli: Smscli, sandbox: RunningSandbox, tmp_path: Path, kind: str) -> None:
    FORMATS[kind](tmp_path / f"made.{kind}", LIST)
    raw = (tmp_path / f"made.{kind}").read_bytes()
    assert smscli("send", "--content", "x", stdin=raw, **sandbox.variables).code == 0
    assert sandbox.queued == [ONE, TWO]


@pytest.mark.parametrize("through", ["<", "cat"])
def test_workbook_through_a_real_pipe(
    environment: dict[str, str], sandbox: RunningSandbox, path: Path, through: str
) -> None:
    xlsx(path, LIST)
    send = f"{sys.executable} -m smscli send --content x"
    command = f"{send} < {path}" if through == "<" else f"cat {path} | {send}"
    ended = subprocess.run(command, shell=True, env=environment | sandbox.variables, capture_output=True)
    assert (ended.returncode, sandbox.queued) == (0, [ONE, TWO]), ended.stderr


def test_text_with_the_name_of_a_workbook_is_text(smscli: Smscli, sandbox: RunningSandbox, path: Path) -> None:
    path.write_text(f"姓名\t手机号\n张三\t{ONE}\n", encoding="gbk")
    ended = smscli(*SEND, path.name, **sandbox.variables)
    assert (ended.code, sandbox.queued) == (0, [ONE])
    assert "read as GB18030" in ended.err


def test_the_library_is_loaded_for_workbooks_alone(path: Path) -> None:
    xlsx(path, LIST)
    code = (
        "import sys; from smscli.sending.recipients import read_list\n"
        "read_list(open(sys.argv[1], 'rb'), 'list'); print('python_calamine' in sys.modules)"
    )
    text = path.with_suffix(".csv")
    text.write_text(f"{ONE}\n", encoding="utf-8")
    for file, loaded in ((text, "False\n"), (path, "True\n")):
        assert subprocess.check_output([sys.executable, "-c", code, file], text=True) == loaded


def test_without_the_library_a_workbook_is_refused_by_its_name(
    smscli_process: Smscli, sandbox: RunningSandbox, environment: dict[str, str], path: Path
) -> None:
    xlsx(path, LIST)
    instead = path.parent / "python_calamine.py"
    instead.write_text("raise ImportError", encoding="utf-8")
    searched = os.pathsep.join((str(instead.parent), environment["PYTHONPATH"]))
    ended = smscli_process(*SEND, path.name, **sandbox.variables, PYTHONPATH=searched)
    assert (ended.code, sandbox.queued) == (2, [])
    assert "python-calamine, is not installed" in ended.err
    assert "Nothing was sent." in ended.err


# --- what a cell is -------------------------------------------------------------------------------------------------


def test_numbers_dates_and_amounts_are_said(smscli: Smscli, sandbox: RunningSandbox, path: Path) -> None:
    rows: list[list[Any]] = [["手机号", "金额", "折扣", "日期", "时间", "工时"]]
    rows += [[float(ONE), 128.5, 0.15, date(2026, 12, 1), datetime(2026, 12, 1, 9, 30), timedelta(hours=26)]]
    book = xlsx(path, rows)
    book.active["A2"].number_format, book.active["B2"].number_format = "0.00E+00", "0.00"
    book.active["C2"].number_format = "0%"
    book.save(path)
    ended = smscli(
        "send", "--list", path.name, "--content", "{金额} {折扣} {日期} {时间} {工时}", "--dry-run", **sandbox.variables
    )
    assert ended.code == 0
    assert "texts\t128.5 0.15 2026-12-01 2026-12-01 09:30 26:00\n" in ended.out
    stored = "numbers and dates as stored, without the sheet's format: line 2 has 金额 '128.5', 折扣 '0.15', "
    assert f"list\tlist.xlsx: {stored}日期 '2026-12-01', 时间 '2026-12-01 09:30', 工时 '26:00'\n" in ended.out


def test_text_needs_no_note(smscli: Smscli, sandbox: RunningSandbox, path: Path) -> None:
    xlsx(path, LIST)
    ended = smscli("send", "--list", path.name, "--content", "{姓名}", **sandbox.variables)
    assert ended.code == 0
    assert "as stored" not in ended.err


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (13800138000.0, "13800138000"),
        (1.38e10, "13800000000"),
        (0.1 + 0.2, "0.3"),
        (1e20, "100000000000000000000"),
        (110101199001011000.0, "110101199001011000"),
        (1e-7, "0.0000001"),
        (-1.5, "-1.5"),
        (-0.0, "0"),
        (True, "TRUE"),
        (7, "7"),
        (time(9, 30), "09:30"),
        (time(9, 29, 59, 999_999), "09:30"),
        (datetime(2026, 12, 31, 23, 59, 59, 999_999), "2027-01-01 00:00"),
        (datetime(2026, 12, 1, 9, 30, 5), "2026-12-01 09:30:05"),
        (timedelta(hours=26, minutes=3, seconds=5), "26:03:05"),
    ],
)
def test_cell_as_text(cell: workbook.Cell, text: str) -> None:
    assert workbook.as_text([[cell]]) == [(text,)]


_cells = st.one_of(st.integers(-(10**15) + 1, 10**15 - 1).map(float), st.floats(-1e12, 1e12), st.text(), st.booleans())


@given(st.lists(st.tuples(_cells, _cells), min_size=1, max_size=8))
def test_rows_at_once_are_as_cell_by_cell(rows: list[tuple[workbook.Cell, workbook.Cell]]) -> None:
    found = workbook.as_text(rows)
    assert found == [tuple(workbook.as_text([[cell]])[0][0] for cell in row) for row in rows]
    for row, texts in zip(rows, found, strict=True):
        for cell, text in zip(row, texts, strict=True):
            if type(cell) is float:
                assert "e" not in text
                assert abs(float(text) - cell) <= abs(cell) * 1e-14
                assert not cell.is_integer() or int(text) == cell or abs(cell) >= 1e15


def test_errors_and_formulas_without_values_are_empty(smscli: Smscli, sandbox: RunningSandbox, path: Path) -> None:
    xlsx(path, [["手机号", "金额"], [ONE, "#N/A"], [TWO, "=1+1"], ["#REF!", 5], [THREE, 5]])
    ended = smscli("send", "--list", path.name, "--content", "{金额}", **sandbox.variables)
    assert (ended.code, sandbox.requests) == (2, [])
    for said in (
        f"line 2: '{ONE}': the column '金额' is empty", f"line 3: '{TWO}': the column '金额' is empty", "line 4: ''"
    ):  # fmt: skip
        assert said in ended.err
    xlsx(path, [["手机号"], ["=B2"], ["=B3"]])
    assert "Formulas have values only after Excel or WPS has saved the workbook." in refused(path)


def test_value_of_a_link_to_another_workbook_is_taken_as_it_was_saved(path: Path) -> None:
    xlsx(path, [["手机号"], ["='[other.xlsx]Sheet1'!A1"]])
    patch(path, SHEET, b"<v />" if b"<v />" in zipfile.ZipFile(path).read(SHEET) else b"<v/>", f"<v>{ONE}</v>".encode())
    with path.open("rb") as stream:
        assert read_list(stream, "list").mobiles == [ONE]


# --- where the table stands -----------------------------------------------------------------------------------------


def test_titles_above_and_lines_are_the_sheets_own(smscli: Smscli, sandbox: RunningSandbox, path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet["B3"] = "十二月\n客户"
    for column, name in zip("BCD", ["姓名", "手机号", "金额"], strict=True):
        sheet[f"{column}5"] = name
    sheet["B6"], sheet["C6"], sheet["C7"], sheet["C9"] = "张三", int(ONE), 1380013, TWO
    book.save(path)
    ended = smscli(*SEND, path.name, "--skip-invalid", **sandbox.variables)
    assert (ended.code, sandbox.queued) == (0, [ONE, TWO])
    assert "skipped above the table: line 3 '十二月\\n客户'" in ended.err
    assert "line 7: '1380013': too short" in ended.err
    assert smscli(*SEND, path.name, "--column", "3", "--skip-invalid", **sandbox.variables).code == 0


@pytest.mark.parametrize("kind", ["xlsx", "xls"])
def test_header_of_merged_cells_over_two_rows(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"list.{kind}"
    rows: Rows = [["手机号", "账单", None], [None, "姓名", "金额"], [ONE, "张三", "20"], [TWO, "李四", "30"]]
    if kind == "xlsx":
        book = xlsx(path, rows)
        book.active.merge_cells("A1:A2")
        book.active.merge_cells("B1:C1")
        book.save(path)
    else:
        import xlwt

        old = xlwt.Workbook()
        sheet = old.add_sheet("名单")
        sheet.write_merge(0, 1, 0, 0, "手机号")
        sheet.write_merge(0, 0, 1, 2, "账单")
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                if cell and (number or column > 1):
                    sheet.write(number, column, cell)
        old.save(str(path))
    with path.open("rb") as stream:
        found = read_list(stream, "list", fields=["姓名", "金额"])
    assert (found.mobiles, list(found.invalid)) == ([ONE, TWO], [])
    assert found.values == [("张三", "20"), ("李四", "30")]


def test_merged_value_is_each_rows(path: Path) -> None:
    book = xlsx(path, [["手机号", "门店"], [ONE, "东店"], [TWO, None], [THREE, "西店"]])
    book.active.merge_cells("B2:B3")
    book.save(path)
    with path.open("rb") as stream:
        assert read_list(stream, "list", fields=["门店"]).values == [("东店",), ("东店",), ("西店",)]


def test_remark_beside_the_table(path: Path) -> None:
    xlsx(path, [["手机号", "金额"], [ONE, "20"], [TWO, "30", "", "已打电话"]])
    with path.open("rb") as stream:
        assert read_list(stream, "list").mobiles == [ONE, TWO]
        stream.seek(0)
        found = read_list(stream, "list", fields=["金额"])  # it may be a cell that slipped to the right
    assert [entry.where for entry in found.invalid] == ["line 3"]


# --- which sheet ----------------------------------------------------------------------------------------------------

OTHER = [["手机号"], [THREE]]


def test_the_only_sheet_with_a_phone_column_is_taken(path: Path) -> None:
    book = xlsx(path, [["说明"], ["请勿修改"]], 名单二=OTHER, 空=[])
    book.create_chartsheet("图")
    book.save(path)
    with path.open("rb") as stream:
        assert read_list(stream, "list").mobiles == [THREE]


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_hidden_sheet_is_taken_by_its_name_alone(path: Path, state: str) -> None:
    book = xlsx(path, OTHER, 旧名单=LIST, 二=LIST)
    book["旧名单"].sheet_state = state
    book.save(path)
    for sheet, mobiles in (("1", [THREE]), ("2", [ONE, TWO]), ("旧名单", [ONE, TWO])):
        with path.open("rb") as stream:
            assert read_list(stream, "list", sheet=sheet).mobiles == mobiles
    assert "has no sheet '3'. Nothing was sent. It has: '名单', '二'." in refused(path, sheet="3")


@pytest.mark.parametrize(
    ("sheet", "mobiles"), [("名单", [ONE, TWO]), ("二月", [THREE]), ("1", [ONE, TWO]), ("2", [THREE])]
)
def test_sheet_by_name_or_number(
    smscli: Smscli, sandbox: RunningSandbox, path: Path, sheet: str, mobiles: list[str]
) -> None:
    xlsx(path, LIST, 二月=OTHER)
    assert smscli(*SEND, path.name, "--sheet", sheet, **sandbox.variables).code == 0
    assert sandbox.queued == mobiles


def test_several_sheets_without_a_terminal_are_refused(smscli: Smscli, sandbox: RunningSandbox, path: Path) -> None:
    xlsx(path, LIST, 二月=OTHER)
    ended = smscli(*SEND, path.name, **sandbox.variables)
    assert (ended.code, sandbox.requests) == (2, [])
    assert "several sheets that can be the list: '名单', '二月'. Nothing was sent. Name one with --sheet." in ended.err


@pytest.mark.parametrize(("answer", "queued"), [(b"2\n", [THREE]), ("名单\n".encode(), [ONE, TWO]), (b"9\n", [])])
def test_several_sheets_are_asked_about(
    terminal: Terminal, sandbox: RunningSandbox, path: Path, answer: bytes, queued: list[str]
) -> None:
    xlsx(path, LIST, 二月=OTHER)
    send = ["send", "--content", "x", "--list", str(path)]
    code, screen = terminal(send, ("Which one?", answer), **sandbox.variables)
    assert (code, sandbox.queued) == (0 if queued else 2, queued)
    assert "  2  二月" in screen


def test_yes_is_no_answer_to_which_sheet(terminal: Terminal, sandbox: RunningSandbox, path: Path) -> None:
    xlsx(path, LIST, 二月=OTHER)
    code, screen = terminal(["send", "--content", "x", "--yes", "--list", str(path)], **sandbox.variables)
    assert (code, sandbox.requests) == (2, [])
    assert "Name one with --sheet." in screen


def test_sheet_of_a_text_is_refused(smscli: Smscli, sandbox: RunningSandbox, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(f"{ONE}\n", encoding="utf-8")
    ended = smscli(*SEND, "list.csv", "--sheet", "2", **sandbox.variables)
    assert (ended.code, sandbox.requests) == (2, [])
    assert "list.csv is not a workbook, so it has no sheet '2'. Nothing was sent." in ended.err


def test_hidden_rows_are_said(smscli: Smscli, sandbox: RunningSandbox, path: Path) -> None:
    book = xlsx(path, LIST)
    book.active.row_dimensions[3].hidden = True
    book.save(path)
    ended = smscli(*SEND, path.name, **sandbox.variables)
    assert (ended.code, sandbox.queued) == (0, [ONE, TWO])
    assert "hidden rows in the workbook: 1. They are read too; a filter may hide them" in ended.err


def test_optouts_are_imported_from_a_sheet(smscli: Smscli, sandbox: RunningSandbox, path: Path) -> None:
    xlsx(path, LIST, 退订=OTHER)
    ended = smscli("optout", "import", path.name, "--sheet", "退订", **sandbox.variables)
    assert (ended.code, ended.err.splitlines()[-1]) == (0, "1 put on the list")
    assert smscli("optout", "export", **sandbox.variables).out == f"{THREE}\n"


# --- what is refused ------------------------------------------------------------------------------------------------


def test_password_of_a_workbook(smscli: Smscli, sandbox: RunningSandbox, path: Path) -> None:
    path.write_bytes(ole("EncryptedPackage"))
    ended = smscli(*SEND, path.name, **sandbox.variables)
    assert (ended.code, sandbox.requests) == (2, [])
    assert "list.xlsx is protected by a password. Nothing was sent." in ended.err


def test_password_of_an_old_workbook(path: Path) -> None:
    xls(path, LIST)
    raw = path.read_bytes()
    begin = raw.index(b"\x09\x08\x10\x00\x00\x06")  # BOF; the record behind it becomes the one of a password
    path.write_bytes(raw[: begin + 20] + b"\x2f\x00" + raw[begin + 22 :])
    assert "protected by a password" in refused(path)


def test_password_of_a_zip(path: Path) -> None:
    xlsx(path, LIST)
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"PK\x03\x04") + 6] |= 1
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    assert "protected by a password" in refused(path)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("cut", [0.3, 0.6, 0.95])
def test_half_a_workbook_is_damaged(
    smscli: Smscli, sandbox: RunningSandbox, tmp_path: Path, kind: str, cut: float
) -> None:
    path = tmp_path / f"list.{kind}"
    FORMATS[kind](path, [["手机号"], *([str(13800138000 + number)] for number in range(2000))])
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * cut)])
    ended = smscli(*SEND, path.name, **sandbox.variables)
    assert (ended.code, sandbox.requests) == (2, [])
    assert f"list.{kind} is damaged or not a workbook. Nothing was sent." in ended.err


def test_other_files_of_the_same_kinds(path: Path) -> None:
    path.write_bytes(ole("WordDocument"))
    assert "damaged or not a workbook" in refused(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("list.csv", ONE)
    assert "damaged or not a workbook" in refused(path)


def test_empty_workbook(path: Path) -> None:
    xlsx(path, [])
    assert "is empty" in refused(path)


@pytest.mark.parametrize("is_lying", [False, True])
def test_bomb_is_refused_before_it_goes_off(path: Path, monkeypatch: pytest.MonkeyPatch, is_lying: bool) -> None:
    xlsx(path, LIST)
    monkeypatch.setattr(workbook, "_UNPACKED_LIMIT", 1 << 20)
    patch(path, SHEET, b"</worksheet>", b" " * (2 << 20) + b"</worksheet>")
    if is_lying:
        raw, size = bytearray(path.read_bytes()), (1000).to_bytes(4, "little")
        entry = raw.rindex(SHEET.encode()) - 46
        start = int.from_bytes(raw[entry + 42 : entry + 46], "little")
        raw[entry + 24 : entry + 28] = raw[start + 22 : start + 26] = size
        path.write_bytes(raw)
    monkeypatch.setattr(workbook, "CalamineWorkbook", None)  # it is not even asked
    assert "unpacks to more than 1 GiB" in refused(path)


@pytest.mark.parametrize("place", ["XFD1048576", "AE1048576"])
def test_cell_far_away_is_refused_before_the_sheet_is_loaded(
    smscli_process: Smscli, sandbox: RunningSandbox, path: Path, place: str
) -> None:
    book = xlsx(path, LIST)
    book.active[place] = " "
    book.save(path)
    ended = smscli_process(*SEND, path.name, **sandbox.variables)
    assert (ended.code, sandbox.requests) == (2, [])
    assert "there may be a cell far below the list or far to its right. Nothing was sent." in ended.err


def test_wide_workbook_is_read(path: Path) -> None:
    xlsx(path, [["手机号", *range(16000)], [ONE]])
    with path.open("rb") as stream:
        assert read_list(stream, "list").mobiles == [ONE]


def test_binary_sheet_that_says_that_it_is_huge(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsb"
    xlsb(path, LIST)
    dimensions = b"\x94\x01\x10" + bytes(16)
    far = b"\x94\x01\x10" + b"".join(n.to_bytes(4, "little") for n in (0, 1048575, 0, 16383))
    patch(path, "xl/worksheets/sheet1.bin", dimensions, far)
    assert "17,179,869,184 cells" in refused(path)


# --- what was left out ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_rejects_of_a_sheet_are_corrected_and_sent(
    smscli: Smscli, sandbox: RunningSandbox, tmp_path: Path, path: Path, suffix: str
) -> None:
    xlsx(path, [["姓名", "手机号", "金额"], ["张三", int(ONE), 20], ["李<四>", 1380013, 128.5]])
    send = ("send", "--content", "{姓名}{金额}", "--list")
    ended = smscli(*send, path.name, "--skip-invalid", "--rejects", f"wrong.{suffix}", **sandbox.variables)
    assert (ended.code, sandbox.queued) == (0, [ONE])
    rejects = tmp_path / f"wrong.{suffix}"
    assert "line 2: '1380013'" in smscli(*send, rejects.name, **sandbox.variables).err
    if suffix == "csv":
        rejects.write_text(rejects.read_text(encoding="utf-8").replace("1380013,", f"{TWO},"), encoding="utf-8")
    else:
        book = openpyxl.load_workbook(rejects)
        assert [cell.value for cell in book.active[2]][2:] == ["李<四>", "1380013", "128.5"]
        assert {cell.number_format for cell in book.active[2]} == {"@"}  # text, so that no digit is lost
        book.active["D2"] = TWO
        book.save(rejects)
    assert smscli(*send, rejects.name, **sandbox.variables).code == 0
    assert (sandbox.queued, sandbox.requests[-1]["content"]) == ([ONE, TWO], "李<四>128.5")


@given(st.lists(st.text(max_size=20), min_size=1, max_size=30))
@example(["_x0041_", "\x01<&>\r\n", " ", "=1+1"])
def test_written_cells_are_read_as_they_were(cells: list[str]) -> None:
    from smscli.sending.xlsx import write_sheet

    raw = io.BytesIO()
    write_sheet(raw, [["手机号", *map(str, range(len(cells)))], [ONE, *cells]])
    raw.seek(0)
    sheet = workbook.open_sheet(raw, "list", "", "", lambda question, names: names[0])
    ((_, row), _, _), *_ = sheet.chunks()
    assert list(row[1:]) == [cell.encode("utf-8", "backslashreplace").decode() for cell in cells]


def test_sheet_has_no_more_rows_than_it_can_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smscli.sending.xlsx.ROW_LIMIT", 3)
    found = read_list(io.BytesIO(f"{ONE}\n1\n2\n3\n".encode()), "list")
    with pytest.raises(InputError, match=r"give it a name that ends in \.csv\. Nothing was sent\."):
        found.invalid.write(tmp_path / "wrong.xlsx")
    assert not (tmp_path / "wrong.xlsx").exists()
