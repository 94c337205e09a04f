"""`smscli resume`: goes on with a run that was cut short; `send` ends in the same steps."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from smscli import render
from smscli.commands._options import MOST_RUNS, OutputOption, QuietOption, RateOption, WorkersOption, YesOption
from smscli.commands.runs import show_run
from smscli.config import profile as profiles
from smscli.errors import ExitCode, InputError
from smscli.gateway.client import Gateway
from smscli.gateway.open import gateways_of
from smscli.ledger.runs import Ledger, Run, State, opened
from smscli.protocol.times import CHINA, parse_stime
from smscli.sending import runner
from smscli.sending.runner import Campaign, Pace


class Unknown(StrEnum):
    """What is to become of batches whose fate is unknown."""

    RESEND = "resend"
    DROP = "drop"


def command(
    run: Annotated[int, typer.Argument(metavar="RUN", max=MOST_RUNS, help="Its number; `smscli runs` lists them.")],
    unknown: Annotated[
        Unknown | None, typer.Option(help="Send unknown batches again, or never; see the web console first.")
    ] = None,
    workers: WorkersOption = 4,
    rate: RateOption = 0,
    yes: YesOption = False,
    quiet: QuietOption = False,
    output: OutputOption = None,
) -> None:
    """Go on with a run that was cut short: what is planned goes out, what was accepted never again."""
    from smscli.ledger.inbox import Circle

    with opened(Circle) as ledger:
        found = ledger.run(run)
        account = profiles.choose(found.profile)
        if account.name != found.account and found.profile != profiles.SANDBOX:
            raise InputError(f"run {run} was sent by account {found.account!r}; profile {account.label!r} is another.")
        with ledger.held(run):
            ledger.settle_unknown(found)
            _decide_unknown(ledger, found, unknown, yes)
            refuse_past(ledger, found, yes)
            _refuse_twin(ledger, found, yes)
            with gateways_of(account) as gateways:
                code = carry_on(ledger, found, gateways, Pace(workers, rate), quiet, output)
    raise typer.Exit(code)


def _decide_unknown(ledger: Ledger, run: Run, unknown: Unknown | None, yes: bool) -> None:
    numbers = ledger.totals(run.id).numbers.get(State.UNKNOWN, 0)
    if unknown is None or not numbers:
        return
    action = "sent to again, and some may get it twice" if unknown is Unknown.RESEND else "left out for good"
    render.confirm(f"{numbers:,} numbers whose fate is unknown will be {action}.", yes)
    ledger.change_state(run.id, State.UNKNOWN, State.PLANNED if unknown is Unknown.RESEND else State.DROPPED)


def _refuse_twin(ledger: Ledger, run: Run, yes: bool) -> None:
    """Ask whether a run is still to go out where its command was simply repeated meanwhile."""
    twin = ledger.twin(run)
    if twin and ledger.open_numbers(run.id):
        render.confirm(f"Run {twin} sent the same to the same numbers meanwhile. Send run {run.id} all the same?", yes)


def refuse_past(ledger: Ledger, run: Run, yes: bool) -> None:
    """Ask whether a run whose time has passed is still to go out; the gateway would send it at once."""
    at = parse_stime(run.stime)
    if at and at < datetime.now(CHINA) and ledger.open_numbers(run.id):
        render.confirm(
            f"Run {run.id} was to go out at {run.stime} China time, which has passed. Send the rest now?", yes
        )


def carry_on(
    ledger: Ledger, run: Run, gateways: list[Gateway], pace: Pace, quiet: bool, output: render.Output | None
) -> ExitCode:
    """Carry out what is open of a run that is held, show how it ended, and return the exit code."""
    if not ledger.open_numbers(run.id):
        render.say(f"run {run.id} has nothing left to send; nothing was sent")
    if gone := ledger.leave_out(run):
        render.say(f"{gone:,} left out: they opted out since the run was begun")
    work = Campaign(ledger, run, gateways, pace)
    bar = render.Progress(run.numbers, quiet)
    told = False

    def watch(done: int, accepted: int) -> None:
        nonlocal told
        bar.show(done, accepted)
        if work.interrupted and not told:
            told = True
            render.say("smscli: waiting for the requests in flight; interrupt again to stop at once.")

    try:
        work.carry_out(watch)
    except KeyboardInterrupt:
        render.say(f"smscli: stopped at once; what was in flight is unknown. Go on with: smscli resume {run.id}")
        raise
    except Exception:  # what was sent is told also where something broke
        if set(ledger.totals(run.id).batches) != {State.PLANNED}:
            show_run(ledger, run, output)
        raise
    finally:
        bar.close()
    show_run(ledger, run, output)
    if work.reason and ledger.open_numbers(run.id):
        render.say(f"smscli: the run stopped, for {work.reason}.")
    if work.interrupted:
        return ExitCode.INTERRUPTED
    return runner.exit_code(ledger.totals(run.id))
