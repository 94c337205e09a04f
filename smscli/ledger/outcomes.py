"""What became of a run, number by number: what was sent, what its reports say, and what the gateway did not take."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from smscli.ledger import states
from smscli.ledger.engines import marks
from smscli.ledger.states import State
from smscli.ledger.store import Store
from smscli.ledger.verdicts import BLACKLISTED, DELIVERED, Word, verdict

_PAGE = 100  # batches read at once: their reports are in memory


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


# --- person by person ---------------------------------------------------------------------------------------------


class Outcome(StrEnum):
    """What became of one message to one number."""

    DELIVERED = "delivered"
    FAILED = "failed"  # it certainly did not arrive, by its report or by what the gateway answered
    WAITING = "waiting"  # it was sent, or is just being sent, and has no report yet
    PLANNED = "planned"  # it may still be sent
    UNKNOWN = "unknown"
    DROPPED = "dropped"


REFUSED, LEFT_OUT = "refused", "left out"  # failed, without a report


class Request(NamedTuple):
    """The batch that a person's message was or will be sent with; `sent` is in seconds since 1970."""

    number: int
    state: State
    open: bool
    content: str
    mobiles: Sequence[str]
    code: int | None
    sendid: str
    accepted: int
    invalid: int
    blacklisted: int
    message: str
    error: str
    parts: int
    sent: float | None


class Person(NamedTuple):
    """A number, what became of its message, and the state of its report, or of its batch where there is none.

    `reported` is when the report says that it happened, in seconds since 1970.
    """

    mobile: str
    outcome: Outcome
    state: str
    reported: float | None
    request: Request

    @property
    def may_have_it(self) -> bool:
        """Whether the message arrived, or may have arrived, or may still be sent."""
        if self.outcome is Outcome.DROPPED:
            return self.request.sent is not None  # given up while its outcome was unknown
        return self.outcome is not Outcome.FAILED or self.request.open


def people(store: Store, run: int) -> Iterator[Person]:
    """Yield everybody of a run, batch by batch; somebody who gets several texts comes several times."""
    for request, words in _requests(store, run):
        others = _without_report(request, words)
        for mobile in request.mobiles:
            found = words.get(mobile)
            if not found:
                yield Person(mobile, *others, None, request)
                continue
            at, _received, state = found[0]
            if len(found) > 1:  # of many numbers nearly all have one report
                state = verdict(found, request.parts)
                at = max(word.at for word in found if word.state == state)
            yield Person(mobile, Outcome.DELIVERED if state == DELIVERED else Outcome.FAILED, state, at, request)


def _without_report(request: Request, words: "_Words") -> tuple[Outcome, str]:
    """Return what became of those of a batch who have no report, and their state."""
    if request.state is State.REFUSED:
        return Outcome.FAILED, REFUSED
    if request.state is State.ACCEPTED:
        is_left_out = request.invalid + request.blacklisted > 0 and _is_certain(request, words)
        return (Outcome.FAILED, LEFT_OUT) if is_left_out else (Outcome.WAITING, State.ACCEPTED.value)
    return _OTHERS[request.state], request.state.value


_OTHERS = {
    State.PLANNED: Outcome.PLANNED,
    State.UNREACHABLE: Outcome.PLANNED,
    State.SENDING: Outcome.WAITING,
    State.UNKNOWN: Outcome.UNKNOWN,
    State.DROPPED: Outcome.DROPPED,
}


def _is_certain(request: Request, words: "_Words") -> bool:
    """Return whether everybody without a report was left out by the gateway, by its own counts."""
    # A gateway may also report whom it left out, as blacklisted: that is not one of those that it took.
    taken = {mobile for mobile, found in words.items() if {word.state for word in found} != {BLACKLISTED}}
    counted = len(request.mobiles) - request.invalid - request.blacklisted
    return len(taken.intersection(request.mobiles)) == request.accepted == counted


_Words = Mapping[str, Sequence[Word]]  # the reports of a batch, by number


def _requests(store: Store, run: int, condition: str = "") -> Iterator[tuple[Request, _Words]]:
    last, alive = 0, store.is_alive(run)
    while rows := store.read(
        "SELECT number, state, open, coalesce(batch.content, run.content), mobiles, code, sendid, accepted, "
        "batch.invalid, blacklisted, message, error, parts, sent FROM batch JOIN run ON run.id = batch.run "
        f"WHERE batch.run = ? AND number > ? AND mobiles != '' {condition} ORDER BY number LIMIT ?",
        (run, last, _PAGE),
    ):
        page = [
            Request(number, states.as_seen(State(state), alive), bool(is_open), content, mobiles.split(","), *rest)
            for number, state, is_open, content, mobiles, *rest in rows
        ]
        words = _words(store, [request.sendid for request in page if request.sendid])
        yield from ((request, words.get(request.sendid, {})) for request in page)
        last = page[-1].number


def _words(store: Store, sendids: Sequence[str]) -> dict[str, dict[str, list[Word]]]:
    found: dict[str, dict[str, list[Word]]] = {}
    if not sendids:
        return found
    rows = store.read(
        f"SELECT sendid, mobile, at, received, state FROM report WHERE sendid IN ({marks(sendids)})", sendids
    )
    for sendid, mobile, at, received, state in rows:
        found.setdefault(sendid, {}).setdefault(mobile, []).append(Word(at, received, state))
    return found


# --- what the gateway did not take --------------------------------------------------------------------------------


class LeftOut(NamedTuple):
    """Numbers of a batch among which the gateway left some out, by its own counts, without saying which."""

    batch: int
    mobiles: Sequence[str]
    invalid: int
    blacklisted: int


def left_out(store: Store, run: int) -> list[LeftOut]:
    """Return the batches of which the gateway left out some numbers and it is not known which."""
    found = []
    for request, words in _requests(store, run, "AND state = 'accepted' AND batch.invalid + blacklisted > 0"):
        mobiles = [mobile for mobile in request.mobiles if mobile not in words]
        if mobiles and not _is_certain(request, words):
            found.append(LeftOut(request.number, mobiles, request.invalid, request.blacklisted))
    return found
