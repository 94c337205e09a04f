"""`smscli status`: the story of one message: when it left, by which run, each report, the replies."""

from typing import Annotated

import typer

from smscli import render
from smscli.commands._options import OutputOption
from smscli.commands._report import meaning
from smscli.errors import InputError
from smscli.ledger.inbox import Answer, Circle, Kept, Sent, moment
from smscli.ledger.runs import State, opened
from smscli.protocol.billing import signed
from smscli.protocol.numbers import MOBILE, normalise
from smscli.protocol.times import china_time

COLUMNS = ("time", "event", "run", "mobile", "state", "meaning", "content", "sendid", "numbers")

Event = tuple[float, tuple[render.Cell, ...]]


def command(
    which: Annotated[str, typer.Argument(metavar="SENDID|MOBILE", help="A sendid or a phone number.")],
    output: OutputOption = None,
) -> None:
    """Tell what became of a message: when it was sent, by which run, each report, the replies."""
    mobile = normalise(which)
    with opened(Circle) as circle:
        events = _of_mobile(circle, mobile) if MOBILE.fullmatch(mobile) else _of_sendid(circle, which.strip())
    if not events:
        raise InputError(f"nothing is known of {which!r}: no run sent it, and no report or reply came about it.")
    rows = [row for _, row in sorted(events, key=_order)]
    kept = list(range(len(COLUMNS)))
    if render.is_table(output):  # what was asked for stands in every row, and leaves no room on a narrow terminal
        told = {"mobile", "sendid", "numbers"} if MOBILE.fullmatch(mobile) else {"sendid", "numbers"}
        kept = [index for index in kept if COLUMNS[index] not in told]
    render.show([COLUMNS[index] for index in kept], [[row[index] for index in kept] for row in rows], output)


def _order(event: Event) -> tuple[int, int]:
    """The gateway's times are whole seconds, in which a message is sent before it is reported or answered."""
    at, row = event
    return int(at), ("sent", "report", "reply").index(str(row[1]))


def _of_mobile(circle: Circle, mobile: str) -> list[Event]:
    for run in {batch.run for batch in circle.sent(mobile=mobile) if batch.state is State.UNKNOWN}:
        circle.settle_unknown(circle.run(run))
    sent = circle.sent(mobile=mobile)
    runs = {batch.sendid: batch.run for batch in sent}
    events = [_sent(batch, mobile) for batch in sent]
    events += [_report(kept, runs.get(kept.report.sendid)) for kept in circle.reports(mobile=mobile)]
    return events + [_reply(answer) for answer in circle.replies(mobile)]


def _of_sendid(circle: Circle, sendid: str) -> list[Event]:
    batches = circle.sent(sendid)
    run = batches[0].run if batches else None
    events = [_sent(batch, batch.mobiles if batch.numbers == 1 else "") for batch in batches]
    events += [_report(kept, run) for kept in circle.reports(sendid)]
    people = {mobile for batch in batches for mobile in batch.mobiles.split(",")}
    answers = [answer for answer in circle.replies() if answer.reply.mobile in people] if people else []
    return events + [
        _reply(answer) for answer in answers if moment(answer.reply.time, answer.received) > batches[0].sent
    ]


def _sent(batch: Sent, mobile: str) -> Event:
    scheduled = f"scheduled for {batch.stime}" if batch.stime else ""
    text = signed(batch.content, batch.sign)
    return batch.sent, (
        china_time(batch.sent), "sent", batch.run, mobile, batch.state.value, scheduled, text,
        batch.sendid, batch.numbers,
    )  # fmt: skip


def _report(kept: Kept, run: int | None) -> Event:
    sendid, mobile, state, time = kept.report
    at = moment(time, kept.received)
    return at, (time or china_time(at), "report", run, mobile, state, meaning(state), "", sendid, 1)


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
