"""Signals that end a service: SIGTERM, and SIGHUP, which comes when the terminal is closed."""

import signal
from collections.abc import Callable


def end_on_signals(end: Callable[[], None]) -> None:
    """Call `end` when one of these signals comes; a signal that `nohup` ignores stays ignored."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda *_: end())
