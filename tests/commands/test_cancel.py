"""`smscli cancel`: a run is given up for good, also under its key, and while it is being sent."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.support.command import SILENT, Smscli, Terminal
from tests.support.sandboxes import RunningSandbox, numbers
from tests.support.waiting import eventually

StartSandbox = Callable[..., RunningSandbox]
SEND = ("send", "--content", "x", "--batch-size", "1", "--key", "k", "--yes", "--force")


def cut_short(smscli: Smscli, start_sandbox: StartSandbox) -> RunningSandbox:
    """Send to three numbers with a balance for two."""
    poor = start_sandbox(balance=2)
    ended = smscli(*SEND, "--workers", "1", stdin="\n".join(numbers(3)), **poor.variables)
    assert (ended.code, len(poor.queued)) == (7, 2)
    return poor


def test_what_is_left_is_never_sent_also_under_its_key(smscli: Smscli, start_sandbox: StartSandbox) -> None:
    poor = cut_short(smscli, start_sandbox)
    ended = smscli("cancel", "1", "--yes")
    assert (ended.code, ended.out) == (0, "")
    assert "1 numbers of run 1 are cancelled\n2 are accepted: only the vendor can stop these\n" in ended.err
    rich = start_sandbox()
    again = smscli(*SEND, stdin="\n".join(numbers(3)), **poor.variables)
    assert "run 1 with the key 'k' was cancelled; nothing was sent again" in again.err
    assert smscli("resume", "1", **rich.variables).code == 7
    assert (len(poor.queued), rich.queued) == (2, [])
    assert smscli("runs", "--output", "json").json[0]["state"] == "cancelled"


def test_a_run_of_which_nothing_went_out(smscli: Smscli, start_sandbox: StartSandbox) -> None:
    poor = start_sandbox(balance=0)
    assert smscli(*SEND, stdin="\n".join(numbers(3)), **poor.variables).code == 4
    assert smscli("cancel", "1", "--yes").err == "3 numbers of run 1 are cancelled\n"
    assert smscli("resume", "1", **poor.variables).code == 9
    assert "nothing left to send; nothing was changed" in smscli("cancel", "1", "--yes").err


def test_it_asks_first(smscli: Smscli, start_sandbox: StartSandbox, terminal: Terminal) -> None:
    cut_short(smscli, start_sandbox)
    assert smscli("cancel", "1").code == 2
    code, shown = terminal(["cancel", "1"], ("[y/N]", b"n\n"))
    assert code == 2
    assert "Nothing was cancelled" in shown
    assert smscli("runs", "1").rows[2][1] == "refused"
    assert terminal(["cancel", "1"], ("[y/N]", b"y\n"))[0] == 0


def test_a_run_that_is_being_sent_stops(
    smscli: Smscli, start_sandbox: StartSandbox, environment: dict[str, str], tmp_path: Path
) -> None:
    slow = start_sandbox(latency=200)
    (tmp_path / "list").write_text("\n".join(numbers(100)))
    command = [sys.executable, "-m", "smscli", *SEND, "--csv", str(tmp_path / "list"), "--workers", "2"]
    with subprocess.Popen(
        command, env=environment | slow.variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as sending:
        eventually(lambda: slow.queued)
        assert smscli("cancel", "1", "--yes").code == 0
        sending.communicate(timeout=30)
    assert sending.returncode == 7
    assert len(slow.queued) < 10
    states = {row[1] for row in smscli("runs", "1").rows}
    assert states == {"accepted", "dropped"}


def test_what_is_in_flight_and_was_not_sent_stays_cancelled(
    smscli: Smscli, start_sandbox: StartSandbox, environment: dict[str, str]
) -> None:
    """The gateway refuses the account after the run was cancelled; without that the batch could be tried again."""
    slow = start_sandbox(latency=700)
    send = [*SEND, "--mobile", "13800138000"]
    account = slow.variables | {"SMSCLI_NAME": "nosuch"}
    with subprocess.Popen([sys.executable, "-m", "smscli", *send], env=environment | account, **SILENT) as sending:
        eventually(lambda: [row[2] for row in smscli("runs").rows] == ["sending"])
        eventually(lambda: [row[1] for row in smscli("runs", "1").rows] == ["sending"])
        assert smscli("cancel", "1", "--yes").code == 0
        assert sending.wait(20) == 9
    assert smscli("runs", "1").rows[0][1] == "dropped"
    assert smscli(*send, **slow.variables).code == 2  # the key is of another account
    again = smscli(*send, **account)
    assert again.code == 9
    assert "was cancelled; nothing was sent again" in again.err
    assert len(slow.requests) == 1
