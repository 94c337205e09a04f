"""What became of a run, in one place: what the gateway answered and what its reports say."""

import time
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from smscli.errors import ExitCode
from smscli.ledger import states
from smscli.ledger.runs import Run, Runs
from smscli.ledger.states import State, Totals
from smscli.ledger.store import Store
from smscli.ledger.verdicts import DELIVERED


class RunState(StrEnum):
    """What a run is as a whole: at work, waiting for its time, or what it ended as, by its exit code."""

    SENDING = "sending"
    SCHEDULED = "scheduled"  # accepted, for a time that is still to come
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"
    DONE = "done"
    PARTLY = "partly"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"
    NOBODY = "nobody"


class RunSummary(NamedTuple):
    """What the ledger knows about a run at this moment.

    In `totals`, what a dead process left as sending counts as unknown. `verdicts` has the numbers by the report state
    that counts for them (protocol §3). `open` numbers may still be sent to; `is_held`: another process is sending.
    """

    run: Run
    totals: Totals
    verdicts: Mapping[str, int]
    open: int
    is_held: bool

    @property
    def delivered(self) -> int:
        """How many numbers got it, as their reports say."""
        return self.verdicts.get(DELIVERED, 0)

    @property
    def failures(self) -> dict[str, int]:
        """How many numbers have a report of a failure, by its state."""
        return {state: count for state, count in self.verdicts.items() if state != DELIVERED}

    @property
    def failed(self) -> int:
        """How many numbers have a report of a failure."""
        return sum(self.failures.values())

    @property
    def waiting(self) -> int:
        """How many numbers may have been accepted and have no report yet."""
        totals = self.totals
        return waiting(totals.accepted, totals.unaccounted, sum(self.verdicts.values()), self.run.forgotten)

    @property
    def unsure(self) -> int:
        """Of how many numbers it is unknown whether the gateway took them."""
        return sum(self.totals.numbers.get(state, 0) for state in states.UNSETTLED)

    @property
    def nothing_left(self) -> bool:
        """Whether it is proved that nothing was sent."""
        return set(states.MAY_HAVE_LEFT).isdisjoint(self.totals.batches) and not self.totals.given_up

    @property
    def batches(self) -> int:
        """How many batches it has."""
        return sum(self.totals.batches.values())

    @property
    def exit_code(self) -> ExitCode:
        """What the run ends as."""
        return states.exit_code(self.totals)

    @property
    def exit_code_with_reports(self) -> ExitCode:
        """What the run ends as if reports count too: 6 while one is missing, 7 where some were not delivered."""
        code = self.exit_code
        if code not in (ExitCode.DONE, ExitCode.PARTLY):
            return code
        if self.waiting:
            return ExitCode.UNKNOWN
        return ExitCode.PARTLY if self.failed else code

    @property
    def state(self) -> RunState:
        """One word for the whole run."""
        if self.open or State.SENDING in self.totals.batches:
            return RunState.SENDING if self.is_held else RunState.INTERRUPTED
        if self.run.cancelled is not None and not self.unsure:
            return RunState.CANCELLED
        if self.exit_code in (ExitCode.DONE, ExitCode.PARTLY) and (self.run.due or 0) > time.time():
            return RunState.SCHEDULED
        return RunState[self.exit_code.name]


def waiting(accepted: int, unaccounted: int, reported: int, forgotten: bool) -> int:
    """Return how many numbers of a run may have been accepted and have no report yet; a forgotten run gets no more."""
    return max(accepted + (0 if forgotten else unaccounted) - reported, 0)


def summarize(store: Store, run: Run) -> RunSummary:
    """Return what is known about a run at this moment."""
    return RunSummary(
        run,
        _totals(store, run.id, store.is_alive(run.id)),
        _verdicts(store, run.id),
        Runs(store).open_numbers(run.id),
        store.is_held(run.id),
    )


def _totals(store: Store, run: int, alive: bool) -> Totals:
    rows = store.read(
        "SELECT state, count(*), sum(numbers), sum(accepted), sum(invalid), sum(blacklisted), "
        "sum(CASE WHEN numbers > accepted THEN numbers - accepted ELSE 0 END), "
        "sum(CASE WHEN state = 'accepted' THEN abs(numbers - accepted - invalid - blacklisted) ELSE 0 END), "
        "sum(CASE WHEN state = 'dropped' AND sent IS NOT NULL THEN numbers ELSE 0 END) "
        "FROM batch WHERE run = ? GROUP BY state",
        (run,),
    )
    batches: dict[State, int] = {}
    numbers: dict[State, int] = {}
    for row in rows:
        state = states.as_seen(State(row[0]), alive)
        batches[state] = batches.get(state, 0) + row[1]
        numbers[state] = numbers.get(state, 0) + row[2]
    return Totals(batches, numbers, *(sum(row[index] for row in rows) for index in range(3, 9)))


def _verdicts(store: Store, run: int) -> dict[str, int]:
    """Return how many of a run's numbers each report state counts for (protocol §3)."""
    rows = store.read(
        "SELECT tally.state, sum(tally.numbers) FROM batch JOIN tally ON tally.sendid = batch.sendid "
        "WHERE batch.run = ? AND batch.sendid != '' AND tally.numbers > 0 GROUP BY tally.state ORDER BY 2 DESC",
        (run,),
    )
    return dict(rows)
