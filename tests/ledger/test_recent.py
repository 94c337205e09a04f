"""The file of the latest runs that shells read: what is in it, who may read it, and that it never stops a send."""

import os
import re
from pathlib import Path

import pytest

from tests.support.command import Smscli
from tests.support.sandboxes import RunningSandbox

pytestmark = pytest.mark.sqlite  # a ledger on a server has no file beside it
SEND = ("send", "--mobile", "13800138000", "--content")


def recent(home: Path) -> Path:
    """Return where the file is."""
    return home / ".local/state/smscli/ledger.db-runs"


def numbers(home: Path) -> list[int]:
    """Return the runs that the file names."""
    return [int(line.partition("\t")[0]) for line in recent(home).read_text("utf-8").splitlines()]


def test_the_latest_runs_are_kept_by_number_and_time_alone(smscli: Smscli, sandbox: RunningSandbox, home: Path) -> None:
    for number in range(22):
        assert smscli(*SEND, f"第{number}条", "--key", f"k{number}", **sandbox.variables).code == 0
    assert numbers(home) == list(range(22, 2, -1))
    text = recent(home).read_text("utf-8")
    assert re.fullmatch(r"(?:[0-9]+\t[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}\n)+", text)
    assert recent(home).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in recent(home).parent.glob("ledger.db-runs*")] == ["ledger.db-runs"]


def test_a_run_that_was_forgotten_is_not_offered_any_more(smscli: Smscli, sandbox: RunningSandbox, home: Path) -> None:
    smscli(*SEND, "甲", **sandbox.variables)
    recent(home).write_text("999\t2020-01-01 00:00\n")
    assert smscli("runs", "prune", "--before", "2020-01-01").code == 0
    assert numbers(home) == [1]


@pytest.mark.parametrize("trouble", ["a folder", "a full disk"])
def test_a_file_that_cannot_be_written_never_stops_a_send(
    smscli: Smscli, sandbox: RunningSandbox, home: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    if trouble == "a folder":
        recent(home).mkdir(parents=True)
    else:
        monkeypatch.setattr("smscli.ledger.recent.open", full, raising=False)
    ended = smscli(*SEND, "甲", **sandbox.variables)
    assert (ended.code, len(sandbox.queued)) == (0, 1)
    assert [path.name for path in recent(home).parent.glob("ledger.db-runs.*")] == []


def full(descriptor: int, *_: object) -> None:
    """Fail as the system does where the disk is full."""
    os.close(descriptor)
    raise OSError(28, "No space left on device")
