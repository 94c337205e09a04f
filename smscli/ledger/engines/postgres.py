"""The ledger on a PostgreSQL server.

A transaction that writes holds a lock of the whole ledger, so that there is one at a time, as with SQLite; those that
claim batches share it. A run is held by a lock of the session, which the server frees when the session ends, in
whatever way. So a process may live on without its lock: what it has claimed is told apart by the claim's own token.
"""

import re
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import StringIO
from itertools import count
from select import select
from typing import Any, NoReturn

import psycopg2
from psycopg2 import extensions

from smscli.errors import InputError, LedgerBusyError, LedgerCutError, LedgerError, LedgerLostError
from smscli.language import _
from smscli.ledger.engines import Values
from smscli.ledger.engines import session as sessions
from smscli.ledger.engines.address import Server
from smscli.ledger.engines.copying import line, pages, translated
from smscli.ledger.engines.postgres_facts import facts, roles
from smscli.ledger.engines.postgres_schema import MIGRATIONS
from smscli.ledger.engines.session import open_session

_WHOLE = 0  # in place of a run's number: the ledger as a whole
_LONG = 3600.0  # seconds that reading or changing all of it may take
_FREEING = 50  # times to try to hold a run again, while another process is just taking it
_PAUSE = 0.01  # seconds between two looks, so that very many pushes do not wake a reader for each
_ADDS_ROWS = re.compile(r"INSERT INTO (\w+(?: \([\w, ]+\))?) VALUES \([?, ]+\)")
_NOW = "extract(epoch FROM clock_timestamp())::float8"
_BUSY = ("55P03", "40P01", "57014")  # not in time, a deadlock, cancelled
_GONE = ("57P01", "57P02", "57P03", "08003", "08006")  # the server ends or has crashed, the connection is broken
_RIGHTS = "42501"
_BUGS = ("22", "23", "42", "54")  # classes of errors that lie in what was asked for


class PostgresEngine:
    """A session on a server; there must be only one of these a process and server.

    A session that was lost is replaced by a new one, outside a transaction, and holds the same runs.
    """

    gate = 10.0
    skip_locked = " FOR UPDATE OF batch SKIP LOCKED"
    keep_run = " FOR NO KEY UPDATE OF run"

    def __init__(self, server: Server) -> None:
        self.place, self.version = str(server), len(MIGRATIONS)
        self.turn = threading.RLock()
        self.connection = self
        self._server = server
        self._mine: set[int] = set()
        self._writing = self._closed = False
        self._begun = 0.0
        self._names = count()
        self._open(open_session(server))
        self.identity = self._way.identity
        self._listening: extensions.connection | None = None
        with self.explained():
            self._migrate()

    def close(self) -> None:
        """Close it, and give everything back."""
        self._closed = True
        self._way.close()

    # --- statements ---

    def execute(self, statement: str, values: Values = (), /) -> extensions.cursor:
        """Carry a statement out."""
        try:
            return self._carry_out(self._usable().cursor(), statement, values)
        except psycopg2.OperationalError:
            if not self._can_renew():
                raise
        return self._carry_out(self._usable().cursor(), statement, values)

    def executemany(self, statement: str, rows: Iterable[Values], /) -> None:
        """Carry a statement out with each row of values, many at a time."""
        cursor = self._usable().cursor()
        if adding := _ADDS_ROWS.fullmatch(statement):
            for page in pages(map(line, rows), "\n"):
                with self._way.watchdog.patience(sessions.PATIENCE):
                    cursor.copy_expert(f"COPY {adding[1]} FROM STDIN", StringIO(page))
        else:
            made = translated(statement)
            for page in pages((cursor.mogrify(made, tuple(values)).decode() for values in rows), "; "):
                self._carry_out(cursor, page, ())

    def insert(self, statement: str, values: Values, /) -> int | None:
        """Add one row, and return its id; None where it was not added, for it was there."""
        row = self.execute(f"{statement} RETURNING id", values).fetchone()
        return None if row is None else int(row[0])

    def stream(self, statement: str, values: Values) -> Iterator[Any]:
        """Yield the rows of a statement, which the server keeps until they are asked for."""
        cursor = self._usable().cursor(f"rows_{next(self._names)}", withhold=True)
        try:
            self._carry_out(cursor, statement, values)
            while rows := self._fetched(cursor):
                yield from rows
        finally:
            with suppress(psycopg2.Error):  # or it would hide what went wrong
                cursor.close()

    def now(self) -> float:
        """Return the moment by the server's clock, in seconds since 1970; within a transaction when that began."""
        if self._writing:
            return self._begun
        (now,) = self.execute(f"SELECT {_NOW}").fetchone() or (0.0,)
        return float(now)

    def _carry_out(self, cursor: extensions.cursor, statement: str, values: Values) -> extensions.cursor:
        with self._way.watchdog.patience(sessions.PATIENCE):
            if values:
                cursor.execute(translated(statement), tuple(values))
            else:
                cursor.execute(statement)
        return cursor

    def _fetched(self, cursor: extensions.cursor) -> list[Any]:
        with self._way.watchdog.patience(sessions.PATIENCE):
            return cursor.fetchmany(cursor.itersize)

    # --- the session ---

    def _open(self, way: sessions.Session) -> None:
        self._way, self._session, self._schema = way, way.connection, way.schema

    def _usable(self) -> extensions.connection:
        """Return the session; a new one where it was lost outside a transaction."""
        if self._can_renew():
            self._renew()
        return self._session

    def _renew(self) -> None:
        """Open a new session, and hold in it what was held; LedgerLostError where the server is another one now."""
        way = open_session(self._server)
        if way.identity != self.identity:
            way.close()
            raise LedgerLostError(
                _(
                    "the ledger {ledger} is on another server now: a standby took over, or a backup was put back. "
                    "Nothing more is written to it or sent. Look with: smscli runs"
                ).format(ledger=self.place)
            )
        self._way.close()
        self._open(way)
        for run in self._mine:
            if not self._shares(run):
                way.close()
                raise self._cut_error()

    def _shares(self, run: int) -> bool:
        """Hold a run beside others; False where one that wants it for itself does not let go of it."""
        for _attempt in range(_FREEING):
            cursor = self._carry_out(
                self._session.cursor(), f"SELECT pg_try_advisory_lock_shared({self._lock(run)})", ()
            )
            if (cursor.fetchone() or (False,))[0]:
                return True
            time.sleep(0.02)
        return False

    def _can_renew(self) -> bool:
        return bool(self._session.closed) and not (self._closed or self._writing)

    # --- transactions ---

    def begin(self, beside: bool = False) -> None:
        """Begin a transaction, beside which there is no other one that writes, or only others that allow that."""
        lock = f"pg_advisory_xact_lock{'_shared' if beside else ''}"
        try:
            self._usable()  # its schema's number is a part of the lock's
            # A higher level would see the ledger as it was before the lock was got.
            # Those who wait are told once it is durable. That puts commits in a row, which those beside it are not.
            tell = "" if beside else f"NOTIFY {self._channel}; "
            row = self.execute(
                f"BEGIN ISOLATION LEVEL READ COMMITTED; SELECT {lock}({self._lock(_WHOLE)}); {tell}SELECT {_NOW}"
            ).fetchone()
            self._writing, (self._begun,) = True, row or (0.0,)
        except BaseException:
            self.roll_back()
            raise

    def commit(self) -> None:
        """Make the transaction durable; LedgerCutError where it is not known whether it is.

        A warning comes where the server itself does not know it, as when it waits for a standby in vain.
        """
        del self._session.notices[:]
        cursor = self._carry_out(self._session.cursor(), "COMMIT", ())
        if cursor.statusmessage != "COMMIT" or self._session.notices:
            self._way.close()
            raise self._cut_error()
        self._writing = False

    def roll_back(self) -> None:
        """Undo the transaction."""
        with suppress(psycopg2.Error):  # or it would hide what went wrong
            self._carry_out(self._session.cursor(), "ROLLBACK", ())
        self._writing = False

    @property
    def _channel(self) -> str:
        return f"smscli_{self._schema}"

    def wait(self, seconds: float) -> None:
        """Return once another session has written, or after some seconds; the first call returns at once.

        A session that was lost is renewed at the next look.
        """
        session = self._usable()
        try:
            if self._listening is not session:
                self._carry_out(session.cursor(), f"LISTEN {self._channel}", ())
                self._listening = session
                return
            end = time.monotonic() + seconds
            while (left := end - time.monotonic()) > 0:
                select([session], [], [], left)
                session.poll()
                others = [found for found in session.notifies if found.pid != session.get_backend_pid()]
                session.notifies.clear()
                if others:
                    time.sleep(_PAUSE)
                    return
        except psycopg2.OperationalError:
            if not self._can_renew():
                raise

    # --- runs that are at work ---

    def take(self, run: int, join: bool = False) -> bool:
        """Hold a run for this process until it is given back or the process dies.

        False where another one holds it, unless this one wants to join it. All hold it by a lock that is shared; it is
        held by nobody where it can be locked for one's own.
        """
        with self.turn:
            if run in self._mine:
                return False
            self._usable()
            shared = f"pg_try_advisory_lock_shared({self._lock(run)})"
            alone = (
                f"CASE WHEN pg_try_advisory_lock({self._lock(run)}) "
                f"THEN {shared} AND pg_advisory_unlock({self._lock(run)}) ELSE false END"
            )
            (taken,) = self.execute(f"SELECT {shared if join else alone}").fetchone() or (False,)
            if taken:
                self._mine.add(run)
            return bool(taken)

    def give_back(self, run: int) -> None:
        """Hold a run no longer."""
        self._mine.discard(run)
        if self.turn.acquire(timeout=1):  # else a thread is left behind at it, and the session ends with the process
            try:
                with suppress(psycopg2.Error):  # a session that is lost holds nothing
                    self._carry_out(self._session.cursor(), f"SELECT pg_advisory_unlock_shared({self._lock(run)})", ())
            finally:
                self.turn.release()

    def is_mine(self, run: int) -> bool:
        """Return whether this process holds a run."""
        return run in self._mine

    def is_held(self, run: int) -> bool:
        """Return whether another process that lives holds a run."""
        with self.turn:
            found = self.execute(
                "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid != pg_backend_pid() AND "
                "database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND "
                "classid::int8 = ? AND objid::int8 = ? AND objsubid = 1",
                (self._schema, run),
            )
            return found.fetchone() is not None

    def _lock(self, run: int) -> int:
        """Return the number of a run's lock: that of the schema in its upper half, so that each ledger has its own."""
        number = self._schema << 32 | run
        return number - (1 << 64) if number >> 63 else number

    # --- the ledger as a whole ---

    def facts(self) -> list[tuple[str, str | int]]:
        """Return where it is, whether a standby has every commit, and who else is connected."""
        return facts(self, self.place, self._schema)

    def roles(self) -> str:
        """Return the SQL that makes a role for each kind of work, with no more rights than it needs."""
        return roles(self)

    def problems(self) -> list[str]:
        """Read every table; a page that is damaged raises a LedgerError. The server checks the rest by itself."""
        cursor = self._usable().cursor()
        tables = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = ?"
        for (table,) in self.execute(tables, (self._schema,)).fetchall():
            with self._way.watchdog.patience(_LONG):
                cursor.execute(f"SELECT sum(length({table}::text)) FROM {table}")
        return []

    def copy_to(self, connection: Any) -> NoReturn:
        """Say how a server's database is copied."""
        raise InputError(
            _(
                "a ledger on a server is copied by PostgreSQL's own means: pg_dump --format=custom --file=FILE "
                "DATABASE. A copy that is put back later knows nothing of what was sent since, and would send it again."
            )
        )

    def shrink(self) -> None:
        """Do nothing: when the server's files, log and copies forget what was deleted is up to who looks after it."""

    # --- errors ---

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn the server's troubles into sentences while the block lasts."""
        try:
            yield
        except psycopg2.Error as error:
            code = error.pgcode or ""
            if self._closed:  # a thread that an interrupt left behind
                raise LedgerError(
                    _("the ledger {path} was closed, because the program is ending.").format(path=self.place)
                ) from None
            if self._session.closed or code in _GONE:
                self._way.close()
                raise self._cut_error() from None
            if code in _BUSY:
                raise LedgerBusyError(
                    _("the ledger {path} cannot be used: another program keeps it locked.").format(path=self.place)
                ) from None
            if not code or (code[:2] in _BUGS and code != _RIGHTS):
                raise
            if code == _RIGHTS:
                raise LedgerError(
                    _(
                        "the ledger {place} does not allow this to its user: {reason}. What a user may do is decided "
                        "by its role, see: smscli ledger roles"
                    ).format(place=self.place, reason=error.diag.message_primary)
                ) from None
            said = _("the ledger {path} cannot be used: {reason}.")
            raise LedgerError(said.format(path=self.place, reason=error.diag.message_primary)) from None

    def _cut_error(self) -> LedgerCutError:
        said = _(
            "the connection to the ledger {path} was lost, so nothing more is written to it or sent. "
            "Once the server is there again, look with: smscli runs"
        )
        return LedgerCutError(said.format(path=self.place))

    # --- versions ---

    def _migrate(self) -> None:
        if self._stored_version() == len(MIGRATIONS):
            return
        self.begin()  # of two processes one migrates, and the other finds it done
        try:
            stored = self._stored_version()
            if stored > len(MIGRATIONS):
                said = _(
                    "the ledger {path} was written by a newer smscli: it has version {version}, and this smscli knows "
                    "versions up to {known}. Use the newer one. The ledger is left as it was."
                )
                raise LedgerError(said.format(path=self.place, version=stored, known=len(MIGRATIONS)))
            if not stored:
                self._refuse_foreign_tables()
                self.execute('CREATE TABLE smscli_ledger (version BIGINT NOT NULL, origin TEXT COLLATE "C")')
                self.execute("INSERT INTO smscli_ledger (version) VALUES (0)")
            for statement in (statement for version in MIGRATIONS[stored:] for statement in version):
                self.execute(statement)
            self.execute("UPDATE smscli_ledger SET version = ?", (len(MIGRATIONS),))
            self.commit()
        except BaseException:
            self.roll_back()
            raise

    def _stored_version(self) -> int:
        """Return the version of the tables that are there, 0 where there are none."""
        if not self._has("smscli_ledger"):
            return 0
        (version,) = self.execute("SELECT version FROM smscli_ledger").fetchone() or (0,)
        return int(version)

    def _has(self, table: str) -> bool:
        found = self.execute("SELECT 1 FROM pg_class WHERE relnamespace = ? AND relname = ?", (self._schema, table))
        return found.fetchone() is not None

    def _refuse_foreign_tables(self) -> None:
        if self._has("run") or self._has("batch"):
            said = _("the ledger {path} holds tables of another program; name a database of its own.")
            raise LedgerError(said.format(path=self.place))
