"""Shows what a send would do and cost, and asks a person before it goes to many numbers."""

from collections.abc import Sequence

from smscli.console import Environment
from smscli.errors import RefusedError, UnreachableError
from smscli.gateway.client import Gateway
from smscli.output import Output, write_rows
from smscli.sending.preview import Preview, Row, after


def write_preview(
    environment: Environment, preview: Preview, gateways: Sequence[Gateway], output: Output | None
) -> None:
    """Write the preview as data."""
    write_rows(environment, ("item", "value"), _rows(preview, gateways), output)


def refuse_low_balance(preview: Preview, gateways: Sequence[Gateway]) -> None:
    """Refuse a plan that costs more than the balance.

    A single request is not checked: the gateway takes it as a whole or not at all.
    """
    if preview.requests < 2:
        return
    needed, balance = preview.plan.cost().total_parts, _balance(gateways)
    if after(balance, needed).startswith("-"):
        raise RefusedError(
            f"this needs {needed:,} messages, and {balance} are left on {preview.account.label}. "
            "Nothing was sent. Top up, send to fewer with --limit, or send as many as possible with --force."
        )


def confirm(environment: Environment, preview: Preview, gateways: Sequence[Gateway], question: str) -> None:
    """Show the preview to a person and ask."""
    for item, value in _rows(preview, gateways):
        environment.say(f"{item:<18} {value}")
    environment.confirm(question, yes=False)


def _rows(preview: Preview, gateways: Sequence[Gateway]) -> list[Row]:
    try:
        balance = _balance(gateways)
    except (UnreachableError, RefusedError) as error:
        balance = f"not known: {error}"
    return preview.rows(balance)


def _balance(gateways: Sequence[Gateway]) -> str:
    """Ask the endpoints in their order, as a send does."""
    for gateway in gateways[:-1]:
        try:
            return gateway.balance()
        except UnreachableError:
            continue
    return gateways[-1].balance()
