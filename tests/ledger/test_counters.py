"""The counters: whatever happens to a ledger, they hold what counting all of it again gives, and what `runs` says."""

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from smscli.config.profile import Profile
from smscli.ledger import states
from smscli.ledger.counters import shares
from smscli.ledger.inbox import Inbox
from smscli.ledger.runs import Batch, Run, Runs
from smscli.ledger.settling import Settling
from smscli.ledger.statistics import By, Statistics, Wanted, count_old
from smscli.ledger.store import Store, open_store
from smscli.ledger.summary import summarize
from smscli.protocol.pushes import Push, Report
from smscli.protocol.times import china_time
from tests.support.ledgers import SERVER, clock, new_ledger
from tests.support.runs import Steps, new_run

MOBILES = [f"{prefix}0013800{number}" for prefix in ("138", "130", "189", "192", "170") for number in range(3)]
PROFILE = Profile("shop", name="demo")
LONG = "长" * 100  # two parts
SHARE = 3 if SERVER in os.environ else 1  # of the examples, where each needs new tables on a server


@contextmanager
def fresh_store() -> Iterator[Store]:
    """Open a ledger that is gone behind the block."""
    with (
        TemporaryDirectory() as directory,
        new_ledger(Path(directory) / "ledger.db") as address,
        patch.dict(os.environ, SMSCLI_LEDGER=address),
        open_store() as store,
    ):
        yield store


def rows(store: Store) -> list[Any]:
    """Return what is counted."""
    return store.read(
        "SELECT * FROM counter WHERE accepted != 0 OR parts != 0 OR unaccounted != 0 OR reported != 0 "
        "ORDER BY run, quarter, operator, state"
    )


def counted_again(store: Store) -> list[Any]:
    """Forget all counters, as if an older version had written the ledger, and count again."""
    with store.transaction() as connection:
        connection.execute("DELETE FROM counter")
        connection.execute("UPDATE batch SET counted = 0")
    count_old(store)
    return rows(store)


class Life:
    """Does to a ledger what senders, the gateway and people do to it, in an order that `choose` decides."""

    def __init__(self, store: Store, choose: random.Random) -> None:
        self.store, self.runs, self.choose = store, Runs(store), choose
        self.begun: list[Run] = []
        self.sending: list[tuple[Run, Batch]] = []
        self.sendids: dict[str, tuple[str, ...]] = {}
        self.now = time.time()

    def live(self, steps: int) -> None:
        actions: list[Callable[[], None]] = [
            self.begin, self.claim, self.claim, self.answer, self.answer, self.report, self.report, self.report,
            self.decide, self.cancel, self.die,
        ]  # fmt: skip
        with clock(self.time):
            self.begin()
            for _ in range(steps):
                self.now += self.choose.choice((0, 1, 2000))
                self.choose.choice(actions)()

    def sent(self, fate: states.Fate, sendid: bool) -> str:
        """Send a batch of four numbers, which ends so; return the sendid that it has, or would have."""
        with clock(self.time):
            with self.runs.begin(lambda: (new_run("好")._replace(created=self.now), [("好", MOBILES[:4])])) as run:
                steps = Steps(self.store, run)
                batch = steps.claim().batch
                found = self.sendid(batch)
                steps.settle(batch.ended(fate)._replace(sendid=found if sendid else ""))
            self.begun.append(run)
            self.now += 2000
        return found

    def time(self) -> float:
        """Return what the ledger takes for the time."""
        return self.now

    def begin(self) -> None:
        texts = [self.choose.choice(("好", LONG)) for _ in range(self.choose.randint(1, 3))]
        batches = [(text, self.choose.sample(MOBILES, self.choose.randint(1, 4))) for text in texts]
        run = new_run("好")._replace(created=self.now, numbers=sum(len(mobiles) for _, mobiles in batches))
        with self.runs.begin(lambda: (run, batches)) as begun:
            self.begun.append(begun)
        self.store.take(begun.id)  # a process is at it until it dies

    def die(self) -> None:
        run = self.choose.choice(self.begun)
        self.sending = [(other, batch) for other, batch in self.sending if other.id != run.id]
        self.store.give_back(run.id)
        if self.choose.random() < 0.5:
            Settling(self.store).settle(run.id)
        with self.runs.hold(run.id):
            pass
        self.store.take(run.id)

    def claim(self) -> None:
        run = self.choose.choice(self.begun)
        if claim := Steps(self.store, run).claims.advance(None, lambda: True):  # none where the run has stopped
            self.sending.append((run, claim.batch))

    def answer(self) -> None:
        if not self.sending:
            return
        run, batch = self.sending.pop(self.choose.randrange(len(self.sending)))
        fate = self.choose.choice(
            (states.ACCEPTED,) * 3 + (states.UNKNOWN, states.REFUSED_ACCOUNT, states.REFUSED, states.UNREACHABLE)
        )
        sendid = self.sendid(batch) if fate is states.ACCEPTED or self.choose.random() < 0.3 else ""
        left = self.choose.randint(0, min(2, batch.numbers)) if fate is states.ACCEPTED else batch.numbers
        answered = batch.ended(fate)._replace(
            sendid=sendid, accepted=batch.numbers - left, invalid=self.choose.randint(0, left)
        )
        if self.choose.random() < 0.2 and sendid:
            self.report(sendid)  # it may come before the answer
        Steps(self.store, run).settle(answered)

    def sendid(self, batch: Batch) -> str:
        at = china_time(self.now).replace("-", "").replace(":", "").replace(" ", "")
        found = f"{at}{len(self.sendids):011d}"
        self.sendids[found] = batch.mobiles
        return found

    def report(self, sendid: str = "") -> None:
        if self.choose.random() < 0.1 and self.sending:  # of a batch whose answer may never come
            sendid = self.sendid(self.choose.choice(self.sending)[1])
        if not sendid and not self.sendids:
            return
        sendid = sendid or self.choose.choice(list(self.sendids))
        mobiles = [mobile for mobile in self.sendids[sendid] if self.choose.random() < 0.8]
        state = self.choose.choice(("DELIVRD", "DELIVRD", "UNDELIV", "", "MK:0001"))
        at = china_time(self.now + self.choose.randint(0, 5))
        Inbox(self.store).record(PROFILE, [Push([Report(sendid, mobile, state, at) for mobile in mobiles], {})])

    def decide(self) -> None:
        run = self.choose.choice(self.begun)
        Settling(self.store).settle(run.id)
        self.runs.decide_unknown(run.id, self.choose.random() < 0.5)

    def cancel(self) -> None:
        if self.choose.random() < 0.2:
            self.runs.cancel(self.choose.choice(self.begun).id)


@settings(max_examples=60 // SHARE)
@given(st.randoms(use_true_random=True), st.integers(5, 60))
def test_the_counters_are_what_counting_again_gives(choose: random.Random, steps: int) -> None:
    with fresh_store() as store:
        Life(store, choose).live(steps)
        kept = rows(store)
        assert kept == counted_again(store)


@settings(max_examples=40 // SHARE)
@given(st.randoms(use_true_random=True), st.integers(5, 60))
def test_statistics_say_of_each_run_what_runs_says(choose: random.Random, steps: int) -> None:
    with fresh_store() as store:
        life = Life(store, choose)
        life.live(steps)
        found = Statistics(store, Wanted()).grouped(By.RUN)
        for run in life.begun:
            summary = summarize(store, run)
            figures = found.pop(run.id, None)
            unknown = summary.totals.numbers.get(states.State.UNKNOWN, 0)
            said = (summary.totals.accepted, summary.delivered, summary.failed, summary.waiting, unknown)
            if figures is None:
                assert not any(said)
            else:
                assert said == (
                    figures.messages, figures.delivered, figures.failed, figures.waiting, figures.unknown
                )  # fmt: skip
        assert found == {}


def test_later_reports_about_a_batch_that_reports_have_settled_are_counted() -> None:
    with fresh_store() as store:
        life = Life(store, random.Random(1))
        sendid = life.sent(states.UNKNOWN, sendid=False)
        at = china_time(life.now)
        for mobiles in (MOBILES[:3], MOBILES[3:4]):
            Inbox(store).record(PROFILE, [Push([Report(sendid, mobile, "DELIVRD", at) for mobile in mobiles], {})])
            (figures,) = Statistics(store, Wanted()).grouped(By.RUN).values()
            assert figures.messages == figures.delivered == (3 if len(mobiles) > 1 else 4)
            assert rows(store) == counted_again(store)


def test_a_refused_batch_that_has_reports_is_counted_in_its_new_time_when_it_is_cancelled() -> None:
    with fresh_store() as store:
        life = Life(store, random.Random(1))
        sendid = life.sent(states.REFUSED_ACCOUNT, sendid=True)
        life.report(sendid)
        life.runs.cancel(life.begun[0].id)
        assert rows(store) == counted_again(store) != []


def test_what_an_older_version_wrote_is_counted_in_small_transactions() -> None:
    with fresh_store() as store:
        life = Life(store, random.Random(1))
        for _ in range(90):
            life.begin()
            life.claim()
            life.answer()
        kept = rows(store)
        assert kept
        with patch("smscli.ledger.statistics._OLD_AT_ONCE", 7):
            assert counted_again(store) == kept


@given(st.integers(0, 500), st.dictionaries(st.sampled_from("abcd"), st.integers(1, 300), min_size=1))
def test_shares_add_up_and_none_is_above_its_weight(total: int, weights: dict[str, int]) -> None:
    total = min(total, sum(weights.values()))
    found = shares(total, weights)
    assert sum(found.values()) == total
    assert all(found[name] <= weights[name] for name in weights)
