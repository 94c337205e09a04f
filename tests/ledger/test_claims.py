"""What several that send one run share: its batches, the rules that stop it, its pace, and who may not get more."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from smscli.ledger import claims, states
from smscli.ledger.claims import Claims
from smscli.ledger.runs import Run, Runs
from smscli.ledger.states import Fate, State, Stop
from smscli.ledger.store import Store, open_store
from tests.support.command import Smscli
from tests.support.ledgers import ask
from tests.support.runs import Steps, begun, new_run
from tests.support.sandboxes import RunningSandbox, numbers, write_config

TEXTS = [(f"text {number}", [mobile]) for number, mobile in enumerate(numbers(12))]


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    with open_store() as opened:
        yield opened


@pytest.fixture
def hosts(store: Store) -> Iterator[tuple[Steps, Steps]]:
    with begun(Runs(store), TEXTS, new_run()._replace(rate=10, max_refused=4)) as run:
        yield Steps(store, run), Steps(store, run)


def test_no_batch_is_claimed_by_two(hosts: tuple[Steps, Steps]) -> None:
    one, two = hosts
    claimed = [host.claim().batch for _ in range(6) for host in (one, two)]
    assert [batch.number for batch in claimed] == list(range(1, 13))
    assert len({batch.token for batch in claimed}) == 12
    assert not one.has_more() and not two.has_more()


@pytest.mark.parametrize(
    ("fates", "stop"),
    [
        ([states.UNKNOWN] * 3, Stop.UNANSWERED),
        ([states.UNKNOWN, states.UNKNOWN, states.ACCEPTED, states.UNKNOWN, states.UNKNOWN], None),
        ([states.UNKNOWN, states.REFUSED, states.UNKNOWN, states.UNKNOWN], None),
        ([states.REFUSED] * 4, Stop.MANY_REFUSED),
        ([states.REFUSED, states.ACCEPTED] * 3, None),
        ([states.ACCEPTED, states.UNREACHABLE], Stop.UNREACHABLE),
        ([states.REFUSED_ACCOUNT], Stop.REFUSED),
        ([states.PLANNED], None),
    ],
)
def test_what_stops_a_run_stops_it_for_all(hosts: tuple[Steps, Steps], fates: list[Fate], stop: Stop | None) -> None:
    for number, fate in enumerate(fates):  # in turn
        host = hosts[number % 2]
        host.settle(host.claim().batch.ended(fate))
    for host in hosts:
        assert host.has_more() is (stop is None)
        assert host.claims.stopped is stop


def test_who_holds_it_next_forgets_what_stopped_it(store: Store) -> None:
    with begun(Runs(store), TEXTS) as run:
        Steps(store, run).settle(Steps(store, run).claim().batch.ended(states.UNREACHABLE))
        assert not Steps(store, run).has_more()
    with Runs(store).hold(run.id):
        assert Steps(store, run).claim().batch.number == 1


def test_a_rate_is_shared(store: Store, hosts: tuple[Steps, Steps]) -> None:
    turns, begun_at = [], store.now()
    for _ in range(4):
        for host in hosts:
            assert host.claims.take_turn(None, lambda: True) < 1
            turns += store.read_one("SELECT turn FROM run")
    assert all(later - before > 0.099 for before, later in itertools.pairwise([begun_at, *turns]))


def test_a_clock_that_is_set_back_costs_no_time(store: Store, hosts: tuple[Steps, Steps]) -> None:
    with store.transaction() as connection:
        connection.execute("UPDATE run SET turn = turn + 1e7 + ?", (connection.now(),))
    assert hosts[0].claims.take_turn(None, lambda: True) == 0


def test_a_request_that_is_late_does_not_leave(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with begun(Runs(store), TEXTS) as run:
        store.gate = 10.0
        now = [claims._clock()]
        monkeypatch.setattr(claims, "_clock", lambda: now[0])
        claim = Claims(store, run, one_text=False).advance(None, lambda: True)
        now[0] += 9.9
        assert claim and claim.may_leave
        now[0] += 0.2
        assert not claim.may_leave


def judged(store: Store, run: Run, patience: float = 0) -> tuple[float, list[str]]:
    """Judge a run, and return how long it takes until all of it is, and its states on disk."""
    left = Runs(store).judge(run.id, patience)
    return left, [state for (state,) in store.read("SELECT state FROM batch WHERE run = ? ORDER BY number", (run.id,))]


def test_a_claim_is_judged_after_the_time_in_which_its_request_may_leave(store: Store) -> None:
    gate, store.gate = store.gate, 10.0
    with begun(Runs(store), TEXTS[:2]) as run:
        steps = Steps(store, run)
        steps.claim()
        steps.claim()
        left, found = judged(store, run)
        assert 10 < left <= 12 and found == ["sending", "sending"]
        ask("UPDATE batch SET sent = sent - 11 WHERE number = 1")
        assert judged(store, run)[1] == ["sending", "sending"]
        ask("UPDATE batch SET sent = sent - 2 WHERE number = 1")
        assert judged(store, run)[1] == ["unknown", "sending"]
        ask("UPDATE batch SET sent = sent - 20 WHERE number = 2")
        assert judged(store, run) == (0, ["unknown", "unknown"])
    store.gate = gate


# --- who may not get more -----------------------------------------------------------------------------------------


def test_per_number_holds_for_a_run_that_goes_on(smscli: Smscli, home: Path, sandbox: RunningSandbox) -> None:
    def use(endpoint: str) -> None:
        write_config(
            home,
            f"""[profiles.shop]
endpoint = "{endpoint}"
name = "demo"
pwd = "demo"
per_number = ["1/1h"]
""",
        )

    people = "手机号,名\n" + "".join(f"13800138000,{name}\n" for name in "甲乙丙丁") + "13800138001,戊\n"
    send = ("send", "--content", "{名}", "--workers", "1", "--force")
    use("http://127.0.0.1:1/")
    assert smscli(*send, stdin=people).code == 5
    use(sandbox.sandbox.endpoint)
    assert smscli("send", "--content", "now", "--mobile", "13800138000").code == 0
    ended = smscli("resume", "1", "--yes")
    assert sandbox.queued == ["13800138000", "13800138001"]
    assert "1 left out: they would get more messages than per_number allows" in ended.err
    assert ended.code == 0
    assert {row[1] for row in ended.rows} == {"dropped", "accepted"}
    assert "its numbers would get more messages than per_number allows" in ended.out


def test_what_went_out_before_counts_for_the_rest_of_a_run(store: Store) -> None:
    (mobile, other) = numbers(2)
    batches = [("a", [mobile]), ("b", [mobile, other]), ("c", [mobile]), ("d", [other])]
    with begun(Runs(store), batches, new_run()._replace(created=store.now())) as run:
        steps = Steps(store, run)
        steps.claims = Claims(store, run, False, [(1, 3600.0)])
        first, second, third, fourth = (steps.claim() for _ in range(4))
    assert first.batch.mobiles == (mobile,)
    assert (second.batch.mobiles, second.held_back) == ((other,), 1)
    assert [claim.batch.state for claim in (third, fourth)] == [State.DROPPED, State.DROPPED]


# --- a ledger that is another one ---------------------------------------------------------------------------------


def test_a_run_from_another_server_goes_on_only_where_a_person_says_so(smscli: Smscli, sandbox: RunningSandbox) -> None:
    send = ("send", "--mobile", "13800138000", "--content", "x", "--key", "k")
    assert smscli(*send, **sandbox.variables | {"SMSCLI_ENDPOINT": "http://127.0.0.1:1/"}).code == 5
    ask("UPDATE run SET server = '7/00000001'")
    for command in (("resume", "1"), send):
        refused = smscli(*command, **sandbox.variables)
        assert (refused.code, sandbox.queued) == (2, [])
        assert "a standby took over, or a backup was put back" in refused.err
    assert smscli("resume", "1", "--yes", **sandbox.variables).code == 0
    assert smscli(*send, **sandbox.variables).code == 0  # nothing is left that could be sent again
    assert sandbox.queued == ["13800138000"]


@pytest.mark.sqlite
def test_a_file_is_for_one_process_at_a_run(smscli: Smscli, sandbox: RunningSandbox) -> None:
    assert smscli("send", "--mobile", "13800138000", "--content", "x", **sandbox.variables).code == 0
    ended = smscli("resume", "1", "--join", **sandbox.variables)
    assert (ended.code, len(sandbox.queued)) == (2, 1)
    assert "--join needs a ledger that several hosts share" in ended.err
