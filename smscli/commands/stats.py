"""`smscli stats`: what became of all messages, in figures; `--html` writes them as a page with charts."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from smscli.commands._options import OutputOption
from smscli.commands._pages import HtmlOption, NumbersOption, check_page_options, open_statistics, write_page
from smscli.commands._report import meaning
from smscli.console import Environment
from smscli.errors import InputError
from smscli.language import _, ngettext
from smscli.ledger.statistics import By, Figures, Wanted, total
from smscli.ledger.store import open_store
from smscli.output import Bar, Output, is_table, write_rows
from smscli.protocol.codes import state_meaning

REASON_COLUMNS = ("reason", "failed", "meaning")
_NAME = 24  # characters of a name that a table shows


def command(
    context: typer.Context,
    by: Annotated[
        By | None,
        typer.Option(
            metavar="GROUP",
            help="hour, day, month, run, template, profile, operator or reason (of failure); without it by day.",
            show_default=False,
        ),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(metavar="DAY", formats=["%Y-%m-%d"], help="The first day, as 2026-12-01.", show_default=False),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(metavar="DAY", formats=["%Y-%m-%d"], help="The last day, as 2026-12-31.", show_default=False),
    ] = None,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Count runs of the built-in sandbox too.")] = False,
    html: HtmlOption = None,
    whole_numbers: NumbersOption = False,
    output: OutputOption = None,
) -> None:
    """Show how many messages were sent and what became of them: by day, month, run, template and so on.

    Parts are what is billed. A message counts on the day on which it goes out, in your local time, and its report with
    it. Operators are told by number range, so they are approximate.
    """
    environment: Environment = context.obj
    check_page_options(html, whole_numbers, bool(by or output))
    wanted = _wanted(since, until, sandbox)
    with open_store() as store:
        statistics = open_statistics(environment, store, wanted)
        if html:
            from smscli.reporting.pages import stats_page

            first, last = (f"{day:%Y-%m-%d}" if day else "" for day in (since, until))
            write_page(environment, html, stats_page(statistics, first, last, whole_numbers))
        elif by is By.REASON:
            _write_reasons(environment, statistics.reasons(), output)
        else:
            _write_figures(environment, by or By.DAY, statistics.grouped(by or By.DAY), output)


def _wanted(since: datetime | None, until: datetime | None, sandbox: bool) -> Wanted:
    """Return what is asked for; days begin at the midnight of this computer's clock."""
    if since and until and since > until:
        raise InputError(
            _("--since {since} is after --until {until}.").format(since=f"{since:%F}", until=f"{until:%F}")
        )
    wanted = Wanted(sandbox=sandbox)
    if since:
        wanted = wanted._replace(since=max(since.timestamp(), 0))
    if until:
        wanted = wanted._replace(until=(until + timedelta(days=1)).timestamp())
    return wanted


def _write_figures(environment: Environment, by: By, found: Mapping[Any, Figures], output: Output | None) -> None:
    if not is_table(environment, output):
        write_rows(environment, (by.value, *Figures._fields), ((name, *row) for name, row in found.items()), output)
        return
    if not found:
        environment.say(_("Nothing was sent or received in this time."))
        return
    rows = {_shown(name): row for name, row in found.items()} | {_("total"): total(found.values())}
    _write_table(environment, by, rows, output)
    if unknown := rows[_("total")].unknown:
        environment.say(
            ngettext(
                "It is not known whether {count} more number got a message; `smscli runs` shows its run.",
                "It is not known whether {count} more numbers got a message; `smscli runs` shows their runs.",
                unknown,
            ).format(count=f"{unknown:,}")
        )
    if by is By.OPERATOR:
        environment.say(_("Operators are told by number range, so they are approximate."))


def _write_table(environment: Environment, by: By, rows: Mapping[str, Figures], output: Output | None) -> None:
    """Write what fits on a narrow terminal: no column of zeros, and what is unknown in a sentence instead."""
    kept = [name for name in Figures._fields if name != "unknown" and any(getattr(row, name) for row in rows.values())]
    *others, _total = rows
    most = max(rows[name].messages for name in others)
    table = [
        (name, *(getattr(row, field) for field in kept), Bar(row.messages, most) if name in others and most else None)
        for name, row in rows.items()
    ]
    write_rows(environment, (by.value, *kept, ""), table if len(table) > 2 else table[:1], output)


def _write_reasons(environment: Environment, reasons: Mapping[str, int], output: Output | None) -> None:
    if not is_table(environment, output):
        rows = ((state, count, state_meaning(state).both) for state, count in reasons.items())
        write_rows(environment, REASON_COLUMNS, rows, output)
    elif not reasons:
        environment.say(_("No message failed in this time."))
    else:
        most = max(reasons.values())
        table = ((state, count, Bar(count, most), meaning(state)) for state, count in reasons.items())
        write_rows(environment, ("reason", "failed", "", "meaning"), table, output)


def _shown(name: str | int | None) -> str:
    """Return a name for a table, short and on one line."""
    line = " ".join(str(name).split()) if name not in (None, "") else "–"
    return line if len(line) <= _NAME else f"{line[:_NAME]}…"
