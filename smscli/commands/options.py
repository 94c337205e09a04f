"""Options that several commands share, so that they are spelled and explained alike."""

from typing import Annotated

import typer

from smscli.render import Output

ProfileOption = Annotated[
    str, typer.Option("-p", "--profile", metavar="PROFILE", help="The account to use.", show_default=False)
]
WorkersOption = Annotated[int, typer.Option(min=1, max=64, metavar="N", help="Requests at once.")]
RateOption = Annotated[float, typer.Option(min=0, metavar="N", help="Requests a second at most; 0: no limit.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
OutputOption = Annotated[
    Output | None, typer.Option(help="A table on a terminal, tsv in a pipe, or one of these.", show_default=False)
]
