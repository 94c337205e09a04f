"""Who gets it: lists of phone numbers read from lines or CSV, normalised, without duplicates, or refused with a reason.

Lists are read by the thousand: a chunk whose every cell is a plain number is checked and added in a few calls; only
other chunks are looked at cell by cell.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

from smscli.errors import InputError
from smscli.protocol.numbers import MOBILE, normalise, refusal
from smscli.text import bom_encoding, read_lines

# Column names that hold the number, the likeliest first; compared without spaces, width or case.
COLUMN_NAMES = (
    "手机号", "手机号码", "手机", "移动电话", "电话号码", "联系电话", "电话", "联系方式", "号码", "手機號", "手機號碼",
    "手機", "電話號碼", "聯繫電話", "電話", "號碼", "mobile", "mobileno", "mobilenumber", "mobilephone", "phone",
    "phoneno", "phonenumber", "cellphone", "cell", "tel", "telephone", "msisdn",
)  # fmt: skip
_ALL_PLAIN = rf"(?:{MOBILE.pattern},)*+{MOBILE.pattern}"
_DELIMITERS = ",;\t，"
_CHUNK = 512
_SAMPLE = 100
_PIPE_LIMIT = 512 << 20


class Invalid(NamedTuple):
    """One entry that is no mobile number of this country: where it stands, what it says, and why it is refused."""

    where: str
    text: str
    reason: str


class Recipients(NamedTuple):
    """A list as it was read: `mobiles` in their order without duplicates, and what was left out.

    Where fields were asked for, `values` has theirs for each mobile and `lines` says where it stands; then a number
    may come several times, each time with other values.
    """

    mobiles: list[str]
    duplicates: int = 0
    invalid: Sequence[Invalid] = ()
    notes: Sequence[str] = ()
    lines: Sequence[str] = ()
    values: Sequence[tuple[str, ...]] = ()


# --- numbers on the command line ----------------------------------------------------------------------------------


def from_options(values: Iterable[str]) -> Recipients:
    """Read the numbers of `--mobile`, each value one number or several joined by commas."""
    collector = _Collector()
    for value in values:
        for text in re.split(r"[,，、;；\n]", value):
            if text.strip() or not value.strip():
                collector.add("--mobile", text)
    return collector.recipients([])


# --- lists --------------------------------------------------------------------------------------------------------


def read_list(
    stream: io.BufferedIOBase, source: str, column: str = "", encoding: str = "", fields: Sequence[str] = ()
) -> Recipients:
    """Read a list of one number a line, or a CSV with or without a header.

    `column` is the name or the 1-based number of the phone column, found by name or content where it is not given.
    `fields` names columns whose cells are wanted as well, none of them empty.
    The encoding is told by a byte-order mark, else strict UTF-8, else strict GB18030, unless `encoding` forces one.
    What is no text list raises an InputError; lines without a valid number come back as `invalid`.
    """
    try:
        stream = stream if stream.seekable() else _whole(stream, source)
        origin = stream.tell()  # not 0 where the shell has read the first lines of its stdin itself
        start = stream.read(4096)
        _refuse_binary(start, source, encoding)
        for candidate in _encodings(start, encoding):
            stream.seek(origin)
            try:
                return _read_text(read_lines(stream, source, candidate), source, column, candidate, fields)
            except UnicodeError:
                continue
    except OSError as error:
        raise InputError(f"{source} cannot be read: {error.strerror}. Nothing was sent.") from None
    expected = encoding or "UTF-8 or GB18030"
    raise InputError(
        f"{source} is not {expected} text. Nothing was sent. "
        "Save it as “CSV UTF-8”, or name its encoding with --encoding."
    )


def _whole(pipe: io.BufferedIOBase, source: str) -> io.BytesIO:
    """Keep what comes through a pipe, for it may have to be read twice."""
    kept = io.BytesIO(pipe.read(_PIPE_LIMIT))
    if kept.getbuffer().nbytes == _PIPE_LIMIT:
        raise InputError(
            f"{source}: more than 512 MiB came through the pipe. Nothing was sent. Save it as a file and use --csv."
        )
    return kept


def _refuse_binary(start: bytes, source: str, encoding: str) -> None:
    if not start:
        raise InputError(f"{source} is empty: there is no phone number in it. Nothing was sent.")
    if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise InputError(
            f"{source} is an Excel workbook. Nothing was sent. In Excel choose “Save as… CSV UTF-8”, "
            "and format the phone column as text before."
        )
    if b"\0" in start and not encoding and not bom_encoding(start):
        raise InputError(f"{source} is a binary file, not a list of numbers. Nothing was sent.")


def _encodings(start: bytes, forced: str) -> Sequence[str]:
    marked = bom_encoding(start)
    if not forced:
        return [marked] if marked else ["utf-8", "gb18030"]
    try:
        "".encode(forced)
    except (LookupError, UnicodeError):
        raise InputError(
            f"--encoding: there is no encoding {forced!r}. Nothing was sent. Try utf-8, gb18030 or utf-16."
        ) from None
    if marked and marked.startswith(forced.lower().replace("_", "-")):
        return [marked]
    return [forced]


def _read_text(lines: Iterator[str], source: str, column: str, encoding: str, fields: Sequence[str]) -> Recipients:
    sample = list(islice(lines, _SAMPLE))
    chunks = _chunks(chain(sample, lines), _delimiter(sample), source)
    first, line, last = next(chunks, ([], 1, 0))
    index, header, label = _find_column(first, column, source)
    collector = _Collector(fields, _field_columns(first, fields, source) if fields else ())
    collector.add_rows(first, index, line, last, skip=max(header, _top(first) + 1) if fields else header)
    for rows, line, last in chunks:
        collector.add_rows(rows, index, line, last)
    if not collector.mobiles and not collector.invalid:
        raise InputError(f"{source}: there is no phone number in it. Nothing was sent.")
    return collector.recipients([f"{source}: {label}, read as {encoding.upper().removesuffix('-SIG')}"])


def _chunks(lines: Iterable[str], delimiter: str, source: str) -> Iterator[tuple[list[list[str]], int, int]]:
    """Yield some rows at a time, with the first and the last line that they stand on."""
    # "strict": a quotation mark left open ends at the next cell's, and would swallow the lines between them unseen.
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    size = _SAMPLE
    while True:
        line = reader.line_num + 1
        rows: list[list[str]] = []
        try:
            rows.extend(islice(reader, size))  # keeps what came before an error
        except csv.Error:
            raise InputError(
                f"{source}, line {line + sum(map(_height, rows))}: a quotation mark is left open, or stands in the "
                "middle of a cell. Nothing was sent. Mend that line."
            ) from None
        if not rows:
            return
        yield rows, line, reader.line_num
        size = _CHUNK


def _height(row: Sequence[str]) -> int:
    """Return how many lines of the file a row takes."""
    return 1 + sum(len(re.findall(r"\r\n|\r|\n", cell)) for cell in row)


def _delimiter(sample: Sequence[str]) -> str:
    """Return the separator that every line has, and most of."""
    filled = [line for line in sample if line.strip()]
    counts = {mark: min((line.count(mark) for line in filled), default=0) for mark in _DELIMITERS}
    best = max(counts, key=counts.__getitem__)
    if counts[best]:
        return best
    return max(_DELIMITERS, key=lambda mark: filled[0].count(mark)) if filled else ","


def _find_column(rows: Sequence[Sequence[str]], column: str, source: str) -> tuple[int, int, str]:
    """Return the phone column's index, how many rows at the start are no data, and how it was found."""
    top = _top(rows)
    if top == len(rows):
        return 0, 0, "one number a line"
    head = [_fold(cell) for cell in rows[top]]
    if column and _fold(column) in head:
        return _only(head, _fold(column), source), top + 1, f"column {column!r}"
    if column:
        return _numbered(column, head, rows[top], top, source)
    for name in COLUMN_NAMES:
        if name in head:
            index = _only(head, name, source)
            return index, top + 1, f"column {rows[top][index].strip()!r}"
    index = _by_content(rows[top:], source)
    return (index, *_header_or_not(rows[top], index, top))


def _top(rows: Sequence[Sequence[str]]) -> int:
    """Return the index of the first row that is not blank."""
    return next((number for number, row in enumerate(rows) if any(cell.strip() for cell in row)), len(rows))


def _field_columns(rows: Sequence[Sequence[str]], fields: Sequence[str], source: str) -> Sequence[int]:
    """Return where the fields stand in the header."""
    head = [cell.strip() for cell in rows[_top(rows)]] if _top(rows) < len(rows) else []
    folded = [_fold(cell) for cell in head]
    missing = [name for name in fields if name not in head and (not _fold(name) or _fold(name) not in folded)]
    if missing:
        raise InputError(
            f"{source}: there is no column {', '.join(map(repr, missing))}, which the content takes. Nothing was sent. "
            f"The first line has: {', '.join(head)[:200]}. Give a constant with --var; a literal brace is written {{{{."
        )
    return [head.index(name) if name in head else _only(folded, _fold(name), source) for name in fields]


def _fold(cell: str) -> str:
    folded = unicodedata.normalize("NFKC", cell).lower()
    return "".join(c for c in folded if c.isalnum())


def _only(head: Sequence[str], name: str, source: str) -> int:
    if head.count(name) > 1:
        raise InputError(
            f"{source}: {head.count(name)} columns are called {name!r}. Nothing was sent. "
            "Choose one by number: --column 1 …"
        )
    return head.index(name)


def _numbered(column: str, head: Sequence[str], row: Sequence[str], top: int, source: str) -> tuple[int, int, str]:
    if not re.fullmatch("[0-9]{1,4}", column) or not 1 <= int(column) <= len(head):
        raise InputError(
            f"{source}: there is no column {column!r}. Nothing was sent. "
            f"The first line has: {', '.join(cell.strip() for cell in row)}"
        )
    index = int(column) - 1
    return (index, *_header_or_not(row, index, top))


def _header_or_not(row: Sequence[str], index: int, top: int) -> tuple[int, str]:
    """A first line is a header where it has text but no digit in it; that it was read so is said."""
    where = f"column {index + 1}" if len(row) > 1 else "one number a line"
    if index < len(row) and row[index].strip() and not any(c.isdigit() for cell in row for c in cell):
        return top + 1, f"{where}, after the header {', '.join(cell.strip() for cell in row)!r}"
    return 0, where


def _by_content(rows: Sequence[Sequence[str]], source: str) -> int:
    width = max(len(row) for row in rows)
    counts = [sum(len(row) > i and not refusal(normalise(row[i])) for row in rows) for i in range(width)]
    best = max(range(width), key=counts.__getitem__)
    if width == 1:
        return 0
    if not counts[best]:
        raise InputError(f"{source}: no column holds mobile numbers. Nothing was sent. Name one with --column.")
    rivals = [str(i + 1) for i in range(width) if counts[i] * 2 >= counts[best]]
    if len(rivals) > 1:
        raise InputError(
            f"{source}: the columns {', '.join(rivals)} hold mobile numbers. Nothing was sent. "
            "Choose one with --column, or write one number a line."
        )
    return best


class _Collector:
    """Gathers numbers in their order, and what is invalid."""

    def __init__(self, fields: Sequence[str] = (), columns: Sequence[int] = ()) -> None:
        self.mobiles: list[str] = []
        self.invalid: list[Invalid] = []
        self._fields, self._columns = fields, columns
        self._lines: list[str] = []
        self._values: list[tuple[str, ...]] = []

    def recipients(self, notes: Sequence[str]) -> Recipients:
        if self._fields:
            return self._recipients_with_values(notes)
        # One set at the end takes half the time of a dict that grows; most lists have no duplicates.
        found = len(self.mobiles)
        if len(set(self.mobiles)) < found:
            self.mobiles = list(dict.fromkeys(self.mobiles))
        return Recipients(self.mobiles, found - len(self.mobiles), self.invalid, notes)

    def _recipients_with_values(self, notes: Sequence[str]) -> Recipients:
        first = dict(zip(zip(self.mobiles, self._values, strict=True), self._lines, strict=True))
        mobiles, values = [mobile for mobile, _ in first], [values for _, values in first]
        duplicates = len(self.mobiles) - len(mobiles)
        return Recipients(mobiles, duplicates, self.invalid, notes, list(first.values()), values)

    def add(self, where: str, text: str, row: Sequence[str] = ()) -> None:
        mobile = normalise(text)
        reason = refusal(mobile) or self._add_values(where, row)
        if reason:
            self.invalid.append(Invalid(where, text.strip()[:40], reason))
        else:
            self.mobiles.append(mobile)

    def _add_values(self, where: str, row: Sequence[str]) -> str:
        """Keep the cells that the content takes; returns why it cannot."""
        cells = [row[column].strip() if column < len(row) else "" for column in self._columns]
        empty = [name for name, cell in zip(self._fields, cells, strict=True) if not cell]
        if empty:
            return f"the column {empty[0]!r} is empty, which the content takes"
        if self._fields:
            self._values.append(tuple(cells))
            self._lines.append(where)
        return ""

    def add_rows(self, rows: list[list[str]], index: int, first_line: int, last_line: int, skip: int = 0) -> None:
        """Take the cells of one column; `first_line` and `last_line` are what the rows stand on in the file."""
        if not skip and not self._fields and self._add_plain(rows, index):
            return
        line = first_line
        even = last_line - first_line + 1 == len(rows)
        for number, row in enumerate(rows):
            if number >= skip and any(cell.strip() for cell in row):
                where = f"line {line}"
                if len(row) <= index:
                    self.invalid.append(Invalid(where, ",".join(row)[:40], f"it has no column {index + 1}"))
                else:
                    self.add(where, row[index], row)
            line += 1 if even else _height(row)

    def _add_plain(self, rows: list[list[str]], index: int) -> bool:
        """Add a whole chunk at once where every cell is a number as the gateway takes it."""
        try:
            cells = [row[index] for row in rows]
        except IndexError:
            return False
        joined = ",".join(cells)
        # The length tells that no cell holds several numbers.
        if len(joined) != 12 * len(cells) - 1 or not re.fullmatch(_ALL_PLAIN, joined):
            return False
        self.mobiles += cells
        return True
