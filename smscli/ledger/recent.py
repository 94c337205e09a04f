"""The numbers of the latest runs in a small file beside the ledger, so that a shell can offer them at a TAB.

A line is a run's number, a tab, and when it was started; nothing else, so no phone number and no text. It is only a
copy: where it cannot be written, nothing is lost.
"""

import os
from contextlib import suppress
from pathlib import Path

from smscli.errors import LedgerError
from smscli.ledger.store import Store, ledger_location
from smscli.protocol.times import china_time

_KEPT = 20


def keep_recent(store: Store) -> None:
    """Write the file anew, the latest run first, readable only by its owner; a ledger on a server has none."""
    ledger = ledger_location()
    if not isinstance(ledger, Path):
        return
    path = ledger.with_name(f"{ledger.name}-runs")
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with suppress(OSError, LedgerError):
        rows = store.read("SELECT id, created FROM run ORDER BY id DESC LIMIT ?", (_KEPT,))
        text = "".join(f"{run}\t{china_time(created)[:-3]}\n" for run, created in rows)
        try:
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123
                file.write(text.encode())
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)
