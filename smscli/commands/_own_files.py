"""The files that smscli itself keeps: naming one of them as a list or a log is a mistake."""

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
        raise InputError(f"{path} is smscli's own configuration. Nothing was sent. Name another file.")
    ledger = ledger_path()
    if resolved.parent == ledger.parent and resolved.name.startswith(ledger.name):
        raise InputError(f"{path} is smscli's own ledger. Nothing was sent. Name another file.")
