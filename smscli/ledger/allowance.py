"""How many messages a number may get in a time, and who has had them: a profile's `per_number`."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from smscli.ledger.runs import MAY_HAVE_LEFT, Run
from smscli.ledger.store import Store

Limit = tuple[int, float]  # so many messages within so many seconds


class SentTo(NamedTuple):
    """A batch that was or will be sent to numbers, and when, in seconds since 1970."""

    run: int
    batch: int
    mobiles: Sequence[str]
    at: float


def sent_between(
    store: Store, profile: str, start: float, end: float, since: float = 0, besides: int = 0
) -> Iterator[SentTo]:
    """Yield what a profile sends between two moments.

    These are messages that were sent, may have been, or are planned; a scheduled one counts when it is due. What
    was there before `since` may be left out, and what is still to be sent of the run `besides` is.
    """
    rows = store.read(
        "SELECT run.id, number, mobiles, due FROM run JOIN batch ON batch.run = run.id WHERE profile = ? AND "
        f"due > ? AND due < ? AND (created >= ? OR sent >= ?) AND (open = 1 AND run.id != ? OR {MAY_HAVE_LEFT}) "
        "UNION ALL SELECT run.id, number, mobiles, sent FROM batch JOIN run ON run.id = batch.run "
        f"WHERE profile = ? AND sent > ? AND sent < ? AND sent >= ? AND due IS NULL AND {MAY_HAVE_LEFT} "
        "UNION ALL SELECT run.id, number, mobiles, created FROM run JOIN batch ON batch.run = run.id "
        "WHERE profile = ? AND created > ? AND created < ? AND created >= ? AND due IS NULL AND open = 1 "
        "AND state = 'planned' AND run.id != ?",
        (
            profile, start, end, since, since, besides,
            profile, start, end, since,
            profile, start, end, since, besides,
        ),
    )  # fmt: skip
    return (SentTo(run, batch, mobiles.split(","), at) for run, batch, mobiles, at in rows)


class Allowance:
    """Who has got all that the limits allow, for a run that goes on; to be asked within the transaction of a claim.

    What was sent is read once, and then only what came to it: a long list is asked about very often.
    """

    def __init__(self, store: Store, run: Run, limits: Sequence[Limit]) -> None:
        self._store, self._run, self._limits = store, run, limits
        self._longest = max(seconds for _, seconds in limits)
        self._seen: set[tuple[int, int]] = set()
        self._times: dict[str, list[float]] = {}
        self._read_until = 0.0

    def spent(self, mobiles: Iterable[str], now: float) -> set[str]:
        """Return those of the numbers that would get too many messages with one more; `now` is in seconds since 1970.

        A scheduled message counts when it is due.
        """
        at = max(self._run.due or 0.0, now)
        self._read(at, now)
        return {mobile for mobile in mobiles if is_too_many([*self._times.get(mobile, ()), at], self._limits)}

    def forget(self) -> None:
        """Read all of it anew the next time, because what was read last may not have lasted."""
        self._seen.clear()
        self._times.clear()
        self._read_until = 0.0

    def _read(self, at: float, now: float) -> None:
        found = sent_between(
            self._store, self._run.profile, at - self._longest, at + self._longest, self._read_until, self._run.id
        )
        for sent in found:
            if (sent.run, sent.batch) not in self._seen:
                self._seen.add((sent.run, sent.batch))
                for mobile in sent.mobiles:
                    self._times.setdefault(mobile, []).append(sent.at)
        self._read_until = now


def is_too_many(times: Iterable[float], limits: Sequence[Limit]) -> bool:
    """Return whether more of the times lie within some seconds than a limit allows."""
    ordered = sorted(times)
    return any(
        late - early < seconds
        for count, seconds in limits
        for early, late in zip(ordered, ordered[count:], strict=False)
    )
