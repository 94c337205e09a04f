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
from tests.support.ledgers import SERVER, new_ledger
from tests.support.postgres import NoServerError, TestServer
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


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the whole suite run with its ledgers on a server."""
    parser.addoption("--postgres", action="store_true", help="keep the ledgers of the tests on a PostgreSQL server")


def pytest_configure(config: pytest.Config) -> None:
    """Start the server once for all workers; it ends with this process, however that ends."""
    if config.option.postgres and SERVER not in os.environ:
        server = TestServer()
        config.add_cleanup(server.stop)
        os.environ[SERVER] = str(server.directory)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is about a file where ledgers are on a server."""
    if config.option.postgres:
        about_files = [item for item in items if item.get_closest_marker("sqlite")]
        config.hook.pytest_deselected(items=about_files)
        items[:] = [item for item in items if item not in about_files]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Path]:
    """Return the directory of a PostgreSQL server."""
    if given := os.environ.get(SERVER):
        yield Path(given)
        return
    try:
        server = TestServer()
    except NoServerError as missing:
        pytest.skip(str(missing))
    yield server.directory
    server.stop()


@pytest.fixture
def ledger_address(home: Path) -> Iterator[str]:
    """Return what SMSCLI_LEDGER has to be in the test; empty for the file that is used without it."""
    if SERVER not in os.environ:
        yield ""
        return
    with new_ledger(home / "ledger.db") as address:
        yield address


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return an empty home directory."""
    directory = tmp_path / "home"
    directory.mkdir()
    return directory


@pytest.fixture
def environment(home: Path, ledger_address: str) -> dict[str, str]:
    """Return the environment of a command: nothing of the user's but the search path."""
    kept = {key: os.environ[key] for key in ("PATH", "SYSTEMROOT", "COVERAGE_PROCESS_START") if key in os.environ}
    kept |= {"SMSCLI_LEDGER": ledger_address} if ledger_address else {}
    return kept | {"HOME": str(home), "PYTHONPATH": str(Path(__file__).parent.parent), "PYTHONUTF8": "1"}


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch, home: Path, ledger_address: str) -> None:
    """Keep code that runs inside the test process away from the user's files and settings too."""
    for variable in [
        key
        for key in os.environ
        if key.startswith(("SMSCLI_", "XDG_", "LANG", "LC_")) or key.lower().endswith("_proxy")
    ]:
        monkeypatch.delenv(variable)
    language.use("en")
    monkeypatch.setenv("HOME", str(home))
    if ledger_address:
        monkeypatch.setenv("SMSCLI_LEDGER", ledger_address)


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
