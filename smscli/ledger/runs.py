"""Every send and what became of it.

A batch is on disk as *sending* before its request leaves. So what a dead process left in that state is unknown.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

from smscli.errors import BusyError, InputError
from smscli.language import _, later
from smscli.ledger import states
from smscli.ledger.answers import CANCELLED, Outcome
from smscli.ledger.counters import recounted
from smscli.ledger.engines import Connection, marks
from smscli.ledger.recent import keep_recent
from smscli.ledger.states import Fate, State
from smscli.ledger.store import Store
from smscli.ledger.verdicts import DELIVERED
from smscli.ledger.which import EVERY_RUN, Which
from smscli.protocol.billing import billed_parts, signed


class Run(NamedTuple):
    """One `send` as it was asked for.

    Times are in seconds since 1970, but `stime` is China time, or empty for now. `due` is the same moment as `stime`;
    `cancelled` is when a person cancelled the run. At most `rate` requests a second leave, and after `max_refused`
    refused batches none (0: no limit). `server` is the database cluster from which it was sent last. `template` is the
    name of its approved text, where it has one; `resends` is the run whose people it is sent to again.
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
    rate: float = 0
    max_refused: int = 0
    server: str = ""
    template: str = ""
    resends: int | None = None

    @property
    def forgotten(self) -> bool:
        """Whether its texts and numbers were pruned."""
        return not self.content


class Batch(NamedTuple):
    """One request of a run: its text, its numbers, and what became of it.

    `settled` means: by reports instead of an answer. `token` is that of the process that claimed it last. `delivered`
    and `failed` count the numbers that have a report.
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
    token: str = ""
    delivered: int = 0
    failed: int = 0

    def ended(self, fate: Fate, error: str = "") -> "Batch":
        """Return the batch in another state."""
        return self._replace(state=fate.state, open=fate.open, error=error)

    @property
    def shown(self) -> State:
        """Its state as a person sees it: where the gateway took none of its numbers, it is refused."""
        took_none = self.state is State.ACCEPTED and not self.accepted and not self.unaccounted
        return State.REFUSED if took_none else self.state

    @property
    def outcome(self) -> Outcome:
        """What became of it, as it is written under its claim's token."""
        return Outcome(
            self.number, self.token, self.state, self.open, self.code, self.sendid,
            self.accepted, self.invalid, self.blacklisted, self.message, self.error, self.parts,
        )  # fmt: skip

    @property
    def unaccounted(self) -> int:
        """By how many the gateway's counts and the numbers of an accepted batch differ."""
        counted = self.accepted + self.invalid + self.blacklisted
        return abs(self.numbers - counted) if self.state is State.ACCEPTED else 0


_EVER = 1e18  # a moment that never comes
_MARGIN = 2.0  # seconds between the gate and the judgment, for two clocks that do not go alike
DIED = later("the sending process ended before an answer came.")
_COUNTED = 1  # its changes go into the counters
BATCH = (  # of batch JOIN run, as read_batch() takes them
    "number, state, open, coalesce(batch.content, run.content), mobiles, batch.numbers, code, sendid, accepted, "
    "batch.invalid, blacklisted, message, error, settled, parts, token"
)
_TALLY = "(SELECT coalesce(sum(tally.numbers), 0) FROM tally WHERE tally.sendid = batch.sendid AND batch.sendid != ''"
_REPORTED = f"{_TALLY} AND tally.state = '{DELIVERED}'), {_TALLY} AND tally.state != '{DELIVERED}')"
_ALL = 2**62  # no limit, as both engines write it
_RUN = ", ".join(Run._fields)
_NEW_RUN = ", ".join(Run._fields[1:])
_STATES = ", ".join(f"'{state}'" for state in states.MAY_HAVE_LEFT)
MAY_HAVE_LEFT = f"(state IN ({_STATES}) OR state = 'dropped' AND sent IS NOT NULL)"  # of batches: maybe in part


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
        with self._store.transaction() as connection:
            run, batches = choose()
            run = run._replace(server=self._store.identity)
            run = run._replace(id=_insert(connection, run, batches))
            self._store.take(run.id)  # no other process knows it yet
        try:
            keep_recent(self._store)
            yield run
        finally:
            self._store.give_back(run.id)

    @contextmanager
    def hold(self, run: int, join: bool = False) -> Iterator[None]:
        """Hold a run for this process; a BusyError where another process has it, unless this one wants to join it.

        What a dead process left is unknown, and what stopped the run is forgotten.
        """
        with self._store.hold(run, join) as alone:
            if alone:
                with self._store.transaction() as connection:
                    self._judge(connection, run, 0)
                    connection.execute(
                        "UPDATE run SET refused = 0, unknowns = 0, stopped = '', turn = 0 WHERE id = ?", (run,)
                    )
            yield

    def set_pace(self, run: Run, rate: float, max_refused: int) -> Run:
        """Set how fast a run that is held may be sent, by all that send it, and return the run."""
        if (rate, max_refused) == (run.rate, run.max_refused):
            return run
        with self._store.transaction() as connection:
            connection.execute(
                "UPDATE run SET rate = ?, max_refused = ?, turn = 0 WHERE id = ?", (rate, max_refused, run.id)
            )
        return run._replace(rate=rate, max_refused=max_refused)

    def is_elsewhere(self, run: Run) -> bool:
        """Return whether a run was last sent from another database cluster than the ledger is on now."""
        return run.server != self._store.identity

    def move_here(self, run: Run) -> Run:
        """Note that a run is sent from the database cluster on which the ledger is now, and return the run."""
        with self._store.transaction() as connection:
            connection.execute("UPDATE run SET server = ? WHERE id = ?", (self._store.identity, run.id))
        return run._replace(server=self._store.identity)

    def judge(self, run: int, patience: float) -> float:
        """Make unknown what another process left as sending; return in how many seconds the rest of it can be judged.

        A claim can outlive the lock of its run, so it is judged only after the time in which its request may leave;
        while others send the run, after another `patience` in which the answer may come.
        """
        if not self._store.gate or not self._sending(run):
            return 0.0
        with self._store.transaction() as connection:
            patience = patience if self.is_held(run) else 0
            self._judge(connection, run, patience)
            latest, now = self._sending(run), connection.now()
        return max(latest + self._store.gate + _MARGIN + patience - now, 0.0) if latest else 0.0

    def _judge(self, connection: Connection, run: int, patience: float) -> None:
        # Without a gate whoever claimed them is dead, whatever the clock says.
        until = connection.now() - self._store.gate - _MARGIN - patience if self._store.gate else _EVER
        connection.execute(
            "UPDATE batch SET state = ?, open = ?, error = ? WHERE run = ? AND state = ? AND sent < ?",
            (*states.UNKNOWN, DIED, run, State.SENDING, until),
        )

    def _sending(self, run: int) -> float | None:
        """Return when the latest batch of a run was claimed that is still without an answer."""
        (latest,) = self._store.read_one("SELECT max(sent) FROM batch WHERE run = ? AND state = 'sending'", (run,))
        return None if latest is None else float(latest)

    def is_held(self, run: int) -> bool:
        """Return whether another process that lives is sending a run."""
        return self._store.is_held(run)

    # --- finding ---

    def find(self, identifier: int) -> Run:
        """Return a run; an InputError where no run has that number."""
        found = self._one("WHERE id = ?", identifier)
        if found is None:
            said = _("there is no run {run} in {path}. `smscli runs` lists them.")
            raise InputError(said.format(run=identifier, path=self._store.place))
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
            f"SELECT {_RUN}, EXISTS (SELECT 1 FROM batch WHERE batch.run = run.id AND {MAY_HAVE_LEFT}) "
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
            f"SELECT {BATCH}, {_REPORTED} FROM batch JOIN run ON run.id = batch.run "
            f"WHERE batch.run = ? AND state IN ({marks(wanted)}) ORDER BY number",
            (run, *wanted),
        )
        return map(partial(_as_seen, self._store.is_alive(run)), map(read_batch, rows))

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
        total = "SELECT coalesce(sum(numbers), 0) FROM batch WHERE run = ? AND open = 1"
        return int(self._store.read_one(total, (run,))[0])

    def progress(self, run: int) -> tuple[int, int]:
        """Return how many numbers of a run are not done yet, and how many the gateway accepted."""
        left, accepted = self._store.read_one(
            "SELECT coalesce(sum(CASE WHEN open = 1 OR state = 'sending' THEN numbers ELSE 0 END), 0), "
            "coalesce(sum(accepted), 0) FROM batch WHERE run = ?",
            (run,),
        )
        return int(left), int(accepted)

    def has_one_text(self, run: int) -> bool:
        """Return whether all batches of a run have the same text."""
        return len(self._store.read("SELECT DISTINCT content FROM batch WHERE run = ? LIMIT 2", (run,))) < 2

    def _select(self, run: int, condition: str, *values: object, limit: int = _ALL) -> list[Batch]:
        rows = self._store.read(
            f"SELECT {BATCH} FROM batch JOIN run ON run.id = batch.run "
            f"WHERE batch.run = ? AND {condition} ORDER BY number LIMIT ?",
            (run, *values, limit),
        )
        return list(map(read_batch, rows))

    # --- changing ---

    def decide_unknown(self, run: int, again: bool, batches: Sequence[int] = ()) -> None:
        """Carry out what a person decided about unknown batches: send them again, or never.

        Without numbers of batches it is all of them.
        """
        which = f"AND number IN ({marks(batches)})" if batches else ""
        with self._store.transaction() as connection:
            connection.execute(
                f"UPDATE batch SET state = ?, open = ?, token = '' WHERE run = ? AND state = ? {which}",
                (*(states.PLANNED if again else states.DROPPED), run, State.UNKNOWN, *batches),
            )

    def cancel(self, run: int) -> int:
        """Drop what is open of a run for good, also while a process is sending it; return how many numbers that is."""
        with self._store.transaction() as connection:
            numbers = self.open_numbers(run)
            refused_with_sendid = "SELECT number FROM batch WHERE run = ? AND open = 1 AND sendid != ''"  # has reports
            found = connection.execute(refused_with_sendid, (run,)).fetchall()
            with recounted(connection, run, *(number for (number,) in found)):
                connection.execute(
                    "UPDATE batch SET state = ?, open = ?, sent = NULL, code = NULL, error = ? "
                    "WHERE run = ? AND open = 1",
                    (*states.DROPPED, CANCELLED, run),
                )
            connection.execute("UPDATE run SET cancelled = ? WHERE id = ?", (connection.now(), run))
        return numbers


def _insert(connection: Connection, run: Run, batches: Iterable[tuple[str, Sequence[str]]]) -> int:
    identifier = connection.insert(
        f"INSERT INTO run ({_NEW_RUN}) VALUES ({marks(run[1:])}) ON CONFLICT (key) DO NOTHING", run[1:]
    )
    if identifier is None:
        said = _("another process has just begun a run with this key. Nothing was sent. `smscli runs` shows it.")
        raise BusyError(said)
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


def _as_seen(alive: bool, batch: Batch) -> Batch:
    """Return a batch as a reader sees it: what a dead process left as sending is unknown."""
    return batch if states.as_seen(batch.state, alive) is batch.state else batch.ended(states.UNKNOWN, DIED)


def _run(row: Sequence[Any]) -> Run:
    run = Run(*row)
    return run._replace(include_opted_out=bool(run.include_opted_out))


def read_batch(row: Sequence[Any]) -> Batch:
    """Return a batch from the columns of BATCH, and perhaps the counts of its reports."""
    number, state, still_open, content, mobiles, *rest = row
    return Batch(number, State(state), bool(still_open), content, tuple(mobiles.split(",")), *rest)
