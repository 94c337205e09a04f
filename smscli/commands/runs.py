"""`smscli runs`: every send and its fate; `smscli runs RUN` shows one."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from smscli import render
from smscli.cli import STYLE
from smscli.commands import _report
from smscli.commands._options import MOST_RUNS, OutputOption, QuietOption, WaitOption
from smscli.errors import ExitCode, InputError
from smscli.ledger.runs import DELIVERED, Batch, Ledger, Run, State, Totals, open_ledger, opened
from smscli.protocol.billing import billed_parts, count_characters, signed
from smscli.protocol.times import CHINA, china_time
from smscli.sending import runner

COLUMNS = (
    "run", "created", "state", "numbers", "accepted", "unknown", "profile", "key", "content", "asker", "delivered",
    "failed", "waiting", "at",
)  # fmt: skip
_TABLE_COLUMNS = ("run", "created", "state", "numbers", "accepted", "unknown", "profile", "key", "content")
_TEXT_START = 24  # characters of a text by which a person knows it
BATCH_COLUMNS = (
    "batch", "outcome", "sendid", "accepted", "invalid", "blacklisted", "message", "code", "numbers", "characters",
    "parts", "error", "run", "delivered", "failed", "waiting",
)  # fmt: skip
NUMBER_COLUMNS = ("mobile", "state", "meaning")
_BATCH_TABLE_COLUMNS = 7  # what a person needs; the rest stands in the summary
_TABLE_ROWS = 20  # longer runs show in a table only what was not accepted


class _RunOrCommand(TyperGroup):
    """Takes a run's number where a sub-command may stand: `smscli runs 17`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        return super().resolve_command(ctx, ["show", *args] if args[0].isdigit() else args)


command = typer.Typer(cls=_RunOrCommand, invoke_without_command=True, subcommand_metavar="[RUN | prune]", **STYLE)


@command.callback()
def list_runs(ctx: typer.Context, output: OutputOption = None) -> None:
    """List all sends, the latest first; with the number of a RUN show its batches.

    `smscli runs RUN --failed` or `--state STATE` lists its numbers that were not delivered to, `--wait 10m` stays until
    all reports are in; `smscli runs RUN --help` has all of it.
    """
    if ctx.invoked_subcommand:
        return
    with open_ledger() as ledger:
        rows = [_run_row(ledger, run) for run in ledger.runs()]
    if not render.is_table(output):
        render.show(COLUMNS, rows, output)
        return
    named = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    for row in named:
        row |= {"created": str(row["created"])[:-3], "content": _start(str(row["content"]))}
    # Columns of nothing but zeros would cost the text its place on a narrow terminal.
    kept = [name for name in _TABLE_COLUMNS if any(row[name] for row in named)]
    render.show(kept, [[row[name] for name in kept] for row in named], output)


@command.command(hidden=True)
def show(
    run: Annotated[int, typer.Argument(metavar="RUN", max=MOST_RUNS)],
    failed: Annotated[bool, typer.Option("--failed", help="List the numbers that were not delivered to.")] = False,
    state: Annotated[str, typer.Option(help="List the numbers with this report state.", show_default=False)] = "",
    wait: WaitOption = "",
    quiet: QuietOption = False,
    output: OutputOption = None,
) -> None:
    """Show a run's batches, what became of them, and the numbers whose fate is unknown."""
    from smscli.ledger.inbox import Circle

    patience = _report.seconds(wait)
    with opened(Circle) as circle:
        found = circle.run(run)
        code = _report.wait_for_reports(found, patience, quiet) if wait else ExitCode.DONE
        circle.settle_unknown(found)
        if failed or state:
            _list_numbers(circle.outcomes(run), state.strip().upper(), output)
            if state and state.strip().upper() not in map(str.upper, circle.verdicts(run)):
                render.say(f"no number of run {run} has the state {state}; `smscli codes` lists those that there are")
        else:
            when = f", scheduled for {found.stime} China time" if found.stime else ""
            render.say(
                f"run {run} of {china_time(found.created)}, profile {found.profile}{when}: {_start(found.content)}"
            )
            show_run(circle, found, output)
            _tell_unknown(circle, found)
            if not wait:
                _report.tell(found, _report.outcome_of(circle, found))
    raise typer.Exit(code)


@command.command()
def prune(before: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The first day to keep.")]) -> None:
    """Forget finished runs, reports and replies from before a day, for phone numbers are personal data."""
    day = before.replace(tzinfo=CHINA)
    if day > datetime.now(CHINA):
        raise InputError(f"{before:%Y-%m-%d} is yet to come: what was sent today is needed for per_number and keys.")
    with open_ledger() as ledger:
        gone, left = ledger.forget(day.timestamp())
    more = "" if not left else f"; {left:,} unfinished ones stay until they are resumed"
    kept = " (those with a key keep it, without texts and numbers)" if gone else ""
    render.say(f"{gone:,} {'run' if gone == 1 else 'runs'} forgotten{kept}{more}")


def _list_numbers(found: Iterator[tuple[str, str]], wanted: str, output: render.Output | None) -> None:
    """Write numbers by their report; in a pipe the numbers alone, so that `send` can read them."""
    listed = ((m, state) for m, state in found if (state.upper() == wanted if wanted else state != DELIVERED))
    rows = ((mobile, state, _report.meaning(state)) for mobile, state in listed)
    end = 1 if render.is_tsv(output) else len(NUMBER_COLUMNS)
    render.show(NUMBER_COLUMNS[:end], (row[:end] for row in rows), output)


def show_run(ledger: Ledger, run: Run, output: render.Output | None) -> None:
    """Write a run's batches, and say on stderr what a person has to know of them."""
    table = render.is_table(output)
    totals = ledger.totals(run.id)
    batches = sum(totals.batches.values())
    states = [s for s in State if s is not State.ACCEPTED] if table and batches > _TABLE_ROWS else list(State)
    rows: Iterable[tuple[render.Cell, ...]] = (_batch_row(run, batch) for batch in ledger.batches(run.id, states))
    kept: Sequence[int] = range(len(BATCH_COLUMNS))
    if table:
        rows, kept = list(rows), range(0 if batches > 1 else 1, _BATCH_TABLE_COLUMNS)
        # Columns of nothing but zeros would cost the sendid its place on a narrow terminal.
        kept = [index for index in kept if any(row[index] for row in rows)]
    try:
        render.show([BATCH_COLUMNS[index] for index in kept], ([row[index] for index in kept] for row in rows), output)
    except render.OutputError as error:  # what was sent must be known all the same
        render.say(f"smscli: {error} The result:")
        for batch in ledger.batches(run.id):
            render.say("\t".join(map(str, _batch_row(run, batch))))
    if table:
        render.say(_summary(ledger, run, totals))
    _tell_trouble(ledger, run, totals)


def _run_row(ledger: Ledger, run: Run) -> tuple[render.Cell, ...]:
    totals = ledger.totals(run.id)
    unknown = totals.numbers.get(State.UNKNOWN, 0)
    state = _run_state(ledger, run, totals)
    fate = _report.outcome_of(ledger, run)
    return (
        run.id, china_time(run.created), state, run.numbers, totals.accepted, unknown, run.profile, run.key or "",
        run.content, run.asker, fate.delivered, fate.failed, fate.waiting, run.stime,
    )  # fmt: skip


def _start(text: str) -> str:
    """Return as much of a text, on one line, as tells it from others."""
    line = " ".join(text.split())
    return line if len(line) <= _TEXT_START else f"{line[:_TEXT_START]}…"


def _run_state(ledger: Ledger, run: Run, totals: Totals) -> str:
    """Return a word for a whole run: sending, interrupted, or what it ended as."""
    if State.SENDING in totals.batches or ledger.open_numbers(run.id):
        return "sending" if ledger.is_held(run.id) else "interrupted"
    return runner.exit_code(totals).name.lower()


def _batch_row(run: Run, batch: Batch) -> tuple[render.Cell, ...]:
    text = signed(batch.content, run.sign)
    # A forgotten run has lost its text.
    length = (count_characters(text), billed_parts(text)) if batch.content else (None, None)
    return (
        batch.number, batch.state.value, batch.sendid, batch.accepted, batch.invalid, batch.blacklisted, batch.message,
        batch.code, batch.numbers, *length, runner.describe(batch), run.id,
        batch.delivered, batch.failed, max(batch.accepted - batch.delivered - batch.failed, 0),
    )  # fmt: skip


def _summary(ledger: Ledger, run: Run, totals: Totals) -> str:
    counts = [f"{totals.accepted:,} accepted"]
    others = {"invalid": totals.invalid, "blacklisted": totals.blacklisted} | {
        state.value: numbers for state, numbers in totals.numbers.items() if state is not State.ACCEPTED
    }
    counts += [f"{count:,} {name}" for name, count in others.items() if count]
    first = next(ledger.batches(run.id))
    text = signed(first.content, run.sign)
    characters, parts = count_characters(text), billed_parts(text)
    each = f" · {characters} characters with signature, billed as {parts} {'part' if parts == 1 else 'parts'} a number"
    each = each if first.content == run.content else ""
    return f"run {run.id}: {', '.join(counts)}{each}"


def _tell_trouble(ledger: Ledger, run: Run, totals: Totals) -> None:
    """Say what went wrong, once for all batches that share it, and what to do next."""
    troubles: dict[tuple[State, str], list[int]] = {}
    for batch in ledger.troubled_batches(run.id):
        troubles.setdefault((batch.state, runner.describe(batch)), []).append(batch.number)
    for (state, sentence), numbers in list(troubles.items())[:_TABLE_ROWS]:
        several = sum(totals.batches.values()) > 1
        where = f"{len(numbers):,} {'batch' if len(numbers) == 1 else 'batches'} {state}, the first is {numbers[0]}: "
        nothing = " Nothing was sent." if state is State.REFUSED and not totals.accepted else ""
        render.say(f"smscli: {where if several else ''}{sentence}{nothing}")
    if unknown := totals.numbers.get(State.UNKNOWN, 0):
        render.say(
            f"smscli: it is not known whether {unknown:,} {'number' if unknown == 1 else 'numbers'} got the message. "
            f"Look in the gateway's web console, then: smscli resume {run.id} --unknown resend (or drop)"
        )
    if (open_numbers := ledger.open_numbers(run.id)) and not ledger.is_held(run.id):
        render.say(f"smscli: {open_numbers:,} not sent to yet. Go on with: smscli resume {run.id}")


def _tell_unknown(ledger: Ledger, run: Run) -> None:
    for batch in ledger.batches(run.id, [State.UNKNOWN, State.SENDING]):
        render.say(f"batch {batch.number}, {batch.state}: {batch.mobiles}")
