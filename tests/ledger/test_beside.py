"""Answers that hosts write beside each other: none waits for another one that waits for it."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from smscli.ledger import states
from smscli.ledger.answers import Outcome, Written, settle
from smscli.ledger.store import ledger_location, open_engine, open_store
from tests.support.ledgers import new_schema
from tests.support.runs import Steps, begun, open_runs

PEOPLE = ("13000138000", "13800138000", "13800138001", "13000138001")  # of two operators, which have a counter each


def test_answers_in_another_order_wait_and_arrive(postgres: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with new_schema(postgres) as address:
        monkeypatch.setenv("SMSCLI_LEDGER", address)
        with open_store() as store, open_runs() as runs, begun(runs, [("x", [mobile]) for mobile in PEOPLE]) as run:
            steps = Steps(store, run)
            outcomes = [
                steps.claim().batch.ended(states.ACCEPTED)._replace(accepted=1, sendid=f"2026{number}").outcome
                for number in range(len(PEOPLE))
            ]
            with ThreadPoolExecutor() as hosts:
                written = hosts.map(answer, [run.id] * 2, [outcomes[:2], outcomes[2:]])
                assert list(written) == [[Written.NEW] * 2] * 2
            counted = store.read("SELECT operator, sum(accepted) FROM counter GROUP BY operator ORDER BY operator")
            assert [count for _, count in counted] == [2, 2]


def answer(run: int, outcomes: Sequence[Outcome]) -> list[Written]:
    """Write answers as a host of its own does, all in one transaction, with some time between them."""
    written = []
    with closing(open_engine(ledger_location())) as engine, engine.explained():
        engine.begin(beside=True)
        for outcome in outcomes:
            written.append(settle(engine.connection, run, outcome))
            time.sleep(0.5)
        engine.commit()
    return written
