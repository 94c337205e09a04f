"""The ledger's file: one connection of this process, transactions, group commit, run locks (sqlite3).

A process has one `Store` a file, however often it is opened: closing a second descriptor of an SQLite file drops every
lock that the process holds on it (POSIX), and other programs would then remove what it still reads.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from smscli.config.file import user_directory
from smscli.errors import BusyError, ConfigError
from smscli.ledger.locks import RunLocks
from smscli.ledger.schema import MIGRATIONS

_APPLICATION = 0x534D5343  # "SMSC"
_BUSY_SECONDS = 20
_LOOK_SECONDS = 0.5
_Result = TypeVar("_Result")
Connection = sqlite3.Connection
Values = Sequence[Any]


class LedgerError(ConfigError):
    """The ledger cannot be used; a send that has not begun does not begin."""


class LedgerBusyError(LedgerError):
    """Another program keeps the ledger locked; it can be tried again."""


class LedgerLostError(LedgerError):
    """The file that was opened is not there any more; nothing can be written to it."""


def ledger_path() -> Path:
    """Return where the ledger is: `SMSCLI_LEDGER`, else the user's state directory."""
    given = os.environ.get("SMSCLI_LEDGER")
    path = Path(given) if given else user_directory("XDG_STATE_HOME", ".local/state") / "smscli" / "ledger.db"
    # One file has one name, or two processes would not find each other's locks.
    return Path(os.path.realpath(path))


_stores: dict[Path, "Store"] = {}
_opening = threading.Lock()


@contextmanager
def open_store() -> Iterator["Store"]:
    """Open the ledger, creating or migrating it; within this process all share one connection.

    LedgerError where it cannot be used; the last one to leave closes it.
    """
    path = ledger_path()
    with _opening:
        if path not in _stores:
            with _explained(path):
                _stores[path] = Store(path)
        store = _stores[path]
        store.users += 1
    try:
        yield store
    finally:
        with _opening:
            store.users -= 1
            if not store.users:
                del _stores[path]
                store.close()


class Store:
    """The open file, safe to use from several threads; get it from `open_store()`.

    Transactions begin and end here. Reads see what this process is just writing only within its own transaction.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.users = 0
        self._connection = _connect(path)
        self._turn = threading.RLock()  # whose turn it is on the connection
        self._queue: list[_Ticket] = []
        self._queueing = threading.Lock()
        locks = path.with_name(f"{path.name}-lock")
        self.locks = RunLocks(locks)
        self._identities = {file: _identity(file) for file in (path, locks)}

    def close(self) -> None:
        """Close the file, but never under a thread that is writing: that one, and the file, end with the process."""
        if self._turn.acquire(timeout=_LOOK_SECONDS):
            self._connection.close()
            self.locks.close()
            self._turn.release()

    # --- reading ---

    def read(self, statement: str, values: Values = ()) -> list[Any]:
        """Return all rows."""
        with self._turn, _explained(self.path):
            return self._connection.execute(statement, values).fetchall()

    def read_one(self, statement: str, values: Values = ()) -> Any:
        """Return the first row, None where there is none."""
        return next(iter(self.read(statement, values)), None)

    def stream(self, statement: str, values: Values = ()) -> Iterator[Any]:
        """Yield the rows one by one; only where no other thread writes meanwhile."""
        with _explained(self.path):
            yield from self._connection.cursor().execute(statement, values)

    # --- writing ---

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Make all that the block writes durable together, or none of it."""
        with self._turn, _explained(self.path):
            self._check_identity()
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # or it would hide what went wrong
                    self._connection.execute("ROLLBACK")
                raise

    def commit_together(self, write: Callable[[Connection], _Result]) -> _Result:
        """Write durably, and return what `write` returns; what several threads ask for at once shares one sync.

        `write` may be called twice, the first time in vain.
        """
        ticket = _Ticket(write)
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
            with self.transaction() as connection:
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

    def _check_identity(self) -> None:
        for file, identity in self._identities.items():
            if _identity(file) != identity:
                raise LedgerLostError(
                    f"the ledger {self.path} was moved, deleted or replaced while it was in use ({file.name}), so "
                    "nothing more is written to it or sent. Put it back as it was, then look with: smscli runs"
                )

    # --- runs that are at work ---

    @contextmanager
    def hold(self, run: int) -> Iterator[None]:
        """Hold a run for this process while the block lasts; a BusyError where another one is at it."""
        patience = time.monotonic() + _LOOK_SECONDS
        while not self.locks.take(run):
            if time.monotonic() > patience:
                raise BusyError(f"run {run} is being sent by another process. This one sent nothing.")
            time.sleep(0.02)  # another process may only be looking, see is_held()
        try:
            yield
        finally:
            self.locks.give_back(run)

    def is_alive(self, run: int) -> bool:
        """Return whether a process that lives, this one or another, is sending a run."""
        return self.locks.is_mine(run) or self.is_held(run)

    def is_held(self, run: int) -> bool:
        """Return whether another process that lives is sending a run."""
        if self.locks.is_mine(run):
            return False
        if not self.locks.take(run):
            return True
        self.locks.give_back(run)
        return False

    # --- the file as a whole ---

    def copy_to(self, connection: Connection) -> None:
        """Copy everything that is durable into another database."""
        with self._turn, _explained(self.path):
            self._connection.backup(connection)

    def shrink(self) -> None:
        """Move what was written from the log into the file, so that nothing that was deleted stays readable in it."""
        with self._turn, _explained(self.path):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


class _Ticket:
    """A thread's wish to write, waiting for the next sync."""

    def __init__(self, write: Callable[[Connection], Any]) -> None:
        self.write = write
        self.done = False
        self.result: Any = None
        self.error: Exception | None = None


def marks(values: Sequence[Any]) -> str:
    """Return the question marks that stand for values in a statement."""
    return ", ".join("?" * len(values))


# --- opening ------------------------------------------------------------------------------------------------------


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn SQLite's troubles into sentences."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            raise LedgerBusyError(f"the ledger {path} cannot be used: another program keeps it locked.") from None
        raise LedgerError(f"the ledger {path} cannot be used: {error}; is the disk full or read-only?") from None
    except (sqlite3.IntegrityError, sqlite3.DataError):
        raise  # a bug, or something the caller knows more about
    except sqlite3.ProgrammingError as error:
        if "closed" not in str(error):
            raise
        # A thread that an interrupt left behind.
        raise LedgerError(f"the ledger {path} was closed, because the program is ending.") from None
    except sqlite3.DatabaseError as error:
        raise LedgerError(
            f"the ledger {path} is damaged or not a ledger ({error}). Move it away to begin a new one; "
            "unfinished runs in it can then not be resumed."
        ) from None
    except OSError as error:
        raise LedgerError(f"the ledger {path} cannot be used: {error.strerror}.") from None


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _connect(path: Path) -> Connection:
    """Open the file, creating or migrating it; it is readable by its owner only."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):  # the companions that SQLite makes take their mode from the file
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    if not path.is_file():
        raise LedgerError(f"{path} is not a file that could be a ledger; name another in SMSCLI_LEDGER.")
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # or numbers that were pruned stay readable in free pages
        version = _version(connection, path)
        if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            _use_wal(connection)
        if version < len(MIGRATIONS):
            _migrate(connection, path)
        if os.name == "posix" and path.stat().st_mode & 0o077:
            path.chmod(0o600)
    except BaseException:
        connection.close()
        raise
    return connection


def _use_wal(connection: Connection) -> None:
    """Switch to the write-ahead log; SQLite does not wait by itself where another process is just doing the same."""
    patience = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > patience:
                raise
            time.sleep(0.02)


def _version(connection: Connection, path: Path) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if tables and application != _APPLICATION:
        raise LedgerError(f"{path} is a database of another program, not a ledger; name another in SMSCLI_LEDGER.")
    if version > len(MIGRATIONS):
        raise LedgerError(f"the ledger {path} was written by a newer smscli; use that one. It is left as it was.")
    return int(version)


def _migrate(connection: Connection, path: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")  # of two processes one migrates, and the other finds it done
    for version in range(_version(connection, path), len(MIGRATIONS)):
        for statement in MIGRATIONS[version]:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {version + 1}")
    connection.execute(f"PRAGMA application_id = {_APPLICATION}")
    connection.execute("COMMIT")
