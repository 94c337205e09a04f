"""Data on stdout: a table for a person, TSV, JSON or CSV for programs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import islice
from typing import TextIO

from smscli.console import Environment, visible

Cell = str | int | bool | None
_CHUNK = 1000
_UNFOLDED = 1 << 20  # the width of a table that is not shown on a terminal: no line is folded


class Output(StrEnum):
    """How data is written; a table on a terminal and TSV elsewhere unless asked for."""

    TABLE = "table"
    TSV = "tsv"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


def write_rows(
    environment: Environment, columns: Sequence[str], rows: Iterable[Sequence[Cell]], output: Output | None = None
) -> None:
    """Write rows under the named columns, streaming; `columns` are the JSON field names too."""
    for text in _texts(environment, columns, rows, _resolve(environment, output)):
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
    if output is Output.TABLE:
        return _tables(columns, rows, environment.stdout)
    elif output is Output.CSV:
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

    A table shows the columns in `widths`, each so many characters wide; the last has no limit.
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
    return "  ".join(f"{visible(_text(cells[name])):<{width}}" for name, width in widths.items()).rstrip() + "\n"


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


def _tables(columns: Sequence[str], rows: Iterable[Sequence[Cell]], stdout: TextIO) -> Iterator[str]:
    """Draw tables of up to 1,000 rows each, so that a long stream shows as it comes; empty columns are left out."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    width = None if stdout.isatty() else _UNFOLDED
    console = Console(highlight=False, markup=False, emoji=False, width=width, file=stdout)
    for chunk in _chunks(rows):
        table = Table(box=None, header_style="bold", pad_edge=False)
        filled = [index for index in range(len(columns)) if any(row[index] not in ("", None) for row in chunk)]
        for index in filled:
            numbers = all(isinstance(row[index], int) for row in chunk)
            table.add_column(Text(columns[index]), justify="right" if numbers else "left", overflow="fold")
        for row in chunk:
            table.add_row(*(Text(visible(_text(row[index]))) for index in filled))
        with console.capture() as capture:
            console.print(table)
        yield capture.get()
