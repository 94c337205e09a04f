"""A ledger that is taken away, or kept locked, while a run is at work."""

import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.support.command import Smscli
from tests.support.sandboxes import RunningSandbox, numbers
from tests.support.waiting import eventually

PEOPLE = numbers(12)
SEND = ["send", "--content", "hi", "--mobile", ",".join(PEOPLE), "--batch-size", "1", "--force"]


@pytest.fixture
def ledger(tmp_path: Path, environment: dict[str, str]) -> Path:
    environment["SMSCLI_LEDGER"] = str(tmp_path / "ledger.db")
    return tmp_path / "ledger.db"


@contextmanager
def at_work(environment: dict[str, str], slow: RunningSandbox, *options: str) -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(
        [sys.executable, "-m", "smscli", *SEND, *options], env=environment | slow.variables,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        eventually(lambda: slow.queued)
        yield process


def delete(ledger: Path) -> None:
    for file in ledger.parent.glob("ledger.db*"):
        file.unlink()


def replace(ledger: Path) -> None:
    copy = ledger.with_name("copy")
    shutil.copy(ledger, copy)
    copy.replace(ledger)


def move(ledger: Path) -> None:
    ledger.rename(ledger.with_name("elsewhere"))


@pytest.mark.parametrize("harm", [delete, replace, move])
@pytest.mark.parametrize("workers", ["1", "4"])
def test_nothing_more_is_sent(
    environment: dict[str, str],
    ledger: Path,
    start_sandbox: Callable[..., RunningSandbox],
    harm: Callable[[Path], None],
    workers: str,
) -> None:
    slow = start_sandbox(latency=300)
    with at_work(environment, slow, "--workers", workers) as process:
        harm(ledger)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 6
    assert len(slow.queued) <= int(workers)
    assert b"was moved, deleted or replaced while it was in use" in err
    kept = err.partition(b"These answers could not be written to the ledger")[2].decode()
    assert "the next command with this ledger writes them" in kept
    for request in slow.requests:
        assert re.search(rf"batch \d+: accepted, sendid {request['sendid']}: {request['mobile'][0]}\n", kept)
    assert b"Traceback" not in err


def test_a_locked_ledger_is_waited_for(
    smscli: Smscli, environment: dict[str, str], ledger: Path, start_sandbox: Callable[..., RunningSandbox]
) -> None:
    slow = start_sandbox(latency=300)
    with (
        at_work(environment, slow, "--workers", "2") as process,
        closing(sqlite3.connect(ledger, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        time.sleep(1.5)
        assert len(slow.queued) <= 2
        assert process.poll() is None
        other.execute("ROLLBACK")
        process.communicate(timeout=20)
    assert process.returncode == 0
    assert sorted(slow.queued) == PEOPLE
    assert {row[1] for row in smscli("runs", "1").rows} == {"accepted"}
