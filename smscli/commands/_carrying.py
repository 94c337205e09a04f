"""What `send` and `resume` share: asking before a run goes on, and carrying it out with its progress on stderr."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from smscli.commands._preview import confirm
from smscli.config.profile import Profile
from smscli.console import Environment, Progress
from smscli.errors import ExitCode, LedgerError, OutcomeUnknownError
from smscli.gateway.client import Gateway
from smscli.language import _
from smscli.ledger.runs import Run, Runs
from smscli.ledger.store import Store
from smscli.ledger.summary import summarize
from smscli.protocol.times import CHINA, parse_stime
from smscli.sending.message import is_marketing
from smscli.sending.preview import of_rest
from smscli.sending.runner import Pace, Result, Runner
from smscli.sending.times import quiet_until


def confirm_past(environment: Environment, runs: Runs, run: Run, yes: bool) -> None:
    """Ask whether to send a run whose time has passed; the gateway would send it at once."""
    at = parse_stime(run.stime)
    if at and at < datetime.now(CHINA) and runs.open_numbers(run.id):
        environment.confirm(
            f"Run {run.id} was scheduled for {run.stime} China time, which has passed. Send the rest now?", yes
        )


def confirm_rest(
    environment: Environment, runs: Runs, run: Run, account: Profile, gateways: Sequence[Gateway], yes: bool
) -> None:
    """Show what is left of a run and ask, where that is more numbers than the profile's `confirm_above`.

    For marketing in the profile's quiet hours ask always, even for one number.
    """
    numbers = runs.open_numbers(run.id)
    if not numbers or yes:
        return
    batches = runs.open_batches(run.id)
    if numbers > account.confirm_above:
        preview = of_rest(account, run, batches)
        confirm(environment, preview, gateways, f"Send to the {numbers:,} numbers that are left of run {run.id}?")
    confirm_hours(environment, account, {batch.content for batch in batches}, run.stime, yes)


def confirm_hours(environment: Environment, account: Profile, texts: Iterable[str], stime: str, yes: bool) -> None:
    """Ask before marketing goes out in the profile's `quiet_hours`; what is overdue goes out now."""
    now = datetime.now(CHINA)
    until = quiet_until(account.quiet_hours, max(parse_stime(stime) or now, now)) if account.quiet_hours else None
    if until and any(map(is_marketing, texts)):
        environment.confirm(
            f"This is marketing, and quiet_hours last until {until:%Y-%m-%d %H:%M} China time. Send it anyway?",
            yes,
        )


def confirm_elsewhere(environment: Environment, runs: Runs, run: Run, yes: bool) -> Run:
    """Ask whether a run may go on where the ledger is not on the database any more from which it was sent before."""
    if not runs.is_elsewhere(run):
        return run
    if runs.open_numbers(run.id):
        environment.confirm(
            _(
                "The ledger is on another server than when run {run} was sent last: a standby took over, or a backup "
                "was put back. What was sent since then may be missing in it, and would be sent again. Look in the "
                "gateway's web console first. Send the rest of the run now?"
            ).format(run=run.id),
            yes,
        )
    return runs.move_here(run)


def say_held_back(environment: Environment, count: int) -> None:
    """Say how many numbers `per_number` left out."""
    environment.say(
        _("{count} left out: they would get more messages than per_number allows").format(count=f"{count:,}")
    )


def carry_on(
    environment: Environment,
    store: Store,
    run: Run,
    account: Profile,
    gateways: Sequence[Gateway],
    pace: Pace,
    quiet: bool,
    goes_on: bool,
) -> ExitCode:
    """Send what is open of a run that is held, and return what it ended as; the caller shows it.

    `goes_on` says that it was begun before this command.
    """
    if not Runs(store).open_numbers(run.id):
        environment.say(f"run {run.id} has nothing left to send; nothing was sent")
    runner = Runner(store, run, account, gateways, pace, goes_on)
    try:
        result = _work(environment, runner, Progress(environment, run.numbers, quiet))
    except KeyboardInterrupt:
        environment.say(
            "smscli: stopped at once; the outcome of the requests in flight is unknown. "
            f"Continue with: smscli resume {run.id}"
        )
        if runner.has_unwritten:
            environment.say(runner.unwritten())
        raise
    if result.opted_out:
        environment.say(f"{result.opted_out:,} left out: they opted out after the run began")
    if result.held_back:
        say_held_back(environment, result.held_back)
    try:
        summary = summarize(store, run)
    except LedgerError as error:
        raise OutcomeUnknownError(f"{error} Run {run.id} was being sent, so do not begin it again.") from None
    if result.reason and summary.open:
        environment.say(f"smscli: the run stopped, because {result.reason}.")
    return ExitCode.INTERRUPTED if result.interrupted else summary.exit_code


def _work(environment: Environment, runner: Runner, bar: Progress) -> Result:
    has_said = False

    def watch(done: int, accepted: int) -> None:
        nonlocal has_said
        bar.show(done, accepted)
        if runner.interrupted and not has_said:
            has_said = True
            environment.say("waiting for the requests in flight; interrupt again to stop at once.")

    try:
        return runner.carry_out(watch)
    finally:
        bar.close()
