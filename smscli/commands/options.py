"""Options that several commands share, so that they are spelled and explained alike."""

from typing import Annotated

import typer

from smscli.render import Output

ProfileOption = Annotated[
    str, typer.Option("-p", "--profile", metavar="PROFILE", help="The account to use.", show_default=False)
]
OutputOption = Annotated[
    Output | None, typer.Option(help="A table on a terminal, tsv in a pipe, or one of these.", show_default=False)
]
