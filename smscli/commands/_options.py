"""Options that several commands share, so that they are spelled and explained in the same way."""

from math import isfinite
from typing import Annotated

import typer

from smscli.output import Output

MOST_RUNS = 2**63 - 1  # what the ledger can number
# The groups of `send --help`.
LIST, PACE = "Recipients", "Speed"


def _finite(rate: float) -> float:
    if not isfinite(rate):
        raise typer.BadParameter("must be a number")
    return rate


ProfileOption = Annotated[
    str,
    typer.Option(
        "-p", "--profile", metavar="PROFILE", help="The account to use, instead of the default.", show_default=False
    ),
]
ColumnOption = Annotated[
    str,
    typer.Option(
        metavar="NAME", help="The list's phone column, by name or number.", show_default=False, rich_help_panel=LIST
    ),
]
SheetOption = Annotated[
    str,
    typer.Option(
        metavar="NAME", help="A workbook's sheet, by name or number.", show_default=False, rich_help_panel=LIST
    ),
]
EncodingOption = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="The list's encoding; usually it is detected.",
        show_default=False,
        rich_help_panel=LIST,
    ),
]
WorkersOption = Annotated[
    int, typer.Option(min=1, max=64, metavar="N", help="How many requests at the same time.", rich_help_panel=PACE)
]
RateOption = Annotated[
    float,
    typer.Option(
        min=0,
        metavar="N",
        help="At most N requests a second; 0 means no limit.",
        callback=_finite,
        rich_help_panel=PACE,
    ),
]
SinceOption = Annotated[
    str,
    typer.Option(
        metavar="TIME", help="From this time on (China time), as 2026-12-01 or '2026-12-01 09:00'.", show_default=False
    ),
]
UntilOption = Annotated[
    str, typer.Option(metavar="TIME", help="Up to this time; a day counts as a whole.", show_default=False)
]
SandboxOption = Annotated[bool, typer.Option("--sandbox", help="Show runs of the built-in sandbox too.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; the answer is yes.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress, and not how the list was read.")]
WaitOption = Annotated[
    str,
    typer.Option(
        "--wait", metavar="TIME", help="Wait this long for all reports, as 90s, 10m or 2h.", show_default=False
    ),
]
OutputOption = Annotated[
    Output | None,
    typer.Option(
        metavar="FORMAT",
        help="table, tsv, json, jsonl or csv; without it a table on a terminal, tsv in a pipe.",
        show_default=False,
    ),
]
