"""Who is left out of a plan: numbers that got enough messages lately, or that opted out."""

from collections.abc import Callable, Sequence, Set

from smscli.config.keys import parse_limit
from smscli.config.profile import Profile
from smscli.ledger.allowance import Limit, is_too_many, sent_between
from smscli.ledger.store import Store
from smscli.sending.plan import Plan


def hold_back(plan: Plan, store: Store, account: Profile, at: float) -> tuple[Plan, int]:
    """Return the plan without the numbers that would get more messages than `per_number` allows.

    `at` is when the plan is sent, in seconds since 1970: a scheduled message counts when it is due. Call it within the
    transaction that writes the run, so that no other process can write between the two.
    """
    limits = limits_of(account)
    if not limits:
        return plan, 0
    longest = max(seconds for _, seconds in limits)
    people = set().union(*plan.texts.values())
    times: dict[str, list[float]] = {}
    for sent in sent_between(store, account.label, at - longest, at + longest):
        for mobile in people.intersection(sent.mobiles):
            times.setdefault(mobile, []).append(sent.at)

    def may_get(mobile: str) -> bool:
        got = times.setdefault(mobile, [])
        allowed = not is_too_many([*got, at], limits)
        if allowed:
            got.append(at)  # this plan counts as well
        return allowed

    return _only(plan, may_get)


def limits_of(account: Profile) -> list[Limit]:
    """Return how many messages a number may get, as the profile's `per_number` has it."""
    return [limit for text in account.per_number if (limit := parse_limit(text))]


def without(plan: Plan, unwanted: Set[str]) -> tuple[Plan, int]:
    """Return the plan without some numbers, and how many messages these would have got."""
    return _only(plan, lambda mobile: mobile not in unwanted) if unwanted else (plan, 0)


def _only(plan: Plan, wanted: Callable[[str], bool]) -> tuple[Plan, int]:
    texts: dict[str, Sequence[str]] = {text: list(filter(wanted, mobiles)) for text, mobiles in plan.texts.items()}
    kept = plan._replace(texts={text: mobiles for text, mobiles in texts.items() if mobiles})
    return kept, plan.numbers - kept.numbers
