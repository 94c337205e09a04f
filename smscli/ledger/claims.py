"""What a process claims of a run, and the answers that it writes: each batch is sent by one process, and once.

A claim has a token, and is on disk before its request leaves. The answer is written under that token alone: a process
that lost its connection can write it again and again, and one that was taken for dead writes over nothing of others.
Where a claim can outlive the lock of its run, its request has to leave within the store's `gate`; only after that time
do others call it unknown.
"""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from math import inf
from pathlib import Path
from typing import Any, NamedTuple

from smscli.errors import LedgerBusyError, LedgerCutError, LedgerError, LedgerLostError
from smscli.language import later
from smscli.ledger import states
from smscli.ledger.allowance import Allowance, Limit
from smscli.ledger.answers import Written, give_back, settle
from smscli.ledger.counters import recounted
from smscli.ledger.engines import Connection
from smscli.ledger.optouts import unwilling
from smscli.ledger.runs import BATCH, Batch, Run, read_batch
from smscli.ledger.states import State, Stop
from smscli.ledger.store import Store, journal_directory

# How long to try to write an answer while the ledger is locked, or its disk is full or its server away; and the pause.
LOCKED_SECONDS = 600.0
AWAY_SECONDS = 60.0
AGAIN_SECONDS = 0.5
_FAR = 86400.0  # no turn is so many seconds away
_NOBODY_LEFT = later("its numbers opted out before it was sent.")
_NOBODY_MAY = later("its numbers would get more messages than per_number allows.")
# Goes on while the machine is suspended, where the system has such a clock.
_CLOCK: int | None = getattr(time, "CLOCK_BOOTTIME", None)
_Write = Callable[[str, float, Connection], Any]


class Claim(NamedTuple):
    """A batch that may be sent by this process, without those who must not get it; *dropped* where nobody is left."""

    batch: Batch
    latest: float = inf  # on the process's own clock: when its request has to have left
    opted_out: int = 0
    held_back: int = 0

    @property
    def may_leave(self) -> bool:
        """Whether its request may still leave."""
        return _clock() <= self.latest


class Claims:
    """The claims of this process on a run that it holds; safe to use from several threads.

    `stopped` is why the run stopped for all that send it, once that was seen here; `refused` batches were by
    then. `rate` is the run's, as it was seen last.
    `unwritten` are answers that are known only here, and `doubtful` tokens of claims that may be on disk, although
    their requests never leave. `overtaken` are answers about batches that others have decided about meanwhile.
    """

    def __init__(self, store: Store, run: Run, one_text: bool, limits: Sequence[Limit] = ()) -> None:
        """Prepare for claims; `limits` hold for how many messages a number gets, where that was not decided before."""
        self.stopped: Stop | None = None
        self.refused, self.rate = 0, run.rate
        self.unwritten: list[Batch] = []
        self.overtaken: list[Batch] = []
        self.doubtful: list[str] = []
        self._store, self._run, self._one_text = store, run, one_text
        self._allowance = Allowance(store, run, limits) if limits else None
        self._unknowns = 0  # in a row, when that was last looked at
        self._last = 0  # the batch that was claimed last, for each is tried once

    def advance(self, answered: Batch | None, wants_more: Callable[[], bool]) -> Claim | None:
        """Make an answer durable and claim the next batch, in one sync; only then may its request leave.

        None where nothing is left, nothing more is wanted, or the run has stopped. Threads that ask at the same time
        share one sync.
        """
        claim: Claim | None = self._persist(answered, wants_more, self._claim)
        if claim:
            self._last = max(self._last, claim.batch.number)
        return claim

    def take_turn(self, answered: Batch | None, wants_more: Callable[[], bool]) -> float:
        """Make an answer durable, and return in how many seconds the next request may leave by the run's rate."""
        wait: float | None = self._persist(answered, wants_more, self._take_turn)
        return wait or 0.0

    def keep(self) -> Path | None:
        """Keep in a file, for the next command, what could not be written; returns it, None where it is not kept."""
        from smscli.ledger import journal  # few sends end so

        outcomes, directory = [batch.outcome for batch in list(self.unwritten)], journal_directory()
        if directory is None or not (outcomes or self.doubtful):
            return None
        return journal.keep(directory, self._store.place, self._run.id, outcomes, self.doubtful)

    def _persist(self, answered: Batch | None, wants_more: Callable[[], bool], take: _Write) -> Any:
        """Write, and try again while the ledger is locked, its disk full or its server away.

        An answer is known only here, so this gives up only after a long time, or where the ledger is gone.
        """
        begun = time.monotonic()
        if answered:
            self.unwritten.append(answered)
        while (more := wants_more()) or answered or self.doubtful:
            token, doubtful = os.urandom(8).hex() if more else "", list(self.doubtful)
            latest = _clock() + self._store.gate if self._store.gate else inf
            try:
                written, taken = self._store.commit_together(
                    partial(self._write, answered, doubtful, partial(take, token, latest) if more else None),
                    beside=self._allowance is None,
                )
            except LedgerError as error:
                if more and isinstance(error, LedgerCutError):
                    self.doubtful.append(token)  # so that it is given back
                if not self._is_patient(error, answered, time.monotonic() - begun):
                    raise
                if self._allowance:
                    self._allowance.forget()
                time.sleep(AGAIN_SECONDS)
                continue
            if answered:
                self.unwritten.remove(answered)
                self.overtaken += [answered] if written is Written.OVERTAKEN and not answered.open else []
            if doubtful:
                self.doubtful = [token for token in self.doubtful if token not in doubtful]
                self._last = 0  # what was given back is behind it
            return taken
        return None

    def _is_patient(self, error: LedgerError, answered: Batch | None, waited: float) -> bool:
        """Return whether to try again after an error."""
        if isinstance(error, LedgerLostError) and not isinstance(error, LedgerCutError):
            return False
        patience = LOCKED_SECONDS if isinstance(error, LedgerBusyError) else AWAY_SECONDS
        return waited < patience and bool(answered or self.doubtful)

    # --- within a transaction ---

    def _write(
        self,
        answered: Batch | None,
        doubtful: Sequence[str],
        take: Callable[[Connection], Any] | None,
        connection: Connection,
    ) -> tuple[Written | None, Any]:
        for token in doubtful:
            give_back(connection, self._run.id, token)
        written = settle(connection, self._run.id, answered.outcome) if answered else None
        if answered and written is Written.NEW:
            self._judge(connection, answered)
        return written, take(connection) if take else None

    def _judge(self, connection: Connection, batch: Batch) -> None:
        """Count a batch's outcome in its run, and stop the run if the next batches would end in the same way."""
        run = self._run.id
        if batch.state is State.UNKNOWN:
            connection.execute("UPDATE run SET unknowns = unknowns + 1 WHERE id = ?", (run,))
        elif self._unknowns and batch.state is not State.PLANNED:
            connection.execute("UPDATE run SET unknowns = 0 WHERE id = ?", (run,))
            self._unknowns = 0
        if batch.state is State.REFUSED:
            connection.execute("UPDATE run SET refused = refused + 1 WHERE id = ?", (run,))
        if batch.state not in (State.UNKNOWN, State.REFUSED, State.UNREACHABLE):
            return
        counts = "SELECT unknowns, refused, max_refused FROM run WHERE id = ?"
        self._unknowns, refused, most = connection.execute(counts, (run,)).fetchone()
        stop = states.reason_to_stop(batch.state, batch.open or self._one_text, self._unknowns, refused, most)
        if stop:
            connection.execute("UPDATE run SET stopped = ? WHERE id = ? AND stopped = ''", (stop, run))

    def _take_turn(self, _token: str, _latest: float, connection: Connection) -> float | None:
        now, pause = connection.now(), 1 / self.rate
        # In one statement, because several hosts may do it at once. A turn after all that wait is no turn: the clock
        # was set back.
        connection.execute(
            "UPDATE run SET turn = ? + CASE WHEN turn > ? AND turn < ? THEN turn ELSE ? END WHERE id = ?",
            (pause, now, now + _FAR, now, self._run.id),
        )
        turn, stopped, refused = connection.execute(
            "SELECT turn, stopped, refused FROM run WHERE id = ?", (self._run.id,)
        ).fetchone()
        if stopped:
            self.stopped, self.refused = Stop(stopped), refused
        return float(turn - pause - now)

    def _claim(self, token: str, latest: float, connection: Connection) -> Claim | None:
        row = connection.execute(
            f"SELECT {BATCH}, stopped, run.refused, unknowns, rate FROM batch JOIN run ON run.id = batch.run WHERE "
            f"batch.run = ? AND number > ? AND open = 1 ORDER BY number LIMIT 1{connection.skip_locked}",
            (self._run.id, self._last),
        ).fetchone()
        if row is None:
            return None
        *columns, stopped, refused, self._unknowns, self.rate = row
        if stopped:
            self.stopped, self.refused = Stop(stopped), refused
            return None
        return self._take(connection, read_batch(columns), token, latest)

    def _take(self, connection: Connection, batch: Batch, token: str, latest: float) -> Claim:
        """Claim a batch without those who must not get it, all in the one transaction in which that was looked up."""
        run, now = self._run, connection.now()
        unwanted = set() if run.include_opted_out else unwilling(connection, run.account, batch.mobiles)
        willing = [mobile for mobile in batch.mobiles if mobile not in unwanted]
        over = self._allowance.spent(willing, now) if self._allowance else set()
        mobiles = tuple(mobile for mobile in willing if mobile not in over)
        fate, error = states.SENDING, ""
        if not mobiles:
            fate, error = states.DROPPED, _NOBODY_MAY if over else _NOBODY_LEFT
        kept = mobiles or batch.mobiles  # a dropped batch still shows its numbers
        # It is in the counters only if it was refused and has a sendid all the same.
        with recounted(connection, run.id, batch.number, beside=True) if batch.sendid else nullcontext():
            connection.execute(
                "UPDATE batch SET state = ?, open = ?, mobiles = ?, numbers = ?, changed = ?, sent = ?, "
                "code = NULL, message = '', error = ?, token = ? WHERE run = ? AND number = ?",
                (
                    *fate, ",".join(kept), len(mobiles), now, now if mobiles else None,
                    error, token, run.id, batch.number,
                ),
            )  # fmt: skip
        claimed = batch.ended(fate, error)._replace(
            mobiles=mobiles, numbers=len(mobiles), code=None, message="", token=token
        )
        return Claim(claimed, latest, len(batch.mobiles) - len(willing), len(willing) - len(mobiles))


def _clock() -> float:
    return time.monotonic() if _CLOCK is None else time.clock_gettime(_CLOCK)
