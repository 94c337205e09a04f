"""Batches whose outcome is unknown, settled by reports: only where these fit one batch and nothing else.

Such a report has a sendid that no batch has, because the answer with this sendid never came. Other programs send
through the same account too, so a batch counts as accepted only where

- the sendid begins with a time between the moments at which the batch was sent and was given up (protocol §1),
- every number that was reported under this sendid is in the batch,
- there are too many of these numbers for chance: three, or all of a smaller batch, and
- no other batch fits this sendid, and no other sendid this batch. A batch whose answer may still come can be the right
  one too, and so can a batch that a person decided about while its outcome was unknown: such a batch is a rival.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from smscli.ledger import states
from smscli.ledger.counters import answer_recounted, recounted
from smscli.ledger.engines import Connection, marks
from smscli.ledger.runs import DIED
from smscli.ledger.states import State
from smscli.ledger.store import Store
from smscli.ledger.verdicts import count_again
from smscli.protocol.times import sendid_time

CLOCK_SECONDS = 60  # how far the gateway's clock may be off
_TAKEN_SECONDS = 300  # how much later a slow gateway may give a message its sendid
_AROUND = CLOCK_SECONDS + _TAKEN_SECONDS + CLOCK_SECONDS  # no two batches further apart fit the same sendid
_SURE = 3
_CHUNK = 500  # values in one statement; SQLite limits them
_SETTLED = "settled by reports"
_UNSETTLED = ", ".join(f"'{state}'" for state in states.UNSETTLED)
_IS_UNSETTLED = f"state IN ({_UNSETTLED})"  # as the index has it


class Unsettled(NamedTuple):
    """A batch whose outcome is unknown.

    Its request left at `sent`, and was given up at `ended`, in seconds since 1970; None where the process died.
    """

    run: int
    number: int
    sent: float
    ended: float | None
    mobiles: frozenset[str]
    profile: str = ""
    parts: int = 1
    rival: bool = False  # it may have the sendid, but it is not settled


class Settled(NamedTuple):
    """A batch, the sendid that is proved to be its own, and how many of its numbers have a report."""

    batch: Unsettled
    sendid: str
    reported: int


def match(unsettled: Sequence[Unsettled], reported: Mapping[str, Collection[str]]) -> list[Settled]:
    """Return the batches that reports settle; `reported` has the numbers that were reported under each sendid."""
    found = [
        Settled(batch, sendid, len(mobiles))
        for sendid, mobiles in reported.items()
        for batch in unsettled
        if may_be(batch, sendid) and batch.mobiles.issuperset(mobiles)
    ]
    batches = Counter(settled.batch for settled in found)
    sendids = Counter(settled.sendid for settled in found)
    return [
        settled
        for settled in found
        if batches[settled.batch] == 1
        and sendids[settled.sendid] == 1
        and not settled.batch.rival
        and settled.reported >= min(_SURE, len(settled.batch.mobiles))
    ]


def may_be(batch: Unsettled, sendid: str) -> bool:
    """Return whether a sendid has the time at which a batch was sent."""
    numbered = sendid_time(sendid)
    latest = batch.sent + _TAKEN_SECONDS if batch.ended is None else batch.ended + CLOCK_SECONDS
    return numbered is not None and batch.sent - CLOCK_SECONDS <= numbered <= latest


class Settling:
    """Settles the unknown batches of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def settle(self, run: int) -> None:
        """Settle a run's unknown batches, and others of its account, by what has been reported so far."""
        account = self._store.read_one("SELECT profile, account FROM run WHERE id = ?", (run,))
        if account and self._store.read_one(f"SELECT 1 FROM batch WHERE run = ? AND {_IS_UNSETTLED} LIMIT 1", (run,)):
            with self._store.transaction() as connection:
                self._settle(connection, self._candidates(*account))

    def settle_by(self, connection: Connection, profile: str, account: str, sendids: Iterable[str]) -> None:
        """Settle unknown batches of an account by new reports, under sendids that no batch has."""
        batches = self._candidates(profile, account)
        self._settle(connection, {batch for sendid in sendids for batch in batches if may_be(batch, sendid)})

    def _settle(self, connection: Connection, batches: Collection[Unsettled]) -> None:
        if not all(batch.rival for batch in batches):
            _write(connection, match(list(batches), self._reported(batches)))

    def evidence(self, run: int) -> dict[int, int]:
        """Return for each unknown batch how many of its numbers have a report that may be about it."""
        found = {}
        for batch in self._batches(_IS_UNSETTLED, "run.id = ?", run):
            reported = {} if batch.rival else self._reported([batch])
            if people := {mobile for mobiles in reported.values() for mobile in batch.mobiles.intersection(mobiles)}:
                found[batch.number] = len(people)
        return found

    def _candidates(self, profile: str, account: str) -> list[Unsettled]:
        """Return an account's unsettled batches, and those sent at about the same time that a person decided about."""
        whose = "profile = ? AND account = ?"
        found = self._batches(_IS_UNSETTLED, whose, profile, account)
        if not found:
            return []
        first = min(batch.sent for batch in found) - _AROUND
        last = max(batch.sent if batch.ended is None else batch.ended for batch in found) + _AROUND
        decided = f"state IN ('{State.DROPPED}', '{State.PLANNED}') AND sent BETWEEN ? AND ?"
        return found + self._batches(decided, whose, first, last, profile, account)

    def _batches(self, state: str, whose: str, *values: object) -> list[Unsettled]:
        rows = self._store.read(
            "SELECT run, number, state, sent, changed, state = 'sending' OR error = ?, mobiles, profile, parts "
            f"FROM batch JOIN run ON run.id = batch.run WHERE {state} AND mobiles != '' AND {whose}",
            (DIED, *values),
        )
        alive = {run: self._store.is_alive(run) for run in {row[0] for row in rows if row[2] == State.SENDING}}
        return [
            Unsettled(
                run,
                number,
                sent,
                None if has_died else changed,
                frozenset(mobiles.split(",")),
                profile,
                parts,
                rival=state in (State.DROPPED, State.PLANNED) or (state == State.SENDING and alive[run]),
            )
            for run, number, state, sent, changed, has_died, mobiles, profile, parts in rows
        ]

    def _reported(self, unsettled: Collection[Unsettled]) -> dict[str, set[str]]:
        """Return the numbers that were reported under each sendid that no batch has, and that may be one of these.

        Only reports to the profile that sent the batches count.
        """
        profile = next(iter(unsettled)).profile
        wanted = sorted(frozenset().union(*(batch.mobiles for batch in unsettled)))
        sendids: set[str] = set()
        for start in range(0, len(wanted), _CHUNK):
            chunk = wanted[start : start + _CHUNK]
            rows = self._store.read(
                f"SELECT DISTINCT sendid FROM report WHERE profile = ? AND mobile IN ({marks(chunk)})",
                (profile, *chunk),
            )
            sendids.update(sendid for (sendid,) in rows)
        near = [sendid for sendid in sendids if any(may_be(batch, sendid) for batch in unsettled)]
        return {sendid: self._people(sendid) for sendid in near if not self.is_known(sendid)}

    def _people(self, sendid: str) -> set[str]:
        return {mobile for (mobile,) in self._store.read("SELECT mobile FROM report WHERE sendid = ?", (sendid,))}

    def is_known(self, sendid: str) -> bool:
        """Return whether a batch has this sendid, so that its reports are about that batch."""
        return bool(self._store.read_one("SELECT 1 FROM batch WHERE sendid = ? AND sendid != ''", (sendid,)))


def _write(connection: Connection, found: Iterable[Settled]) -> None:
    for batch, sendid, reported in found:
        count_again(connection, sendid, batch.parts)
        with recounted(connection, batch.run, batch.number):
            connection.execute(
                "UPDATE batch SET state = ?, open = ?, sendid = ?, accepted = ?, settled = 1, message = ?, error = '' "
                "WHERE run = ? AND number = ? AND state IN (?, ?)",
                (*states.ACCEPTED, sendid, reported, _SETTLED, batch.run, batch.number, *states.UNSETTLED),
            )


def count_settled(connection: Connection, sendids: Collection[str]) -> None:
    """Count again how many numbers have a report, in batches that were settled by reports."""
    if not connection.execute("SELECT 1 FROM batch WHERE settled = 1 LIMIT 1").fetchone():
        return
    with answer_recounted(connection, sendids):
        connection.executemany(
            "UPDATE batch SET accepted = "
            "(SELECT count(DISTINCT mobile) FROM report WHERE report.sendid = batch.sendid) "
            "WHERE sendid = ? AND settled = 1",
            ((sendid,) for sendid in sendids),
        )
