"""The ledger's store: one connection of this process, transactions, group commit, and runs that are held.

A process has one `Store` a ledger, however often it is opened.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from smscli.config.file import user_directory
from smscli.errors import BusyError, ConfigError, LedgerError
from smscli.language import _
from smscli.ledger.engines import Connection, Engine, Values
from smscli.ledger.engines.sqlite import SqliteEngine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from smscli.ledger.engines.address import Server

_LOOK_SECONDS = 0.5
_WAIT_SECONDS = 1.0
_Result = TypeVar("_Result")


def ledger_location() -> "Path | Server":
    """Return where the ledger is: the file or the server of `SMSCLI_LEDGER`, else a file in the user's state directory.

    LedgerError where a server's address is wrong.
    """
    given = os.environ.get("SMSCLI_LEDGER")
    if given and _means_a_server(given):
        from smscli.ledger.engines.address import read_address

        return read_address(given)
    path = Path(given) if given else user_directory("XDG_STATE_HOME", ".local/state") / "smscli" / "ledger.db"
    # One file has one name, or two processes would not find each other's locks.
    return Path(os.path.realpath(path))


def _means_a_server(given: str) -> bool:
    """Return whether a text is meant as a server's address, also where it is written wrong: it may hold a password."""
    return "://" in given or given.startswith("service=") or (given.startswith("postgres") and "@" in given)


_stores: "dict[Path | Server, Store]" = {}
_opening = threading.Lock()


@contextmanager
def open_store() -> Iterator["Store"]:
    """Open the ledger, creating or migrating it; within this process all share one connection.

    LedgerError where it cannot be used; the last one to leave closes it.
    """
    location = ledger_location()
    with _opening:
        if location not in _stores:
            _stores[location] = Store(open_engine(location))
            _take_in(_stores[location])
        store = _stores[location]
        store.users += 1
    try:
        yield store
    finally:
        with _opening:
            store.users -= 1
            if not store.users:
                del _stores[location]
                store.close()


def journal_directory() -> Path | None:
    """Return where answers are kept that could not be written to a ledger; None where there is no place for them."""
    try:
        return user_directory("XDG_STATE_HOME", ".local/state") / "smscli" / "unwritten"
    except ConfigError:  # this user has no home
        return None


def _take_in(store: "Store") -> None:
    """Write what an earlier command could not write."""
    directory = journal_directory()
    if directory and directory.is_dir():
        from smscli.ledger import journal

        journal.take_in(directory, store.place, store.transaction)


def open_engine(location: "Path | Server") -> Engine:
    """Open the ledger at a place by itself, beside the stores; LedgerError where it cannot be used."""
    if isinstance(location, Path):
        return SqliteEngine(location)
    try:
        from smscli.ledger.engines.postgres import PostgresEngine
    except ModuleNotFoundError as missing:
        if missing.name != "psycopg2":
            raise
        raise LedgerError(
            _("SMSCLI_LEDGER names a PostgreSQL server, and its driver is missing: pip install 'smscli[postgres]'")
        ) from None
    return PostgresEngine(location)


class Store:
    """The open ledger, safe to use from several threads; get it from `open_store()`.

    Transactions begin and end here. Reads see what this process is just writing only within its own transaction.
    `place` says in a sentence where it is, `version` counts its migrations; `gate` and `identity` are the engine's.
    """

    def __init__(self, engine: Engine) -> None:
        self.place, self.version = engine.place, engine.version
        self.gate, self.identity = engine.gate, engine.identity
        self.users = 0
        self._engine, self._connection = engine, engine.connection
        self._turn = engine.turn
        self._queue: list[_Ticket] = []
        self._queueing = threading.Lock()

    def close(self) -> None:
        """Close it, but never under a thread that is writing: that one, and the ledger, end with the process."""
        if self._turn.acquire(timeout=_LOOK_SECONDS):
            self._engine.close()
            self._turn.release()

    # --- reading ---

    def read(self, statement: str, values: Values = ()) -> list[Any]:
        """Return all rows."""
        with self._turn, self._engine.explained():
            return self._connection.execute(statement, values).fetchall()

    def read_one(self, statement: str, values: Values = ()) -> Any:
        """Return the first row, None where there is none."""
        return next(iter(self.read(statement, values)), None)

    def stream(self, statement: str, values: Values = ()) -> Iterator[Any]:
        """Yield the rows one by one; only where no other thread writes meanwhile."""
        with self._engine.explained():
            yield from self._engine.stream(statement, values)

    def now(self) -> float:
        """Return the moment by the ledger's clock, which all hosts share, in seconds since 1970."""
        with self._turn, self._engine.explained():
            return self._connection.now()

    def wait(self, seconds: float = _WAIT_SECONDS) -> None:
        """Return when it is time for another look: something may have been written, or some seconds have passed."""
        with self._turn, self._engine.explained():
            self._engine.wait(min(seconds, _WAIT_SECONDS))

    # --- writing ---

    @contextmanager
    def transaction(self, beside: bool = False) -> Iterator[Connection]:
        """Make all that the block writes durable together, or none of it.

        Nothing else is written meanwhile; `beside` allows those that allow it too.
        """
        with self._turn, self._engine.explained():
            self._engine.begin(beside)
            try:
                yield self._connection
                self._engine.commit()
            except BaseException:
                self._engine.roll_back()
                raise

    def commit_together(self, write: Callable[[Connection], _Result], beside: bool = False) -> _Result:
        """Write durably, and return what `write` returns; what several threads ask for at once shares one sync.

        `write` may be called twice, the first time in vain. `beside` is as in `transaction()`.
        """
        ticket = _Ticket(write, beside)
        with self._queueing:
            self._queue.append(ticket)
        with self._turn:
            if not ticket.done:
                with self._queueing:
                    taken, self._queue = self._queue, []
                self._commit(taken)
        if ticket.error:
            raise ticket.error
        result: _Result = ticket.result
        return result

    def _commit(self, tickets: Sequence["_Ticket"]) -> None:
        written = 0
        try:
            with self.transaction(all(ticket.beside for ticket in tickets)) as connection:
                for ticket in tickets:
                    ticket.result = ticket.write(connection)
                    written += 1
        except Exception as error:
            if len(tickets) > 1 and written < len(tickets) and not isinstance(error, LedgerError):
                for ticket in tickets:  # one that cannot be written must not cost the others their place
                    self._commit([ticket])
                return
            for ticket in tickets:
                ticket.error = error
        for ticket in tickets:
            ticket.done = True

    # --- runs that are at work ---

    @contextmanager
    def hold(self, run: int, join: bool = False) -> Iterator[bool]:
        """Hold a run for this process while the block lasts; yields whether no other one is at it.

        A BusyError where another one is, unless this one wants to join it.
        """
        patience = time.monotonic() + _LOOK_SECONDS
        while not (alone := self.take(run)) and not (join and self.take(run, join)):
            if time.monotonic() > patience:
                raise self._busy(run)
            time.sleep(0.02)  # another process may only be looking, see is_held()
        try:
            yield alone
        finally:
            self.give_back(run)

    def _busy(self, run: int) -> BusyError:
        if not self.gate:
            return BusyError(_("run {run} is being sent by another process. This one sent nothing.").format(run=run))
        return BusyError(
            _(
                "run {run} is being sent by another process. This one sent nothing. To send it together: "
                "smscli resume {run} --join"
            ).format(run=run)
        )

    def take(self, run: int, join: bool = False) -> bool:
        """Hold a run for this process until it is given back.

        False where this or another process holds it, unless this one wants to join the other.
        """
        with self._engine.explained():
            return self._engine.take(run, join)

    def give_back(self, run: int) -> None:
        """Hold a run no longer."""
        with self._engine.explained():
            self._engine.give_back(run)

    def is_alive(self, run: int) -> bool:
        """Return whether a process that lives, this one or another, is sending a run."""
        return self._engine.is_mine(run) or self.is_held(run)

    def is_held(self, run: int) -> bool:
        """Return whether another process that lives is sending a run."""
        with self._engine.explained():
            return self._engine.is_held(run)

    # --- the ledger as a whole ---

    def facts(self) -> list[tuple[str, str | int]]:
        """Return what a person who looks after it wants to know, names and values."""
        with self._turn, self._engine.explained():
            return self._engine.facts()

    def roles(self) -> str:
        """Return the SQL that makes a role for each kind of work; an InputError where there are no roles."""
        with self._turn, self._engine.explained():
            return self._engine.roles()

    def problems(self) -> list[str]:
        """Read all of it, and return in the engine's own words what is not sound."""
        try:
            with self._turn, self._engine.explained():
                return self._engine.problems()
        except LedgerError as error:
            return [str(error)]

    def copy_to(self, connection: Any) -> None:
        """Copy everything that is durable into an SQLite database."""
        with self._turn, self._engine.explained():
            self._engine.copy_to(connection)

    def shrink(self) -> None:
        """See to it that what was deleted cannot be read from the disk any more, where that is possible."""
        with self._turn, self._engine.explained():
            self._engine.shrink()


class _Ticket:
    """A thread's wish to write, waiting for the next sync."""

    def __init__(self, write: Callable[[Connection], Any], beside: bool) -> None:
        self.write, self.beside = write, beside
        self.done = False
        self.result: Any = None
        self.error: Exception | None = None
