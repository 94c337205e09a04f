"""Where things are in a list: its separator, its header, its phone column, the columns that the content takes."""

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

from smscli.errors import InputError
from smscli.language import _, listing
from smscli.protocol.numbers import normalise, refusal
from smscli.text import INVISIBLE

# Column names that hold the number, the likeliest first; compared without spaces, width or case.
COLUMN_NAMES = (
    "手机号", "手机号码", "手机", "移动电话", "电话号码", "联系电话", "电话", "联系方式", "号码", "手機號", "手機號碼",
    "手機", "電話號碼", "聯繫電話", "電話", "號碼", "mobile", "mobileno", "mobilenumber", "mobilephone", "phone",
    "phoneno", "phonenumber", "cellphone", "cell", "tel", "telephone", "msisdn",
)  # fmt: skip
_DELIMITERS = ",;\t，|"
_BLANKS = INVISIBLE + " \t\r\n\x0b\x0c\u00a0\u202f\u3000"
# What spreadsheets and programs write in a cell without a value.
_NO_VALUE = {
    "null", "(null)", "<null>", "\\n", "nan", "none", "nil", "undefined", "n/a", "#n/a", "#ref!", "#value!", "#name?",
    "#div/0!", "#null!", "#num!", "#spill!", "#calc!", "#field!", "#blocked!", "#getting_data",
}  # fmt: skip
_FEW = 3  # titles that are named in a note


class Table(NamedTuple):
    """How a list is to be read: `phone` is its phone column, `first` the row where its data begin.

    `columns` is its header, empty where it has none; `fields` are the places of the columns that the content takes.
    `notes` say how it was found, and what was skipped above it.
    """

    phone: int = 0
    first: int = 0
    columns: Sequence[str] = ()
    fields: Sequence[int] = ()
    notes: Sequence[str] = ()


def meant(cell: str) -> str:
    """Return a cell's value without invisible characters at its ends; empty if it means no value, as `#N/A`."""
    cell = cell.strip(_BLANKS)
    return "" if cell.lower() in _NO_VALUE or (cell[:2] == "##" and not cell.strip("#")) else cell


def is_blank(row: Sequence[str]) -> bool:
    """Return whether a row has no value at all."""
    return not any(map(meant, row))


def height(row: Sequence[str]) -> int:
    """Return how many lines of the file a row takes."""
    return 1 + sum(len(re.findall(r"\r\n|\r|\n", cell)) for cell in row)


def lines_of(rows: Sequence[Sequence[str]], first: int, last: int) -> Sequence[int]:
    """Return where each row stands, of rows that take the lines from `first` to `last`."""
    if last - first + 1 == len(rows):
        return range(first, last + 1)
    return list(accumulate(map(height, rows[:-1]), initial=first))


def fold(cell: str) -> str:
    """Return a column's name as names are compared: without spaces, punctuation, width or case."""
    folded = unicodedata.normalize("NFKC", cell).lower()
    return "".join(c for c in folded if c.isalnum())


# --- the separator ------------------------------------------------------------------------------------------------


def find_delimiter(sample: Sequence[str]) -> str:
    """Return the separator that fits most rows; the first line can name it, as Excel writes it: `sep=;`."""
    named = re.fullmatch(r'"?sep=(.)"?\s*', sample[0], re.IGNORECASE) if sample else None
    if named:
        return named[1]
    marks = [mark for mark in _DELIMITERS if any(mark in line for line in sample)]
    return max(marks, key=lambda mark: _fit(sample, mark)) if len(marks) > 1 else (*marks, ",")[0]


def _fit(sample: Sequence[str], mark: str) -> tuple[int, int]:
    """Return how well a separator fits: rows with a number in a cell, plus rows of the usual width; and that width."""
    try:
        rows = [row for row in csv.reader(sample, delimiter=mark) if row]
    except csv.Error:
        return 0, 0
    width, even = max(
        Counter(len(row) for row in rows if len(row) > 1).items(), key=lambda item: item[1], default=(0, 0)
    )
    return even + sum(any(map(_is_mobile, row)) for row in rows), width


def _is_mobile(cell: str) -> bool:
    return len(cell) >= 11 and not refusal(normalise(cell))


# --- header and columns -------------------------------------------------------------------------------------------


def holds_numbers(rows: Sequence[Sequence[str]], column: str) -> bool:
    """Return whether one of the rows names the phone column or has a mobile number."""
    names = {fold(column)} if column else set(COLUMN_NAMES)
    return any(fold(cell) in names or _is_mobile(cell) for row in rows for cell in row if cell)


def find_table(
    rows: Sequence[Sequence[str]], column: str, fields: Sequence[str], source: str, lines: Sequence[int]
) -> Table:
    """Find header and columns in a list's first rows; an InputError if something is missing or ambiguous.

    `lines` are the numbers of the rows' lines.
    """
    start = int(bool(rows) and "".join(rows[0][:1]).lower().startswith("sep="))
    end = next((number for number, row in enumerate(rows) if any(map(_is_mobile, row))), len(rows))
    above = [number for number in range(start, end) if not is_blank(rows[number])]  # the first mobile number
    header = _named_header(rows, above, column, fields)
    head = [cell.strip() for cell in rows[header]] if header is not None else []
    index, name = _phone_column(rows[start:], head, column, source)
    if header is None and not fields:
        header = _header_by_looks(rows, above, index)
        head = [cell.strip() for cell in rows[header]] if header is not None else []
    places = _field_columns(fields, head or _widest(rows[start:]), source)
    first = start if header is None else header + 1
    skipped = _skipped(rows, lines, first if header is None else header)
    found = _found(index, name, head, max(map(len, rows[start:]), default=1))
    return Table(index, first, head, places, [found, *skipped])


def _found(index: int, name: str, head: Sequence[str], width: int) -> str:
    """Return a note about the phone column: by its name, else by its place and the header above it."""
    if name:
        return _("column {name!r}").format(name=name)
    if not head:
        return _("column {number}").format(number=index + 1) if width > 1 else _("one number a line")
    said = _("one number a line, after the header {header!r}")
    if width > 1:
        said = _("column {number}, after the header {header!r}")
    return said.format(number=index + 1, header=listing(head))


def _named_header(
    rows: Sequence[Sequence[str]], above: Sequence[int], column: str, fields: Sequence[str]
) -> int | None:
    """Return the row that names the phone column, or has all the fields; above it there are only titles."""
    heads = {number: set(map(fold, rows[number])) for number in above}
    wanted = ({fold(column)} if column else set(), set(COLUMN_NAMES))
    fitting = [[number for number in above if heads[number] & names] for names in wanted]
    fitting.append([number for number in above if fields and heads[number] >= set(map(fold, fields))])
    for numbers in filter(None, fitting):
        header = max(numbers, key=lambda number: _filled(rows[number]))  # a title can be such a word as well
        if all(_is_title(rows[number], rows[header]) for number in above if number < header):
            return header
    return None


def _header_by_looks(rows: Sequence[Sequence[str]], above: Sequence[int], index: int) -> int | None:
    """Return the row that has the most cells, with text and no number in them, and titles of one cell above it."""
    header = max(above, key=lambda number: _filled(rows[number]), default=None)
    if header is None or not "".join(rows[header][index : index + 1]).strip():
        return None
    if any(sum(c.isdigit() for c in cell) > 2 or cell.strip().isdigit() for cell in rows[header]):
        return None
    titles = [rows[number] for number in above if number < header]
    return header if all(_filled(row) == 1 and _is_title(row, rows[header]) for row in titles) else None


def _filled(row: Sequence[str]) -> int:
    return sum(map(bool, map(meant, row)))


def _is_title(row: Sequence[str], header: Sequence[str]) -> bool:
    """Return whether a row above the header is not data: it has fewer cells or no digits, and no cell like a number."""
    plain = [normalise(cell) for cell in row]
    like_numbers = any(re.fullmatch("[-+0-9 ().]+", cell) and sum(c.isdigit() for c in cell) > 8 for cell in plain)
    digits = any(c.isdigit() for cell in plain for c in cell)
    return not like_numbers and (not digits or _filled(row) < _filled(header))


def _skipped(rows: Sequence[Sequence[str]], lines: Sequence[int], end: int) -> list[str]:
    """Return a note about the lines above the header."""
    found = [
        _("line {line} {text!r}").format(line=line, text=" ".join(filter(None, map(meant, row)))[:40])
        for line, row in zip(lines, rows[:end], strict=False)
        if not is_blank(row)
    ]
    if not found:
        return []
    said = _("skipped above the table: {lines}")
    if len(found) > _FEW:
        said = _("skipped above the table: {lines} and {count} more")
    return [said.format(lines=listing(found[:_FEW]), count=len(found) - _FEW)]


def _phone_column(rows: Sequence[Sequence[str]], head: Sequence[str], column: str, source: str) -> tuple[int, str]:
    """Return the phone column's index, and its name where it was found by it."""
    folded = [fold(cell) for cell in head]
    name = fold(column) if column else next((name for name in COLUMN_NAMES if name in folded), "")
    if name in folded and name:
        index = _only(folded, name, source, _("Choose one by number: --column 1 …"))
        return index, column or head[index]
    width = max(map(len, rows), default=1)
    if not column:
        index = _by_content(rows, source)
    elif re.fullmatch("[0-9]{1,4}", column) and 1 <= int(column) <= width:
        index = int(column) - 1
    else:
        said = _("{source}: there is no column {column!r}. Nothing was sent. The first line has: {names}.")
        raise InputError(said.format(source=source, column=column, names=_names(head or _widest(rows))))
    return index, ""


def _widest(rows: Sequence[Sequence[str]]) -> Sequence[str]:
    return max(rows, key=_filled, default=[])


def _names(cells: Iterable[str]) -> str:
    names = listing(" ".join(cell.split()) for cell in cells)  # a name can have a line break in it
    return names[:200]


def _field_columns(fields: Sequence[str], head: Sequence[str], source: str) -> list[int]:
    """Return the places in the header of the columns that the content takes."""
    keys = [fold(cell) or cell for cell in head]  # a name can have no letter or digit
    missing = [name for name in fields if not name or (fold(name) or name) not in keys]
    if missing:
        said = _(
            "{source}: there is no column {columns}, which the content takes. Nothing was sent. "
            "The first line has: {names}. Give one value for all with --var; for a brace itself write {{{{."
        )
        raise InputError(said.format(source=source, columns=listing(map(repr, missing)), names=_names(head)))
    advice = _("The content takes it: give each column its own name.")
    return [_only(keys, fold(name) or name, source, advice) for name in fields]


def _only(folded: Sequence[str], name: str, source: str, advice: str) -> int:
    if folded.count(name) > 1:
        said = _("{source}: {count} columns are called {name!r}. Nothing was sent. {advice}")
        raise InputError(said.format(source=source, count=folded.count(name), name=name, advice=advice))
    return folded.index(name)


def _by_content(rows: Sequence[Sequence[str]], source: str) -> int:
    width = max(map(len, rows), default=1)
    if width <= 1 or all(map(is_blank, rows)):
        return 0
    counts = [sum(len(row) > i and _is_mobile(row[i]) for row in rows) for i in range(width)]
    best = max(range(width), key=counts.__getitem__)
    if not counts[best]:
        said = _("{source}: no column holds mobile numbers. Nothing was sent. Name one with --column.")
        raise InputError(said.format(source=source))
    rivals = [str(i + 1) for i in range(width) if counts[i] * 2 >= counts[best]]
    if len(rivals) > 1:
        said = _(
            "{source}: the columns {columns} hold mobile numbers. Nothing was sent. "
            "Choose one with --column, or write one number a line."
        )
        raise InputError(said.format(source=source, columns=listing(rivals)))
    return best
