"""Forgets what is old, because phone numbers are personal data; what protects against repeats stays."""

from typing import NamedTuple

from smscli.ledger import states
from smscli.ledger.engines import Connection
from smscli.ledger.recent import keep_recent
from smscli.ledger.store import Store

_UNSETTLED = ", ".join(f"'{state}'" for state in states.UNSETTLED)
_UNFINISHED = f"SELECT run FROM batch WHERE open = 1 OR state IN ({_UNSETTLED})"
_PAST = f"created < ? AND id NOT IN ({_UNFINISHED})"


class Forgotten(NamedTuple):
    """How many runs were forgotten, and how many are unfinished and stay."""

    gone: int
    unfinished: int


def forget(store: Store, before: float) -> Forgotten:
    """Forget finished runs from before a moment, and what came back about them.

    A run with a key keeps its counts, so that the key still protects against a second send; its texts and numbers are
    deleted like all the others. Opt-outs stay, and so do the reports about a run that stays.
    """
    with store.transaction() as connection:
        (unfinished,) = connection.execute(
            f"SELECT count(*) FROM run WHERE created < ? AND id IN ({_UNFINISHED})", (before,)
        ).fetchone()
        (gone,) = connection.execute(
            f"SELECT count(*) FROM run WHERE {_PAST} AND (key IS NULL OR content != '')", (before,)
        ).fetchone()
        _forget_runs(connection, before)
        _forget_reports(connection, before)
        for table in ("reply", "quarantine"):
            connection.execute(f"DELETE FROM {table} WHERE received < ?", (before,))
    store.shrink()
    keep_recent(store)
    return Forgotten(gone, unfinished)


def _forget_runs(connection: Connection, before: float) -> None:
    # From then on, reports about the sendid of a batch without numbers count as known, see Inbox.record().
    connection.execute(
        f"UPDATE batch SET mobiles = '', content = NULL WHERE run IN (SELECT id FROM run WHERE {_PAST})", (before,)
    )
    connection.execute(
        "DELETE FROM report WHERE sendid IN (SELECT sendid FROM batch WHERE mobiles = '' AND sendid != '')"
    )
    connection.execute(f"DELETE FROM run WHERE key IS NULL AND {_PAST}", (before,))
    connection.execute(f"UPDATE run SET content = '', source = '' WHERE {_PAST}", (before,))


def _forget_reports(connection: Connection, before: float) -> None:
    """Forget the reports about sendids that no run has, each with its tally."""
    connection.execute(
        "DELETE FROM report WHERE sendid IN (SELECT sendid FROM report GROUP BY sendid HAVING max(received) < ?) "
        "AND NOT EXISTS (SELECT 1 FROM batch WHERE batch.sendid = report.sendid AND batch.sendid != '')",
        (before,),
    )
    connection.execute(
        "DELETE FROM tally WHERE NOT EXISTS (SELECT 1 FROM report WHERE report.sendid = tally.sendid) AND "
        "NOT EXISTS (SELECT 1 FROM batch WHERE batch.sendid = tally.sendid AND batch.sendid != '')"
    )
