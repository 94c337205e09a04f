"""What a listener has received since it started, in plain numbers that cost it nothing, and as metrics of Prometheus.

No phone number and no text from outside is in it: a state that is in no table counts as `other`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from time import monotonic, time

from smscli.monitoring.prometheus import Metric, Sample, exposition
from smscli.protocol.codes import OPERATOR_STATES, STATES
from smscli.protocol.pushes import Push, Reply


class Counts:
    """Counts the pushes of one process; use it from one thread."""

    def __init__(self) -> None:
        self._started = time()
        self._last: float | None = None
        self._kept: Counter[str] = Counter({"new": 0, "repeated": 0})
        self._refused = Counter(dict.fromkeys((400, 403, 404, 413), 0))  # from the start, so that a rise is seen
        self._failed = self._replies = 0
        self._reports: Counter[str] = Counter()

    def keep(self, push: Push, is_new: bool) -> None:
        """Count a push that is on disk; what is in it counts only the first time."""
        self._last = monotonic()
        self._kept["new" if is_new else "repeated"] += 1
        if not is_new:
            return
        first = push.events[0]
        if isinstance(first, Reply):
            self._replies += len(push.events)
        else:  # all reports of a push have one state
            known = first.state in STATES or first.state in OPERATOR_STATES
            self._reports[first.state if known else "other"] += len(push.events)

    def refuse(self, status: int) -> None:
        """Count a push that is in the quarantine, by the status that answered it."""
        self._refused[status] += 1

    def fail(self) -> None:
        """Count a push that could not be kept and will come again."""
        self._failed += 1

    def exposition(self) -> str:
        """Return everything as Prometheus reads it."""
        return exposition(self._metrics())

    def _metrics(self) -> Iterator[Metric]:
        def by(label: str, counts: Mapping[str, int] | Mapping[int, int]) -> list[Sample]:
            return [Sample(count, {label: str(name)}) for name, count in counts.items()]

        kept, refused, reports = by("kind", self._kept), by("status", self._refused), by("state", self._reports)
        age = [] if self._last is None else [Sample(round(monotonic() - self._last, 3))]
        for name, help_, samples in (
            ("pushes", "Pushes that are in the ledger.", kept),
            ("pushes_refused", "Pushes in the quarantine, by the HTTP status of the answer.", refused),
            ("pushes_failed", "Pushes that could not be kept, answered 503.", [Sample(self._failed)]),
            ("reports", "Status reports, by state.", reports),
            ("replies", "Replies.", [Sample(self._replies)]),
        ):
            yield Metric(f"smscli_{name}_total", "counter", help_, samples)
        yield Metric("smscli_last_push_age_seconds", "gauge", "Time since the last push that is in the ledger.", age)
        started = [Sample(round(self._started, 3))]
        yield Metric("smscli_listener_start_time_seconds", "gauge", "When the listener started, since 1970.", started)
