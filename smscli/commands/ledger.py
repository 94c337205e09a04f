"""`smscli ledger`: the file that keeps all sends: where it is, a backup, and whether it is sound."""

from pathlib import Path
from typing import Annotated

import typer

from smscli.cli import Commands
from smscli.commands._options import OutputOption
from smscli.errors import ExitCode
from smscli.language import _, heading, recalled
from smscli.ledger.backup import back_up, check
from smscli.ledger.store import ledger_location, open_store
from smscli.output import Cell, is_table, write_rows

NAMES = {
    "run": "runs",
    "batch": "batches",
    "report": "reports",
    "reply": "replies",
    "optout": "opt-outs",
    "quarantine": "in quarantine",
}

command = Commands(no_args_is_help=True)


@command.callback()
def group() -> None:
    """Show, back up or check the ledger, the file that keeps every send.

    To move it or to keep a copy, use `backup`. Do not copy the file by hand: such a copy can miss the last sends, and
    their keys would then send twice.
    """


@command.command()
def path(context: typer.Context) -> None:
    """Print where the ledger is."""
    context.obj.write(f"{ledger_location()}\n")


@command.command()
def backup(
    context: typer.Context, file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file for the copy.")]
) -> None:
    """Copy the ledger into a new file and check the copy; this works also while the ledger is in use."""
    with open_store() as store:
        counts = back_up(store, file)
    said = _("saved in {file}: {run:,} runs, {report:,} reports, {reply:,} replies, {optout:,} opt-outs")
    context.obj.say(said.format(file=file, **counts))


@command.command("check")
def check_(context: typer.Context, output: OutputOption = None) -> ExitCode:
    """Read the whole ledger and say whether it is sound, and what is unfinished in it."""
    with open_store() as store:
        health = check(store)
        rows: list[tuple[Cell, ...]] = [
            *health.facts,
            ("sound", not health.problems),
            ("version", health.version),
            *((NAMES[table], count) for table, count in health.counts.items()),
            ("unfinished runs", health.unfinished),
            ("numbers with outcome unknown", health.unknown),
            *(("problem", problem) for problem in health.problems),
        ]
    if is_table(context.obj, output):
        rows = [(heading(str(item)), recalled(str(value)) if item == "problem" else value) for item, value in rows]
    write_rows(context.obj, ("item", "value"), rows, output)
    if not health.problems:
        return ExitCode.DONE
    context.obj.say(_("smscli: the ledger is damaged. Put a backup in its place, or move it away to start a new one."))
    return ExitCode.CONFIG
