"""`smscli ledger move`: all of a file arrives on a server, or nothing; then nothing is sent by the file any more."""

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from smscli.ledger.store import open_store
from tests.support.command import Smscli, smscli_by
from tests.support.ledgers import ask, new_schema
from tests.support.program import run_process
from tests.support.runs import begun, new_run, open_runs
from tests.support.sandboxes import RunningSandbox

KEYED = ("send", "--mobile", "13800138000", "--content", "x", "--key", "k")


@pytest.fixture
def target(postgres: Path) -> Iterator[str]:
    """Return the address of an empty schema on a server."""
    with new_schema(postgres) as address:
        yield address


@pytest.fixture
def file(tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use a file as the ledger, here and in commands, also where tests have theirs on a server."""
    path = tmp_path / "shop.db"
    environment["SMSCLI_LEDGER"] = str(path)
    monkeypatch.setenv("SMSCLI_LEDGER", str(path))
    return path


def fill(path: Path, rows: int) -> None:
    """Put rows into every table of a ledger, with a value in every column."""
    with open_store():
        pass
    with closing(sqlite3.connect(path)) as connection:
        for table, columns in columns_of(connection).items():
            lines = ([value(kind, number, name) for name, kind in columns.items()] for number in range(1, rows + 1))
            connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})", lines)
        connection.execute("DELETE FROM reply WHERE id = (SELECT max(id) FROM reply)")
        connection.commit()


def value(kind: str, number: int, name: str) -> object:
    if name in ("run", "open"):
        return 1
    if name == "state":
        return "accepted"
    texts = {"INTEGER": number, "REAL": number + 0.1, "BLOB": bytes([number % 256, 0, 92, 10])}
    return texts.get(kind, f"{name} {number}\t\\N\n你好😀\ufffd")


def columns_of(connection: sqlite3.Connection) -> dict[str, dict[str, str]]:
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
    return {
        table: {row[1]: row[2] for row in connection.execute(f"PRAGMA table_info({table})")}
        for (table,) in tables.fetchall()
        if table != "moved"
    }


def content(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as connection:
        return {
            table: sorted(connection.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall(), key=repr)
            for table, columns in columns_of(connection).items()
        }


def content_there(path: Path, target: str) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as connection:
        return {
            table: sorted(ask(f"SELECT {', '.join(columns)} FROM {table}", (), target), key=repr)
            for table, columns in columns_of(connection).items()
        }


def test_every_column_of_every_table_arrives(smscli: Smscli, file: Path, target: str) -> None:
    fill(file, 30)
    before = content(file)
    assert all(rows and all(cell is not None for row in rows for cell in row) for rows in before.values())
    ended = smscli("ledger", "move", target)
    assert (ended.code, ended.out) == (0, "")
    assert f"is now on {target}: 30 runs, 30 batches, 30 reports, 29 replies" in ended.err
    assert content_there(file, target) == before == content(file)


def test_a_column_or_a_table_that_is_forgotten_there_is_found(smscli: Smscli, file: Path, target: str) -> None:
    fill(file, 3)
    assert smscli("runs", SMSCLI_LEDGER=target).code == 0
    ask("ALTER TABLE report DROP COLUMN at", (), target)
    ended = smscli("ledger", "move", target)
    assert ended.code == 1 and 'column "at" of relation' in ended.err  # a bug of ours
    assert ask("SELECT count(*) FROM run", (), target) == [(0,)]
    assert smscli("runs").code == 0


def test_rows_that_change_on_the_way_are_found(smscli: Smscli, file: Path, target: str) -> None:
    fill(file, 3)
    assert smscli("runs", SMSCLI_LEDGER=target).code == 0
    ask("CREATE FUNCTION other() RETURNS trigger AS 'BEGIN NEW.numbers = NEW.numbers + 1; RETURN NEW; END' "
        "LANGUAGE plpgsql", (), target)  # fmt: skip
    ask("CREATE TRIGGER other BEFORE INSERT ON tally FOR EACH ROW EXECUTE FUNCTION other()", (), target)
    ended = smscli("ledger", "move", target)
    assert ended.code == 3
    assert "what arrived of the table tally differs" in ended.err and "nothing was moved" in ended.err
    assert ask("SELECT count(*) FROM run", (), target) == [(0,)]
    assert smscli("runs").code == 0


def test_a_nul_arrives_as_another_character(smscli: Smscli, file: Path, target: str) -> None:
    with open_runs() as runs, begun(runs, [("a\0b\ufffd", ["13800138000"])]):
        pass
    assert smscli("ledger", "move", target).code == 0
    assert ask("SELECT content FROM batch", (), target) == [("a\ufffdb\ufffd",)]


def test_ids_go_on_behind_the_highest_there_ever_was(smscli: Smscli, file: Path, target: str) -> None:
    fill(file, 5)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("DELETE FROM run WHERE id = 5")
    assert smscli("ledger", "move", target).code == 0
    os.environ["SMSCLI_LEDGER"] = target
    with open_runs() as runs, begun(runs, [("x", ["13800138000"])]) as run:
        assert run.id == 6


def test_a_run_goes_on_there_without_a_question(
    smscli: Smscli, sandbox: RunningSandbox, file: Path, target: str
) -> None:
    with open_runs() as runs, begun(runs, [("x", ["13800138000"])], new_run("x", profile="environment")):
        pass
    assert smscli("ledger", "move", target).code == 0
    ended = smscli("resume", "1", stdin="", **sandbox.variables, SMSCLI_LEDGER=target)
    assert (ended.code, len(sandbox.queued)) == (0, 1), ended.err


def test_a_key_that_no_server_holds(smscli: Smscli, file: Path, target: str) -> None:
    with open_runs() as runs, begun(runs, [("x", ["13800138000"])], new_run()._replace(key="长" * 4000)):
        pass
    ended = smscli("ledger", "move", target)
    assert ended.code == 2
    assert "the key of run 1 has 4,000 characters, and a server holds at most 500, so nothing was moved" in ended.err
    assert smscli("runs").code == 0


def test_nothing_is_sent_by_the_file_any_more(
    smscli: Smscli, sandbox: RunningSandbox, file: Path, target: str, tmp_path: Path
) -> None:
    assert smscli(*KEYED, **sandbox.variables).code == 0
    shutil.copy(file, tmp_path / "older.db")
    assert smscli("ledger", "move", target).code == 0
    for command in (KEYED, ("runs",), ("inbox",), ("ledger", "check"), ("optout", "list")):
        ended = smscli(*command, **sandbox.variables)
        assert (ended.code, ended.out) == (3, "")
        assert f"was moved to {target}" in ended.err and "SMSCLI_LEDGER" in ended.err
    assert len(sandbox.queued) == 1
    again = smscli(*KEYED, **sandbox.variables, SMSCLI_LEDGER=target)
    assert "was sent before; nothing was sent again" in again.err
    assert len(sandbox.queued) == 1
    # An older copy in its place is recognised by what is kept beside it, and so is an empty place.
    for _ in range(2):
        for companion in ("shop.db", "shop.db-wal", "shop.db-shm"):
            (tmp_path / companion).unlink(missing_ok=True)
        ended = smscli(*KEYED, **sandbox.variables)
        assert (ended.code, len(sandbox.queued)) == (3, 1)
        assert f"was moved to {target}" in ended.err and "older copy" in ended.err
        shutil.copy(tmp_path / "older.db", file)


def test_a_process_that_has_the_file_open_writes_no_more(smscli_process: Smscli, file: Path, target: str) -> None:
    with open_store() as store:
        assert smscli_process("ledger", "move", target).code == 0
        with pytest.raises(Exception, match="was moved to"), store.transaction() as connection:
            connection.execute("INSERT INTO optout (account, mobile, since, reason) VALUES ('a', '1', 1, '')")
    assert ask("SELECT count(*) FROM optout", (), str(file)) == [(0,)]


def test_a_repeat_says_so(smscli: Smscli, file: Path, target: str) -> None:
    fill(file, 3)
    assert smscli("ledger", "move", target).code == 0
    ended = smscli("ledger", "move", target)
    assert ended.code == 0
    assert f"was moved to {target} before: 3 runs" in ended.err


def test_what_is_there_stays(smscli: Smscli, sandbox: RunningSandbox, file: Path, target: str) -> None:
    fill(file, 3)
    assert smscli(*KEYED, **sandbox.variables, SMSCLI_LEDGER=target).code == 0
    ended = smscli("ledger", "move", target)
    assert ended.code == 2
    assert f"the ledger {target} is not empty, so nothing was moved" in ended.err
    assert ask("SELECT count(*) FROM run", (), target) == [(1,)]
    assert smscli("runs").code == 0


def test_a_run_that_is_being_sent_is_waited_for(smscli_process: Smscli, file: Path, target: str) -> None:
    with open_runs() as runs, begun(runs, [("x", ["13800138000"])]):
        ended = smscli_process("ledger", "move", target)
    assert ended.code == 10
    assert "run 1 is being sent by another process, so nothing was moved" in ended.err
    assert smscli_process("ledger", "move", target).code == 0


def test_no_password_on_the_command_line(smscli: Smscli, file: Path) -> None:
    fill(file, 1)
    for address in ("postgresql://wang:5ECRET@localhost/x", "postgres//wang:5ECRET@h", "5ECRET"):
        ended = smscli("ledger", "move", address)
        assert ended.code in (2, 3)
        assert "ADDRESS" in ended.err and "ECRET" not in ended.err
    assert smscli("runs").code == 0


def test_no_file_to_move(smscli: Smscli, file: Path, target: str) -> None:
    ended = smscli("ledger", "move", target)
    assert ended.code == 2 and f"there is no ledger in {file}" in ended.err
    ended = smscli("ledger", "move", target, SMSCLI_LEDGER=target)
    assert ended.code == 2 and "on a server already" in ended.err


# --- killed -------------------------------------------------------------------------------------------------------

DYING = """
import os, sys
from smscli.ledger import moving
from smscli.ledger.engines.postgres import PostgresEngine
from smscli.ledger.engines.sqlite import SqliteEngine

def dying(owner, name, after):
    real = getattr(owner, name)
    def call(*arguments, **named):
        if not after:
            os._exit(9)
        real(*arguments, **named)
        os._exit(9)
    setattr(owner, name, call)

point, after = sys.argv.pop(1), sys.argv.pop(1) == "after"
owner = {"commit": PostgresEngine, "_copy": moving, "mark": moving, "write_note": moving, "_arrive": moving}[point]
original = PostgresEngine.commit
if point == "commit":  # that of the move, not of the tables
    arrive = moving._arrive
    def armed(*arguments):
        dying(PostgresEngine, "commit", after)
        arrive(*arguments)
    moving._arrive = armed
else:
    dying(owner, point, after)
from smscli.__main__ import main
sys.exit(main())
"""


@pytest.mark.parametrize("after", ["before", "after"])
@pytest.mark.parametrize("point", ["_copy", "mark", "_arrive", "commit", "write_note"])
def test_a_kill_at_each_step(
    smscli_process: Smscli, environment: dict[str, str], file: Path, target: str, point: str, after: str
) -> None:
    fill(file, 20)
    before = content(file)
    command = [sys.executable, "-c", DYING, point, after, "ledger", "move", target]
    assert subprocess.run(command, env=environment, check=False).returncode == 9
    agree(smscli_process, file, target, before)


def agree(smscli: Smscli, file: Path, target: str, before: dict[str, list[tuple[object, ...]]]) -> None:
    """Check that the file is as it was, or refuses all, and that a repeat ends with all on the server."""
    looked = smscli("runs")
    arrived = bool(ask("SELECT to_regclass('run')", (), target)[0][0]) and content_there(file, target) == before
    if arrived:
        assert looked.code == 3
    if looked.code:
        assert "was moved to" in looked.err or f"Finish it with: smscli ledger move {target}" in looked.err
    assert smscli("ledger", "move", target).code == 0
    assert smscli("runs").code == 3
    assert content_there(file, target) == before


@pytest.mark.parametrize("kills", [4, pytest.param(200, marks=pytest.mark.long)])
def test_a_kill_at_any_moment(
    environment: dict[str, str], tmp_path: Path, postgres: Path, file: Path, kills: int
) -> None:
    fill(file, 4_000)
    full, before = tmp_path / "full.db", content(file)
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(full)) as copy:
        source.backup(copy)
    chance, took = random.Random(7), 3.0
    for kill in range(kills + 1):
        path = tmp_path / f"ledger-{kill}.db"
        shutil.copy(full, path)
        environment["SMSCLI_LEDGER"] = str(path)
        with new_schema(postgres) as target:
            begun_at = time.monotonic()
            command = [sys.executable, "-m", "smscli", "ledger", "move", target]
            with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
                try:
                    process.wait(chance.uniform(0.1, took) if kill else None)
                except subprocess.TimeoutExpired:
                    process.kill()
            took = took if kill else time.monotonic() - begun_at  # the first one shows how long it takes
            agree(smscli_by(run_process, environment, tmp_path), path, target, before)
