"""A closed terminal (SIGHUP) ends what runs as SIGTERM does; what was started with nohup goes on."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.support.command import ON_TERMINAL, Smscli
from tests.support.sandboxes import RunningSandbox, numbers, write_config
from tests.support.waiting import eventually

PROGRAM = [sys.executable, "-m", "smscli"]
SEND = ["send", "--content", "hi", "--batch-size", "1", "--workers", "1", "--force", "--mobile", ",".join(numbers(4))]
LISTEN = ["listen", "--port", "0", "-p", "shop"]
SHOP = '[profiles.shop]\nendpoint = "http://127.0.0.1:1/"\nname = "demo"\npwd = "x"\npush_name = "admin"\n'


@pytest.fixture
def slow(start_sandbox: Callable[..., RunningSandbox]) -> RunningSandbox:
    return start_sandbox(latency=400)


@pytest.mark.parametrize("how", [signal.SIGHUP, signal.SIGTERM])
def test_a_send_keeps_the_answer_in_flight(
    smscli: Smscli, environment: dict[str, str], slow: RunningSandbox, how: signal.Signals
) -> None:
    with subprocess.Popen(
        [*PROGRAM, *SEND], env=environment | slow.variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as sending:
        eventually(lambda: len(slow.queued) == 1)
        sending.send_signal(how)
        out, err = sending.communicate(timeout=20)
    assert sending.returncode == 130
    assert [line.split(b"\t")[1] for line in out.splitlines()] == [b"accepted", b"planned", b"planned", b"planned"]
    assert b"3 not sent to yet. Continue with: smscli resume 1" in err
    assert smscli("resume", "1", **slow.variables).code == 0
    assert sorted(slow.queued) == numbers(4)


def test_a_send_whose_terminal_is_closed(smscli: Smscli, environment: dict[str, str], slow: RunningSandbox) -> None:
    master, slave = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", ON_TERMINAL, *SEND], env=environment | slow.variables,
        stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
    ) as sending:  # fmt: skip
        os.close(slave)
        eventually(lambda: len(slow.queued) == 1)
        os.close(master)
        assert sending.wait(20) == 130
    assert [row[1] for row in smscli("runs", "1").rows] == ["accepted", "planned", "planned", "planned"]
    assert len(slow.queued) == 1


def test_a_question_whose_terminal_is_closed_sends_nothing(
    smscli: Smscli, environment: dict[str, str], slow: RunningSandbox
) -> None:
    master, slave = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", ON_TERMINAL, "send", "--content", "hi", "--mobile", ",".join(numbers(101))],
        env=environment | slow.variables, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
    ) as asking:  # fmt: skip
        os.close(slave)
        shown = b""
        while b"[y/N]" not in shown:
            shown += os.read(master, 65536)
        os.close(master)
        assert asking.wait(20) != 0
    assert (slow.queued, smscli("runs").out) == ([], "")


def test_nohup_goes_on(environment: dict[str, str], slow: RunningSandbox) -> None:
    with subprocess.Popen(
        ["nohup", *PROGRAM, *SEND], env=environment | slow.variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as sending:
        eventually(lambda: len(slow.queued) == 1)
        sending.send_signal(signal.SIGHUP)
        sending.communicate(timeout=20)
    assert sending.returncode == 0
    assert slow.queued == numbers(4)


@pytest.mark.parametrize("command", [LISTEN, ["sandbox", "--port", "0"]])
@pytest.mark.parametrize("how", [signal.SIGHUP, signal.SIGTERM])
def test_a_service_ends(environment: dict[str, str], home: Path, command: Sequence[str], how: signal.Signals) -> None:
    write_config(home, SHOP)
    with subprocess.Popen([*PROGRAM, *command], env=environment, stderr=subprocess.PIPE) as serving:
        assert serving.stderr
        assert b"Ctrl-C stops it" in serving.stderr.readline()
        serving.send_signal(how)
        assert b"Traceback" not in serving.stderr.read()
    assert serving.returncode == 0


def test_a_service_under_nohup_goes_on(environment: dict[str, str], home: Path) -> None:
    write_config(home, SHOP)
    with subprocess.Popen(
        ["nohup", *PROGRAM, *LISTEN], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as serving:
        assert serving.stderr
        while b"Ctrl-C stops it" not in serving.stderr.readline():
            pass
        serving.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            serving.wait(0.7)
        serving.send_signal(signal.SIGTERM)
        assert serving.wait(20) == 0
