"""Several hosts send a run while its ledger's server or they themselves fail: nobody gets it twice, nobody is lost."""

import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.hosts import SOUND, Harm, Hosts
from tests.support.ledgers import ask, by, new_schema
from tests.support.sandboxes import RunningSandbox
from tests.support.wire import wire

StartSandbox = Callable[..., RunningSandbox]

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
claims.Claims.keep = lambda self: None
"""
    + SOUND
)


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
