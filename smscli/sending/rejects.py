"""The entries of a list that are not mobile numbers, each with its reason, and the file to correct them in."""

import csv
import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from smscli.errors import InputError
from smscli.language import _, system_reason

_ADDED = ("line", "reason")


class Invalid(NamedTuple):
    """One entry that is not a Chinese mobile number: where it is, its text, and why it is refused."""

    where: str
    text: str
    reason: str


class Rejects:
    """The rows of a list that are left out, a million of them in bounded memory.

    `index` is the phone column; `columns` is the list's header, empty where it has none.
    """

    def __init__(self, index: int = 0, columns: Sequence[str] = ()) -> None:
        self._index, self._columns = index, columns
        self._lines: list[int] = []
        self._reasons: list[str] = []
        self._rows: list[str] = []  # as lines of CSV: a third of the memory of separate cells

    def add(self, line: int, row: Sequence[str], reason: str) -> None:
        """Keep a row; its line is 0 if it comes from the command line."""
        text = io.StringIO(newline="")
        csv.writer(text).writerow(row)
        self._lines.append(line)
        self._reasons.append(reason)
        self._rows.append(text.getvalue())

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._lines)

    def __iter__(self) -> Iterator[Invalid]:
        """Yield them as they are shown."""
        for line, why, cells in self._entries():
            text = cells[self._index] if self._index < len(cells) else ",".join(cells)
            where = _("line {line}").format(line=line) if line else "--mobile"
            yield Invalid(where, text.strip()[:40], why)

    def _entries(self) -> Iterator[tuple[int, str, list[str]]]:
        cells = csv.reader(part for row in self._rows for part in io.StringIO(row, newline=""))
        return zip(self._lines, self._reasons, cells, strict=True)

    def write(self, path: Path) -> None:
        """Write them to a new file that only its owner can read: line and reason, then the original columns.

        It is a list like the one that was read: correct it and send it. So every cell is as it was, also a formula: it
        is the owner's, and escaping it would change the message. Line and reason come first, so a row with too many
        cells keeps them until it is corrected. It is a workbook if its name ends in .xlsx, else CSV, with a byte-order
        mark that shows Excel and WPS that it is UTF-8. An InputError where it cannot be written; then no part of it is
        left.
        """
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        except OSError as error:
            raise _unwritable(path, error) from None
        try:
            with os.fdopen(file, "wb") as stream:
                (self._write_workbook if path.suffix.lower() == ".xlsx" else self._write_csv)(stream)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise _unwritable(path, error) from None

    def _write_workbook(self, stream: BinaryIO) -> None:
        from smscli.sending.xlsx import ROW_LIMIT, write_sheet

        if len(self) >= ROW_LIMIT:
            raise OSError(_("a sheet cannot hold so many rows; give it a name that ends in .csv"))
        write_sheet(stream, self._table())

    def _write_csv(self, stream: BinaryIO) -> None:
        with io.TextIOWrapper(stream, encoding="utf-8-sig", errors="backslashreplace", newline="") as text:
            csv.writer(text).writerows(self._table())

    def _table(self) -> Iterator[list[str]]:
        again = 2 * (tuple(self._columns[:2]) == _ADDED)  # it was read from such a file itself
        yield [*_ADDED, *(self._columns[again:] or [""] * self._index + ["mobile"])]
        for line, why, cells in self._entries():
            yield [str(line), why, *cells[again:]]


def _unwritable(path: Path, error: OSError) -> InputError:
    said = _("{path} cannot be written: {reason}. Nothing was sent.")
    return InputError(said.format(path=path, reason=system_reason(error)))
