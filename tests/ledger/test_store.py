"""One process, one connection; what several threads write together; a file that goes away; locks."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from time import sleep

import pytest

from smscli.errors import BusyError, InputError, LedgerError, LedgerLostError
from smscli.ledger.backup import back_up, check
from smscli.ledger.engines import Connection
from smscli.ledger.runs import Runs
from smscli.ledger.store import Store, open_store
from tests.support.runs import begun


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    with open_store() as opened:
        yield opened


def insert(number: int) -> str:
    return f"INSERT INTO optout (account, mobile, since, reason) VALUES ('a', '{number}', 1, '')"


def numbers(store: Store) -> list[str]:
    return [mobile for (mobile,) in store.read("SELECT mobile FROM optout ORDER BY mobile")]


# --- one connection -----------------------------------------------------------------------------------------------


def test_a_process_has_one_connection_however_often_it_opens(store: Store) -> None:
    with open_store() as again:
        assert again is store
    assert store.read_one("SELECT 1") == (1,)


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="there is no /proc")
def test_nothing_is_left_open(home: Path) -> None:
    with open_store():
        pass
    before = open_files()
    for _ in range(5):
        with open_store(), open_store():
            pass
    assert open_files() == before


@pytest.mark.sqlite
@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="there is no /proc")
def test_opening_twice_keeps_the_locks_of_the_first(store: Store) -> None:
    """POSIX drops all locks of a process on a file when it closes any descriptor of it."""

    def locks() -> int:
        inode = f":{Path(store.place).stat().st_ino} "
        return sum(
            inode in line and f" {os.getpid()} " in line for line in Path("/proc/locks").read_text().splitlines()
        )

    store.read("SELECT * FROM run")
    before = locks()
    assert before
    with open_store():
        pass
    assert locks() == before


@pytest.mark.sqlite
def test_another_process_does_not_remove_the_log_that_this_one_reads(store: Store) -> None:
    with store.transaction() as connection:
        connection.execute(insert(1))
    with open_store():
        pass
    look = "from smscli.ledger.store import open_store\nwith open_store() as s: s.read('SELECT * FROM run')"
    subprocess.run([sys.executable, "-c", look], check=True)
    assert Path(store.place).with_name("ledger.db-wal").exists()
    with store.transaction() as connection:
        connection.execute(insert(2))
    with sqlite3.connect(store.place) as other:
        assert other.execute("SELECT count(*) FROM optout").fetchone() == (2,)
    other.close()


def test_a_run_is_held_once(store: Store) -> None:
    runs = Runs(store)
    with begun(runs, [("x", ["13800138000"])]) as run:
        assert store.is_alive(run.id) and not store.is_held(run.id)
        with pytest.raises(BusyError, match="is being sent by another process"), runs.hold(run.id):
            pass
        look = "import sys\nfrom smscli.ledger.store import open_store\nwith open_store() as o: sys.exit(o.is_held(1))"
        assert subprocess.run([sys.executable, "-c", look]).returncode == 1
        assert store.is_alive(run.id)
    assert not store.is_alive(run.id)


# --- transactions -------------------------------------------------------------------------------------------------


def test_all_or_nothing(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction() as connection:
        connection.execute(insert(1))
        _ = 1 / 0
    assert numbers(store) == []


def test_the_cause_of_a_failed_write_is_not_hidden_by_the_rollback(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction() as connection:
        connection.execute("ROLLBACK")  # so that the one that follows fails
        _ = 1 / 0
    with store.transaction() as connection:
        connection.execute(insert(1))
    assert numbers(store) == ["1"]


def test_what_threads_write_at_once_shares_a_transaction(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[None] = []
    begin = store._engine.begin
    monkeypatch.setattr(store._engine, "begin", lambda beside: begun.append(begin(beside)))
    threads = [
        threading.Thread(target=store.commit_together, args=(lambda connection, n=n: connection.execute(insert(n)),))
        for n in range(8)
    ]
    with store._turn:  # until all of them wait
        for thread in threads:
            thread.start()
        while len(store._queue) < 8:
            sleep(0.01)
    for thread in threads:
        thread.join()
    assert numbers(store) == [str(n) for n in range(8)]
    assert len(begun) == 1


def test_one_that_cannot_be_written_does_not_cost_the_others_their_place(store: Store) -> None:
    ended: dict[int, object] = {}

    def write(number: int) -> None:
        def run(connection: Connection) -> int:
            connection.execute(insert(number))
            return 1 // (number - 2)

        try:
            ended[number] = store.commit_together(run)
        except ZeroDivisionError as error:
            ended[number] = error

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    with store._turn:
        for thread in threads:
            thread.start()
        while len(store._queue) < 4:
            sleep(0.01)
    for thread in threads:
        thread.join()
    assert numbers(store) == ["0", "1", "3"]
    assert isinstance(ended.pop(2), ZeroDivisionError)
    assert ended == {0: -1, 1: -1, 3: 1}


def test_the_file_is_not_closed_under_a_thread_that_writes(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a second Ctrl-C workers are still at it while the main thread leaves; SQLite would crash."""
    monkeypatch.setattr("smscli.ledger.store._LOOK_SECONDS", 0.1)
    taken, release = threading.Event(), threading.Event()

    def write() -> None:
        with opened._turn:
            taken.set()
            release.wait(10)

    with open_store() as opened:
        thread = threading.Thread(target=write)
        thread.start()
        taken.wait(10)
    opened._connection.execute("SELECT 1")
    release.set()
    thread.join()
    opened.close()
    with pytest.raises(LedgerError, match="was closed, because the program is ending"):
        opened.read("SELECT 1")


# --- a file that goes away ----------------------------------------------------------------------------------------


@pytest.mark.sqlite
@pytest.mark.parametrize("name", ["ledger.db", "ledger.db-lock"])
@pytest.mark.parametrize("replaced", [False, True])
def test_a_ledger_that_was_moved_or_replaced_is_not_written_to(store: Store, name: str, replaced: bool) -> None:
    file = Path(store.place).with_name(name)
    file.rename(file.with_name("elsewhere"))
    if replaced:
        file.write_bytes(file.with_name("elsewhere").read_bytes())
    with pytest.raises(LedgerLostError, match="was moved, deleted or replaced while it was in use"):
        store.commit_together(lambda connection: connection.execute(insert(1)))


# --- copies -------------------------------------------------------------------------------------------------------


@pytest.mark.sqlite
def test_a_backup_holds_what_a_copy_of_the_file_would_lose(store: Store, tmp_path: Path) -> None:
    with store.transaction() as connection:
        connection.execute(insert(1))
    target = tmp_path / "copy.db"
    assert back_up(store, target)["optout"] == 1
    assert os.name != "posix" or target.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith("copy")] == ["copy.db"]
    with pytest.raises(InputError, match="exists already"):
        back_up(store, target)


@pytest.mark.sqlite
def test_a_backup_can_be_used_in_its_place(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store() as store:
        with begun(Runs(store), [("x", ["13800138000"])]):
            pass
        back_up(store, tmp_path / "copy.db")
    monkeypatch.setenv("SMSCLI_LEDGER", str(tmp_path / "copy.db"))
    with open_store() as restored:
        assert Path(restored.place) == tmp_path / "copy.db"
        assert [run.numbers for run in Runs(restored).latest()] == [1]
        assert restored.read("PRAGMA journal_mode") == [("wal",)]
        assert check(restored).problems == []


@pytest.mark.sqlite
def test_a_file_that_is_not_sound_is_found(home: Path) -> None:
    with open_store() as store:
        with begun(Runs(store), [("x", [f"138{n:08d}" for n in range(20000)])]):
            pass
        store.shrink()
    content = bytearray(Path(store.place).read_bytes())
    content[len(content) // 2 : len(content) // 2 + 6000] = b"\xff" * 6000
    Path(store.place).write_bytes(content)
    with open_store() as store:
        assert check(store).problems != []
