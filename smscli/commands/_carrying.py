"""Carries a run out with its progress on stderr, and shows how it ended: what `send` and `resume` share."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from smscli.commands._preview import confirm
from smscli.commands._report import show_end
from smscli.config.profile import Profile
from smscli.console import Environment, Progress
from smscli.errors import ExitCode, LedgerError, OutcomeUnknownError
from smscli.gateway.client import Gateway
from smscli.ledger.runs import Run, Runs
from smscli.ledger.states import State
from smscli.ledger.store import Store
from smscli.ledger.summary import summarize
from smscli.output import Output
from smscli.protocol.times import CHINA, parse_stime
from smscli.sending.preview import of_rest
from smscli.sending.runner import Pace, Result, Runner


def confirm_past(environment: Environment, runs: Runs, run: Run, yes: bool) -> None:
    """Ask whether a run whose time has passed is still to go out; the gateway would send it at once."""
    at = parse_stime(run.stime)
    if at and at < datetime.now(CHINA) and runs.open_numbers(run.id):
        environment.confirm(
            f"Run {run.id} was to go out at {run.stime} China time, which has passed. Send the rest now?", yes
        )


def confirm_rest(
    environment: Environment, runs: Runs, run: Run, account: Profile, gateways: Sequence[Gateway], yes: bool
) -> None:
    """Show what is left of a run and ask, where that is more numbers than the profile's `confirm_above`."""
    numbers = runs.open_numbers(run.id)
    if numbers > account.confirm_above and not yes:
        preview = of_rest(account, run, runs.open_batches(run.id))
        confirm(environment, preview, gateways, f"Send to the {numbers:,} numbers that are left of run {run.id}?")


def carry_on(
    environment: Environment,
    store: Store,
    run: Run,
    account: Profile,
    gateways: Sequence[Gateway],
    pace: Pace,
    quiet: bool,
    output: Output | None,
) -> ExitCode:
    """Carry out what is open of a run that is held, show how it ended, and return the exit code."""
    if not Runs(store).open_numbers(run.id):
        environment.say(f"run {run.id} has nothing left to send; nothing was sent")
    runner = Runner(store, run, account, gateways, pace)
    try:
        result = _work(environment, runner, Progress(environment, run.numbers, quiet))
    except KeyboardInterrupt:
        environment.say(
            f"smscli: stopped at once; the outcome of what was in flight is unknown. Go on with: smscli resume {run.id}"
        )
        if lost := runner.unwritten():
            environment.say("\n".join(["These answers could not be written, so keep them:", *lost]))
        raise
    except Exception:  # what was sent is shown also where something broke
        with suppress(LedgerError):  # or it would hide what broke
            summary = summarize(store, run)
            if set(summary.totals.batches) != {State.PLANNED}:
                show_end(environment, store, summary, output)
        raise
    try:
        summary = summarize(store, run)
    except LedgerError as error:
        raise OutcomeUnknownError(f"{error} Run {run.id} was being sent, so do not begin it again.") from None
    if result.opted_out:
        environment.say(f"{result.opted_out:,} left out: they opted out since the run was begun")
    show_end(environment, store, summary, output)
    if result.reason and summary.open:
        environment.say(f"smscli: the run stopped, for {result.reason}.")
    return ExitCode.INTERRUPTED if result.interrupted else summary.exit_code


def _work(environment: Environment, runner: Runner, bar: Progress) -> Result:
    is_told = False

    def watch(done: int, accepted: int) -> None:
        nonlocal is_told
        bar.show(done, accepted)
        if runner.interrupted and not is_told:
            is_told = True
            environment.say("waiting for the requests in flight; interrupt again to stop at once.")

    try:
        return runner.carry_out(watch)
    finally:
        bar.close()
