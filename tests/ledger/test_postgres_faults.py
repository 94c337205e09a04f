"""Sends whose connections to the ledger's server are cut at random: nobody gets a message twice, nobody is lost."""

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from smscli.ledger.states import State
from tests.support.ledgers import ask, new_schema
from tests.support.runs import open_runs
from tests.support.sandboxes import RunningSandbox, numbers

StartSandbox = Callable[..., RunningSandbox]

SOUND = "from smscli.__main__ import main\nimport sys\nsys.exit(main())\n"
# The test of the test: this variant sends although it is not known whether the claim is durable.
BROKEN = (
    """
from smscli.errors import LedgerLostError
from smscli.ledger import runs
advance = runs.Runs.advance

def advance_anyway(self, run, answered, following):
    try:
        return advance(self, run, answered, following)
    except LedgerLostError:
        return following and following.ended(runs.states.SENDING)

runs.Runs.advance = advance_anyway
"""
    + SOUND
)


class Hosts:
    """Processes that send one run by its key, one after the other or at once, while their sessions are ended."""

    def __init__(
        self, program: str, environment: dict[str, str], directory: Path, sandbox: RunningSandbox, people: int
    ) -> None:
        self.people = numbers(people)
        self.sandbox = sandbox
        self._program, self._directory = program, directory
        self._environment = environment | sandbox.variables | {"SMSCLI_SIGN": "测试"}
        (directory / "people.csv").write_text("手机号\n" + "\n".join(self.people), encoding="utf-8")

    def run(self, cuts: int, chance: random.Random, hosts: int) -> None:
        """End sessions that many times, while so many processes try to send, and then let one end."""
        running: list[subprocess.Popen[bytes]] = []
        done = 0
        while done < cuts and not self._is_through():
            running = [process for process in running if process.poll() is None]
            running += [self._start() for _ in range(hosts - len(running))]
            time.sleep(chance.uniform(0, 0.3))
            done += self._cut(chance)
        for process in running:
            process.wait(60)
        for _ in range(5):
            if self._start().wait(120) != 10:  # another one still holds the run
                break

    def _is_through(self) -> bool:
        with open_runs() as ledger:
            return any(not ledger.open_numbers(run.id) for run in ledger.all())

    def _cut(self, chance: random.Random) -> int:
        """End the session of a process that sends, by preference in the middle of what it writes."""
        schema = "(SELECT oid FROM pg_namespace WHERE nspname = current_schema())"
        found = ask(f"SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = {schema} AND objid > 0")
        if not found:
            return 0
        ask("SELECT pg_terminate_backend(?)", chance.choice(found))
        return 1

    def _start(self) -> "subprocess.Popen[bytes]":
        send = ["send", "--csv", "people.csv", "--content", "x", "--key", "k", "--yes", "--batch-size", "5", "--quiet"]
        return subprocess.Popen(
            [sys.executable, "-c", self._program, *send],
            env=self._environment, cwd=self._directory,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def check(self) -> None:
        """Compare what the gateway accepted with what the ledger says."""
        got = Counter(self.sandbox.queued)
        twice = [mobile for mobile, count in got.items() if count > 1]
        assert not twice, f"{len(twice)} got it twice"
        with open_runs() as ledger:
            (run,) = ledger.all()
            batches = list(ledger.batches(run.id))
        states = {mobile: batch.state for batch in batches for mobile in batch.mobiles}
        assert set(states) == set(self.people) and set(states.values()) <= {State.ACCEPTED, State.UNKNOWN}
        accepted = {mobile for mobile, state in states.items() if state is State.ACCEPTED}
        assert accepted <= set(got), "the ledger says accepted, the gateway does not"


@pytest.fixture
def hosts(
    postgres: Path,
    environment: dict[str, str],
    tmp_path: Path,
    start_sandbox: StartSandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[[str, int], Hosts]]:
    with new_schema(postgres) as ledger:
        monkeypatch.setenv("SMSCLI_LEDGER", ledger)
        variables = environment | {"SMSCLI_LEDGER": ledger}
        yield lambda program, people: Hosts(
            program, variables, tmp_path, start_sandbox(balance=10**6, latency=20), people
        )


@pytest.mark.parametrize(("cuts", "at_once"), [(8, 2), pytest.param(100, 2, marks=pytest.mark.long)])
def test_sessions_that_end_at_random_send_nothing_twice(
    hosts: Callable[[str, int], Hosts], cuts: int, at_once: int
) -> None:
    cut = hosts(SOUND, 200 * cuts)
    cut.run(cuts, random.Random(cuts), at_once)
    cut.check()


def test_of_the_test_sending_what_is_not_claimed_is_found_out(hosts: Callable[[str, int], Hosts]) -> None:
    broken = hosts(BROKEN, 600)
    broken.run(2, random.Random(2), 1)
    with pytest.raises(AssertionError, match="twice"):
        broken.check()
