"""A ledger of every version that was ever in use is opened by this one, and an unfinished run in it goes on.

`released/N.sql` was written by the smscli of that time. Run 1 was accepted, run 2 did not reach the gateway, run 3 was
killed while it was being sent. From version 2 on a number has opted out and a report has come.
"""

import json
import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from smscli.ledger.schema import MIGRATIONS
from tests.support.command import Smscli
from tests.support.sandboxes import RunningSandbox

pytestmark = pytest.mark.sqlite
RELEASED = sorted((Path(__file__).parent / "released").glob("*.sql"))


def ledger_of(home: Path) -> Path:
    """Return where the command line keeps its ledger."""
    return home / ".local" / "state" / "smscli" / "ledger.db"


@pytest.fixture(params=RELEASED, ids=lambda path: f"version {path.stem}")
def old(request: pytest.FixtureRequest, home: Path) -> int:
    """Put an old ledger where the command line looks for it and return its version."""
    place = ledger_of(home)
    place.parent.mkdir(parents=True, mode=0o700)
    with closing(sqlite3.connect(place)) as database:
        database.executescript(request.param.read_text(encoding="utf-8"))
    place.chmod(0o600)
    return int(request.param.stem)


def test_every_version_is_kept() -> None:
    assert [int(path.stem) for path in RELEASED] == list(range(1, len(MIGRATIONS)))


def test_what_was_sent_is_still_known(old: int, smscli: Smscli, sandbox: RunningSandbox) -> None:
    runs = json.loads(smscli("runs", "--output", "json", **sandbox.variables).out)
    assert {run["key"]: (run["accepted"], run["unknown"]) for run in runs} == {
        "order-1": (2, 0),
        "water": (0, 0),
        "killed": (0, 1),
    }
    again = ("send", "--mobile", "13800138000", "--mobile", "13800138001", "--content", "您的订单已发货")
    assert smscli(*again, "--key", "order-1", **sandbox.variables).code == 0
    assert sandbox.queued == []
    assert smscli("ledger", "check").code == 0


def test_an_unfinished_run_goes_on(old: int, smscli: Smscli, sandbox: RunningSandbox) -> None:
    assert smscli("resume", "2", "--yes", **sandbox.variables).code in (0, 4)
    left_out = {"13800138003"} if old > 1 else set()
    assert set(sandbox.queued) == {"13800138000", "13800138002", "13800138003"} - left_out
    assert len(sandbox.queued) == len(set(sandbox.queued))
    assert {request["content"] for request in sandbox.requests if request.get("queued")} >= {"王，明天停水"}


def test_a_run_that_was_killed_is_not_sent_again(old: int, smscli: Smscli, sandbox: RunningSandbox) -> None:
    assert smscli("resume", "3", "--yes", **sandbox.variables).code == 6
    assert sandbox.queued == []


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_the_ledger_is_kept_as_it_was_before(old: int, smscli: Smscli, home: Path) -> None:
    assert smscli("runs").code == 0
    (copy,) = home.rglob("ledger.db-version-*")
    assert copy.name == f"ledger.db-version-{old}"
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (old,)
        assert database.execute("SELECT key FROM run ORDER BY id").fetchall() == [("order-1",), ("water",), ("killed",)]


def test_prune_forgets_what_that_copy_has_too(old: int, smscli: Smscli, home: Path, sandbox: RunningSandbox) -> None:
    place = ledger_of(home)
    with closing(sqlite3.connect(place)) as database, database:
        database.execute("UPDATE run SET created = created - 864000")
    assert smscli("resume", "2", "--yes", **sandbox.variables).code in (0, 4)
    assert len(list(home.rglob("ledger.db-version-*"))) == 1
    ended = smscli("runs", "prune", "--before", "2026-11-20")
    assert ended.code == 0, ended.err
    assert list(home.rglob("ledger.db-version-*")) == []
    assert not any("明天停水".encode() in file.read_bytes() for file in home.rglob("ledger.db*"))


def test_a_new_ledger_has_no_copy(smscli: Smscli, home: Path) -> None:
    assert smscli("runs").code == 0
    assert list(home.rglob("ledger.db-version-*")) == []


def test_reports_and_opt_outs_are_still_there(old: int, smscli: Smscli, sandbox: RunningSandbox) -> None:
    if old > 1:
        assert "DELIVRD" in smscli("status", "13800138000").out
        assert smscli("optout", "list", **sandbox.variables).out.startswith("13800138003\t")


def test_a_newer_ledger_is_refused_by_its_version_and_left_as_it_was(
    old: int, smscli: Smscli, home: Path, sandbox: RunningSandbox
) -> None:
    place = ledger_of(home)
    with closing(sqlite3.connect(place)) as database:
        database.execute("PRAGMA user_version = 99")
    before = place.read_bytes()
    ended = smscli("send", "--mobile", "13800138000", "--content", "x", **sandbox.variables)
    assert ended.code == 3
    assert re.search(r"version 99\b", ended.err)
    assert (sandbox.queued, place.read_bytes()) == ([], before)
