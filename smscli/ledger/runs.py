"""Every send and what became of it.

A batch is on disk as *sending* before its request leaves. So what a dead process left in that state is unknown.
"""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any, NamedTuple

from smscli.errors import BusyError, InputError
from smscli.ledger import states
from smscli.ledger.counters import recounted
from smscli.ledger.optouts import unwilling
from smscli.ledger.recent import keep_recent
from smscli.ledger.states import Fate, State
from smscli.ledger.store import Connection, LedgerError, Store, marks
from smscli.ledger.verdicts import DELIVERED, count_again
from smscli.ledger.which import EVERY_RUN, Which
from smscli.protocol.billing import billed_parts, signed


class Run(NamedTuple):
    """One `send` as it was asked for.

    Times are in seconds since 1970, but `stime` is China time, or empty for now. `due` is the same moment as `stime`;
    `cancelled` is when a person cancelled the run; `template` is the name of its approved text, where it has one;
    `resends` is the run whose people it is sent to again.
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
    template: str = ""
    resends: int | None = None

    @property
    def forgotten(self) -> bool:
        """Whether its texts and numbers were pruned."""
        return not self.content


class Batch(NamedTuple):
    """One request of a run: its text, its numbers, and what became of it.

    `settled` means: by reports instead of an answer. `delivered` and `failed` count the numbers that have a report.
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
    parts: int = 1
    delivered: int = 0
    failed: int = 0

    def ended(self, fate: Fate, error: str = "") -> "Batch":
        """Return the batch in another state."""
        return self._replace(state=fate.state, open=fate.open, error=error)

    @property
    def outcome(self) -> State:
        """Its state as a person sees it: where the gateway took none of its numbers, it is refused."""
        took_none = self.state is State.ACCEPTED and not self.accepted and not self.unaccounted
        return State.REFUSED if took_none else self.state

    @property
    def unaccounted(self) -> int:
        """By how many the gateway's counts and the numbers of an accepted batch differ."""
        counted = self.accepted + self.invalid + self.blacklisted
        return abs(self.numbers - counted) if self.state is State.ACCEPTED else 0


DIED = "the sending process ended before an answer came."
CANCELLED = "cancelled before it was sent."
_COUNTED = 1  # its changes go into the counters
_ALL = 2**63 - 1  # a limit that is none
_NOBODY_LEFT = "its numbers opted out before it was sent."
_BATCH = (
    "number, state, open, coalesce(batch.content, run.content), mobiles, batch.numbers, code, sendid, accepted, "
    "batch.invalid, blacklisted, message, error, settled, parts"
)
_TALLY = "(SELECT coalesce(sum(tally.numbers), 0) FROM tally WHERE tally.sendid = batch.sendid AND batch.sendid != ''"
_REPORTED = f"{_TALLY} AND tally.state = '{DELIVERED}'), {_TALLY} AND tally.state != '{DELIVERED}')"
_RUN = ", ".join(Run._fields)
_NEW_RUN = ", ".join(Run._fields[1:])
_STATES = ", ".join(f"'{state}'" for state in states.MAY_HAVE_LEFT)
_MAY_HAVE_LEFT = f"(state IN ({_STATES}) OR state = 'dropped' AND sent IS NOT NULL)"


class Runs:
    """The runs in a store and their batches; safe to use from several threads."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # --- beginning and holding ---

    @contextmanager
    def begin(self, choose: Callable[[], tuple[Run, Iterable[tuple[str, Sequence[str]]]]]) -> Iterator[Run]:
        """Write a run and its batches, and hold it for this process while the block lasts; yields it with its id.

        `choose` is called within the transaction, so what it reads cannot change before the run is written; it returns
        the run, and each batch's text and numbers. BusyError where another process uses the run's key at this moment.
        """
        try:
            with self._store.transaction() as connection:
                run, batches = choose()
                run = run._replace(id=_insert(connection, run, batches))
                self._store.locks.take(run.id)  # no other process knows it yet
        except sqlite3.IntegrityError:
            raise BusyError(
                "another process has just begun a run with this key. Nothing was sent. `smscli runs` shows it."
            ) from None
        try:
            keep_recent(self._store)
            yield run
        finally:
            self._store.locks.give_back(run.id)

    @contextmanager
    def hold(self, run: int) -> Iterator[None]:
        """Hold a run for this process; a BusyError where another process has it. What a dead one left is unknown."""
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
        """Return a run; an InputError where no run has that number."""
        found = self._one("WHERE id = ?", identifier)
        if found is None:
            raise InputError(f"there is no run {identifier} in {self._store.path}. `smscli runs` lists them.")
        return found

    def is_kept(self, identifier: int) -> bool:
        """Return whether a run still has its texts and numbers, so was not forgotten."""
        return bool(self._store.read_one("SELECT 1 FROM run WHERE id = ? AND content != ''", (identifier,)))

    def by_key(self, key: str) -> Run | None:
        """Return the run of a key."""
        return self._one("WHERE key = ?", key)

    def latest(self, which: Which = EVERY_RUN, limit: int = _ALL) -> list[Run]:
        """Return the latest of some runs, the latest first."""
        condition, values = which.condition
        rows = self._store.read(f"SELECT {_RUN} FROM run WHERE {condition} ORDER BY id DESC LIMIT ?", (*values, limit))
        return list(map(_run, rows))

    def count(self, which: Which) -> int:
        """Return how many these runs are."""
        condition, values = which.condition
        return int(self._store.read_one(f"SELECT count(*) FROM run WHERE {condition}", values)[0])

    def twin(self, run: Run) -> int | None:
        """Return the first later run that sent the same texts to the same numbers from the same account."""
        found = self._store.read_one(
            "SELECT min(run.id) FROM run JOIN batch ON batch.run = run.id AND batch.accepted > 0 "
            "WHERE digest = ? AND account = ? AND run.id > ?",
            (run.digest, run.account, run.id),
        )
        return None if found[0] is None else int(found[0])

    def same_since(self, digest: str, account: str, since: float) -> Run | None:
        """Return the latest run of the same texts and numbers since a moment.

        It is one of which anything may have been sent, or that a process is just about to send.
        """
        rows = self._store.read(
            f"SELECT {_RUN}, EXISTS (SELECT 1 FROM batch WHERE batch.run = run.id AND {_MAY_HAVE_LEFT}) "
            "FROM run WHERE digest = ? AND account = ? AND created >= ? ORDER BY id DESC",
            (digest, account, since),
        )
        return next((_run(row) for *row, may_have_left in rows if may_have_left or self.is_held(row[0])), None)

    def _one(self, where: str, *values: object) -> Run | None:
        row = self._store.read_one(f"SELECT {_RUN} FROM run {where}", values)
        return _run(row) if row else None

    # --- batches ---

    def batches(self, run: int, wanted: Sequence[State] = tuple(State)) -> Iterator[Batch]:
        """Yield a run's batches in these states, in their order, with their reports counted."""
        rows = self._store.stream(
            f"SELECT {_BATCH}, {_REPORTED} FROM batch JOIN run ON run.id = batch.run "
            f"WHERE batch.run = ? AND state IN ({marks(wanted)}) ORDER BY number",
            (run, *wanted),
        )
        return map(partial(_as_seen, self._store.is_alive(run)), map(_batch, rows))

    def troubled_batches(self, run: int) -> list[Batch]:
        """Return a run's batches that are neither planned nor accepted as a whole."""
        found = self._select(
            run,
            "state != 'planned' AND NOT (state = 'accepted' AND accepted = batch.numbers "
            "AND batch.invalid = 0 AND blacklisted = 0)",
        )
        alive = self._store.is_alive(run)
        return [_as_seen(alive, batch) for batch in found]

    def open_batches(self, run: int, after: int = 0, limit: int = _ALL) -> list[Batch]:
        """Return the batches after number `after` that may still be sent: nothing of them was or may have been sent."""
        return self._select(run, "number > ? AND open = 1", after, limit=limit)

    def unsettled_batches(self, run: int) -> list[Batch]:
        """Return the batches whose outcome only a report or a person can say."""
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
        """Yield the numbers that a profile sends to between two moments, and when.

        These are messages that were sent, may have been, or are planned; a scheduled one counts when it is due.
        """
        rows = self._store.read(
            "SELECT mobiles, due FROM run JOIN batch ON batch.run = run.id "
            f"WHERE profile = ? AND due > ? AND due < ? AND (open = 1 OR {_MAY_HAVE_LEFT}) "
            "UNION ALL SELECT mobiles, sent FROM batch JOIN run ON run.id = batch.run "
            f"WHERE profile = ? AND sent > ? AND sent < ? AND due IS NULL AND {_MAY_HAVE_LEFT} "
            "UNION ALL SELECT mobiles, created FROM run JOIN batch ON batch.run = run.id "
            "WHERE profile = ? AND created > ? AND created < ? AND due IS NULL AND open = 1 AND state = 'planned'",
            (profile, start, end) * 3,
        )
        return ((mobiles.split(","), at) for mobiles, at in rows)

    # --- changing ---

    def advance(self, run: Run, answered: Batch | None, following: Batch | None) -> Batch | None:
        """Make an answer durable and claim the next batch, in one sync; only then may its request leave.

        Returns the batch as it may be sent, without the numbers that opted out; as *dropped* where no number is left;
        None where it is not open any more, as after `cancel`. Threads that ask at the same time share one sync.
        """
        return self._store.commit_together(partial(_advance, run, answered, following))

    def decide_unknown(self, run: int, again: bool, batches: Sequence[int] = ()) -> None:
        """Carry out what a person decided about unknown batches: send them again, or never.

        Without numbers of batches it is all of them.
        """
        which = f"AND number IN ({marks(batches)})" if batches else ""
        with self._store.transaction() as connection:
            connection.execute(
                f"UPDATE batch SET state = ?, open = ? WHERE run = ? AND state = ? {which}",
                (*(states.PLANNED if again else states.DROPPED), run, State.UNKNOWN, *batches),
            )

    def cancel(self, run: int) -> int:
        """Drop what is open of a run for good, also while a process is sending it; return how many numbers that is."""
        with self._store.transaction() as connection:
            numbers = self.open_numbers(run)
            with recounted(connection, run, *_reportable(connection, run)):
                connection.execute(
                    "UPDATE batch SET state = ?, open = ?, sent = NULL, code = NULL, error = ? "
                    "WHERE run = ? AND open = 1",
                    (*states.DROPPED, CANCELLED, run),
                )
            connection.execute("UPDATE run SET cancelled = ? WHERE id = ?", (time.time(), run))
        return numbers


def _insert(connection: Connection, run: Run, batches: Iterable[tuple[str, Sequence[str]]]) -> int:
    cursor = connection.execute(f"INSERT INTO run ({_NEW_RUN}) VALUES ({marks(run[1:])})", run[1:])
    identifier = cursor.lastrowid or 0
    connection.executemany(
        "INSERT INTO batch (run, number, state, open, counted, content, mobiles, numbers, parts) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        ((identifier, number, *states.PLANNED, _COUNTED, *row) for number, row in enumerate(_rows(run, batches), 1)),
    )
    return identifier


def _rows(run: Run, batches: Iterable[tuple[str, Sequence[str]]]) -> Iterator[tuple[str | None, str, int, int]]:
    """Yield for each batch: its text (null if it is the run's), its numbers joined, how many, the text's parts."""
    last, parts = None, 1
    for text, people in batches:
        if text != last:
            last, parts = text, billed_parts(signed(text, run.sign))
        yield None if text == run.content else text, ",".join(people), len(people), parts


def _advance(run: Run, answered: Batch | None, following: Batch | None, connection: Connection) -> Batch | None:
    if answered:
        _settle(connection, run.id, answered)
    return _claim(connection, run, following) if following else None


def _settle(connection: Connection, run: int, batch: Batch) -> None:
    gone = (
        connection.execute("SELECT 1 FROM run WHERE id = ? AND cancelled IS NOT NULL", (run,)) if batch.open else None
    )
    if gone and gone.fetchone():  # it was in flight then, and nothing of it was sent
        batch = batch.ended(states.DROPPED, CANCELLED)._replace(code=None, message="")
    with recounted(connection, run, batch.number):
        _write_answer(connection, run, batch)
    if batch.sendid:
        count_again(connection, batch.sendid, batch.parts)


def _write_answer(connection: Connection, run: int, batch: Batch) -> None:
    cursor = connection.execute(
        "UPDATE batch SET state = ?, open = ?, changed = ?, code = ?, sendid = ?, accepted = ?, invalid = ?, "
        "blacklisted = ?, message = ?, error = ?, "
        "sent = CASE WHEN ? = 'dropped' THEN NULL ELSE sent END WHERE run = ? AND number = ? AND state = ?",
        (
            batch.state, batch.open, time.time(), batch.code, batch.sendid, batch.accepted, batch.invalid,
            batch.blacklisted, batch.message, batch.error, batch.state, run, batch.number, State.SENDING,
        ),
    )  # fmt: skip
    if cursor.rowcount != 1:
        raise LedgerError(f"batch {batch.number} of run {run} was changed by another program.")


def _claim(connection: Connection, run: Run, batch: Batch) -> Batch | None:
    unwanted = set() if run.include_opted_out else unwilling(connection, run.account, batch.mobiles)
    mobiles = tuple(mobile for mobile in batch.mobiles if mobile not in unwanted) if unwanted else batch.mobiles
    fate, error = (states.SENDING, "") if mobiles else (states.DROPPED, _NOBODY_LEFT)
    kept = mobiles or batch.mobiles  # a dropped batch still shows its numbers
    now = time.time()
    # It is in the counters only if it was refused and has a sendid all the same.
    with recounted(connection, run.id, batch.number) if batch.sendid else nullcontext():
        cursor = connection.execute(
            "UPDATE batch SET state = ?, open = ?, mobiles = ?, numbers = ?, changed = ?, sent = ?, "
            "code = NULL, message = '', error = ? WHERE run = ? AND number = ? AND open = 1",
            (*fate, ",".join(kept), len(mobiles), now, now if mobiles else None, error, run.id, batch.number),
        )
    if cursor.rowcount != 1:
        return None
    return batch.ended(fate, error)._replace(mobiles=mobiles, numbers=len(mobiles), code=None, message="")


def _reportable(connection: Connection, run: int) -> list[int]:
    """Return the open batches that have a sendid although they were refused, so that they may have reports."""
    rows = connection.execute("SELECT number FROM batch WHERE run = ? AND open = 1 AND sendid != ''", (run,))
    return [number for (number,) in rows.fetchall()]


def _as_seen(alive: bool, batch: Batch) -> Batch:
    """Return a batch as a reader sees it: what a dead process left as sending is unknown."""
    return batch if states.as_seen(batch.state, alive) is batch.state else batch.ended(states.UNKNOWN, DIED)


def _run(row: Sequence[Any]) -> Run:
    run = Run(*row)
    return run._replace(include_opted_out=bool(run.include_opted_out))


def _batch(row: Sequence[Any]) -> Batch:
    number, state, still_open, content, mobiles, *rest = row
    return Batch(number, State(state), bool(still_open), content, tuple(mobiles.split(",")), *rest)
