"""`per_number` holds for several processes at the same instant, and at the time at which a message goes out."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command import SILENT, Smscli
from tests.support.sandboxes import RunningSandbox, write_shop

ONE, TWO = "13800138000", "13800138001"


@pytest.mark.parametrize("when", [(), ("--at", "+2h")])
def test_of_several_processes_one_gets_through(
    home: Path, environment: dict[str, str], start_sandbox: Callable[..., RunningSandbox], when: tuple[str, ...]
) -> None:
    slow = start_sandbox(latency=200)
    write_shop(home, slow, 'per_number = ["1/1h"]')
    send = [sys.executable, "-m", "smscli", "send", "--mobile", f"{ONE},{TWO}", "--batch-size", "1", "-q", *when]
    running = [subprocess.Popen([*send, "--content", f"code {n}"], env=environment, **SILENT) for n in range(4)]
    assert sorted(process.wait(30) for process in running) == [0, 9, 9, 9]
    assert Counter(slow.queued) == {ONE: 1, TWO: 1}


def test_a_scheduled_message_counts_when_it_is_due(smscli: Smscli, home: Path, sandbox: RunningSandbox) -> None:
    write_shop(home, sandbox, 'per_number = ["1/1h"]')
    send = ["send", "--mobile", ONE, "--content", "hi"]
    assert smscli(*send, "--at", "+3h").code == 0
    assert smscli(*send).code == 0
    assert smscli(*send, "--at", "+30m").code == 9
    assert smscli(*send, "--at", "+150m").code == 9
    assert smscli(*send, "--at", "+5h").code == 0
    assert len(sandbox.queued) == 3


def test_what_may_have_left_counts(smscli: Smscli, home: Path, start_sandbox: Callable[..., RunningSandbox]) -> None:
    broken = start_sandbox(fault="close-after")
    write_shop(home, broken, 'per_number = ["1/1h"]')
    send = ["send", "--mobile", ONE, "--content", "hi"]
    assert smscli(*send).code == 6
    assert smscli(*send).code == 9
    assert smscli("resume", "1", "--unknown", "drop", "--yes").code == 6
    assert smscli(*send).code == 9
    assert broken.queued == [ONE]
