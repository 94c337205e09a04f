"""The ledger's file: where it is, its schema and migrations, its locks, and SQLite's troubles as sentences."""

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from smscli.config.profile import user_directory
from smscli.errors import ConfigError, InputError

_APPLICATION = 0x534D5343  # "SMSC"
_BUSY_SECONDS = 20
# One script a schema version, each run once, in one transaction; never edit one that was released.
MIGRATIONS = (
    """
    CREATE TABLE run (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT UNIQUE,
        created REAL NOT NULL,         -- seconds since 1970
        asker TEXT NOT NULL,           -- user@host
        profile TEXT NOT NULL,
        account TEXT NOT NULL,
        content TEXT NOT NULL,         -- as it was given, placeholders and all
        sign TEXT NOT NULL,
        extno TEXT NOT NULL,
        stime TEXT NOT NULL,           -- China time, empty for now
        source TEXT NOT NULL,          -- where the list came from
        digest TEXT NOT NULL,          -- of texts and numbers
        numbers INTEGER NOT NULL,
        duplicates INTEGER NOT NULL,
        invalid INTEGER NOT NULL
    );
    CREATE TABLE batch (
        run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        state TEXT NOT NULL,
        content TEXT,                  -- null where it is the run's
        mobiles TEXT NOT NULL,         -- joined by commas
        numbers INTEGER NOT NULL,
        changed REAL,                  -- seconds since 1970
        code INTEGER,
        sendid TEXT NOT NULL DEFAULT '',
        accepted INTEGER NOT NULL DEFAULT 0,
        invalid INTEGER NOT NULL DEFAULT 0,
        blacklisted INTEGER NOT NULL DEFAULT 0,
        message TEXT NOT NULL DEFAULT '',
        error TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (run, number)
    ) WITHOUT ROWID;
    CREATE INDEX batch_state ON batch (run, state);
    CREATE INDEX batch_changed ON batch (changed) WHERE state IN ('sending', 'accepted', 'unknown');
    """,
    """
    -- When its request left, seconds since 1970.
    ALTER TABLE batch ADD COLUMN sent REAL;
    UPDATE batch SET sent = changed WHERE changed IS NOT NULL;
    CREATE INDEX batch_sendid ON batch (sendid) WHERE sendid != '';
    CREATE INDEX batch_unsettled ON batch (sent) WHERE state IN ('sending', 'unknown');
    CREATE TABLE report (
        sendid TEXT NOT NULL,
        mobile TEXT NOT NULL,
        state TEXT NOT NULL,
        time TEXT NOT NULL,            -- China time, as the gateway wrote it
        received REAL NOT NULL,        -- seconds since 1970
        profile TEXT NOT NULL,         -- that it came to
        PRIMARY KEY (sendid, mobile, state, time)
    ) WITHOUT ROWID;
    CREATE INDEX report_mobile ON report (mobile);
    CREATE TABLE tally (               -- numbers by what counts of their reports, kept as these come
        sendid TEXT NOT NULL,
        state TEXT NOT NULL,
        numbers INTEGER NOT NULL,
        PRIMARY KEY (sendid, state)
    ) WITHOUT ROWID;
    CREATE TABLE reply (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        mobile TEXT NOT NULL,
        content TEXT NOT NULL,
        time TEXT NOT NULL,
        extension TEXT NOT NULL,       -- whole, the system's part first
        received REAL NOT NULL,
        profile TEXT NOT NULL,
        UNIQUE (mobile, time, content, extension, profile)
    );
    CREATE TABLE quarantine (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        received REAL NOT NULL,
        peer TEXT NOT NULL,
        reason TEXT NOT NULL,
        raw BLOB NOT NULL
    );
    CREATE TABLE optout (
        account TEXT NOT NULL,
        mobile TEXT NOT NULL,
        since REAL NOT NULL,
        reason TEXT NOT NULL,          -- what the person wrote, or who entered it
        PRIMARY KEY (account, mobile)
    ) WITHOUT ROWID;
    """,
)


class LedgerError(ConfigError):
    """The ledger cannot be used; a send that has not begun does not begin."""


def ledger_path() -> Path:
    """Return where the ledger is: `SMSCLI_LEDGER`, else the user's state directory."""
    given = os.environ.get("SMSCLI_LEDGER")
    path = Path(given) if given else user_directory("XDG_STATE_HOME", ".local/state") / "smscli" / "ledger.db"
    # One file has one name, or two processes would not find each other's locks.
    return path.resolve()


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's troubles into sentences."""
    try:
        yield
    except sqlite3.OperationalError as error:
        busy = "locked" in str(error) or "busy" in str(error)
        why = "another program keeps it locked" if busy else f"{error}; is the disk full or read-only?"
        raise LedgerError(f"the ledger {path} cannot be used: {why}.") from None
    except sqlite3.IntegrityError:
        raise InputError("another process has just begun a run with this key. Nothing was sent.") from None
    except sqlite3.ProgrammingError as error:
        if "closed" not in str(error):
            raise
        # A thread that an interrupt left behind.
        raise LedgerError(f"the ledger {path} was closed, for the program is ending.") from None
    except sqlite3.DatabaseError as error:
        raise LedgerError(
            f"the ledger {path} is damaged or no ledger ({error}). Move it away to begin a new one; "
            "unfinished runs in it can then not be resumed."
        ) from None
    except OSError as error:
        raise LedgerError(f"the ledger {path} cannot be used: {error.strerror}.") from None


def connect(path: Path) -> sqlite3.Connection:
    """Open the ledger's file, creating or migrating it; it is readable by its owner only."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The companions that SQLite makes take their mode from the file.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    if not path.is_file():
        raise LedgerError(f"{path} is no file that could be a ledger; name another in SMSCLI_LEDGER.")
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # or numbers that were pruned stay readable in free pages
        if _version(connection, path) < len(MIGRATIONS):
            _use_wal(connection)
            _migrate(connection, path)
        if os.name == "posix" and path.stat().st_mode & 0o077:
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
        raise LedgerError(f"{path} is a database of another program, not a ledger; name another in SMSCLI_LEDGER.")
    if version > len(MIGRATIONS):
        raise LedgerError(f"the ledger {path} was written by a newer smscli; use that one. It is left as it was.")
    return int(version)


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")  # of two processes one migrates, and the other finds it done
    for version in range(_version(connection, path), len(MIGRATIONS)):
        for statement in MIGRATIONS[version].split(";\n"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {version + 1}")
    connection.execute(f"PRAGMA application_id = {_APPLICATION}")
    connection.execute("COMMIT")


def marks(values: Sequence[Any]) -> str:
    """Return the question marks that stand for values in a statement."""
    return ", ".join("?" * len(values))


if os.name == "nt":
    import msvcrt

    def lock_byte(file: int, position: int) -> None:
        """Lock a byte of a file; OSError where another process has it. The system frees it when the process dies."""
        os.lseek(file, position, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]

    def unlock_byte(file: int, position: int) -> None:
        """Free a byte again."""
        os.lseek(file, position, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined]

else:
    import fcntl

    def lock_byte(file: int, position: int) -> None:
        """Lock a byte of a file; OSError where another process has it. The system frees it when the process dies."""
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, position)

    def unlock_byte(file: int, position: int) -> None:
        """Free a byte again."""
        fcntl.lockf(file, fcntl.LOCK_UN, 1, position)
