"""What became of a run's numbers, as the gateway's reports tell; `--wait` stays until all of these are in."""

import time
from typing import NamedTuple

from smscli import render
from smscli.config import profile as profiles
from smscli.errors import ExitCode, InputError
from smscli.ledger.runs import DELIVERED, Ledger, Run, State, opened
from smscli.protocol.codes import state_meaning
from smscli.sending import runner

_POLL = 0.2  # seconds


class Outcome(NamedTuple):
    """How many numbers of a run were delivered, failed by state, wait for a report, or are not known to be sent."""

    delivered: int
    failures: dict[str, int]
    waiting: int
    unknown: int

    @property
    def failed(self) -> int:
        """How many numbers have a report that is none of delivery."""
        return sum(self.failures.values())


def outcome_of(ledger: Ledger, run: Run) -> Outcome:
    """Return what the ledger knows of a run by now."""
    totals, verdicts = ledger.totals(run.id), ledger.verdicts(run.id)
    reported = sum(verdicts.values())
    delivered = verdicts.pop(DELIVERED, 0)
    unknown = sum(totals.numbers.get(state, 0) for state in (State.UNKNOWN, State.SENDING))
    return Outcome(delivered, verdicts, max(totals.accepted - reported, 0), unknown)


def tell(run: Run, outcome: Outcome) -> None:
    """Say on stderr what the reports say: a line for all, and a line a state that is a failure."""
    counts = {"delivered": outcome.delivered, "failed": outcome.failed, "waiting": outcome.waiting}
    counts |= {"unknown": outcome.unknown} if outcome.unknown else {}
    if any(counts.values()):
        render.say(f"run {run.id}: {', '.join(f'{count:,} {name}' for name, count in counts.items())}")
    for state, count in outcome.failures.items():
        render.say(f"  {count:,} {state} {meaning(state)}")


def meaning(state: str) -> str:
    """Return what a report state means, in both languages."""
    return state_meaning(state).both


def seconds(wait: str) -> float:
    """Return the seconds of a `--wait`; 0 where none was asked for."""
    limit = profiles.parse_limit(f"1/{wait}") if wait else (1, 0)
    if limit is None:
        raise InputError(f"--wait {wait!r} is no time: write 90s, 10m or 2h. Nothing was sent.")
    return limit[1]


def wait_for_reports(run: Run, patience: float, quiet: bool) -> ExitCode:
    """Stay until every number of a run has its report, at most so many seconds; returns how it ended.

    That is 6 where a number's fate is still open, 7 where some were not delivered, else what the send ended as.
    """
    from smscli.ledger.inbox import Circle

    bar = render.Progress(run.numbers, quiet, "delivered")
    end = time.monotonic() + patience
    try:
        with opened(Circle) as circle:
            while True:
                circle.settle_unknown(run)
                outcome = outcome_of(circle, run)
                bar.show(outcome.delivered + outcome.failed, outcome.delivered)
                pending = outcome.waiting or outcome.unknown or _is_being_sent(circle, run)
                if not pending or time.monotonic() >= end:
                    break
                time.sleep(min(_POLL, max(end - time.monotonic(), 0)))
            code = runner.exit_code(circle.totals(run.id))
    finally:
        bar.close()
    tell(run, outcome)
    if outcome.waiting:
        render.say(
            f"smscli: {outcome.waiting:,} {'number has' if outcome.waiting == 1 else 'numbers have'} no report yet. "
            f"Wait on with: smscli runs {run.id} --wait 10m (`smscli listen` has to run, to receive them)"
        )
    return _judged(code, outcome)


def _is_being_sent(ledger: Ledger, run: Run) -> bool:
    return bool(ledger.open_numbers(run.id)) and ledger.is_held(run.id)


def _judged(code: ExitCode, outcome: Outcome) -> ExitCode:
    if code not in (ExitCode.DONE, ExitCode.PARTLY):
        return code
    if outcome.waiting:
        return ExitCode.UNKNOWN
    return ExitCode.PARTLY if outcome.failed else code
