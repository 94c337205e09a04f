"""What the program says: data on stdout as a table, TSV, JSON or CSV; talk on stderr.

Every text from outside goes through here, so none reaches a terminal, a CSV or a pipe raw.
"""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import islice
from time import monotonic
from typing import Any
from unicodedata import category

from smscli.errors import InputError

Cell = str | int | bool | None
_CHUNK = 1000
_UNFOLDED = 1 << 20  # the columns of a table that no terminal shows: nothing of it is folded


class Output(StrEnum):
    """How data is written; a table on a terminal and TSV elsewhere unless asked for."""

    TABLE = "table"
    TSV = "tsv"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


class OutputError(InputError):
    """The data could not be written where it was to go, as on a full disk."""


def visible(text: str) -> str:
    """Return the text with what a terminal would obey made visible, as `\\x1b` or `\\u202e`.

    That is all that is not printable but spaces: controls, marks that reorder or hide text, lone surrogates.
    """
    return text if text.isprintable() else "".join(map(_escape, text))


def _escape(character: str) -> str:
    if character.isprintable() or category(character) == "Zs":
        return character
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character) or ascii(character)[1:-1]


def say(text: str) -> None:
    """Tell the user something on stderr; every line of `text` is made safe."""
    try:
        sys.stderr.write("".join(f"{visible(line)}\n" for line in text.split("\n")))
        sys.stderr.flush()
    except OSError:  # nobody can be told that nobody can be told
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123


def write(text: str) -> None:
    """Write data to stdout as it is; quiet from then on where the reader has gone."""
    try:
        sys.stdout.write(text)
    except OSError as error:
        cannot_write(error)


def finish() -> None:
    """Flush stdout, so that a full disk is found while it can still be told."""
    try:
        sys.stdout.flush()
    except OSError as error:
        cannot_write(error)


def cannot_write(error: OSError) -> None:
    """Give stdout up: quietly where the reader has gone, else with an OutputError that says why."""
    _forget_reader()
    if not isinstance(error, BrokenPipeError):
        raise OutputError(f"the output could not be written: {error.strerror}.") from None


_reader_gone = False


def _forget_reader() -> None:
    global _reader_gone
    _reader_gone = True
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    os.dup2(sys.stdout.fileno(), 1)


def has_reader() -> bool:
    """Tell whether anybody still reads stdout, as far as a write has shown."""
    return not _reader_gone


def show(columns: Sequence[str], rows: Iterable[Sequence[Cell]], output: Output | None = None) -> None:
    """Write rows under the named columns, streaming; `columns` are the JSON field names too."""
    writers = {
        Output.TABLE: _tables,
        Output.TSV: _tsv,
        Output.JSON: _json,
        Output.JSONL: _jsonl,
        Output.CSV: _csv,
    }
    for text in writers[_resolve(output)](columns, rows):
        write(text)
        if _reader_gone:
            break
    finish()


def show_one(columns: Sequence[str], row: Sequence[Cell], output: Output | None = None) -> None:
    """Write a single thing; in JSON an object instead of a list."""
    show(columns, [row], Output.JSONL if output is Output.JSON else output)


def follow(
    columns: Sequence[str],
    groups: Iterable[Sequence[Sequence[Cell]]],
    widths: Mapping[str, int],
    output: Output | None = None,
) -> bool:
    """Write each group of rows as it comes, JSON lines in a pipe; False, and early, where the reader has gone.

    A table shows the columns in `widths`, each that many characters wide and the last as wide as it is.
    """
    output = output or (Output.TABLE if sys.stdout.isatty() else Output.JSONL)
    if output in (Output.TABLE, Output.CSV):
        write("".join(_followed(columns, [columns], widths, output)))
    for rows in groups:
        write("".join(_followed(columns, rows, widths, output)))
        finish()
        if _reader_gone:
            return False
    return True


def _followed(
    columns: Sequence[str], rows: Sequence[Sequence[Cell]], widths: Mapping[str, int], output: Output
) -> Iterable[str]:
    if output is Output.TABLE:
        return [_line(dict(zip(columns, row, strict=True)), widths) for row in rows]
    elif output is Output.CSV:
        return _csv([_text(cell) for cell in rows[0]], rows[1:])
    elif output is Output.TSV:
        return _tsv(columns, rows)
    else:  # a JSON list that never ends is of no use to anybody
        return _jsonl(columns, rows)


def _line(cells: Mapping[str, Cell], widths: Mapping[str, int]) -> str:
    return "  ".join(f"{visible(_text(cells[name])):<{width}}" for name, width in widths.items()).rstrip() + "\n"


def is_table(output: Output | None) -> bool:
    """Tell whether `show` will write for a person's eyes."""
    return _resolve(output) is Output.TABLE


def is_tsv(output: Output | None) -> bool:
    """Tell whether `show` will write bare lines, as for the next command in a pipe."""
    return _resolve(output) is Output.TSV


def _resolve(output: Output | None) -> Output:
    return output or (Output.TABLE if sys.stdout.isatty() else Output.TSV)


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


def _tsv(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    for chunk in _chunks(rows):
        yield _tsv_chunk(chunk)


def _tsv_chunk(chunk: list[Sequence[Cell]]) -> str:
    """Join rows; one look at the whole chunk tells whether any cell of it needs escaping."""
    try:
        if "".join(map("".join, chunk)).isprintable():  # type: ignore[arg-type]  # raises where a cell is no text
            return "\n".join(map("\t".join, chunk)) + "\n"  # type: ignore[arg-type]
    except TypeError:
        pass
    return "".join("\t".join([visible(_text(cell)) for cell in row]) + "\n" for row in chunk)


def _json_row(columns: Sequence[str], row: Sequence[Cell]) -> str:
    values = dict(zip(columns, row, strict=True))
    text = json.dumps(values, ensure_ascii=False)
    # What is not printable, or not in stdout's encoding, is written as JSON's own escapes.
    return text if text.isprintable() and _takes_unicode() else json.dumps(values, ensure_ascii=True)


def _takes_unicode() -> bool:
    return (sys.stdout.encoding or "utf-8").lower().startswith("utf")


def _json(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    before = "[\n"
    for row in rows:
        yield f"{before}{_json_row(columns, row)}"
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _jsonl(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    for row in rows:
        yield f"{_json_row(columns, row)}\n"


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    import csv
    import io

    for chunk in _chunks(_with_header(columns, rows)):
        text = io.StringIO(newline="")
        csv.writer(text).writerows([_csv_cell(cell) for cell in row] for row in chunk)
        yield text.getvalue()


def _with_header(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[Sequence[Cell]]:
    yield columns
    yield from rows


def _csv_cell(cell: Cell) -> str:
    text = visible(_text(cell))
    # What a spreadsheet takes for the start of a formula, full-width forms included.
    return f"'{text}" if isinstance(cell, str) and text.lstrip().startswith(tuple("=+-@＝＋－＠")) else text


def _tables(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """Draw tables of up to 1,000 rows each, so that a long stream shows as it comes; empty columns are left out."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    width = None if sys.stdout.isatty() else _UNFOLDED
    console = Console(highlight=False, markup=False, emoji=False, width=width)
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


# --- a person at the terminal -------------------------------------------------------------------------------------


def confirm(question: str, yes: bool) -> None:
    """Ask at the terminal itself, for stdin may be a list; an InputError where the answer is no or nobody is there."""
    if yes:
        return
    try:
        with open("CON" if os.name == "nt" else "/dev/tty", "r+b", buffering=0) as terminal:  # noqa: PTH123
            terminal.write(f"{visible(question)} [y/N] ".encode())
            answer = terminal.readline().decode("utf-8", "replace")
    except OSError:
        raise InputError(f"{question} Nobody can be asked here, so nothing was sent. Add --yes to go on.") from None
    if answer.strip().lower() not in ("y", "yes", "是"):
        raise InputError("not confirmed. Nothing was sent.")


class Progress:
    """How far a run is, on stderr: a bar on a terminal, a line every ten seconds in a log; quick runs show nothing."""

    def __init__(self, total: int, quiet: bool, good: str = "accepted") -> None:
        self._total, self._quiet, self._good = total, quiet, good
        self._begun = self._told = monotonic()
        self._before: int | None = None
        self._bar: Any = None

    def show(self, done: int, accepted: int) -> None:
        """Tell how many numbers are done and how many of them went well; called often."""
        now = monotonic()
        if self._before is None:
            self._before = done
        if self._quiet or now - self._begun < _QUICK:
            return
        if sys.stderr.isatty():
            self._draw(done, accepted)
        elif now - self._told >= _LOG_SECONDS:
            self._told = now
            rate = (done - self._before) / (now - self._begun)
            left = f", about {(self._total - done) / rate:,.0f} s left" if rate else ""
            say(f"{done:,} of {self._total:,} numbers, {accepted:,} {self._good}, {rate:,.0f} a second{left}")

    def _draw(self, done: int, accepted: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        if self._bar is None:
            columns = (BarColumn(), TextColumn("{task.percentage:3.0f} %  {task.description}"), TimeRemainingColumn())
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bar.add_task("", total=self._total)
            self._bar.start()
        elapsed = monotonic() - self._begun
        rate = (done - (self._before or 0)) / elapsed
        text = f"{done:,} of {self._total:,}  {accepted:,} {self._good}  {rate:,.0f}/s"
        self._bar.update(0, completed=done, description=text)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()


_QUICK = 1.0
_LOG_SECONDS = 10.0
