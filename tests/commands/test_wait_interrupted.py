"""A `--wait` that is cut short, and the rows that come at its end all the same."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command import Ended, Smscli
from tests.support.sandboxes import RunningSandbox, write_shop
from tests.support.waiting import eventually

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="looks into /proc")
ONE, TWO = "13800138001", "13800138002"
SEND = ["send", "--mobile", f"{ONE},{TWO}", "--content", "hi", "--output", "jsonl", "--wait", "50s"]
FORGET = """
import time
from smscli.ledger.forgetting import forget
from smscli.ledger.store import open_store
with open_store() as store:
    assert forget(store, time.time() + 60).gone == 1
"""
PROGRAM = [sys.executable, "-m", "smscli"]


@pytest.fixture
def shop(home: Path, sandbox: RunningSandbox) -> RunningSandbox:
    write_shop(home, sandbox)
    return sandbox


def during(
    command: list[str],
    environment: dict[str, str],
    do: Callable[["subprocess.Popen[bytes]"], None],
    shop: RunningSandbox,
) -> Ended:
    """Run a command, do something as soon as it waits, and return how it ended."""
    with subprocess.Popen(
        [*PROGRAM, *command], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        eventually(lambda: shop.queued and hears_hangups(process.pid))
        time.sleep(0.3)  # a send hears them a little earlier, while it is sending
        do(process)
        out, err = process.communicate(timeout=20)
    return Ended(process.returncode, out.decode(), err.decode(), out)


def hears_hangups(process: int) -> bool:
    """Return whether a process has a handler for SIGHUP, which this program has only while it works or waits."""
    found = re.search(r"SigCgt:\s*([0-9a-f]+)", Path(f"/proc/{process}/status").read_text())
    return found is not None and bool(int(found[1], 16) & 1 << (signal.SIGHUP - 1))


def test_rows_come_after_the_reports_with_their_counts(
    smscli: Smscli, environment: dict[str, str], shop: RunningSandbox
) -> None:
    def report(process: "subprocess.Popen[bytes]") -> None:
        assert process.poll() is None
        lines = "".join(
            f"sendid={shop.requests[-1]['sendid']}&mobile={mobile}&state={state}&time=\n"
            for mobile, state in ((ONE, "DELIVRD"), (TWO, "UNDELIV"))
        )
        assert smscli("parse-report", "--record", stdin=lines).code == 0

    ended = during(SEND, environment, report, shop)
    assert ended.code == 7
    row = json.loads(ended.out)
    assert (row["outcome"], row["delivered"], row["failed"], row["waiting"]) == ("accepted", 1, 1, 0)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("command", [SEND, ["runs", "1", "--wait", "50s", "--output", "jsonl"]])
def test_an_interrupted_wait_still_prints_rows(
    smscli: Smscli, environment: dict[str, str], shop: RunningSandbox, how: signal.Signals, command: list[str]
) -> None:
    if command != SEND:
        smscli("send", "--mobile", f"{ONE},{TWO}", "--content", "hi")
    ended = during(command, environment, lambda process: process.send_signal(how), shop)
    assert ended.code == 130
    row = json.loads(ended.out)
    assert (row["outcome"], row["accepted"], row["waiting"]) == ("accepted", 2, 2)
    assert "Wait on with: smscli runs 1 --wait" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("command", [SEND, [*SEND, "--key", "k"], ["runs", "1", "--wait", "50s"]])
def test_a_run_that_is_forgotten_meanwhile(
    smscli: Smscli, environment: dict[str, str], shop: RunningSandbox, command: list[str]
) -> None:
    if "--key" not in command and command[0] == "runs":
        smscli("send", "--mobile", f"{ONE},{TWO}", "--content", "hi")

    def forget(process: "subprocess.Popen[bytes]") -> None:
        assert process.poll() is None
        subprocess.run([sys.executable, "-c", FORGET], env=environment, check=True)

    ended = during(command, environment, forget, shop)
    assert ended.code == 6
    assert "run 1 was forgotten by `smscli runs prune` while this command waited for its reports" in ended.err
    assert "Traceback" not in ended.err
