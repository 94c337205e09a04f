"""Three listeners with one ledger on a server: every report is kept once, and the tally of them is exact."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ledgers import ask, new_schema

GROUPS = 40
RECORDS = """
import os, time
from smscli.config.profile import Profile
from smscli.ledger.inbox import Inbox
from smscli.ledger.store import open_store
from smscli.protocol.pushes import Push, Report

with open_store() as store:
    time.sleep(max(float(os.environ["BEGIN"]) - time.time(), 0))
    for group in range(GROUPS):
        mobiles = [f"138001{number:05d}" for number in range(group * 5, group * 5 + 20)]  # most come several times
        for state in ("UNDELIV", "DELIVRD"):
            reports = [Report("7", mobile, state, "2026-11-25 10:00:00") for mobile in mobiles]
            Inbox(store).record(Profile("shop", name="demo"), [Push(reports, {})])
""".replace("GROUPS", str(GROUPS))
# The test of the test: no lock, so that two count the same number.
UNLOCKED = """
from smscli.ledger.engines.postgres import PostgresEngine
begin = PostgresEngine.begin
PostgresEngine.begin = lambda self, beside=False: begin(self, True)
"""


@pytest.fixture(autouse=True)
def ledger(postgres: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with new_schema(postgres) as address:
        monkeypatch.setenv("SMSCLI_LEDGER", address)
        yield


def record_by_three(program: str) -> list[int]:
    """Let three processes record the same reports at once, and return how they ended."""
    environment = os.environ | {"BEGIN": str(time.time() + 1.5), "PYTHONPATH": str(Path(__file__).parents[2])}
    processes = [
        subprocess.Popen([sys.executable, "-c", program], env=environment, stderr=subprocess.DEVNULL) for _ in range(3)
    ]
    return [process.wait(60) for process in processes]


def is_exact() -> bool:
    """Return whether each number counts once, as delivered."""
    people = GROUPS * 5 + 15
    tally = ask("SELECT state, numbers FROM tally WHERE numbers != 0")
    return tally == [("DELIVRD", people)] and ask("SELECT count(*) FROM report") == [(2 * people,)]


def test_three_listeners_count_as_one() -> None:
    assert record_by_three(RECORDS) == [0, 0, 0]
    assert is_exact()


def test_of_the_test_without_the_lock_it_is_found_out() -> None:
    ended = record_by_three(UNLOCKED + RECORDS)
    assert ended != [0, 0, 0] or not is_exact()
