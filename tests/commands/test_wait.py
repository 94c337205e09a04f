"""`--wait`, on `send` and `runs`: stays until all reports are in."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import pytest

from smscli.sandbox.faults import Fault
from tests.support.command import Smscli
from tests.support.sandboxes import RunningSandbox, write_shop

ONE, TWO = "13800138001", "13800138002"


@pytest.fixture(autouse=True)
def shop(home: Path, sandbox: RunningSandbox) -> None:
    """Make an account the default; its reports come only where a test records them."""
    write_shop(home, sandbox, 'sign = "测试"')


def report(mobile: str, state: str, sendid: str) -> str:
    """Return a status report as a line of a log."""
    return f"sendid={sendid}&mobile={mobile}&state={state}&time=\n"


@pytest.fixture
def sendid(smscli: Smscli) -> str:
    """Send to two people with the default profile; returns the sendid."""
    ended = smscli("send", "--mobile", f"{ONE},{TWO}", "--content", "hi", "--output", "json")
    return str(ended.json[0]["sendid"])


def record(smscli: Smscli, lines: str) -> None:
    """Record pushes to the default profile."""
    assert smscli("parse-report", "--record", stdin=lines).code == 0


@pytest.mark.parametrize(("state", "code"), [("DELIVRD", 0), ("UNDELIV", 7)])
def test_it_ends_with_the_last_report(
    smscli: Smscli, environment: dict[str, str], sendid: str, state: str, code: int
) -> None:
    record(smscli, report(ONE, "DELIVRD", sendid))
    command = [sys.executable, "-m", "smscli", "runs", "1", "--wait", "50s"]
    start = monotonic()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as waiting:
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(0.7)
        record(smscli, report(TWO, state, sendid))
        waiting.communicate()
    assert waiting.returncode == code
    assert monotonic() - start < 40


def test_all_in_before_ends_at_once(smscli: Smscli, sendid: str) -> None:
    record(smscli, report(ONE, "DELIVRD", sendid) + report(TWO, "DELIVRD", sendid))
    ended = smscli("runs", "1", "--wait", "1h")
    assert ended.code == 0
    assert "2 delivered" in ended.err


def test_in_the_end_it_says_how_many_wait(smscli: Smscli, sendid: str) -> None:
    record(smscli, report(ONE, "UNDELIV", sendid))
    ended = smscli("runs", "1", "--wait", "1s")
    assert ended.code == 6
    assert "1 number has no report yet" in ended.err
    assert ended.rows[0][-3:] == ["0", "1", "1"]


def test_send_waits_and_its_result_stays(smscli: Smscli) -> None:
    ended = smscli("send", "--mobile", ONE, "--content", "hi", "--wait", "1s", "--output", "json")
    assert ended.code == 6
    assert ended.json[0]["outcome"] == "accepted"
    assert "1 number has no report yet" in ended.err


def test_a_refused_send_does_not_wait(smscli: Smscli, sandbox: RunningSandbox) -> None:
    variables = sandbox.variables | {"SMSCLI_NAME": "nosuch"}
    assert smscli("send", "--mobile", ONE, "--content", "hi", "--wait", "1h", **variables).code == 4


def test_a_report_that_settles_an_unknown_send_ends_the_wait(
    smscli: Smscli, start_sandbox: Callable[..., RunningSandbox], environment: dict[str, str]
) -> None:
    deaf = start_sandbox(fault=Fault.RESET_AFTER)
    variables = deaf.variables
    assert smscli("send", "--mobile", ONE, "--content", "hi", **variables).code == 6
    command = [sys.executable, "-m", "smscli", "runs", "1", "--wait", "50s"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as waiting:
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(0.7)
        ended = smscli(
            "parse-report", "--record", stdin=report(ONE, "DELIVRD", deaf.requests[0]["sendid"]), **variables
        )
        assert "1 recorded" in ended.err
        out, _ = waiting.communicate()
    assert waiting.returncode == 0
    assert b"settled by reports" in out


@pytest.mark.parametrize("time", ["10", "m", "0s", "-1m", "1 h", "10m\n", "'"])
def test_what_is_no_time_is_refused_before_anything_is_sent(smscli: Smscli, sandbox: RunningSandbox, time: str) -> None:
    ended = smscli("send", "--mobile", ONE, "--content", "hi", "--wait", time, **sandbox.variables)
    assert ended.code == 2
    assert "Nothing was sent" in ended.err
    assert sandbox.requests == []
