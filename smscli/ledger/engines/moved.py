"""The mark of an SQLite ledger that was moved to a server: nothing is read from it or sent by it any more.

It is in the file itself, where every transaction sees it, and as a note in the file of locks beside it, where it also
meets an older copy that is put in its place. A copy with another name knows nothing of it.
"""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

from smscli.errors import LedgerError
from smscli.language import _

VERSION = 1 << 30  # in place of the number of migrations: an older smscli refuses it too


class Mark(NamedTuple):
    """Where a ledger was moved to, without a password; `finished` once it is known that it arrived.

    The server keeps the same `token`.
    """

    address: str
    token: str
    finished: bool


def mark(connection: sqlite3.Connection, found: Mark) -> None:
    """Write the mark, within a transaction of the file."""
    connection.execute("CREATE TABLE IF NOT EXISTS moved (address TEXT, token TEXT, finished INTEGER)")
    connection.execute("DELETE FROM moved")
    connection.execute("INSERT INTO moved VALUES (?, ?, ?)", found)
    connection.execute(f"PRAGMA user_version = {VERSION}")


def unmark(connection: sqlite3.Connection, version: int) -> None:
    """Take the mark away again, within a transaction of the file; `version` is what the file had before."""
    connection.execute("DROP TABLE moved")
    connection.execute(f"PRAGMA user_version = {version}")


def mark_of(connection: sqlite3.Connection) -> Mark | None:
    """Return the mark of an open file."""
    if connection.execute("PRAGMA user_version").fetchone() != (VERSION,):
        return None
    address, token, finished = connection.execute("SELECT address, token, finished FROM moved").fetchone()
    return Mark(address, token, bool(finished))


def mark_in(path: Path) -> Mark | None:
    """Return the mark of a file that this process does not have open."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=20)) as connection:
        return mark_of(connection)


def write_note(path: Path, address: str) -> None:
    """Keep beside a ledger where it was moved to; this process must not have it open."""
    file = os.open(_locks(path), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.write(file, address.encode())
        os.fsync(file)
    finally:
        os.close(file)


def refuse_older_copy(path: Path) -> None:
    """Refuse a file that was put in the place of one that was moved; this process must not have it open."""
    address = ""
    with suppress(OSError):
        address = _locks(path).read_text()
    if not address:
        return
    with suppress(sqlite3.Error):
        if mark_in(path):
            return  # it says so itself
    raise LedgerError(
        _(
            "the ledger {file} was moved to {address}, and what is in its place now is an older copy or nothing. It "
            "does not know what was sent since, so nothing is sent by it. Set SMSCLI_LEDGER to {address}. To begin a "
            "new ledger, give it another name."
        ).format(file=path, address=address)
    )


def refusal(path: Path, found: Mark) -> LedgerError:
    """Return what is said of a file that is marked, and so cannot be used."""
    if found.finished:
        return LedgerError(
            _(
                "the ledger {file} was moved to {address}, so nothing is sent by it. Set SMSCLI_LEDGER to {address}."
            ).format(file=path, address=found.address)
        )
    return LedgerError(
        _(
            "the ledger {file} was being moved to {address} when that was interrupted, so nothing is sent from either. "
            "Finish it with: smscli ledger move {address}"
        ).format(file=path, address=found.address)
    )


def _locks(path: Path) -> Path:
    return path.with_name(f"{path.name}-lock")
