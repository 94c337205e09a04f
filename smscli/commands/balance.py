"""`smscli balance`: how many messages are left."""

from decimal import Decimal
from typing import Annotated

import typer

from smscli.commands._options import OutputOption, ProfileOption
from smscli.config import profile as profiles
from smscli.errors import ExitCode
from smscli.gateway.open import gateway_of
from smscli.output import Cell, write_one

COLUMNS = ("balance", "profile")


def command(
    context: typer.Context,
    minimum: Annotated[
        int | None, typer.Option("--min", metavar="N", help="Exit with code 8 if fewer than N are left.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing unless something is wrong.")] = False,
    profile: ProfileOption = "",
    output: OutputOption = None,
) -> ExitCode:
    """Show how many messages are left."""
    account = profiles.choose(profile)
    with gateway_of(account, context.obj.say) as gateway:
        left = gateway.balance()
    if not quiet:
        number: Cell = int(left) if left.lstrip("-").isdigit() else left
        write_one(context.obj, COLUMNS, (number, account.label), output)
    if minimum is None or Decimal(left) >= minimum:
        return ExitCode.DONE
    context.obj.say(f"smscli: {left} messages are left on {account.label}, fewer than {minimum}.")
    return ExitCode.BALANCE_LOW
