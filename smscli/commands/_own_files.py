"""The files that smscli keeps itself, and that nobody means when they name a list or a log."""

import os
from pathlib import Path

from smscli.config.file import config_path
from smscli.errors import InputError
from smscli.ledger.store import ledger_path


def refuse_own_file(path: Path) -> None:
    """Refuse the configuration, which holds passwords, and the ledger.

    Reading the ledger's file would also drop the locks that this process holds on it, see ledger/store.py.
    """
    resolved = Path(os.path.realpath(path))  # resolve() raises where links go in a circle
    if resolved == Path(os.path.realpath(config_path())):
        raise InputError(f"{path} is smscli's own configuration, so it is not read. Nothing was sent.")
    ledger = ledger_path()
    if resolved.parent == ledger.parent and resolved.name.startswith(ledger.name):
        raise InputError(f"{path} is smscli's own ledger, so it is not read. Nothing was sent.")
