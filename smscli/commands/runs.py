"""`smscli runs`: every send and what became of it; `smscli runs RUN` shows one."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from smscli.cli import Commands, Group
from smscli.commands._options import MOST_RUNS, OutputOption, QuietOption, WaitOption
from smscli.commands._report import meaning, say_reports, say_some, show_end
from smscli.commands._waiting import seconds, wait_for_reports
from smscli.console import Environment
from smscli.errors import ExitCode, InputError
from smscli.gateway.client import describe_answer
from smscli.ledger.forgetting import forget
from smscli.ledger.outcomes import LeftOut, left_out, outcomes
from smscli.ledger.runs import DIED, Run, Runs
from smscli.ledger.settling import Settling
from smscli.ledger.states import State
from smscli.ledger.store import Store, open_store
from smscli.ledger.summary import RunSummary, summarize
from smscli.ledger.verdicts import DELIVERED
from smscli.output import Cell, Output, is_table, is_tsv, write_rows
from smscli.protocol.times import CHINA, china_time

COLUMNS = (
    "run", "created", "state", "numbers", "accepted", "unknown", "profile", "key", "content", "asker", "delivered",
    "failed", "waiting", "at",
)  # fmt: skip
_TABLE_COLUMNS = ("run", "created", "state", "numbers", "accepted", "unknown", "profile", "key", "content")
_TEXT_START = 24  # characters of a text that are shown
NUMBER_COLUMNS = ("mobile", "state", "meaning")
_NAMED = 20  # numbers that are named in a sentence


class _RunOrCommand(Group):
    """Accepts a run's number in the place of a sub-command: `smscli runs 17`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        return super().resolve_command(ctx, ["show", *args] if args[0].isdigit() else args)


command = Commands(cls=_RunOrCommand, invoke_without_command=True, subcommand_metavar="[RUN | prune]")


@command.callback()
def list_runs(context: typer.Context, output: OutputOption = None) -> None:
    """List all sends, the latest first; with the number of a RUN show its batches.

    `smscli runs RUN --failed`, `--unknown` or `--state STATE` lists the numbers of that kind. `--wait 10m` waits until
    all reports are there. `smscli runs RUN --help` explains all options. `smscli cancel RUN` cancels what is left.
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
    # Columns of zeros would leave no room for the text on a narrow terminal.
    kept = [name for name in _TABLE_COLUMNS if any(row[name] for row in named)]
    write_rows(environment, kept, [[row[name] for name in kept] for row in named], output)


@command.command(hidden=True)
def show(
    context: typer.Context,
    run: Annotated[int, typer.Argument(metavar="RUN", max=MOST_RUNS, help="Its number; `smscli runs` lists them.")],
    failed: Annotated[
        bool, typer.Option("--failed", help="List the numbers that did not get the message, and why.")
    ] = False,
    state: Annotated[
        str, typer.Option(metavar="STATE", help="List the numbers with this report state.", show_default=False)
    ] = "",
    unknown: Annotated[bool, typer.Option("--unknown", help="List the numbers whose outcome is unknown.")] = False,
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
        if failed:
            _write_numbers(environment, _failed(store, run), output)
            _say_left_out(environment, store, run)
        elif unknown:
            batches = Runs(store).unsettled_batches(run)
            rows = ((mobile, "unknown", batch.error or DIED) for batch in batches for mobile in batch.mobiles)
            _write_numbers(environment, rows, output)
        elif state:
            _write_numbers(environment, _with_state(store, run, state.strip()), output)
            if state.strip().upper() not in map(str.upper, summary.verdicts):
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
    """Forget finished runs, reports and replies from before a day: phone numbers are personal data.

    Keys and opt-outs stay, and still protect. Unfinished runs stay until they are resumed or cancelled.
    """
    day = before.replace(tzinfo=CHINA)
    if day > datetime.now(CHINA):
        raise InputError(
            f"--before {before:%Y-%m-%d} is in the future, and per_number and keys need what was sent today. "
            "Nothing was forgotten. Name today or an earlier day."
        )
    with open_store() as store:
        gone, left = forget(store, day.timestamp())
    more = "" if not left else f"; {left:,} unfinished ones stay until they are resumed or cancelled"
    kept = " (those with a key keep it, without texts and numbers)" if gone else ""
    context.obj.say(f"{gone:,} {'run' if gone == 1 else 'runs'} forgotten{kept}{more}")


def _write_numbers(environment: Environment, listed: Iterable[tuple[str, str, str]], output: Output | None) -> None:
    """Write numbers, each with a state and the reason; in a pipe only the numbers, so that `send` can read them."""
    end = 1 if is_tsv(environment, output) else len(NUMBER_COLUMNS)
    write_rows(environment, NUMBER_COLUMNS[:end], (row[:end] for row in listed), output)


def _with_state(store: Store, run: int, wanted: str) -> Iterator[tuple[str, str, str]]:
    return (
        (mobile, state, meaning(state)) for mobile, state in outcomes(store, run) if state.upper() == wanted.upper()
    )


def _failed(store: Store, run: int) -> Iterator[tuple[str, str, str]]:
    """Yield the numbers that certainly did not get it, by their report or by what the gateway answered."""
    for mobile, state in outcomes(store, run, without=DELIVERED):
        yield mobile, state, meaning(state)
    for batch in left_out(store, run):
        for mobile in batch.mobiles if batch.certain else ():
            yield mobile, "refused" if batch.state is State.REFUSED else "left out", _why(batch)


def _why(batch: LeftOut) -> str:
    if batch.state is State.REFUSED:
        return describe_answer(batch.code or 0, batch.message)
    return f"the gateway counted {batch.invalid:,} invalid and {batch.blacklisted:,} blacklisted of batch {batch.batch}"


def _say_left_out(environment: Environment, store: Store, run: int) -> None:
    """Name the numbers among which the gateway left some out without saying which."""
    sentences = [
        f"batch {batch.batch}: the gateway left {batch.invalid + batch.blacklisted:,} of these "
        f"{len(batch.mobiles):,} numbers out ({batch.invalid:,} invalid, {batch.blacklisted:,} blacklisted) and does "
        f"not say which: {_some(batch.mobiles)}"
        for batch in left_out(store, run)
        if not batch.certain and batch.mobiles
    ]
    more = f"… and the same of {{:,}} batches more; `smscli runs {run} --output tsv` lists their counts"
    say_some(environment, sentences, more)
    if waiting := sum(batch.numbers for batch in Runs(store).open_batches(run) if batch.state is State.REFUSED):
        environment.say(
            f"{waiting:,} of the refused numbers may still be sent to by `smscli resume {run}`: if you send to them "
            f"otherwise, give that up first with `smscli cancel {run}`"
        )


def _some(mobiles: Sequence[str], named: int = _NAMED) -> str:
    more = f" and {len(mobiles) - named:,} more" if len(mobiles) > named else ""
    return f"{', '.join(mobiles[:named])}{more}"


def _run_row(summary: RunSummary) -> tuple[Cell, ...]:
    run, totals = summary.run, summary.totals
    return (
        run.id, china_time(run.created), summary.state, run.numbers, totals.accepted,
        totals.numbers.get(State.UNKNOWN, 0), run.profile, run.key or "", run.content, run.asker,
        summary.delivered, summary.failed, summary.waiting, run.stime,
    )  # fmt: skip


def _start(text: str) -> str:
    """Return the start of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _TEXT_START else f"{line[:_TEXT_START]}…"


def _say_unknown(environment: Environment, store: Store, run: Run) -> None:
    batches = Runs(store).unsettled_batches(run.id)
    named = max(_NAMED // max(len(batches), 1), 3)
    sentences = [f"batch {batch.number}, outcome unknown: {_some(batch.mobiles, named)}" for batch in batches]
    option = f"`smscli runs {run.id} --unknown` lists them all"
    say_some(environment, sentences, f"… and {{:,}} batches more; {option}")
    if any(len(batch.mobiles) > named for batch in batches):
        environment.say(option)
