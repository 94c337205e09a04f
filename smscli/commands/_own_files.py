"""The files that smscli itself keeps: naming one of them as a list or a log is a mistake."""

import os
from contextlib import suppress
from io import BufferedIOBase
from pathlib import Path

from smscli.config.file import config_path
from smscli.errors import InputError
from smscli.language import _
from smscli.ledger.store import ledger_location

_LEDGER_FILES = ("", "-wal", "-shm", "-lock")


def refuse_own_file(path: Path) -> None:
    """Refuse the configuration, which holds passwords, and the ledger, under whatever name.

    Reading the ledger's file would also drop the locks that this process holds on it, see ledger/store.py.
    """
    _refuse(path, str(path))


def refuse_own_pipe(pipe: BufferedIOBase) -> None:
    """Refuse them where they are piped in."""
    with suppress(OSError):  # not one of the system's
        _refuse(pipe.fileno(), _("the pipe"))


def _refuse(source: Path | int, name: str) -> None:
    found = _identity(source)
    if found is None:
        return
    ledger = ledger_location()
    if found == _identity(config_path()):
        said = _("{name} is smscli's own configuration. Nothing was sent. Name another file.")
        raise InputError(said.format(name=name))
    if isinstance(ledger, Path) and any(
        found == _identity(ledger.with_name(ledger.name + end)) for end in _LEDGER_FILES
    ):
        said = _("{name} is smscli's own ledger. Nothing was sent. Name another file.")
        raise InputError(said.format(name=name))


def _identity(source: Path | int) -> tuple[int, int] | None:
    try:
        status = os.stat(source)  # noqa: PTH116
    except (OSError, ValueError):  # the latter is a name that no system takes
        return None
    return status.st_dev, status.st_ino
