"""Data on stdout: a table for a person, TSV, JSON or CSV for programs."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple, TextIO

from smscli.console import Environment, cells, visible
from smscli.language import _, heading, word

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

_CHUNK = 1000
_UNFOLDED = 1 << 20  # the width of a table that is not shown on a terminal: no line is folded
_GAP = 2  # between two columns
_LEAST = 12  # what is left of a long text's column on a narrow terminal
_RIGID = r"[!-~]{0,15}|[0-9]+|[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}(?::[0-9]{2})?"
# The columns that hold words such as `accepted`: a table shows these in the reader's language.
_WORDED = ("check", "default", "event", "kind", "outcome", "result", "source", "state")
_BAR, _LEAST_BAR = 30, 4  # the most and the fewest characters of a bar


class Bar(NamedTuple):
    """A count that a table draws as a bar; the longest bar has `most`."""

    size: int
    most: int


Cell = str | int | float | bool | Bar | None


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


def write_object(
    environment: Environment,
    fields: Mapping[str, Cell | list[str]],
    output: Output | None = None,
) -> None:
    """Write one object for programs: JSON with its types, else lines of `item` and `value`, one for each in a list."""
    output = _resolve(environment, output)
    if output in (Output.JSON, Output.JSONL):
        unicode = _takes_unicode(environment.stdout)
        environment.write(f"{_json_row(tuple(fields), tuple(fields.values()), unicode)}\n")
        environment.finish()
        return
    rows: list[tuple[str, Cell]] = []
    for name, value in fields.items():
        rows += [(name, each) for each in value] if isinstance(value, list) else [(name, value)]
    write_rows(environment, ("item", "value"), rows, output)


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
        environment.write(_line({name: heading(name) for name in columns}, widths))
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


def _line(row: Mapping[str, Cell], widths: Mapping[str, int]) -> str:
    texts = [(visible(_shown(name, row[name])), width) for name, width in widths.items()]
    return "  ".join(text + " " * (width - cells(text)) for text, width in texts).rstrip() + "\n"


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


def _shown(name: str, cell: Cell) -> str:
    """Return a cell of a column as a person reads it."""
    if isinstance(cell, bool):
        return _("yes") if cell else _("no")
    return word(_text(cell)) if name in _WORDED else _text(cell)


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


def _json_row(columns: Sequence[str], row: Sequence[object], unicode: bool) -> str:
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
    """A column of a table: its name, its heading, and its cells as they are shown."""

    name: str
    heading: str
    cells: "Sequence[str | Bar]"
    is_number: bool

    @property
    def width(self) -> int:
        from rich.cells import cell_len  # what the library counts decides where it folds

        texts = (cell for cell in (self.heading, *self.cells) if isinstance(cell, str))
        return max(_BAR if self.has_bars else 0, *map(cell_len, texts))

    @property
    def least(self) -> int:
        """How narrow it may become; a bar gives way before a text."""
        return min(self.width, _LEAST_BAR if self.has_bars else _LEAST)

    @property
    def has_bars(self) -> bool:
        return any(isinstance(cell, Bar) for cell in self.cells)

    @property
    def is_rigid(self) -> bool:
        """Whether it has only short words, numbers, dates and codes, which are shown whole or not at all."""
        return self.is_number or all(isinstance(cell, str) and self._is_short(cell) for cell in self.cells)

    def _is_short(self, cell: str) -> bool:
        return bool(re.fullmatch(_RIGID, cell)) or (self.name in _WORDED and cells(cell) <= _LEAST)


def _tables(
    columns: Sequence[str], rows: Iterable[Sequence[Cell]], stdout: TextIO, cut: bool, spare: Sequence[str]
) -> Iterator[str]:
    """Draw tables of up to 1,000 rows each, so that a long stream shows as it comes; empty columns are left out."""
    from rich.console import Console

    width = None if stdout.isatty() else _UNFOLDED
    console = Console(highlight=False, markup=False, emoji=False, width=width, file=stdout)
    for chunk in _chunks(rows):
        shown = [
            _column(name, [row[index] for row in chunk])
            for index, name in enumerate(columns)
            if any(row[index] not in ("", None) for row in chunk)
        ]
        for name in spare:
            if _fit(shown, console.width) is None:
                shown = [column for column in shown if column.name != name]
        widths = _fit(shown, console.width)
        with console.capture() as capture:
            console.print(_cards(shown) if widths is None else _table(shown, widths, cut, console.encoding))
        yield "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())


def _column(name: str, values: Sequence[Cell]) -> _Column:
    shown = [value if isinstance(value, Bar) else visible(_shown(name, value)) for value in values]
    return _Column(name, heading(name), shown, all(value is None or isinstance(value, int) for value in values))


def _fit(columns: Sequence[_Column], width: int) -> list[int] | None:
    """Return how wide each column is on a terminal; the widest texts give way first. None where there is no room."""
    widths = [column.width for column in columns]
    room = width - _GAP * (len(columns) - 1) - sum(w for w, c in zip(widths, columns, strict=True) if c.is_rigid)
    elastic = sorted((w, index) for index, w in enumerate(widths) if not columns[index].is_rigid)
    kept = sum(columns[index].least for _width, index in elastic)
    if kept > room:
        return None
    for left, (natural, index) in zip(range(len(elastic), 0, -1), elastic, strict=True):
        kept -= columns[index].least
        widths[index] = min(natural, max(room // left, columns[index].least), room - kept)
        room -= widths[index]
    return widths


def _table(columns: Sequence[_Column], widths: Sequence[int], cut: bool, encoding: str) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style=_strong(), pad_edge=False, padding=(0, _GAP, 0, 0))
    for column, width in zip(columns, widths, strict=True):
        table.add_column(
            Text(column.heading),
            width=width,
            no_wrap=cut,
            overflow="ellipsis" if cut else "fold",
            justify="right" if column.is_number else "left",
        )
    for row in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*(_drawn(cell, encoding) for cell in row))
    return table


def _cards(columns: Sequence[_Column]) -> "Table":
    """Draw each row as lines of its own, where the terminal is too narrow for a table."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, _GAP, 0, 0))
    grid.add_column(style=_strong(), no_wrap=True)
    grid.add_column(overflow="fold")
    for number, row in enumerate(zip(*(column.cells for column in columns), strict=True)):
        if number:
            grid.add_row()
        for column, cell in zip(columns, row, strict=True):
            if cell and not isinstance(cell, Bar):
                grid.add_row(Text(column.heading), Text(cell))
    return grid


def _drawn(cell: str | Bar, encoding: str) -> "RenderableType":
    from rich.bar import Bar as Drawn
    from rich.text import Text

    if not isinstance(cell, Bar):
        return Text(cell)
    return Drawn(cell.most, 0, cell.size) if encoding.startswith("utf") else Text("#" * (cell.size * _BAR // cell.most))


def _strong() -> str:
    return "" if os.environ.get("NO_COLOR") or os.environ.get("TERM") in ("dumb", "unknown") else "bold"
