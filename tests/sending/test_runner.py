"""How a run ends: exit codes, what stops it, what is tried again, what is held back."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from smscli.config.profile import Profile
from smscli.errors import LedgerBusyError, LedgerError, OutcomeUnknownError, UnreachableError
from smscli.ledger import answers, claims
from smscli.ledger.runs import Runs
from smscli.ledger.store import Store, open_store
from smscli.protocol.answers import SendAnswer
from smscli.sending.runner import Pace, Result, Runner
from tests.support.runs import begun, new_run
from tests.support.sandboxes import numbers


class Scripted:
    """A gateway that answers by the text: an answer, or an exception to raise."""

    def __init__(self, answers: Mapping[str, SendAnswer | Exception]) -> None:
        self.answers, self.asked = answers, list[str]()

    def send(self, form: Mapping[str, str], may_leave: Callable[[], bool] = lambda: True) -> SendAnswer:
        if not may_leave():
            raise UnreachableError("no")
        self.asked.append(form["content"])
        answer = self.answers.get(form["content"], SendAnswer(0, "提交成功", "1", accepted=1))
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    with open_store() as opened:
        yield opened


ACCOUNT = Profile("shop", name="demo")


def carry_out(
    store: Store,
    texts: list[str],
    *gateways: Any,
    content: str = "{x}",
    max_refused: int = 0,
    account: Profile = ACCOUNT,
) -> Result:
    """Carry out a run of one number a text, one worker, and return how it ended."""
    batches = [(text, [mobile]) for text, mobile in zip(texts, numbers(len(texts)), strict=True)]
    with begun(Runs(store), batches, new_run(content)) as run:
        return Runner(store, run, account, gateways, Pace(1, 0, max_refused)).carry_out(lambda done, accepted: None)


def states(store: Store, run: int = 1) -> list[str]:
    return [batch.state.value for batch in Runs(store).batches(run)]


@pytest.mark.parametrize("code", [10, 11, 12, 13, 14, 2])
def test_refusals_of_the_account_stop_the_run_and_go_out_again_later(store: Store, code: int) -> None:
    gateway = Scripted({"b": SendAnswer(code, "余额不足" if code == 2 else "x")})
    result = carry_out(store, ["a", "b", "c"], gateway)
    assert states(store) == ["accepted", "refused", "planned"]
    assert result.reason == "the next batches would be refused as well"
    assert [batch.content for batch in Runs(store).open_batches(1)] == ["b", "c"]


@pytest.mark.parametrize("answer", [SendAnswer(1, "含有敏感词汇"), SendAnswer(2, "含有敏感词汇"), SendAnswer(4, "")])
def test_refusal_of_one_text_does_not_stop_the_others(store: Store, answer: SendAnswer) -> None:
    carry_out(store, ["a", "b", "c"], Scripted({"b": answer}))
    assert states(store) == ["accepted", "refused", "accepted"]
    assert Runs(store).open_batches(1) == []


def test_refusal_of_the_one_text_of_all_stops_the_run(store: Store) -> None:
    carry_out(store, ["a", "a"], Scripted({"a": SendAnswer(1, "含有敏感词汇")}), content="a")
    assert states(store) == ["refused", "planned"]


def test_max_refused(store: Store) -> None:
    no = SendAnswer(1, "含有敏感词汇")
    result = carry_out(store, ["a", "b", "c", "d"], Scripted({"a": no, "c": no}), max_refused=2)
    assert states(store) == ["refused", "accepted", "refused", "planned"]
    assert result.reason == "2 batches were refused"


def test_unreachable_stops_the_run_and_unknown_does_so_at_the_third_in_a_row(store: Store) -> None:
    carry_out(store, ["a", "b"], Scripted({"a": UnreachableError("no")}))
    assert states(store) == ["unreachable", "planned"]
    lost = OutcomeUnknownError("lost")
    carry_out(store, list("abcdefg"), Scripted(dict.fromkeys("abdef", lost)))
    assert states(store, 2) == ["unknown", "unknown", "accepted", "unknown", "unknown", "unknown", "planned"]


def test_standby_is_tried_only_where_nothing_was_sent(store: Store) -> None:
    main = Scripted({"a": UnreachableError("no"), "b": OutcomeUnknownError("lost"), "c": SendAnswer(1, "no")})
    standby = Scripted({})
    carry_out(store, ["a", "b", "c"], main, standby)
    assert standby.asked == ["a"]
    assert states(store) == ["accepted", "unknown", "refused"]


def test_a_bug_is_raised_and_its_batch_is_unknown(store: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        carry_out(store, ["a", "b", "c"], Scripted({"b": ZeroDivisionError()}))
    assert states(store) == ["accepted", "unknown", "planned"]


@pytest.mark.parametrize("answer", [SendAnswer(77, "x"), SendAnswer(502, "Bad Gateway"), SendAnswer(-2, "系统繁忙")])
def test_a_code_that_nobody_listed_does_not_prove_a_refusal(store: Store, answer: SendAnswer) -> None:
    carry_out(store, ["a", "b", "c"], Scripted({"b": answer}))
    assert states(store) == ["accepted", "unknown", "accepted"]
    assert Runs(store).open_batches(1) == []
    carry_out(store, ["a", "b"], Scripted({"b": answer}), account=ACCOUNT._replace(refusal_codes=(answer.code,)))
    assert states(store, 2) == ["accepted", "refused"]


def test_a_success_whose_counts_do_not_add_up_stays_accepted(store: Store) -> None:
    carry_out(store, ["a"], Scripted({"a": SendAnswer(0, "提交成功", "1", accepted=0)}))
    (batch,) = Runs(store).batches(1)
    assert (batch.state, batch.open, batch.unaccounted) == ("accepted", False, 1)
    assert Runs(store).open_batches(1) == []


def test_who_opts_out_during_a_run_gets_nothing_more(store: Store) -> None:
    from smscli.ledger.optouts import OptOuts

    people = numbers(3)

    class Leaving(Scripted):
        def send(self, form: Mapping[str, str], may_leave: Callable[[], bool] = lambda: True) -> SendAnswer:
            OptOuts(store).add("demo", [people[1]], "TD")
            return super().send(form, may_leave)

    gateway = Leaving({})
    result = carry_out(store, ["a", "b", "c"], gateway)
    assert gateway.asked == ["a", "c"]
    assert (states(store), result.opted_out) == (["accepted", "dropped", "accepted"], 1)


def test_an_answer_survives_a_ledger_that_is_locked_for_long(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smscli.ledger.claims.AGAIN_SECONDS", 0.01)
    settle, failures = answers.settle, [LedgerBusyError("locked"), LedgerError("disk full"), LedgerBusyError("locked")]

    def failing(*arguments: Any) -> answers.Written:
        if failures:
            raise failures.pop()
        return settle(*arguments)

    monkeypatch.setattr(claims, "settle", failing)
    carry_out(store, ["a", "b"], Scripted({}))
    assert states(store) == ["accepted", "accepted"]
    assert failures == []


def test_an_answer_that_cannot_be_written_is_said(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smscli.ledger.claims.AWAY_SECONDS", 0.0)

    def failing(*_: Any) -> bool:
        raise LedgerError("the disk is full.")

    monkeypatch.setattr(claims, "settle", failing)
    answer = SendAnswer(0, "提交成功", "2026112510000012345678901", accepted=1)
    with pytest.raises(OutcomeUnknownError) as raised:
        carry_out(store, ["a", "b"], Scripted({"a": answer}))
    assert f"batch 1: accepted, sendid {answer.sendid}: {numbers(1)[0]}" in str(raised.value)
    assert states(store) == ["unknown", "planned"]  # as everybody sees it from now on


@pytest.mark.sqlite
def test_a_ledger_that_is_deleted_stops_the_run_before_the_next_batch(store: Store) -> None:
    class Deleting(Scripted):
        def send(self, form: Mapping[str, str], may_leave: Callable[[], bool] = lambda: True) -> SendAnswer:
            Path(store.place).unlink()
            return super().send(form, may_leave)

    gateway = Deleting({})
    with pytest.raises(OutcomeUnknownError, match="was moved, deleted or replaced"):
        carry_out(store, ["a", "b", "c"], gateway)
    assert gateway.asked == ["a"]
