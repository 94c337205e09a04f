"""`smscli ledger`: the file that keeps all sends: where it is, a backup, and whether it is sound."""

from pathlib import Path
from typing import Annotated

import typer

from smscli.cli import Commands
from smscli.commands._options import OutputOption
from smscli.errors import ExitCode, InputError
from smscli.language import _, heading, listing, recalled
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


@command.command()
def move(
    context: typer.Context,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="postgresql://USER@HOST/DATABASE or service=NAME.")],
) -> None:
    """Move the ledger from its file to an empty PostgreSQL database; nothing is sent by the file from then on.

    Keep the password in ~/.pgpass, or in the file that PGPASSFILE names. If the move is interrupted, repeat it.
    """
    from smscli.ledger.engines.address import read_address
    from smscli.ledger.moving import move as carry_out

    file = ledger_location()
    if not isinstance(file, Path):
        raise InputError(
            _("The ledger is on a server already: {address}. Name the file to move in SMSCLI_LEDGER.").format(
                address=file
            )
        )
    server = read_address(address, "ADDRESS")
    if server.password:
        raise InputError(
            _("ADDRESS holds a password, which others can see there. Keep it in ~/.pgpass. Nothing was moved.")
        )
    moved = carry_out(file, server)
    rows = listing(
        _("{count:,} {things}").format(count=count, things=heading(NAMES[table]))
        for table, count in moved.counts.items()
        if table in NAMES
    )
    said = (
        _("The ledger {file} was moved to {address} before: {rows}.")
        if moved.before
        else _("The ledger {file} is now on {address}: {rows}.")
    )
    context.obj.say(said.format(file=file, address=server, rows=rows))
    context.obj.say(
        _("Set SMSCLI_LEDGER={address} wherever smscli runs, and start `smscli listen` again.").format(address=server)
    )


@command.command()
def roles(context: typer.Context) -> None:
    """Print the SQL that gives senders, listeners and readers no more rights on a PostgreSQL server than they need."""
    with open_store() as store:
        context.obj.write(store.roles())


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
