"""`--wait`: waits until all reports of a run are there."""

import time
from typing import NoReturn

from smscli.commands._report import say_reports
from smscli.commands._signals import ended_by_signals
from smscli.config.keys import parse_duration
from smscli.console import Environment, Progress
from smscli.errors import ExitCode, InputError, OutcomeUnknownError
from smscli.language import _, ngettext
from smscli.ledger.runs import Run, Runs
from smscli.ledger.store import Store
from smscli.ledger.summary import RunSummary, summarize


def seconds(wait: str) -> float:
    """Return the seconds of a `--wait`; 0 where none was asked for."""
    duration = parse_duration(wait) if wait else 0
    if duration is None:
        said = _("--wait {wait!r} is not a time: write 90s, 10m or 2h. Nothing was sent.")
        raise InputError(said.format(wait=wait))
    return duration


def wait_for_reports(environment: Environment, store: Store, run: Run, patience: float, quiet: bool) -> ExitCode:
    """Wait until every number of a run has its report, at most `patience` seconds; return the exit code.

    That is 6 where it is still open for a number, 7 where some were not delivered, 130 where the wait was interrupted,
    else what the send ended as.
    """
    bar = Progress(environment, run.numbers, quiet, "delivered")
    end = time.monotonic() + patience
    try:
        with ended_by_signals(_interrupt):
            while _is_pending(summary := _look(store, run)) and time.monotonic() < end:
                bar.show(summary.delivered + summary.failed, summary.delivered)
                store.wait(end - time.monotonic())
    except KeyboardInterrupt:  # what was sent is shown all the same
        said = _("smscli: the wait was stopped, nothing else was. Wait on with: smscli runs {run} --wait 10m")
        environment.say(said.format(run=run.id))
        return ExitCode.INTERRUPTED
    finally:
        bar.close()
    say_reports(environment, summary)
    if summary.waiting:
        said = ngettext(
            "smscli: {count:,} number has no report yet. "
            "Wait again with: smscli runs {run} --wait 10m (`smscli listen` must be running to receive them)",
            "smscli: {count:,} numbers have no report yet. "
            "Wait again with: smscli runs {run} --wait 10m (`smscli listen` must be running to receive them)",
            summary.waiting,
        )
        environment.say(said.format(count=summary.waiting, run=run.id))
    return summary.exit_code_with_reports


def _look(store: Store, run: Run) -> RunSummary:
    from smscli.ledger.settling import Settling

    _refuse_forgotten(store, run)
    Settling(store).settle(run.id)
    return summarize(store, run)


def _is_pending(summary: RunSummary) -> bool:
    return bool(summary.waiting or summary.unsure or (summary.open and summary.is_held))


def _interrupt() -> NoReturn:
    raise KeyboardInterrupt


def _refuse_forgotten(store: Store, run: Run) -> None:
    """End the wait for a run that `runs prune` has forgotten: no more reports will be counted for it."""
    if Runs(store).is_kept(run.id):
        return
    said = _(
        "run {run} was forgotten by `smscli runs prune` while this command waited for its reports, so it is not "
        "known what became of its numbers. Look in the gateway's web console."
    )
    raise OutcomeUnknownError(said.format(run=run.id))
