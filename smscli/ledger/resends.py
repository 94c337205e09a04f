"""Which runs belong together: a run, those that resend it, and others with the same content."""

from smscli.ledger.runs import Run
from smscli.ledger.store import Store


def resent_by(store: Store, run: int) -> list[int]:
    """Return the runs that resend a run."""
    return [row[0] for row in store.read("SELECT id FROM run WHERE resends = ? ORDER BY id", (run,))]


def others_with_text(store: Store, run: Run) -> list[int]:
    """Return the other runs of the account that sent the same content, since the first one that this run resends.

    Where it is no resend, these are the later ones.
    """
    first, before = run.id, run.resends
    while before is not None and (found := store.read_one("SELECT resends FROM run WHERE id = ?", (before,))):
        first, (before,) = before, found
    rows = store.read(
        "SELECT id FROM run WHERE id >= ? AND id != ? AND account = ? AND content = ? ORDER BY id",
        (first, run.id, run.account, run.content),
    )
    return [row[0] for row in rows]
