"""What a send would do and cost: shown by `--dry-run`, and before a person is asked."""

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from smscli import render
from smscli.config.profile import Profile
from smscli.errors import RefusedError, UnreachableError
from smscli.gateway.client import Gateway
from smscli.protocol.billing import signed
from smscli.sending.plan import Plan
from smscli.sending.recipients import Recipients

if TYPE_CHECKING:
    from decimal import Decimal


class Preview:
    """What a plan is and costs, for a person to look at before it is carried out."""

    def __init__(
        self, whole: Plan, people: Recipients, account: Profile, gateways: Sequence[Gateway], opted_out: int = 0
    ) -> None:
        self._plan, self._people, self._account, self._gateways = whole, people, account, gateways
        self._opted_out = opted_out

    def rows(self) -> list[tuple[str, render.Cell]]:
        """Return the plan as items and values; asks the gateway for the balance."""
        whole, people = self._plan, self._people
        cost = whole.cost()
        try:
            balance = self._balance()
            after = str(_exactly(balance) - cost.total_parts)
        except (UnreachableError, RefusedError) as error:
            balance, after = f"not known: {error}", ""
        rows: list[tuple[str, render.Cell]] = [
            ("profile", f"{self._account.label} ({self._account.name})"),
            ("recipients", whole.numbers),
            ("duplicates", people.duplicates),
            ("invalid", len(people.invalid)),
            ("opted out", self._opted_out),
            ("requests", whole.requests),
            ("characters", _range(cost.least_characters, cost.most_characters)),
            ("parts a number", _range(cost.least_parts, cost.most_parts)),
            ("parts in all", cost.total_parts),
            ("balance", balance),
            ("balance afterwards", after),
            ("time", f"{whole.stime} China time (UTC+8)" if whole.stime else "now"),
        ]
        rows += [("list", note) for note in people.notes]
        first = [signed(text, whole.sign) for text in islice(whole.texts, 3)]
        rows += [(f"text {number}", text) for number, text in enumerate(first, 1)]
        return rows + [("warning", warning) for warning in whole.warnings()]

    def _balance(self) -> str:
        """Ask the endpoints in their order, as a send does."""
        for gateway in self._gateways[:-1]:
            try:
                return gateway.balance()
            except UnreachableError:
                continue
        return self._gateways[-1].balance()

    def confirm(self, yes: bool, force: bool) -> None:
        """Refuse what the balance cannot cover, and ask a person where it goes to many.

        One request alone is not looked at: the gateway itself takes it whole or not at all.
        """
        whole = self._plan
        many = whole.numbers > self._account.confirm_above
        if whole.requests > 1 and not force:
            needed, balance = whole.cost().total_parts, self._balance()
            if _exactly(balance) < needed:
                raise RefusedError(
                    f"this needs {needed:,} messages, and {balance} are left on {self._account.label}. "
                    "Nothing was sent. Top up, send to fewer with --limit, or send what it covers with --force."
                )
        if many and not yes:
            for item, value in self.rows():
                render.say(f"{item:<18} {value}")
        if many:
            render.confirm(f"Send to {whole.numbers:,} numbers?", yes)


def _range(least: int, most: int) -> str:
    return str(least) if least == most else f"{least} to {most}"


def _exactly(balance: str) -> "Decimal":
    from decimal import Decimal  # a single message never asks for the balance

    return Decimal(balance)
