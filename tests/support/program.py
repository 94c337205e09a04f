"""Running the whole program: in a process of its own, or inside the test's process, which is many times faster.

Inside, a command meets what it would meet in a process: its arguments, streams, environment and directory, no terminal,
no settings of the tests. What only a process has is not there: signals, kills, pipes, closed streams, start-up, locks
against other processes, and the variables that Python reads when it starts.
"""

import io
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

from smscli.__main__ import main
from smscli.console import Environment
from tests.support.command import Ended


def run_process(
    arguments: Sequence[str], stdin: bytes, environment: Mapping[str, str], directory: Path, timeout: float
) -> Ended:
    """Run the program as a process without a terminal; TimeoutExpired where it takes longer than so many seconds."""
    ended = subprocess.run(
        [sys.executable, "-m", "smscli", *arguments],
        input=stdin, capture_output=True, env=environment, cwd=directory, timeout=timeout, start_new_session=True,
    )  # fmt: skip
    return Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode(), ended.stdout)


def run_inside(
    arguments: Sequence[str], stdin: bytes, environment: Mapping[str, str], directory: Path, timeout: float
) -> Ended:
    """Run the program inside this process; TimeoutExpired where it takes longer than so many seconds."""
    late = {name for name in environment if name.startswith(("PYTHON", "LANG", "LC_"))} - {"PYTHONPATH", "PYTHONUTF8"}
    assert not late, f"Python reads {late} when it starts: use smscli_process"
    before = set(threading.enumerate())
    out, err = io.BytesIO(), io.BytesIO()
    streams = Environment(_Pipe.of(stdin), _text(out), _text(err))
    with _as_in_a_process(environment, directory), _ended_after(timeout):
        code = _exit_code(arguments, streams)
        for thread in set(threading.enumerate()) - before:
            if not thread.daemon:  # Python waits for these as well
                thread.join()
    streams.stdout.flush()
    streams.stderr.flush()
    return Ended(code, out.getvalue().decode(), err.getvalue().decode(), out.getvalue())


def _exit_code(arguments: Sequence[str], environment: Environment) -> int:
    """Run the program and return its exit code; a bug ends it with a traceback and 1, as Python does."""
    try:
        return main(arguments, environment)
    except subprocess.TimeoutExpired:
        raise
    except Exception:
        environment.stderr.write(traceback.format_exc())
        return 1


class _Pipe(io.RawIOBase):
    """Bytes that come through a pipe: once, and not to be read again."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    @classmethod
    def of(cls, content: bytes) -> io.BufferedReader:
        """Return the reading end of such a pipe."""
        return io.BufferedReader(cls(content))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._content.readinto(buffer)


def _text(stream: io.BytesIO) -> io.TextIOWrapper:
    return io.TextIOWrapper(stream, encoding="utf-8", errors="backslashreplace", newline="\n", write_through=True)


@contextmanager
def _as_in_a_process(environment: Mapping[str, str], directory: Path) -> Iterator[None]:
    """Make the state of this process that of a fresh one, and put all of it back behind the block."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings(), _signals(), _environment(environment):
        patch.chdir(directory)
        patch.setattr(logging.root, "handlers", [])
        warnings.resetwarnings()
        for kind in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
            warnings.simplefilter("ignore", kind)
        warnings.showwarning = _show_warning
        patch.setattr(os, "_exit", _not_here)
        yield


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    _set_environment(variables)
    try:
        yield
    finally:
        _set_environment(before)


def _set_environment(variables: Mapping[str, str]) -> None:
    zone = os.environ.get("TZ")
    for name in os.environ.keys() - variables.keys():
        del os.environ[name]
    for name, value in variables.items():
        if os.environ.get(name) != value:
            os.environ[name] = value
    if os.environ.get("TZ") != zone:
        time.tzset()


@contextmanager
def _signals() -> Iterator[None]:
    """Put the signals' handlers back; a Ctrl-C that a command took for its own ends the tests all the same."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    pressed = threading.Event()

    def interrupt(number: int, frame: Any) -> NoReturn:
        pressed.set()
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if pressed.is_set():
        raise KeyboardInterrupt


@contextmanager
def _ended_after(seconds: float) -> Iterator[None]:
    def stop(*_: Any) -> NoReturn:
        raise subprocess.TimeoutExpired("smscli", seconds)

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _not_here(code: int) -> NoReturn:
    raise AssertionError("the program ended the process at once: run it with `smscli_process`")


def _show_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: Any, **__: Any
) -> None:
    sys.stderr.write(warnings.formatwarning(message, category, filename, lineno))
