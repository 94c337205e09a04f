"""The ledger on disk: private, versioned, and a send that cannot be recorded does not begin."""

import os
import sqlite3
import stat
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest

from smscli.ledger.runs import State, open_ledger
from smscli.ledger.store import MIGRATIONS, LedgerError, ledger_path
from smscli.protocol.times import CHINA
from tests.support.command import Smscli
from tests.support.runs import new_run
from tests.support.sandboxes import RunningSandbox, numbers

TODAY = datetime.now(CHINA).strftime("%Y-%m-%d")
ONE = ("send", "--mobile", "13800138000", "--content", "x")


@pytest.fixture
def ledger(home: Path) -> Path:
    return home / ".local" / "state" / "smscli" / "ledger.db"


def test_every_send_is_a_run_with_all_that_was_asked(smscli: Smscli, sandbox: RunningSandbox) -> None:
    ended = smscli(*ONE, "--extno", "12", "--key", "k", **sandbox.variables, SMSCLI_SIGN="店")
    assert ended.code == 0
    with open_ledger() as opened:
        (run,) = opened.runs()
        (batch,) = opened.batches(run.id)
    assert (run.key, run.profile, run.account, run.content, run.sign, run.extno) == (
        "k",
        "environment",
        "demo",
        "x",
        "店",
        "12",
    )
    assert (run.numbers, run.source, run.stime) == (1, "--mobile", "")
    assert "@" in run.asker and abs(run.created - time.time()) < 60
    assert (batch.state, batch.mobiles, batch.code, batch.message) == (State.ACCEPTED, "13800138000", 0, "提交成功")
    assert batch.sendid == sandbox.requests[0]["sendid"]


@pytest.mark.skipif(os.name != "posix", reason="file modes are of POSIX")
def test_the_files_are_their_owners_alone_and_hold_no_password(
    smscli: Smscli, sandbox: RunningSandbox, ledger: Path
) -> None:
    old = os.umask(0)
    try:
        assert smscli(*ONE, **sandbox.variables).code == 0
        with open_ledger():
            files = list(ledger.parent.iterdir())
            assert {"ledger.db", "ledger.db-lock"} <= {file.name for file in files}
            assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    finally:
        os.umask(old)
    assert stat.S_IMODE(ledger.parent.stat().st_mode) == 0o700
    assert not any(b"5ECRET-PWD" in file.read_bytes() for file in files if file.exists())


def test_the_ledger_is_on_disk_before_the_request_leaves(
    smscli: Smscli, sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ask the disk from another connection, at the moment when the gateway gets the request."""
    from smscli.sandbox import gateway as module

    seen: list[str] = []
    answer = module.SandboxGateway.answer

    def looking(self: module.SandboxGateway, fields: dict[str, str]) -> object:
        with open_ledger() as opened:
            seen.extend(batch.state for batch in opened.batches(1))
        return answer(self, fields)

    monkeypatch.setattr(module.SandboxGateway, "answer", looking)
    assert smscli(*ONE, **sandbox.variables).code == 0
    assert seen == ["sending"]


def test_synced_in_full(home: Path) -> None:
    with open_ledger() as opened:
        connection = opened._connection
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_newer_ledger_is_refused_and_left_as_it_is(smscli: Smscli, sandbox: RunningSandbox, ledger: Path) -> None:
    assert smscli("runs").code == 0
    with sqlite3.connect(ledger) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    before = ledger.read_bytes()
    ended = smscli(*ONE, **sandbox.variables)
    assert (ended.code, sandbox.queued) == (3, [])
    assert "was written by a newer smscli" in ended.err
    assert ledger.read_bytes() == before


def test_each_migration_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from smscli.ledger import store as module

    monkeypatch.setenv("SMSCLI_LEDGER", str(tmp_path / "old.db"))
    monkeypatch.setattr(module, "MIGRATIONS", MIGRATIONS[:1])
    with open_ledger() as opened, opened.new_run(new_run(count=1), [("x", "13800138000", 1)]):
        pass
    monkeypatch.setattr(module, "MIGRATIONS", (*MIGRATIONS, "CREATE TABLE later (x)"))
    with open_ledger() as opened:
        assert [batch.mobiles for batch in opened.batches(1)] == ["13800138000"]
        assert opened._connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) + 1,)


@pytest.mark.parametrize(
    "content", [b"no database at all, but long enough to look at" * 40, b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_a_damaged_ledger_stops_a_send_before_it_starts(
    smscli: Smscli, sandbox: RunningSandbox, ledger: Path, content: bytes
) -> None:
    ledger.parent.mkdir(parents=True)
    ledger.write_bytes(content)
    ended = smscli(*ONE, **sandbox.variables)
    assert (ended.code, sandbox.queued) == (3, [])
    assert "is damaged or no ledger" in ended.err
    assert ledger.read_bytes() == content


def test_another_programs_database_is_left_alone(smscli: Smscli, sandbox: RunningSandbox, ledger: Path) -> None:
    ledger.parent.mkdir(parents=True)
    connection = sqlite3.connect(ledger)
    connection.execute("CREATE TABLE precious (x)")
    connection.close()
    ended = smscli(*ONE, **sandbox.variables)
    assert (ended.code, sandbox.queued) == (3, [])
    assert "a database of another program" in ended.err


def test_a_locked_ledger_stops_a_send_before_it_starts(
    sandbox: RunningSandbox, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from smscli.ledger import store as module

    with open_ledger():
        pass
    monkeypatch.setattr(module, "_BUSY_SECONDS", 0.2)
    holder = sqlite3.connect(ledger_path(), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with (
        open_ledger() as opened,
        pytest.raises(LedgerError, match="another program keeps it locked"),
        opened.new_run(new_run(count=1), [("x", "13800138000", 1)]),
    ):
        pass
    holder.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_stops_a_send_before_it_starts(smscli: Smscli, sandbox: RunningSandbox, tmp_path: Path) -> None:
    for path in ("/dev/full", str(tmp_path / "nothing" / ("x" * 300))):
        ended = smscli(*ONE, **sandbox.variables, SMSCLI_LEDGER=path)
        assert (ended.code, sandbox.queued) == (3, [])
        assert "Traceback" not in ended.err


def test_a_state_that_may_have_been_sent_never_becomes_sending_again(home: Path) -> None:
    with open_ledger() as opened, opened.new_run(new_run(count=1), [("x", "13800138000", 1)]) as run:
        (batch,) = opened.open_batches(run)
        sending = batch._replace(state=State.SENDING)
        opened.settle(run, [sending])
        for state in (State.UNKNOWN, State.ACCEPTED):
            with pytest.raises(LedgerError, match="changed by another program"):
                opened.settle(run, [sending])
            opened.change_state(run, State.SENDING, state)
            with pytest.raises(LedgerError, match="changed by another program"):
                opened.settle(run, [sending])
            opened.change_state(run, state, State.SENDING)


def test_prune_forgets_texts_and_numbers_but_no_unfinished_run_and_no_key(
    smscli: Smscli, sandbox: RunningSandbox, ledger: Path
) -> None:
    secret, shop = "SomeSecretText", sandbox.variables
    assert smscli("send", "--mobile", "13800138000", "--content", secret, **shop).code == 0
    assert smscli("send", "--mobile", "13800138001", "--content", secret, "--key", "k", **shop).code == 0
    assert smscli("send", "--mobile", "13800138002", "--content", "x", **shop | {"SMSCLI_NAME": "closed"}).code == 4
    assert smscli("runs", "prune", "--before", "2020-01-01").err.startswith("0 runs forgotten")
    assert smscli("runs", "prune", "--before", "2999-01-01").code == 2
    with sqlite3.connect(ledger) as connection:
        connection.execute("UPDATE run SET created = created - 2 * 86400")
    connection.close()
    ended = smscli("runs", "prune", "--before", TODAY)
    kept = "(those with a key keep it, without texts and numbers)"
    assert ended.err == f"2 runs forgotten {kept}; 1 unfinished ones stay until they are resumed\n"
    assert [row[0] for row in smscli("runs").rows] == ["3", "2"]
    files = [file.read_bytes() for file in ledger.parent.iterdir()]
    assert not any(secret.encode() in content or b"13800138001" in content for content in files)
    again = smscli("send", "--mobile", "13800138001", "--content", secret, "--key", "k", **shop)
    assert again.code == 0
    assert "nothing was sent again" in again.err
    assert sandbox.queued == ["13800138000", "13800138001"]


def test_pruned_numbers_are_gone_from_the_file(smscli: Smscli, sandbox: RunningSandbox, ledger: Path) -> None:
    people = numbers(3000)
    send = ("send", "--content", "x", "--batch-size", "20", "--yes", "--force")
    smscli(*send, stdin="\n".join(people), **sandbox.variables)
    with sqlite3.connect(ledger) as connection:
        connection.execute("DELETE FROM batch WHERE state = 'planned' OR state = 'refused'")
        connection.execute("UPDATE run SET created = 1")
    connection.close()
    assert smscli("runs", "prune", "--before", TODAY).err.startswith("1 run forgotten")
    content = b"".join(file.read_bytes() for file in ledger.parent.iterdir())
    assert not any(mobile.encode() in content for mobile in people)


def test_one_ledger_has_one_lock_whatever_it_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "real.db")
    monkeypatch.setenv("SMSCLI_LEDGER", str(tmp_path / "link.db"))
    assert ledger_path() == tmp_path / "real.db"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SMSCLI_LEDGER", ":memory:")
    assert ledger_path() == tmp_path / ":memory:"


@pytest.mark.skipif(os.name != "posix", reason="file modes are of POSIX")
def test_a_file_that_is_no_ledger_keeps_its_mode(smscli: Smscli, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("nothing of a ledger\n" * 100)
    other.chmod(0o644)
    for path in (str(other), "/dev/null"):
        before = Path(path).stat().st_mode
        assert smscli("runs", SMSCLI_LEDGER=path).code == 3
        assert Path(path).stat().st_mode == before


def test_looking_at_a_run_neither_steals_nor_drops_its_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMSCLI_LEDGER", str(tmp_path / "ledger.db"))
    with open_ledger() as opened, opened.new_run(new_run(count=1), [("x", "13800138000", 1)]) as run:
        assert not opened.is_held(run)
        look = "import sys\nfrom smscli.ledger import open_ledger\nwith open_ledger() as o: sys.exit(o.is_held(1))"
        assert subprocess.run([sys.executable, "-c", look]).returncode == 1


def test_the_file_is_not_closed_under_a_thread_that_writes(home: Path) -> None:
    """After a second Ctrl-C workers are still at it while the main thread leaves; SQLite would crash."""
    with open_ledger() as ledger:
        ledger._committing.acquire()
    ledger._connection.execute("SELECT 1")
    ledger._committing.release()
    ledger.close()
    with pytest.raises(LedgerError, match="was closed, for the program is ending"):
        ledger.open_batches(1)
