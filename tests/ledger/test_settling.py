"""Which reports settle which batches of unknown fate: a rule about money, as a table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscli.ledger.settling import CLOCK_SECONDS, Unsettled, match, may_be
from smscli.protocol.times import parse_stime, sendid_time

AT = parse_stime("2026-11-25 10:00:00")
assert AT
SENT = AT.timestamp()
NEAR = "2026112510000012345678901"
ALSO_NEAR = "2026112510000112345678902"
LATER = "2026112511000012345678901"
A, B, C, D, E = (f"1380013800{n}" for n in range(5))


def batch(*mobiles: str, number: int = 1, sent: float = SENT, ended: float | None = None) -> Unsettled:
    return Unsettled(1, number, sent, ended, frozenset(mobiles))


ONE, THREE, FIVE = batch(A), batch(A, B, C), batch(A, B, C, D, E)
RIVAL = batch(A, number=2)._replace(rival=True)


@pytest.mark.parametrize(
    ("unsettled", "reported", "settled"),
    [
        pytest.param([ONE], {NEAR: [A]}, [(1, NEAR, 1)], id="all of a batch of one"),
        pytest.param([THREE], {NEAR: [A, B, C]}, [(1, NEAR, 3)], id="all of a small batch"),
        pytest.param([FIVE], {NEAR: [A, C, E]}, [(1, NEAR, 3)], id="three of a larger one: three are known"),
        pytest.param([FIVE], {NEAR: [A]}, [], id="one number is not enough"),
        pytest.param([FIVE], {NEAR: [A, B]}, [], id="two are not enough"),
        pytest.param([ONE], {LATER: [A]}, [], id="numbered an hour later: another message"),
        pytest.param([ONE], {"2026112509000012345678901": [A]}, [], id="numbered an hour before"),
        pytest.param([ONE], {"04062581461644996000241999": [A]}, [], id="a sendid without a time proves nothing"),
        pytest.param([ONE], {"": [A], "7": [A]}, [], id="no sendid, or a short one"),
        pytest.param([THREE], {NEAR: [A, B, C, D]}, [], id="somebody else got it too: another message"),
        pytest.param([ONE], {NEAR: [A], ALSO_NEAR: [A]}, [], id="two messages fit: either may be it"),
        pytest.param([ONE, batch(A, number=2)], {NEAR: [A]}, [], id="two batches fit: it may be either"),
        pytest.param([ONE, RIVAL], {NEAR: [A]}, [], id="a batch that was given up may be it"),
        pytest.param([RIVAL], {NEAR: [A]}, [], id="a batch that was given up is not settled"),
        pytest.param(
            [ONE, RIVAL._replace(sent=SENT - 3600, ended=SENT - 3600)], {NEAR: [A]}, [(1, NEAR, 1)], id="an old rival"
        ),
        pytest.param(
            [ONE, batch(B, number=2)],
            {NEAR: [A], ALSO_NEAR: [B]},
            [(1, NEAR, 1), (2, ALSO_NEAR, 1)],
            id="two batches, each with its own",
        ),
        pytest.param(
            [FIVE], {NEAR: [A, B, C], ALSO_NEAR: [D]}, [], id="one that fits but is not sure makes the other unsure"
        ),
        pytest.param([ONE], {}, [], id="nothing reported"),
    ],
)
def test_the_table(
    unsettled: list[Unsettled], reported: dict[str, list[str]], settled: list[tuple[int, str, int]]
) -> None:
    assert [(found.batch.number, found.sendid, found.reported) for found in match(unsettled, reported)] == settled


@pytest.mark.parametrize(
    ("seconds", "fits"), [(0, True), (-CLOCK_SECONDS, True), (-CLOCK_SECONDS - 1, False), (300, True), (301, False)]
)
def test_how_far_the_gateways_clock_may_be_off(seconds: int, fits: bool) -> None:
    assert may_be(batch(A, sent=SENT - seconds), NEAR) is fits


@pytest.mark.parametrize(("seconds", "fits"), [(-60, True), (0, True), (30, True), (90, True), (91, False)])
def test_nothing_that_was_numbered_after_it_was_given_up(seconds: int, fits: bool) -> None:
    assert may_be(batch(A, sent=SENT - seconds, ended=SENT - seconds + 30), NEAR) is fits


@given(
    st.lists(st.sets(st.sampled_from([A, B, C, D, E]), min_size=1), min_size=1, max_size=4),
    st.dictionaries(st.sampled_from([NEAR, ALSO_NEAR, LATER]), st.sets(st.sampled_from([A, B, C, D, E]), min_size=1)),
)
def test_no_batch_and_no_sendid_is_used_twice(batches: list[set[str]], reported: dict[str, set[str]]) -> None:
    unsettled = [Unsettled(1, number, SENT, None, frozenset(mobiles)) for number, mobiles in enumerate(batches, 1)]
    found = match(unsettled, reported)
    assert len({settled.batch.number for settled in found}) == len({settled.sendid for settled in found}) == len(found)
    for settled in found:
        assert settled.batch.mobiles >= reported[settled.sendid]


def test_the_time_of_a_sendid() -> None:
    assert sendid_time(NEAR) == SENT
    assert sendid_time("2026132510000012345678901") is None
    assert sendid_time("２０２６１１２５１０００００12345678901") is None
