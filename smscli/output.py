"""Data on stdout: a table for a person, TSV, JSON or CSV for programs."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import chain, islice, zip_longest
from typing import NamedTuple, TextIO

from smscli.console import Environment, visible

Cell = str | int | bool | None
_CHUNK = 1000
_UNFOLDED = 1 << 20  # the width of a table that is not shown on a terminal: no line is folded
_USUAL = 80  # the width of a terminal that does not say how wide it is
_GAP = 2  # between two columns
_LEAST = 12  # what is left of a long text's column on a narrow terminal
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}(?::[0-9]{2})?"
_RIGID = rf"[!-~]{{0,15}}|[0-9]+|{_DATE}"


class Output(StrEnum):
    """How data is written; a table on a terminal and TSV elsewhere unless asked for."""

    TABLE = "table"
    TSV = "tsv"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


def write_rows(
    environment: Environment,
    columns: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    output: Output | None = None,
    *,
    empty: str = "",
    cut: bool = False,
    spare: Sequence[str] = (),
) -> None:
    """Write rows under the named columns, streaming; `columns` are the JSON field names too.

    Where there are none, a person is told `empty`. In a table for a person, long texts go on in the next line, or are
    cut with an ellipsis if `cut`; the columns in `spare` are left out, the first one first, where there is no room.
    """
    output = _resolve(environment, output)
    texts: Iterable[str]
    if output is Output.TABLE:
        texts = iter(_tables(columns, rows, environment.stdout, cut, spare))
        first = next(texts, None)
        if first is None and empty:
            environment.say(empty)
        texts = chain(() if first is None else (first,), texts)
    else:
        texts = _texts(environment, columns, rows, output)
    for text in texts:
        environment.write(text)
        if environment.stdout_lost:
            break
    environment.finish()


def write_one(
    environment: Environment, columns: Sequence[str], row: Sequence[Cell], output: Output | None = None
) -> None:
    """Write a single row; in JSON an object instead of a list."""
    write_rows(environment, columns, [row], Output.JSONL if output is Output.JSON else output)


def _texts(
    environment: Environment, columns: Sequence[str], rows: Iterable[Sequence[Cell]], output: Output
) -> Iterable[str]:
    if output is Output.CSV:
        return _csv(columns, rows)
    elif output is Output.TSV:
        return _tsv(rows)
    elif output is Output.JSONL:
        return _jsonl(columns, rows, _takes_unicode(environment.stdout))
    else:
        return _json(columns, rows, _takes_unicode(environment.stdout))


def follow(
    environment: Environment,
    columns: Sequence[str],
    groups: Iterable[Sequence[Sequence[Cell]]],
    widths: Mapping[str, int],
    output: Output | None = None,
) -> bool:
    """Write each group of rows as it comes, JSON lines in a pipe; return False at once where the reader has gone.

    A table shows the columns in `widths`, each so many cells wide; the last has no limit.
    """
    output = output or (Output.TABLE if environment.stdout.isatty() else Output.JSONL)
    if output is Output.JSON:
        output = Output.JSONL  # a JSON list would need an end
    if output is Output.TABLE:
        environment.write(_line(dict(zip(columns, columns, strict=True)), widths))
    elif output is Output.CSV:
        environment.write("".join(_csv(columns, [])))
    for rows in groups:
        if output is Output.TABLE:
            texts: Iterable[str] = [_line(dict(zip(columns, row, strict=True)), widths) for row in rows]
        elif output is Output.CSV:
            texts = _csv_rows(rows)
        else:
            texts = _texts(environment, columns, rows, output)
        environment.write("".join(texts))
        environment.finish()
        if environment.stdout_lost:
            return False
    return True


def _line(cells: Mapping[str, Cell], widths: Mapping[str, int]) -> str:
    return "  ".join(_pad(visible(_text(cells[name])), width) for name, width in widths.items()).rstrip() + "\n"


def is_table(environment: Environment, output: Output | None) -> bool:
    """Return whether `write_rows` will write a table for a person."""
    return _resolve(environment, output) is Output.TABLE


def is_tsv(environment: Environment, output: Output | None) -> bool:
    """Return whether `write_rows` will write plain lines, as for the next command in a pipe."""
    return _resolve(environment, output) is Output.TSV


def _resolve(environment: Environment, output: Output | None) -> Output:
    return output or (Output.TABLE if environment.stdout.isatty() else Output.TSV)


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return str(cell)


def _chunks(rows: Iterable[Sequence[Cell]]) -> Iterator[list[Sequence[Cell]]]:
    iterator = iter(rows)
    while chunk := list(islice(iterator, _CHUNK)):
        yield chunk


def _tsv(rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    for chunk in _chunks(rows):
        yield _tsv_chunk(chunk)


def _tsv_chunk(chunk: list[Sequence[Cell]]) -> str:
    """Join rows; one check of the whole chunk shows whether any of its cells needs escaping."""
    try:
        if "".join(map("".join, chunk)).isprintable():  # type: ignore[arg-type]  # raises where a cell is not a text
            return "\n".join(map("\t".join, chunk)) + "\n"  # type: ignore[arg-type]
    except TypeError:
        pass
    return "".join("\t".join([visible(_text(cell)) for cell in row]) + "\n" for row in chunk)


def _json_row(columns: Sequence[str], row: Sequence[Cell], unicode: bool) -> str:
    import json  # most output is a table or TSV

    values = dict(zip(columns, row, strict=True))
    text = json.dumps(values, ensure_ascii=False)
    # What is not printable, or not in stdout's encoding, is written with JSON's own escapes.
    return text if unicode and text.isprintable() else json.dumps(values, ensure_ascii=True)


def _takes_unicode(stdout: TextIO) -> bool:
    return (stdout.encoding or "utf-8").lower().startswith("utf")


def _json(columns: Sequence[str], rows: Iterable[Sequence[Cell]], unicode: bool) -> Iterator[str]:
    before = "[\n"
    for row in rows:
        yield f"{before}{_json_row(columns, row, unicode)}"
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _jsonl(columns: Sequence[str], rows: Iterable[Sequence[Cell]], unicode: bool) -> Iterator[str]:
    for row in rows:
        yield f"{_json_row(columns, row, unicode)}\n"


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    yield from _csv_rows([columns])
    yield from _csv_rows(rows)


def _csv_rows(rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    import csv
    import io

    for chunk in _chunks(rows):
        text = io.StringIO(newline="")
        csv.writer(text).writerows([_csv_cell(cell) for cell in row] for row in chunk)
        yield text.getvalue()


def _csv_cell(cell: Cell) -> str:
    text = visible(_text(cell))
    # What a spreadsheet reads as the start of a formula, also in full width.
    return f"'{text}" if isinstance(cell, str) and text.lstrip().startswith(tuple("=+-@＝＋－＠")) else text


# --- tables -------------------------------------------------------------------------------------------------------


class _Column(NamedTuple):
    """A column of a table: its name, and its cells as they are shown."""

    name: str
    cells: Sequence[str]
    is_number: bool

    @property
    def width(self) -> int:
        return max(map(_cells, (self.name, *self.cells)))

    @property
    def is_rigid(self) -> bool:
        """Whether it has only short words, numbers, dates and codes, which are shown whole or not at all."""
        return self.is_number or all(re.fullmatch(_RIGID, cell) for cell in self.cells)


def _tables(
    columns: Sequence[str], rows: Iterable[Sequence[Cell]], stdout: TextIO, cut: bool, spare: Sequence[str]
) -> Iterator[str]:
    """Draw tables of up to 1,000 rows each, so that a long stream shows as it comes; empty columns are left out."""
    width, bold = _width(stdout), _is_bold(stdout)
    for chunk in _chunks(rows):
        filled = [
            _Column(
                name,
                [visible(_text(row[index])) for row in chunk],
                all(row[index] is None or isinstance(row[index], int) for row in chunk),
            )
            for index, name in enumerate(columns)
            if any(row[index] not in ("", None) for row in chunk)
        ]
        widths = _fit(filled, width)
        for name in spare:
            if widths is None:
                filled = [column for column in filled if column.name != name]
                widths = _fit(filled, width)
        yield _grid(filled, widths, cut, bold) if widths is not None else _cards(filled, width, bold)


def _fit(columns: Sequence[_Column], width: int) -> list[int] | None:
    """Return how wide each column is on a terminal; the widest texts give way first. None where there is no room."""
    widths = [column.width for column in columns]
    room = width - _GAP * (len(columns) - 1) - sum(w for w, c in zip(widths, columns, strict=True) if c.is_rigid)
    elastic = sorted((w, index) for index, w in enumerate(widths) if not columns[index].is_rigid)
    if sum(min(w, _LEAST) for w, _ in elastic) > room:
        return None
    for left, (natural, index) in zip(range(len(elastic), 0, -1), elastic, strict=True):
        widths[index] = min(natural, room // left)
        room -= widths[index]
    return widths


def _grid(columns: Sequence[_Column], widths: Sequence[int], cut: bool, bold: bool) -> str:
    def line(cells: Iterable[str]) -> str:
        padded = [
            " " * (width - _cells(cell)) + cell if column.is_number else _pad(cell, width)
            for cell, column, width in zip(cells, columns, widths, strict=True)
        ]
        return (" " * _GAP).join(padded).rstrip()

    head = line(_cut(column.name, width) for column, width in zip(columns, widths, strict=True))
    lines = [_strong(head, bold)]
    for row in zip(*(column.cells for column in columns), strict=True):
        folded = [[_cut(c, w)] if cut else _fold(c, w) for c, w in zip(row, widths, strict=True)]
        lines += map(line, zip_longest(*folded, fillvalue=""))
    return "".join(f"{line}\n" for line in lines)


def _cards(columns: Sequence[_Column], width: int, bold: bool) -> str:
    """Draw each row as lines of its own, where the terminal is too narrow for a table."""
    margin = max(len(column.name) for column in columns) + _GAP
    cards = []
    for row in zip(*(column.cells for column in columns), strict=True):
        lines = [
            f"{_strong(name, bold)}{' ' * (margin - len(name))}{line}\n"
            for column, cell in zip(columns, row, strict=True)
            if cell
            for name, line in zip_longest([column.name], _fold(cell, max(width - margin, _LEAST)), fillvalue="")
        ]
        cards.append("".join(lines))
    return "\n".join(cards)


def _fold(text: str, width: int) -> list[str]:
    """Return a text in lines of a width, broken between words; a word that is longer is broken too."""
    if _cells(text) <= width:
        return [text]
    lines, line = [], ""
    for space, word in re.findall(rf"(\s*)({_DATE}|\S+)", text):
        if line and _cells(f"{line}{space}{word}") <= width:
            line += space + word
            continue
        lines += [line] if line else []
        *whole, line = _pieces(word, width)
        lines += whole
    return [*lines, line]


def _pieces(word: str, width: int) -> list[str]:
    pieces = [""]
    for character in word:
        if _cells(pieces[-1] + character) > width:
            pieces.append("")
        pieces[-1] += character
    return pieces


def _cut(text: str, width: int) -> str:
    """Return the text, or its start and an ellipsis, in so many cells of a terminal."""
    return text if _cells(text) <= width else f"{_pieces(text[:width], max(width - 1, 1))[0].rstrip()}…"


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _cells(text))


def _cells(text: str) -> int:
    """Return how many cells of a terminal a text takes: Chinese characters take two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _strong(text: str, bold: bool) -> str:
    return f"\x1b[1m{text}\x1b[0m" if bold and text else text


def _is_bold(stdout: TextIO) -> bool:
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM", "") in ("dumb", "unknown") or os.name == "nt"
    return stdout.isatty() and not plain


def _width(stdout: TextIO) -> int:
    """Return how many cells of a line there are: those of the terminal, unless `COLUMNS` says otherwise."""
    if not stdout.isatty():
        return _UNFOLDED
    asked = os.environ.get("COLUMNS", "")
    try:
        columns = int(asked) if asked.isdecimal() else os.get_terminal_size(stdout.fileno()).columns
    except OSError:
        columns = 0
    return columns or _USUAL
