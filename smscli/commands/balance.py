"""`smscli balance`: how many messages are left."""

from decimal import Decimal
from typing import Annotated

import typer

from smscli import render
from smscli.commands._options import OutputOption, ProfileOption
from smscli.config import profile as profiles
from smscli.errors import ExitCode
from smscli.gateway.open import gateway_of

COLUMNS = ("balance", "profile")


def command(
    minimum: Annotated[int | None, typer.Option("--min", metavar="N", help="Exit with 8 below N.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing unless there is trouble.")] = False,
    profile: ProfileOption = "",
    output: OutputOption = None,
) -> None:
    """Show how many messages are left."""
    account = profiles.choose(profile)
    with gateway_of(account) as gateway:
        left = gateway.balance()
    if not quiet:
        number: render.Cell = int(left) if left.lstrip("-").isdigit() else left
        render.show_one(COLUMNS, (number, account.label), output)
    if minimum is not None and Decimal(left) < minimum:
        render.say(f"smscli: {left} messages are left on {account.label}, less than {minimum}.")
        raise typer.Exit(ExitCode.BALANCE_LOW)
