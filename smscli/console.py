"""Talk: what the program says on stderr, asks at the terminal and reads, in one Environment that is passed along.

Every text from outside goes through `visible`, so none reaches a terminal, a CSV or a pipe raw.
"""

import io
import os
import sys

from smscli.errors import InputError

TYPE_CHECKING = False  # mypy reads it as true; importing `typing` would cost `--version` some milliseconds
if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Any, TextIO


class OutputError(InputError):
    """The data could not be written to stdout, for example because the disk is full."""


def visible(text: str) -> str:
    """Return the text with everything visible that a terminal would obey, as `\\x1b` or `\\u202e`.

    That is all that is not printable, except spaces: controls, marks that reorder or hide text, lone surrogates.
    """
    return text if text.isprintable() else "".join(map(_escape, text))


def _escape(character: str) -> str:
    from unicodedata import category

    if character.isprintable() or category(character) == "Zs":
        return character
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character) or ascii(character)[1:-1]


class Environment:
    """What the program is connected to: its streams, and the terminal at which a person can be asked.

    `stdin` is None where there is none; `terminal` is a path, None where nobody can be asked. `stdout_lost` and
    `stderr_lost` say that a stream cannot be written any more: its reader has gone, or the disk is full.
    """

    def __init__(
        self, stdin: io.BufferedIOBase | None, stdout: "TextIO", stderr: "TextIO", terminal: str | None = None
    ) -> None:
        self.stdin, self.stdout, self.stderr, self.terminal = stdin, stdout, stderr, terminal
        self.stdout_lost = self.stderr_lost = False

    # --- stdout and stderr ---

    def write(self, text: str) -> None:
        """Write data to stdout as it is; after the reader has gone, write nothing more."""
        if not self.stdout_lost:
            try:
                self.stdout.write(text)
            except OSError as error:
                self._lose_stdout(error)

    def finish(self) -> None:
        """Flush stdout, so that a full disk is found while there is still time to say so."""
        if not self.stdout_lost:
            try:
                self.stdout.flush()
            except OSError as error:
                self._lose_stdout(error)

    def _lose_stdout(self, error: OSError) -> None:
        self.stdout_lost = True
        if not isinstance(error, BrokenPipeError):
            raise OutputError(f"the output could not be written: {error.strerror}.") from None

    def say(self, text: str) -> None:
        """Say something on stderr; every line of `text` is made safe."""
        if not self.stderr_lost:
            try:
                self.stderr.write("".join(f"{visible(line)}\n" for line in text.split("\n")))
                self.stderr.flush()
            except OSError:  # there is nowhere to say it
                self.stderr_lost = True

    # --- what is read ---

    @property
    def has_person_at_stdin(self) -> bool:
        """Whether stdin is a terminal, so that a person types there."""
        return self.stdin is not None and self.stdin.isatty()

    def pipe(self, question: str) -> io.BufferedIOBase:
        """Return stdin where something is piped in; else an InputError that asks the question."""
        if self.stdin is None or self.stdin.isatty():
            raise InputError(question)
        return self.stdin

    def open_file(self, path: "Path", afterwards: str) -> io.BufferedReader:
        """Open a file or a pipe to read; an InputError where it cannot be opened, which ends with `afterwards`."""
        try:
            if path.is_fifo() and path.parts[1:2] != ("dev",):  # perhaps nobody ever writes to it
                self.say(f"reading the pipe {path}; Ctrl-C stops the waiting")
            return path.open("rb")
        except (OSError, ValueError) as error:  # the latter is a name that no system takes
            raise unreadable(str(path), error, afterwards) from None

    def read_file(self, path: "Path", limit: int, afterwards: str) -> bytes:
        """Return the first `limit` bytes of a file; an InputError where it cannot be read."""
        with self.open_file(path, afterwards) as stream:
            try:
                return stream.read(limit)
            except OSError as error:
                raise unreadable(str(path), error, afterwards) from None

    # --- a person at the terminal ---

    def confirm(self, question: str, yes: bool, nothing: str = "sent") -> None:
        """Ask at the terminal itself, because stdin may be a list.

        An InputError where the answer is no, or where nobody is there; it says what is not done: `nothing`. With `yes`
        nothing is asked.
        """
        if yes:
            return
        try:
            answer = self._answer(f"{visible(question)} [y/N] ")
        except OSError:
            raise InputError(
                f"{question} Nobody can be asked here, so nothing was {nothing}. Add --yes to go on."
            ) from None
        if answer.strip().lower() not in ("y", "yes", "是"):
            raise InputError(f"not confirmed. Nothing was {nothing}.")

    def choose(self, question: str, names: "Sequence[str]") -> str:
        """Ask at the terminal for one of several, by name or number; an OSError where nobody is there."""
        lines = "".join(f"{number:3}  {visible(name)}\n" for number, name in enumerate(names, 1))
        return self._answer(f"{visible(question)}:\n{lines}Which one? ").strip()

    def _answer(self, question: str) -> str:
        if self.terminal is None:
            raise OSError
        with open(self.terminal, "r+b", buffering=0) as terminal:  # noqa: PTH123
            terminal.write(question.encode())
            return terminal.readline().decode("utf-8", "replace")


def unreadable(name: str, error: Exception, afterwards: str) -> InputError:
    """Return the error that says why a file cannot be read."""
    return InputError(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}. {afterwards}".rstrip())


def process_environment() -> Environment:
    """Return the process's own environment, in which no character of a text stops the program.

    A stream that the caller closed is replaced: stdin by none, the others by one that takes everything.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
        else:
            stream.reconfigure(errors="backslashreplace")
    stdin: Any = sys.stdin and sys.stdin.buffer
    return Environment(stdin, sys.stdout, sys.stderr, "CON" if os.name == "nt" else "/dev/tty")


class Progress:
    """How far a run is, on stderr: a bar on a terminal, a line every ten seconds in a log; quick runs show nothing."""

    def __init__(self, environment: Environment, total: int, quiet: bool, good: str = "accepted") -> None:
        from time import monotonic

        self._environment, self._total, self._quiet, self._good = environment, total, quiet, good
        self._now = monotonic
        self._begun = self._last_line = monotonic()
        self._before: int | None = None
        self._bar: Any = None

    def show(self, done: int, accepted: int) -> None:
        """Show how many numbers are done and how many of them went well; called often."""
        now = self._now()
        if self._before is None:
            self._before = done
        if self._quiet or now - self._begun < _QUICK:
            return
        rate = (done - self._before) / (now - self._begun)
        if self._environment.stderr.isatty():
            self._draw(done, f"{done:,} of {self._total:,}  {accepted:,} {self._good}  {rate:,.0f}/s")
        elif now - self._last_line >= _LOG_SECONDS:
            self._last_line = now
            left = f", about {(self._total - done) / rate:,.0f} s left" if rate else ""
            self._environment.say(
                f"{done:,} of {self._total:,} numbers, {accepted:,} {self._good}, {rate:,.0f} a second{left}"
            )

    def _draw(self, done: int, text: str) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (BarColumn(), TextColumn("{task.percentage:3.0f} %  {task.description}"), TimeRemainingColumn())
            self._bar = Progress(*columns, console=Console(file=self._environment.stderr), transient=True)
            self._bar.add_task("", total=self._total)
            self._bar.start()
        self._bar.update(0, completed=done, description=text)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()


_QUICK = 1.0
_LOG_SECONDS = 10.0
