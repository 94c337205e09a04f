"""The ledger as an SQLite file, and beside it a file of locks."""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import Any, NoReturn

from smscli.errors import InputError, LedgerBusyError, LedgerError, LedgerLostError
from smscli.language import _, later, system_reason
from smscli.ledger.engines import Values, moved
from smscli.ledger.engines.bytelocks import ByteLocks
from smscli.ledger.schema import MIGRATIONS
from smscli.system import is_for_others

_APPLICATION = 0x534D5343  # "SMSC"
_BUSY_SECONDS = 20
_LOOK_SECONDS = 0.2


class SqliteConnection(sqlite3.Connection):
    """A connection that says which id a row got, and what time it is."""

    skip_locked = keep_run = ""

    def now(self) -> float:
        """Return the moment, in seconds since 1970."""
        return time.time()

    def insert(self, statement: str, values: Values) -> int | None:
        """Add one row, and return its id; None where it was not added, for it was there."""
        cursor = self.execute(statement, values)
        return cursor.lastrowid if cursor.rowcount else None


class SqliteEngine:
    """An open file; there must be only one of these a process and file.

    Closing a second descriptor of an SQLite file drops every lock that the process holds on it (POSIX), and other
    programs would then remove what it still reads.
    """

    gate = 0.0
    identity = ""

    def __init__(self, path: Path) -> None:
        self.path, self.place, self.version = path, str(path), len(MIGRATIONS)
        self.turn = threading.RLock()
        with self.explained():
            moved.refuse_older_copy(path)
            self.connection = _connect(path)
            locks = path.with_name(f"{path.name}-lock")
            self._locks = ByteLocks(locks)
            self._identities = {file: _identity(file) for file in (path, locks)}

    def close(self) -> None:
        """Close it, and give everything back."""
        self.connection.close()
        self._locks.close()

    def explained(self) -> AbstractContextManager[None]:
        """Turn SQLite's troubles into sentences while the block lasts."""
        return explained(self.path)

    def stream(self, statement: str, values: Values) -> Iterator[Any]:
        """Yield the rows of a statement one by one."""
        yield from self.connection.cursor().execute(statement, values)

    # --- transactions ---

    def begin(self, beside: bool = False) -> None:
        """Begin a transaction, beside which there is no other one that writes."""
        for file, identity in self._identities.items():
            if _identity(file) != identity:
                said = _(
                    "the ledger {path} was moved, deleted or replaced while it was in use ({file}), so "
                    "nothing more is written to it or sent. Put it back as it was, then look with: smscli runs"
                )
                raise LedgerLostError(said.format(path=self.place, file=file.name))
        self.connection.execute("BEGIN IMMEDIATE")
        if self.connection.execute("PRAGMA user_version").fetchone() != (self.version,):  # since it was opened
            error = _refusal(self.connection, self.path)
            self.roll_back()
            raise error

    def commit(self) -> None:
        """Make the transaction durable."""
        self.connection.execute("COMMIT")

    def roll_back(self) -> None:
        """Undo the transaction."""
        with suppress(sqlite3.Error):  # or it would hide what went wrong
            self.connection.execute("ROLLBACK")

    def wait(self, seconds: float) -> None:
        """Return after a moment, for nobody says that something was written."""
        time.sleep(max(min(seconds, _LOOK_SECONDS), 0))

    # --- runs that are at work ---

    def take(self, run: int, join: bool = False) -> bool:
        """Hold a run for this process until it is given back or the process dies; False where it is held."""
        return self._locks.take(run)

    def give_back(self, run: int) -> None:
        """Hold a run no longer."""
        self._locks.give_back(run)

    def is_mine(self, run: int) -> bool:
        """Return whether this process holds a run."""
        return self._locks.is_mine(run)

    def is_held(self, run: int) -> bool:
        """Return whether another process that lives holds a run."""
        return self._locks.is_held(run)

    # --- the file as a whole ---

    def facts(self) -> list[tuple[str, str | int]]:
        """Return where the file is, and its bytes."""
        files = [self.path, self.path.with_name(f"{self.path.name}-wal")]
        size = sum(file.stat().st_size for file in files if file.exists())
        return [("file", self.place), ("engine", f"SQLite {sqlite3.sqlite_version}"), ("bytes", size)]

    def roles(self) -> NoReturn:
        """Say that a file has no roles."""
        raise InputError(
            _("the ledger {file} is a file, which has no roles. They are for a ledger on a PostgreSQL server.").format(
                file=self.path
            )
        )

    def problems(self) -> list[str]:
        """Read the whole file, and return in SQLite's own words what is not sound."""
        found = [text for (text,) in self.connection.execute("PRAGMA integrity_check") if text != "ok"]
        orphans = self.connection.execute("PRAGMA foreign_key_check")
        said = later("{table}, row {row}: it does not belong to anything")
        return found + [said.format(table=row[0], row=row[1]) for row in orphans]

    def copy_to(self, connection: sqlite3.Connection) -> None:
        """Copy everything that is durable into another database."""
        self.connection.backup(connection)

    def shrink(self) -> None:
        """Leave nothing readable that was deleted: move the log into the file, and remove what `_keep` has kept."""
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for copy in self.path.parent.glob(f"{escape(self.path.name)}-version-*"):
            copy.unlink(missing_ok=True)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's troubles into sentences while the block lasts."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            said = _("the ledger {path} cannot be used: another program keeps it locked.")
            raise LedgerBusyError(said.format(path=path)) from None
        said = _("the ledger {path} cannot be used: {error}; is the disk full or read-only?")
        raise LedgerError(said.format(path=path, error=error)) from None
    except (sqlite3.IntegrityError, sqlite3.DataError):
        raise  # a bug
    except sqlite3.ProgrammingError as error:
        if "closed" not in str(error):
            raise
        # A thread that an interrupt left behind.
        said = _("the ledger {path} was closed, because the program is ending.")
        raise LedgerError(said.format(path=path)) from None
    except sqlite3.DatabaseError as error:
        said = _(
            "the ledger {path} is damaged or not a ledger ({error}). Move it away to begin a new one; "
            "unfinished runs in it can then not be resumed."
        )
        raise LedgerError(said.format(path=path, error=error)) from None
    except OSError as error:
        said = _("the ledger {path} cannot be used: {reason}.")
        raise LedgerError(said.format(path=path, reason=system_reason(error))) from None


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


# --- opening ------------------------------------------------------------------------------------------------------


def _connect(path: Path) -> SqliteConnection:
    """Open the file, creating or migrating it; it is readable by its owner only."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):  # the companions that SQLite makes take their mode from the file
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    if not path.is_file():
        said = _("{path} is not a file that could be a ledger; name another in SMSCLI_LEDGER.")
        raise LedgerError(said.format(path=path))
    connection = sqlite3.connect(
        path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False, factory=SqliteConnection
    )
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # or numbers that were pruned stay readable in free pages
        version = _version(connection, path)
        if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            _use_wal(connection)
        if version < len(MIGRATIONS):
            _migrate(connection, path)
        if is_for_others(path.stat().st_mode):
            path.chmod(0o600)
    except BaseException:
        connection.close()
        raise
    return connection


def _use_wal(connection: sqlite3.Connection) -> None:
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


def _version(connection: sqlite3.Connection, path: Path) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if tables and application != _APPLICATION:
        said = _("{path} is a database of another program, not a ledger; name another in SMSCLI_LEDGER.")
        raise LedgerError(said.format(path=path))
    if version > len(MIGRATIONS):
        raise _refusal(connection, path)
    return int(version)


def _refusal(connection: sqlite3.Connection, path: Path) -> LedgerError:
    """Return what is said of a file whose version this program does not know."""
    if found := moved.mark_of(connection):
        return moved.refusal(path, found)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    said = _(
        "the ledger {path} was written by a newer smscli: it has version {version}, and this smscli knows versions up "
        "to {known}. Use the newer one. The ledger is left as it was."
    )
    return LedgerError(said.format(path=path, version=version, known=len(MIGRATIONS)))


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")  # of two processes one migrates, and the other finds it done
    old = _version(connection, path)
    if 0 < old < len(MIGRATIONS):
        _keep(path, old)
    for version in range(old, len(MIGRATIONS)):
        for statement in MIGRATIONS[version]:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {version + 1}")
    connection.execute(f"PRAGMA application_id = {_APPLICATION}")
    connection.execute("COMMIT")


def _keep(path: Path, version: int) -> None:
    """Keep a copy of a ledger as it was before it gets new tables, for whoever has to go back to the older smscli."""
    copy = path.with_name(f"{path.name}-version-{version}")
    copy.unlink(missing_ok=True)  # what an interrupted attempt left
    os.close(os.open(copy, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
