"""Several hosts send a run while its ledger's server or they themselves fail: nobody gets it twice, nobody is lost."""

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from smscli.ledger.states import State
from tests.support.ledgers import ask, by, new_schema
from tests.support.runs import open_runs
from tests.support.sandboxes import RunningSandbox, numbers
from tests.support.wire import wire

StartSandbox = Callable[..., RunningSandbox]
Harm = Callable[["Hosts"], None]

SOUND = "from smscli.__main__ import main\nimport sys\nsys.exit(main())\n"
# The tests of the tests. This variant sends although it is not known whether the claim is durable.
UNCLAIMED = (
    """
from smscli.errors import LedgerCutError
from smscli.ledger import claims
from smscli.ledger.runs import Runs
advance, claims.AWAY_SECONDS = claims.Claims.advance, 0.0

def advance_anyway(self, answered, wants_more):
    try:
        return advance(self, answered, wants_more)
    except LedgerCutError:
        for batch in Runs(self._store).open_batches(self._run.id, self._last, 1):
            return claims.Claim(batch.ended(claims.states.SENDING))

claims.Claims.advance = advance_anyway
"""
    + SOUND
)
# This one gives nothing back and writes no answer again.
FORGETFUL = (
    """
from smscli.ledger import claims
claims.Claims._is_patient = lambda self, error, answered, waited: False
"""
    + SOUND
)


class Hosts:
    """Processes that send one run together, each with its own session."""

    def __init__(
        self, program: str, environment: Mapping[str, str], directory: Path, sandbox: RunningSandbox, people: int
    ) -> None:
        self.people = numbers(people)
        self.sandbox = sandbox
        self.running: list[subprocess.Popen[bytes]] = []
        self._program, self._directory = program, directory
        self._environment = {**environment, **sandbox.variables, "SMSCLI_SIGN": "测试"}
        (directory / "people.csv").write_text("手机号\n" + "\n".join(self.people), encoding="utf-8")

    def run(self, harm: Harm, times: int, hosts: int) -> None:
        """Do harm so many times, while so many processes send, and then let them end."""
        for _ in range(times):
            if self.is_through():
                break
            self.running = [process for process in self.running if process.poll() is None]
            self.running += [self.start() for _ in range(hosts - len(self.running))]
            harm(self)
        self.end()

    def end(self) -> None:
        """Let those that run end, and then one that does the rest."""
        for process in self.running:
            process.wait(120)
        for _ in range(5):
            if self.is_through() or self.start().wait(120) in (0, 6):
                break

    def is_through(self) -> bool:
        """Return whether nothing is left to be sent."""
        rows = ask("SELECT count(*), coalesce(sum(open), 1) FROM batch") if self.is_begun() else [(0, 1)]
        return bool(rows[0][0]) and not rows[0][1]

    @staticmethod
    def is_begun() -> bool:
        """Return whether there is a run."""
        tables = "SELECT to_regclass('run') IS NOT NULL AND to_regclass('batch') IS NOT NULL"
        return bool(ask(tables)[0][0]) and bool(ask("SELECT 1 FROM run"))

    def start(self) -> "subprocess.Popen[bytes]":
        """Start a process that begins the run, or joins it."""
        send = ["send", "--csv", "people.csv", "--content", "x", "--key", "k", "--batch-size", "5"]
        command = ["resume", "1", "--join"] if self.is_begun() else send
        return subprocess.Popen(
            [sys.executable, "-c", self._program, *command, "--yes", "--quiet"],
            env=self._environment, cwd=self._directory,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def check(self) -> int:
        """Compare what the gateway accepted with what the ledger says; return how many numbers' outcome is unknown."""
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
        assert set(got) <= set(self.people)
        return len(self.people) - len(accepted)


@pytest.fixture
def ledger(postgres: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with new_schema(postgres) as address:
        monkeypatch.setenv("SMSCLI_LEDGER", address)
        yield address


MakeHosts = Callable[..., Hosts]


@pytest.fixture
def hosts(environment: dict[str, str], tmp_path: Path, start_sandbox: StartSandbox, ledger: str) -> MakeHosts:
    def make(program: str, people: int, address: str = ledger) -> Hosts:
        sandbox = start_sandbox(balance=10**6, latency=20)
        return Hosts(program, environment | {"SMSCLI_LEDGER": address}, tmp_path, sandbox, people)

    return make


_HOLDERS = (
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid > 0 AND granted AND classid = "
    "(SELECT oid FROM pg_namespace WHERE nspname = current_schema())"
)


def cutting(chance: random.Random) -> Harm:
    """End the session of a process that sends."""

    def cut(_: Hosts) -> None:
        time.sleep(chance.uniform(0, 0.2))
        if found := ask(_HOLDERS):
            ask("SELECT pg_terminate_backend(?)", chance.choice(found))

    return cut


def killing(chance: random.Random) -> Harm:
    """Kill a process that sends."""

    def kill(hosts: Hosts) -> None:
        time.sleep(chance.uniform(0.2, 0.6))
        chance.choice(hosts.running).send_signal(signal.SIGKILL)

    return kill


@pytest.mark.parametrize("cuts", [20, pytest.param(300, marks=pytest.mark.long)])
def test_sessions_that_end_at_random_cost_nothing(hosts: MakeHosts, cuts: int) -> None:
    cut = hosts(SOUND, 100 * cuts)
    cut.run(cutting(random.Random(cuts)), cuts, 3)
    assert cut.check() == 0  # every claim was given back, and every answer written


@pytest.mark.parametrize("kills", [4, pytest.param(60, marks=pytest.mark.long)])
def test_hosts_that_are_killed_leave_only_what_they_had_in_flight(hosts: MakeHosts, kills: int) -> None:
    killed = hosts(SOUND, 500 * kills)
    killed.run(killing(random.Random(kills)), kills, 3)
    assert killed.check() <= kills * 4 * 5  # workers, numbers of a batch


@pytest.fixture
def fragile(hosts: MakeHosts, postgres: Path, ledger: str) -> Iterator[Callable[[str, int], Hosts]]:
    """Make hosts whose way to the server breaks at some commits: before it is asked for, or before it is answered."""
    chance = random.Random(7)

    def ask_for(kind: bytes, body: bytes) -> bytes | None:
        if kind == b"Q" and body.startswith(b"COMMIT") and chance.random() < 0.1:
            return None
        return body

    def answer(kind: bytes, body: bytes) -> bytes | None:
        return None if kind == b"C" and body.startswith(b"COMMIT") and chance.random() < 0.1 else body

    with wire(postgres, ask_for, answer) as way:
        yield lambda program, people: hosts(program, people, by(ledger, postgres, way))


def waiting(_: Hosts) -> None:
    time.sleep(0.3)


@pytest.mark.parametrize("people", [500, pytest.param(20_000, marks=pytest.mark.long)])
def test_a_commit_without_an_answer_is_given_back_or_written_again(
    fragile: Callable[[str, int], Hosts], people: int
) -> None:
    cut = fragile(SOUND, people)
    cut.run(waiting, people, 3)
    assert cut.check() == 0


def test_of_the_test_sending_what_is_not_claimed_is_found_out(fragile: Callable[[str, int], Hosts]) -> None:
    broken = fragile(UNCLAIMED, 500)
    broken.run(waiting, 60, 1)
    with pytest.raises(AssertionError, match="twice"):
        broken.check()


def test_of_the_test_giving_nothing_back_is_found_out(fragile: Callable[[str, int], Hosts]) -> None:
    broken = fragile(FORGETFUL, 300)
    broken.run(waiting, 60, 1)
    assert broken.check() > 0
