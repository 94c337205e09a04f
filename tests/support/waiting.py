"""Free ports, and waiting until something is so."""

import socket
import time
from collections.abc import Callable
from typing import Any


def free_port() -> int:
    """Return a port on loopback that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def eventually(condition: Callable[[], Any], seconds: float = 20) -> Any:
    """Wait until something true comes, and return it."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.005)
    return found
