"""Talk: what the program says on stderr, asks at the terminal and reads, in one Environment that is passed along.

Every text from outside goes through `visible`, so none reaches a terminal, a CSV or a pipe raw.
"""

import io
import os
import sys

from smscli.errors import InputError
from smscli.language import _, later, system_reason
from smscli.system import terminal

TYPE_CHECKING = False  # mypy reads it as true; importing `typing` would cost `--version` some milliseconds
if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Any, TextIO


# What is said where a question is not answered with yes, by what is not done then.
_NOT_CONFIRMED = {
    "sent": later("not confirmed. Nothing was sent."),
    "cancelled": later("not confirmed. Nothing was cancelled."),
    "removed": later("not confirmed. Nothing was removed."),
}
_NOBODY = {
    "sent": later("{question} Nobody can be asked here, so nothing was sent. Add --yes to go on."),
    "cancelled": later("{question} Nobody can be asked here, so nothing was cancelled. Add --yes to go on."),
    "removed": later("{question} Nobody can be asked here, so nothing was removed. Add --yes to go on."),
}


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


def cells(text: str) -> int:
    """Return how many cells of a terminal a printable text takes: two for each full-width character."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(each) else 2 if east_asian_width(each) in "WF" else 1 for each in text)


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
            raise OutputError(
                _("the output could not be written: {reason}.").format(reason=system_reason(error))
            ) from None

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
                self.say(_("reading the pipe {path}; Ctrl-C stops the waiting").format(path=path))
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

        An InputError where the answer is no, or where nobody is there; it says what is not done: `nothing`, one of
        `sent`, `cancelled` and `removed`. With `yes` nothing is asked.
        """
        if yes:
            return
        try:
            answer = self._answer(f"{visible(question)} [y/N] ")
        except OSError:
            raise InputError(_(_NOBODY[nothing]).format(question=question)) from None
        if answer.strip().lower() not in ("y", "yes", "是"):
            raise InputError(_(_NOT_CONFIRMED[nothing]))

    def choose(self, question: str, names: "Sequence[str]") -> str:
        """Ask at the terminal for one of several, by name or number; an OSError where nobody is there."""
        lines = "".join(f"{number:3}  {visible(name)}\n" for number, name in enumerate(names, 1))
        asked, which = _("{heading}:").format(heading=visible(question)), _("Which one?")
        return self._answer(f"{asked}\n{lines}{which} ").strip()

    def _answer(self, question: str) -> str:
        if self.terminal is None:
            raise OSError
        with open(self.terminal, "r+b", buffering=0) as terminal:  # noqa: PTH123
            encoding = self.stderr.encoding or "utf-8"  # the terminal's
            terminal.write(question.encode(encoding, "backslashreplace"))
            return terminal.readline().decode(encoding, "replace")


def unreadable(name: str, error: Exception, afterwards: str) -> InputError:
    """Return the error that says why a file cannot be read."""
    if not afterwards:
        return InputError(_("{name} cannot be read: {reason}.").format(name=name, reason=system_reason(error)))
    said = _("{name} cannot be read: {reason}. {afterwards}")
    return InputError(said.format(name=name, reason=system_reason(error), afterwards=afterwards))


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
    return Environment(stdin, sys.stdout, sys.stderr, terminal())


class Progress:
    """How far a run is, on stderr: a bar on a terminal, a line every ten seconds in a log; quick runs show nothing."""

    def __init__(self, environment: Environment, total: int, quiet: bool, good: str = "accepted") -> None:
        from time import monotonic

        self._environment, self._total, self._quiet, self._good = environment, total, quiet, good
        self._now = monotonic
        self._begun = self._last_line = monotonic()
        self._before: int | None = None
        self._bar: Any = None

    def show(self, done: int, well: int) -> None:
        """Show how many numbers are done and how many of them went well; called often."""
        now = self._now()
        if self._before is None:
            self._before = done
        if self._quiet or now - self._begun < _QUICK:
            return
        rate = (done - self._before) / (now - self._begun)
        numbers = {"done": f"{done:,}", "total": f"{self._total:,}", "well": f"{well:,}", "rate": f"{rate:,.0f}"}
        if self._environment.stderr.isatty():
            self._draw(done, _(_BAR[self._good]).format(**numbers))
        elif now - self._last_line >= _LOG_SECONDS:
            self._last_line = now
            left = f"{(self._total - done) / rate:,.0f}" if rate else ""
            line = _LINE_WITH_REST if left else _LINE
            self._environment.say(_(line[self._good]).format(**numbers, seconds=left))

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


_BAR = {
    "accepted": later("{done} of {total}  {well} accepted  {rate}/s"),
    "delivered": later("{done} of {total}  {well} delivered  {rate}/s"),
}
_LINE = {
    "accepted": later("{done} of {total} numbers, {well} accepted, {rate} a second"),
    "delivered": later("{done} of {total} numbers, {well} delivered, {rate} a second"),
}
_LINE_WITH_REST = {
    "accepted": later("{done} of {total} numbers, {well} accepted, {rate} a second, about {seconds} s left"),
    "delivered": later("{done} of {total} numbers, {well} delivered, {rate} a second, about {seconds} s left"),
}
_QUICK = 1.0
_LOG_SECONDS = 10.0
