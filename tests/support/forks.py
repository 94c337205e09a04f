"""The program started many times a second: forked from a process that has imported it already.

Each child is a process of its own, which can be killed; only the start of Python is left out.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

# What every program does; a broken variant has something before it.
SOUND = "import sys\nfrom smscli.__main__ import main\n"
# The test of tests about power cuts: this variant does not sync before it says that something is kept.
UNSYNCED = (
    """
from smscli.ledger.engines import sqlite
connect = sqlite._connect

def unsynced(path):
    connection = connect(path)
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection

sqlite._connect = unsynced
"""
    + SOUND
)
_FORKING = """
import json, os
import smscli.cli
from smscli.commands import COMMANDS

for command in COMMANDS:
    smscli.cli.load_command(command)
import smscli.gateway.client

for line in sys.stdin:
    child = os.fork()
    if not child:
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        os.dup2(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
        sys.exit(main(json.loads(line)))
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Forks:
    """Starts the program again and again, one process at a time."""

    def __init__(self, process: "subprocess.Popen[str]", stderr: Path) -> None:
        assert process.stdin
        assert process.stdout
        self._commands: IO[str] = process.stdin
        self._answers: IO[str] = process.stdout
        self._stderr = stderr
        self.child = 0

    @property
    def told(self) -> str:
        """Return what the last process has said on stderr so far."""
        return self._stderr.read_text(encoding="utf-8") if self._stderr.exists() else ""

    def start(self, *arguments: str) -> None:
        """Start the program with these arguments; the one before must have been waited for."""
        self._commands.write(json.dumps(arguments) + "\n")
        self._commands.flush()
        self.child = int(self._answers.readline())

    def is_running(self) -> bool:
        """Return whether the process has not ended yet."""
        try:
            return Path(f"/proc/{self.child}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            return False

    def kill(self) -> int:
        """Kill the process and wait for its end; returns its exit code, -9 where the kill came in time."""
        with suppress(ProcessLookupError):
            os.kill(self.child, signal.SIGKILL)
        return self.wait()

    def wait(self) -> int:
        """Wait until the process ends, and return its exit code."""
        self.child = 0
        return int(self._answers.readline())


@contextmanager
def forks(environment: Mapping[str, str], directory: Path, program: str = SOUND) -> Iterator[Forks]:
    """Import the program once, and fork it while the block lasts; what still runs behind it is killed."""
    with TemporaryDirectory() as place, subprocess.Popen(
        [sys.executable, "-c", program + _FORKING, f"{place}/stderr"],
        env=dict(environment), cwd=directory, text=True, start_new_session=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        try:
            yield Forks(process, Path(place, "stderr"))
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
