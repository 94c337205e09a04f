"""Durable pushes a second, beside a plain aiohttp receiver that commits each, and the same server discarding."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

from smscli.protocol.forms import encode_form
from smscli.protocol.pushes import Report, report_fields
from tests.bench.measure import Report as Bounds

CONNECTIONS = 64
SECONDS = 3.0
ROUNDS = 3
CONFIG = 'default = "x"\n[profiles.x]\nendpoint = "http://127.0.0.1:1/"\nname = "x"\npwd = "x"\npush_name = "admin"\n'
LISTEN = "import sys\nfrom smscli.__main__ import main\nsys.argv[1:] = ['listen', '--port', '0']\nsys.exit(main())\n"
DISCARD = """
from smscli.ledger.inbox import Inbox
Inbox.record = lambda self, profile, pushes, signatures: [True] * len(pushes)
"""
PLAIN = """
import os, socket, sqlite3, sys
from aiohttp import web

ledger = sqlite3.connect(os.environ["SMSCLI_LEDGER"], isolation_level=None)
ledger.execute("PRAGMA journal_mode = WAL")
ledger.execute("PRAGMA synchronous = FULL")
ledger.execute("CREATE TABLE report (sendid, mobile, state, time, PRIMARY KEY (sendid, mobile, state, time))")

async def take(request):
    form = await request.post()
    if form["name"] != "admin":
        raise web.HTTPForbidden
    row = [form[key] for key in ("sendid", "mobile", "state", "time")]
    ledger.execute("INSERT OR IGNORE INTO report VALUES (?, ?, ?, ?)", row)
    return web.Response(text="0")

app = web.Application()
app.router.add_post("/", take)
listener = socket.create_server(("127.0.0.1", 0), backlog=512)
print(f"http://127.0.0.1:{listener.getsockname()[1]}/", file=sys.stderr, flush=True)
web.run_app(app, sock=listener, print=None, access_log=None)
"""
PROGRAMS = {"aiohttp, a commit each": PLAIN, "smscli listen": LISTEN, "smscli listen, discarding": DISCARD + LISTEN}


class Load(NamedTuple):
    """What a server bore: pushes a second, and the 99th percentile of the wait for an answer, milliseconds."""

    rate: float
    p99: float


def bench(report: Bounds) -> None:
    """Push to each server in turn, so that a slow moment of the machine hits all of them; one round warms up."""
    loads: dict[str, list[Load]] = {name: [] for name in PROGRAMS}
    for number in range(ROUNDS + 1):
        for name, program in PROGRAMS.items():
            done = borne_by(program)
            if number:
                loads[name].append(done)
    for name, borne in loads.items():
        rate, p99 = median(load.rate for load in borne), median(load.p99 for load in borne)
        print(f"  {name:<28} {rate:9.0f} pushes a second   p99 {p99:6.1f} ms")
    report.hold("listen / aiohttp", _ratio(loads, "aiohttp, a commit each"), 2, least=True)
    report.hold("listen / discarding", _ratio(loads, "smscli listen, discarding"), 0.6, least=True)
    report.hold("99th percentile, ms", median(load.p99 for load in loads["smscli listen"]), 100)


def borne_by(program: str, ledger: str = "") -> Load:
    """Push to a server for a while, which has a fresh file or the ledger at an address."""
    with _serving(program, ledger) as url:
        load = [sys.executable, "-m", "tests.bench.listening", url]
        return Load(*json.loads(subprocess.run(load, check=True, stdout=subprocess.PIPE).stdout))


def _ratio(loads: Mapping[str, list[Load]], to: str) -> float:
    return median(a.rate / b.rate for a, b in zip(loads["smscli listen"], loads[to], strict=True))


@contextmanager
def _serving(program: str, ledger: str) -> Iterator[str]:
    """Run a server; yields its URL."""
    with TemporaryDirectory() as directory:
        config = Path(directory, "config.toml")
        config.touch(0o600)
        config.write_text(CONFIG)
        ledger = ledger or str(Path(directory, "ledger.db"))
        environment = os.environ | {"SMSCLI_CONFIG": str(config), "SMSCLI_LEDGER": ledger}
        command = [sys.executable, "-c", program]
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        assert process.stderr
        try:
            yield next(word for word in process.stderr.readline().split() if word.startswith("http"))
        finally:
            process.terminate()
            process.communicate()


class _Gateway(asyncio.Protocol):
    """One connection that pushes, waits for the answer, and pushes the next."""

    def __init__(self, bodies: Callable[[], bytes], waits: list[float]) -> None:
        self._bodies, self._waits = bodies, waits

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._push()

    def data_received(self, data: bytes) -> None:
        if not data.endswith(b"\r\n\r\n0"):
            sys.exit(f"the answer was {data!r}")
        self._waits.append(perf_counter() - self._begun)
        self._push()

    def _push(self) -> None:
        body = self._bodies()
        self._begun = perf_counter()
        self._transport.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n")
        self._transport.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))


async def _load(url: str) -> Load:
    host, port = url.split("/")[2].split(":")
    report = Report("2026010110000012345678901", "MOBILE", "DELIVRD", "2026-01-01 10:00:00")
    form, serials, waits = encode_form(report_fields([report], "admin")), count(), list[float]()
    loop = asyncio.get_running_loop()
    for _ in range(CONNECTIONS):
        await loop.create_connection(
            lambda: _Gateway(lambda: form.replace(b"MOBILE", b"138%08d" % next(serials)), waits), host, int(port)
        )
    waits.clear()
    await asyncio.sleep(SECONDS)
    return Load(len(waits) / SECONDS, sorted(waits)[len(waits) * 99 // 100] * 1000)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_load(sys.argv[1]))))
    sys.stdout.flush()
    os._exit(0)  # the connections are in the middle of their pushes
