"""Every change that a batch may and may not make, and what answers and runs end as."""

from itertools import product

import pytest

from smscli.errors import ExitCode
from smscli.ledger import states
from smscli.ledger.states import Fate, State, Totals, exit_code, fate_of, may_become
from smscli.protocol.answers import SendAnswer

PLANNED, SENDING, ACCEPTED = states.PLANNED, states.SENDING, states.ACCEPTED
REFUSED, REFUSED_ACCOUNT = states.REFUSED, states.REFUSED_ACCOUNT
UNREACHABLE, UNKNOWN, DROPPED = states.UNREACHABLE, states.UNKNOWN, states.DROPPED
FATES = (PLANNED, SENDING, ACCEPTED, REFUSED, REFUSED_ACCOUNT, UNREACHABLE, UNKNOWN, DROPPED)
# Written out once more: a change here has to be made on purpose, in two places.
ALLOWED = {
    (PLANNED, SENDING), (PLANNED, DROPPED),
    (SENDING, ACCEPTED), (SENDING, REFUSED), (SENDING, REFUSED_ACCOUNT), (SENDING, UNREACHABLE), (SENDING, UNKNOWN),
    (SENDING, PLANNED),
    (REFUSED_ACCOUNT, SENDING), (REFUSED_ACCOUNT, DROPPED),
    (UNREACHABLE, SENDING), (UNREACHABLE, DROPPED),
    (UNKNOWN, ACCEPTED), (UNKNOWN, PLANNED), (UNKNOWN, DROPPED),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new"), list(product(FATES, FATES)))
def test_each_pair_of_fates(old: Fate, new: Fate) -> None:
    assert may_become(old, new) is ((old, new) in ALLOWED)


def test_every_state_has_a_fate() -> None:
    assert {fate.state for fate in FATES} == set(State)


def test_open_means_exactly_that_it_may_be_sent() -> None:
    """The ledger's statements ask for `open = 1` where a batch is claimed, and where it is dropped."""
    assert set(states.before(SENDING)) == {fate for fate in FATES if fate.open}
    assert set(states.before(DROPPED)) == {fate for fate in FATES if fate.open} | {UNKNOWN}


def test_what_may_have_left_is_never_open_and_never_sent_again_unasked() -> None:
    left = {fate for fate in FATES if fate.state in states.MAY_HAVE_LEFT}
    assert not any(fate.open for fate in left)
    assert not any(may_become(fate, SENDING) for fate in left)


@pytest.mark.parametrize(
    ("code", "msg", "fate"),
    [
        (0, "提交成功", ACCEPTED),
        (0, "失败", ACCEPTED),  # a success is never a refusal
        (1, "含有敏感词汇", REFUSED),
        (2, "含有敏感词汇", REFUSED),
        (2, "余额不足", REFUSED_ACCOUNT),
        (2, "", REFUSED_ACCOUNT),
        (3, "没有号码", REFUSED),
        (4, "包含sql语句", REFUSED),
        (10, "账号不存在", REFUSED_ACCOUNT),
        (11, "账号注销", REFUSED_ACCOUNT),
        (12, "账号停用", REFUSED_ACCOUNT),
        (13, "IP鉴权失败", REFUSED_ACCOUNT),
        (14, "格式错误", REFUSED_ACCOUNT),
        (-1, "系统异常", UNKNOWN),
        (-2, "系统繁忙", UNKNOWN),
        (5, "", UNKNOWN),
        (99, "timeout", UNKNOWN),
        (502, "Bad Gateway", UNKNOWN),
    ],
)
def test_what_an_answer_makes_of_a_batch(code: int, msg: str, fate: Fate) -> None:
    assert fate_of(SendAnswer(code, msg)) == fate


def test_a_code_that_the_profile_declares_is_a_refusal() -> None:
    assert fate_of(SendAnswer(77, "x"), [77]) == REFUSED
    assert fate_of(SendAnswer(78, "x"), [77]) == UNKNOWN
    assert fate_of(SendAnswer(0, "x"), [0]) == ACCEPTED


@pytest.mark.parametrize("state", list(State))
def test_only_what_a_dead_process_left_in_flight_is_seen_otherwise(state: State) -> None:
    assert states.as_seen(state, alive=True) is state
    assert states.as_seen(state, alive=False) is (State.UNKNOWN if state is State.SENDING else state)


def totals(*found: State, accepted: int = 0, missing: int = 0, unaccounted: int = 0) -> Totals:
    counts = dict.fromkeys(found, 1)
    return Totals(counts, counts, accepted, 0, 0, missing, unaccounted)


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (totals(State.ACCEPTED, accepted=9), ExitCode.DONE),
        (totals(State.ACCEPTED, accepted=9, missing=1), ExitCode.PARTLY),
        (totals(State.ACCEPTED, accepted=9, unaccounted=1), ExitCode.PARTLY),
        (totals(State.ACCEPTED, accepted=0, missing=9, unaccounted=9), ExitCode.UNKNOWN),
        (totals(State.ACCEPTED, missing=2), ExitCode.REFUSED),  # all of them invalid or blacklisted
        (totals(State.ACCEPTED, State.REFUSED, accepted=9, missing=1), ExitCode.PARTLY),
        (totals(State.ACCEPTED, State.PLANNED, accepted=9, missing=1), ExitCode.PARTLY),
        (totals(State.ACCEPTED, State.DROPPED, accepted=9), ExitCode.DONE),
        (totals(State.ACCEPTED, State.UNKNOWN, accepted=9, missing=1), ExitCode.UNKNOWN),
        (totals(State.ACCEPTED, State.SENDING, accepted=9, missing=1), ExitCode.UNKNOWN),
        (totals(State.REFUSED, missing=1), ExitCode.REFUSED),
        (totals(State.REFUSED, State.UNREACHABLE, missing=2), ExitCode.UNREACHABLE),
        (totals(State.UNREACHABLE, State.PLANNED, missing=2), ExitCode.UNREACHABLE),
        (totals(State.PLANNED, missing=2), ExitCode.INTERRUPTED),  # nothing was tried yet
        (totals(State.PLANNED, State.DROPPED, missing=2), ExitCode.INTERRUPTED),
        (totals(State.PLANNED, State.REFUSED, missing=2), ExitCode.REFUSED),
        (totals(State.DROPPED), ExitCode.NOBODY),
        (totals(State.DROPPED, missing=1), ExitCode.NOBODY),
    ],
)
def test_what_a_run_ends_as(found: Totals, code: ExitCode) -> None:
    assert exit_code(found) is code
