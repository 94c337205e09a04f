"""Which of several reports counts for a number (protocol §3), and the tally of what counts.

A message of one part: "delivered" counts, else the latest report by the gateway's clock. A message of several parts is
reported part by part. There a failure counts even if another part was delivered, so that it is seen.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from smscli.ledger.engines import Connection

DELIVERED = "DELIVRD"
BLACKLISTED = "DTBLACK"


class Word(NamedTuple):
    """A report's state, with the gateway's time and ours, both in seconds since 1970."""

    at: float
    received: float
    state: str


def verdict(words: Collection[Word], parts: int) -> str:
    """Return the state that counts of a number's reports."""
    wanted = [word for word in words if (word.state == DELIVERED) is (parts == 1)]
    return max(wanted or words).state


def count_again(connection: Connection, sendid: str, parts: int) -> None:
    """Count a sendid's tally again, where its reports came before its number of parts was known."""
    if parts == 1 or not connection.execute("SELECT 1 FROM report WHERE sendid = ? LIMIT 1", (sendid,)).fetchone():
        return
    counts: dict[tuple[str, str], int] = {}
    for state in verdicts_of(connection, sendid, parts).values():
        counts[sendid, state] = counts.get((sendid, state), 0) + 1
    connection.execute("DELETE FROM tally WHERE sendid = ?", (sendid,))
    add_to_tally(connection, counts)


def verdicts_of(connection: Connection, sendid: str, parts: int) -> dict[str, str]:
    """Return for each number that was reported under a sendid the state that counts."""
    words: dict[str, list[Word]] = {}
    for mobile, *word in connection.execute(
        "SELECT mobile, at, received, state FROM report WHERE sendid = ?", (sendid,)
    ):
        words.setdefault(mobile, []).append(Word(*word))
    return {mobile: verdict(some, parts) for mobile, some in words.items()}


def add_to_tally(connection: Connection, counts: Mapping[tuple[str, str], int]) -> None:
    """Add numbers, by sendid and state, to the tally."""
    connection.executemany(
        "INSERT INTO tally VALUES (?, ?, ?) ON CONFLICT (sendid, state) "
        "DO UPDATE SET numbers = tally.numbers + excluded.numbers",
        [(sendid, state, numbers) for (sendid, state), numbers in counts.items() if numbers],
    )
