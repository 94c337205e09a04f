"""What a send would do and cost, for a person to check before it is carried out."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from smscli.config.profile import Profile
from smscli.language import _
from smscli.ledger.runs import Batch, Run
from smscli.protocol.billing import signed
from smscli.protocol.times import parse_stime
from smscli.sending.plan import Plan
from smscli.sending.times import in_words

_TEXTS = 3  # so many texts are shown
Row = tuple[str, str | int]
Field = str | int | float | list[str] | None


class Preview(NamedTuple):
    """A plan, who sends it, how many requests it takes, and who was left out of it."""

    account: Profile
    plan: Plan
    requests: int
    left_out: Sequence[Row] = ()
    notes: Sequence[str] = ()

    def fields(self, balance: str) -> dict[str, Field]:
        """Return the plan for programs; both balances are None where `balance` is not a number."""
        plan, cost = self.plan, self.plan.cost()
        return {
            "profile": self.account.label,
            "account": self.account.name,
            "recipients": plan.numbers,
            **{name.replace(" ", "_"): count for name, count in self.left_out},
            "requests": self.requests,
            "characters_least": cost.least_characters,
            "characters_most": cost.most_characters,
            "parts_least": cost.least_parts,
            "parts_most": cost.most_parts,
            "parts": cost.total_parts,
            "balance": _number(balance),
            "balance_afterwards": _number(after(balance, cost.total_parts)),
            "at": plan.stime,
            "list": list(self.notes),
            "texts": self._texts(),
            "warnings": [*plan.warnings(), *plan.remarks()],
        }

    def rows(self, balance: str) -> list[Row]:
        """Return the plan for a person, without zeros; `balance` is a number, or a sentence where it is not known."""
        plan, cost, at = self.plan, self.plan.cost(), parse_stime(self.plan.stime)
        return [
            ("profile", f"{self.account.label} ({self.account.name})"),
            ("recipients", plan.numbers),
            *(row for row in self.left_out if row[1]),
            ("requests", self.requests),
            ("characters", _range(cost.least_characters, cost.most_characters)),
            ("parts a number", _range(cost.least_parts, cost.most_parts)),
            ("parts in all", cost.total_parts),
            ("balance", balance),
            ("balance afterwards", after(balance, cost.total_parts)),
            ("time", in_words(at) if at else _("now")),
            *(("list", note) for note in self.notes),
            *((f"text {number}", text) for number, text in enumerate(self._texts(), 1)),
            *(("warning", warning) for warning in (*plan.warnings(), *plan.remarks())),
        ]

    def _texts(self) -> list[str]:
        return [signed(text, self.plan.sign) for text in islice(self.plan.texts, _TEXTS)]


def of_rest(account: Profile, run: Run, batches: Iterable[Batch]) -> Preview:
    """Return the preview of what is left of a run."""
    texts: dict[str, list[str]] = {}
    requests = 0
    for batch in batches:
        texts.setdefault(batch.content, []).extend(batch.mobiles)
        requests += 1
    plan = Plan(run.content, texts, run.sign, run.extno, run.stime)
    return Preview(account, plan, requests, (("numbers in all", run.numbers),))


def after(balance: str, parts: int) -> str:
    """Return the balance after so many parts; empty where it is not known."""
    from decimal import Decimal, InvalidOperation  # a single message never asks for the balance

    try:
        return str(Decimal(balance) - parts)
    except InvalidOperation:
        return ""


def _number(balance: str) -> int | float | None:
    """Return a balance as a number; None where it is not known."""
    try:
        return int(balance)
    except ValueError:
        pass
    try:
        return float(balance)
    except ValueError:
        return None


def _range(least: int, most: int) -> str:
    return str(least) if least == most else _("{least} to {most}").format(least=least, most=most)
