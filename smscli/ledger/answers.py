"""What is written under a claim's token: what became of its batch, or that its request never leaves."""

from enum import StrEnum
from typing import NamedTuple

from smscli.language import later
from smscli.ledger import states
from smscli.ledger.counters import recounted
from smscli.ledger.engines import Connection, Cursor
from smscli.ledger.states import State
from smscli.ledger.verdicts import count_again

CANCELLED = later("cancelled before it was sent.")  # kept in English, as all that the ledger keeps
_UNSETTLED = ", ".join(f"'{state}'" for state in states.UNSETTLED)


class Outcome(NamedTuple):
    """What became of a claimed batch; `parts` are those of its text."""

    number: int
    token: str
    state: State
    open: bool
    code: int | None
    sendid: str
    accepted: int
    invalid: int
    blacklisted: int
    message: str
    error: str
    parts: int


class Written(StrEnum):
    """What became of writing an outcome: it was new, or known; or the batch does not belong to its claim any more."""

    NEW = "new"
    KNOWN = "known"
    OVERTAKEN = "overtaken"


def settle(connection: Connection, run: int, outcome: Outcome) -> Written:
    """Write what became of a claimed batch; it may be written again, where it is not known whether it was."""
    if outcome.open and _is_cancelled(connection, run):  # it was in flight then, and nothing of it was sent
        outcome = outcome._replace(state=State.DROPPED, open=False, error=CANCELLED, code=None, message="")
    with recounted(connection, run, outcome.number, beside=True):
        cursor = _write(connection, run, outcome)
    if cursor.rowcount != 1:
        own = "SELECT 1 FROM batch WHERE run = ? AND number = ? AND token = ?"
        found = connection.execute(own, (run, outcome.number, outcome.token)).fetchone()
        return Written.KNOWN if found else Written.OVERTAKEN
    if outcome.sendid:
        count_again(connection, outcome.sendid, outcome.parts)
    return Written.NEW


def _write(connection: Connection, run: int, outcome: Outcome) -> Cursor:
    return connection.execute(
        "UPDATE batch SET state = ?, open = ?, changed = ?, code = ?, sendid = ?, accepted = ?, invalid = ?, "
        "blacklisted = ?, message = ?, error = ?, sent = CASE WHEN ? = 'dropped' THEN NULL ELSE sent END "
        f"WHERE run = ? AND number = ? AND token = ? AND state IN ({_UNSETTLED})",
        (
            outcome.state, outcome.open, connection.now(), outcome.code, outcome.sendid, outcome.accepted,
            outcome.invalid, outcome.blacklisted, outcome.message, outcome.error, outcome.state,
            run, outcome.number, outcome.token,
        ),
    )  # fmt: skip


def give_back(connection: Connection, run: int, token: str) -> None:
    """Let a batch go out again whose claim may be on disk, although its request never left and never will."""
    fate = states.DROPPED if _is_cancelled(connection, run) else states.PLANNED
    mine = f"run = ? AND token = ? AND state IN ({_UNSETTLED})"
    batches = connection.execute(f"SELECT number FROM batch WHERE {mine}", (run, token)).fetchall()
    with recounted(connection, run, *(number for (number,) in batches), beside=True):
        connection.execute(
            f"UPDATE batch SET state = ?, open = ?, sent = NULL, error = '' WHERE {mine}", (*fate, run, token)
        )


def _is_cancelled(connection: Connection, run: int) -> bool:
    return bool(connection.execute("SELECT 1 FROM run WHERE id = ? AND cancelled IS NOT NULL", (run,)).fetchone())
