"""Every send and its fate, in an SQLite file that survives a crash at any moment.

A batch is on disk as *sending* before its request leaves, so whatever a dead process left in that state is unknown.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, TypeVar

from smscli.errors import InputError
from smscli.ledger.store import connect, explained, ledger_path, lock_byte, marks, unlock_byte
from smscli.protocol.answers import ACCOUNT_CODES

DELIVERED = "DELIVRD"
_LOOK_SECONDS = 0.5
_Kind = TypeVar("_Kind", bound="Ledger")


class State(StrEnum):
    """What is known of a batch; `CONTRIBUTING.md` has the table of how it changes."""

    PLANNED = "planned"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"
    DROPPED = "dropped"


class Run(NamedTuple):
    """One `send` as it was asked for; `created` is in seconds since 1970, `stime` China time or empty."""

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


class Batch(NamedTuple):
    """One request of a run: its text, its numbers, and what became of it."""

    number: int
    state: State
    content: str
    mobiles: str
    numbers: int
    code: int | None = None
    sendid: str = ""
    accepted: int = 0
    invalid: int = 0
    blacklisted: int = 0
    message: str = ""
    error: str = ""
    delivered: int = 0
    failed: int = 0


class Totals(NamedTuple):
    """A run's batches and numbers by state, and what the gateway counted; `missing` are not (yet) accepted."""

    batches: Mapping[State, int]
    numbers: Mapping[State, int]
    accepted: int
    invalid: int
    blacklisted: int
    missing: int


@contextmanager
def open_ledger() -> Iterator["Ledger"]:
    """Open the ledger, creating or migrating it; it is closed behind the block."""
    with opened(Ledger) as ledger:
        yield ledger


@contextmanager
def opened(kind: type[_Kind]) -> Iterator[_Kind]:
    """Open the ledger as the class that has what is wanted of it: `Ledger`, or `Circle` for what came back."""
    path = ledger_path()
    with explained(path):
        ledger = kind(path, connect(path))
    try:
        yield ledger
    finally:
        ledger.close()


_IS_OPEN = (
    "(state IN ('planned', 'unreachable') OR state = 'refused' AND "
    f"(code IN ({', '.join(map(str, ACCOUNT_CODES))}) OR code = 2 AND message NOT LIKE '%敏感%'))"
)
_UNFINISHED = f"SELECT run FROM batch WHERE {_IS_OPEN} OR state IN ('sending', 'unknown')"
_BATCH = "number, state, coalesce(batch.content, run.content), mobiles, batch.numbers, code, sendid, accepted, "
_BATCH += "batch.invalid, blacklisted, message, error"
_TALLY = "(SELECT coalesce(sum(tally.numbers), 0) FROM tally WHERE tally.sendid = batch.sendid AND batch.sendid != ''"
_REPORTED = f"{_TALLY} AND tally.state = '{DELIVERED}'), {_TALLY} AND tally.state != '{DELIVERED}')"
_RUN = ", ".join(Run._fields)


class Ledger:
    """An open ledger; `settle` may be called from several threads at once."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path, self._connection = path, connection
        self._queue: list[_Ticket] = []
        self._queueing, self._committing = threading.Lock(), threading.Lock()
        self._locks = os.open(f"{path}-lock", os.O_RDWR | os.O_CREAT, 0o600)
        self._mine: set[int] = set()

    def close(self) -> None:
        """Close the file, but never under a thread that is writing: that one, and the file, end with the process."""
        if self._committing.acquire(timeout=_LOOK_SECONDS):
            self._connection.close()
            self._committing.release()

    # --- runs ---

    @contextmanager
    def new_run(self, run: Run, batches: Iterable[tuple[str, str, int]]) -> Iterator[int]:
        """Write a run and its batches, and hold it for this process while the block lasts; yields its id.

        A batch is its text, its numbers joined by commas, and how many these are.
        """
        with explained(self._path):
            self._begin()
            try:
                fields = _RUN.removeprefix("id, ")
                cursor = self._connection.execute(f"INSERT INTO run ({fields}) VALUES ({marks(run[1:])})", run[1:])
                identifier = cursor.lastrowid or 0
                self._connection.executemany(
                    "INSERT INTO batch (run, number, state, content, mobiles, numbers) VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        (identifier, number, State.PLANNED, None if text == run.content else text, mobiles, count)
                        for number, (text, mobiles, count) in enumerate(batches, 1)
                    ),
                )
                self._lock(identifier)  # nobody else knows of it yet
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
        try:
            yield identifier
        finally:
            self._unlock(identifier)

    @contextmanager
    def held(self, run: int) -> Iterator[None]:
        """Hold a run for this process; an InputError where another one is at it. What was left in flight is unknown."""
        patience = time.monotonic() + _LOOK_SECONDS
        while not self._lock(run):
            if time.monotonic() > patience:
                raise InputError(f"run {run} is being sent by another process. This one sent nothing.")
            time.sleep(0.02)  # another process may only be looking, see is_held()
        try:
            with explained(self._path):
                self._begin()
                self._connection.execute(
                    "UPDATE batch SET state = ?, error = ? WHERE run = ? AND state = ?",
                    (State.UNKNOWN, "the sending process ended before an answer came.", run, State.SENDING),
                )
                self._connection.execute("COMMIT")
            yield
        finally:
            self._unlock(run)

    def is_held(self, run: int) -> bool:
        """Tell whether another process that lives is sending this run."""
        if run in self._mine:
            return False
        if not self._lock(run):
            return True
        self._unlock(run)
        return False

    def run(self, identifier: int) -> Run:
        """Return a run; an InputError where there is none of that number."""
        found = self._one("WHERE id = ?", identifier)
        if found is None:
            raise InputError(f"there is no run {identifier} in {self._path}. `smscli runs` lists them.")
        return found

    def run_by_key(self, key: str) -> Run | None:
        """Return the run of a key."""
        return self._one("WHERE key = ?", key)

    def twin(self, run: Run) -> int | None:
        """Return the first later run that sent the same texts to the same numbers from the same account."""
        with explained(self._path):
            row = self._connection.execute(
                "SELECT min(run.id) FROM run JOIN batch ON batch.run = run.id AND batch.accepted > 0 "
                "WHERE run.id > ? AND digest = ? AND account = ?",
                (run.id, run.digest, run.account),
            ).fetchone()
        return None if row[0] is None else int(row[0])

    def runs(self) -> Iterator[Run]:
        """Yield all runs, the latest first."""
        with explained(self._path):
            for row in self._connection.execute(f"SELECT {_RUN} FROM run ORDER BY id DESC"):
                yield Run(*row)

    def _one(self, where: str, value: int | str) -> Run | None:
        with explained(self._path):
            row = self._connection.execute(f"SELECT {_RUN} FROM run {where}", (value,)).fetchone()
        return Run(*row) if row else None

    # --- batches ---

    def batches(self, run: int, states: Sequence[State] = tuple(State)) -> Iterator[Batch]:
        """Yield a run's batches in these states, in their order."""
        with explained(self._path):
            rows = self._connection.cursor().execute(
                f"SELECT {_BATCH}, {_REPORTED} FROM batch JOIN run ON run.id = batch.run "
                f"WHERE batch.run = ? AND state IN ({marks(states)}) ORDER BY number",
                (run, *states),
            )
            for number, state, *rest in rows:
                yield Batch(number, State(state), *rest)

    def has_one_text(self, run: int) -> bool:
        """Tell whether all batches of a run have the same text."""
        with explained(self._path):
            texts = self._connection.execute(
                "SELECT DISTINCT content FROM batch WHERE run = ? LIMIT 2", (run,)
            ).fetchall()
        return len(texts) < 2

    def troubled_batches(self, run: int) -> list[Batch]:
        """Return a run's batches of which something can be told: all but the planned and the wholly accepted."""
        return self._select(run, "state != 'planned' AND NOT (state = 'accepted' AND accepted >= batch.numbers)")

    def _select(self, run: int, condition: str, *values: object, limit: int = -1) -> list[Batch]:
        # Not while another thread begins to write: a half-read statement would pin it to an old state of the file.
        with explained(self._path), self._committing:
            rows = self._connection.execute(
                f"SELECT {_BATCH} FROM batch JOIN run ON run.id = batch.run "
                f"WHERE batch.run = ? AND {condition} ORDER BY number LIMIT ?",
                (run, *values, limit),
            ).fetchall()
        return [Batch(number, State(state), *rest) for number, state, *rest in rows]

    def totals(self, run: int) -> Totals:
        """Return what became of a run so far."""
        with explained(self._path):
            rows = self._connection.execute(
                "SELECT state, count(*), sum(numbers), sum(accepted), sum(invalid), sum(blacklisted), "
                "sum(max(0, numbers - accepted)) FROM batch WHERE run = ? GROUP BY state",
                (run,),
            ).fetchall()
        counts = [sum(row[index] for row in rows) for index in (3, 4, 5, 6)]
        return Totals({State(r[0]): r[1] for r in rows}, {State(r[0]): r[2] for r in rows}, *counts)

    def verdicts(self, run: int) -> dict[str, int]:
        """Return how many of a run's numbers each report state counts for (protocol §3)."""
        with explained(self._path):
            rows = self._connection.execute(
                "SELECT tally.state, sum(tally.numbers) FROM batch JOIN tally ON tally.sendid = batch.sendid "
                "WHERE batch.run = ? AND batch.sendid != '' AND tally.numbers > 0 GROUP BY tally.state ORDER BY 2 DESC",
                (run,),
            )
            return dict(rows.fetchall())

    def opted_out(self, account: str) -> set[str]:
        """Return the numbers that want no more messages from an account."""
        with explained(self._path):
            rows = self._connection.execute("SELECT mobile FROM optout WHERE account = ?", (account,))
            return {mobile for (mobile,) in rows}

    def open_batches(self, run: int, after: int = 0, limit: int = -1) -> list[Batch]:
        """Return the batches behind `after` that may still go out: nothing of them was or may have been sent.

        Besides the planned and the unreachable these are the ones refused for the account's sake.
        """
        return self._select(run, f"number > ? AND {_IS_OPEN}", after, limit=limit)

    def open_numbers(self, run: int) -> int:
        """Return how many numbers may still be sent to."""
        with explained(self._path):
            row = self._connection.execute(
                f"SELECT coalesce(sum(numbers), 0) FROM batch WHERE run = ? AND {_IS_OPEN}",
                (run,),
            ).fetchone()
        return int(row[0])

    def change_state(self, run: int, old: State, new: State) -> None:
        """Put all of a run's batches that are in one state into another."""
        with explained(self._path):
            self._begin()
            self._connection.execute("UPDATE batch SET state = ? WHERE run = ? AND state = ?", (new, run, old))
            self._connection.execute("COMMIT")

    def leave_out(self, run: Run) -> int:
        """Take who opted out since a run was made out of what is open of it; returns how many these are."""
        with explained(self._path):
            rows = self._connection.execute(
                "SELECT mobile FROM optout WHERE account = ? AND since > ?", (run.account, run.created)
            )
            unwanted = {mobile for (mobile,) in rows}
        if not unwanted:
            return 0
        count, execute = 0, self._connection.execute
        with explained(self._path):
            self._begin()
            for batch in self.open_batches(run.id):
                mobiles = batch.mobiles.split(",")
                wanted = [mobile for mobile in mobiles if mobile not in unwanted]
                count += len(mobiles) - len(wanted)
                values: tuple[str | int, ...]
                if wanted:
                    change, values = "mobiles = ?, numbers = ?", (",".join(wanted), len(wanted))
                else:
                    change, values = "numbers = 0, state = ?, code = NULL, error = ?", (State.DROPPED, _NOBODY_LEFT)
                execute(f"UPDATE batch SET {change} WHERE run = ? AND number = ?", (*values, run.id, batch.number))
            self._connection.execute("COMMIT")
        return count

    def sent_since(self, profile: str, moment: float) -> Iterator[str]:
        """Yield the numbers, joined by commas, that a profile sent something to, or may have, or is about to."""
        with explained(self._path):
            for (mobiles,) in self._connection.execute(
                "SELECT batch.mobiles FROM batch JOIN run ON run.id = batch.run "
                "WHERE run.profile = ? AND (batch.changed > ? AND state IN ('sending', 'accepted', 'unknown') "
                "OR run.created > ? AND state = 'planned')",
                (profile, moment, moment),
            ):
                yield mobiles

    def settle(self, run: int, changed: Sequence[Batch]) -> None:
        """Make new states durable before returning; what several threads ask for at once shares one sync to disk.

        A batch may become `sending` only if nothing was or may have been sent of it before.
        """
        if not changed:
            return
        ticket = _Ticket(run, changed)
        with self._queueing:
            self._queue.append(ticket)
        with self._committing:
            if not ticket.done:
                with self._queueing:
                    taken, self._queue = self._queue, []
                self._settle_together(taken)
        if ticket.error:
            with explained(self._path):
                raise ticket.error

    def _settle_together(self, tickets: Sequence["_Ticket"]) -> None:
        try:
            self._begin()
            try:
                for ticket in tickets:
                    for batch in ticket.changed:
                        self._change(ticket.run, batch)
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
        except Exception as error:
            for ticket in tickets:
                ticket.error = error
        for ticket in tickets:
            ticket.done = True

    def _change(self, run: int, batch: Batch) -> None:
        now, leaves = time.time(), batch.state is State.SENDING
        allowed = _SENDABLE if leaves else (State.SENDING,)
        cursor = self._connection.execute(
            "UPDATE batch SET state = ?, changed = ?, sent = coalesce(?, sent), code = ?, sendid = ?, accepted = ?, "
            "invalid = ?, blacklisted = ?, message = ?, error = ? "
            f"WHERE run = ? AND number = ? AND state IN ({marks(allowed)})",
            (batch.state, now, now if leaves else None, *batch[5:12], run, batch.number, *allowed),
        )
        if cursor.rowcount != 1:
            raise sqlite3.OperationalError(f"batch {batch.number} of run {run} was changed by another program")

    # --- forgetting ---

    def forget(self, before: float) -> tuple[int, int]:
        """Forget finished runs from before a moment; returns how many were forgotten and how many are unfinished.

        A run with a key keeps its counts, so that the key goes on protecting against a second send; its texts and
        numbers go like all the others. So do reports and replies that came before; opt-outs stay.
        """
        past, done = "created < ?", f"created < ? AND id NOT IN ({_UNFINISHED})"
        with explained(self._path):
            execute = self._connection.execute
            self._begin()
            (left,) = execute(f"SELECT count(*) FROM run WHERE {past} AND id IN ({_UNFINISHED})", (before,)).fetchone()
            (gone,) = execute(
                f"SELECT count(*) FROM run WHERE {done} AND (key IS NULL OR content != '')", (before,)
            ).fetchone()
            execute(f"DELETE FROM run WHERE key IS NULL AND {done}", (before,))
            forgotten = f"SELECT id FROM run WHERE {done}"
            execute(f"UPDATE batch SET mobiles = '', content = NULL WHERE run IN ({forgotten})", (before,))
            execute(f"UPDATE run SET content = '', source = '' WHERE {done}", (before,))
            for table in ("report", "reply", "quarantine"):
                execute(f"DELETE FROM {table} WHERE received < ?", (before,))
            execute(
                "DELETE FROM tally WHERE NOT EXISTS (SELECT 1 FROM report WHERE report.sendid = tally.sendid) AND "
                "NOT EXISTS (SELECT 1 FROM batch WHERE batch.sendid = tally.sendid AND batch.sendid != '')"
            )
            execute("COMMIT")
            execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return gone, left

    def _begin(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    # --- one lock a run, a byte each in a file beside the ledger; the system frees it when the process dies ---

    def _lock(self, run: int) -> bool:
        try:
            lock_byte(self._locks, run)
        except OSError:
            return False
        self._mine.add(run)
        return True

    def _unlock(self, run: int) -> None:
        self._mine.discard(run)
        unlock_byte(self._locks, run)


class _Ticket:
    """A thread's wish to have states changed, waiting for the next sync."""

    def __init__(self, run: int, changed: Sequence[Batch]) -> None:
        self.run, self.changed = run, changed
        self.done = False
        self.error: Exception | None = None


_NOBODY_LEFT = "its numbers opted out before it was sent."
_SENDABLE = (State.PLANNED, State.REFUSED, State.UNREACHABLE)
