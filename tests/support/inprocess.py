"""Running the command line inside the test process, with streams in memory."""

import io
from typing import NamedTuple

from smscli.__main__ import main
from smscli.console import Environment


class Said(NamedTuple):
    """How a command ended, and what it wrote to stdout and stderr."""

    code: int
    out: str
    err: str


def run_here(*arguments: str, stdin: bytes = b"", terminal: str | None = None) -> Said:
    """Run the whole program in this process and return how it ended; a bug raises what it raised."""
    environment = Environment(io.BytesIO(stdin), io.StringIO(newline=""), io.StringIO(), terminal)
    code = main(arguments, environment)
    return Said(code, environment.stdout.getvalue(), environment.stderr.getvalue())  # type: ignore[attr-defined]
