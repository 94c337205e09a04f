"""What a send would do and cost, for a person to check before it is carried out."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from smscli.config.profile import Profile
from smscli.language import _
from smscli.ledger.runs import Batch, Run
from smscli.protocol.billing import signed
from smscli.sending.plan import Plan

_TEXTS = 3  # so many texts are shown
Row = tuple[str, str | int]


class Preview(NamedTuple):
    """A plan, who sends it, how many requests it takes, and who was left out of it."""

    account: Profile
    plan: Plan
    requests: int
    left_out: Sequence[Row] = ()
    notes: Sequence[str] = ()

    def rows(self, balance: str) -> list[Row]:
        """Return the plan as items and values; `balance` is a number, or a sentence where it is not known."""
        plan, cost = self.plan, self.plan.cost()
        first = [signed(text, plan.sign) for text in islice(plan.texts, _TEXTS)]
        return [
            ("profile", f"{self.account.label} ({self.account.name})"),
            ("recipients", plan.numbers),
            *self.left_out,
            ("requests", self.requests),
            ("characters", _range(cost.least_characters, cost.most_characters)),
            ("parts a number", _range(cost.least_parts, cost.most_parts)),
            ("parts in all", cost.total_parts),
            ("balance", balance),
            ("balance afterwards", after(balance, cost.total_parts)),
            ("time", _("{time} China time (UTC+8)").format(time=plan.stime) if plan.stime else _("now")),
            *(("list", note) for note in self.notes),
            *((f"text {number}", text) for number, text in enumerate(first, 1)),
            *(("warning", warning) for warning in (*plan.warnings(), *plan.remarks())),
        ]


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


def _range(least: int, most: int) -> str:
    return str(least) if least == most else _("{least} to {most}").format(least=least, most=most)
