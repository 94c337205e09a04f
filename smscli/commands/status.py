"""`smscli status`: what became of one message: when it was sent, by which run, each report, the replies."""

from typing import Annotated

import typer

from smscli.commands._options import OutputOption
from smscli.commands._report import meaning
from smscli.language import _, later, recalled
from smscli.ledger.inbox import Answer, Inbox, Kept
from smscli.ledger.outcomes import Sent, sent
from smscli.ledger.settling import Settling
from smscli.ledger.states import State
from smscli.ledger.store import Store, open_store
from smscli.output import Cell, is_table, write_rows
from smscli.protocol.billing import signed
from smscli.protocol.codes import state_meaning
from smscli.protocol.numbers import MOBILE, normalise
from smscli.protocol.times import china_time, moment

COLUMNS = ("time", "event", "run", "mobile", "state", "meaning", "content", "sendid", "numbers")

Event = tuple[float, tuple[Cell, ...]]


def command(
    context: typer.Context,
    which: Annotated[str, typer.Argument(metavar="SENDID|MOBILE", help="A sendid or a mobile number.")],
    output: OutputOption = None,
) -> None:
    """Show what became of a message: when it was sent, by which run, each report, the replies."""
    mobile = normalise(which)
    with open_store() as store:
        events = _of_mobile(store, mobile) if MOBILE.fullmatch(mobile) else _of_sendid(store, which.strip())
    if not events:
        context.obj.say(
            _("Nothing is known about {which!r}: no run has it, and there is no report or reply about it.").format(
                which=which
            )
        )
    rows = [row for _, row in sorted(events, key=_order)]
    kept = list(range(len(COLUMNS)))
    if is_table(context.obj, output):
        rows = [_shown(row) for row in rows]
        # On a narrow terminal there is no room to repeat in each row what was asked for.
        asked = {"mobile", "sendid", "numbers"} if MOBILE.fullmatch(mobile) else {"sendid", "numbers"}
        kept = [index for index in kept if COLUMNS[index] not in asked]
    write_rows(
        context.obj, [COLUMNS[index] for index in kept], [[row[index] for index in kept] for row in rows], output
    )


def _shown(row: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """Return a row as a person reads it: what its state means in the reader's language."""
    time, event, run, mobile, state, said, *others = row
    said = meaning(str(state)) if event == "report" else recalled(str(said))
    return time, event, run, mobile, state, said, *others


def _order(event: Event) -> tuple[int, int]:
    """Sort by whole seconds, as the gateway has them; within one second: sent, then reported, then answered."""
    at, row = event
    return int(at), ("sent", "report", "reply").index(str(row[1]))


def _of_mobile(store: Store, mobile: str) -> list[Event]:
    for run in {batch.run for batch in sent(store, mobile=mobile) if batch.state is State.UNKNOWN}:
        Settling(store).settle(run)
    inbox, batches = Inbox(store), sent(store, mobile=mobile)
    runs = {batch.sendid: batch.run for batch in batches}
    events = [_sent(batch, mobile) for batch in batches]
    events += [_report(kept, runs.get(kept.report.sendid)) for kept in inbox.reports(mobile=mobile)]
    return events + [_reply(answer) for answer in inbox.replies(mobile)]


def _of_sendid(store: Store, sendid: str) -> list[Event]:
    inbox, batches = Inbox(store), sent(store, sendid)
    run = batches[0].run if batches else None
    events = [_sent(batch, batch.mobiles[0] if batch.numbers == 1 else "") for batch in batches]
    events += [_report(kept, run) for kept in inbox.reports(sendid)]
    people = {mobile for batch in batches for mobile in batch.mobiles}
    answers = [answer for answer in inbox.replies() if answer.reply.mobile in people] if people else []
    return events + [
        _reply(answer) for answer in answers if moment(answer.reply.time, answer.received) > batches[0].sent
    ]


def _sent(batch: Sent, mobile: str) -> Event:
    scheduled = later("scheduled for {time}").format(time=batch.stime) if batch.stime else ""
    text = signed(batch.content, batch.sign)
    return batch.sent, (
        china_time(batch.sent), "sent", batch.run, mobile, batch.state.value, scheduled, text,
        batch.sendid, batch.numbers,
    )  # fmt: skip


def _report(kept: Kept, run: int | None) -> Event:
    sendid, mobile, state, time = kept.report
    at = kept.at
    return at, (time or china_time(at), "report", run, mobile, state, state_meaning(state).both, "", sendid, 1)


def _reply(answer: Answer) -> Event:
    at = moment(answer.reply.time, answer.received)
    return at, (
        answer.reply.time or china_time(at),
        "reply",
        None,
        answer.reply.mobile,
        "",
        "",
        answer.reply.content,
        "",
        1,
    )
