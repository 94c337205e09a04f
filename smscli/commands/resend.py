"""`smscli resend`: sends a run's texts again to those who did not get them, as a new run."""

from collections.abc import Callable
from typing import Annotated

import typer

from smscli.commands import _send_options as given
from smscli.commands._carrying import account_of
from smscli.commands._options import (
    LIST,
    MOST_RUNS,
    OutputOption,
    QuietOption,
    RateOption,
    WaitOption,
    WorkersOption,
    YesOption,
)
from smscli.commands._send_input import check_key, read_time
from smscli.commands._send_options import SendOptions
from smscli.commands._waiting import seconds
from smscli.commands.send import Job, repeat_run, show_dry_run, start_run
from smscli.console import Environment
from smscli.errors import BusyError, ExitCode, InputError, NobodyError
from smscli.gateway.open import gateways_of
from smscli.language import _
from smscli.ledger.resends import others_with_text
from smscli.ledger.runs import Run, Runs
from smscli.ledger.settling import Settling
from smscli.ledger.store import Store, open_store
from smscli.ledger.verdicts import DELIVERED
from smscli.sending.plan import Plan
from smscli.sending.recipients import Recipients
from smscli.sending.resending import Selection, Why, select
from smscli.sending.runner import Pace


def command(
    context: typer.Context,
    run: Annotated[int, typer.Argument(metavar="RUN", max=MOST_RUNS, help="Its number; `smscli runs` lists them.")],
    failed: Annotated[
        bool, typer.Option("--failed", help="To those who certainly did not get it.", rich_help_panel=LIST)
    ] = False,
    state: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STATE",
            help="To those with this state alone, also where a resend seems useless; may be repeated.",
            show_default=False,
            rich_help_panel=LIST,
        ),
    ] = None,
    include_opted_out: given.IncludeOptedOut = False,
    at: given.At = None,
    key: given.Key = None,
    dry_run: given.DryRun = False,
    force: given.Force = False,
    max_refused: given.MaxRefused = 0,
    batch_size: given.BatchSize = None,
    workers: WorkersOption = 4,
    rate: RateOption = 0,
    wait: WaitOption = "",
    yes: YesOption = False,
    quiet: QuietOption = False,
    output: OutputOption = None,
) -> ExitCode:
    """Send a run again to those who did not get it, as a new run with the same texts.

    Who is waiting for a report, or whose outcome is unknown, is left out; so is everybody to whom another run has sent
    the same text since. Who cannot be reached (空号, a blacklist) is left out too, unless you give the state.

    \b
    smscli resend 17 --failed --dry-run
    smscli resend 17 --state EXPIRED --state UNDELIV
    """
    if not failed and not state:
        raise InputError(_("to whom? Give --failed, or a state with --state. Nothing was sent."))
    options = SendOptions(
        include_opted_out=include_opted_out, at=at, key=key, dry_run=dry_run, force=force, batch_size=batch_size,
        pace=Pace(workers, rate, max_refused), wait=wait, yes=yes, quiet=quiet, output=output,
    )  # fmt: skip
    return _resend(context.obj, run, _states(state or []), options)


def _states(given_states: list[str]) -> set[str]:
    states = {state.strip().upper() for state in given_states}
    if DELIVERED in states:
        raise InputError(
            _("{state} means that they got it. Nothing was sent. Name the state of a failure.").format(state=DELIVERED)
        )
    return states


def _resend(environment: Environment, number: int, states: set[str], options: SendOptions) -> ExitCode:
    patience = seconds(options.wait)
    check_key(options.key)
    with open_store() as store:
        run = Runs(store).find(number)
        if run.forgotten:
            raise InputError(
                _(
                    "run {run} was forgotten by `smscli runs prune`, with its texts and numbers. Nothing was sent."
                ).format(run=number)
            )
        account, stime = account_of(run), read_time(environment, options)
        Settling(store).settle(number)
        with gateways_of(account, environment.say) as gateways:
            others = others_with_text(store, run)
            selection = select(store, number, others, states)
            plan = Plan(
                run.content, selection.texts, run.sign, run.extno, stime, options.batch_size or account.batch_size
            )
            job = Job(
                environment, options, store, gateways, account, plan, plan.digest(), Recipients([]),
                f"run {number}", patience, number,
                [("resend of run", number), *selection.left_out.items()], _unchanged(store, run, others),
            )  # fmt: skip
            return _carry_out(job, run, selection)


def _carry_out(job: Job, run: Run, selection: Selection) -> ExitCode:
    key = job.options.key
    if key and (found := Runs(job.store).by_key(key)):
        return _repeat(job, run, found)
    for sentence in _sentences(run.id, selection):
        job.environment.say(sentence)
    if not job.plan.numbers:
        raise NobodyError(_("nobody of run {run} is left to send to. Nothing was sent.").format(run=run.id))
    return show_dry_run(job) if job.options.dry_run else start_run(job)


def _repeat(job: Job, run: Run, found: Run) -> ExitCode:
    """Continue the resend that has the key."""
    if found.resends != run.id:
        raise InputError(
            _(
                "the key {key!r} belongs to run {found}, which is no resend of run {run}. Nothing was sent. "
                "Use another key."
            ).format(key=found.key, found=found.id, run=run.id)
        )
    if job.options.dry_run:
        job.environment.say(_("run {run} with the key {key!r} exists already").format(run=found.id, key=found.key))
        return ExitCode.DONE
    return repeat_run(job, found)


def _unchanged(store: Store, run: Run, others: list[int]) -> Callable[[], None]:
    """Return a check that no other process has begun to send the same text meanwhile."""

    def check() -> None:
        if others_with_text(store, run) != others:
            raise BusyError(
                _("another process has just begun to send the same text. Nothing was sent. Look with: smscli runs")
            )

    return check


def _sentences(run: int, selection: Selection) -> list[str]:
    """Say who is left out, and what can be done about it."""
    said = {
        Why.USELESS: _(
            "{count:,} left out: it would fail again (not in service, blacklisted, or the text was rejected)"
        ),
        Why.UNCLEAR: _(
            "{count:,} left out: the operator does not know whether they got it; --state UNKNOWN takes them"
        ),
        Why.OPEN: _("{count:,} left out: `smscli resume {run}` may still send to them"),
        Why.OTHER: _("{count:,} left out: another run has sent the same text to them, or still may"),
        Why.WAITING: _("{count:,} left out: they have no report yet"),
        Why.UNKNOWN: _("{count:,} left out: their outcome is unknown; `smscli resume {run} --unknown` decides"),
    }
    return [
        sentence.format(count=selection.left_out[why], run=run)
        for why, sentence in said.items()
        if selection.left_out.get(why)
    ]
