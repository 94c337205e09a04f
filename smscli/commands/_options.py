"""Options that several commands share, so that they are spelled and explained alike."""

from math import isfinite
from typing import Annotated

import typer

from smscli.render import Output

MOST_RUNS = 2**63 - 1  # what the ledger can number


def _finite(rate: float) -> float:
    if not isfinite(rate):
        raise typer.BadParameter("must be a number")
    return rate


ProfileOption = Annotated[
    str, typer.Option("-p", "--profile", metavar="PROFILE", help="The account to use.", show_default=False)
]
WorkersOption = Annotated[int, typer.Option(min=1, max=64, metavar="N", help="Requests at once.")]
RateOption = Annotated[
    float, typer.Option(min=0, metavar="N", help="Requests a second at most; 0: no limit.", callback=_finite)
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no notes on the list.")]
WaitOption = Annotated[
    str, typer.Option("--wait", metavar="TIME", help="Stay until all reports are in: 90s, 10m, 2h.", show_default=False)
]
OutputOption = Annotated[
    Output | None, typer.Option(help="A table on a terminal, tsv in a pipe, or one of these.", show_default=False)
]
