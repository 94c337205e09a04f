"""What `send` and `resume` share: asking before a run goes on, and carrying it out with its progress on stderr."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice

from smscli.commands._preview import confirm
from smscli.config.keys import SANDBOX
from smscli.config.profile import Profile, choose
from smscli.console import Environment, Progress
from smscli.errors import ExitCode, InputError, LedgerError, OutcomeUnknownError
from smscli.gateway.client import Gateway
from smscli.language import _
from smscli.ledger.runs import Run, Runs
from smscli.ledger.states import State
from smscli.ledger.store import Store
from smscli.ledger.summary import summarize
from smscli.protocol.times import CHINA, parse_stime
from smscli.sending.message import is_marketing
from smscli.sending.preview import of_rest
from smscli.sending.runner import Pace, Result, Runner
from smscli.sending.times import quiet_until

_TOGETHER = 500  # batches whose reports are recorded in one transaction


def account_of(run: Run) -> Profile:
    """Return the account that a run was sent by; an InputError where its profile has another account now."""
    account = choose(run.profile)
    if account.name != run.account and run.profile != SANDBOX:
        said = _(
            "run {run} was sent by account {old!r}, but profile {profile!r} now has account {new!r}. "
            "Nothing was sent. Give the profile its old name back, then try again."
        )
        raise InputError(said.format(run=run.id, old=run.account, profile=account.label, new=account.name))
    return account


def confirm_past(environment: Environment, runs: Runs, run: Run, yes: bool) -> None:
    """Ask whether to send a run whose time has passed; the gateway would send it at once."""
    at = parse_stime(run.stime)
    if at and at < datetime.now(CHINA) and runs.open_numbers(run.id):
        question = _("Run {run} was scheduled for {time} China time, which has passed. Send the rest now?")
        environment.confirm(question.format(run=run.id, time=run.stime), yes)


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
        question = _("Send to the {numbers:,} numbers that are left of run {run}?")
        confirm(environment, preview, gateways, question.format(numbers=numbers, run=run.id))
    confirm_hours(environment, account, {batch.content for batch in batches}, run.stime, yes)


def confirm_hours(environment: Environment, account: Profile, texts: Iterable[str], stime: str, yes: bool) -> None:
    """Ask before marketing goes out in the profile's `quiet_hours`; what is overdue goes out now."""
    now = datetime.now(CHINA)
    until = quiet_until(account.quiet_hours, max(parse_stime(stime) or now, now)) if account.quiet_hours else None
    if until and any(map(is_marketing, texts)):
        question = _("This is marketing, and quiet_hours last until {time:%Y-%m-%d %H:%M} China time. Send it anyway?")
        environment.confirm(question.format(time=until), yes)


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
        environment.say(_("run {run} has nothing left to send; nothing was sent").format(run=run.id))
    runner = Runner(store, run, account, gateways, pace, goes_on)
    try:
        result = _work(environment, runner, Progress(environment, run.numbers, quiet))
    except KeyboardInterrupt:
        environment.say(
            _(
                "smscli: stopped at once; the outcome of the requests in flight is unknown. "
                "Continue with: smscli resume {run}"
            ).format(run=run.id)
        )
        if runner.has_unwritten:
            environment.say(runner.unwritten())
        raise
    if account.label == SANDBOX:
        _report_from_sandbox(store, run, account)
    if result.opted_out:
        said = _("{count:,} left out: they opted out after the run began")
        environment.say(said.format(count=result.opted_out))
    if result.held_back:
        say_held_back(environment, result.held_back)
    try:
        summary = summarize(store, run)
    except LedgerError as error:
        said = _("{sentence} Run {run} was being sent, so do not begin it again.")
        raise OutcomeUnknownError(said.format(sentence=error, run=run.id)) from None
    if result.reason and summary.open:
        environment.say(_("smscli: the run stopped, because {reason}.").format(reason=result.reason))
    return ExitCode.INTERRUPTED if result.interrupted else summary.exit_code


def _report_from_sandbox(store: Store, run: Run, account: Profile) -> None:
    """Record what the built-in sandbox pushes: it lives in this process alone, so nothing has to listen for it."""
    from smscli.ledger.inbox import Inbox
    from smscli.protocol.pushes import push_from_fields
    from smscli.sandbox.gateway import deliverable
    from smscli.sandbox.pusher import Accepted, pushes

    accepted = (
        Accepted(batch.sendid, deliverable(batch.mobiles), run.extno)
        for batch in list(Runs(store).batches(run.id, [State.ACCEPTED]))
        if batch.accepted and not batch.delivered + batch.failed
    )
    while some := list(islice(accepted, _TOGETHER)):
        found = [push_from_fields(fields) for message in some for fields in pushes(message)]
        Inbox(store).record(account, [push for push in found if push])


def _work(environment: Environment, runner: Runner, bar: Progress) -> Result:
    has_said = False

    def watch(done: int, accepted: int) -> None:
        nonlocal has_said
        bar.show(done, accepted)
        if runner.interrupted and not has_said:
            has_said = True
            environment.say(_("waiting for the requests in flight; interrupt again to stop at once."))

    try:
        return runner.carry_out(watch)
    finally:
        bar.close()
