"""What a batch can be: its states, how they change, and what a run ends as. All of it is decided here.

    planned      not sent yet
    sending      on disk before the request leaves
    accepted     the gateway answered 0, or a report proves that it took the request
    refused      the gateway answered with a code that is known to mean refused
    unreachable  it is proved that nothing was sent
    unknown      the request left and no proper answer came, or the process died
    dropped      not sent any more: cancelled, nobody of it wants messages, or given up while its outcome was unknown;
                 only the last has a time at which it left, for it may have been sent

A batch is *open* while it may still be sent: nothing of it was sent or may have been sent. A refusal of the account
leaves the batch open, because the message itself was not judged. The decision is stored with the state.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import NamedTuple

from smscli.errors import ExitCode
from smscli.protocol.answers import SendAnswer


class State(StrEnum):
    """What is known about a batch."""

    PLANNED = "planned"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"
    DROPPED = "dropped"


class Fate(NamedTuple):
    """A state, and whether the batch may still be sent."""

    state: State
    open: bool


PLANNED = Fate(State.PLANNED, True)
SENDING = Fate(State.SENDING, False)
ACCEPTED = Fate(State.ACCEPTED, False)
REFUSED = Fate(State.REFUSED, False)
REFUSED_ACCOUNT = Fate(State.REFUSED, True)
UNREACHABLE = Fate(State.UNREACHABLE, True)
UNKNOWN = Fate(State.UNKNOWN, False)
DROPPED = Fate(State.DROPPED, False)

# Some of it was sent, or may have been.
MAY_HAVE_LEFT = (State.SENDING, State.ACCEPTED, State.UNKNOWN)
# Only a report or a person can say what became of it, once its process is dead.
UNSETTLED = (State.SENDING, State.UNKNOWN)

_CHANGES: Mapping[Fate, Collection[Fate]] = {
    PLANNED: (SENDING, DROPPED),
    # PLANNED: a mistake in the configuration was found before anything was sent.
    SENDING: (ACCEPTED, REFUSED, REFUSED_ACCOUNT, UNREACHABLE, UNKNOWN, PLANNED),
    ACCEPTED: (),
    REFUSED: (),
    REFUSED_ACCOUNT: (SENDING, DROPPED),
    UNREACHABLE: (SENDING, DROPPED),
    # ACCEPTED: a report proves it. PLANNED, DROPPED: a person decides.
    UNKNOWN: (ACCEPTED, PLANNED, DROPPED),
    DROPPED: (),
}


def may_become(old: Fate, new: Fate) -> bool:
    """Return whether a batch may change in this way."""
    return new in _CHANGES[old]


def before(new: Fate) -> tuple[Fate, ...]:
    """Return what a batch can be before it becomes this."""
    return tuple(old for old in _CHANGES if may_become(old, new))


# --- what an answer means (protocol §1) ---------------------------------------------------------------------------

# Refusals of the message: the same text would be refused again.
_MESSAGE_CODES = (1, 3, 4)
# Refusals of the account: any other message would be refused as well, and this one may be sent later.
_ACCOUNT_CODES = (10, 11, 12, 13, 14)
_BALANCE_OR_WORDS = 2  # the vendor's page says: a sensitive word; real gateways also mean: the balance is too low
_SENSITIVE = "敏感"


def fate_of(answer: SendAnswer, refusal_codes: Collection[int] = ()) -> Fate:
    """Return what an answer makes of a batch.

    Only a code that is known to mean "refused" proves a refusal: those of the vendor's table, and those in a profile's
    `refusal_codes`. Any other code, also -1, does not say whether the message was queued.
    """
    if answer.code == 0:
        return ACCEPTED
    if answer.code in _ACCOUNT_CODES:
        return REFUSED_ACCOUNT
    if answer.code == _BALANCE_OR_WORDS:
        return REFUSED if _SENSITIVE in answer.msg else REFUSED_ACCOUNT
    return REFUSED if answer.code in _MESSAGE_CODES or answer.code in refusal_codes else UNKNOWN


# --- what ends a run ----------------------------------------------------------------------------------------------


class Stop(StrEnum):
    """Why no more of a run is sent, by anybody: the next batches would share the fate of the last ones."""

    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    MANY_REFUSED = "many refused"
    UNANSWERED = "unanswered"


UNANSWERED_IN_A_ROW = 3  # this many without a proper answer


def reason_to_stop(state: State, of_all: bool, unknowns: int, refused: int, max_refused: int) -> Stop | None:
    """Return why a run has to stop after a batch, if it has to.

    `of_all` says that a refusal of it holds for the next batches too; `unknowns` batches in a row got no proper answer,
    `refused` of the run were refused, and `max_refused` are allowed (0: any number).
    """
    if state is State.UNREACHABLE:
        return Stop.UNREACHABLE
    if state is State.REFUSED and of_all:
        return Stop.REFUSED
    if max_refused and refused >= max_refused:
        return Stop.MANY_REFUSED
    return Stop.UNANSWERED if unknowns >= UNANSWERED_IN_A_ROW else None


# --- what others see of it ----------------------------------------------------------------------------------------


def as_seen(state: State, alive: bool) -> State:
    """Return a batch's state as a reader sees it: what a dead process left as sending is unknown."""
    return State.UNKNOWN if state is State.SENDING and not alive else state


class Totals(NamedTuple):
    """A run's batches and numbers by state, and what the gateway counted.

    `missing` numbers are not (yet) accepted; `unaccounted` is by how many the gateway's counts and the numbers of
    accepted batches differ; `given_up` are those of batches that were dropped while their outcome was unknown.
    """

    batches: Mapping[State, int]
    numbers: Mapping[State, int]
    accepted: int
    invalid: int
    blacklisted: int
    missing: int
    unaccounted: int
    given_up: int = 0


def exit_code(totals: Totals) -> ExitCode:
    """Return what a run ends as; an unknown outcome comes first, because a repeat could cost money."""
    states = totals.batches
    if not set(UNSETTLED).isdisjoint(states):
        return ExitCode.UNKNOWN
    if set(states) == {State.DROPPED} and not totals.given_up:
        return ExitCode.NOBODY
    if not totals.missing and not totals.unaccounted:
        return ExitCode.DONE
    if totals.accepted:
        return ExitCode.PARTLY
    if totals.unaccounted or totals.given_up:
        return ExitCode.UNKNOWN
    if State.UNREACHABLE in states:
        return ExitCode.UNREACHABLE
    return ExitCode.REFUSED if {State.REFUSED, State.ACCEPTED} & set(states) else ExitCode.INTERRUPTED
