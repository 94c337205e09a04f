"""Answers that could not be written to the ledger: kept on this machine until the next command takes them in."""

import json
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

from smscli.errors import ConfigError, LedgerError
from smscli.ledger.answers import Outcome, give_back, settle
from smscli.ledger.engines import Connection
from smscli.ledger.states import State


def keep(directory: Path, ledger: str, run: int, outcomes: Sequence[Outcome], given_back: Sequence[str]) -> Path | None:
    """Write a file of answers, and of tokens of claims whose requests never left; None where that is not possible.

    It is on disk then, and only its owner can read it. `ledger` is the place of the ledger that they belong to.
    """
    content = {
        "ledger": ledger,
        "run": run,
        "outcomes": [list(outcome) for outcome in outcomes],
        "given_back": given_back,
    }
    path = directory / f"{os.urandom(8).hex()}.json"
    draft = path.with_suffix(".new")
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _sync(directory)
    except (OSError, ConfigError):
        return None
    return path


def take_in(directory: Path, ledger: str, transaction: Callable[[], AbstractContextManager[Connection]]) -> None:
    """Write to a ledger what was kept for it, and remove the files; what cannot be written stays for the next time."""
    for path in sorted(directory.glob("*.json")):
        # Another command took it in, this user may not write, or it is something else.
        with suppress(OSError, ValueError, TypeError, LookupError, LedgerError):
            content = json.loads(path.read_text(encoding="utf-8"))
            if content["ledger"] == ledger and _write(content, transaction):
                path.unlink()


def _write(content: Any, transaction: Callable[[], AbstractContextManager[Connection]]) -> bool:
    """Return whether it could be written; not to a ledger that does not know the run, such as an old copy."""
    run = content["run"]
    with transaction() as connection:
        if not connection.execute("SELECT 1 FROM run WHERE id = ?", (run,)).fetchone():
            return False
        for token in content["given_back"]:
            give_back(connection, run, token)
        for number, token, state, *rest in content["outcomes"]:
            settle(connection, run, Outcome(number, token, State(state), *rest))
    return True


def _sync(directory: Path) -> None:
    """Make a new file's name durable, where the system can."""
    if os.name == "posix":
        opened = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
