"""Ledgers of the tests on either engine, and a look into one behind the program's back."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg2

from smscli.ledger.store import ledger_location
from tests.support.postgres import address

# Where the server is on which each test has a schema of its own; not set where ledgers are files.
SERVER = "POSTGRES_OF_TESTS"
_numbers = count()


@contextmanager
def new_ledger(path: Path) -> Iterator[str]:
    """Yield what SMSCLI_LEDGER has to be for a ledger of its own: a file's path, or a schema's address."""
    directory = os.environ.get(SERVER)
    if directory is None:
        yield str(path)
        return
    with new_schema(Path(directory)) as given:
        yield given


@contextmanager
def new_schema(directory: Path) -> Iterator[str]:
    """Yield the address of a schema of its own, on the server of a directory."""
    schema = f"test_{os.getpid()}_{next(_numbers)}"
    with closing(psycopg2.connect(host=str(directory), user="smscli", dbname="smscli")) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"CREATE SCHEMA {schema}")
        try:
            yield address(directory, schema)
        finally:
            connection.cursor().execute("SET client_min_messages = error; SET lock_timeout = '5s'")
            for _ in range(3):  # a process that was killed may still be there
                try:
                    connection.cursor().execute(f"DROP SCHEMA {schema} CASCADE")
                    break
                except psycopg2.OperationalError:
                    time.sleep(0.2)


def by(ledger: str, server: Path, way: Path) -> str:
    """Return the address of a ledger by another way."""
    return ledger.replace(address(server).rpartition("/")[0], address(way).rpartition("/")[0])


def ask(statement: str, values: Sequence[object] = (), ledger: str | None = None) -> list[Any]:
    """Carry a statement out in the ledger that this process would use, or another one, and return its rows.

    `?` stands for a value. The ledger is not opened as one, so it has to be there.
    """
    ledger = ledger or os.environ.get("SMSCLI_LEDGER") or str(ledger_location())
    if "://" not in ledger:
        with closing(sqlite3.connect(ledger, isolation_level=None)) as connection:
            return connection.execute(statement, values).fetchall()
    with closing(psycopg2.connect(ledger)) as server:
        server.autocommit = True
        cursor = server.cursor()
        cursor.execute(statement.replace("%", "%%").replace("?", "%s") if values else statement, values or None)
        rows = cursor.fetchall() if cursor.description else []
        return [tuple(bytes(cell) if isinstance(cell, memoryview) else cell for cell in row) for row in rows]


@contextmanager
def clock(now: Callable[[], float]) -> Iterator[None]:
    """Make the ledgers of this process take this for the time, whichever engine they are on."""
    with patch("time.time", now), patch("smscli.ledger.engines.postgres._NOW", _Now(now)):
        yield


class _Now:
    """A time, in the place of the statement that asks a server for it."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    def __format__(self, _: str) -> str:
        return f"{self._now()!r}::float8"
