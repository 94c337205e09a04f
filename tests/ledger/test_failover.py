"""A ledger's server that is killed, or replaced by its standby, while hosts send: nobody gets a message twice."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support.hosts import SOUND, Harm, Hosts
from tests.support.ledgers import ask
from tests.support.postgres import NoServerError, TestServer, address
from tests.support.sandboxes import RunningSandbox
from tests.support.waiting import eventually

# The test of the test: what this variant is told to be durable is not.
UNSYNCED = (
    """
from smscli.ledger.engines import session
session._SETTINGS = ("SET synchronous_commit = off", *session._SETTINGS[1:])
"""
    + SOUND
)
StartServer = Callable[..., TestServer]


@pytest.fixture
def start_server() -> Iterator[StartServer]:
    with ExitStack() as stack:

        def start(settings: dict[str, str], copy_of: TestServer | None = None) -> TestServer:
            try:
                server = TestServer(settings, copy_of)
            except NoServerError as missing:
                pytest.skip(str(missing))
            stack.callback(server.stop)
            return server

        yield start


MakeHosts = Callable[[str, str, int], Hosts]


@pytest.fixture
def hosts(
    environment: dict[str, str],
    tmp_path: Path,
    start_sandbox: Callable[..., RunningSandbox],
    monkeypatch: pytest.MonkeyPatch,
) -> MakeHosts:
    def make(program: str, ledger: str, people: int) -> Hosts:
        monkeypatch.setenv("SMSCLI_LEDGER", ledger)
        sandbox = start_sandbox(balance=10**6, latency=20)
        return Hosts(program, environment | {"SMSCLI_LEDGER": ledger}, tmp_path, sandbox, people)

    return make


# --- a server that is killed, and comes back ----------------------------------------------------------------------


def crashing(server: TestServer, chance: random.Random) -> Harm:
    """Kill the server, and start it again."""

    def crash(_: Hosts) -> None:
        time.sleep(chance.uniform(0.6, 1.2))
        server.kill()
        server.start()

    return crash


# Without a sync for each commit the log would be written only now and then.
LAZY = {"wal_writer_delay": "10s", "wal_writer_flush_after": "0"}


@pytest.mark.parametrize("crashes", [2, pytest.param(15, marks=pytest.mark.long)])
def test_a_server_that_is_killed_costs_nothing(start_server: StartServer, hosts: MakeHosts, crashes: int) -> None:
    server = start_server(LAZY)
    cut = hosts(SOUND, address(server.directory), 2000 * crashes)
    cut.run(crashing(server, random.Random(crashes)), crashes, 3)
    assert cut.check() == 0


def test_of_the_test_commits_that_are_not_synced_are_found_out(start_server: StartServer, hosts: MakeHosts) -> None:
    server = start_server(LAZY)
    broken = hosts(UNSYNCED, address(server.directory), 4000)
    broken.run(crashing(server, random.Random(3)), 3, 3)
    with pytest.raises(AssertionError, match="twice"):
        broken.check()


# --- a standby that takes over ------------------------------------------------------------------------------------


def either(primary: TestServer, standby: TestServer) -> str:
    """Return the address of a ledger on that one of two servers that can be written."""
    directories = ",".join(quote(str(server.directory), safe="") for server in (primary, standby))
    return f"postgresql://smscli@{directories}/smscli?target_session_attrs=read-write"


def wait_for_each_other(primary: TestServer) -> None:
    """Let a commit wait until the standby has it too."""
    with closing(primary.connect()) as connection:
        cursor = connection.cursor()
        cursor.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        cursor.execute("SELECT pg_reload_conf()")

        def is_synchronous() -> bool:
            cursor.execute("SELECT sync_state FROM pg_stat_replication")
            return cursor.fetchall() == [("sync",)]

        eventually(is_synchronous)


def failing_over(primary: TestServer, standby: TestServer) -> Harm:
    """Stall what the standby is sent for a while, then kill the primary and let the standby take over."""

    def fail_over(hosts: Hosts) -> None:
        def size() -> int:  # of what the gateway was sent
            return hosts.sandbox.log.stat().st_size

        eventually(lambda: size() > 5000)
        for (sender,) in ask("SELECT pid FROM pg_stat_replication"):
            os.kill(sender, signal.SIGSTOP)
        before, end = size(), time.monotonic() + 1.5
        while size() < before + 10_000 and time.monotonic() < end:  # nothing more, where commits wait for the standby
            time.sleep(0.02)
        primary.kill()
        standby.promote()

    return fail_over


def test_a_standby_that_has_every_commit_takes_over(start_server: StartServer, hosts: MakeHosts) -> None:
    primary = start_server({})
    standby = start_server({}, primary)
    wait_for_each_other(primary)
    cut = hosts(SOUND, either(primary, standby), 3000)
    cut.run(failing_over(primary, standby), 1, 3)
    assert cut.check() == 0


def test_of_the_test_a_standby_that_lags_is_found_out(start_server: StartServer, hosts: MakeHosts) -> None:
    primary = start_server({})
    standby = start_server({}, primary)
    broken = hosts(SOUND, either(primary, standby), 3000)
    broken.run(failing_over(primary, standby), 1, 3)
    with pytest.raises(AssertionError, match="twice"):
        broken.check()
