"""The ledger on disk: private, versioned, and a send that cannot be recorded does not begin."""

import os
import sqlite3
import stat
import time
from datetime import datetime
from pathlib import Path

import pytest

from smscli.errors import LedgerError
from smscli.ledger import states
from smscli.ledger.runs import Runs
from smscli.ledger.schema import MIGRATIONS
from smscli.ledger.states import Fate, State
from smscli.ledger.store import ledger_location, open_store
from smscli.protocol.times import CHINA
from tests.support.command import Smscli
from tests.support.ledgers import ask
from tests.support.runs import Steps, begun, open_runs
from tests.support.sandboxes import RunningSandbox, numbers

TODAY = datetime.now(CHINA).strftime("%Y-%m-%d")
ONE = ("send", "--mobile", "13800138000", "--content", "x")


@pytest.fixture
def ledger(home: Path) -> Path:
    return home / ".local" / "state" / "smscli" / "ledger.db"


def test_every_send_is_a_run_with_all_that_was_asked(smscli: Smscli, sandbox: RunningSandbox) -> None:
    ended = smscli(*ONE, "--extno", "12", "--key", "k", **sandbox.variables, SMSCLI_SIGN="店")
    assert ended.code == 0
    with open_runs() as runs:
        (run,) = runs.latest()
        (batch,) = runs.batches(run.id)
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
    assert (batch.state, batch.mobiles, batch.code, batch.message) == (State.ACCEPTED, ("13800138000",), 0, "提交成功")
    assert batch.sendid == sandbox.requests[0]["sendid"]


@pytest.mark.sqlite
@pytest.mark.skipif(os.name != "posix", reason="file modes are of POSIX")
def test_the_files_are_their_owners_alone_and_hold_no_password(
    smscli: Smscli, sandbox: RunningSandbox, ledger: Path
) -> None:
    old = os.umask(0)
    try:
        assert smscli(*ONE, **sandbox.variables).code == 0
        with open_store():
            files = list(ledger.parent.iterdir())
            assert {"ledger.db", "ledger.db-lock"} <= {file.name for file in files}
            assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    finally:
        os.umask(old)
    assert stat.S_IMODE(ledger.parent.stat().st_mode) == 0o700
    assert not any(b"5ECRET-PWD" in file.read_bytes() for file in files if file.exists())


def test_the_ledger_is_on_disk_before_the_request_leaves(
    smscli_process: Smscli, sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ask the disk from another process, at the moment when the gateway gets the request."""
    from smscli.sandbox import gateway as module

    seen: list[str] = []
    answer = module.SandboxGateway.answer

    def looking(self: module.SandboxGateway, fields: dict[str, str]) -> object:
        with open_runs() as runs:
            seen.extend(batch.state for batch in runs.batches(1))
        return answer(self, fields)

    monkeypatch.setattr(module.SandboxGateway, "answer", looking)
    assert smscli_process(*ONE, **sandbox.variables).code == 0
    assert seen == ["sending"]


@pytest.mark.sqlite
def test_synced_in_full(home: Path) -> None:
    with open_store() as store:
        connection = store._connection
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.sqlite
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


@pytest.mark.sqlite
def test_each_migration_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from smscli.ledger.engines import sqlite as module

    monkeypatch.setenv("SMSCLI_LEDGER", str(tmp_path / "old.db"))
    monkeypatch.setattr(module, "MIGRATIONS", MIGRATIONS[:1])
    with open_store() as store, store.transaction() as connection:
        connection.execute(
            "INSERT INTO run VALUES (1, NULL, 1, '', 's', 'demo', 'x', '', '', '2026-12-01 09:00:00', '', '', 5, 0, 0)"
        )
        connection.executemany(
            "INSERT INTO batch (run, number, state, mobiles, numbers, code, message) VALUES (1, ?, ?, ?, 1, ?, ?)",
            [
                (1, "planned", "13800138000", None, ""),
                (2, "refused", "13800138001", 1, "含有敏感词汇"),
                (3, "refused", "13800138002", 2, "余额不足"),
                (4, "refused", "13800138003", 2, "含有敏感词汇"),
                (5, "unknown", "13800138004", None, ""),
            ],
        )
    monkeypatch.setattr(module, "MIGRATIONS", (*MIGRATIONS, ("CREATE TABLE later (x)",)))
    with open_runs() as runs:
        assert [batch.mobiles for batch in runs.batches(1)] == [(f"1380013800{n}",) for n in range(5)]
        assert [batch.number for batch in runs.open_batches(1)] == [1, 3]
        assert runs.find(1).due == 1796086800  # 2026-12-01 01:00 UTC
    with open_store() as store:
        assert store.read("PRAGMA user_version") == [(len(MIGRATIONS) + 1,)]


@pytest.mark.sqlite
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
    assert "is damaged or not a ledger" in ended.err
    assert ledger.read_bytes() == content


@pytest.mark.sqlite
def test_another_programs_database_is_left_alone(smscli: Smscli, sandbox: RunningSandbox, ledger: Path) -> None:
    ledger.parent.mkdir(parents=True)
    connection = sqlite3.connect(ledger)
    connection.execute("CREATE TABLE precious (x)")
    connection.close()
    ended = smscli(*ONE, **sandbox.variables)
    assert (ended.code, sandbox.queued) == (3, [])
    assert "a database of another program" in ended.err


@pytest.mark.sqlite
def test_a_locked_ledger_stops_a_send_before_it_starts(
    sandbox: RunningSandbox, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from smscli.ledger.engines import sqlite as module

    with open_store():
        pass
    monkeypatch.setattr(module, "_BUSY_SECONDS", 0.2)
    holder = sqlite3.connect(str(ledger_location()), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with (
        open_runs() as runs,
        pytest.raises(LedgerError, match="another program keeps it locked"),
        begun(runs, [("x", ["13800138000"])]),
    ):
        pass
    holder.close()


@pytest.mark.sqlite
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_stops_a_send_before_it_starts(smscli: Smscli, sandbox: RunningSandbox, tmp_path: Path) -> None:
    for path in ("/dev/full", str(tmp_path / "nothing" / ("x" * 300))):
        ended = smscli(*ONE, **sandbox.variables, SMSCLI_LEDGER=path)
        assert (ended.code, sandbox.queued) == (3, [])
        assert "Traceback" not in ended.err


@pytest.mark.parametrize("fate", [states.UNKNOWN, states.ACCEPTED, states.REFUSED])
def test_what_may_have_been_sent_is_never_claimed_again(home: Path, fate: Fate) -> None:
    with open_store() as store, begun(Runs(store), [("x", ["13800138000"])]) as run:
        claimed = Steps(store, run).claim().batch
        assert claimed.state is State.SENDING
        assert not Steps(store, run).has_more()
        Steps(store, run).settle(claimed.ended(fate))
        assert not Steps(store, run).has_more()


def test_an_answer_is_written_by_its_claim_alone(home: Path) -> None:
    with open_store() as store, begun(Runs(store), [("x", ["13800138000"])]) as run:
        steps, runs = Steps(store, run), Runs(store)
        claimed = steps.claim().batch
        foreign = claimed.ended(states.ACCEPTED)._replace(token="another")
        steps.settle(foreign)
        assert steps.claims.overtaken == [foreign]
        assert [batch.state for batch in runs.batches(run.id)] == [State.SENDING]
        steps.settle(claimed.ended(states.UNKNOWN))
        with store.transaction() as connection:  # others took this process for dead
            connection.execute("UPDATE batch SET error = 'died'")
        steps = Steps(store, run)
        for _ in range(2):  # what is written already may be written again
            steps.settle(claimed.ended(states.ACCEPTED))
            assert [batch.state for batch in runs.batches(run.id)] == [State.ACCEPTED]
        steps.settle(claimed.ended(states.REFUSED))
        assert [batch.state for batch in runs.batches(run.id)] == [State.ACCEPTED]


def test_a_run_that_is_cancelled_is_not_claimed(home: Path) -> None:
    with open_store() as store, begun(Runs(store), [("x", ["13800138000"]), ("y", ["13800138001"])]) as run:
        steps, runs = Steps(store, run), Runs(store)
        claimed = steps.claim().batch
        assert runs.cancel(run.id) == 1
        assert not steps.has_more(claimed.ended(states.ACCEPTED))
        assert [batch.state for batch in runs.batches(run.id)] == [State.ACCEPTED, State.DROPPED]
        assert runs.find(run.id).cancelled


def test_prune_forgets_texts_and_numbers_but_no_unfinished_run_and_no_key(
    smscli: Smscli, sandbox: RunningSandbox, home: Path
) -> None:
    secret, shop = "SomeSecretText", sandbox.variables
    assert smscli("send", "--mobile", "13800138000", "--content", secret, **shop).code == 0
    assert smscli("send", "--mobile", "13800138001", "--content", secret, "--key", "k", **shop).code == 0
    assert smscli("send", "--mobile", "13800138002", "--content", "x", **shop | {"SMSCLI_NAME": "closed"}).code == 4
    assert smscli("runs", "prune", "--before", "2020-01-01").err.startswith("0 runs forgotten")
    assert smscli("runs", "prune", "--before", "2999-01-01").code == 2
    ask("UPDATE run SET created = created - 2 * 86400")
    ended = smscli("runs", "prune", "--before", TODAY)
    kept = "(those with a key keep it, without texts and numbers)"
    assert ended.err == f"2 runs forgotten {kept}; 1 unfinished ones stay until they are resumed or cancelled\n"
    assert [row[0] for row in smscli("runs").rows] == ["2", "3"]
    files = [file.read_bytes() for file in home.rglob("ledger.db*")]
    assert not any(secret.encode() in content or b"13800138001" in content for content in files)
    again = smscli("send", "--mobile", "13800138001", "--content", secret, "--key", "k", **shop)
    assert again.code == 0
    assert "nothing was sent again" in again.err
    assert sandbox.queued == ["13800138000", "13800138001"]


@pytest.mark.sqlite
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


@pytest.mark.sqlite
def test_one_ledger_has_one_lock_whatever_it_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "real.db")
    monkeypatch.setenv("SMSCLI_LEDGER", str(tmp_path / "link.db"))
    assert ledger_location() == tmp_path / "real.db"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SMSCLI_LEDGER", ":memory:")
    assert ledger_location() == tmp_path / ":memory:"


@pytest.mark.sqlite
@pytest.mark.skipif(os.name != "posix", reason="file modes are of POSIX")
def test_a_file_that_is_no_ledger_keeps_its_mode(smscli: Smscli, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("nothing of a ledger\n" * 100)
    other.chmod(0o644)
    for path in (str(other), "/dev/null"):
        before = Path(path).stat().st_mode
        assert smscli("runs", SMSCLI_LEDGER=path).code == 3
        assert Path(path).stat().st_mode == before
