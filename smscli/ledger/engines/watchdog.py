"""Ends waiting for a server that stands still.

Neither keepalives nor the server's own timeouts notice a server process that was stopped, for its system still answers.
"""

import _socket
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from math import inf
from time import monotonic
from typing import Any

_LOOK_SECONDS = 0.5


class Watchdog:
    """Cuts a session's connection where one statement takes too long; whoever waits for it then gets an error."""

    def __init__(self, session: Any) -> None:
        # A descriptor of its own, so that it never cuts what has got the same number later. Not `socket.dup()` of an
        # object: that would let the driver block.
        self._socket = socket.socket(fileno=_socket.dup(session.fileno()))
        self._until = inf
        self._ended, self._cutting = threading.Event(), threading.Lock()
        threading.Thread(target=self._watch, daemon=True).start()

    @contextmanager
    def patience(self, seconds: float) -> Iterator[None]:
        """Allow the block so many seconds."""
        self._until = monotonic() + seconds
        try:
            yield
        finally:
            self._until = inf

    def end(self) -> None:
        """Watch no longer."""
        with self._cutting:
            self._ended.set()
            self._socket.close()

    def _watch(self) -> None:
        while not self._ended.wait(_LOOK_SECONDS):
            with self._cutting, suppress(OSError):  # it was cut or closed already
                if monotonic() > self._until:
                    self._socket.shutdown(socket.SHUT_RDWR)
