"""The ledger as a whole: a complete copy of it, and whether it is sound.

A copy of an SQLite file alone lacks its write-ahead log, and so also keys that protect against a second send.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from smscli.errors import InputError, LedgerError
from smscli.language import _, system_reason
from smscli.ledger import states
from smscli.ledger.store import Store

_TABLES = ("run", "batch", "report", "reply", "optout", "quarantine")
_UNSETTLED = ", ".join(f"'{state}'" for state in states.UNSETTLED)


class Health(NamedTuple):
    """What `ledger check` finds; `problems` are the engine's own words; there are none if the ledger is sound.

    `facts` are what the engine says of itself, names and values.
    """

    version: int
    facts: list[tuple[str, str | int]]
    counts: dict[str, int]
    unfinished: int
    unknown: int
    problems: list[str]


def check(store: Store) -> Health:
    """Read the whole ledger and say whether it is sound, and what it holds.

    In a damaged ledger nothing is counted.
    """
    facts = store.facts()
    if problems := store.problems():
        return Health(store.version, facts, {}, 0, 0, problems)
    (unfinished,) = store.read_one("SELECT count(DISTINCT run) FROM batch WHERE open = 1")
    (unknown,) = store.read_one(f"SELECT coalesce(sum(numbers), 0) FROM batch WHERE state IN ({_UNSETTLED})")
    return Health(store.version, facts, _counts(store), unfinished, unknown, [])


def _counts(store: Store) -> dict[str, int]:
    return {table: store.read_one(f"SELECT count(*) FROM {table}")[0] for table in _TABLES}


def back_up(store: Store, target: Path) -> dict[str, int]:
    """Copy the ledger into a new file that only its owner can read, and verify it; returns what it holds.

    An InputError where the file exists already or cannot be written, or where the ledger is on a server, which is
    copied by other means; LedgerError where the copy is not sound.
    """
    try:
        os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        raise InputError(
            _("{path} exists already. Nothing was written. Name a new file.").format(path=target)
        ) from None
    except OSError as error:
        said = _("{file} cannot be written: {reason}. Name another file.")
        raise InputError(said.format(file=target, reason=system_reason(error))) from None
    try:
        return _copy(store, target)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _copy(store: Store, target: Path) -> dict[str, int]:
    try:
        with closing(sqlite3.connect(target, isolation_level=None)) as copy:
            store.copy_to(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # so that the copy is one file
            (verdict,) = copy.execute("PRAGMA integrity_check").fetchone()
            counts = {table: copy.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in _TABLES}
    except sqlite3.Error as error:
        raise LedgerError(_("{path} cannot be written: {error}.").format(path=target, error=error)) from None
    if verdict != "ok":
        said = _("the copy is damaged, so it was removed: {reason}. Check the ledger with: smscli ledger check")
        raise LedgerError(said.format(reason=verdict))
    return counts
