"""`smscli resume`: continues a run that was interrupted."""

from collections.abc import Collection
from enum import StrEnum
from time import sleep
from typing import Annotated

import typer

from smscli.commands._carrying import account_of, carry_on, confirm_elsewhere, confirm_past, confirm_rest
from smscli.commands._options import MOST_RUNS, OutputOption, QuietOption, RateOption, WorkersOption, YesOption
from smscli.commands._report import say_evidence, shown_at_the_end
from smscli.console import Environment
from smscli.errors import ExitCode, InputError
from smscli.gateway.open import gateways_of
from smscli.language import _, listing
from smscli.ledger.runs import Run, Runs
from smscli.ledger.settling import Settling
from smscli.ledger.store import Store, open_store
from smscli.ledger.summary import summarize
from smscli.output import Output
from smscli.sending.runner import Pace


class Unknown(StrEnum):
    """What to do with batches whose outcome is unknown."""

    RESEND = "resend"
    DROP = "drop"


UnknownOption = Annotated[
    Unknown | None,
    typer.Option(
        metavar="CHOICE",
        help="For batches whose outcome is unknown: resend or drop. Look in the gateway's web console first.",
    ),
]
BatchOption = Annotated[
    str | None,
    typer.Option(
        metavar="NUMBERS", help="With --unknown: only these batches, as 3,7; otherwise all.", show_default=False
    ),
]
JoinOption = Annotated[
    bool,
    typer.Option(
        "--join", help="Send it together with the hosts that are sending it; the ledger is on PostgreSQL then."
    ),
]


def command(
    context: typer.Context,
    run: Annotated[int, typer.Argument(metavar="RUN", max=MOST_RUNS, help="Its number; `smscli runs` lists them.")],
    unknown: UnknownOption = None,
    batch: BatchOption = None,
    join: JoinOption = False,
    workers: WorkersOption = 4,
    rate: RateOption = 0,
    yes: YesOption = False,
    quiet: QuietOption = False,
    output: OutputOption = None,
) -> ExitCode:
    """Continue a run that was interrupted: send what is left of it. What was accepted is never sent again.

    A batch whose outcome is unknown is left alone until you decide with --unknown. `smscli cancel RUN` cancels what is
    left instead.
    """
    environment: Environment = context.obj
    if batch is not None and unknown is None:
        raise InputError(_("--batch goes with --unknown: it names the batches that are decided about."))
    chosen = None if batch is None else _numbers(batch)
    with open_store() as store:
        found = Runs(store).find(run)
        if join and not store.gate:
            raise InputError(
                _("--join needs a ledger that several hosts share, on a PostgreSQL server. Nothing was sent.")
            )
        with Runs(store).hold(run, join):
            Settling(store).settle(run)
            if unknown:
                _await_judgment(environment, Runs(store), run)
                _decide(environment, store, found, unknown, chosen, yes)
            if unknown is Unknown.DROP and not Runs(store).open_numbers(run):
                with shown_at_the_end(environment, store, found, output):  # nothing is to be sent: needs no password
                    return summarize(store, found).exit_code
            pace = Pace(workers, rate or (found.rate if join else 0), found.max_refused)
            return _go_on(environment, store, found, pace, yes, quiet, output)


def _go_on(
    environment: Environment, store: Store, run: Run, pace: Pace, yes: bool, quiet: bool, output: Output | None
) -> ExitCode:
    account, runs = account_of(run), Runs(store)
    confirm_past(environment, runs, run, yes)
    run = confirm_elsewhere(environment, runs, run, yes)
    _confirm_twin(environment, runs, run, yes)
    with gateways_of(account, environment.say) as gateways:
        confirm_rest(environment, runs, run, account, gateways, yes)
        with shown_at_the_end(environment, store, run, output):
            return carry_on(environment, store, run, account, gateways, pace, quiet, goes_on=True)


def _await_judgment(environment: Environment, runs: Runs, run: int) -> None:
    """Wait until it is certain that a request of a process that is gone cannot leave any more."""
    if runs.is_held(run) or not (left := runs.judge(run, 0)):
        return
    environment.say(_("waiting until it is certain that nothing of the process that was cut off is still on its way"))
    while left:
        sleep(min(left, 0.5))
        left = runs.judge(run, 0)


def _numbers(text: str) -> set[int]:
    try:
        return {int(part) for part in text.split(",")}
    except ValueError:
        said = _("--batch needs numbers of batches, as 3,7, not {text!r}. Nothing was sent.")
        raise InputError(said.format(text=text)) from None


def _decide(
    environment: Environment, store: Store, run: Run, unknown: Unknown, numbers: Collection[int] | None, yes: bool
) -> None:
    """Carry out what was asked for some unknown batches, without numbers for all."""
    batches = {batch.number: batch for batch in Runs(store).unsettled_batches(run.id)}
    if wrong := [str(number) for number in sorted(numbers or ()) if number not in batches]:
        said = _(
            "run {run} has no batch {numbers} whose outcome is unknown. Nothing was sent. "
            "`smscli runs {run}` lists them."
        )
        raise InputError(said.format(run=run.id, numbers=listing(wrong)))
    chosen = [batch for number, batch in batches.items() if numbers is None or number in numbers]
    if not chosen:
        return
    say_evidence(environment, store, run)
    question = _("{count:,} numbers whose outcome is unknown will be left out for good. Go on?")
    if unknown is Unknown.RESEND:
        question = _(
            "{count:,} numbers whose outcome is unknown will be sent again, and some people may get it twice. Go on?"
        )
    environment.confirm(question.format(count=sum(batch.numbers for batch in chosen)), yes)
    Runs(store).decide_unknown(run.id, unknown is Unknown.RESEND, [batch.number for batch in chosen])


def _confirm_twin(environment: Environment, runs: Runs, run: Run, yes: bool) -> None:
    """Ask whether to send a run although its command was run again later."""
    twin = runs.twin(run)
    if twin and runs.open_numbers(run.id):
        question = _("Run {twin} has sent the same to the same numbers since then. Send run {run} anyway?")
        environment.confirm(question.format(twin=twin, run=run.id), yes)
