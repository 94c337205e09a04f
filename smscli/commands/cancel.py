"""`smscli cancel`: cancels what is left of a run, for good."""

from typing import Annotated

import typer

from smscli.commands._options import MOST_RUNS, YesOption
from smscli.console import Environment
from smscli.language import _
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
            environment.say(_("run {run} has nothing left to send; nothing was changed").format(run=run))
            _say_rest(environment, summary)
            return
        question = _("{count:,} numbers of run {run} will never be sent to. Cancel them?")
        if not summary.open:
            question = _("Run {run} is just being sent. What fails of it will never be sent again. Cancel that?")
        environment.confirm(question.format(count=summary.open, run=run), yes, nothing="cancelled")
        cancelled = Runs(store).cancel(run)
        summary = summarize(store, summary.run)
    environment.say(_("{count:,} numbers of run {run} are cancelled").format(count=cancelled, run=run))
    _say_rest(environment, summary)


def _say_rest(environment: Environment, summary: RunSummary) -> None:
    """Say what cannot be cancelled any more."""
    accepted, unsure, stime = summary.totals.accepted, summary.unsure, summary.run.stime
    if accepted:
        environment.say(_("{count:,} are accepted: only the vendor can stop these").format(count=accepted))
    if unsure:
        said = _("{count:,} have an unknown outcome: only the vendor can stop these")
        environment.say(said.format(count=unsure))
    if stime and (accepted or unsure):
        environment.say(_("they are scheduled for {time} China time").format(time=stime))
