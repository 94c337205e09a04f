"""A session on a PostgreSQL server, in which a commit is durable and a lock is one's own; or a sentence why not.

The driver's own words about a connection that failed are never shown: they can hold the password.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import psycopg2
from psycopg2 import extensions

from smscli.errors import LedgerError
from smscli.language import _, later
from smscli.ledger.engines.address import Server
from smscli.ledger.engines.watchdog import Watchdog

_OLDEST = 140000  # the first one that can be kept from closing an idle session, and its locks with it
_LOCK_SECONDS = 20
PATIENCE = 60.0  # seconds that a statement may take: longer than waiting for a lock
_KEEPALIVES = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,  # milliseconds
}
# A database cluster has its number for life; a standby that takes over, or a backup that is put back and reads the log
# on from there, begins a new timeline.
_IDENTITY = (
    "CASE WHEN pg_is_in_recovery() THEN '' ELSE (SELECT system_identifier FROM pg_control_system()) || '/' || "
    "substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END"
)
_QUESTION = (
    "SELECT pg_backend_pid(), current_setting('fsync'), pg_is_in_recovery(), current_setting('server_encoding'), "
    f"(SELECT oid FROM pg_namespace WHERE nspname = current_schema()), {_IDENTITY}"
)
_SETTINGS = (
    "SET synchronous_commit = on",  # or a run that was told to be safe would be sent again after a crash
    f"SET lock_timeout = '{_LOCK_SECONDS}s'",
    "SET statement_timeout = 0",
    "SET idle_in_transaction_session_timeout = 0",
    "SET idle_session_timeout = 0",
    "SET bytea_output = hex",
    "SET client_min_messages = warning",
    "SET standard_conforming_strings = on",
    "SET extra_float_digits = 1",
)
# What a part of the driver's words means.
_REASONS = (
    ("could not translate host name", later("the name of its host is not known")),
    ("Connection refused", later("nothing listens there")),
    ("No such file or directory", later("there is no socket of a server; is it running?")),
    ("timeout expired", later("it does not answer")),
    ("Network is unreachable|No route to host", later("there is no way to its host")),
    ("no password supplied|fe_sendauth",
     later("it wants a password: keep it in ~/.pgpass, or in the file of PGPASSFILE")),
    ("password authentication failed", later("the user or the password is wrong")),
    ("no pg_hba.conf entry", later("it does not let this user in from here (its pg_hba.conf)")),
    ("root certificate|certificate verify failed|root.crt",
     later("its certificate cannot be verified: name the file of its authority with ?sslrootcert=FILE")),
    ("does not match host name", later("its certificate is for another host")),
    ("does not support SSL|SSL is not enabled",
     later("it does not encrypt, which it has to where it is not on this machine (sslmode says otherwise)")),
    (r"database .* does not exist", later("it has no such database; make one with createdb")),
    (r"role .* does not exist", later("it has no such user")),
    ("definition of service|service file", later("there is no such service in ~/.pg_service.conf")),
    ("too many clients|remaining connection slots|too many connections",
     later("it has no room for another connection")),
    ("starting up|shutting down|not yet accepting|not accepting", later("it is just starting or ending; try again")),
    ("startup parameter", later("a pooler stands before it; name the server itself")),
    ("invalid|missing", later("a part of the address cannot be read")),
)  # fmt: skip


def _as_text(value: str, _cursor: Any = None) -> extensions.QuotedString:
    return extensions.QuotedString(value.replace("\0", "\ufffd"))  # which PostgreSQL cannot keep


# The ledger's truths are the numbers 0 and 1, its sums whole numbers, and its bytes bytes.
extensions.register_adapter(bool, lambda value: extensions.AsIs(int(value)))
extensions.register_adapter(str, _as_text)
_INTEGER = extensions.new_type((1700,), "INTEGER", lambda value, _: None if value is None else int(value))
_BYTES = extensions.new_type((17,), "BYTES", lambda value, _: None if value is None else bytes.fromhex(str(value)[2:]))


class Session(NamedTuple):
    """A session, what watches over it, the number of the schema of its ledger, and which database cluster it is on."""

    connection: extensions.connection
    watchdog: Watchdog
    schema: int
    identity: str

    def close(self) -> None:
        """Close it."""
        self.watchdog.end()
        self.connection.close()


def open_session(server: Server) -> Session:
    """Return a session on a server.

    LedgerError where the server cannot be reached, or cannot keep what a ledger has to keep.
    """
    given: dict[str, Any] = {"fallback_application_name": "smscli", **_KEEPALIVES, **dict(server.parameters)}
    if server.password:
        given["password"] = str(server.password)
    with _environment_for(server):
        try:
            session = psycopg2.connect(client_encoding="UTF8", **given)
        except psycopg2.Error as error:
            said = _("the ledger {path} cannot be reached: {reason}.")
            raise LedgerError(said.format(path=server, reason=_reason(str(error)))) from None
    watchdog = Watchdog(session)
    try:
        session.autocommit = True
        with watchdog.patience(PATIENCE):
            return Session(session, watchdog, *_begin(session, server))
    except BaseException as error:
        watchdog.end()
        session.close()
        if not isinstance(error, psycopg2.Error):
            raise
        said = _("the ledger {path} cannot be used: {reason}.")
        raise LedgerError(said.format(path=server, reason=error.diag.message_primary or _("it is gone"))) from None


def _begin(session: extensions.connection, server: Server) -> tuple[int, str]:
    """Set what a ledger needs, and return the number of its schema, and which database cluster it is on."""
    if session.server_version < _OLDEST:
        raise _error(_("the ledger {path} is on a PostgreSQL before 14; smscli needs a newer one."), server)
    with session.cursor() as cursor:
        cursor.execute(_QUESTION)
        process, fsync, standby, encoding, schema, identity = cursor.fetchone() or ()
    # A pooler gives each transaction to any server process, and with it the locks of the one before.
    if process != session.get_backend_pid():
        raise _error(_("before the ledger {path} stands a pooler, which loses locks; name the server itself."), server)
    if fsync != "on":
        said = _("the ledger {path} has fsync = off, so it would forget sends in a crash. Nothing was sent.")
        raise _error(said, server)
    if standby:
        raise _error(_("the ledger {path} is a standby, which cannot be written; name the primary server."), server)
    if encoding != "UTF8":
        said = _("the ledger {path} has the encoding {encoding}; make a database with UTF8.")
        raise LedgerError(said.format(path=server, encoding=encoding))
    if schema is None:
        raise _error(_("the ledger {path} has no schema that this user may use; look at its search_path."), server)
    session.cursor().execute("; ".join(_SETTINGS))
    extensions.register_type(_INTEGER, session)
    extensions.register_type(_BYTES, session)
    return int(schema), str(identity)


def _error(said: str, server: Server) -> LedgerError:
    return LedgerError(said.format(path=server))


@contextmanager
def _environment_for(server: Server) -> Iterator[None]:
    """Set what holds where neither the address nor a service file nor the user's environment says otherwise."""
    wanted = {"PGCONNECT_TIMEOUT": "10"}
    if not server.is_here(os.environ):
        wanted["PGSSLMODE"] = "verify-full"
    missing: Mapping[str, str] = {name: value for name, value in wanted.items() if name not in os.environ}
    os.environ.update(missing)
    try:
        yield
    finally:
        for name in missing:
            del os.environ[name]


def _reason(words: str) -> str:
    found = (reason for pattern, reason in _REASONS if re.search(pattern, words))
    return _(next(found, later("it refused or broke the connection; its log says why")))
