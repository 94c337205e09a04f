"""Workbooks as lists, recognised by content (.xlsx, .xls, .xlsb, .ods): which sheet is read, and its cells as text.

The library loads a sheet as a whole, at 50 to 100 bytes a cell, and ends the process where the memory is not enough.
So what a workbook unpacks to, and how far its sheets reach, is measured before that.
"""

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from io import SEEK_END, BufferedIOBase
from itertools import islice
from struct import unpack
from typing import Any, NamedTuple

from smscli.errors import InputError
from smscli.language import _

try:
    from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum
except ImportError:  # as in smscli.pyz, which carries nothing that is compiled for one system
    raise InputError(
        _(
            "this list is a workbook, and the library that reads workbooks, python-calamine, is not installed. "
            "Save the sheet as CSV (UTF-8) and give that file. Nothing was sent."
        )
    ) from None
from smscli.sending.table import Table, holds_numbers

_Ask = Callable[[str, Sequence[str]], str]
Cell = str | float | bool | datetime | date | time | timedelta

# A workbook that a password protects: the name of its stream, or in an .xls the record FILEPASS after the first one.
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le") + (
    rb"|\x09\x08(?:\x10\0\0\x06.{14}|\x08\0\0\x05.{6})(?:\x86\0\0\0)?\x2f\0"
)
_UNPACKED_LIMIT = 1 << 30  # a million rows of three columns are 150 MB
_CELL_LIMIT = 30_000_000  # 26 columns as long as a sheet can be
_BLOCK = 1 << 20
_TAIL = 4096  # bytes: longer than any tag that is looked at
_SAMPLE, _CHUNK = 100, 512


class Sheet(NamedTuple):
    """A sheet's cells as they are stored: its first rows, and the rest as it comes; `line` is the first one's number.

    `hidden` is how many rows of the workbook's sheets are hidden, as by a filter.
    """

    name: str
    line: int
    sample: Sequence[Sequence[Cell]]
    rest: Iterator[Sequence[Cell]]
    hidden: int

    def chunks(self) -> Iterator[tuple[list[Sequence[str]], int, int]]:
        """Yield some rows as text at a time, with the numbers of the first and the last of them."""
        line, rows = self.line, self.sample
        while rows:
            yield as_text(rows), line, line + len(rows) - 1
            line += len(rows)
            rows = list(islice(self.rest, _CHUNK))

    def notes(self, table: Table, fields: Sequence[str]) -> list[str]:
        """Say what the text of a sheet does not show: hidden rows, and the format of numbers and dates."""
        hidden = _("hidden rows in the workbook: {count:,}. They are read too; a filter may hide them")
        notes = [hidden.format(count=self.hidden)] if self.hidden else []
        for line, row in enumerate(self.sample[table.first :], self.line + table.first):
            cells = [(name, row[place]) for name, place in zip(fields, table.fields, strict=True)]
            stored = ", ".join(f"{name} {_text(cell)!r}" for name, cell in cells if not isinstance(cell, str))
            if stored:
                said = _("numbers and dates as stored, without the sheet's format: line {line} has {stored}")
                return [*notes, said.format(line=line, stored=stored)]
        return notes


def open_sheet(stream: BufferedIOBase, source: str, wanted: str, column: str, ask: _Ask) -> Sheet:
    """Return the sheet that is `wanted` by name or number, else the only one with a phone column, else ask for it.

    InputError where it is not a workbook, protected by a password, damaged or too large.
    """
    hidden = _inspect(stream, source)
    stream.seek(0)
    try:
        sheet = _choose(CalamineWorkbook.from_filelike(stream), source, wanted, column, ask)
        return _open(sheet, hidden)
    except CalamineError:
        raise _damaged(source) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # of the library, on a damaged file; it is not an Exception
            raise
        raise _damaged(source) from None


def _damaged(source: str) -> InputError:
    said = _(
        "{source} is damaged or not a workbook. Nothing was sent. Open it in Excel or WPS and save it as a new .xlsx."
    )
    return InputError(said.format(source=source))


# --- before it is loaded ------------------------------------------------------------------------------------------


def _inspect(stream: BufferedIOBase, source: str) -> int:
    """Refuse what cannot be opened or would fill the memory, and return how many rows are hidden."""
    size = stream.seek(0, SEEK_END)
    stream.seek(0)
    if size > _UNPACKED_LIMIT:
        raise _too_large(source, _("is larger than 1 GiB"))
    if stream.read(2) != b"PK":
        stream.seek(0)
        if re.search(_ENCRYPTED, stream.read(), re.DOTALL):
            raise _protected(source)
        return 0
    try:
        with zipfile.ZipFile(stream) as archive:
            return _inspect_parts(archive, source)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError):
        raise _damaged(source) from None
    except RuntimeError:  # how zipfile says that a part is encrypted
        raise _protected(source) from None


def _protected(source: str) -> InputError:
    said = _("{source} is protected by a password. Nothing was sent. Open it in Excel or WPS and save it without one.")
    return InputError(said.format(source=source))


def _too_large(source: str, how: str) -> InputError:
    said = _("{source} {how}. Nothing was sent. Copy the list alone into a new workbook, or save it as CSV.")
    return InputError(said.format(source=source, how=how))


def _inspect_parts(archive: zipfile.ZipFile, source: str) -> int:
    """Unpack every part once, because the sizes that a workbook declares can be wrong."""
    unpacked, cells, hidden = 0, 0, 0
    for part in archive.infolist():
        part.file_size = _UNPACKED_LIMIT + 1  # so that it is unpacked to its real end
        extent = _Extent(part.filename)
        with archive.open(part) as content:
            while block := content.read(_BLOCK):
                unpacked += len(block)
                if unpacked > _UNPACKED_LIMIT:
                    raise _too_large(source, _("unpacks to more than 1 GiB"))
                extent.add(block)
        cells += extent.cells()
        hidden += extent.hidden
    if cells > _CELL_LIMIT:
        how = _(
            "has sheets of {count:,} cells, from the first to the last: "
            "there may be a cell far below the list or far to its right"
        )
        raise _too_large(source, how.format(count=cells))
    return hidden


class _Extent:
    """How far one part of a workbook reaches where it is a sheet, read from its bytes as they come."""

    def __init__(self, name: str) -> None:
        self.hidden = 0
        self._is_binary = name.endswith(".bin")
        self._rest, self._is_wide = b"", False
        self._last_row, self._declared = 0, 0
        self._columns: set[bytes] = set()

    def add(self, block: bytes) -> None:
        """Take the next block."""
        if self._is_binary:
            self._declared = self._declared or _declared_cells(block)
            return
        text = self._rest + block
        end = text.rfind(b">") + 1
        text, self._rest = text[:end], text[end:][-_TAIL:]
        # A column's name has two letters from the 27th on; few lists are so wide, and only theirs are looked at.
        self._is_wide = self._is_wide or bool(re.search(b'c r="[A-Z]{2}', text))
        if self._is_wide:
            self._columns.update(re.findall(b'[<:]c r="([A-Z]{1,3})[0-9]', text))
        last = max(text.rfind(b'row r="') - 1, 0)
        if number := re.match(b'[<:]row r="([0-9]{1,8})"', text[last : last + _TAIL]):
            self._last_row = max(self._last_row, int(number[1]))
        if b'hidden="' in text:
            self.hidden += len(re.findall(rb'<(?:\w+:)?row [^<>]*hidden="(?:1|true)"', text))

    def cells(self) -> int:
        """Return how many cells there are from the first to the last."""
        width = max(map(_column_number, self._columns), default=26)
        return max(self._last_row * width, self._declared)


def _declared_cells(block: bytes) -> int:
    """Return how many cells a sheet of an .xlsb says that it has, in front of them."""
    found = re.search(rb"\x94\x01\x10(.{16})", block[:4096], re.DOTALL)
    top, bottom, left, right = unpack("<4I", found[1]) if found else (1, 0, 1, 0)
    return int((bottom - top + 1) * (right - left + 1))


def _column_number(name: bytes) -> int:
    number = 0
    for letter in name:
        number = number * 26 + letter - 64
    return number


# --- which sheet --------------------------------------------------------------------------------------------------


def _choose(book: CalamineWorkbook, source: str, wanted: str, column: str, ask: _Ask) -> CalamineSheet:
    every = [sheet for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    names = [sheet.name for sheet in every if sheet.visible == SheetVisibleEnum.Visible]
    if wanted:
        return book.get_sheet_by_name(_named(wanted, names, [sheet.name for sheet in every], source))
    sheets = {name: book.get_sheet_by_name(name) for name in names}
    filled = {name: sheet for name, sheet in sheets.items() if sheet.start is not None}
    if len(filled) > 1:
        fitting = {name: sheet for name, sheet in filled.items() if _holds_numbers(sheet, column)}
        filled = fitting or filled
    if not filled:
        said = _("{source} is empty: there is no phone number in it. Nothing was sent.")
        raise InputError(said.format(source=source))
    if len(filled) == 1:
        return next(iter(filled.values()))
    answer = ask(_("{source} has several sheets that can be the list").format(source=source), list(filled))
    return filled[_named(answer, list(filled), list(filled), source)]


def _named(wanted: str, shown: Sequence[str], every: Sequence[str], source: str) -> str:
    """Return the sheet of a name, also a hidden one's, or of a number as the tabs are counted."""
    if wanted in every:
        return wanted
    if re.fullmatch("[0-9]{1,4}", wanted) and 1 <= int(wanted) <= len(shown):
        return shown[int(wanted) - 1]
    said = _("{source} has no sheet {sheet!r}. Nothing was sent. It has: {names}.")
    raise InputError(said.format(source=source, sheet=wanted, names=", ".join(map(repr, shown))))


def _holds_numbers(sheet: CalamineSheet, column: str) -> bool:
    return holds_numbers(as_text(_open(sheet, 0).sample), column)


def _open(sheet: CalamineSheet, hidden: int) -> Sheet:
    top, left = sheet.start or (0, 0)
    rows: Iterator[list[Cell]] = islice(sheet.iter_rows(), top, None)
    if left:
        rows = ([""] * left + row for row in rows)
    rows = _spread(rows, sheet.merged_cell_ranges or [], top)
    return Sheet(sheet.name, top + 1, list(islice(rows, _SAMPLE)), rows, hidden)


def _spread(
    rows: Iterator[list[Cell]], merged: Sequence[tuple[tuple[int, int], tuple[int, int]]], top: int
) -> Iterator[list[Cell]]:
    """Give a merged cell's value to every row that it stands in; a header over two rows is whole in the second then."""
    begun: dict[int, list[tuple[int, int]]] = {}
    for (first, column), (last, _right) in merged:
        if last > first:
            begun.setdefault(first, []).append((column, last))
    return _fill_down(rows, begun, top) if begun else rows


def _fill_down(rows: Iterator[list[Cell]], begun: dict[int, list[tuple[int, int]]], top: int) -> Iterator[list[Cell]]:
    under: list[tuple[int, int, Cell]] = []
    for number, row in enumerate(rows, top):
        under = [cell for cell in under if cell[1] >= number]
        for column, _last, value in under:
            row[column] = value
        under += [(column, last, row[column]) for column, last in begun.get(number, ()) if column < len(row)]
        yield row


# --- cells as text ------------------------------------------------------------------------------------------------


def as_text(rows: Sequence[Sequence[Cell]]) -> list[Sequence[str]]:
    """Return some rows of the same width as text, which takes least time column by column."""
    return list(zip(*map(_column, zip(*rows, strict=True)), strict=True))


def _column(cells: Sequence[Any]) -> Sequence[str]:
    kinds = set(map(type, cells))
    if kinds == {float}:
        # As `_number` does it; numbers of phones, which are whole, in half the time.
        is_whole = all(map(float.is_integer, cells)) and max(map(abs, cells)) < 1e15
        joined = (("%d " if is_whole else "%.15g ") * len(cells)) % cells
        if "e" not in joined and "-0 " not in joined:
            return joined.split()
    return cells if kinds == {str} else list(map(_text, cells))


def _text(cell: Cell) -> str:
    """Return a cell's value as text: a number with its 15 digits, as 13800138000 or 128.5; a date as 2026-12-01."""
    show = _AS_TEXT.get(type(cell))
    return show(cell) if show else str(cell)


def _number(value: float) -> str:
    text = f"{value + 0.0:.15g}"  # a sheet shows no more digits; others are noise, as in 0.30000000000000004; no -0
    return f"{Decimal(text):f}" if "e" in text else text


def _moment(value: datetime) -> str:
    value = (value + timedelta(microseconds=500_000)).replace(microsecond=0)
    return f"{value:%Y-%m-%d %H:%M:%S}".removesuffix(":00")


def _clock(value: time) -> str:
    return _moment(datetime.combine(date(2000, 1, 1), value)).partition(" ")[2]


def _duration(value: timedelta) -> str:
    minutes, seconds = divmod(round(value.total_seconds()), 60)
    return f"{minutes // 60}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")


_AS_TEXT: dict[type, Callable[[Any], str]] = {
    float: _number,
    bool: lambda value: str(value).upper(),
    datetime: _moment,
    time: _clock,
    timedelta: _duration,
}
