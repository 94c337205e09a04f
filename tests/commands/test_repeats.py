"""The same send once more without a key: a warning, or a refusal where the profile has a `repeat_window`."""

import io
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from smscli.__main__ import main
from smscli.console import Environment
from smscli.ledger.runs import Runs
from smscli.ledger.store import open_store
from smscli.sending.plan import Plan
from tests.support.command import SILENT, Smscli
from tests.support.ledgers import ask
from tests.support.runs import begun, new_run
from tests.support.sandboxes import RunningSandbox, write_shop

ONE, TWO = "13800138000", "13800138001"
SEND = ["send", "--mobile", f"{ONE},{TWO}", "--content", "hi"]
WARNING = "warning: run 1 sent the same to the same numbers at "


@pytest.fixture
def shop(home: Path, sandbox: RunningSandbox) -> RunningSandbox:
    write_shop(home, sandbox)
    return sandbox


@pytest.fixture
def strict(home: Path, sandbox: RunningSandbox) -> RunningSandbox:
    write_shop(home, sandbox, 'repeat_window = "10m"')
    return sandbox


def test_a_repeat_gets_a_line(smscli: Smscli, shop: RunningSandbox) -> None:
    assert WARNING not in smscli(*SEND).err
    assert WARNING in smscli(*SEND, "-q").err
    assert WARNING in smscli(*SEND, "--dry-run").err.replace("run 2", "run 1")
    assert len(shop.queued) == 4


@pytest.mark.parametrize(
    "other",
    [
        ["send", "--mobile", f"{ONE},{TWO}", "--content", "hi!"],
        ["send", "--mobile", ONE, "--content", "hi"],
        [*SEND, "--key", "today"],
    ],
)
def test_another_send_gets_none(smscli: Smscli, shop: RunningSandbox, other: list[str]) -> None:
    assert smscli(*SEND).code == 0
    ended = smscli(*other)
    assert ended.code == 0
    assert "sent the same" not in ended.err


def test_nor_after_ten_minutes(smscli: Smscli, shop: RunningSandbox) -> None:
    assert smscli(*SEND).code == 0
    ask("UPDATE run SET created = created - 601")
    assert "sent the same" not in smscli(*SEND).err


def test_nor_where_nothing_had_left(smscli: Smscli, home: Path, start_sandbox: Callable[..., RunningSandbox]) -> None:
    write_shop(home, start_sandbox(balance=0), 'repeat_window = "10m"')
    assert smscli(*SEND).code == 4
    write_shop(home, start_sandbox(), 'repeat_window = "10m"')
    assert smscli(*SEND).code == 0


def test_a_window_refuses(smscli: Smscli, strict: RunningSandbox) -> None:
    assert smscli(*SEND).code == 0
    refused = smscli(*SEND, "--yes")
    assert (refused.code, refused.out) == (9, "")
    assert "within the profile's repeat_window of 10m. Nothing was sent." in refused.err
    assert smscli(*SEND, "--key", "once").code == 0
    assert len(strict.queued) == 4


@pytest.mark.parametrize("fault", ["close-after", "wrong-counts"])
def test_what_may_have_left_counts(
    smscli: Smscli, home: Path, start_sandbox: Callable[..., RunningSandbox], fault: str
) -> None:
    broken = start_sandbox(fault=fault)
    write_shop(home, broken, 'repeat_window = "10m"')
    assert smscli(*SEND).code in (6, 7)
    assert smscli(*SEND).code == 9
    smscli("resume", "1", "--unknown", "drop", "--yes")
    assert smscli(*SEND).code == 9
    assert len(broken.queued) == 2


def test_what_is_about_to_leave_counts(smscli: Smscli, strict: RunningSandbox) -> None:
    """Another process has written its run, and no request of it has left yet."""
    planned = new_run("hi")._replace(created=time.time(), digest=Plan("hi", {"hi": [ONE, TWO]}).digest())
    with open_store() as store, begun(Runs(store), [("hi", [ONE, TWO])], planned):
        code = subprocess.run([sys.executable, "-m", "smscli", *SEND], stdin=subprocess.DEVNULL).returncode
    assert (code, strict.queued) == (9, [])
    assert smscli(*SEND).code == 0  # the other one has died before it sent anything


class Asked(Environment):
    """Somebody else sends the same while the person at this terminal thinks."""

    def confirm(self, question: str, yes: bool, nothing: str = "sent") -> None:
        assert subprocess.run([sys.executable, "-m", "smscli", *SEND, "--yes"], **SILENT).returncode == 0


def test_what_was_sent_while_a_person_was_asked_counts(home: Path, sandbox: RunningSandbox) -> None:
    write_shop(home, sandbox, 'repeat_window = "10m"\nconfirm_above = 1')
    said = io.StringIO()
    assert main(SEND, Asked(None, io.StringIO(), said)) == 9
    assert "run 1 sent the same" in said.getvalue()
    assert sorted(sandbox.queued) == [ONE, TWO]


def test_of_several_at_once_one_sends(
    home: Path, environment: dict[str, str], start_sandbox: Callable[..., RunningSandbox]
) -> None:
    slow = start_sandbox(latency=200)
    write_shop(home, slow, 'repeat_window = "10m"')
    command = [sys.executable, "-m", "smscli", *SEND, "-q"]
    running = [subprocess.Popen(command, env=environment, **SILENT) for _ in range(4)]
    assert sorted(process.wait(30) for process in running) == [0, 9, 9, 9]
    assert sorted(slow.queued) == [ONE, TWO]


@pytest.mark.parametrize("length", [500, 501, 20_000])
def test_a_key_has_a_length_that_every_ledger_holds(smscli: Smscli, shop: RunningSandbox, length: int) -> None:
    key = "".join(map(chr, range(0x4E00, 0x4E00 + length)))
    for _ in range(2):
        ended = smscli("send", "--mobile", "13800138000", "--content", "x", "--key", key)
        assert ended.code == (0 if length == 500 else 2)
        assert "Traceback" not in ended.err
    assert len(shop.queued) == (1 if length == 500 else 0)
    assert length == 500 or f"--key has {length:,} characters; at most 500" in ended.err
