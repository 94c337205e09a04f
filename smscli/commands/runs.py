"""`smscli runs`: every send and what became of it; `smscli runs RUN` shows one."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

import typer

from smscli.cli import Commands, Group
from smscli.commands._options import MOST_RUNS, OutputOption, QuietOption, WaitOption
from smscli.commands._report import meaning, say_reports, show_end
from smscli.commands._waiting import seconds, wait_for_reports
from smscli.console import Environment
from smscli.errors import ExitCode, InputError
from smscli.ledger.forgetting import forget
from smscli.ledger.runs import DELIVERED, Run, Runs
from smscli.ledger.settling import Settling
from smscli.ledger.states import State
from smscli.ledger.store import Store, open_store
from smscli.ledger.summary import RunSummary, outcomes, summarize
from smscli.output import Cell, Output, is_table, is_tsv, write_rows
from smscli.protocol.times import CHINA, china_time

COLUMNS = (
    "run", "created", "state", "numbers", "accepted", "unknown", "profile", "key", "content", "asker", "delivered",
    "failed", "waiting", "at",
)  # fmt: skip
_TABLE_COLUMNS = ("run", "created", "state", "numbers", "accepted", "unknown", "profile", "key", "content")
_TEXT_START = 24  # characters of a text by which a person knows it
NUMBER_COLUMNS = ("mobile", "state", "meaning")


class _RunOrCommand(Group):
    """Takes a run's number where a sub-command may stand: `smscli runs 17`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        return super().resolve_command(ctx, ["show", *args] if args[0].isdigit() else args)


command = Commands(cls=_RunOrCommand, invoke_without_command=True, subcommand_metavar="[RUN | prune]")


@command.callback()
def list_runs(context: typer.Context, output: OutputOption = None) -> None:
    """List all sends, the latest first; with the number of a RUN show its batches.

    `smscli runs RUN --failed` or `--state STATE` lists its numbers that were not delivered to, `--wait 10m` waits until
    all reports are in; `smscli runs RUN --help` explains all options.
    """
    if context.invoked_subcommand:
        return
    environment: Environment = context.obj
    with open_store() as store:
        rows = [_run_row(summarize(store, run)) for run in list(Runs(store).all())]
    if not is_table(environment, output):
        write_rows(environment, COLUMNS, rows, output)
        return
    named = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    for row in named:
        row |= {"created": str(row["created"])[:-3], "content": _start(str(row["content"]))}
    # Columns of nothing but zeros would cost the text its place on a narrow terminal.
    kept = [name for name in _TABLE_COLUMNS if any(row[name] for row in named)]
    write_rows(environment, kept, [[row[name] for name in kept] for row in named], output)


@command.command(hidden=True)
def show(
    context: typer.Context,
    run: Annotated[int, typer.Argument(metavar="RUN", max=MOST_RUNS)],
    failed: Annotated[bool, typer.Option("--failed", help="List the numbers that were not delivered to.")] = False,
    state: Annotated[
        str, typer.Option(metavar="STATE", help="List the numbers with this report state.", show_default=False)
    ] = "",
    wait: WaitOption = "",
    quiet: QuietOption = False,
    output: OutputOption = None,
) -> ExitCode:
    """Show a run's batches, what became of them, and the numbers whose outcome is unknown."""
    environment: Environment = context.obj
    patience, code = seconds(wait), ExitCode.DONE
    with open_store() as store:
        found = Runs(store).find(run)
        if wait:
            code = wait_for_reports(environment, store, found, patience, quiet)
        Settling(store).settle(run)
        summary = summarize(store, found)
        if failed or state:
            _list_numbers(environment, outcomes(store, run), state.strip().upper(), output)
            if state and state.strip().upper() not in map(str.upper, summary.verdicts):
                environment.say(f"no number of run {run} has the state {state}; `smscli codes` lists the known ones")
        else:
            _show_run(environment, store, summary, bool(wait), output)
    return code


def _show_run(environment: Environment, store: Store, summary: RunSummary, waited: bool, output: Output | None) -> None:
    run = summary.run
    when = f", scheduled for {run.stime} China time" if run.stime else ""
    environment.say(f"run {run.id} of {china_time(run.created)}, profile {run.profile}{when}: {_start(run.content)}")
    show_end(environment, store, summary, output)
    _say_unknown(environment, store, run)
    if not waited:
        say_reports(environment, summary)


@command.command()
def prune(
    context: typer.Context,
    before: Annotated[
        datetime, typer.Option(metavar="DAY", formats=["%Y-%m-%d"], help="The first day to keep, as 2026-12-01.")
    ],
) -> None:
    """Forget finished runs, reports and replies from before a day: phone numbers are personal data."""
    day = before.replace(tzinfo=CHINA)
    if day > datetime.now(CHINA):
        raise InputError(f"{before:%Y-%m-%d} is yet to come: what was sent today is needed for per_number and keys.")
    with open_store() as store:
        gone, left = forget(store, day.timestamp())
    more = "" if not left else f"; {left:,} unfinished ones stay until they are resumed"
    kept = " (those with a key keep it, without texts and numbers)" if gone else ""
    context.obj.say(f"{gone:,} {'run' if gone == 1 else 'runs'} forgotten{kept}{more}")


def _list_numbers(
    environment: Environment, found: Iterator[tuple[str, str]], wanted: str, output: Output | None
) -> None:
    """Write numbers by their report; in a pipe the numbers alone, so that `send` can read them."""
    listed = ((m, state) for m, state in found if (state.upper() == wanted if wanted else state != DELIVERED))
    rows = ((mobile, state, meaning(state)) for mobile, state in listed)
    end = 1 if is_tsv(environment, output) else len(NUMBER_COLUMNS)
    write_rows(environment, NUMBER_COLUMNS[:end], (row[:end] for row in rows), output)


def _run_row(summary: RunSummary) -> tuple[Cell, ...]:
    run, totals = summary.run, summary.totals
    return (
        run.id, china_time(run.created), summary.state, run.numbers, totals.accepted,
        totals.numbers.get(State.UNKNOWN, 0), run.profile, run.key or "", run.content, run.asker,
        summary.delivered, summary.failed, summary.waiting, run.stime,
    )  # fmt: skip


def _start(text: str) -> str:
    """Return as much of a text, on one line, as is needed to know it from others."""
    line = " ".join(text.split())
    return line if len(line) <= _TEXT_START else f"{line[:_TEXT_START]}…"


def _say_unknown(environment: Environment, store: Store, run: Run) -> None:
    for batch in Runs(store).unsettled_batches(run.id):
        environment.say(f"batch {batch.number}, {batch.state}: {','.join(batch.mobiles)}")
