"""Who gets it: phone numbers from lines, CSV or a workbook, normalised, without duplicates; bad lines with a reason.

Lists can be long. So a chunk that has only plain numbers is checked and added in a few calls; other chunks are read
cell by cell.
"""

import csv
import io
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

from smscli.errors import InputError
from smscli.language import _, later, listing, system_reason
from smscli.protocol.numbers import MOBILE, normalise, refusal
from smscli.sending.rejects import Rejects
from smscli.sending.table import Table, find_delimiter, find_table, height, is_blank, lines_of, meant
from smscli.text import bom_encoding, line_outside, read_lines, refuse_mixed

_ALL_PLAIN = rf"(?:{MOBILE.pattern},)*+{MOBILE.pattern}"
_COMMAS = dict.fromkeys(map(ord, "，、;；\n"), ",")  # between the numbers of `--mobile`
_CHUNK = 512
_Chunk = tuple[Sequence[Sequence[str]], int, int]  # rows, and the numbers of their first and last line
Ask = Callable[[str, Sequence[str]], str]  # asks a person for one of several names
_SAMPLE = 100
_PIPE_LIMIT = 512 << 20
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_AS_WORKBOOK = later("Open it in Excel or WPS and save it as a workbook (.xlsx).")
# Files that people give as a list; compared in lower case.
_FORMATS = (
    ((b"<html", b"<!doctype", b"<table", b"<meta", b"<?xml"), later("a web page or XML file"), _AS_WORKBOOK),
    ((b"begin:vcard",), later("a phone book (vCard)"), later("Export it as CSV.")),
    ((b"%pdf",), later("a PDF"), later("Copy the table into a spreadsheet and save it.")),
)


class Recipients(NamedTuple):
    """A list as it was read: `mobiles` in their order without duplicates, and what was left out.

    If fields were asked for, `values` has their values for each mobile, and `lines` its line; then a number may come
    several times, each time with other values. `columns` is the list's header, empty where it has none.
    """

    mobiles: list[str]
    duplicates: int = 0
    invalid: Rejects = Rejects()
    notes: Sequence[str] = ()
    lines: Sequence[int] = ()
    values: Sequence[tuple[str, ...]] = ()
    columns: Sequence[str] = ()


# --- numbers on the command line ----------------------------------------------------------------------------------


def from_options(values: Iterable[str]) -> Recipients:
    """Read the numbers of `--mobile`, each value one number or several joined by commas or blanks."""
    collector = _Collector(Table())
    for value in values:
        for text in value.translate(_COMMAS).split(","):
            if text.strip() or not value.strip():
                for number in _numbers(text):
                    collector.add(0, [number])
    return collector.recipients([])


def _numbers(text: str) -> list[str]:
    """Return whole numbers with blanks between them one by one; else the text, for blanks may be within a number."""
    words = text.split()
    return words if len(words) > 1 and all(MOBILE.fullmatch(normalise(word)) for word in words) else [text]


# --- lists --------------------------------------------------------------------------------------------------------


def refuse_several(question: str, names: Sequence[str]) -> str:
    """Refuse to choose one of several sheets."""
    said = _("{question}: {names}. Nothing was sent. Name one with --sheet.")
    raise InputError(said.format(question=question, names=listing(map(repr, names))))


def read_list(
    stream: io.BufferedIOBase,
    source: str,
    column: str = "",
    encoding: str = "",
    fields: Sequence[str] = (),
    sheet: str = "",
    ask: Ask = refuse_several,
) -> Recipients:
    """Read a list of one number a line, a CSV with or without a header, or a sheet of a workbook.

    `column` is the name or the 1-based number of the phone column, found by name or content where it is not given.
    `fields` names further columns whose cells are read; none of these may be empty.
    The encoding is that of a byte-order mark, else strict UTF-8, else strict GB18030, unless `encoding` forces one.
    `sheet` is the name or the 1-based number of a workbook's sheet; `ask` chooses if several can be meant.
    A file that is not a list raises an InputError; lines without a valid number come back as `invalid`.
    """
    try:
        stream = stream if stream.seekable() else _whole(stream, source)
        origin = stream.tell()  # not 0 if the shell itself has read the first lines of stdin
        start = stream.read(4096)
        if start.startswith(_WORKBOOKS):
            return _read_sheet(stream, source, column, fields, sheet, ask)
        if sheet:
            said = _("{source} is not a workbook, so it has no sheet {sheet!r}. Nothing was sent.")
            raise InputError(said.format(source=source, sheet=sheet))
        _refuse_binary(start, source, encoding)
        for candidate in _encodings(start, encoding):
            stream.seek(origin)
            try:
                return _read_text(read_lines(stream, source, candidate), source, column, candidate, fields)
            except UnicodeError:
                stream.seek(origin)
                if candidate == "utf-8" and not encoding:
                    refuse_mixed(stream, source)
        line = 0 if encoding else line_outside(stream, source, "gb18030")
    except OSError as error:
        said = _("{source} cannot be read: {reason}. Nothing was sent.")
        raise InputError(said.format(source=source, reason=system_reason(error))) from None
    raise _not_text(source, line, encoding)


def _not_text(source: str, line: int, encoding: str) -> InputError:
    """Return the error that a list is not text of its encoding; `line` is 0 where it is not known."""
    said = _(
        "{source} is not {encoding} text. Nothing was sent. "
        "Save it as “CSV UTF-8”, or name its encoding with --encoding."
    )
    if line:
        said = _(
            "{source}, line {line}, is not {encoding} text. Nothing was sent. "
            "Save it as “CSV UTF-8”, or name its encoding with --encoding."
        )
    return InputError(said.format(source=source, line=line, encoding=encoding or _("UTF-8 or GB18030")))


def _whole(pipe: io.BufferedIOBase, source: str) -> io.BytesIO:
    """Keep what comes through a pipe, because it may have to be read twice."""
    kept = io.BytesIO(pipe.read(_PIPE_LIMIT))
    if kept.getbuffer().nbytes == _PIPE_LIMIT:
        said = _(
            "{source}: more than 512 MiB came through the pipe. Nothing was sent. Save it as a file and use --list."
        )
        raise InputError(said.format(source=source))
    return kept


def _refuse_binary(start: bytes, source: str, encoding: str) -> None:
    if not start:
        said = _("{source} is empty: there is no phone number in it. Nothing was sent.")
        raise InputError(said.format(source=source))
    head = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for starts, what, advice in _FORMATS:
        if head.startswith(starts):
            said = _("{source} is {what}. Nothing was sent. {advice}")
            raise InputError(said.format(source=source, what=_(what), advice=_(advice)))
    if b"\0" in start and not encoding and not bom_encoding(start):
        said = _("{source} is a binary file, not a list of numbers. Nothing was sent.")
        raise InputError(said.format(source=source))


def _encodings(start: bytes, forced: str) -> Sequence[str]:
    marked = bom_encoding(start)
    if not forced:
        return [marked] if marked else ["utf-8", "gb18030"]
    try:
        "".encode(forced)
    except (LookupError, UnicodeError):
        said = _("--encoding: there is no encoding {encoding!r}. Nothing was sent. Try utf-8, gb18030 or utf-16.")
        raise InputError(said.format(encoding=forced)) from None
    if marked and marked.startswith(forced.lower().replace("_", "-")):
        return [marked]
    return [forced]


def _read_text(lines: Iterator[str], source: str, column: str, encoding: str, fields: Sequence[str]) -> Recipients:
    sample = list(islice(lines, _SAMPLE))
    chunks = _chunks(chain(sample, lines), find_delimiter(sample), source)
    table, collector = _collect(chunks, source, column, fields)
    if not collector.is_filled:
        raise InputError(_("{source}: there is no phone number in it. Nothing was sent.").format(source=source))
    found, *skipped = table.notes
    name = encoding.upper().removesuffix("-SIG")
    read = _("{found}, read as {encoding}").format(found=found, encoding=name)
    return collector.recipients(_notes(source, [read, *skipped]))


def _notes(source: str, notes: Sequence[str]) -> list[str]:
    return [_("{source}: {note}").format(source=source, note=note) for note in notes]


def _read_sheet(
    stream: io.BufferedIOBase, source: str, column: str, fields: Sequence[str], wanted: str, ask: Ask
) -> Recipients:
    from smscli.sending import workbook  # its library is for those who have a workbook

    sheet = workbook.open_sheet(stream, source, wanted, column, ask)
    table, collector = _collect(sheet.chunks(), source, column, fields, is_sheet=True)
    if not collector.is_filled:
        said = _(
            "{source}: there is no phone number in the sheet {sheet!r}. Nothing was sent. "
            "Formulas have values only after Excel or WPS has saved the workbook."
        )
        raise InputError(said.format(source=source, sheet=sheet.name))
    found, *skipped = table.notes
    read = _("{found}, in the sheet {sheet!r}").format(found=found, sheet=sheet.name)
    return collector.recipients(_notes(source, [read, *skipped, *sheet.notes(table, fields)]))


def _collect(
    chunks: Iterator[_Chunk], source: str, column: str, fields: Sequence[str], is_sheet: bool = False
) -> tuple[Table, "_Collector"]:
    first, line, last = next(chunks, ([], 1, 0))
    table = find_table(first, column, fields, source, lines_of(first, line, last))
    collector = _Collector(table, fields, is_sheet)
    collector.add_rows(first, line, last, skip=table.first)
    for rows, line, last in chunks:
        collector.add_rows(rows, line, last)
    return table, collector


def _chunks(lines: Iterable[str], delimiter: str, source: str) -> Iterator[_Chunk]:
    """Yield some rows at a time, with the numbers of their first and last line."""
    # "strict": otherwise an open quotation mark would end at the next one, and the lines between would be lost.
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    size = _SAMPLE
    while True:
        line = reader.line_num + 1
        rows: list[list[str]] = []
        try:
            rows.extend(islice(reader, size))  # keeps what came before an error
        except csv.Error as error:
            what = _("a quotation mark is not closed, or is in the middle of a cell")
            if "field limit" in str(error):
                what = _("a cell has more than {most:,} characters, or a quotation mark is not closed")
                what = what.format(most=csv.field_size_limit())
            line += sum(map(height, rows))
            said = _("{source}, line {line}: {problem}. Nothing was sent. Fix that line.")
            raise InputError(said.format(source=source, line=line, problem=what)) from None
        if not rows:
            return
        yield rows, line, reader.line_num
        size = _CHUNK


class _Collector:
    """Gathers numbers in their order, and what is invalid."""

    def __init__(self, table: Table, fields: Sequence[str] = (), is_sheet: bool = False) -> None:
        self.mobiles: list[str] = []
        self.invalid = Rejects(table.phone, table.columns)
        self._table, self._fields = table, fields
        self._is_sheet = is_sheet
        # A remark next to the table does no harm where only the number of a row is taken.
        names = table.columns if fields or not is_sheet else ()
        self._width = max((number for number, name in enumerate(names, 1) if name), default=0)
        self._lines: list[int] = []
        self._values: list[tuple[str, ...]] = []

    @property
    def is_filled(self) -> bool:
        """Whether anything was found, valid or not."""
        return bool(self.mobiles or self.invalid)

    def recipients(self, notes: Sequence[str]) -> Recipients:
        if self._fields:
            return self._recipients_with_values(notes)
        # One set at the end takes half the time of a dict that grows; most lists have no duplicates.
        found = len(self.mobiles)
        if len(set(self.mobiles)) < found:
            self.mobiles = list(dict.fromkeys(self.mobiles))
        return Recipients(self.mobiles, found - len(self.mobiles), self.invalid, notes, columns=self._table.columns)

    def _recipients_with_values(self, notes: Sequence[str]) -> Recipients:
        first = dict(zip(zip(self.mobiles, self._values, strict=True), self._lines, strict=True))
        mobiles, values = [mobile for mobile, _ in first], [values for _, values in first]
        duplicates = len(self.mobiles) - len(mobiles)
        lines = list(first.values())
        return Recipients(mobiles, duplicates, self.invalid, notes, lines, values, self._table.columns)

    def add(self, line: int, row: Sequence[str]) -> None:
        """Take a row's number, or keep the row with the reason why it is invalid; `line` is 0 on the command line."""
        index = self._table.phone
        mobile = normalise(meant(row[index])) if index < len(row) else ""
        reason = self._misfit(row) or refusal(mobile) or self._add_values(line, row)
        if reason:
            self.invalid.add(line, row, reason)
        else:
            self.mobiles.append(mobile)

    def _misfit(self, row: Sequence[str]) -> str:
        """Return why a row does not fit the table: then its cells may be in the wrong columns."""
        if len(row) <= self._table.phone:
            return _("it has no column {number}").format(number=self._table.phone + 1)
        if self._width and len(row) > self._width and not is_blank(row[self._width :]):
            if self._is_sheet:
                return _("it has a cell after the last column of the header; is one in the wrong column?")
            reason = _(
                "it has {cells} cells and the header has {columns}: "
                "a separator in a cell needs quotation marks around the cell"
            )
            return sys.intern(reason.format(cells=len(row), columns=self._width))
        return ""

    def _add_values(self, line: int, row: Sequence[str]) -> str:
        """Keep the cells that the content takes; return what is wrong with them, empty if nothing is."""
        cells = [meant(row[column]) if column < len(row) else "" for column in self._table.fields]
        empty = [name for name, cell in zip(self._fields, cells, strict=True) if not cell]
        if empty:
            return sys.intern(_("the column {name!r} is empty, and the content takes it").format(name=empty[0]))
        if self._fields:
            self._values.append(tuple(cells))
            self._lines.append(line)
        return ""

    def add_rows(self, rows: Sequence[Sequence[str]], first_line: int, last_line: int, skip: int = 0) -> None:
        """Take some rows; `first_line` and `last_line` are their lines in the file."""
        if not skip and not self._fields and self._add_plain(rows):
            return
        for line, row in islice(zip(lines_of(rows, first_line, last_line), rows, strict=True), skip, None):
            if not is_blank(row):
                self.add(line, row)

    def _add_plain(self, rows: Sequence[Sequence[str]]) -> bool:
        """Add a whole chunk at once if every row fits and every cell is a number as the gateway takes it."""
        index = self._table.phone
        try:
            cells = [row[index] for row in rows]
        except IndexError:
            return False
        joined = ",".join(cells)
        # The length shows that no cell has several numbers.
        if len(joined) != 12 * len(cells) - 1 or not re.fullmatch(_ALL_PLAIN, joined):
            return False
        if self._width and max(map(len, rows)) > self._width and any(map(self._misfit, rows)):
            return False
        self.mobiles += cells
        return True
