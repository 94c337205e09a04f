"""Whom a run is sent to again: those who certainly did not get it, and whom another try can reach."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from smscli.ledger.outcomes import LEFT_OUT, Outcome, Person, people
from smscli.ledger.store import Store
from smscli.protocol.codes import is_final, is_unclear


class Why(StrEnum):
    """Why somebody who did not get a message does not get it again either."""

    USELESS = "useless"  # the same text to this number would fail again
    UNCLEAR = "unclear"  # the report says that nobody knows, so it may have arrived
    OPEN = "open"  # `resume` may still send it
    OTHER = "sent by another run"  # which delivered the same text to this number, or still may
    WAITING = "waiting"
    UNKNOWN = "unknown"


class Selection(NamedTuple):
    """Texts and the numbers that get each again, and how many do not, by the reason: every one, also where it is 0."""

    texts: Mapping[str, Sequence[str]]
    left_out: Mapping[Why, int]


_Key = tuple[str, str]  # a text and a number


def select(store: Store, run: int, others: Collection[int], states: Collection[str]) -> Selection:
    """Return who of a run gets its message again.

    `others` are the runs that sent the same content since the message was first sent: they count as well, so that
    nobody gets it twice. `states` names the states that are wanted, in capitals; without any it is all of which a
    resend makes sense.
    """
    known = _known(store, run, others)
    texts: dict[str, list[str]] = {}
    left_out = Counter(dict.fromkeys(Why, 0))
    for person in people(store, run):
        other = known.get((person.request.content, person.mobile))
        why = _why_not(person, other, states)
        if why:
            left_out[why] += 1
        elif person.outcome is Outcome.FAILED and (not states or _state(person, other).upper() in states):
            texts.setdefault(person.request.content, []).append(person.mobile)
    return Selection(texts, left_out)


def _why_not(person: Person, other: Person | None, states: Collection[str]) -> Why | None:
    """Return why somebody is left out; None also for those who are not asked for at all."""
    if person.outcome in (Outcome.WAITING, Outcome.UNKNOWN):
        return Why(person.outcome.value)
    if person.outcome is not Outcome.FAILED:
        return None
    if other and other.may_have_it:
        return Why.OTHER
    if person.request.open:
        return Why.OPEN
    state = _state(person, other)
    if states:  # a state that is named is wanted, whatever it says
        return None
    if is_unclear(state):
        return Why.UNCLEAR
    return Why.USELESS if state == LEFT_OUT or is_final(state) else None


def _state(person: Person, other: Person | None) -> str:
    """Return the last state that is known: a later run may have found out more."""
    return other.state if other else person.state


def _known(store: Store, run: int, others: Collection[int]) -> dict[_Key, Person]:
    """Return for each text and number who may have it by another run, else the last of the later failures."""
    found: dict[_Key, Person] = {}
    for number in sorted(others):
        for person in people(store, number):
            key = person.request.content, person.mobile
            before = found.get(key)
            if person.may_have_it or (number > run and person.outcome is Outcome.FAILED):
                found[key] = before if before and before.may_have_it else person
    return found
