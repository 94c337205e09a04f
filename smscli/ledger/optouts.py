"""Who wants no more messages from an account.

A person who wants messages again keeps a row that says since when, so that an older reply, read late, changes nothing.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from smscli.ledger.engines import Connection, marks
from smscli.ledger.store import Store

_CHUNK = 500  # values in one statement; SQLite limits them


class OptOut(NamedTuple):
    """A number that wants no more messages; `since` is in seconds since 1970."""

    mobile: str
    since: float
    reason: str


class OptOuts:
    """The lists in a store, one an account."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self, account: str) -> list[OptOut]:
        """Return an account's list, the oldest entries first."""
        rows = self._store.read(
            "SELECT mobile, since, reason FROM optout WHERE account = ? AND ended IS NULL ORDER BY since, mobile",
            (account,),
        )
        return [OptOut(*row) for row in rows]

    def numbers(self, account: str) -> set[str]:
        """Return the numbers on an account's list."""
        rows = self._store.read("SELECT mobile FROM optout WHERE account = ? AND ended IS NULL", (account,))
        return {mobile for (mobile,) in rows}

    def add(self, account: str, mobiles: Iterable[str], reason: str) -> int:
        """Put numbers on an account's list; returns how many were not there yet."""
        with self._store.transaction() as connection:
            now = connection.now()
            return sum(opt_out(connection, account, mobile, now, reason) for mobile in mobiles)

    def remove(self, account: str, mobiles: Iterable[str]) -> int:
        """Take numbers off an account's list; returns how many were on it."""
        with self._store.transaction() as connection:
            now = connection.now()
            return sum(opt_in(connection, account, mobile, now) for mobile in mobiles)


def opt_out(connection: Connection, account: str, mobile: str, at: float, reason: str) -> bool:
    """Put a number on a list at a moment; return whether it was new. What is older than the last change is ignored."""
    row = connection.execute(
        "SELECT since, ended FROM optout WHERE account = ? AND mobile = ?", (account, mobile)
    ).fetchone()
    if row and (at <= row[1] if row[1] is not None else at < row[0]):
        return False
    connection.execute(
        "INSERT INTO optout (account, mobile, since, reason) VALUES (?, ?, ?, ?) ON CONFLICT (account, mobile) "
        "DO UPDATE SET since = excluded.since, reason = excluded.reason, ended = NULL",
        (account, mobile, at, reason),
    )
    return row is None or row[1] is not None


def opt_in(connection: Connection, account: str, mobile: str, at: float) -> bool:
    """Take a number off a list at a moment; return whether it was on it. What is older than its entry is ignored."""
    cursor = connection.execute(
        "UPDATE optout SET ended = ? WHERE account = ? AND mobile = ? AND ended IS NULL AND since <= ?",
        (at, account, mobile, at),
    )
    return bool(cursor.rowcount)


def unwilling(connection: Connection, account: str, mobiles: Sequence[str]) -> set[str]:
    """Return those of the numbers that are on an account's list."""
    anybody = connection.execute("SELECT 1 FROM optout WHERE account = ? AND ended IS NULL LIMIT 1", (account,))
    if not anybody.fetchone():
        return set()
    found: set[str] = set()
    for start in range(0, len(mobiles), _CHUNK):
        chunk = mobiles[start : start + _CHUNK]
        rows = connection.execute(
            f"SELECT mobile FROM optout WHERE account = ? AND ended IS NULL AND mobile IN ({marks(chunk)})",
            (account, *chunk),
        )
        found.update(mobile for (mobile,) in rows)
    return found
