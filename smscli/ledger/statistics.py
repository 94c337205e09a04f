"""What became of all messages, in figures: by hour, day, month, run, template, profile, operator, failure reason.

A message belongs to the day on which it goes out, and its report is counted there too, whenever that comes. A reply or
an opt-out belongs to the day on which it came. Days and months are those of the reader's clock.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from functools import reduce
from operator import add
from typing import Any, NamedTuple

from smscli.config.keys import SANDBOX
from smscli.ledger import states
from smscli.ledger.counters import QUARTER, count_batch
from smscli.ledger.inbox import Answer, Inbox
from smscli.ledger.states import State
from smscli.ledger.store import Store
from smscli.ledger.summary import waiting
from smscli.ledger.verdicts import DELIVERED
from smscli.protocol.operators import ENGLISH, operator_of
from smscli.protocol.times import moment

_UNSETTLED = ", ".join(f"'{state}'" for state in states.UNSETTLED)  # as the index has it
_FOREVER = 1e11  # in the year 5138

_OLD_AT_ONCE = 100  # batches, so that a send that goes on meanwhile does not wait long


class By(StrEnum):
    """What figures are grouped by."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    RUN = "run"
    TEMPLATE = "template"
    PROFILE = "profile"
    OPERATOR = "operator"
    REASON = "reason"


class Figures(NamedTuple):
    """How many messages (numbers) the gateway accepted, the parts they are billed as, and what became of them.

    `unknown` numbers are not among the messages, because nobody knows whether the gateway accepted them.
    """

    messages: int = 0
    parts: int = 0
    delivered: int = 0
    failed: int = 0
    waiting: int = 0
    unknown: int = 0
    replies: int = 0
    optouts: int = 0

    def plus(self, other: "Figures") -> "Figures":
        """Return the sums of both."""
        return Figures(*(one + two for one, two in zip(self, other, strict=True)))


class Origin(NamedTuple):
    """Where figures come from: the moment in seconds since 1970, the run where it is known, and so on."""

    at: float
    run: int | None = None
    template: str = ""
    profile: str = ""
    operator: str = ""


class Came(NamedTuple):
    """A reply and where it comes from; its run is the one that it most likely answers."""

    answer: Answer
    origin: Origin


class Wanted(NamedTuple):
    """Which figures: of a time, in seconds since 1970, or of one run.

    Those of the built-in sandbox are left out unless `sandbox` or `run` asks for them. `lengths` has each profile's
    extension_length, which helps to find the run that a reply answers.
    """

    since: float = 0
    until: float = _FOREVER
    sandbox: bool = False
    run: int | None = None
    lengths: Mapping[str, int] = {}

    def takes(self, profile: str) -> bool:
        """Return whether figures of a profile are wanted."""
        return self.sandbox or self.run is not None or profile != SANDBOX


class _Run(NamedTuple):
    profile: str
    account: str
    template: str
    forgotten: bool
    created: float
    due: float | None

    def goes_out(self, sent: float | None) -> float:
        """Return when a batch of it goes out, as the counters have it."""
        return next(at for at in (self.due, sent, self.created) if at is not None)


def count_old(store: Store, begin: Callable[[], None] = lambda: None) -> None:
    """Count the batches that were written before there were counters, a few in each transaction.

    It takes some seconds for a million numbers, but only once; `begin` is called before, if there are any.
    """
    is_first = True
    while store.read_one("SELECT 1 FROM batch WHERE counted = 0 LIMIT 1"):
        if is_first:
            begin()
            is_first = False
        with store.transaction() as connection:
            for run, number in connection.execute(
                "SELECT run, number FROM batch WHERE counted = 0 LIMIT ?", (_OLD_AT_ONCE,)
            ).fetchall():
                connection.execute("UPDATE batch SET counted = 1 WHERE run = ? AND number = ?", (run, number))
                count_batch(connection, run, number, 1)


class Statistics:
    """The figures of a store at this moment; `count_old` must have counted what older versions wrote."""

    def __init__(self, store: Store, wanted: Wanted) -> None:
        self._store, self._wanted = store, wanted
        self._replies: dict[bool, list[Came]] = {}
        rows = store.read(
            "SELECT id, profile, account, template, CASE WHEN content = '' THEN 1 ELSE 0 END, created, due FROM run"
        )
        self._runs = {identifier: _Run(*rest) for identifier, *rest in rows}

    def grouped(self, by: By) -> dict[Any, Figures]:
        """Return the figures by anything but the failure reason, in order.

        An hour is a text as 2026-12-01 09:00, a day and a month are its start. A run is its number, None for replies
        whose run is not known.
        """
        key, found = _KEYS[by], self.sent(by)
        replies = self.replies(by in (By.RUN, By.TEMPLATE))
        unknown: Counter[Any] = Counter()
        for origin, numbers in self._unknown():
            unknown[key(origin)] += numbers
        others = {
            "unknown": unknown,
            "replies": Counter(key(came.origin) for came in replies),
            "optouts": Counter(map(key, self._opted_out(replies))),
        }
        for field, counts in others.items():
            for name, count in counts.items():
                found[name] = found.get(name, Figures()).plus(Figures(**{field: count}))
        order = list(ENGLISH).index if by is By.OPERATOR else _unknown_last
        return {name: found[name] for name in sorted(found, key=order) if any(found[name])}

    def reasons(self) -> dict[str, int]:
        """Return how many numbers failed, by the state of their report; the most frequent first."""
        found: dict[str, int] = {}
        for run, state, numbers in self._counters("run, state", "sum(reported)"):
            if numbers and state != DELIVERED and self._takes_run(run):
                found[state] = found.get(state, 0) + numbers
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    def replies(self, answered: bool = True) -> list[Came]:
        """Return the replies as they came; which run each answers takes time, and is found only if `answered`."""
        answered = answered or self._wanted.run is not None
        if answered not in self._replies:
            self._replies[answered] = list(self._came(answered))
        return self._replies[answered]

    def _came(self, answered: bool) -> Iterator[Came]:
        inbox, wanted = Inbox(self._store), self._wanted
        kept = [
            (answer, at)
            for answer in inbox.replies()
            if wanted.since <= (at := moment(answer.reply.time, answer.received)) < wanted.until
            and wanted.takes(answer.profile)
        ]
        answers = [answer for answer, _ in kept]
        runs = inbox.answered_runs(answers, wanted.lengths) if answered else [None] * len(kept)
        for (answer, at), run in zip(kept, runs, strict=True):
            if wanted.run in (None, run):
                yield Came(answer, self._origin(at, run, answer.profile, answer.reply.mobile))

    # --- what was sent ---

    def sent(self, by: By) -> dict[Any, Figures]:
        """Return the figures of messages alone, without those of unknown outcome and what came back; in no order."""
        sums = self._sums(_KEYS[by], by is By.OPERATOR)
        found: dict[Any, Figures] = {}
        for (name, run), (accepted, parts, unaccounted, reported, delivered) in sums.items():
            left = waiting(accepted, unaccounted, reported, self._runs[run].forgotten)
            figures = Figures(accepted, parts, delivered, reported - delivered, left)
            found[name] = found.get(name, Figures()).plus(figures)
        return found

    def _takes_run(self, run: int) -> bool:
        """Return whether figures of a run are wanted; one that has begun meanwhile has none yet."""
        return run in self._runs and self._wanted.takes(self._runs[run].profile)

    def _counters(self, groups: str, sums: str, *values: object) -> list[Any]:
        wanted = self._wanted
        which, run = ("", ()) if wanted.run is None else ("AND run = ?", (wanted.run,))
        return self._store.read(
            f"SELECT {groups}, {sums} FROM counter WHERE quarter >= ? AND quarter < ? {which} GROUP BY {groups}",
            (*values, int(wanted.since // QUARTER), int(wanted.until // QUARTER), *run),
        )

    def _sums(self, key: Callable[[Origin], Any], by_operator: bool) -> dict[tuple[Any, int], tuple[int, ...]]:
        """Return the counters by group and run, because what is waited for is decided run by run."""
        sums: dict[tuple[Any, int], tuple[int, ...]] = {}
        for run, quarter, *operator, accepted, parts, unaccounted, reported, delivered in self._counters(
            "run, quarter, operator" if by_operator else "run, quarter",
            "sum(accepted), sum(parts), sum(unaccounted), sum(reported), "
            "sum(CASE WHEN state = ? THEN reported ELSE 0 END)",
            DELIVERED,
        ):
            if self._takes_run(run):
                info = self._runs[run]
                name = key(Origin(quarter * QUARTER, run, info.template, info.profile, *operator))
                row = sums.get((name, run), (0,) * 5)
                sums[name, run] = tuple(map(add, row, (accepted, parts, unaccounted, reported, delivered)))
        return sums

    def _unknown(self) -> Iterator[tuple[Origin, int]]:
        """Yield the numbers of unknown outcome; their batches are few, and with no other table the index is used."""
        rows = self._store.read(f"SELECT run, state, mobiles, sent FROM batch WHERE state IN ({_UNSETTLED})")
        alive = {run: self._store.is_alive(run) for run in {row[0] for row in rows if row[1] == State.SENDING}}
        for run, state, mobiles, sent in rows:
            is_unknown = states.as_seen(State(state), alive.get(run, False)) is State.UNKNOWN
            if not is_unknown or not self._takes_run(run) or self._wanted.run not in (None, run):
                continue
            info = self._runs[run]
            at = info.goes_out(sent)
            if self._wanted.since <= at < self._wanted.until:
                for operator, numbers in Counter(map(operator_of, mobiles.split(","))).items():
                    yield Origin(at, run, info.template, info.profile, operator), numbers

    # --- what came back ---

    def _opted_out(self, replies: Iterable[Came]) -> Iterator[Origin]:
        """Yield where each opt-out that still holds comes from: the reply that said so, or somebody who entered it."""
        replied = {(came.answer.reply.mobile, came.origin.at): came.origin for came in replies}
        wanted = self._wanted
        labels = {info.account: info.profile for _, info in sorted(self._runs.items(), reverse=True)}
        for account, mobile, since in self._store.read(
            "SELECT account, mobile, since FROM optout WHERE ended IS NULL AND since >= ? AND since < ?",
            (wanted.since, wanted.until),
        ):
            by_hand = self._origin(since, None, labels.get(account, account), mobile)
            origin = replied.get((mobile, since), by_hand)
            if wanted.takes(origin.profile) and wanted.run in (None, origin.run):
                yield origin

    def _origin(self, at: float, run: int | None, profile: str, mobile: str) -> Origin:
        template = self._runs[run].template if run in self._runs else ""
        return Origin(at, run, template, profile, operator_of(mobile))


def total(groups: Iterable[Figures]) -> Figures:
    """Return the sums of all."""
    return reduce(Figures.plus, groups, Figures())


def _hour(origin: Origin) -> str:
    local = time.localtime(origin.at)
    return f"{local.tm_year:04}-{local.tm_mon:02}-{local.tm_mday:02} {local.tm_hour:02}:00"


_KEYS: dict[By, Callable[[Origin], Any]] = {
    By.HOUR: _hour,
    By.DAY: lambda origin: _hour(origin)[:10],
    By.MONTH: lambda origin: _hour(origin)[:7],
    By.RUN: lambda origin: origin.run,
    By.TEMPLATE: lambda origin: origin.template,
    By.PROFILE: lambda origin: origin.profile,
    By.OPERATOR: lambda origin: origin.operator,
}


def _unknown_last(name: str | int | None) -> tuple[bool, Any]:
    return name is None, name
