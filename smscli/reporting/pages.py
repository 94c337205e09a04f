"""The pages that a shop owner shows to others: what became of all messages of a time, or of one run."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import islice
from typing import NamedTuple

from smscli import __version__
from smscli.language import _, language, ngettext
from smscli.ledger.runs import Run
from smscli.ledger.statistics import By, Came, Figures, Statistics, total
from smscli.ledger.summary import RunSummary
from smscli.protocol.billing import signed
from smscli.protocol.codes import Meaning, state_meaning
from smscli.protocol.operators import ENGLISH
from smscli.reporting.blocks import Card, Named, Rate, Writer, number
from smscli.reporting.charts import Series

_MOST_DAYS = 92  # in a chart; longer times are shown by month
_REPLIES = 20  # the latest
_CODES = 4  # of one reason
_NUMBERS = 200  # that a run's page lists


class Person(NamedTuple):
    """A number that did not get a message, and why."""

    mobile: str
    state: str
    meaning: str


def stats_page(statistics: Statistics, since: str, until: str, whole_numbers: bool) -> str:
    """Return the page of all messages of a time; `since` and `until` are days as they were asked for, or empty."""
    write = Writer(whole_numbers)
    days = statistics.grouped(By.DAY)
    first, last = since or next(iter(days), ""), until or next(reversed(days), "")
    period = first if first == last else f"{first} – {last}"
    title = _("SMS report")
    head = f'<header><h1>{write.text(title)}</h1><p class="soft">{write.text(period)}</p></header>'
    body = head + _body(write, statistics, days)
    return write.document(
        f"{title} {period}".strip(), body + _replies(write, statistics.replies(answered=False)) + _footer(write)
    )


def run_page(statistics: Statistics, summary: RunSummary, failed: Iterable[Person], whole_numbers: bool) -> str:
    """Return the page of one run; `failed` are the numbers that certainly did not get it."""
    write, run = Writer(whole_numbers), summary.run
    title = _("SMS run {run}").format(run=run.id)
    text = f"<blockquote>{write.text(signed(run.content, run.sign))}</blockquote>" if run.content else ""
    head = f'<header><h1>{write.text(title)}</h1><p class="soft">{write.text(_about(run))}</p>{text}</header>'
    days = statistics.grouped(By.DAY)
    body = head + _body(write, statistics, days, run.numbers)
    return write.document(title, body + _people(write, failed) + _replies(write, statistics.replies()) + _footer(write))


# --- the parts of a page ------------------------------------------------------------------------------------------


def _body(write: Writer, statistics: Statistics, days: Mapping[str, Figures], numbers: int = 0) -> str:
    """Return the figures and charts; `numbers` is how many a run was for."""
    if not days:
        nothing = _("Nothing was sent or received in this time.")
        return write.section(_("No messages"), f"<p>{write.text(nothing)}</p>")
    by = _step(list(days))
    figures = days if by is By.DAY else statistics.grouped(by)
    times = _times(list(figures), by)
    rows = [figures.get(at, Figures()) for at in times]
    labels = [at[_LABELS[by]] for at in times]
    return (
        write.cards(_cards(total(statistics.grouped(By.PROFILE).values()), numbers))
        + _delivery(write, labels, rows, figures)
        + _failures(write, statistics.reasons())
        + _cost(write, statistics, labels, rows)
        + _operators(write, statistics.sent(By.OPERATOR))
        + _answers(write, labels, rows)
    )


def _cards(whole: Figures, numbers: int = 0) -> Iterator[Card]:
    of = _("of {numbers} numbers").format(numbers=number(numbers)) if numbers > whole.messages else ""
    yield Card(_("Messages"), whole.messages, of)
    each = f"{whole.parts / whole.messages:.2f}" if whole.messages else ""
    yield Card(_("Billed parts"), whole.parts, _("{parts} a message").format(parts=each) if each else "")
    yield Card(_("Delivered"), whole.delivered, str(Rate(whole.delivered, whole.messages)), "good")
    yield Card(_("Failed"), whole.failed, str(Rate(whole.failed, whole.messages)), "bad" if whole.failed else "")
    yield Card(_("Waiting for a report"), whole.waiting, str(Rate(whole.waiting, whole.messages)))
    if whole.unknown:
        yield Card(_("Outcome unknown"), whole.unknown, _("not among the messages"))
    yield Card(_("Replies"), whole.replies)
    yield Card(_("Opt-outs"), whole.optouts)


def _delivery(write: Writer, labels: Sequence[str], rows: Sequence[Figures], figures: Mapping[str, Figures]) -> str:
    title = _("Delivery over time")
    series = [
        Series(_("Delivered"), "good", [row.delivered for row in rows]),
        Series(_("Failed"), "bad", [row.failed for row in rows]),
        Series(_("Waiting for a report"), "still", [row.waiting for row in rows]),
    ]
    heads = (
        _("Time"), _("Messages"), _("Parts"), _("Delivered"), _("Failed"), _("Waiting"), _("Unknown"), _("Replies"),
        _("Opt-outs"),
    )  # fmt: skip
    table = write.table(heads, ((at, *row) for at, row in figures.items()))
    all_of_them = _("All figures")
    more = f"<details><summary>{write.text(all_of_them)}</summary>{table}</details>"
    return write.section(title, write.chart(title, labels, series), more)


def _failures(write: Writer, reasons: Mapping[str, int]) -> str:
    if not reasons:
        return ""
    words: dict[str, tuple[list[str], list[int]]] = {}
    for state, count in reasons.items():  # several operators have a code of their own for the same reason
        codes, counts = words.setdefault(_words(state_meaning(state)), ([], []))
        codes.append(state)
        counts.append(count)
    found = sorted(((name, codes, sum(counts)) for name, (codes, counts) in words.items()), key=lambda row: -row[2])
    most, whole = found[0][2], sum(reasons.values())
    rows = ((Named(name, _some(codes), count, most), count, Rate(count, whole)) for name, codes, count in found)
    heads = (_("Reason"), _("Numbers"), _("Share"))
    return write.section(_("Why messages failed"), write.table(heads, rows))


def _cost(write: Writer, statistics: Statistics, labels: Sequence[str], rows: Sequence[Figures]) -> str:
    whole, parts = total(rows), [row.parts for row in rows]
    if not whole.parts:
        return ""
    title = _("Cost in billed parts")
    said = _("{messages} messages, billed as {parts} parts.").format(
        messages=number(whole.messages), parts=number(whole.parts)
    )
    rule = _("A message is one part up to 70 characters with its signature; a longer one has a part for each 67.")
    # One bar says nothing.
    chart = write.chart(title, labels, [Series(title, "one", parts)]) if sum(map(bool, parts)) > 1 else ""
    tables = []
    for heading, by in ((_("Profile"), By.PROFILE), (_("Template"), By.TEMPLATE)):
        names = {name: row for name, row in statistics.sent(by).items() if row.parts}
        if len(names) > 1:
            tables.append(_shares(write, heading, names, lambda row: row.parts, _("Parts")))
    return write.section(title, f"<p>{write.text(said)}</p>", chart, write.note(rule), *tables)


def _operators(write: Writer, figures: Mapping[str, Figures]) -> str:
    names = {_words(Meaning(operator, ENGLISH[operator])): row for operator, row in figures.items() if row.messages}
    said = _("By number range, so this is approximate: people can keep their number at another operator.")
    table = _shares(write, _("Operator"), names, lambda row: row.messages, _("Messages"))
    return write.section(_("Operators"), table, write.note(said)) if names else ""


def _shares(
    write: Writer, heading: str, rows: Mapping[str, Figures], count: Callable[[Figures], int], counted: str
) -> str:
    """Return a table of one count a row, its bar, and the delivery rate."""
    most = max(map(count, rows.values()))
    cells = (
        (Named(name or _("(none)"), "", count(row), most), count(row), Rate(row.delivered, row.messages))
        for name, row in sorted(rows.items(), key=lambda item: -count(item[1]))
    )
    return write.table((heading, counted, _("Delivered")), cells)


def _answers(write: Writer, labels: Sequence[str], rows: Sequence[Figures]) -> str:
    title = _("Replies and opt-outs")
    series = [  # an opt-out is a reply too, unless somebody entered it
        Series(_("Other replies"), "one", [max(row.replies - row.optouts, 0) for row in rows]),
        Series(_("Opt-outs"), "two", [row.optouts for row in rows]),
    ]
    has_any = any(row.replies or row.optouts for row in rows)
    return write.section(title, write.chart(title, labels, series)) if has_any else ""


def _replies(write: Writer, came: Sequence[Came]) -> str:
    if not came:
        return ""
    latest = sorted(came, key=lambda reply: reply.origin.at, reverse=True)[:_REPLIES]
    rows = ((_time(reply.origin.at), reply.answer.reply.mobile, reply.answer.reply.content) for reply in latest)
    table = write.table((_("Received"), _("Number"), _("Reply")), rows)
    title = _("Replies") if len(came) <= _REPLIES else _("The latest {count} replies").format(count=_REPLIES)
    return write.section(title, table, classes="long")


def _people(write: Writer, failed: Iterable[Person]) -> str:
    """Return the numbers that did not get it, the first of them where they are many."""
    people = iter(failed)
    first = list(islice(people, _NUMBERS))
    if not first:
        return ""
    table = write.table((_("Number"), _("State"), _("Reason")), first)
    left = sum(1 for _person in people)
    more = ngettext("… and {count} number more.", "… and {count} numbers more.", left).format(count=number(left))
    return write.section(_("Who did not get it"), table, write.note(more if left else ""), classes="long")


def _footer(write: Writer) -> str:
    said = _(
        "Made by smscli {version} on {time}, local time of the computer that made it. A message counts at the time at "
        "which it goes out, its report too. “Waiting” has no report yet."
    )
    return f"<footer>{write.text(said.format(version=__version__, time=_time(time.time())))}</footer>"


def _about(run: Run) -> str:
    """Return when a run was begun, and from which profile and template."""
    said = _("Begun on {time}, profile {profile}")
    if run.stime:
        said = _("Begun on {time}, profile {profile}, scheduled for {stime} China time")
    return said.format(time=_time(run.created), profile=run.profile, stime=run.stime)


# --- words and times ----------------------------------------------------------------------------------------------


def _words(meaning: Meaning) -> str:
    return meaning.zh if language() == "zh" else meaning.both


def _some(codes: Sequence[str]) -> str:
    return ", ".join(codes[:_CODES]) + (" …" if len(codes) > _CODES else "")


def _time(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))


# The part of a time that stands below a bar.
_LABELS = {By.HOUR: slice(11, None), By.DAY: slice(5, None), By.MONTH: slice(None)}


def _step(days: Sequence[str]) -> By:
    """Return the step in which a chart shows these days: one of them hour by hour, many by month."""
    span = (date.fromisoformat(days[-1]) - date.fromisoformat(days[0])).days
    return By.HOUR if not span else By.DAY if span < _MOST_DAYS else By.MONTH


def _times(found: Sequence[str], by: By) -> list[str]:
    """Return the times from the first to the last, those without any message too."""
    if by is By.HOUR:
        return [f"{found[0][:10]} {hour:02}:00" for hour in range(24)]
    first, last = (date.fromisoformat(f"{at}-01"[:10]) for at in (found[0], found[-1]))
    days = (first + timedelta(day) for day in range((last - first).days + 1))
    return [str(day) if by is By.DAY else f"{day:%Y-%m}" for day in days if by is By.DAY or day.day == 1]
