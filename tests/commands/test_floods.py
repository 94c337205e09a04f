"""However much goes wrong, a screen shows what matters, and the option that lists the rest."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command import Smscli, Terminal
from tests.support.sandboxes import RunningSandbox, numbers
from tests.support.waiting import eventually

StartSandbox = Callable[..., RunningSandbox]
MANY, LINES = 3000, 60
SEND = ["send", "--content", "hi", "--batch-size", "1", "--force", "--yes"]


@pytest.fixture
def list_(tmp_path: Path) -> str:
    path = tmp_path / "list"
    path.write_text("\n".join(numbers(MANY)))
    return str(path)


def shown(terminal: Terminal, *arguments: str, **variables: str) -> str:
    """Return what a terminal of 24 rows shows, which is not much."""
    _, text = terminal(list(arguments), LINES="24", COLUMNS="80", **variables)
    assert text.count("\n") < LINES  # a bar is drawn over itself
    return str(text)


def test_an_outage(smscli: Smscli, sandbox: RunningSandbox, terminal: Terminal, list_: str) -> None:
    nowhere = sandbox.variables | {"SMSCLI_ENDPOINT": "http://127.0.0.1:1/"}
    text = shown(terminal, *SEND, "--csv", list_, **nowhere)
    assert "3,000 not sent to yet. Continue with: smscli resume 1" in text
    assert text.count("planned") == 1
    assert "3,000 not sent to yet" in shown(terminal, "runs", "1")
    piped = smscli(*SEND, "--csv", list_, **nowhere)
    assert len(piped.out.splitlines()) == MANY
    assert len(piped.err.splitlines()) < 10


def test_ctrl_c(smscli: Smscli, environment: dict[str, str], start_sandbox: StartSandbox, list_: str) -> None:
    slow = start_sandbox(latency=100)
    command = [sys.executable, "-m", "smscli", *SEND, "--csv", list_]
    with subprocess.Popen(
        command, env=environment | slow.variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as sending:
        eventually(lambda: slow.queued)
        sending.send_signal(signal.SIGINT)
        out, err = sending.communicate(timeout=30)
    assert sending.returncode == 130
    assert len(out.splitlines()) == MANY
    assert len(err.splitlines()) < 10


def test_numbers_whose_outcome_is_unknown(
    smscli: Smscli, start_sandbox: StartSandbox, terminal: Terminal, list_: str
) -> None:
    broken = start_sandbox(fault="close-after").variables
    shown(terminal, "send", "--content", "hi", "--yes", "--csv", list_, "--batch-size", "5000", **broken)
    text = shown(terminal, "runs", "1")
    assert "3,000 with outcome unknown" in text
    assert "`smscli runs 1 --unknown` lists them all" in text
    assert len(smscli("runs", "1").err.splitlines()) < 10
    assert len(smscli("runs", "1", "--unknown").out.splitlines()) == MANY


def test_batches_whose_outcome_is_unknown(
    smscli: Smscli, start_sandbox: StartSandbox, terminal: Terminal, list_: str
) -> None:
    """Every other one, so that the run does not stop."""
    broken = start_sandbox(fault="close-after", fault_every=2, balance=MANY).variables
    few = ["--limit", "300", "--workers", "1"]
    text = shown(terminal, *SEND, "--csv", list_, *few, **broken)
    assert "and 130 batches more; `smscli runs 1 --output tsv` lists them all" in text
    shown(terminal, "runs", "1")
    assert "`smscli runs 1 --unknown` lists them all" in smscli("runs", "1").err
    assert len(smscli("runs", "1").err.splitlines()) < LINES / 2
    assert len(smscli("runs", "1", "--output", "tsv").out.splitlines()) == 300


def test_refusals_that_all_differ(smscli: Smscli, sandbox: RunningSandbox, terminal: Terminal, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text("手机号,名\n" + "".join(f"{mobile},敏感{mobile}\n" for mobile in numbers(300)))
    shown(terminal, "send", "--csv", str(people), "--content", "{名}", "--yes", "--force", **sandbox.variables)
    shown(terminal, "runs", "1")


def test_states_that_all_differ(smscli: Smscli, sandbox: RunningSandbox, terminal: Terminal, list_: str) -> None:
    send = ["send", "--content", "hi", "--limit", "500", "--csv", list_, "--yes", "--output", "json"]
    sendid = smscli(*send, **sandbox.variables).json[0]["sendid"]
    lines = "".join(f"sendid={sendid}&mobile={m}&state=XX:{n}&time=\n" for n, m in enumerate(numbers(500)))
    assert smscli("parse-report", "--record", stdin=lines, **sandbox.variables).code == 0
    assert "`smscli runs 1 --failed` lists them all" in shown(terminal, "runs", "1")


def test_numbers_that_were_left_out(smscli: Smscli, sandbox: RunningSandbox) -> None:
    people = "\n".join(f"138{n:05d}{end}" for n in range(300) for end in ("099", "100"))
    send = ["send", "--content", "hi", "--batch-size", "2", "--yes", "--force"]
    assert smscli(*send, stdin=people, **sandbox.variables).code == 7
    assert "and the same of 290 batches more" in smscli("runs", "1", "--failed").err
    assert len(smscli("runs", "1", "--failed").err.splitlines()) < LINES / 2
