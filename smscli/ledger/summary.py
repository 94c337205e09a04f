"""What became of a run, in one look: what the gateway answered and what its reports say."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from smscli.errors import ExitCode
from smscli.ledger import states
from smscli.ledger.runs import DELIVERED, Run, Runs
from smscli.ledger.states import State, Totals
from smscli.ledger.store import Store


class RunSummary(NamedTuple):
    """What the ledger knows of a run by now.

    `totals` counts what a dead process left as sending as unknown; `verdicts` counts numbers by the report state that
    counts for them (protocol §3). `open` numbers may still be sent to; `is_held` says whether another process does.
    """

    run: Run
    totals: Totals
    verdicts: Mapping[str, int]
    open: int
    is_held: bool

    @property
    def delivered(self) -> int:
        """How many numbers got it, as their reports say."""
        return self.verdicts.get(DELIVERED, 0)

    @property
    def failures(self) -> dict[str, int]:
        """How many numbers have a report of a failure, by its state."""
        return {state: count for state, count in self.verdicts.items() if state != DELIVERED}

    @property
    def failed(self) -> int:
        """How many numbers have a report of a failure."""
        return sum(self.failures.values())

    @property
    def waiting(self) -> int:
        """How many numbers may have been accepted and have no report yet."""
        expected = self.totals.accepted + (0 if self.run.forgotten else self.totals.unaccounted)
        return max(expected - sum(self.verdicts.values()), 0)

    @property
    def unsure(self) -> int:
        """How many numbers it is not known of whether the gateway took them."""
        return sum(self.totals.numbers.get(state, 0) for state in states.UNSETTLED)

    @property
    def nothing_left(self) -> bool:
        """Whether it is proved that nothing was sent."""
        return set(states.MAY_HAVE_LEFT).isdisjoint(self.totals.batches)

    @property
    def batches(self) -> int:
        """How many batches it has."""
        return sum(self.totals.batches.values())

    @property
    def exit_code(self) -> ExitCode:
        """What the run ends as."""
        return states.exit_code(self.totals)

    @property
    def exit_code_with_reports(self) -> ExitCode:
        """What the run ends as where its reports count too: 6 while any is missing, 7 where some were not delivered."""
        code = self.exit_code
        if code not in (ExitCode.DONE, ExitCode.PARTLY):
            return code
        if self.waiting:
            return ExitCode.UNKNOWN
        return ExitCode.PARTLY if self.failed else code

    @property
    def state(self) -> str:
        """One word for the whole run: sending, interrupted, cancelled, or what it ended as."""
        if self.open or State.SENDING in self.totals.batches:
            return "sending" if self.is_held else "interrupted"
        if self.run.cancelled is not None and not self.unsure:
            return "cancelled"
        return self.exit_code.name.lower()


def summarize(store: Store, run: Run) -> RunSummary:
    """Return what is known of a run by now."""
    return RunSummary(
        run,
        _totals(store, run.id, store.is_alive(run.id)),
        _verdicts(store, run.id),
        Runs(store).open_numbers(run.id),
        store.is_held(run.id),
    )


def _totals(store: Store, run: int, alive: bool) -> Totals:
    rows = store.read(
        "SELECT state, count(*), sum(numbers), sum(accepted), sum(invalid), sum(blacklisted), "
        "sum(CASE WHEN numbers > accepted THEN numbers - accepted ELSE 0 END), "
        "sum(CASE WHEN state = 'accepted' THEN abs(numbers - accepted - invalid - blacklisted) ELSE 0 END) "
        "FROM batch WHERE run = ? GROUP BY state",
        (run,),
    )
    batches: dict[State, int] = {}
    numbers: dict[State, int] = {}
    for row in rows:
        state = states.as_seen(State(row[0]), alive)
        batches[state] = batches.get(state, 0) + row[1]
        numbers[state] = numbers.get(state, 0) + row[2]
    return Totals(batches, numbers, *(sum(row[index] for row in rows) for index in range(3, 8)))


def _verdicts(store: Store, run: int) -> dict[str, int]:
    """Return how many of a run's numbers each report state counts for (protocol §3)."""
    rows = store.read(
        "SELECT tally.state, sum(tally.numbers) FROM batch JOIN tally ON tally.sendid = batch.sendid "
        "WHERE batch.run = ? AND batch.sendid != '' AND tally.numbers > 0 GROUP BY tally.state ORDER BY 2 DESC",
        (run,),
    )
    return dict(rows)


# --- number by number ---------------------------------------------------------------------------------------------


class Sent(NamedTuple):
    """One batch as it left, with what its run says of it; `sent` is in seconds since 1970, `stime` China time."""

    run: int
    state: State
    content: str
    sign: str
    stime: str
    sent: float
    sendid: str
    numbers: int
    mobiles: Sequence[str]


def sent(store: Store, sendid: str = "", mobile: str = "") -> list[Sent]:
    """Return the batches that left with this sendid, or to this number, the first ones first."""
    which, value = ("sendid = ? AND sendid != ''", sendid) if sendid else ("mobiles LIKE ?", f"%{mobile}%")
    rows = store.read(
        "SELECT run.id, state, coalesce(batch.content, run.content), sign, stime, sent, sendid, batch.numbers, "
        f"mobiles FROM batch JOIN run ON run.id = batch.run WHERE sent IS NOT NULL AND {which} ORDER BY sent",
        (value,),
    )
    alive = {run: store.is_alive(run) for run in {row[0] for row in rows if row[1] == State.SENDING}}
    return [
        Sent(
            run,
            states.as_seen(State(state), alive.get(run, False)),
            text,
            sign,
            stime,
            at,
            own,
            numbers,
            people.split(","),
        )
        for run, state, text, sign, stime, at, own, numbers, people in rows
    ]


def outcomes(store: Store, run: int) -> Iterator[tuple[str, str]]:
    """Yield each reported number of a run and the state that counts for it, batch by batch."""
    return store.stream(
        "SELECT mobile, state FROM (SELECT number, mobile, report.state, row_number() OVER ("
        f"PARTITION BY number, mobile ORDER BY report.state = '{DELIVERED}' DESC, at DESC, received DESC) AS place "
        "FROM batch JOIN report ON report.sendid = batch.sendid WHERE run = ? AND batch.sendid != '') AS placed "
        "WHERE place = 1 ORDER BY number, mobile",
        (run,),
    )


class LeftOut(NamedTuple):
    """Numbers of a batch that the gateway did not take, by its own counts.

    `mobiles` are those among which they are: all of the batch that have no report, or all that were refused.
    """

    batch: int
    state: State
    mobiles: Sequence[str]
    invalid: int
    blacklisted: int
    code: int | None
    message: str

    @property
    def certain(self) -> bool:
        """Whether it is every one of them."""
        return self.state is State.REFUSED or self.invalid + self.blacklisted == len(self.mobiles)


def left_out(store: Store, run: int) -> list[LeftOut]:
    """Return what the gateway did not take of a run: refused batches, and what it counted as invalid or blacklisted."""
    found = []
    rows = store.read(
        "SELECT number, state, mobiles, invalid, blacklisted, code, message, sendid FROM batch WHERE run = ? "
        "AND mobiles != '' AND (state = 'refused' OR state = 'accepted' AND invalid + blacklisted > 0) ORDER BY number",
        (run,),
    )
    for number, state, joined, invalid, blacklisted, code, message, sendid in rows:
        mobiles = joined.split(",")
        if state == State.ACCEPTED:
            reported = {mobile for (mobile,) in store.read("SELECT mobile FROM report WHERE sendid = ?", (sendid,))}
            mobiles = [mobile for mobile in mobiles if mobile not in reported]
        found.append(LeftOut(number, State(state), mobiles, invalid, blacklisted, code, message))
    return found
