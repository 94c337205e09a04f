"""Running the command line, and how it ended."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from select import select
from time import monotonic, sleep
from typing import Any, NamedTuple


class Ended(NamedTuple):
    """How a command ended; `out` and `err` are text, `raw` is stdout's bytes."""

    code: int
    out: str
    err: str
    raw: bytes

    @property
    def json(self) -> Any:
        """Return stdout read as JSON."""
        return json.loads(self.out)

    @property
    def rows(self) -> list[list[str]]:
        """Return stdout read as TSV."""
        return [line.split("\t") for line in self.out.splitlines()]


Smscli = Callable[..., Ended]
# Runs the command line with arguments, stdin, an environment and a directory, for at most so many seconds.
Run = Callable[[Sequence[str], bytes, Mapping[str, str], Path, float], Ended]
Terminal = Callable[..., tuple[int, str]]

# How a process is started that nobody talks to.
SILENT: dict[str, Any] = {
    "stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True,
}  # fmt: skip

# Makes the terminal on stdin the controlling one, which a child without a fork hook of its own has to do itself.
ON_TERMINAL = """\
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from smscli.__main__ import main
sys.exit(main())
"""


def smscli_by(run: Run, environment: Mapping[str, str], directory: Path) -> Smscli:
    """Return the command line; `stdin` is text or bytes, and `variables` are added to the environment."""

    def smscli(*arguments: str, stdin: str | bytes = b"", timeout: float = 60, **variables: str) -> Ended:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        return run(arguments, data, {**environment, **variables}, directory, timeout)

    return smscli


def converse(process: "subprocess.Popen[bytes]", master: int, dialogue: list[tuple[str, bytes]]) -> bytes:
    """Answer each prompt in turn, and return all that was shown."""
    shown, place, end = b"", 0, monotonic() + 20
    while monotonic() < end:
        if dialogue and (found := shown.find(dialogue[0][0].encode(), place)) >= 0:
            place = found + len(dialogue[0][0].encode())
            sleep(0.1)  # the echo goes off around the prompt
            os.write(master, dialogue.pop(0)[1])
        if select([master], [], [], 0.05)[0]:
            try:
                data = os.read(master, 65536)
            except OSError:  # how Linux ends a terminal
                data = b""
            if not data:
                return shown
            shown += data
    process.kill()
    return shown


def peak_of(arguments: Sequence[str], environment: dict[str, str], stdin: Path) -> tuple[int, int, bytes]:
    """Run a command and return its exit code, its peak memory in MiB, and stderr."""
    code = "import resource,subprocess,sys\nr=subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL)\n"
    code += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\nsys.exit(r.returncode)"
    command = [sys.executable, "-c", code, sys.executable, "-m", "smscli", *arguments]
    with stdin.open("rb") as stream:
        ended = subprocess.run(command, stdin=stream, capture_output=True, env=environment)
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return ended.returncode, int(ended.stdout) // unit, ended.stderr
