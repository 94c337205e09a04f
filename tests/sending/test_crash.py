"""Bulk runs that are killed at random moments: nobody gets a message twice, nobody is lost, every unknown is listed."""

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from smscli.ledger.states import State
from tests.support.command import Smscli
from tests.support.forks import SOUND, Forks, forks
from tests.support.runs import open_runs
from tests.support.sandboxes import RunningSandbox, numbers

StartSandbox = Callable[..., RunningSandbox]

# The test of the test: this variant tells the ledger of a request only after its answer.
BROKEN = (
    """
import threading
from smscli.ledger import claims
from smscli.ledger.runs import Runs
advance, lock = claims.Claims.advance, threading.Lock()

def advance_late(self, answered, wants_more):
    with lock:
        if answered:
            last, self._last = self._last, answered.number - 1
            claim = advance(self, None, lambda: True)
            self._last = last
            advance(self, answered._replace(token=claim.batch.token), lambda: False)
        for batch in Runs(self._store).open_batches(self._run.id, self._last, 1) if wants_more() else ():
            self._last = batch.number
            return claims.Claim(batch.ended(claims.states.SENDING))

claims.Claims.advance = advance_late
"""
    + SOUND
)


class Harness:
    """Kills bulk runs and goes on with them: when one is done the next one begins, until so many kills hit."""

    def __init__(self, program: str, environment: dict[str, str], directory: Path, sandbox: RunningSandbox) -> None:
        self.people = numbers(400)
        self.sandbox = sandbox
        self.begun = 0  # runs; each has a key and a text of its own
        self._program, self._directory = program, directory
        self._environment = environment | sandbox.variables | {"SMSCLI_SIGN": "测试"}
        (directory / "people.csv").write_text("手机号\n" + "\n".join(self.people), encoding="utf-8")

    def run(self, kills: int, chance: random.Random) -> None:
        """Kill runs that many times, and then let the last one end."""
        hits = 0
        with forks(self._environment, self._directory, self._program) as program:
            while hits < kills:
                self.begun += 1
                while hits < kills:
                    self._start(program, resume=hits % 2 == 1 and self._runs() == self.begun)
                    code = self._kill(program, chance, anywhere=hits % 4 == 3)
                    if code != -signal.SIGKILL:
                        assert code in (0, 6), program.told
                        break
                    hits += 1
            self._start(program, resume=False)
            assert program.wait() in (0, 6)

    def _start(self, program: Forks, resume: bool) -> None:
        name = f"k{self.begun}"
        send = ["send", "--csv", "people.csv", "--content", name, "--key", name, "--batch-size", "10"]
        program.start(*(["resume", str(self.begun)] if resume else send), "--yes", "--quiet")

    def _kill(self, program: Forks, chance: random.Random, anywhere: bool) -> int:
        if anywhere:
            time.sleep(chance.uniform(0, 0.1))
        else:
            size = self.sandbox.log.stat().st_size
            while self.sandbox.log.stat().st_size < size + 1000 and program.is_running():
                time.sleep(0.002)
            time.sleep(chance.uniform(0, 0.05))
        return program.kill()

    def _runs(self) -> int:
        with open_runs() as ledger:
            return len(ledger.latest())

    def check(self) -> None:
        """Compare what the gateway accepted with what the ledger says."""
        with open_runs() as ledger:
            runs = {run.content: run.id for run in ledger.latest()}
        got: dict[str, Counter[str]] = {content: Counter() for content in runs}
        for request in self.sandbox.requests:
            if request["queued"]:
                got[request["content"]].update(request["mobile"])
        assert len(runs) == self.begun
        for content, run in runs.items():
            self._check_run(run, got[content])

    def _check_run(self, run: int, got: Counter[str]) -> None:
        twice = [mobile for mobile, count in got.items() if count > 1]
        assert not twice, f"{len(twice)} got it twice"
        with open_runs() as ledger:
            lists = {state: [b.mobiles for b in ledger.batches(run, [state])] for state in State}
        told = {state: {mobile for mobiles in lists[state] for mobile in mobiles} for state in State}
        accepted = told[State.ACCEPTED]
        unknown = told[State.UNKNOWN] | told[State.SENDING]  # nobody has looked at these since their process died
        assert accepted <= set(got), "the ledger says accepted, the gateway does not"
        assert set(got) <= accepted | unknown, "the gateway sent what the ledger does not know"
        assert accepted | unknown == set(self.people), "somebody was lost"
        assert sum(len(mobiles) for some in lists.values() for mobiles in some) == len(self.people)

    def unknown(self) -> dict[int, list[str]]:
        """Return each run's numbers of which nobody knows whether they got it."""
        with open_runs() as ledger:
            found = {run.id: ledger.unsettled_batches(run.id) for run in ledger.latest()}
        return {run: [mobile for batch in batches for mobile in batch.mobiles] for run, batches in found.items()}


@pytest.fixture
def harness(environment: dict[str, str], tmp_path: Path, start_sandbox: StartSandbox) -> Callable[[str], Harness]:
    return lambda program: Harness(program, environment, tmp_path, start_sandbox(balance=10**6, latency=20))


@pytest.mark.parametrize("kills", [20, pytest.param(1000, marks=pytest.mark.long)])
def test_killed_runs_send_to_everybody_once(harness: Callable[[str], Harness], smscli: Smscli, kills: int) -> None:
    killed = harness(SOUND)
    killed.run(kills, random.Random(kills))
    killed.check()
    unknown = killed.unknown()
    assert any(unknown.values()), "no kill hit a request in flight, so nothing was proved"
    for run, mobiles in unknown.items():
        told = smscli("runs", str(run), "--unknown").out
        assert all(mobile in told for mobile in mobiles)


def test_recording_late_is_found_out(harness: Callable[[str], Harness]) -> None:
    broken = harness(BROKEN)
    broken.run(6, random.Random(4))
    with pytest.raises(AssertionError, match="twice"):
        broken.check()


DIES = """
import os, signal, sqlite3, sys
connect, left = sqlite3.connect, [int(sys.argv.pop(1))]

def dying(*arguments, **settings):
    connection = connect(*arguments, **settings)
    def count(statement):
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
    connection.set_trace_callback(count)
    return connection

sqlite3.connect = dying
"""
RUN = f"{SOUND}sys.exit(main())\n"


@pytest.mark.sqlite
def test_killed_while_the_ledger_is_made(environment: dict[str, str], smscli: Smscli, tmp_path: Path) -> None:
    """Die before the first statement, before the second, and so on, until the ledger is complete."""
    for statements in range(80):
        path = tmp_path / f"{statements}.db"
        variables = environment | {"SMSCLI_LEDGER": str(path)}
        died = subprocess.run(
            [sys.executable, "-c", DIES + RUN, str(statements), "runs"], env=variables, capture_output=True
        )
        if statements % 4 == 0 or died.returncode == 0:
            after = smscli("runs", SMSCLI_LEDGER=str(path))
            assert (after.code, after.out, after.err) == (0, "", "")
        if died.returncode == 0:
            break
    assert died.returncode == 0 and statements > 5


@contextmanager
def started(
    smscli_environment: dict[str, str], directory: Path, *arguments: str
) -> "Iterator[subprocess.Popen[bytes]]":
    process = subprocess.Popen(
        [sys.executable, "-m", "smscli", *arguments],
        env=smscli_environment,
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_two_runs_at_once_share_a_ledger(
    environment: dict[str, str], tmp_path: Path, start_sandbox: StartSandbox, smscli: Smscli
) -> None:
    running = start_sandbox(balance=10**6)
    lists: list[Sequence[str]] = [numbers(2000), numbers(2000, first=5000)]
    variables = environment | running.variables
    processes = []
    for index, people in enumerate(lists):
        (tmp_path / f"{index}.csv").write_text("\n".join(people))
        arguments = ["--csv", f"{index}.csv", "--content", "x", "--yes", "--batch-size", "5"]
        processes.append(
            subprocess.Popen(
                [sys.executable, "-m", "smscli", "send", *arguments],
                env=variables,
                cwd=tmp_path,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    told = [process.communicate(timeout=120)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], told
    assert Counter(running.queued) == Counter([*lists[0], *lists[1]])
    assert [row[4] for row in smscli("runs").rows] == ["2000", "2000"]


def test_a_second_process_cannot_resume_a_run_that_lives(
    environment: dict[str, str], tmp_path: Path, start_sandbox: StartSandbox, smscli: Smscli
) -> None:
    slow = start_sandbox(latency=300)
    (tmp_path / "people.csv").write_text("\n".join(numbers(40)))
    send = ["send", "--csv", "people.csv", "--content", "x", "--batch-size", "1", "--workers", "2"]
    with started(environment | slow.variables, tmp_path, *send):
        deadline = time.monotonic() + 20
        while not slow.queued and time.monotonic() < deadline:
            time.sleep(0.05)
        refused = smscli("resume", "1", **slow.variables)
        assert (refused.code, refused.out) == (10, "")
        assert "another process" in refused.err
        assert smscli("runs").rows[0][2] == "sending"
    assert smscli("runs").rows[0][2] == "interrupted"


@pytest.mark.parametrize(
    "fault", ["close-after", "reset-after", "html", "http-502", "truncated", "close-before", "empty"]
)
def test_misbehaviour_in_the_middle_of_a_run(
    smscli: Smscli, start_sandbox: StartSandbox, tmp_path: Path, fault: str
) -> None:
    people = numbers(300)
    (tmp_path / "people.csv").write_text("\n".join(people))
    moody = start_sandbox(fault=fault, fault_every=7)
    ended = smscli(
        "send",
        "--csv",
        "people.csv",
        "--content",
        "x",
        "--yes",
        "--batch-size",
        "10",
        "--output",
        "json",
        **moody.variables,
    )
    assert ended.code == 6
    outcomes = Counter(batch["outcome"] for batch in ended.json)
    assert outcomes["unknown"] >= 4 and outcomes["unknown"] + outcomes["accepted"] == 30
    assert max(Counter(moody.queued).values()) == 1
    again = smscli("resume", "1", "--output", "json", **moody.variables)
    assert again.code == 6 and Counter(batch["outcome"] for batch in again.json) == outcomes
    assert max(Counter(moody.queued).values()) == 1
