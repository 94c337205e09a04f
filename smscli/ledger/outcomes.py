"""What became of a run, number by number: what was sent, what its reports say, and what the gateway did not take."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from smscli.ledger import states
from smscli.ledger.states import State
from smscli.ledger.store import Store
from smscli.ledger.verdicts import BLACKLISTED, Word, verdict


class Sent(NamedTuple):
    """One batch as it was sent, with values of its run; `sent` is in seconds since 1970, `stime` China time."""

    run: int
    state: State
    content: str
    sign: str
    stime: str
    sent: float
    sendid: str
    numbers: int
    mobiles: Sequence[str]


def sent(store: Store, sendid: str = "", mobile: str = "") -> list[Sent]:
    """Return the batches that were sent with this sendid, or to this number, the oldest first."""
    which, value = ("sendid = ? AND sendid != ''", sendid) if sendid else ("mobiles LIKE ?", f"%{mobile}%")
    rows = store.read(
        "SELECT run.id, state, coalesce(batch.content, run.content), sign, stime, sent, sendid, batch.numbers, "
        f"mobiles FROM batch JOIN run ON run.id = batch.run WHERE sent IS NOT NULL AND {which} ORDER BY sent",
        (value,),
    )
    alive = {run: store.is_alive(run) for run in {row[0] for row in rows if row[1] == State.SENDING}}
    return [
        Sent(
            run,
            states.as_seen(State(state), alive.get(run, False)),
            text,
            sign,
            stime,
            at,
            own,
            numbers,
            people.split(","),
        )
        for run, state, text, sign, stime, at, own, numbers, people in rows
    ]


def outcomes(store: Store, run: int, without: str = "") -> Iterator[tuple[str, str]]:
    """Yield each reported number of a run and the state that counts for it, except the state `without`."""
    groups = store.stream(
        "SELECT max(batch.sendid), mobile, max(parts), min(report.state), max(report.state) "
        "FROM batch JOIN report ON report.sendid = batch.sendid WHERE run = ? AND batch.sendid != '' "
        "GROUP BY number, mobile HAVING min(report.state) != ? OR max(report.state) != ? ORDER BY number, mobile",
        (run, without, without),
    )
    for sendid, mobile, parts, state, other in groups:
        if state != other:  # few numbers have reports of several states, so these are asked for one by one
            words = store.read(
                "SELECT at, received, state FROM report WHERE sendid = ? AND mobile = ?", (sendid, mobile)
            )
            state = verdict([Word(*word) for word in words], parts)
        if state != without:
            yield mobile, state


class LeftOut(NamedTuple):
    """Numbers of a batch that the gateway did not take, by its own counts.

    `mobiles` are those among which they are: all of the batch that have no report, or all that were refused. `certain`
    is whether it is every one of them.
    """

    batch: int
    state: State
    mobiles: Sequence[str]
    invalid: int
    blacklisted: int
    code: int | None
    message: str
    certain: bool


def left_out(store: Store, run: int) -> list[LeftOut]:
    """Return what the gateway did not take of a run: refused batches, and what it counted as invalid or blacklisted."""
    found = []
    rows = store.read(
        "SELECT number, state, mobiles, invalid, blacklisted, code, message, sendid, accepted FROM batch WHERE run = ? "
        "AND mobiles != '' AND (state = 'refused' OR state = 'accepted' AND invalid + blacklisted > 0) ORDER BY number",
        (run,),
    )
    for number, state, joined, invalid, blacklisted, code, message, sendid, accepted in rows:
        mobiles, certain = joined.split(","), True
        if state == State.ACCEPTED:
            reported = store.read("SELECT mobile, state FROM report WHERE sendid = ?", (sendid,))
            # A gateway may also report whom it left out, as blacklisted: that is not one of those that it took.
            taken = {mobile for mobile, verdict in reported if verdict != BLACKLISTED}
            certain = len(set(mobiles) & taken) == accepted == len(mobiles) - invalid - blacklisted
            mobiles = [mobile for mobile in mobiles if mobile not in {mobile for mobile, _ in reported}]
        found.append(LeftOut(number, State(state), mobiles, invalid, blacklisted, code, message, certain))
    return found
