"""What the ledger needs of a database: one SQL dialect, `?` for a value, and a way of each engine for the rest."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

Values = Sequence[Any]


class Cursor(Protocol):
    """What a statement gave: its rows, and how many it changed."""

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""

    def fetchone(self) -> Any:
        """Return the next row, None behind the last one."""

    def fetchall(self) -> list[Any]:
        """Return all rows."""

    def __iter__(self) -> Iterator[Any]:
        """Yield the rows."""


class Connection(Protocol):
    """A way to the database, within a transaction."""

    skip_locked: str  # what a SELECT ends with that takes rows for itself, and leaves out those that others are taking
    keep_run: str  # what a SELECT of a run ends with after which no other transaction changes the run before this ends

    def now(self) -> float:
        """Return the moment by the database's clock, in seconds since 1970; within a transaction when that began."""

    def execute(self, statement: str, values: Values = (), /) -> Cursor:
        """Carry a statement out."""

    def executemany(self, statement: str, rows: Iterable[Values], /) -> object:
        """Carry a statement out with each row of values; one that adds rows has its values last or a conflict rule."""

    def insert(self, statement: str, values: Values, /) -> int | None:
        """Add one row, and return the id that it got; None where it was not added, for it was there."""


class Engine(Protocol):
    """One open database, used by the thread whose turn it is; `place` says in a sentence where it is.

    Whatever goes wrong leaves `explained()` as a LedgerError. `gate` is for how many seconds a claim is surely at work,
    because it can outlive the lock of its run; 0 where it cannot. `identity` says which database cluster it is.
    """

    place: str
    version: int
    gate: float
    identity: str
    turn: threading.RLock  # whose turn it is on the connection

    @property
    def connection(self) -> Connection:
        """The way to it."""

    def explained(self) -> AbstractContextManager[None]:
        """Turn the database's troubles into sentences while the block lasts."""

    def stream(self, statement: str, values: Values) -> Iterator[Any]:
        """Yield the rows of a statement, of which not all are in memory at once."""

    def begin(self, beside: bool = False) -> None:
        """Begin a transaction, beside which there is no other one that writes, or only others that allow that."""

    def commit(self) -> None:
        """Make the transaction durable; where it is not known whether it is, LedgerLostError."""

    def roll_back(self) -> None:
        """Undo the transaction."""

    def wait(self, seconds: float) -> None:
        """Return when it is time for another look: something may have been written, or some seconds have passed."""

    def take(self, run: int, join: bool = False) -> bool:
        """Hold a run for this process until it is given back or the process dies.

        False where another one holds it, unless this one wants to join it.
        """

    def give_back(self, run: int) -> None:
        """Hold a run no longer."""

    def is_mine(self, run: int) -> bool:
        """Return whether this process holds a run."""

    def is_held(self, run: int) -> bool:
        """Return whether another process that lives holds a run."""

    def facts(self) -> list[tuple[str, str | int]]:
        """Return what a person who looks after it wants to know, names and values."""

    def roles(self) -> str:
        """Return the SQL that makes a role for each kind of work; an InputError where there are no roles."""

    def problems(self) -> list[str]:
        """Read all of it, and return in the engine's own words what is not sound."""

    def copy_to(self, connection: Any) -> None:
        """Copy everything that is durable into an SQLite database."""

    def shrink(self) -> None:
        """See to it that what was deleted cannot be read from the disk any more, where that is possible."""

    def close(self) -> None:
        """Close it, and give everything back."""


def marks(values: Sequence[Any]) -> str:
    """Return the question marks that stand for values in a statement."""
    return ", ".join("?" * len(values))
