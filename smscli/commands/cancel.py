"""`smscli cancel`: cancels what is left of a run, for good."""

from typing import Annotated

import typer

from smscli.commands._options import MOST_RUNS, YesOption
from smscli.console import Environment
from smscli.ledger.runs import Runs
from smscli.ledger.states import State
from smscli.ledger.store import open_store
from smscli.ledger.summary import RunSummary, summarize


def command(
    context: typer.Context,
    run: Annotated[int, typer.Argument(metavar="RUN", max=MOST_RUNS, help="Its number; `smscli runs` lists them.")],
    yes: YesOption = False,
) -> None:
    """Cancel what is left of a run, for good: its key will not send it either.

    This works also while the run is being sent. What the gateway has accepted cannot be cancelled, not even a message
    that is scheduled for later.
    """
    environment: Environment = context.obj
    with open_store() as store:
        summary = summarize(store, Runs(store).find(run))
        if not summary.open and State.SENDING not in summary.totals.batches:
            environment.say(f"run {run} has nothing left to send; nothing was changed{_rest(summary)}")
            return
        question = f"{summary.open:,} numbers of run {run} will never be sent to. Cancel them?"
        if not summary.open:
            question = f"Run {run} is just being sent. What fails of it will never be sent again. Cancel that?"
        environment.confirm(question, yes, nothing="cancelled")
        cancelled = Runs(store).cancel(run)
        summary = summarize(store, summary.run)
    environment.say(f"{cancelled:,} numbers of run {run} are cancelled{_rest(summary)}")


def _rest(summary: RunSummary) -> str:
    """Return what cannot be cancelled any more."""
    counts = {"accepted": summary.totals.accepted, "with outcome unknown": summary.unsure}
    gone = [f"{count:,} {name}" for name, count in counts.items() if count]
    if not gone:
        return ""
    when = f", scheduled for {summary.run.stime} China time" if summary.run.stime else ""
    return f"; {' and '.join(gone)}{when}: only the vendor can stop these"
