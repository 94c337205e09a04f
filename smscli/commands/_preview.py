"""Shows what a send would do and cost, and asks a person before it goes to many numbers."""

from collections.abc import Sequence

from smscli.console import Environment, cells
from smscli.errors import RefusedError, UnreachableError
from smscli.gateway.client import Gateway
from smscli.language import English, _, heading
from smscli.output import Output, is_table, write_object, write_rows
from smscli.sending.preview import Preview, after


def write_preview(
    environment: Environment, preview: Preview, gateways: Sequence[Gateway], output: Output | None
) -> None:
    """Write the preview: a table for a person, in other formats one object with the names of `smscli help output`."""
    balance = _balance_or_why(gateways)
    if is_table(environment, output):
        rows = [(_item(item), value) for item, value in preview.rows(balance)]
        write_rows(environment, ("item", "value"), rows, output)
        return
    with English():
        fields = preview.fields(balance)
    write_object(environment, fields, output)
    if fields["balance"] is None:
        environment.say(_("balance: {balance}").format(balance=balance))


def refuse_low_balance(preview: Preview, gateways: Sequence[Gateway]) -> None:
    """Refuse a plan that costs more than the balance.

    A single request is not checked: the gateway takes it as a whole or not at all.
    """
    if preview.requests < 2:
        return
    needed, balance = preview.plan.cost().total_parts, _balance(gateways)
    if after(balance, needed).startswith("-"):
        raise RefusedError(
            _(
                "this needs {needed:,} messages, and {balance} are left on {profile}. Nothing was sent. "
                "Top up, send to fewer with --limit, or send as many as possible with --force."
            ).format(needed=needed, balance=balance, profile=preview.account.label)
        )


def confirm(environment: Environment, preview: Preview, gateways: Sequence[Gateway], question: str) -> None:
    """Show the preview to a person and ask."""
    for name, value in preview.rows(_balance_or_why(gateways)):
        item = _item(name)
        environment.say(f"{item}{' ' * (18 - cells(item))} {value}")
    environment.confirm(question, yes=False)


def _item(name: str) -> str:
    """Return what a person calls an item of the preview; the texts have numbers."""
    what, _space, number = name.rpartition(" ")
    return f"{heading(what)} {number}" if number.isdecimal() else heading(name)


def _balance_or_why(gateways: Sequence[Gateway]) -> str:
    try:
        return _balance(gateways)
    except (UnreachableError, RefusedError) as error:
        return _("not known: {reason}").format(reason=error)


def _balance(gateways: Sequence[Gateway]) -> str:
    """Ask the endpoints in their order, as a send does."""
    for gateway in gateways[:-1]:
        try:
            return gateway.balance()
        except UnreachableError:
            continue
    return gateways[-1].balance()
