"""`smscli inbox`: the replies, each with the run that it most likely answers; `--quarantine`: what was refused."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer

from smscli.commands._options import OutputOption
from smscli.config.file import read_config
from smscli.console import Environment
from smscli.errors import InputError
from smscli.ledger.answered import customer_part
from smscli.ledger.inbox import Answer, Inbox
from smscli.ledger.store import open_store
from smscli.output import Cell, Output, is_table, write_rows
from smscli.protocol.forms import decode_text
from smscli.protocol.numbers import normalise, refusal
from smscli.protocol.times import CHINA, china_time, moment

COLUMNS = ("time", "mobile", "content", "extension", "run", "profile", "received")
QUARANTINE_COLUMNS = ("received", "peer", "reason", "raw")
_SHOWN = 200  # characters of what was refused, in a table


def command(
    context: typer.Context,
    since: Annotated[
        datetime | None,
        typer.Option(
            metavar="TIME",
            formats=["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"],
            help="Only what came after this time (China time), as 2026-12-01 or '2026-12-01 09:00'.",
        ),
    ] = None,
    mobile: Annotated[
        str, typer.Option(metavar="MOBILE", help="Only replies from this number.", show_default=False)
    ] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep running and show new replies.")] = False,
    quarantine: Annotated[
        bool, typer.Option("--quarantine", help="Show the pushes that were refused, and why.")
    ] = False,
    output: OutputOption = None,
) -> None:
    """Show the replies, each with the run that it most likely answers."""
    if quarantine and (follow or mobile):
        raise InputError("--quarantine can be used only with --since and --output.")
    environment: Environment = context.obj
    start = since.replace(tzinfo=CHINA).timestamp() if since else float("-inf")
    with open_store() as store:
        inbox = Inbox(store)
        if quarantine:
            write_rows(environment, QUARANTINE_COLUMNS, _refused(inbox, start, is_table(environment, output)), output)
            return
        if follow and output is Output.JSON:
            output = Output.JSONL  # a JSON list would need an end
        last = _show(environment, inbox, inbox.replies(_mobile(mobile)), start, output)
        while follow and not environment.stdout_lost:
            store.wait()
            if new := inbox.replies(_mobile(mobile), last):
                last = _show(environment, inbox, new, start, output)


def _mobile(text: str) -> str:
    mobile = normalise(text)
    if text and (why := refusal(mobile)):
        raise InputError(f"--mobile {text!r}: {why}.")
    return mobile


def _show(
    environment: Environment, inbox: Inbox, answers: Sequence[Answer], start: float, output: Output | None
) -> int:
    """Show replies; returns the id of the last one that was looked at."""
    wanted = [answer for answer in answers if moment(answer.reply.time, answer.received) >= start]
    lengths = {label: int(table.get("extension_length", 0)) for label, table in read_config().profiles.items()}
    runs = inbox.answered_runs(wanted, lengths)
    rows = [_row(answer, run, lengths) for answer, run in zip(wanted, runs, strict=True)]
    write_rows(environment, COLUMNS, rows, output)
    return answers[-1].id if answers else 0


def _row(answer: Answer, run: int | None, lengths: dict[str, int]) -> tuple[Cell, ...]:
    mobile, content, at, extension = answer.reply
    own = customer_part(extension, lengths.get(answer.profile, 0))
    return at or china_time(answer.received), mobile, content, own, run, answer.profile, china_time(answer.received)


def _refused(inbox: Inbox, start: float, table: bool) -> list[tuple[Cell, ...]]:
    return [
        (china_time(received), peer, reason, decode_text(raw)[: _SHOWN if table else None])
        for received, peer, reason, raw in inbox.refused()
        if received >= start
    ]
