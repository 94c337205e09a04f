"""`smscli runs`: every send and what became of it; `smscli runs RUN` shows one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from smscli.cli import Commands, Group
from smscli.commands import _times
from smscli.commands._options import (
    MOST_RUNS,
    OutputOption,
    QuietOption,
    SandboxOption,
    SinceOption,
    UntilOption,
    WaitOption,
)
from smscli.commands._pages import HtmlOption, NumbersOption, check_page_options, open_statistics, write_page
from smscli.commands._people import Listed, failed_people, say_unknown, write_people, write_with_state
from smscli.commands._report import say_reports, show_end
from smscli.commands._waiting import seconds, wait_for_reports
from smscli.config.keys import SANDBOX
from smscli.console import Environment
from smscli.errors import ExitCode, InputError
from smscli.language import _, ngettext
from smscli.ledger.forgetting import forget
from smscli.ledger.resends import resent_by
from smscli.ledger.runs import Run, Runs
from smscli.ledger.settling import Settling
from smscli.ledger.states import State
from smscli.ledger.statistics import Wanted
from smscli.ledger.store import Store, open_store
from smscli.ledger.summary import RunState, RunSummary, summarize
from smscli.ledger.which import Which
from smscli.output import Cell, Output, is_table, write_rows
from smscli.protocol.times import CHINA, china_time

COLUMNS = (
    "run", "created", "state", "numbers", "accepted", "unknown", "profile", "key", "content", "asker", "delivered",
    "failed", "waiting", "at", "resends",
)  # fmt: skip
_TABLE_COLUMNS = ("run", "created", "state", "at", "numbers", "accepted", "unknown", "profile", "key", "content")
_SPARE = ("key", "profile", "unknown", "numbers", "accepted")
_LIMIT = 20
_OF_ONE_RUN = ("--failed", "--unknown", "--list", "--wait")


ListOption = Annotated[
    Listed | None,
    typer.Option(
        "--list",
        metavar="WHO",
        help="List people with texts, states and times: failed, waiting, planned, unknown or all. The other columns "
        "of your list are not kept.",
        show_default=False,
    ),
]
StateOption = Annotated[
    str,
    typer.Option(
        metavar="STATE", help="List the people with this report state; in a pipe only the numbers.", show_default=False
    ),
]


class _RunOrCommand(Group):
    """Accepts a run's number in the place of a sub-command: `smscli runs 17`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        option = args[0].partition("=")[0] if args else ""
        if option in _OF_ONE_RUN:
            raise InputError(
                _("{option} is about one run, so its number comes first: smscli runs RUN {option}").format(
                    option=option
                )
            )
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0].isdecimal():
            return super().resolve_command(ctx, ["show", *args])
        if args[0] not in self.commands:
            raise InputError(
                _("{text!r} is not the number of a run. `smscli runs` lists the runs.").format(text=args[0])
            )
        return super().resolve_command(ctx, args)


command = Commands(cls=_RunOrCommand, invoke_without_command=True, subcommand_metavar="[RUN | prune]")


@command.callback()
def list_runs(
    context: typer.Context,
    since: SinceOption = "",
    until: UntilOption = "",
    profile: Annotated[
        str, typer.Option("-p", "--profile", metavar="PROFILE", help="Only runs of this account.", show_default=False)
    ] = "",
    state: Annotated[
        RunState | None,
        typer.Option(metavar="STATE", help=f"Only runs in this state: {', '.join(RunState)}.", show_default=False),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Only the latest N, else 20; 0 means all.", show_default=False),
    ] = None,
    sandbox: SandboxOption = False,
    output: OutputOption = None,
) -> None:
    """List the latest sends, the newest last; with the number of a RUN show its batches.

    `smscli runs RUN --list failed` lists people with their texts, states and times: failed, waiting, planned, unknown
    or all. `--wait 10m` waits until all reports are there. `smscli runs RUN --help` explains all options. `smscli
    cancel RUN` cancels what is left, `smscli resend RUN --failed` sends again to those who did not get it.
    """
    if context.invoked_subcommand:
        _refuse_misplaced(context)
        return
    which = Which(_times.since(since), _times.until(until), profile, sandbox or profile == SANDBOX)
    environment: Environment = context.obj
    with open_store() as store:
        shown, more = _latest(store, which, state, _LIMIT if limit is None else limit or MOST_RUNS)
        hidden = Runs(store).count(which._replace(profile=SANDBOX)) if not (profile or sandbox) else 0
    _write(environment, shown, output)
    _say_more(environment, more, hidden if is_table(environment, output) else 0)


def _say_more(environment: Environment, more: int, hidden: int) -> None:
    """Say how many runs are not shown: older ones, and those of the built-in sandbox."""
    if more:
        environment.say(
            ngettext(
                "{count:,} older run is not shown; --limit 0 shows all",
                "{count:,} older runs are not shown; --limit 0 shows all",
                more,
            ).format(count=more)
        )
    if hidden:
        environment.say(
            ngettext(
                "{count:,} run of the built-in sandbox is not shown; `smscli runs --sandbox` shows it too",
                "{count:,} runs of the built-in sandbox are not shown; `smscli runs --sandbox` shows them too",
                hidden,
            ).format(count=hidden)
        )


def _refuse_misplaced(context: typer.Context) -> None:
    """Refuse options of the list in front of a run's number or of `prune`, where they would do nothing."""
    given = next((name for name, value in context.params.items() if value not in (None, "", False)), "")
    if given:
        raise InputError(
            _("--{option} is in front of {word!r}, where it does nothing. Options go behind it.").format(
                option=given, word="prune" if context.invoked_subcommand == "prune" else "RUN"
            )
        )


def _latest(store: Store, which: Which, state: RunState | None, limit: int) -> tuple[list[RunSummary], int]:
    """Return the latest runs, the newest last, and how many older ones there are."""
    runs = Runs(store)
    if state is None:
        found = [summarize(store, run) for run in runs.latest(which, limit)]
        return found[::-1], runs.count(which) - len(found)
    fitting = [summary for run in runs.latest(which) if (summary := summarize(store, run)).state is state]
    return fitting[:limit][::-1], max(len(fitting) - limit, 0)


def _write(environment: Environment, summaries: Sequence[RunSummary], output: Output | None) -> None:
    rows: list[Sequence[Cell]] = [_run_row(summary) for summary in summaries]
    columns: Sequence[str] = COLUMNS
    spare: Sequence[str] = _SPARE
    if is_table(environment, output):
        named = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
        for row in named:
            is_scheduled = row["state"] == RunState.SCHEDULED
            row |= {
                "created": str(row["created"])[:-3],
                "content": " ".join(str(row["content"]).split()),
                "at": str(row["at"])[:-3] if is_scheduled else "",
            }
        # Columns of zeros would leave no room for the text on a narrow terminal.
        columns = [name for name in _TABLE_COLUMNS if any(row[name] for row in named)]
        profiles = {row["profile"] for row in named}
        if len(profiles) == 1 and SANDBOX not in profiles:
            columns.remove("profile")  # it says nothing
        if SANDBOX in profiles:
            spare = [name for name in spare if name != "profile"]  # it marks the runs that sent nothing
        rows = [[row[name] for name in columns] for row in named]
    write_rows(environment, columns, rows, output, empty=_("There are no runs to show."), cut=True, spare=spare)


def _run_row(summary: RunSummary) -> tuple[Cell, ...]:
    run, totals = summary.run, summary.totals
    return (
        run.id, china_time(run.created), summary.state.value, run.numbers, totals.accepted,
        totals.numbers.get(State.UNKNOWN, 0), run.profile, run.key or "", run.content, run.asker,
        summary.delivered, summary.failed, summary.waiting, run.stime, run.resends,
    )  # fmt: skip


@command.command(hidden=True)
def show(
    context: typer.Context,
    run: Annotated[int, typer.Argument(metavar="RUN", max=MOST_RUNS, help="Its number; `smscli runs` lists them.")],
    listed: ListOption = None,
    failed: Annotated[
        bool,
        typer.Option("--failed", help="The same as --list failed; in a pipe only the numbers, which `send` reads."),
    ] = False,
    unknown: Annotated[
        bool, typer.Option("--unknown", help="The same as --list unknown; in a pipe only the numbers.")
    ] = False,
    state: StateOption = "",
    html: HtmlOption = None,
    whole_numbers: NumbersOption = False,
    wait: WaitOption = "",
    quiet: QuietOption = False,
    output: OutputOption = None,
) -> ExitCode:
    """Show a run's batches, what became of them, and the numbers whose outcome is unknown."""
    environment: Environment = context.obj
    check_page_options(html, whole_numbers, bool(listed or failed or unknown or state or output))
    patience, code = seconds(wait), ExitCode.DONE
    if [listed is not None, failed, unknown, bool(state)].count(True) > 1:
        raise InputError(_("Name one of --list, --failed, --unknown and --state."))
    with open_store() as store:
        found = Runs(store).find(run)
        if wait:
            code = wait_for_reports(environment, store, found, patience, quiet)
        Settling(store).settle(run)
        short = Listed.FAILED if failed else Listed.UNKNOWN if unknown else None
        if html:
            write_page(environment, html, _page(environment, store, summarize(store, found), whole_numbers))
        elif kind := listed or short:
            write_people(environment, store, found, kind, output, only_numbers=listed is None)
        elif state:
            write_with_state(environment, store, found, state.strip(), output)
        else:
            _show_run(environment, store, summarize(store, found), bool(wait), output)
    return code


def _page(environment: Environment, store: Store, summary: RunSummary, whole_numbers: bool) -> str:
    from smscli.reporting.pages import Person, run_page

    statistics = open_statistics(environment, store, Wanted(run=summary.run.id))
    return run_page(statistics, summary, (Person(*row) for row in failed_people(store, summary.run.id)), whole_numbers)


def _show_run(environment: Environment, store: Store, summary: RunSummary, waited: bool, output: Output | None) -> None:
    run = summary.run
    environment.say("\n".join(_head(run, resent_by(store, run.id))))
    show_end(environment, store, summary, output)
    say_unknown(environment, store, run)
    if not waited:
        say_reports(environment, summary)


def _head(run: Run, resent_by: Sequence[int]) -> list[str]:
    """Return what a run is, in sentences: when, by whom, which others belong to it, and its whole text."""
    created = china_time(run.created)
    lines = [_("run {run} of {time}, profile {profile}").format(run=run.id, time=created, profile=run.profile)]
    if run.profile == SANDBOX:
        lines.append(_("the built-in sandbox: nothing was really sent"))
    if run.stime:
        lines.append(_("scheduled for {time} China time").format(time=run.stime))
    if run.key:
        lines.append(_("key: {key}").format(key=run.key))
    if run.resends is not None:
        lines.append(_("it resends run {run}").format(run=run.resends))
    if resent_by:
        lines.append(_("resent by run {runs}").format(runs=", ".join(map(str, resent_by))))
    return [*lines, *([_("text: {content}").format(content=run.content)] if run.content else [])]


@command.command()
def prune(
    context: typer.Context,
    before: Annotated[
        datetime, typer.Option(metavar="DAY", formats=["%Y-%m-%d"], help="The first day to keep, as 2026-12-01.")
    ],
) -> None:
    """Forget finished runs, reports and replies from before a day: phone numbers are personal data.

    Keys and opt-outs stay, and still protect. Unfinished runs stay until they are resumed or cancelled.
    """
    day = before.replace(tzinfo=CHINA)
    if day > datetime.now(CHINA):
        raise InputError(
            _(
                "--before {day:%Y-%m-%d} is in the future, and per_number and keys need what was sent today. "
                "Nothing was forgotten. Name today or an earlier day."
            ).format(day=before)
        )
    with open_store() as store:
        gone, left = forget(store, day.timestamp())
    said = ngettext("{count:,} run forgotten", "{count:,} runs forgotten", gone).format(count=gone)
    if gone:
        said = _("{forgotten} (those with a key keep it, without texts and numbers)").format(forgotten=said)
    if left:
        said = _("{forgotten}; {count:,} unfinished ones stay until they are resumed or cancelled").format(
            forgotten=said, count=left
        )
    context.obj.say(said)
