"""`smscli send`: sends a text to one number or to a list, as a run that the ledger keeps."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import typer

from smscli.commands import _send_options as given
from smscli.commands._carrying import (
    carry_on,
    confirm_elsewhere,
    confirm_hours,
    confirm_past,
    confirm_rest,
    say_held_back,
)
from smscli.commands._options import (
    ColumnOption,
    EncodingOption,
    OutputOption,
    ProfileOption,
    QuietOption,
    RateOption,
    SheetOption,
    WaitOption,
    WorkersOption,
    YesOption,
)
from smscli.commands._preview import confirm, refuse_low_balance, write_preview
from smscli.commands._report import shown_at_the_end
from smscli.commands._send_input import Message, read_message, read_recipients, refuse_invalid
from smscli.commands._send_options import SendOptions
from smscli.commands._waiting import seconds, wait_for_reports
from smscli.config.keys import parse_duration
from smscli.config.profile import Profile
from smscli.console import Environment
from smscli.errors import ExitCode, InputError, NobodyError
from smscli.gateway.client import Gateway
from smscli.gateway.open import gateways_of
from smscli.language import _, later, listing
from smscli.ledger.optouts import OptOuts
from smscli.ledger.runs import Run, Runs
from smscli.ledger.states import State
from smscli.ledger.store import Store, open_store
from smscli.ledger.summary import summarize
from smscli.output import is_table
from smscli.protocol.times import china_time, parse_stime
from smscli.sending import plan
from smscli.sending.limits import hold_back, without
from smscli.sending.plan import Plan
from smscli.sending.preview import Preview, Row
from smscli.sending.recipients import Recipients
from smscli.sending.runner import Pace
from smscli.sending.times import is_relative, parse_at
from smscli.system import asker

_REPEAT_SECONDS = 600  # within this time the same send without a key gets a warning
SETTINGS = {"allow_extra_args": True}  # to explain them: usually an option or a quotation mark is missing


def command(
    context: typer.Context,
    mobile: given.Mobile = None,
    list_file: given.ListFile = None,
    column: ColumnOption = "",
    sheet: SheetOption = "",
    encoding: EncodingOption = "",
    skip_invalid: given.SkipInvalid = False,
    rejects: given.Rejects = None,
    limit: given.Limit = None,
    include_opted_out: given.IncludeOptedOut = False,
    content: given.Content = None,
    content_file: given.ContentFile = None,
    template: given.Template = "",
    var: given.Var = None,
    sign: given.Sign = None,
    extno: given.Extno = None,
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
    profile: ProfileOption = "",
    output: OutputOption = None,
) -> ExitCode:
    """Send a text to one number or to a list.

    \b
    smscli send --mobile 13800138000 --content 'Your parcel is here.'
    smscli send --list list.xlsx --content '{name}, see you at {time}.' --dry-run
    """
    options = SendOptions(
        mobile=mobile, list_file=list_file, column=column, sheet=sheet, encoding=encoding, skip_invalid=skip_invalid,
        rejects=rejects, limit=limit, include_opted_out=include_opted_out, content=content, content_file=content_file,
        template=template, var=var, sign=sign, extno=extno, at=at, key=key, dry_run=dry_run, force=force,
        batch_size=batch_size, pace=Pace(workers, rate, max_refused), wait=wait, yes=yes, quiet=quiet,
        profile=profile, output=output,
    )  # fmt: skip
    return _send(context.obj, options, context.args)


def _send(environment: Environment, options: SendOptions, strays: Sequence[str]) -> ExitCode:
    patience = seconds(options.wait)
    _refuse_strays(strays)
    message = read_message(environment, options)
    people = read_recipients(environment, options, message)
    whole, people = build_plan(environment, options, message, people)
    with open_store() as store, gateways_of(message.account, environment.say) as gateways:
        job = Job(
            environment, options, store, gateways, message.account, whole, whole.digest(), people, _source(options),
            patience, left_out=(("duplicates", people.duplicates), ("invalid", len(people.invalid))),
        )  # fmt: skip
        found = Runs(store).by_key(options.key) if options.key else None
        if found:
            _refuse_difference(job, found)
        if found and options.dry_run:
            return _say_known(job, found)
        if not found and options.dry_run:
            return show_dry_run(job)
        return repeat_run(job, found) if found else start_run(job)


def _refuse_strays(words: Sequence[str]) -> None:
    if words:
        said = _(
            "{words!r} does not belong to any option. Nothing was sent. Numbers go after --mobile, "
            "the text after --content; a value with spaces needs quotes: --content 'hello world'."
        )
        raise InputError(said.format(words=" ".join(words)))


# --- the plan -----------------------------------------------------------------------------------------------------


def build_plan(
    environment: Environment, options: SendOptions, message: Message, people: Recipients
) -> tuple[Plan, Recipients]:
    """Return the checked plan, and the list; the same text to the same number counts as a duplicate."""
    account = message.account
    whole = Plan(
        content=message.content,
        texts=plan.texts_for(message.text, message.constants, people, options.limit),
        sign=account.sign,
        extno=account.extno,
        stime=message.stime,
        batch_size=options.batch_size or account.batch_size,
    )
    whole.check()
    if same := len(people.mobiles[: options.limit]) - whole.numbers:  # different cells that made the same text
        environment.say(_("{count:,} left out: the same text to the same number").format(count=same))
        people = people._replace(duplicates=people.duplicates + same)
    return whole, people


def _nothing_to_check() -> None:
    """Let a run begin, whatever happened since it was planned."""


class Job(NamedTuple):
    """A plan, and everything that is needed to carry it out.

    `digest` is the plan's, before anybody is left out; `source` says where the list came from. A resend has the run
    that it `resends`, and a `check` within the transaction that writes the new run.
    """

    environment: Environment
    options: SendOptions
    store: Store
    gateways: Sequence[Gateway]
    account: Profile
    plan: Plan
    digest: str
    people: Recipients
    source: str
    patience: float
    resends: int | None = None
    left_out: Sequence[Row] = ()
    check: Callable[[], None] = _nothing_to_check

    @property
    def due(self) -> float:
        """When the plan goes out, in seconds since 1970."""
        at = parse_stime(self.plan.stime)
        return at.timestamp() if at else self.store.now()


def _leave_out(job: Job) -> tuple[Plan, int]:
    """Return the plan without the people who must not get it now, and how many of these opted out."""
    account, say = job.account, job.environment.say
    unwanted = set() if job.options.include_opted_out else OptOuts(job.store).numbers(account.name)
    whole, opted_out = without(job.plan, unwanted)
    if opted_out:
        say(_("{count:,} left out: they opted out; `smscli optout list` shows them").format(count=opted_out))
    whole, held_back = hold_back(whole, job.store, account, job.due)
    if held_back:
        say_held_back(job.environment, held_back)
    _refuse_nobody(whole)
    return whole, opted_out


def _refuse_nobody(whole: Plan) -> None:
    if not whole.numbers:
        raise NobodyError(_("nobody is left to send to. Nothing was sent."))


# --- a new run ----------------------------------------------------------------------------------------------------


def show_dry_run(job: Job) -> ExitCode:
    """Show what would be sent, and send nothing."""
    preview = _prepare(job)
    write_preview(job.environment, preview, job.gateways, job.options.output)
    if not is_table(job.environment, job.options.output):  # otherwise the preview itself shows them
        _warn(job.environment, preview.plan)
    refuse_invalid(job.options, job.people)
    return ExitCode.DONE


def start_run(job: Job) -> ExitCode:
    """Ask if the list is long or the hour is quiet; then write a new run and carry it out."""
    environment, options, account = job.environment, job.options, job.account
    preview = _prepare(job)
    whole = preview.plan
    _warn(environment, whole)
    if not options.force:
        refuse_low_balance(preview, job.gateways)
    if whole.numbers > account.confirm_above and not options.yes:
        confirm(environment, preview, job.gateways, _("Send to {numbers:,} numbers?").format(numbers=whole.numbers))
    confirm_hours(environment, account, whole.texts, whole.stime, options.yes)
    with Runs(job.store).begin(lambda: _new_run(job, whole)) as run:
        if more := whole.numbers - run.numbers:
            said = _("{count:,} more left out: another run has sent to them (per_number)")
            environment.say(said.format(count=more))
        return _carry_on(job, run, goes_on=False)


def _warn(environment: Environment, whole: Plan) -> None:
    for warning in whole.warnings():
        environment.say(_("warning: {warning}").format(warning=warning))


def _prepare(job: Job) -> Preview:
    """Return the plan without the people who must not get it, and say how many they are."""
    if job.options.at is not None:
        parse_at(job.options.at, datetime.now(UTC))  # a new run cannot be scheduled in the past, with a key neither
    _look_for_repeat(job)
    whole, opted_out = _leave_out(job)
    left_out = [*job.left_out, ("opted out", opted_out)]
    return Preview(job.account, whole, whole.requests, left_out, job.people.notes)


def _look_for_repeat(job: Job) -> None:
    """Say that the same was just sent; a profile's `repeat_window` makes that a refusal."""
    account, options = job.account, job.options
    if options.key:
        return
    window = parse_duration(account.repeat_window) if account.repeat_window else None
    same = Runs(job.store).same_since(job.digest, account.name, job.store.now() - (window or _REPEAT_SECONDS))
    if not same or same.id == job.resends:  # where all of a run failed, its resend is the same to the same numbers
        return
    at = china_time(same.created)
    if window:
        said = _(
            "run {run} sent the same to the same numbers at {time}, which is within the profile's repeat_window of "
            "{window}. Nothing was sent. If it is meant, send it with --key NAME."
        )
        raise NobodyError(said.format(run=same.id, time=at, window=account.repeat_window))
    said = _(
        "warning: run {run} sent the same to the same numbers at {time}; --key NAME protects against sending twice"
    )
    job.environment.say(said.format(run=same.id, time=at))


def _new_run(job: Job, whole: Plan) -> tuple[Run, Iterator[tuple[str, Sequence[str]]]]:
    """Return the run and its batches; called within the transaction that writes them."""
    options, account = job.options, job.account
    job.check()
    if account.repeat_window:
        _look_for_repeat(job)
    whole, _ = hold_back(whole, job.store, account, job.due)
    _refuse_nobody(whole)
    run = Run(
        id=0,
        key=options.key,
        created=job.store.now(),
        asker=asker(),
        profile=account.label,
        account=account.name,
        content=whole.content,
        sign=whole.sign,
        extno=whole.extno,
        stime=whole.stime,
        source=job.source,
        digest=job.digest,
        numbers=whole.numbers,
        duplicates=job.people.duplicates,
        invalid=len(job.people.invalid),
        due=job.due if whole.stime else None,
        include_opted_out=options.include_opted_out,
        rate=options.pace.rate,
        max_refused=options.pace.max_refused,
        template=options.template,
        resends=job.resends,
    )
    return run, whole.batches()


def _carry_on(job: Job, run: Run, goes_on: bool) -> ExitCode:
    """Carry a run out, wait for its reports if that was asked for, and show it as it is then."""
    environment, options = job.environment, job.options
    with shown_at_the_end(environment, job.store, run, options.output):
        code = carry_on(environment, job.store, run, job.account, job.gateways, options.pace, options.quiet, goes_on)
        return _after_reports(job, run, code)


def _after_reports(job: Job, run: Run, code: ExitCode) -> ExitCode:
    if not job.patience or code not in (ExitCode.DONE, ExitCode.PARTLY, ExitCode.UNKNOWN):
        return code  # nothing was accepted, so there are no reports to wait for
    return wait_for_reports(job.environment, job.store, run, job.patience, job.options.quiet)


def _source(options: SendOptions) -> str:
    return (
        "--mobile" if options.mobile else str(options.list_file or "pipe").encode("utf-8", "backslashreplace").decode()
    )


# --- the run of a key ---------------------------------------------------------------------------------------------


def repeat_run(job: Job, run: Run) -> ExitCode:
    """Continue the run of a key; a run that is done is only shown again, with the same exit code."""
    environment, store, options = job.environment, job.store, job.options
    runs, summary = Runs(store), summarize(store, run)
    confirm_past(environment, runs, run, options.yes)
    if summary.open or summary.is_held or State.SENDING in summary.totals.batches:
        with runs.hold(run.id):
            environment.say(_("continuing run {run}, which has the key {key!r}").format(run=run.id, key=run.key))
            run = confirm_elsewhere(environment, runs, run, options.yes)
            confirm_rest(environment, runs, run, job.account, job.gateways, options.yes)
            return _carry_on(job, run, goes_on=True)
    said = _("run {run} with the key {key!r} was sent before; nothing was sent again")
    if run.cancelled is not None:
        said = _("run {run} with the key {key!r} was cancelled; nothing was sent again")
    environment.say(said.format(run=run.id, key=run.key))
    with shown_at_the_end(environment, store, run, options.output):
        return _after_reports(job, run, summary.exit_code)


def _say_known(job: Job, run: Run) -> ExitCode:
    left = Runs(job.store).open_numbers(run.id)
    said = _("run {run} with the key {key!r} exists already; {count:,} of its numbers are not sent to yet")
    job.environment.say(said.format(run=run.id, key=run.key, count=left))
    return ExitCode.DONE


def _refuse_difference(job: Job, run: Run) -> None:
    """Refuse a key that was used for something else, and say what differs."""
    account, whole, at = job.account, job.plan, job.options.at
    pairs = {
        later("the profile was {old!r} and is {new!r}"): (
            f"{run.profile} ({run.account})",
            f"{account.label} ({account.name})",
        ),
        later("the sign was {old!r} and is {new!r}"): (run.sign, whole.sign),
        later("the extno was {old!r} and is {new!r}"): (run.extno, whole.extno),
        # A relative time means another moment each time.
        later("the time was {old!r} and is {new!r}"): (
            run.stime,
            run.stime if run.stime and at and is_relative(at) else whole.stime,
        ),
        # A forgotten run has lost its text.
        later("the content was {old!r} and is {new!r}"): (run.content, whole.content if run.content else ""),
    }
    differing = [_(said).format(old=old, new=new) for said, (old, new) in pairs.items() if old != new]
    if not differing and run.digest != job.digest:
        differing = [_("the list, or the texts made from it, differ")]
    if differing:
        said = _(
            "the key {key!r} belongs to run {run}, which was another message: {differences}. "
            "Nothing was sent. Use another key."
        )
        raise InputError(said.format(key=run.key, run=run.id, differences=listing(differing, "；")))
