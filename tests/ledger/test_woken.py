"""Who waits for the ledger on a server is woken when another one writes, and gets over a lost connection."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from smscli.ledger.store import Store, open_store
from tests.support.ledgers import ask, new_schema


@pytest.fixture
def ledger(postgres: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with new_schema(postgres) as address:
        monkeypatch.setenv("SMSCLI_LEDGER", address)
        yield address


@pytest.fixture
def waiting(ledger: str) -> Iterator[Store]:
    with open_store() as store:
        store._engine.wait(60)  # from now on it hears
        yield store


def channel(store: Store) -> str:
    return f"smscli_{store._engine._schema}"  # type: ignore[attr-defined]


def later(statement: str, ledger: str) -> threading.Thread:
    thread = threading.Timer(0.2, ask, (statement, (), ledger))
    thread.start()
    return thread


def test_a_write_of_another_one_wakes(waiting: Store, ledger: str) -> None:
    thread = later(f"NOTIFY {channel(waiting)}", ledger)
    begun = time.monotonic()
    waiting._engine.wait(60)
    thread.join()
    assert time.monotonic() - begun < 30  # it did not wait for its end


def test_every_transaction_says_so(waiting: Store, ledger: str, monkeypatch: pytest.MonkeyPatch) -> None:
    woken = threading.Event()

    def wait() -> None:
        waiting._engine.wait(60)
        woken.set()

    thread = threading.Thread(target=wait)
    thread.start()
    monkeypatch.setenv("SMSCLI_LEDGER", ledger + "%20-cgeqo%3Don")  # another store of this process
    with open_store() as other, other.transaction() as connection:
        connection.execute("INSERT INTO optout (account, mobile, since, reason) VALUES ('a', '1', 1, '')")
        assert not woken.wait(0.3)  # not before it is durable
    assert woken.wait(30)
    thread.join()


def test_ones_own_write_does_not_wake(waiting: Store) -> None:
    with waiting.transaction() as connection:
        connection.execute("INSERT INTO optout (account, mobile, since, reason) VALUES ('a', '1', 1, '')")
    begun = time.monotonic()
    waiting._engine.wait(0.5)
    assert time.monotonic() - begun >= 0.5


def test_a_lost_connection_is_renewed(waiting: Store, ledger: str) -> None:
    (process,) = waiting.read_one("SELECT pg_backend_pid()")
    thread = later(f"SELECT pg_terminate_backend({process})", ledger)
    waiting._engine.wait(60)
    thread.join()
    assert waiting.read("SELECT 1") == [(1,)]
    waiting._engine.wait(60)  # it hears again
    thread = later(f"NOTIFY {channel(waiting)}", ledger)
    waiting._engine.wait(60)
    thread.join()
