"""One lock a run, a byte each in a file beside the ledger; the system frees it when the process dies."""

import os
from pathlib import Path

if os.name == "nt":
    import msvcrt

    def _lock_byte(file: int, position: int) -> None:
        os.lseek(file, position, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]

    def _unlock_byte(file: int, position: int) -> None:
        os.lseek(file, position, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined]

else:
    import fcntl

    def _lock_byte(file: int, position: int) -> None:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, position)

    def _unlock_byte(file: int, position: int) -> None:
        fcntl.lockf(file, fcntl.LOCK_UN, 1, position)


class ByteLocks:
    """The runs that this process holds; there must be only one of these a process and file.

    A process that closes any descriptor of the file loses all its locks on it (POSIX).
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._mine: set[int] = set()

    def take(self, run: int) -> bool:
        """Hold a run; False where this or another process holds it."""
        if run in self._mine:
            return False
        try:
            _lock_byte(self._file, run)
        except OSError:
            return False
        self._mine.add(run)
        return True

    def give_back(self, run: int) -> None:
        """Hold a run no longer."""
        self._mine.discard(run)
        _unlock_byte(self._file, run)

    def is_mine(self, run: int) -> bool:
        """Return whether this process holds a run."""
        return run in self._mine

    def is_held(self, run: int) -> bool:
        """Return whether another process holds a run; that one may find it held for a moment, while this one looks."""
        if self.is_mine(run):
            return False
        if not self.take(run):
            return True
        self.give_back(run)
        return False

    def close(self) -> None:
        """Give everything back."""
        os.close(self._file)
