"""What a person decides about batches of unknown outcome: which ones, and what is known of them before."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command import Smscli, Terminal
from tests.support.sandboxes import RunningSandbox, numbers, write_config, write_shop

PEOPLE = numbers(6)


@pytest.fixture
def good(smscli: Smscli, home: Path, start_sandbox: Callable[..., RunningSandbox]) -> RunningSandbox:
    """Send three batches of two, all of unknown outcome, and return a sandbox that behaves."""
    broken = start_sandbox(fault="close-after")
    write_shop(home, broken)
    send = ["send", "--mobile", ",".join(PEOPLE), "--content", "hi", "--batch-size", "2", "--force", "--workers", "1"]
    assert smscli(*send).code == 6
    assert len(broken.queued) == 6
    behaving = start_sandbox()
    write_shop(home, behaving)
    return behaving


def states(smscli: Smscli) -> list[str]:
    return [row[1] for row in smscli("runs", "1").rows]


def test_one_batch_is_sent_again(smscli: Smscli, good: RunningSandbox) -> None:
    ended = smscli("resume", "1", "--unknown", "resend", "--batch", "2", "--yes")
    assert ended.code == 6
    assert states(smscli) == ["unknown", "accepted", "unknown"]
    assert good.queued == PEOPLE[2:4]


def test_several_batches_once_each(smscli: Smscli, good: RunningSandbox, terminal: Terminal) -> None:
    question = "4 numbers whose outcome is unknown will be sent again"
    code, shown = terminal(["resume", "1", "--unknown", "resend", "--batch", "3,1,3"], (question, b"y\n"))
    assert code == 6, shown
    assert sorted(good.queued) == [*PEOPLE[:2], *PEOPLE[4:]]


@pytest.mark.parametrize("numbers_", ["7", "0", "-1", "2,7", "1 2", "1-3", "", ",", "x", "9" * 30])
@pytest.mark.parametrize("choice", ["resend", "drop"])
def test_wrong_numbers_change_nothing(smscli: Smscli, good: RunningSandbox, numbers_: str, choice: str) -> None:
    ended = smscli("resume", "1", "--unknown", choice, f"--batch={numbers_}", "--yes")
    assert ended.code == 2
    assert "Nothing was sent" in ended.err
    assert states(smscli) == ["unknown"] * 3
    assert good.queued == []


@pytest.mark.parametrize("numbers_", ["2", ""])
def test_batch_goes_with_unknown(smscli: Smscli, good: RunningSandbox, numbers_: str) -> None:
    ended = smscli("resume", "1", "--batch", numbers_, "--yes")
    assert ended.code == 2
    assert "--batch goes with --unknown" in ended.err
    assert good.queued == []


def test_without_a_person_nothing_is_decided(smscli: Smscli, good: RunningSandbox) -> None:
    assert smscli("resume", "1", "--unknown", "resend").code == 2
    assert states(smscli) == ["unknown"] * 3


def test_dropping_needs_no_credentials(smscli: Smscli, good: RunningSandbox, home: Path) -> None:
    write_config(home, "")
    ended = smscli("resume", "1", "--unknown", "drop", "--batch", "1", "--yes")
    assert ended.code == 6
    assert states(smscli) == ["dropped", "unknown", "unknown"]
    assert smscli("resume", "1", "--unknown", "drop", "--yes").code == 6
    assert states(smscli) == ["dropped"] * 3


def test_what_was_dropped_may_have_been_sent(smscli: Smscli, good: RunningSandbox) -> None:
    ended = smscli("resume", "1", "--unknown", "drop", "--yes")
    assert ended.code == 6
    assert "Nothing was sent" not in ended.err
    assert "nothing was sent" not in smscli("runs", "1").err.lower()


def test_evidence_is_said_before_anything_is_decided(
    smscli: Smscli, good: RunningSandbox, terminal: Terminal, home: Path
) -> None:
    """One report of a batch of two does not prove that it went out, but a person has to know it."""
    first = smscli("status", PEOPLE[0], "--output", "json").json[0]["time"]
    sendid = "".join(filter(str.isdigit, first)) + "12345678901"
    line = f"sendid={sendid}&mobile={PEOPLE[0]}&state=DELIVRD&time={first}\n"
    assert smscli("parse-report", "--record", stdin=line).code == 0
    evidence = "batch 1: 1 of its numbers have a report about a message of that time"
    assert evidence in smscli("runs", "1").err
    question = "6 numbers whose outcome is unknown will be sent again"
    code, shown = terminal(["resume", "1", "--unknown", "resend"], (evidence, b""), (question, b"n\n"))
    assert code == 2
    assert shown.index(evidence) < shown.index(question)
    assert good.queued == []


@pytest.mark.parametrize("run", ["0", "-1", "9223372036854775807", "77"])
def test_a_run_that_is_not_there(smscli: Smscli, good: RunningSandbox, run: str) -> None:
    ended = smscli("resume", "--unknown", "drop", "--", run)
    assert ended.code == 2
    assert f"there is no run {run}" in ended.err
