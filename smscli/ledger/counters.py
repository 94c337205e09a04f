"""Counters for statistics: sums over batches and their reports, changed in the transaction that changes these.

A row has a run, the quarter of an hour at which its messages go out, an operator and a report's state. So statistics
read some thousand rows where the ledger has millions. A batch from before there were counters is counted later, by
`statistics.count_old`; until then its changes are not counted either.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from smscli.ledger.engines import Connection, marks
from smscli.ledger.verdicts import verdicts_of
from smscli.protocol.operators import OTHER, operator_of

QUARTER = 900  # seconds; every zone's midnight is at the start of one
_CHUNK = 500  # values in one statement; SQLite limits them
# The moment at which a batch goes out, as `per_number` has it.
_AT = "coalesce(due, sent, created)"
_SUMS = ("accepted", "parts", "unaccounted", "reported")
_Counts = Counter[tuple[str, str, str]]  # by operator, report state and one of _SUMS


@contextmanager
def recounted(connection: Connection, run: int, *numbers: int, beside: bool = False) -> Iterator[None]:
    """Count batches of a run again behind the block, which changes them; `beside`: others write meanwhile."""
    # Those that write beside each other take the run before its counters. Else two that change several of these in
    # another order would wait for each other for ever.
    lock = connection.keep_run if beside else ""
    for number in numbers:
        count_batch(connection, run, number, -1, lock=lock)
    yield
    for number in numbers:
        count_batch(connection, run, number, 1, lock=lock)


@contextmanager
def answer_recounted(connection: Connection, sendids: Iterable[str]) -> Iterator[None]:
    """Count again what was accepted of batches that reports have settled, behind the block that changes it."""
    batches = [
        batch
        for sendid in sendids
        for batch in connection.execute(
            "SELECT run, number FROM batch WHERE sendid = ? AND settled = 1 AND counted = 1", (sendid,)
        ).fetchall()
    ]
    for run, number in batches:
        count_batch(connection, run, number, -1, reports=False)
    yield
    for run, number in batches:
        count_batch(connection, run, number, 1, reports=False)


def count_reports(connection: Connection, changes: Mapping[tuple[str, str, str], int]) -> None:
    """Count new reports, given as how many numbers more or less a sendid, a state and an operator has."""
    changed: dict[str, _Counts] = {}
    for (sendid, state, operator), numbers in changes.items():
        changed.setdefault(sendid, Counter())[operator, state, "reported"] += numbers
    asked = iter(sendid for sendid in changed if sendid)
    while chunk := list(islice(asked, _CHUNK)):
        rows = connection.execute(
            f"SELECT sendid, run, {_AT} FROM batch JOIN run ON run.id = batch.run "
            f"WHERE counted = 1 AND sendid != '' AND sendid IN ({marks(chunk)})",
            chunk,
        ).fetchall()
        for sendid, run, at in rows:
            _write(connection, run, at, changed[sendid])


# --- what one batch counts ----------------------------------------------------------------------------------------


def count_batch(connection: Connection, run: int, number: int, sign: int, reports: bool = True, lock: str = "") -> None:
    """Add a batch to the counters, or take it away with the sign -1; without `reports` only what was answered."""
    row = connection.execute(
        f"SELECT {_AT}, sendid, parts, mobiles, accepted, CASE WHEN state = 'accepted' "
        "THEN abs(batch.numbers - accepted - batch.invalid - blacklisted) ELSE 0 END "
        "FROM batch JOIN run ON run.id = batch.run WHERE run = ? AND number = ? AND counted = 1 "
        f"AND (sendid != '' OR accepted > 0){lock}",
        (run, number),
    ).fetchone()
    if row is None:
        return
    at, sendid, parts, mobiles, *answered = row
    counts = _answered(mobiles, parts, *answered)
    if reports and sendid:
        counts.update(_reported(connection, sendid, parts, forgotten=not mobiles))
    _write(connection, run, at, {key: sign * count for key, count in counts.items()})


def _answered(mobiles: str, parts: int, accepted: int, unaccounted: int) -> _Counts:
    operators = Counter(map(operator_of, mobiles.split(","))) if mobiles else Counter({OTHER: 1})
    counts: _Counts = Counter()
    for operator, share in shares(accepted, operators).items():
        counts[operator, "", "accepted"] += share
        counts[operator, "", "parts"] += share * parts
    for operator, share in shares(unaccounted, operators).items():
        counts[operator, "", "unaccounted"] += share
    return counts


def shares(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Divide a total by weights: where the gateway left some numbers out without saying which, this is likeliest."""
    whole = sum(weights.values())
    if total == whole:
        return dict(weights)
    found = {name: total * weight // whole for name, weight in weights.items()}
    rest = total - sum(found.values())
    nearest = sorted(weights, key=lambda name: (-(total * weights[name] % whole), name))
    for name in nearest[:rest]:
        found[name] += 1
    return found


def _reported(connection: Connection, sendid: str, parts: int, forgotten: bool) -> _Counts:
    counts: _Counts = Counter()
    if forgotten:  # its reports are gone; the tally stays
        for state, numbers in connection.execute("SELECT state, numbers FROM tally WHERE sendid = ?", (sendid,)):
            counts[OTHER, state, "reported"] += numbers
    else:
        for mobile, state in verdicts_of(connection, sendid, parts).items():
            counts[operator_of(mobile), state, "reported"] += 1
    return counts


def _write(connection: Connection, run: int, at: float, counts: Mapping[tuple[str, str, str], int]) -> None:
    rows: dict[tuple[str, str], list[Any]] = {}
    for (operator, state, name), count in counts.items():
        if count:
            rows.setdefault((operator, state), [0] * len(_SUMS))[_SUMS.index(name)] += count
    _upsert(connection, ((run, int(at // QUARTER), *key, *sums) for key, sums in rows.items()))


def _upsert(connection: Connection, rows: Iterable[Sequence[Any]]) -> None:
    added = ", ".join(f"{name} = counter.{name} + excluded.{name}" for name in _SUMS)
    connection.executemany(
        f"INSERT INTO counter (run, quarter, operator, state, {', '.join(_SUMS)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
        f"ON CONFLICT (run, quarter, operator, state) DO UPDATE SET {added}",
        rows,
    )
