"""`smscli inbox`: the replies, each with the run that it most likely answers; `--quarantine`: what was refused."""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import typer

from smscli.commands import _times
from smscli.commands._options import MOST_RUNS, OutputOption, SinceOption
from smscli.config.file import read_config
from smscli.config.keys import OPTOUT_WORDS
from smscli.console import Environment
from smscli.errors import InputError
from smscli.language import _, ngettext, recalled
from smscli.ledger.answered import customer_part
from smscli.ledger.inbox import Answer, Inbox
from smscli.ledger.store import open_store
from smscli.output import Cell, Output, is_table, write_rows
from smscli.protocol.forms import decode_text
from smscli.protocol.numbers import normalise, refusal
from smscli.protocol.optout import wants_out
from smscli.protocol.times import china_time, moment

COLUMNS = ("time", "mobile", "content", "extension", "run", "profile", "received")
QUARANTINE_COLUMNS = ("received", "peer", "reason", "raw")
_BEGINNING = -1  # before all ids
_SHOWN = 200  # characters of what was refused, in a table


def command(
    context: typer.Context,
    since: SinceOption = "",
    mobile: Annotated[
        str, typer.Option(metavar="MOBILE", help="Only replies from this number.", show_default=False)
    ] = "",
    run: Annotated[
        int | None,
        typer.Option(metavar="RUN", max=MOST_RUNS, help="Only replies to this run.", show_default=False),
    ] = None,
    unread: Annotated[
        bool, typer.Option("--unread", help="Only replies that no `inbox --unread` has shown before.")
    ] = False,
    optouts: Annotated[bool, typer.Option("--optouts", help="Show opt-outs too.")] = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep running and show new replies.")] = False,
    quarantine: Annotated[
        bool, typer.Option("--quarantine", help="Show the pushes that were refused, and why.")
    ] = False,
    output: OutputOption = None,
) -> None:
    """Show the replies, each with the run that it most likely answers; opt-outs only with --optouts.

    A reply counts as read when `inbox --unread` has written it. Without --unread all are shown, and nothing changes.
    """
    if quarantine and (follow or mobile or unread or optouts or run is not None):
        raise InputError(_("--quarantine can be used only with --since and --output."))
    environment: Environment = context.obj
    start = _times.since(since)
    with open_store() as store:
        if quarantine:
            _write_refused(environment, Inbox(store), start, output)
            return
        if follow and output is Output.JSON:
            output = Output.JSONL  # a JSON list would need an end
        asked = _Asked(_mobile(mobile), start, run, unread, optouts, follow, output)
        last = _show(environment, Inbox(store), asked, _BEGINNING)
        while follow and not environment.stdout_lost:
            store.wait()
            last = _show(environment, Inbox(store), asked, last)


class _Asked(NamedTuple):
    """Which replies are shown, and how."""

    mobile: str
    start: float
    run: int | None
    unread: bool
    optouts: bool
    follow: bool
    output: Output | None


def _mobile(text: str) -> str:
    mobile = normalise(text)
    if text and (why := refusal(mobile)):
        raise InputError(_("--mobile {text!r}: {why}.").format(text=text, why=why))
    return mobile


def _show(environment: Environment, inbox: Inbox, asked: _Asked, last: int) -> int:
    """Show the replies after an id; returns the id of the last one that was looked at."""
    answers = inbox.replies(asked.mobile, last, asked.unread)
    if not answers and last != _BEGINNING:
        return last
    profiles = read_config().profiles
    lengths = {label: int(table.get("extension_length", 0)) for label, table in profiles.items()}
    words = {label: table.get("optout_words", OPTOUT_WORDS) for label, table in profiles.items()}
    wanted = [answer for answer in answers if moment(answer.reply.time, answer.received) >= asked.start]
    found = zip(wanted, inbox.answered_runs(wanted, lengths), strict=True)
    asked_for = [(answer, run) for answer, run in found if asked.run is None or run == asked.run]
    shown = [
        (answer, run)
        for answer, run in asked_for
        if asked.optouts or not wants_out(answer.reply.content, words.get(answer.profile, OPTOUT_WORDS))
    ]
    _write(environment, [_row(answer, run, lengths) for answer, run in shown], asked)
    _say_hidden(environment, len(asked_for) - len(shown), asked)
    if asked.unread and not environment.stdout_lost:  # only what was written counts as read
        inbox.mark_read(answer for answer, _run in shown)
    return answers[-1].id if answers else 0


def _write(environment: Environment, rows: Sequence[tuple[Cell, ...]], asked: _Asked) -> None:
    columns: Sequence[str] = COLUMNS
    if is_table(environment, asked.output):  # when it came is nearly always the minute in which it was written
        columns = COLUMNS[:-1]
        rows = [row[:-1] for row in rows]
    empty = "" if asked.follow else _("There are no replies to show.")
    write_rows(environment, columns, rows, asked.output, empty=empty, cut=True, spare=("extension", "profile"))


def _say_hidden(environment: Environment, hidden: int, asked: _Asked) -> None:
    if hidden and is_table(environment, asked.output):
        environment.say(
            ngettext(
                "{count:,} opt-out is not shown; --optouts shows it too",
                "{count:,} opt-outs are not shown; --optouts shows them too",
                hidden,
            ).format(count=hidden)
        )


def _row(answer: Answer, run: int | None, lengths: dict[str, int]) -> tuple[Cell, ...]:
    mobile, content, at, extension = answer.reply
    own = customer_part(extension, lengths.get(answer.profile, 0))
    return at or china_time(answer.received), mobile, content, own, run, answer.profile, china_time(answer.received)


def _write_refused(environment: Environment, inbox: Inbox, start: float, output: Output | None) -> None:
    table = is_table(environment, output)
    rows = [
        (
            china_time(received),
            peer,
            recalled(reason) if table else reason,
            decode_text(raw)[: _SHOWN if table else None],
        )
        for received, peer, reason, raw in inbox.refused()
        if received >= start
    ]
    write_rows(environment, QUARANTINE_COLUMNS, rows, output, empty=_("No push was refused."))
