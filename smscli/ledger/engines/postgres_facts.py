"""What `ledger check` says of a server, and `ledger roles` prints for one."""

from smscli.ledger.engines import Connection

_GROUPS = {
    "smscli_reader": (),
    "smscli_sender": (
        "INSERT, UPDATE ON run, batch, optout, counter",
        "UPDATE (shown) ON reply",
        "INSERT, UPDATE, DELETE ON tally",  # where reports came before their answer
    ),
    "smscli_listener": (
        "INSERT ON report, reply",
        "INSERT, UPDATE, DELETE ON tally",
        "INSERT, UPDATE ON optout, counter",
        "UPDATE (shown) ON reply",
        "INSERT, DELETE ON quarantine, seen",
        # A report settles a batch, but no text and no number of one can be changed.
        "UPDATE (state, open, sendid, accepted, settled, message, error) ON batch",
    ),
}
_GROUP = """
DO $$ BEGIN CREATE ROLE {role} NOLOGIN; EXCEPTION WHEN duplicate_object THEN END $$;
REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role};
GRANT USAGE ON SCHEMA {schema} TO {role};
GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role};
"""


def roles(connection: Connection) -> str:
    """Return the SQL that makes a role for each kind of work, with no more rights than it needs."""
    owner, schema = connection.execute(
        "SELECT quote_ident(tableowner), quote_ident(schemaname) FROM pg_tables "
        "WHERE schemaname = current_schema() AND tablename = 'smscli_ledger'"
    ).fetchone()
    parts = [
        f"-- Run this as a superuser, and again after an update of smscli.\n"
        f"-- {owner} owns the tables: only this user makes new versions of them, and forgets old runs (runs prune).\n"
        "-- Then let each host have a user of its own, which gets a password with \\password:\n"
        "--   CREATE ROLE web1 LOGIN IN ROLE smscli_sender;\n"
        f"BEGIN;\nSET LOCAL search_path = {schema};\n"
        f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM PUBLIC;\n"
    ]
    for role, rights in _GROUPS.items():
        parts.append(_GROUP.format(role=role, schema=schema))
        parts += [f"GRANT {right} TO {role};\n" for right in rights]
    return "".join([*parts, "COMMIT;\n"])


def facts(connection: Connection, place: str, schema: int) -> list[tuple[str, str | int]]:
    """Return where the ledger is and as whom it is used, how large it is, its replication, who else is connected."""
    version, user, size = connection.execute(
        "SELECT current_setting('server_version'), current_user, sum(pg_total_relation_size(pg_class.oid)) "
        "FROM pg_class WHERE relnamespace = ? AND relkind = 'r'",
        (schema,),
    ).fetchone()
    return [
        ("server", place),
        ("engine", f"PostgreSQL {version}"),
        ("role", user),
        ("bytes", int(size or 0)),
        *_replication(connection),
        *_others(connection),
    ]


def _replication(connection: Connection) -> list[tuple[str, str]]:
    """Return whether a standby has every commit that was answered, and which standbys there are."""
    (names,) = connection.execute("SELECT current_setting('synchronous_standby_names')").fetchone()
    rows = connection.execute(
        "SELECT coalesce(application_name, '(hidden from this role)'), coalesce(host(client_addr), 'this machine'), "
        "sync_state FROM pg_stat_replication ORDER BY 1, 2"
    ).fetchall()
    states = {state for _, _, state in rows}
    if not names:
        said = "asynchronous: a failover loses the last sends, and could send them again" if rows else "none"
    elif states & {"sync", "quorum"}:
        said = f"synchronous: a failover to one of {names} loses nothing"
    elif None in states:
        said = f"synchronous: {names}; this role cannot see whether such a standby is connected"
    else:
        said = f"synchronous, but none of {names} is connected, so every commit waits"
    standbys = [("standby", name if state is None else f"{name} from {host}, {state}") for name, host, state in rows]
    return [("replication", said), *standbys]


def _others(connection: Connection) -> list[tuple[str, str]]:
    """Return who else is connected to the database; of another role's sessions only some roles see more."""
    rows = connection.execute(
        "SELECT usename, coalesce(host(client_addr), 'this machine'), application_name FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid != pg_backend_pid() AND usename IS NOT NULL "
        "AND coalesce(backend_type, 'client backend') = 'client backend' ORDER BY backend_start, pid"
    ).fetchall()
    return [
        ("connected", f"{user} (hidden from this role)" if program is None else f"{user} from {host}, {program}")
        for user, host, program in rows
    ]
