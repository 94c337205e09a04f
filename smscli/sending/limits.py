"""Who is left out of a plan: who had enough messages lately, who wants none."""

from collections import Counter
from collections.abc import Callable, Set

from smscli.config.profile import Profile, parse_limit
from smscli.ledger.runs import Ledger
from smscli.sending.plan import Plan


def hold_back(plan: Plan, ledger: Ledger, account: Profile, now: float) -> tuple[Plan, int]:
    """Return the plan without the numbers that have got as many messages lately as `per_number` allows."""
    limits: list[tuple[int, Counter[str]]] = []
    for limit in account.per_number:
        count, seconds = parse_limit(limit) or (0, 0)
        got: Counter[str] = Counter()
        for mobiles in ledger.sent_since(account.label, now - seconds):
            got.update(mobiles.split(","))
        limits.append((count, got))

    def may_get(mobile: str) -> bool:
        allowed = all(got[mobile] < count for count, got in limits)
        for _, got in limits:
            got[mobile] += allowed  # this plan counts as well
        return allowed

    return _only(plan, may_get) if limits else (plan, 0)


def without(plan: Plan, unwanted: Set[str]) -> tuple[Plan, int]:
    """Return the plan without some numbers, and how many messages these would have got."""
    return _only(plan, lambda mobile: mobile not in unwanted) if unwanted else (plan, 0)


def _only(plan: Plan, wanted: Callable[[str], bool]) -> tuple[Plan, int]:
    texts = {text: list(filter(wanted, mobiles)) for text, mobiles in plan.texts.items()}
    kept = plan._replace(texts={text: mobiles for text, mobiles in texts.items() if mobiles})
    return kept, plan.numbers - kept.numbers
