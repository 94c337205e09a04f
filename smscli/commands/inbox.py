"""`smscli inbox`: what people answered, and the run they most likely answer; `--quarantine` shows what was refused."""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer

from smscli import render
from smscli.commands._options import OutputOption
from smscli.config import profile as profiles
from smscli.errors import InputError
from smscli.ledger.inbox import Answer, Circle, customer_part, moment
from smscli.ledger.runs import opened
from smscli.protocol.forms import decode_text
from smscli.protocol.numbers import normalise, refusal
from smscli.protocol.times import CHINA, china_time
from smscli.render import Output

COLUMNS = ("time", "mobile", "content", "extension", "run", "profile", "received")
QUARANTINE_COLUMNS = ("received", "peer", "reason", "raw")
_POLL = 0.5  # seconds
_SHOWN = 200  # characters of what was refused, in a table


def command(
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"], help="From then on, China time."),
    ] = None,
    mobile: Annotated[str, typer.Option(help="Only replies of this number.", show_default=False)] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on, and show new ones as they come.")] = False,
    quarantine: Annotated[bool, typer.Option("--quarantine", help="Show what was refused, and why.")] = False,
    output: OutputOption = None,
) -> None:
    """Show what people answered, and the run that each most likely answers."""
    if quarantine and (follow or mobile):
        raise InputError("--quarantine goes with --since and --output only.")
    start = since.replace(tzinfo=CHINA).timestamp() if since else float("-inf")
    with opened(Circle) as circle:
        if quarantine:
            render.show(QUARANTINE_COLUMNS, _refused(circle, start, render.is_table(output)), output)
            return
        if follow and output is Output.JSON:
            output = Output.JSONL  # a list that never ends is none
        last = _show(circle, circle.replies(_mobile(mobile)), start, output)
        while follow and render.has_reader():
            time.sleep(_POLL)
            if new := circle.replies(_mobile(mobile), last):
                last = _show(circle, new, start, output)


def _mobile(text: str) -> str:
    mobile = normalise(text)
    if text and (why := refusal(mobile)):
        raise InputError(f"--mobile {text!r}: {why}.")
    return mobile


def _show(circle: Circle, answers: Sequence[Answer], start: float, output: Output | None) -> int:
    """Show replies; returns the id of the last one that was looked at."""
    wanted = [answer for answer in answers if moment(answer.reply.time, answer.received) >= start]
    lengths = {label: int(table.get("extension_length", 0)) for label, table in profiles.read_config().profiles.items()}
    runs = circle.answered_runs(wanted, lengths)
    rows = [_row(answer, run, lengths) for answer, run in zip(wanted, runs, strict=True)]
    render.show(COLUMNS, rows, output)
    return answers[-1].id if answers else 0


def _row(answer: Answer, run: int | None, lengths: dict[str, int]) -> tuple[render.Cell, ...]:
    mobile, content, at, extension = answer.reply
    own = customer_part(extension, lengths.get(answer.profile, 0))
    return at or china_time(answer.received), mobile, content, own, run, answer.profile, china_time(answer.received)


def _refused(circle: Circle, start: float, table: bool) -> list[tuple[render.Cell, ...]]:
    return [
        (china_time(received), peer, reason, decode_text(raw)[: _SHOWN if table else None])
        for received, peer, reason, raw in circle.refused()
        if received >= start
    ]
