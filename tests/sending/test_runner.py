"""How a run ends: exit codes, what stops it, what is tried again, what is held back."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from smscli.config.profile import Profile
from smscli.errors import OutcomeUnknownError, UnreachableError
from smscli.ledger.runs import Ledger, State, Totals, open_ledger
from smscli.protocol.answers import SendAnswer
from smscli.sending.limits import hold_back
from smscli.sending.plan import Plan
from smscli.sending.runner import Campaign, Pace, exit_code
from tests.support.runs import new_run
from tests.support.sandboxes import numbers

ACCEPTED, REFUSED, UNKNOWN = State.ACCEPTED, State.REFUSED, State.UNKNOWN


def totals(*batches: tuple[State, int, int]) -> Totals:
    """Return the totals of batches, each a state, its numbers, and how many were accepted."""
    count = {state: sum(s is state for s, _, _ in batches) for state, _, _ in batches}
    people = {state: sum(n for s, n, _ in batches if s is state) for state, _, _ in batches}
    return Totals(count, people, sum(a for *_, a in batches), 0, 0, sum(max(0, n - a) for _, n, a in batches))


@pytest.mark.parametrize(
    ("batches", "code"),
    [
        ([(ACCEPTED, 5, 5)], 0),
        ([(ACCEPTED, 1, 9)], 0),
        ([(ACCEPTED, 1, 9), (REFUSED, 5, 0)], 7),
        ([(ACCEPTED, 5, 4)], 7),
        ([(ACCEPTED, 5, 0)], 4),
        ([(REFUSED, 5, 0)], 4),
        ([(REFUSED, 5, 0), (State.PLANNED, 5, 0)], 4),
        ([(ACCEPTED, 1, 1), (UNKNOWN, 1, 0), (State.PLANNED, 1, 0)], 6),
        ([(State.SENDING, 1, 0)], 6),
        ([(ACCEPTED, 1, 1), (State.UNREACHABLE, 1, 0)], 7),
        ([(State.UNREACHABLE, 1, 0), (State.PLANNED, 1, 0)], 5),
        ([(ACCEPTED, 1, 1), (State.DROPPED, 1, 0)], 7),
    ],
)
def test_exit_code_tells_the_whole_run_and_unknown_comes_first(batches: list[Any], code: int) -> None:
    assert exit_code(totals(*batches)) == code


class Scripted:
    """A gateway that answers by the text: an answer, or an exception to raise."""

    def __init__(self, answers: Mapping[str, SendAnswer | Exception]) -> None:
        self.answers, self.asked = answers, list[str]()

    def send(self, form: Mapping[str, str]) -> SendAnswer:
        self.asked.append(form["content"])
        answer = self.answers.get(form["content"], SendAnswer(0, "提交成功", "1", accepted=1))
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    monkeypatch.setenv("SMSCLI_LEDGER", str(tmp_path / "ledger.db"))
    with open_ledger() as opened:
        yield opened


def carry_out(ledger: Ledger, texts: list[str], *gateways: Any, content: str = "{x}", max_refused: int = 0) -> Campaign:
    """Carry out a run of one number a text, one worker, and return the campaign."""
    batches = [(text, mobile, 1) for text, mobile in zip(texts, numbers(len(texts)), strict=True)]
    run = new_run(content, len(texts))
    with ledger.new_run(run, batches) as number:
        campaign = Campaign(ledger, run._replace(id=number), gateways, Pace(1, 0, max_refused))
        campaign.carry_out(lambda done, accepted: None)
    return campaign


def states(ledger: Ledger, run: int = 1) -> list[str]:
    return [batch.state.value for batch in ledger.batches(run)]


@pytest.mark.parametrize("code", [10, 11, 12, 13, 14, 2])
def test_refusals_of_the_account_stop_the_run_and_go_out_again_later(ledger: Ledger, code: int) -> None:
    gateway = Scripted({"b": SendAnswer(code, "余额不足" if code == 2 else "x")})
    campaign = carry_out(ledger, ["a", "b", "c"], gateway)
    assert states(ledger) == ["accepted", "refused", "planned"]
    assert campaign.reason == "the following batches would be refused as well"
    assert [batch.content for batch in ledger.open_batches(1)] == ["b", "c"]


@pytest.mark.parametrize(
    "answer", [SendAnswer(1, "含有敏感词汇"), SendAnswer(2, "含有敏感词汇"), SendAnswer(4, ""), SendAnswer(77, "")]
)
def test_refusal_of_one_text_does_not_stop_the_others(ledger: Ledger, answer: SendAnswer) -> None:
    carry_out(ledger, ["a", "b", "c"], Scripted({"b": answer}))
    assert states(ledger) == ["accepted", "refused", "accepted"]
    assert ledger.open_batches(1) == []


def test_refusal_of_the_one_text_of_all_stops_the_run(ledger: Ledger) -> None:
    carry_out(ledger, ["a", "a"], Scripted({"a": SendAnswer(1, "含有敏感词汇")}), content="a")
    assert states(ledger) == ["refused", "planned"]


def test_max_refused(ledger: Ledger) -> None:
    no = SendAnswer(1, "含有敏感词汇")
    campaign = carry_out(ledger, ["a", "b", "c", "d"], Scripted({"a": no, "c": no}), max_refused=2)
    assert states(ledger) == ["refused", "accepted", "refused", "planned"]
    assert campaign.reason == "2 batches were refused"


def test_unreachable_stops_the_run_and_unknown_does_so_at_the_third_in_a_row(ledger: Ledger) -> None:
    carry_out(ledger, ["a", "b"], Scripted({"a": UnreachableError("no")}))
    assert states(ledger) == ["unreachable", "planned"]
    lost = OutcomeUnknownError("lost")
    carry_out(ledger, list("abcdefg"), Scripted(dict.fromkeys("abdef", lost)))
    assert states(ledger, 2) == ["unknown", "unknown", "accepted", "unknown", "unknown", "unknown", "planned"]


def test_standby_is_tried_only_where_nothing_was_sent(ledger: Ledger) -> None:
    main = Scripted({"a": UnreachableError("no"), "b": OutcomeUnknownError("lost"), "c": SendAnswer(1, "no")})
    standby = Scripted({})
    carry_out(ledger, ["a", "b", "c"], main, standby)
    assert standby.asked == ["a"]
    assert states(ledger) == ["accepted", "unknown", "refused"]


def test_a_bug_is_raised_and_its_batch_is_unknown(ledger: Ledger) -> None:
    with pytest.raises(ZeroDivisionError):
        carry_out(ledger, ["a", "b", "c"], Scripted({"b": ZeroDivisionError()}))
    with ledger.held(1):
        assert states(ledger) == ["accepted", "unknown", "planned"]


def test_per_number_limits_hold_back_whom_the_ledger_says_got_enough(ledger: Ledger) -> None:
    import time

    people = numbers(3)
    with ledger.new_run(new_run(count=2), [("a", ",".join(people[:2]), 2)]) as number:
        (batch,) = ledger.open_batches(number)
        ledger.settle(number, [batch._replace(state=State.SENDING)])
        ledger.settle(number, [batch._replace(state=State.UNKNOWN)])
    plan, account = Plan("b", {"b": people}), Profile("shop", per_number=("1/1m", "5/1h"))
    now = time.time()
    assert hold_back(plan, ledger, account, now) == (plan._replace(texts={"b": people[2:]}), 2)
    assert hold_back(plan, ledger, account, now + 61) == (plan, 0)
    assert hold_back(plan, ledger, account._replace(label="other"), now) == (plan, 0)
    assert hold_back(plan, ledger, account._replace(per_number=("2/1d",)), now) == (plan, 0)
    several = Plan("{x}", {"c": people, "d": people})
    kept, held_back = hold_back(several, ledger, account._replace(per_number=("2/1d",)), now)
    assert (kept.texts, held_back) == ({"c": people, "d": people[2:]}, 2)
