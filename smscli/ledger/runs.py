"""Every send and its fate.

A batch is on disk as *sending* before its request leaves, so whatever a dead process left in that state is unknown.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

from smscli.errors import BusyError, InputError, LedgerError
from smscli.ledger import states
from smscli.ledger.engines import Connection
from smscli.ledger.optouts import unwilling
from smscli.ledger.states import Fate, State
from smscli.ledger.store import Store, marks


class Run(NamedTuple):
    """One `send` as it was asked for.

    `created` is in seconds since 1970, `stime` China time or empty for now, `due` the same moment in seconds since
    1970, `cancelled` when a person gave the run up.
    """

    id: int
    key: str | None
    created: float
    asker: str
    profile: str
    account: str
    content: str
    sign: str
    extno: str
    stime: str
    source: str
    digest: str
    numbers: int
    duplicates: int
    invalid: int
    due: float | None = None
    include_opted_out: bool = False
    cancelled: float | None = None

    @property
    def forgotten(self) -> bool:
        """Whether its texts and numbers were pruned."""
        return not self.content


class Batch(NamedTuple):
    """One request of a run: its text, its numbers, and what became of it.

    `settled` by reports instead of an answer; `delivered` and `failed` count the numbers that have a report.
    """

    number: int
    state: State
    open: bool
    content: str
    mobiles: tuple[str, ...]
    numbers: int
    code: int | None = None
    sendid: str = ""
    accepted: int = 0
    invalid: int = 0
    blacklisted: int = 0
    message: str = ""
    error: str = ""
    settled: bool = False
    delivered: int = 0
    failed: int = 0

    def ended(self, fate: Fate, error: str = "") -> "Batch":
        """Return the batch with another fate."""
        return self._replace(state=fate.state, open=fate.open, error=error)

    @property
    def unaccounted(self) -> int:
        """By how many the gateway's counts and the numbers of an accepted batch differ."""
        counted = self.accepted + self.invalid + self.blacklisted
        return abs(self.numbers - counted) if self.state is State.ACCEPTED else 0


DELIVERED = "DELIVRD"
DIED = "the sending process ended before an answer came."
CANCELLED = "cancelled before it was sent."
_NOBODY_LEFT = "its numbers opted out before it was sent."
_BATCH = (
    "number, state, open, coalesce(batch.content, run.content), mobiles, batch.numbers, code, sendid, accepted, "
    "batch.invalid, blacklisted, message, error, settled"
)
_TALLY = "(SELECT coalesce(sum(tally.numbers), 0) FROM tally WHERE tally.sendid = batch.sendid AND batch.sendid != ''"
_REPORTED = f"{_TALLY} AND tally.state = '{DELIVERED}'), {_TALLY} AND tally.state != '{DELIVERED}')"
_ALL = 2**62  # no limit, as both engines write it
_RUN = ", ".join(Run._fields)
_NEW_RUN = ", ".join(Run._fields[1:])
_LEFT = ", ".join(f"'{state}'" for state in states.MAY_HAVE_LEFT)


class Runs:
    """The runs in a store and their batches; safe to use from several threads."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # --- beginning and holding ---

    @contextmanager
    def begin(self, choose: Callable[[], tuple[Run, Iterable[tuple[str, Sequence[str]]]]]) -> Iterator[Run]:
        """Write a run and its batches, and hold it for this process while the block lasts; yields it with its id.

        `choose` is called within the transaction, so what it reads cannot change before the run is written; it returns
        the run, and each batch's text and numbers. BusyError where the run's key is just being used.
        """
        with self._store.transaction() as connection:
            run, batches = choose()
            run = run._replace(id=_insert(connection, run, batches))
            self._store.take(run.id)  # nobody else knows of it yet
        try:
            yield run
        finally:
            self._store.give_back(run.id)

    @contextmanager
    def hold(self, run: int) -> Iterator[None]:
        """Hold a run for this process; a BusyError where another one is at it. What was left in flight is unknown."""
        with self._store.hold(run):
            with self._store.transaction() as connection:
                connection.execute(
                    "UPDATE batch SET state = ?, open = ?, error = ? WHERE run = ? AND state = ?",
                    (*states.UNKNOWN, DIED, run, State.SENDING),
                )
            yield

    def is_held(self, run: int) -> bool:
        """Return whether another process that lives is sending a run."""
        return self._store.is_held(run)

    # --- finding ---

    def find(self, identifier: int) -> Run:
        """Return a run; an InputError where there is none of that number."""
        found = self._one("WHERE id = ?", identifier)
        if found is None:
            raise InputError(f"there is no run {identifier} in {self._store.place}. `smscli runs` lists them.")
        return found

    def is_kept(self, identifier: int) -> bool:
        """Return whether a run is there with its texts and numbers, so was not forgotten."""
        return bool(self._store.read_one("SELECT 1 FROM run WHERE id = ? AND content != ''", (identifier,)))

    def by_key(self, key: str) -> Run | None:
        """Return the run of a key."""
        return self._one("WHERE key = ?", key)

    def all(self) -> Iterator[Run]:
        """Yield all runs, the latest first."""
        return map(_run, self._store.stream(f"SELECT {_RUN} FROM run ORDER BY id DESC"))

    def twin(self, run: Run) -> int | None:
        """Return the first later run that sent the same texts to the same numbers from the same account."""
        found = self._store.read_one(
            "SELECT min(run.id) FROM run JOIN batch ON batch.run = run.id AND batch.accepted > 0 "
            "WHERE digest = ? AND account = ? AND run.id > ?",
            (run.digest, run.account, run.id),
        )
        return None if found[0] is None else int(found[0])

    def same_since(self, digest: str, account: str, since: float) -> Run | None:
        """Return the latest run of the same texts and numbers since a moment of which anything may have been sent."""
        return self._one(
            "WHERE digest = ? AND account = ? AND created >= ? AND EXISTS "
            f"(SELECT 1 FROM batch WHERE batch.run = run.id AND state IN ({_LEFT})) ORDER BY id DESC",
            digest, account, since,
        )  # fmt: skip

    def _one(self, where: str, *values: object) -> Run | None:
        row = self._store.read_one(f"SELECT {_RUN} FROM run {where}", values)
        return _run(row) if row else None

    # --- batches ---

    def batches(self, run: int, wanted: Sequence[State] = tuple(State)) -> Iterator[Batch]:
        """Yield a run's batches in these states, in their order, with what was reported of them."""
        rows = self._store.stream(
            f"SELECT {_BATCH}, {_REPORTED} FROM batch JOIN run ON run.id = batch.run "
            f"WHERE batch.run = ? AND state IN ({marks(wanted)}) ORDER BY number",
            (run, *wanted),
        )
        return map(_batch, rows)

    def troubled_batches(self, run: int) -> list[Batch]:
        """Return a run's batches that are neither planned nor accepted as a whole."""
        return self._select(
            run,
            "state != 'planned' AND NOT (state = 'accepted' AND accepted = batch.numbers "
            "AND batch.invalid = 0 AND blacklisted = 0)",
        )

    def open_batches(self, run: int, after: int = 0, limit: int = _ALL) -> list[Batch]:
        """Return the batches behind `after` that may still go out: nothing of them was or may have been sent."""
        return self._select(run, "number > ? AND open = 1", after, limit=limit)

    def unsettled_batches(self, run: int) -> list[Batch]:
        """Return the batches of which only a report or a person can say what became of them."""
        return self._select(run, "state IN (?, ?)", *states.UNSETTLED)

    def open_numbers(self, run: int) -> int:
        """Return how many numbers may still be sent to."""
        (numbers,) = self._store.read_one(
            "SELECT coalesce(sum(numbers), 0) FROM batch WHERE run = ? AND open = 1", (run,)
        )
        return int(numbers)

    def has_one_text(self, run: int) -> bool:
        """Return whether all batches of a run have the same text."""
        return len(self._store.read("SELECT DISTINCT content FROM batch WHERE run = ? LIMIT 2", (run,))) < 2

    def _select(self, run: int, condition: str, *values: object, limit: int = _ALL) -> list[Batch]:
        rows = self._store.read(
            f"SELECT {_BATCH} FROM batch JOIN run ON run.id = batch.run "
            f"WHERE batch.run = ? AND {condition} ORDER BY number LIMIT ?",
            (run, *values, limit),
        )
        return list(map(_batch, rows))

    def sent_between(self, profile: str, start: float, end: float) -> Iterator[tuple[Sequence[str], float]]:
        """Yield numbers that a profile sends something to between two moments, and when.

        That is what was sent, may have been, or is about to be; a scheduled message counts when it is due.
        """
        rows = self._store.read(
            "SELECT mobiles, due FROM run JOIN batch ON batch.run = run.id "
            f"WHERE profile = ? AND due > ? AND due < ? AND (open = 1 OR state IN ({_LEFT})) "
            "UNION ALL SELECT mobiles, sent FROM batch JOIN run ON run.id = batch.run "
            f"WHERE profile = ? AND sent > ? AND sent < ? AND due IS NULL AND state IN ({_LEFT}) "
            "UNION ALL SELECT mobiles, created FROM run JOIN batch ON batch.run = run.id "
            "WHERE profile = ? AND created > ? AND created < ? AND due IS NULL AND state = 'planned'",
            (profile, start, end) * 3,
        )
        return ((mobiles.split(","), at) for mobiles, at in rows)

    # --- changing ---

    def advance(self, run: Run, answered: Batch | None, following: Batch | None) -> Batch | None:
        """Make an answer durable and claim the batch that is to follow, in one sync; only then may its request leave.

        Returns the batch as it may be sent, without who opted out; as *dropped* where nobody of it is left; None where
        it is not open any more, as after `cancel`. What several threads ask for at once shares one sync.
        """
        return self._store.commit_together(partial(_advance, run, answered, following))

    def decide_unknown(self, run: int, again: bool, batches: Sequence[int] = ()) -> None:
        """Carry out what a person decided about unknown batches: they go out again, or never.

        Without numbers of batches it is all of them.
        """
        which = f"AND number IN ({marks(batches)})" if batches else ""
        with self._store.transaction() as connection:
            connection.execute(
                f"UPDATE batch SET state = ?, open = ? WHERE run = ? AND state = ? {which}",
                (*(states.PLANNED if again else states.DROPPED), run, State.UNKNOWN, *batches),
            )

    def cancel(self, run: int) -> int:
        """Drop what is open of a run for good, also while a process is sending it; returns how many numbers that is."""
        with self._store.transaction() as connection:
            numbers = self.open_numbers(run)
            connection.execute(
                "UPDATE batch SET state = ?, open = ?, code = NULL, error = ? WHERE run = ? AND open = 1",
                (*states.DROPPED, CANCELLED, run),
            )
            connection.execute("UPDATE run SET cancelled = ? WHERE id = ?", (time.time(), run))
        return numbers


def _insert(connection: Connection, run: Run, batches: Iterable[tuple[str, Sequence[str]]]) -> int:
    identifier = connection.insert(
        f"INSERT INTO run ({_NEW_RUN}) VALUES ({marks(run[1:])}) ON CONFLICT (key) DO NOTHING", run[1:]
    )
    if identifier is None:
        raise BusyError("another process has just begun a run with this key. Nothing was sent.")
    connection.executemany(
        "INSERT INTO batch (run, number, state, open, content, mobiles, numbers) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (identifier, number, *states.PLANNED, None if text == run.content else text, ",".join(people), len(people))
            for number, (text, people) in enumerate(batches, 1)
        ),
    )
    return identifier


def _advance(run: Run, answered: Batch | None, following: Batch | None, connection: Connection) -> Batch | None:
    if answered:
        _settle(connection, run.id, answered)
    return _claim(connection, run, following) if following else None


def _settle(connection: Connection, run: int, batch: Batch) -> None:
    cursor = connection.execute(
        "UPDATE batch SET state = ?, open = ?, changed = ?, code = ?, sendid = ?, accepted = ?, invalid = ?, "
        "blacklisted = ?, message = ?, error = ? WHERE run = ? AND number = ? AND state = ?",
        (
            batch.state, batch.open, time.time(), batch.code, batch.sendid, batch.accepted, batch.invalid,
            batch.blacklisted, batch.message, batch.error, run, batch.number, State.SENDING,
        ),
    )  # fmt: skip
    if cursor.rowcount != 1:
        raise LedgerError(f"batch {batch.number} of run {run} was changed by another program.")


def _claim(connection: Connection, run: Run, batch: Batch) -> Batch | None:
    unwanted = set() if run.include_opted_out else unwilling(connection, run.account, batch.mobiles)
    mobiles = tuple(mobile for mobile in batch.mobiles if mobile not in unwanted) if unwanted else batch.mobiles
    fate, error = (states.SENDING, "") if mobiles else (states.DROPPED, _NOBODY_LEFT)
    kept = mobiles or batch.mobiles  # a dropped batch shows whom it was for
    now = time.time()
    cursor = connection.execute(
        "UPDATE batch SET state = ?, open = ?, mobiles = ?, numbers = ?, changed = ?, sent = coalesce(?, sent), "
        "code = NULL, message = '', error = ? WHERE run = ? AND number = ? AND open = 1",
        (*fate, ",".join(kept), len(mobiles), now, now if mobiles else None, error, run.id, batch.number),
    )
    if cursor.rowcount != 1:
        return None
    return batch.ended(fate, error)._replace(mobiles=mobiles, numbers=len(mobiles), code=None, message="")


def _run(row: Sequence[Any]) -> Run:
    run = Run(*row)
    return run._replace(include_opted_out=bool(run.include_opted_out))


def _batch(row: Sequence[Any]) -> Batch:
    number, state, still_open, content, mobiles, *rest = row
    return Batch(number, State(state), bool(still_open), content, tuple(mobiles.split(",")), *rest)
