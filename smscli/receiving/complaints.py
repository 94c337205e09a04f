"""Messages about trouble that can come a thousand times a second: at most one a minute, with the count."""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Generic, TypeVar

_SECONDS = 60.0
_Trouble = TypeVar("_Trouble")


class Complaints(Generic[_Trouble]):
    """Says one kind of trouble; `sentence` makes the text from the count since the last time and the last trouble."""

    def __init__(self, say: Callable[[str], None], sentence: Callable[[int, _Trouble], str]) -> None:
        self._say, self._sentence = say, sentence
        self._count = 0
        self._last: _Trouble | None = None
        self._silent_until = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def add(self, trouble: _Trouble) -> None:
        """Say it at once, or with the next sentence."""
        self._count, self._last = self._count + 1, trouble
        pause = self._silent_until - monotonic()
        if pause <= 0:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(pause, self.flush)

    def flush(self) -> None:
        """Say what was not said yet."""
        self._timer = None
        if self._count and self._last is not None:
            self._say(self._sentence(self._count, self._last))
            self._count = 0
            self._silent_until = monotonic() + _SECONDS
