"""A sending process that was killed: whoever looks is told that the outcome is unknown, before anybody resumes."""

import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.support.command import SILENT, Smscli
from tests.support.sandboxes import RunningSandbox
from tests.support.waiting import eventually

ONE, TWO, THREE = "13800138000", "13800138001", "13800138002"
DIED = "the sending process ended before an answer came."


@pytest.fixture
def killed(environment: dict[str, str], start_sandbox: Callable[..., RunningSandbox]) -> RunningSandbox:
    """Kill a process whose first batch was accepted, second is in flight, and third is planned."""
    slow = start_sandbox(latency=400)
    command = [sys.executable, "-m", "smscli", "send", "--mobile", f"{ONE},{TWO},{THREE}", "--content", "hi"]
    command += ["--batch-size", "1", "--workers", "1", "--force"]
    with subprocess.Popen(command, env=environment | slow.variables, **SILENT) as sending:
        eventually(lambda: len(slow.queued) == 2)
        sending.send_signal(signal.SIGKILL)
    return slow


def test_every_reader_says_so(smscli: Smscli, killed: RunningSandbox) -> None:
    listed = smscli("runs", "--output", "json").json[0]
    assert (listed["state"], listed["accepted"], listed["unknown"]) == ("interrupted", 1, 1)
    shown = smscli("runs", "1", "--output", "json")
    assert [batch["outcome"] for batch in shown.json] == ["accepted", "unknown", "planned"]
    assert shown.json[1]["error"] == DIED
    assert "it is not known whether 1 number got the message" in shown.err
    assert f"batch 2, outcome unknown: {TWO}" in shown.err
    assert smscli("runs", "1", "--unknown").out == f"{TWO}\n"
    waited = smscli("runs", "1", "--wait", "1s")
    assert waited.code == 6
    assert "1 outcome unknown" in waited.err
    story = smscli("status", TWO, "--output", "json").json
    assert [event["state"] for event in story] == ["unknown"]


def test_nobody_sends_it_again_unasked(smscli: Smscli, killed: RunningSandbox) -> None:
    resumed = smscli("resume", "1", **killed.variables)
    assert resumed.code == 6
    assert sorted(killed.queued) == [ONE, TWO, THREE]


def test_a_process_that_lives_is_sending(
    smscli: Smscli, environment: dict[str, str], start_sandbox: Callable[..., RunningSandbox]
) -> None:
    slow = start_sandbox(latency=1500)
    command = [sys.executable, "-m", "smscli", "send", "--mobile", ONE, "--content", "hi"]
    with subprocess.Popen(command, env=environment | slow.variables, **SILENT) as sending:
        eventually(lambda: slow.queued)
        listed = smscli("runs", "--output", "json").json[0]
        assert (listed["state"], listed["unknown"]) == ("sending", 0)
        shown = smscli("runs", "1")
        assert shown.rows[0][1] == "sending"
        assert "smscli: " not in shown.err
        assert smscli("resume", "1", **slow.variables).code == 10
        assert sending.wait(20) == 0
