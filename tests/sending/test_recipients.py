"""Lists of numbers: cells, columns, encodings, line numbers, what is refused, and that nothing is sent then."""

import csv
import io
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smscli.errors import InputError
from smscli.protocol.numbers import refusal
from smscli.sending import recipients
from smscli.sending.recipients import from_options, read_list
from smscli.sending.table import Table
from tests.support.command import Smscli, peak_of
from tests.support.lists import places, read, refused
from tests.support.sandboxes import RunningSandbox, numbers

ONE, TWO, THREE = "13800138001", "13800138002", "13800138003"


def test_options_take_commas_of_both_widths_and_name_what_is_wrong() -> None:
    found = from_options([f"{ONE},{TWO}，+86{ONE}", THREE, "12345,"])
    assert found.mobiles == [ONE, TWO, THREE]
    assert found.duplicates == 1
    assert [(entry.where, entry.text) for entry in found.invalid] == [("--mobile", "12345")]
    assert [entry.reason for entry in from_options([""]).invalid] == ["it is empty"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_one_number_a_line_with_any_line_end(end: str, last: bool) -> None:
    assert read(end.join([ONE, "", TWO, "  ", THREE]) + end * last).mobiles == [ONE, TWO, THREE]


def test_two_numbers_in_one_cell_are_one_invalid_entry() -> None:
    found = read(f'"{ONE},{TWO}"\n{THREE}\n')
    assert found.mobiles == [THREE]
    assert places(found) == [("line 1", f"{ONE},{TWO}")]


def test_duplicates_are_counted_after_normalisation() -> None:
    found = read(f"{ONE}\n+86{ONE}\n{TWO}\n{ONE[:3]}-{ONE[3:7]}-{ONE[7:]}\n１{TWO[1:]}\n")
    assert (found.mobiles, found.duplicates) == ([ONE, TWO], 3)


def test_short_row_is_listed() -> None:
    assert places(read(f"姓名,手机号\n张三\n李四,{ONE}\n")) == [("line 2", "张三")]


# --- line numbers, quotation marks --------------------------------------------------------------------------------


def test_line_numbers_are_the_files_with_cells_of_several_lines() -> None:
    rows = [["备注", "手机号"], ["a\nb", ONE], ["x", "bad1"], ["c\r\nd\re", TWO], ["", ""], ["y", "bad2"]]
    rows += [["z", f"138{n:08d}"] for n in range(700)] + [["m\n\nn", "bad3"], ["z", "bad4"]]
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    lines = text.getvalue().replace("\r\n", "\n").replace("\r", "\n").split("\n")
    at = {f"bad{n}": f"line {1 + next(i for i, line in enumerate(lines) if f'bad{n}' in line)}" for n in (1, 2, 4)}
    found = {entry.text: entry.where for entry in read(text.getvalue()).invalid}
    assert found == at | {"bad3": f"line {int(at['bad4'].split()[1]) - 3}"}  # where the entry begins


@pytest.mark.parametrize("line", [1, 2, 57, 99, 100, 101, 612, 613, 900, 2000])
def test_line_of_a_bad_number_is_exact(line: int) -> None:
    cells = list(numbers(2000))
    cells[line - 1] = "1234567"
    assert places(read("\r\n".join(cells))) == [(f"line {line}", "1234567")]


@pytest.mark.parametrize("line", [2, 57, 99, 101, 700])
def test_quotation_mark_left_open_is_refused_with_its_line(line: int) -> None:
    rows = [f"张三,{mobile},备注" for mobile in numbers(1000)]
    rows[line - 1] = rows[line - 1].replace("备注", '"备注')
    assert f"list.csv, line {line}: a quotation mark" in refused("\n".join(rows))


def test_quotation_mark_left_open_swallows_no_line_unseen() -> None:
    """The next quotation mark would close it, and the lines between would never be sent to."""
    said = refused(f'name,mobile,note\na,{ONE},"oops\nb,{TWO},fine\nc,{THREE},"x"\n')
    assert "line 2" in said


# --- encodings and what is no list --------------------------------------------------------------------------------

TABLE = f"姓名,手机号\n张三,{ONE}\n李四,{TWO}\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "gbk"])
def test_encoding_is_told_by_the_bytes(encoding: str) -> None:
    found = read(TABLE.encode(encoding))
    assert (found.mobiles, list(found.invalid)) == ([ONE, TWO], [])
    assert "'手机号'" in found.notes[0]


@pytest.mark.parametrize(("mark", "encoding"), [(b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")])
def test_utf16_of_either_byte_order(mark: bytes, encoding: str) -> None:
    assert read(mark + TABLE.replace(",", "\t").encode(encoding)).mobiles == [ONE, TWO]


@pytest.mark.parametrize("text", [f"手机\n{ONE}", f"{ONE},王\n", f"号码\r\n{ONE}\r\n"])
def test_short_gbk_file(text: str) -> None:
    assert read(text.encode("gbk")).mobiles == [ONE]


def test_gbk_far_behind_the_first_block() -> None:
    people = numbers(40_000)
    text = "".join(f"{mobile},x\n" for mobile in people) + f"{ONE},张三\n"
    found = read(text.encode("gbk"))
    assert (found.mobiles, list(found.invalid)) == ([*people, ONE], [])


@pytest.mark.parametrize("encoding", ["big5", "utf-16-le", "GB18030", "utf_8", "latin-1"])
def test_encoding_is_forced(encoding: str) -> None:
    text = f"mobile\n{ONE}\n" if encoding == "latin-1" else f"手機\n{ONE}\n"
    assert read(text.encode(encoding), encoding=encoding).mobiles == [ONE]


@pytest.mark.parametrize("forced", ["utf-8", "UTF-8", "utf_8", "utf8"])
def test_forced_encoding_and_its_mark(forced: str) -> None:
    assert read(TABLE.encode("utf-8-sig"), encoding=forced).mobiles == [ONE, TWO]


@pytest.mark.parametrize("forced", ["utf-8", "ascii", "utf-16", "idna", "punycode"])
def test_wrong_forced_encoding_is_refused(forced: str) -> None:
    assert f"is not {forced} text" in refused(f"姓名\n{ONE}\n!".encode("gbk"), encoding=forced)


@pytest.mark.parametrize("forced", ["nosuch", "base64", "rot13", "undefined", "你好", "a b"])
def test_unknown_encoding_is_refused(forced: str) -> None:
    assert f"no encoding {forced!r}" in refused(f"{ONE}\n", encoding=forced)


def test_neither_utf8_nor_gb18030_is_refused() -> None:
    assert "not UTF-8 or GB18030 text" in refused(f"{ONE}\n".encode() + b"\xff\xff\n")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf", "no phone number"),
        (b"\xff\xfe", "no phone number"),
        (b"\n\n \r\n,,\n", "no phone number"),
        ("手机号\n".encode(), "no phone number"),
        ("姓名,手机号\n,\n".encode(), "no phone number"),
        (b"PK\x03\x04rest", "damaged or not a workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "damaged or not a workbook"),
        (b"\x7fELF\x02\0\0", "binary file"),
        (ONE.encode() + b"\0\n", "binary file"),
        ((ONE + "\n").encode("utf-16-le"), "binary file"),
    ],
)
def test_no_list_is_refused_and_explained(data: bytes, reason: str) -> None:
    assert reason in refused(data)


def test_nul_far_in_is_a_bad_line() -> None:
    people = numbers(1000)
    found = read("\n".join(people).encode() + b"\n138\0" + b"00138000\n")
    assert found.mobiles == people
    assert [entry.where for entry in found.invalid] == ["line 1001"]


def test_enormous_line_is_refused_in_bounded_memory() -> None:
    class Endless(io.RawIOBase):
        """Fifty megabytes without a line end, counted as they are taken."""

        taken = 0

        def readable(self) -> bool:
            return True

        def seekable(self) -> bool:
            return True

        def seek(self, offset: int, whence: int = 0) -> int:
            return 0

        def tell(self) -> int:
            return 0

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            count = min(len(buffer), (50 << 20) - self.taken)
            buffer[:count] = b"1" * count
            self.taken += count
            return count

    endless = Endless()
    with pytest.raises(InputError, match=r"longer than 1,048,576 characters.*Nothing was sent"):
        read_list(io.BufferedReader(endless), "list.csv")
    assert endless.taken < 4 << 20


def test_list_is_read_from_where_the_shell_left_it(tmp_path: Path) -> None:
    """`{ read -r title; smscli send …; } < list.csv` has taken the first line off already."""
    stream = io.BytesIO(f"{THREE}\n{ONE}\n".encode())
    stream.readline()
    assert read_list(stream, "list").mobiles == [ONE]


# --- properties ---------------------------------------------------------------------------------------------------

_digits = st.integers(0, 10**8 - 1).map("138{:08d}".format)
_cells = st.one_of(
    _digits,
    _digits.map(lambda text: f"+86 {text}"),
    st.sampled_from(
        ["", " ", "bad", "1.38E+10", "a\nb", f"{ONE},{TWO}", f"{ONE}\n{TWO}", f"{ONE},", 'x"y', "１" + ONE[1:], ONE]
    ),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["x", "", "y\nz"]), _cells), min_size=1, max_size=40),
    st.sampled_from([1, 2, 3, 7]),
)
def test_chunks_read_as_cells_do(rows: list[tuple[str, str]], chunk: int) -> None:
    """Reading by the chunk gives what each cell gives by itself, on the line where it stands."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([("note", "手机号"), *rows])
    expected = recipients._Collector(Table(phone=1))
    line = 2
    for note, cell in rows:
        if note.strip() or cell.strip():
            expected.add(line, [note, cell])
        line += 1 + note.count("\n") + cell.count("\n")
    before = recipients._CHUNK, recipients._SAMPLE
    recipients._CHUNK, recipients._SAMPLE = chunk, chunk
    try:
        found = read(text.getvalue())
    except InputError:
        assert not expected.mobiles and not expected.invalid
        return
    finally:
        recipients._CHUNK, recipients._SAMPLE = before
    assert found[:2] == expected.recipients([])[:2]
    assert list(found.invalid) == list(expected.invalid)


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=200)
    | st.lists(
        st.sampled_from(
            [
                b"13800138000",
                b'"',
                b",",
                b"\n",
                b"\r",
                b"\0",
                b";",
                "手机号".encode("gbk"),
                "，".encode(),
                b"\xff\xfe",
                b"a",
            ]
        )
    ).map(b"".join),
    st.sampled_from(["", "1", "2", "手机号", "a"]),
    st.sampled_from(["", "utf-8", "utf-16", "gb18030", "utf-7", "nosuch"]),
)
def test_arbitrary_bytes_are_a_list_or_an_input_error(data: bytes, column: str, encoding: str) -> None:
    try:
        found = read(data, column, encoding)
    except InputError as error:
        assert str(error)
    else:
        assert found.mobiles or found.invalid
        assert all(not refusal(mobile) for mobile in found.mobiles)


# --- through the command line -------------------------------------------------------------------------------------


def send(smscli: Smscli, sandbox: RunningSandbox, *arguments: str, stdin: str | bytes = b"") -> tuple[int, str]:
    ended = smscli("send", "--content", "x", "--sign", "", *arguments, stdin=stdin, **sandbox.variables)
    assert "Traceback" not in ended.err
    return ended.code, ended.err


def test_any_bad_line_stops_everything_and_all_are_listed(smscli: Smscli, sandbox: RunningSandbox) -> None:
    bad = ["1.38E+10", "+14155550100", "1440013800000", "010-12345678", "123", "张三1", "\u202e13", "\x1b[31m"]
    lines = [line for pair in zip(numbers(len(bad)), bad, strict=True) for line in pair]
    code, err = send(smscli, sandbox, stdin="\n".join(lines))
    assert code == 2
    for line in range(2, 2 * len(bad) + 1, 2):
        assert f"line {line}: " in err
    assert "8 invalid, 8 valid. Nothing was sent." in err
    assert "--skip-invalid" in err
    assert not {"\x1b", "\u202e"} & set(err)
    assert sandbox.requests == []


def test_every_bad_line_of_many_is_listed(smscli: Smscli, sandbox: RunningSandbox) -> None:
    code, err = send(smscli, sandbox, stdin="\n".join(["123"] * 3000))
    assert code == 2
    assert [line.partition(":")[0] for line in err.splitlines()[1:-1]] == [f"line {n}" for n in range(1, 3001)]


def test_skip_invalid_sends_to_the_rest_and_counts(smscli: Smscli, sandbox: RunningSandbox) -> None:
    code, err = send(smscli, sandbox, "--skip-invalid", stdin=f"{ONE}\nbad\n{TWO}\n+86{ONE}\n999\n")
    assert code == 0
    assert sandbox.queued == [ONE, TWO]
    assert "2 left out: invalid" in err
    assert "1 left out: duplicates" in err


def test_skip_invalid_with_nothing_left_sends_nothing(smscli: Smscli, sandbox: RunningSandbox) -> None:
    code, err = send(smscli, sandbox, "--skip-invalid", stdin="1bad\n999\n")
    assert (code, sandbox.requests) == (2, [])
    assert "no valid number is left. Nothing was sent." in err


@pytest.mark.parametrize("name", ["missing.csv", "directory", "empty.csv", "book.xlsx", "open.csv"])
def test_file_that_is_no_list(smscli: Smscli, sandbox: RunningSandbox, tmp_path: Path, name: str) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "empty.csv").touch()
    (tmp_path / "book.xlsx").write_bytes(b"PK\x03\x04" + os.urandom(1000))
    (tmp_path / "open.csv").write_text(f'{ONE},"x\n{TWO},y\n', encoding="utf-8")
    code, err = send(smscli, sandbox, "--csv", name)
    assert (code, sandbox.requests) == (2, [])
    assert name in err
    assert "Nothing was sent." in err


def test_csv_file_by_column_and_encoding(smscli: Smscli, sandbox: RunningSandbox, tmp_path: Path) -> None:
    (tmp_path / "名单.csv").write_bytes(f"手機;備用\n{ONE};{TWO}\n".encode("big5"))
    code, err = send(smscli, sandbox, "--csv", "名单.csv", "--column", "備用", "--encoding", "big5")
    assert (code, sandbox.queued) == (0, [TWO])
    assert "column '備用', read as BIG5" in err


def test_stdin_that_cannot_be_read(environment: dict[str, str], sandbox: RunningSandbox, tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as unreadable:
        command = [sys.executable, "-m", "smscli", "send", "--content", "x"]
        ended = subprocess.run(command, stdin=unreadable, capture_output=True, env=environment | sandbox.variables)
    assert ended.returncode == 2
    assert b"cannot be read" in ended.stderr
    assert b"Traceback" not in ended.stderr


def _million(tmp_path: Path, row: str, count: int) -> Path:
    path = tmp_path / "long.csv"
    with path.open("w", encoding="utf-8") as stream:
        stream.write("姓名,手机号,城市\n")
        stream.writelines(row.format(n) for n in range(count))
    return path


@pytest.mark.parametrize(("count", "limit"), [(80_000, 80), pytest.param(1_000_000, 300, marks=pytest.mark.long)])
@pytest.mark.parametrize("row", ["张三,138{:08d},上海\n", "张三,138{:07d},上海\n"], ids=["valid", "invalid"])
def test_long_list_in_bounded_memory(
    environment: dict[str, str],
    start_sandbox: Callable[..., RunningSandbox],
    tmp_path: Path,
    count: int,
    limit: int,
    row: str,
) -> None:
    """All is read and checked before the first batch, which a sandbox without balance then refuses."""
    sandbox = start_sandbox(balance=0)
    arguments = ["send", "--content", "x", "--csv", str(_million(tmp_path, row, count))]
    code, peak, err = peak_of(arguments, environment | sandbox.variables, Path(os.devnull))
    assert code == (4 if "08d" in row else 2), err[-300:]
    assert peak < limit


def test_peak_is_measured(environment: dict[str, str]) -> None:
    assert 5 < peak_of(["--version"], environment, Path(os.devnull))[1] < 40
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0
