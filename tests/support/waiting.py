"""Free ports, and waiting until something is so."""

import random
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any


def free_port() -> int:
    """Return a port on loopback that nothing listens on.

    It is none that a system gives to connections by itself, or one of another test could take it meanwhile.
    """
    while True:
        with suppress(OSError), socket.create_server(("127.0.0.1", random.randrange(10_000, 30_000))) as server:
            return int(server.getsockname()[1])


def eventually(condition: Callable[[], Any], seconds: float = 20) -> Any:
    """Wait until something true comes, and return it."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.005)
    return found
