"""The ledger on a PostgreSQL server: what differs from a file, and what goes wrong on the way there."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from smscli.errors import BusyError, LedgerBusyError, LedgerError, LedgerLostError
from smscli.ledger import states
from smscli.ledger.engines import postgres as engine
from smscli.ledger.engines.postgres_schema import MIGRATIONS
from smscli.ledger.runs import Runs
from smscli.ledger.states import State
from smscli.ledger.store import Store, open_store
from tests.support.command import Smscli
from tests.support.ledgers import ask, by, new_schema
from tests.support.postgres import NoServerError, TestServer, address
from tests.support.runs import Steps, begun, new_run, open_runs
from tests.support.sandboxes import RunningSandbox
from tests.support.waiting import eventually
from tests.support.wire import wire

ONE = ("send", "--mobile", "13800138000", "--content", "x")
BATCH = ("x", ["13800138000"])


@pytest.fixture
def ledger(postgres: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> Iterator[str]:
    """Use a ledger on the server in this test, here and in its commands."""
    with new_schema(postgres) as given:
        monkeypatch.setenv("SMSCLI_LEDGER", given)
        environment["SMSCLI_LEDGER"] = given
        yield given


@pytest.fixture
def store(ledger: str) -> Iterator[Store]:
    with open_store() as opened:
        yield opened


def process_of(store: Store) -> int:
    return int(store.read_one("SELECT pg_backend_pid()")[0])


# --- its tables ---------------------------------------------------------------------------------------------------


def test_both_engines_have_the_same_columns(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = ("run", "batch", "counter", "report", "tally", "reply", "quarantine", "optout", "seen")
    here = {
        table: [name for (name,) in store.read(
            "SELECT attname FROM pg_attribute WHERE attrelid = ?::regclass AND attnum > 0 ORDER BY attnum", (table,)
        )]
        for table in tables
    }  # fmt: skip
    monkeypatch.setenv("SMSCLI_LEDGER", str(tmp_path / "ledger.db"))
    with open_store() as file:
        assert here == {table: [row[1] for row in file.read(f"PRAGMA table_info({table})")] for table in tables}
        found = file.read("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        assert sorted(tables) == sorted(name for (name,) in found)


def test_texts_are_compared_byte_by_byte(store: Store) -> None:
    columns = store.read(
        "SELECT attrelid::regclass, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid "
        "JOIN pg_collation ON pg_collation.oid = attcollation WHERE relnamespace = current_schema()::regnamespace "
        "AND relkind = 'r' AND attnum > 0 AND collname != 'C'"
    )
    assert columns == []


def test_many_that_open_it_at_once_find_it_made_once(smscli_process: Smscli, ledger: str) -> None:
    ended: list[int] = []
    threads = [threading.Thread(target=lambda: ended.append(smscli_process("runs").code)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ended == [0] * 6


def test_a_newer_ledger_is_refused_and_left_as_it_is(smscli: Smscli, sandbox: RunningSandbox, ledger: str) -> None:
    assert smscli("runs").code == 0
    ask("UPDATE smscli_ledger SET version = 99")
    ended = smscli(*ONE, **sandbox.variables)
    assert (ended.code, sandbox.queued) == (3, [])
    assert "was written by a newer smscli" in ended.err
    assert ask("SELECT version FROM smscli_ledger") == [(99,)]


def test_another_programs_tables_are_left_alone(smscli: Smscli, sandbox: RunningSandbox, ledger: str) -> None:
    ask("CREATE TABLE run (x INTEGER)")
    ended = smscli(*ONE, **sandbox.variables)
    assert (ended.code, sandbox.queued) == (3, [])
    assert "holds tables of another program" in ended.err
    assert ask("SELECT * FROM run") == []


def test_a_migration_that_fails_leaves_nothing(ledger: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MIGRATIONS", (*MIGRATIONS, ("CREATE TABLE later (x BIGINT)", "broken")))
    with pytest.raises(psycopg2.errors.SyntaxError), open_store():
        pass
    found = "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'"
    assert ask(found) == []


def test_a_role_without_rights_is_a_sentence(smscli: Smscli, ledger: str, postgres: Path) -> None:
    assert smscli("runs").code == 0
    ask("DO $$ BEGIN CREATE ROLE reader LOGIN; EXCEPTION WHEN duplicate_object THEN END $$")
    schema = ledger.rpartition("%3D")[2]
    ask(f"GRANT USAGE ON SCHEMA {schema} TO reader")
    ended = smscli("runs", SMSCLI_LEDGER=ledger.replace("smscli@", "reader@"))
    assert ended.code == 3
    assert "permission denied" in ended.err and "Traceback" not in ended.err


# --- what is durable ----------------------------------------------------------------------------------------------


def test_commits_are_durable_whatever_the_database_says(ledger: str) -> None:
    weak = ledger + "%20-csynchronous_commit%3Doff%20-cdefault_transaction_isolation%3Dserializable"
    os.environ["SMSCLI_LEDGER"] = weak
    with open_store() as store:
        assert store.read("SHOW synchronous_commit") == [("on",)]
        with store.transaction() as connection:
            assert connection.execute("SHOW transaction_isolation").fetchone() == ("read committed",)


@contextmanager
def server_with(settings: Mapping[str, str]) -> Iterator[TestServer]:
    try:
        server = TestServer(settings)
    except NoServerError as missing:
        pytest.skip(str(missing))
    try:
        yield server
    finally:
        server.stop()


def test_a_server_that_does_not_sync_is_refused(smscli: Smscli, sandbox: RunningSandbox) -> None:
    with server_with({"fsync": "off"}) as server:
        ended = smscli(*ONE, **sandbox.variables, SMSCLI_LEDGER=address(server.directory))
        assert (ended.code, sandbox.queued) == (3, [])
        assert "fsync = off" in ended.err


def test_a_commit_that_no_standby_confirmed_is_no_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server says it as a warning, and COMMIT as if all were well."""
    with server_with({}) as server:
        monkeypatch.setenv("SMSCLI_LEDGER", address(server.directory))
        with open_store() as store, closing(server.connect()) as other:
            process = process_of(store)
            other.cursor().execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
            other.cursor().execute("SELECT pg_reload_conf()")
            waits = "SELECT wait_event FROM pg_stat_activity WHERE pid = %s"
            cursor = other.cursor()

            def give_up() -> None:
                def waiting() -> bool:
                    cursor.execute(waits, (process,))
                    return cursor.fetchone() == ("SyncRep",)

                eventually(waiting)
                cursor.execute("SELECT pg_cancel_backend(%s)", (process,))

            time.sleep(0.5)
            thread = threading.Thread(target=give_up)
            thread.start()
            with pytest.raises(LedgerLostError), store.transaction() as connection:
                connection.execute("INSERT INTO optout (account, mobile, since, reason) VALUES ('a', '1', 1, '')")
            thread.join()


# --- the way there ------------------------------------------------------------------------------------------------


def test_a_pooler_is_refused(smscli: Smscli, sandbox: RunningSandbox, ledger: str, postgres: Path) -> None:
    """One gives its clients numbers of its own, for it lends its servers' processes to one after the other."""

    def renumbered(kind: bytes, body: bytes) -> bytes:
        return (int.from_bytes(body[:4]) + 1).to_bytes(4) + body[4:] if kind == b"K" else body

    with wire(postgres, answered=renumbered) as way:
        ended = smscli(*ONE, **sandbox.variables, SMSCLI_LEDGER=by(ledger, postgres, way))
    assert (ended.code, sandbox.queued) == (3, [])
    assert "stands a pooler" in ended.err


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        ("nobody.invalid", "the name of its host is not known"),
        ("127.0.0.1:1", "nothing listens there"),
        ("%2Fnowhere", "there is no socket of a server"),
    ],
)
@pytest.mark.parametrize("password", ["5ECRET", "5ECRET@x", "@5ECRET"])
def test_why_there_is_no_connection(smscli: Smscli, server: str, reason: str, password: str) -> None:
    pytest.importorskip("psycopg2")
    ended = smscli("runs", SMSCLI_LEDGER=f"postgresql://wang:{password}@{server}/sms?connect_timeout=5")
    assert (ended.code, ended.out) == (3, "")
    assert reason in ended.err
    assert "ECRET" not in ended.err


def test_a_database_or_a_user_that_is_not_there(smscli: Smscli, ledger: str, postgres: Path) -> None:
    missing = address(postgres).rpartition("/")[0] + "/5ECRET"
    assert "it has no such database" in smscli("runs", SMSCLI_LEDGER=missing).err
    stranger = ledger.replace("smscli@", "nobody:5ECRET@")
    ended = smscli("runs", SMSCLI_LEDGER=stranger)
    assert "it has no such user" in ended.err and "5ECRET" not in ended.err


def test_a_server_elsewhere_has_to_prove_who_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []

    def look(**_: Any) -> None:
        seen.append(os.environ.get("PGSSLMODE"))
        raise psycopg2.OperationalError("x")

    monkeypatch.setattr(psycopg2, "connect", look)
    for text in ("postgresql://db/x", "service=x", "postgresql://localhost/x"):
        monkeypatch.setenv("SMSCLI_LEDGER", text)
        with pytest.raises(LedgerError), open_store():
            pass
    assert seen == ["verify-full", "verify-full", None]
    monkeypatch.setenv("PGSSLMODE", "require")
    monkeypatch.setenv("SMSCLI_LEDGER", "postgresql://db/x")
    with pytest.raises(LedgerError), open_store():
        pass
    assert seen[3:] == ["require"]


def test_a_service_and_a_password_file(smscli_process: Smscli, ledger: str, postgres: Path, home: Path) -> None:
    options = ledger.partition("?options=")[2].replace("%3D", "=")
    service = f"[sms]\nhost={postgres}\nuser=smscli\ndbname=smscli\noptions={options}\n"
    (home / "services").write_text(service)
    ended = smscli_process("ledger", "check", SMSCLI_LEDGER="service=sms", PGSERVICEFILE=str(home / "services"))
    assert ended.code == 0
    assert dict(ended.rows)["server"] == "service=sms"
    missing = smscli_process("runs", SMSCLI_LEDGER="service=other", PGSERVICEFILE=str(home / "services"))
    assert missing.code == 3 and "there is no such service" in missing.err


# --- a connection that is lost ------------------------------------------------------------------------------------


def end(store: Store, ledger: str) -> None:
    """End the server's process behind a store."""
    process = process_of(store)
    ask("SELECT pg_terminate_backend(?)", (process,), ledger)
    eventually(lambda: not ask("SELECT 1 FROM pg_stat_activity WHERE pid = ?", (process,), ledger))


def test_a_run_that_is_held_is_held_by_the_next_connection_too(store: Store, ledger: str) -> None:
    runs = Runs(store)
    with begun(runs, [BATCH, BATCH]) as run:
        steps = Steps(store, run)
        claimed = steps.claim().batch
        end(store, ledger)
        steps.claim(claimed.ended(states.ACCEPTED))
        assert [batch.state for batch in runs.batches(run.id)] == [State.ACCEPTED, State.SENDING]
        other = subprocess.run(
            [sys.executable, "-c", HOLDS, str(run.id)], stdin=subprocess.DEVNULL, capture_output=True
        )
        assert b"is being sent by another process" in other.stderr
    assert not runs.is_held(run.id)


def test_where_nothing_is_held_the_next_look_finds_a_new_connection(store: Store, ledger: str) -> None:
    for _ in range(2):
        end(store, ledger)
        assert store.read("SELECT 1") == [(1,)]
    assert store.read("SHOW synchronous_commit") == [("on",)]
    end(store, ledger)
    with store.transaction() as connection:  # as a listener does when the next push comes
        connection.execute("INSERT INTO optout (account, mobile, since, reason) VALUES ('a', '1', 1, '')")
    assert store.read("SELECT mobile FROM optout") == [("1",)]


def test_a_run_goes_on_where_the_connection_is_lost(
    smscli: Smscli, sandbox: RunningSandbox, ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from smscli.sandbox import gateway as module

    answer = module.SandboxGateway.answer

    def ending(self: module.SandboxGateway, fields: dict[str, str]) -> object:
        if fields.get("mobile", "").endswith("3"):
            schema = "(SELECT oid FROM pg_namespace WHERE nspname = current_schema())"
            ask(f"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE classid = {schema} AND objid = 1", (), ledger)
        return answer(self, fields)

    monkeypatch.setattr(module.SandboxGateway, "answer", ending)
    people = "\n".join(f"1380013800{n}" for n in range(8))
    options = ("--content", "x", "--batch-size", "1", "--workers", "1", "--yes")
    ended = smscli("send", *options, stdin=people, **sandbox.variables)
    assert ended.code == 0
    assert sandbox.queued == [f"1380013800{n}" for n in range(8)]


@contextmanager
def cut_at_commit(ledger: str, postgres: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Lead to the server by a way on which, once the event is set, no answer to a commit comes back."""
    armed, asked = threading.Event(), threading.Event()

    def watch(kind: bytes, body: bytes) -> bytes:
        if kind == b"Q" and body.startswith(b"COMMIT") and armed.is_set():
            asked.set()
        return body

    def swallow(_kind: bytes, body: bytes) -> bytes | None:
        return None if asked.is_set() else body

    with wire(postgres, watch, swallow) as way:
        monkeypatch.setenv("SMSCLI_LEDGER", by(ledger, postgres, way))
        yield armed


def test_a_commit_without_an_answer_is_no_success(ledger: str, postgres: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with cut_at_commit(ledger, postgres, monkeypatch) as armed, open_store() as store:
        runs = Runs(store)
        with begun(runs, [BATCH]) as run:
            armed.set()
            with pytest.raises(LedgerError):
                Steps(store, run).claim()  # so the request does not leave
    # It was durable all the same.
    monkeypatch.setenv("SMSCLI_LEDGER", ledger)
    with open_runs() as later:
        assert [found.state for found in later.batches(run.id)] == [State.UNKNOWN]


# --- locks --------------------------------------------------------------------------------------------------------


def test_a_ledger_that_is_locked_is_busy(store: Store, ledger: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store.read("SET lock_timeout = '100ms'; SELECT 1")
    key = store._engine._lock(0)  # type: ignore[attr-defined]
    with closing(psycopg2.connect(ledger)) as holder:
        holder.cursor().execute("SELECT pg_advisory_xact_lock(%s)", (key,))
        with pytest.raises(LedgerBusyError, match="another program keeps it locked"), store.transaction():
            pass
    with store.transaction():  # it can be tried again
        pass


def test_ledgers_in_one_database_do_not_share_their_locks(
    store: Store, postgres: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with new_schema(postgres) as other:
        monkeypatch.setenv("SMSCLI_LEDGER", other)
        with open_store() as second, begun(Runs(store), [BATCH]) as one:
            with begun(Runs(second), [BATCH]) as two:
                assert one.id == two.id
            with store.transaction(), second.transaction():
                pass
            assert not second.is_held(one.id)


HOLDS = """
import sys
from smscli.ledger.store import open_store
with open_store() as store, store.hold(int(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder_of(run: int) -> "Iterator[subprocess.Popen[bytes]]":
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(run)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout and process.stdout.readline() == b"held\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_run_is_free_once_its_process_is_dead(store: Store, how: signal.Signals) -> None:
    with begun(Runs(store), [BATCH]) as run:
        pass
    with holder_of(run.id) as process:
        assert store.is_held(run.id) and store.is_alive(run.id)
        with pytest.raises(BusyError, match="is being sent by another process"), store.hold(run.id):
            pass
        process.send_signal(how)
        process.wait()
        eventually(lambda: not store.is_held(run.id))
        with store.hold(run.id):
            assert store.is_alive(run.id) and not store.is_held(run.id)


def test_ten_hosts_with_one_key_send_once(smscli_process: Smscli, sandbox: RunningSandbox, ledger: str) -> None:
    assert smscli_process("runs").code == 0
    codes: list[int] = []

    def send() -> None:
        codes.append(smscli_process(*ONE, "--key", "k", **sandbox.variables).code)

    threads = [threading.Thread(target=send) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sandbox.queued == ["13800138000"]
    assert codes.count(0) >= 1 and set(codes) <= {0, 6, 10}


# --- what is said of it -------------------------------------------------------------------------------------------


def test_check(smscli: Smscli, sandbox: RunningSandbox, ledger: str) -> None:
    assert smscli(*ONE, **sandbox.variables).code == 0
    with open_store():
        ended = smscli("ledger", "check", "--output", "tsv")
    found = dict(ended.rows)
    assert ended.code == 0
    assert found["server"].startswith("postgresql://smscli@")
    assert found["engine"].startswith("PostgreSQL ")
    assert (found["sound"], found["runs"], found["unfinished runs"], found["replication"]) == ("yes", "1", "0", "none")
    assert int(found["bytes"]) > 0


def test_backup_says_how(smscli: Smscli, ledger: str, tmp_path: Path) -> None:
    ended = smscli("ledger", "backup", str(tmp_path / "copy.db"))
    assert ended.code == 2
    assert "pg_dump" in ended.err
    assert not (tmp_path / "copy.db").exists()


@pytest.mark.parametrize("content", ["a\0b", "\\N", "\\.", "a\tb\r\nc\\", "'; --", "%s ?", "\\n", "你好😀"])
def test_every_text_comes_back(store: Store, content: str) -> None:
    """In the one row of a run, and in the many of its batches; only the character that it cannot keep is replaced."""
    kept = content.replace("\0", "\ufffd")
    with begun(Runs(store), [("x", ["13800138000"]), (content, ["13800138001"])], new_run(content)) as run:
        assert Runs(store).find(run.id).content == kept
    with begun(Runs(store), [(content, ["13800138000"])]) as run:
        assert [batch.content for batch in Runs(store).batches(run.id)] == [kept]
