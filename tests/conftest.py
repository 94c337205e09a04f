"""What every test stands on: the real command line, a real sandbox, and nothing of the user's own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from select import select
from time import monotonic, sleep
from typing import Any, NamedTuple

import pytest

from smscli.sandbox.gateway import Sandbox

# In the background of a script SIGINT is ignored, which the commands under test would inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)


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


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return an empty home directory."""
    directory = tmp_path / "home"
    directory.mkdir()
    return directory


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    """Return the environment of a command: nothing of the user's but the search path."""
    kept = {key: os.environ[key] for key in ("PATH", "SYSTEMROOT", "COVERAGE_PROCESS_START") if key in os.environ}
    return kept | {"HOME": str(home), "PYTHONPATH": str(Path(__file__).parent.parent), "PYTHONUTF8": "1"}


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Keep code that runs inside the test process away from the user's files and settings too."""
    for variable in [
        key for key in os.environ if key.startswith(("SMSCLI_", "XDG_")) or key.lower().endswith("_proxy")
    ]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("HOME", str(home))


@pytest.fixture
def smscli(environment: dict[str, str], tmp_path: Path) -> Smscli:
    """Run the command line as a process of its own; `stdin` is text or bytes, nothing by default."""

    def run(*arguments: str, stdin: str | bytes = b"", timeout: float = 60, **variables: str) -> Ended:
        ended = subprocess.run(
            [sys.executable, "-m", "smscli", *arguments],
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            env=environment | variables,
            cwd=tmp_path,
            timeout=timeout,
            start_new_session=True,  # no terminal to ask at
        )
        return Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode(), ended.stdout)

    return run


class RunningSandbox(NamedTuple):
    """A sandbox in the test's own process, and the requests it logged."""

    sandbox: Sandbox
    log: Path

    @property
    def variables(self) -> dict[str, str]:
        """Return the environment that makes the command line use it."""
        return {"SMSCLI_ENDPOINT": self.sandbox.endpoint, "SMSCLI_NAME": "demo", "SMSCLI_PWD": "5ECRET-PWD"}

    @property
    def requests(self) -> list[dict[str, Any]]:
        """Return what was logged, a dictionary a request."""
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]

    @property
    def queued(self) -> list[str]:
        """Return every number that a message was accepted for, as often as it was."""
        return [mobile for request in self.requests if request.get("queued") for mobile in request["mobile"]]


@pytest.fixture
def start_sandbox(tmp_path: Path) -> Iterator[Callable[..., RunningSandbox]]:
    """Start sandboxes with any settings; they stop behind the test."""
    with ExitStack() as stack:

        def start(**settings: Any) -> RunningSandbox:
            path = tmp_path / f"sandbox-{len(list(tmp_path.glob('sandbox-*')))}.log"
            log = stack.enter_context(path.open("w", encoding="utf-8"))
            return RunningSandbox(stack.enter_context(Sandbox(log=log, **settings)), path)

        yield start


@pytest.fixture
def sandbox(start_sandbox: Callable[..., RunningSandbox]) -> RunningSandbox:
    """Return a sandbox that behaves."""
    return start_sandbox()


def write_config(home: Path, text: str) -> Path:
    """Write the configuration file where the command line looks for it."""
    path = home / ".config" / "smscli" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def numbers(count: int, first: int = 0) -> Sequence[str]:
    """Return that many different mobile numbers, none of which the sandbox blacklists."""
    return [f"138{n:07d}0" for n in range(first, first + count)]


Terminal = Callable[..., tuple[int, str]]

# Makes the terminal on stdin the controlling one, which a child without a fork hook of its own has to do itself.
_ON_TERMINAL = """\
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from smscli.__main__ import main
sys.exit(main())
"""


@pytest.fixture
def terminal(environment: dict[str, str]) -> Terminal:
    """Run the command line on a terminal: each (prompt, answer) in turn; return exit code and all that was shown."""

    def run(arguments: Sequence[str], *dialogue: tuple[str, bytes], **variables: str) -> tuple[int, str]:
        master, slave = os.openpty()
        with subprocess.Popen(
            [sys.executable, "-c", _ON_TERMINAL, *arguments],
            stdin=slave, stdout=slave, stderr=slave, start_new_session=True, env=environment | variables,
        ) as process:  # fmt: skip
            os.close(slave)
            shown = _converse(process, master, list(dialogue))
        os.close(master)
        return process.returncode, shown.decode()

    return run


def _converse(process: "subprocess.Popen[bytes]", master: int, dialogue: list[tuple[str, bytes]]) -> bytes:
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
