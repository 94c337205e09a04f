"""Moves an SQLite ledger to a server: all of it or nothing, and then nothing is sent by the file any more.

The file is marked as moved, durably and with a token, just before the server makes the rows and the token durable. So
after a kill at any moment either the file is not marked, or the token on the server tells whether the rows arrived:
a repeat finishes the move or begins it again.
"""

import secrets
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from smscli.errors import BusyError, InputError, LedgerError, LedgerLostError
from smscli.language import _
from smscli.ledger.engines import Connection, Engine
from smscli.ledger.engines.address import Server
from smscli.ledger.engines.moved import Mark, mark, mark_in, mark_of, refusal, unmark, write_note
from smscli.ledger.engines.sqlite import SqliteEngine, explained
from smscli.ledger.schema import KEY_LIMIT, MIGRATIONS
from smscli.ledger.store import open_engine

_OTHER = "\ufffd"  # what the server keeps for NUL


class Moved(NamedTuple):
    """What is on the server now: rows by table. `before`: an earlier move had brought it there already."""

    counts: dict[str, int]
    before: bool


def move(path: Path, server: Server) -> Moved:
    """Move the ledger in a file to an empty ledger on a server.

    InputError where there is no file or the server's ledger is not empty, BusyError where a run is being sent,
    LedgerError where either cannot be used; nothing was moved then, unless the error says something else.
    """
    if not path.exists():
        raise InputError(_("there is no ledger in {file}, so nothing was moved.").format(file=path))
    with closing(open_engine(server)) as target, target.explained():
        target.begin()  # which waits for another move
        try:
            moved = _move(path, target)
        except BaseException:
            target.roll_back()
            raise
    write_note(path, target.place)
    return moved


def _move(path: Path, target: Engine) -> Moved:
    with explained(path):
        if (found := mark_in(path)) and _is_finished(path, found, target):
            target.roll_back()
            return Moved(_counts(target.connection, _tables(target)), before=True)
    with closing(SqliteEngine(path)) as file, file.explained():
        file.begin()
        try:
            _hold_all(file)
            _check_keys(file)
            columns = _columns(file.connection)
            _check_target(target, columns)
            _copy(file.connection, target, columns)
            # Or `resume` would ask whether a backup was put back.
            target.connection.execute("UPDATE run SET server = ? WHERE server = ?", (target.identity, file.identity))
            token = secrets.token_hex(16)
            target.connection.execute("UPDATE smscli_ledger SET origin = ?", (token,))
            moved = Mark(target.place, token, finished=False)
            mark(file.connection, moved)
        except BaseException:
            file.roll_back()
            raise
        file.commit()
        _arrive(file, target, moved)
    return Moved(_counts(target.connection, columns), before=False)


def _arrive(file: SqliteEngine, target: Engine, moved: Mark) -> None:
    """Make durable on the server what was moved, and say so in the file; not both can be done at once."""
    try:
        target.commit()
    except LedgerLostError as error:
        raise LedgerError(f"{error} {refusal(file.path, moved)}") from None
    except BaseException:
        _rewrite(file.connection, None)
        raise
    _rewrite(file.connection, moved._replace(finished=True))


def _is_finished(path: Path, found: Mark, target: Engine) -> bool:
    """Return whether an earlier move arrived on this server, and say so in the file; else take its mark away."""
    (origin,) = target.connection.execute("SELECT origin FROM smscli_ledger").fetchone() or (None,)
    arrived = origin == found.token
    if not arrived and (found.finished or found.address != target.place):
        raise refusal(path, found)
    with closing(sqlite3.connect(path, isolation_level=None, timeout=20)) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        _rewrite(connection, found._replace(finished=True) if arrived else None)
    return arrived


def _rewrite(connection: sqlite3.Connection, found: Mark | None) -> None:
    connection.execute("BEGIN IMMEDIATE")
    if found:
        mark(connection, found)
    elif mark_of(connection):
        unmark(connection, len(MIGRATIONS))
    connection.execute("COMMIT")


def _hold_all(file: SqliteEngine) -> None:
    for (run,) in file.connection.execute("SELECT id FROM run"):
        if not file.take(run):
            raise BusyError(
                _("run {run} is being sent by another process, so nothing was moved. Wait until it has ended.").format(
                    run=run
                )
            )


def _check_keys(file: SqliteEngine) -> None:
    """Refuse a key that an older smscli took, and that a server cannot hold."""
    found = file.connection.execute("SELECT id, length(key) FROM run WHERE length(key) > ?", (KEY_LIMIT,)).fetchone()
    if found:
        raise InputError(
            _(
                "the key of run {run} has {count:,} characters, and a server holds at most {most}, so nothing was "
                "moved. Keep this ledger as a file, and let a new one begin on the server."
            ).format(run=found[0], count=found[1], most=KEY_LIMIT)
        )


# --- the rows -----------------------------------------------------------------------------------------------------

_Columns = Mapping[str, Mapping[str, str]]


def _columns(connection: sqlite3.Connection) -> _Columns:
    """Return the tables in the order in which they were made, so that a row comes behind what it belongs to.

    Each has its columns, with their types.
    """
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
    return {
        table: {row[1]: row[2] for row in connection.execute(f"PRAGMA table_info({table})")}
        for (table,) in tables.fetchall()
    }


def _tables(target: Engine) -> list[str]:
    found = target.connection.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname != 'smscli_ledger' "
        "AND relnamespace = current_schema()::regnamespace ORDER BY oid"
    )
    return [name for (name,) in found.fetchall()]


def _counts(connection: Connection, tables: Iterable[str]) -> dict[str, int]:
    return {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}


def _check_target(target: Engine, columns: _Columns) -> None:
    counts = _counts(target.connection, columns)
    if any(counts.values()):
        raise InputError(
            _("the ledger {address} is not empty, so nothing was moved. Name a new database or schema.").format(
                address=target.place
            )
        )


def _copy(file: sqlite3.Connection, target: Engine, columns: _Columns) -> None:
    for table, types in columns.items():
        names = ", ".join(types)
        rows = file.execute(f"SELECT {names} FROM {table}")
        target.connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(types))})", rows)
        target.connection.execute(f"ANALYZE {table}")  # or the first looks would read all of it
    for table, highest in file.execute("SELECT name, seq FROM sqlite_sequence WHERE seq > 0").fetchall():
        target.connection.execute("SELECT setval(pg_get_serial_sequence(?, 'id'), ?)", (table, highest))
    for table, types in columns.items():
        before = file.execute(_sums(table, types, "length(CAST({} AS BLOB))")).fetchone()
        after = target.connection.execute(_sums(table, types, "octet_length({})"), ()).fetchone()
        if tuple(before) != tuple(after or ()):
            raise LedgerError(
                _("what arrived of the table {table} differs from what was there, so nothing was moved.").format(
                    table=table
                )
            )


def _sums(table: str, types: Mapping[str, str], size: str) -> str:
    """Return a query of what has to be the same on both sides: rows, values, sums and sizes."""
    parts = ["count(*)"]
    for name, kind in types.items():
        parts.append(f"count({name})")
        if kind == "INTEGER":
            parts.append(f"sum({name})")
        elif kind == "REAL":
            parts += [f"min({name})", f"max({name})"]
        else:  # a NUL in a text becomes a longer character
            kept = f"replace({name}, '{_OTHER}', '?')" if kind == "TEXT" else name
            parts.append(f"sum({size.format(kept)})")
    return f"SELECT {', '.join(parts)} FROM {table}"
