"""What every test stands on: the real command line, a real sandbox, and nothing of the user's own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from smscli import language
from smscli.sandbox.gateway import Sandbox
from tests.support.command import ON_TERMINAL, Smscli, Terminal, converse, smscli_by
from tests.support.program import run_inside, run_process
from tests.support.sandboxes import RunningSandbox

# In the background of a script SIGINT is ignored, which the commands under test would inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)
settings.register_profile("patient", deadline=None)  # a busy machine is no failure
settings.load_profile("patient")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Run the whole suite on every core, and what was named on the command line here, without the start of workers."""
    return None if config.args_source is pytest.Config.ArgsSource.TESTPATHS else 0


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
        key
        for key in os.environ
        if key.startswith(("SMSCLI_", "XDG_", "LANG", "LC_")) or key.lower().endswith("_proxy")
    ]:
        monkeypatch.delenv(variable)
    language.use("en")
    monkeypatch.setenv("HOME", str(home))


@pytest.fixture
def smscli(environment: dict[str, str], tmp_path: Path) -> Smscli:
    """Run the command line inside the test's process."""
    return smscli_by(run_inside, environment, tmp_path)


@pytest.fixture
def smscli_process(environment: dict[str, str], tmp_path: Path) -> Smscli:
    """Run the command line as a process of its own, for what only a process has."""
    return smscli_by(run_process, environment, tmp_path)


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


@pytest.fixture
def terminal(environment: dict[str, str]) -> Terminal:
    """Run the command line on a terminal: each (prompt, answer) in turn; return exit code and all that was shown."""

    def run(arguments: Sequence[str], *dialogue: tuple[str, bytes], **variables: str) -> tuple[int, str]:
        master, slave = os.openpty()
        with subprocess.Popen(
            [sys.executable, "-c", ON_TERMINAL, *arguments],
            stdin=slave, stdout=slave, stderr=slave, start_new_session=True, env=environment | variables,
        ) as process:  # fmt: skip
            os.close(slave)
            shown = converse(process, master, list(dialogue))
        os.close(master)
        return process.returncode, shown.decode()

    return run
