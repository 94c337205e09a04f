"""Hosts that share a ledger on a server: they join a run, stand still, have other clocks, or wait for a server."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from smscli.errors import LedgerCutError
from smscli.ledger.store import open_store
from tests.support.command import Smscli
from tests.support.ledgers import ask, new_schema
from tests.support.runs import open_runs
from tests.support.sandboxes import RunningSandbox, numbers
from tests.support.waiting import eventually

StartSandbox = Callable[..., RunningSandbox]
SEND = ("send", "--content", "x", "--batch-size", "1", "--yes", "--force")
# A gate of a second, so that a test does not wait for long.
QUICK = """
from smscli.ledger import runs
from smscli.ledger.engines.postgres import PostgresEngine
PostgresEngine.gate, runs._MARGIN = 1.0, 0.2
"""
# Stands still between its claim and its request.
PAUSES = """
import os, signal, time
from smscli.ledger.claims import Claims
advance = Claims.advance

def paused(self, answered, wants_more):
    claim = advance(self, answered, wants_more)
    if claim and claim.batch.number == 2:
        os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(0.2)  # until it stops
    return claim

Claims.advance = paused
"""
# The test of the test: no gate.
UNGATED = """
from smscli.ledger.claims import Claim
Claim.may_leave = True
"""
RUN = "from smscli.__main__ import main\nimport sys\nsys.exit(main())\n"
HOLDERS = (
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid > 0 AND granted AND classid = "
    "(SELECT oid FROM pg_namespace WHERE nspname = current_schema())"
)


@pytest.fixture(autouse=True)
def ledger(postgres: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> Iterator[str]:
    with new_schema(postgres) as address:
        monkeypatch.setenv("SMSCLI_LEDGER", address)
        environment["SMSCLI_LEDGER"] = address
        yield address


@contextmanager
def host(environment: dict[str, str], program: str, *arguments: str) -> "Iterator[subprocess.Popen[str]]":
    with subprocess.Popen(
        [sys.executable, "-c", program + RUN, *arguments], env=environment, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def test_a_run_is_joined(smscli: Smscli, environment: dict[str, str], start_sandbox: StartSandbox) -> None:
    people = numbers(40)
    slow = start_sandbox(latency=150)
    shop = environment | slow.variables
    with host(shop, "", *SEND, "--mobile", ",".join(people), "--workers", "2") as first:
        eventually(lambda: len(slow.queued) > 2)
        alone = smscli("resume", "1", **slow.variables)
        assert alone.code == 10
        assert "smscli resume 1 --join" in alone.err
        with host(shop, "", "resume", "1", "--join", "--yes", "--workers", "2") as second:
            outputs = [process.communicate(timeout=60) for process in (first, second)]
            assert (first.returncode, second.returncode) == (0, 0)
    assert sorted(slow.queued) == people
    tokens = ask("SELECT count(DISTINCT token) FROM batch")
    assert tokens == [(40,)]
    for out, _ in outputs:  # each of them says what became of the whole run
        assert out.count("\taccepted\t") == 40


def test_a_rate_that_a_host_sets_holds_for_all(
    environment: dict[str, str], start_sandbox: StartSandbox, tmp_path: Path
) -> None:
    sandbox = start_sandbox()
    shop = environment | sandbox.variables
    with host(shop, "", *SEND, "--mobile", ",".join(numbers(15)), "--rate", "5", "--workers", "2") as first:
        eventually(lambda: sandbox.queued)
        with host(shop, "", "resume", "1", "--join", "--yes", "--workers", "2") as second:
            for process in (first, second):
                process.communicate(timeout=60)
    sent = sorted(at for (at,) in ask("SELECT sent FROM batch"))
    assert len(sandbox.queued) == 15
    assert sent[-1] - sent[0] > 13 / 5


@pytest.mark.parametrize(("program", "twice"), [(QUICK + PAUSES, 0), (QUICK + PAUSES + UNGATED, 1)])
def test_a_host_that_stood_still_sends_nothing_that_was_taken_over(
    environment: dict[str, str], sandbox: RunningSandbox, program: str, twice: int
) -> None:
    """The second variant has no gate, so that somebody gets it twice."""
    people = numbers(4)
    shop = environment | sandbox.variables
    with host(shop, program, *SEND, "--mobile", ",".join(people), "--workers", "1") as paused:
        eventually(lambda: "T" in Path(f"/proc/{paused.pid}/stat").read_text().rpartition(")")[2].split()[0])
        ask("SELECT pg_terminate_backend(pid) FROM (" + HOLDERS + ") AS holders")
        eventually(lambda: not ask(HOLDERS))
        with host(shop, QUICK, "resume", "1", "--unknown", "resend", "--yes") as other:
            _, err = other.communicate(timeout=60)
        assert other.returncode == 0
        assert "waiting until it is certain" in err
        assert sorted(sandbox.queued) == people
        paused.send_signal(signal.SIGCONT)
        _, err = paused.communicate(timeout=60)
    assert len(sandbox.queued) == len(people) + twice
    assert "Traceback" not in err


def test_a_host_that_stood_still_gives_its_batch_back(
    smscli: Smscli, environment: dict[str, str], sandbox: RunningSandbox
) -> None:
    people = numbers(3)
    shop = environment | sandbox.variables
    with host(shop, QUICK + PAUSES, *SEND, "--mobile", ",".join(people), "--workers", "1") as paused:
        eventually(lambda: "T" in Path(f"/proc/{paused.pid}/stat").read_text().rpartition(")")[2].split()[0])
        time.sleep(1.2)
        paused.send_signal(signal.SIGCONT)
        _, err = paused.communicate(timeout=60)
    assert sandbox.queued == people[:1]
    assert "could not leave in time" in err
    assert smscli("resume", "1", "--yes", **sandbox.variables).code == 0
    assert sorted(sandbox.queued) == people


def test_a_host_that_died_leaves_what_is_unknown_only_after_the_gate(
    smscli: Smscli, environment: dict[str, str], start_sandbox: StartSandbox
) -> None:
    hanging = start_sandbox(latency=20_000)
    with host(environment | hanging.variables, QUICK, *SEND, "--mobile", "13800138000") as dead:
        eventually(lambda: ask("SELECT to_regclass('batch') IS NOT NULL") == [(True,)])
        eventually(lambda: ask("SELECT state FROM batch") == [("sending",)])
        dead.kill()
        dead.wait()
    eventually(lambda: not ask(HOLDERS))
    with open_runs() as runs:
        with runs.hold(1):
            assert ask("SELECT state FROM batch") == [("sending",)]
        ask("UPDATE batch SET sent = sent - 13")
        with runs.hold(1):
            assert ask("SELECT state FROM batch") == [("unknown",)]


def test_times_are_the_servers(smscli: Smscli, sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    real = time.time()
    monkeypatch.setattr(time, "time", lambda: real + 86400)
    assert smscli("send", "--mobile", "13800138000", "--content", "x", **sandbox.variables).code == 0
    assert smscli("optout", "add", "13800138001", **sandbox.variables).code == 0
    (times,) = ask("SELECT created, sent, changed, since FROM run, batch, optout")
    assert all(abs(at - real) < 600 for at in times)


def test_a_server_process_that_stands_still_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smscli.ledger.engines.session.PATIENCE", 1.0)
    with open_store() as store:
        (process,) = store.read_one("SELECT pg_backend_pid()")
        try:
            os.kill(process, signal.SIGSTOP)
        except PermissionError:
            pytest.skip("the server is another user's")
        try:
            assert store.read("SELECT 1") == [(1,)]  # by another process
        finally:
            os.kill(process, signal.SIGCONT)
        with pytest.raises(LedgerCutError), store.transaction() as connection:
            (process,) = connection.execute("SELECT pg_backend_pid()").fetchone()
            os.kill(process, signal.SIGSTOP)
            try:
                connection.execute("SELECT 1")
            finally:
                os.kill(process, signal.SIGCONT)
