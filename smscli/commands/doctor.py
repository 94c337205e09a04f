"""`smscli doctor`: check all that a send needs, and say what to do."""

from collections.abc import Iterator
from shutil import get_terminal_size
from typing import Annotated

import typer

from smscli.checks.everything import check_everything
from smscli.checks.finding import Finding, Result
from smscli.checks.terminal import Terminal
from smscli.commands._options import OutputOption
from smscli.config.keys import wrong_endpoint
from smscli.console import Environment
from smscli.errors import ExitCode, InputError
from smscli.language import English, _
from smscli.output import Cell, Output, follow, is_table, write_rows
from smscli.usage import fold

COLUMNS = ("result", "check", "profile", "endpoint", "value", "message", "advice")
# What a terminal shows, and how wide; the advice is on a line of its own.
_WIDTHS = {"result": 6, "check": 13, "profile": 11, "message": 0}
_MARGIN = 36  # columns before a message
_NARROWEST, _UNFOLDED = 40, 1000


def command(
    context: typer.Context,
    listener: Annotated[
        str,
        typer.Option(
            metavar="URL", help="The address that the gateway pushes to, to check it too.", show_default=False
        ),
    ] = "",
    output: OutputOption = None,
) -> ExitCode:
    """Check configuration, endpoints, accounts, ledger, listener and terminal, and say what to do.

    No message is sent. Each line is pass, warn or fail; the exit code is 1 where one is fail, else 0. Without
    --listener the usual address of `smscli listen` is looked at.
    """
    if listener and wrong_endpoint(listener):
        raise InputError(
            _("--listener needs an address like http://127.0.0.1:8787/, not {url!r}.").format(url=listener)
        )
    environment: Environment = context.obj
    columns = get_terminal_size().columns if environment.stdout.isatty() else 0
    findings = _Findings(check_everything(listener, Terminal(environment.stdout.encoding or "utf-8", columns)))
    if is_table(environment, output):
        follow(
            environment,
            COLUMNS,
            (list(_lines(finding, columns or _UNFOLDED)) for finding in findings),
            _WIDTHS,
            Output.TABLE,
        )
    else:
        with English():
            write_rows(environment, COLUMNS, findings, output)
    return ExitCode.UNSOUND if findings.failed else ExitCode.DONE


class _Findings:
    """The findings as they come; `failed` says afterwards whether one of them is a failure."""

    def __init__(self, findings: Iterator[Finding]) -> None:
        self._findings = findings
        self.failed = False

    def __iter__(self) -> Iterator[Finding]:
        for finding in self._findings:
            self.failed |= finding.result is Result.FAIL
            yield finding


def _lines(finding: Finding, columns: int) -> Iterator[tuple[Cell, ...]]:
    """Yield a finding as lines that fit into so many columns: the message, and the advice below it."""
    room = max(columns - _MARGIN, _NARROWEST)
    first, *others = [line for text in (finding.message, finding.advice) for line in fold(text, room)]
    yield finding._replace(message=first)
    for line in others:
        yield "", "", "", "", None, line, ""
