"""Who got enough messages: within any span of time, scheduled ones when they are due."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscli.config.profile import Profile
from smscli.ledger import states
from smscli.ledger.allowance import is_too_many
from smscli.ledger.runs import Runs
from smscli.ledger.store import Store, open_store
from smscli.sending.limits import hold_back
from smscli.sending.plan import Plan
from tests.support.runs import Steps, begun, new_run
from tests.support.sandboxes import numbers

HOUR = 3600.0


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    with open_store() as opened:
        yield opened


def test_whom_the_ledger_says_got_enough(store: Store) -> None:
    people = numbers(3)
    with begun(Runs(store), [("a", people[:2])]) as run:
        steps = Steps(store, run)
        steps.settle(steps.claim().batch.ended(states.UNKNOWN))
    plan, account = Plan("b", {"b": people}), Profile("shop", per_number=("1/1m", "5/1h"))
    now = time.time()
    assert hold_back(plan, store, account, now) == (plan._replace(texts={"b": people[2:]}), 2)
    assert hold_back(plan, store, account, now + 61) == (plan, 0)
    assert hold_back(plan, store, account._replace(label="other"), now) == (plan, 0)
    assert hold_back(plan, store, account._replace(per_number=("2/1d",)), now) == (plan, 0)
    several = Plan("{x}", {"c": people, "d": people})
    kept, held_back = hold_back(several, store, account._replace(per_number=("2/1d",)), now)
    assert (kept.texts, held_back) == ({"c": people, "d": people[2:]}, 2)


def test_a_scheduled_message_counts_when_it_is_due(store: Store) -> None:
    (mobile,) = numbers(1)
    now = time.time()
    with begun(Runs(store), [("a", [mobile])], new_run()._replace(due=now + 8 * HOUR, created=now)):
        pass
    plan, account = Plan("b", {"b": [mobile]}), Profile("shop", per_number=("1/1h",))
    assert hold_back(plan, store, account, now) == (plan, 0)
    for at in (7.5, 8, 8.5):
        assert hold_back(plan, store, account, now + at * HOUR)[1] == 1
    assert hold_back(plan, store, account, now + 9.5 * HOUR) == (plan, 0)


def test_what_is_planned_counts_too(store: Store) -> None:
    (mobile,) = numbers(1)
    now = time.time()
    with begun(Runs(store), [("a", [mobile])], new_run()._replace(created=now)):
        pass
    assert hold_back(Plan("b", {"b": [mobile]}), store, Profile("shop", per_number=("1/1m",)), now + 1)[1] == 1


@given(st.lists(st.floats(0, 100), max_size=8), st.integers(1, 4), st.integers(1, 50))
def test_too_many_means_in_any_span(times: list[float], count: int, seconds: int) -> None:
    crowded = any(sum(start <= at < start + seconds for at in times) > count for start in times)
    assert is_too_many(times, [(count, seconds)]) == crowded
