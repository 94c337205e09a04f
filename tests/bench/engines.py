"""The ledger on PostgreSQL beside SQLite, both on one disk.

A move, one send, and a look at a million numbers with reports; a campaign, the listener, and two processes on one run.
"""

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from smscli.ledger.store import open_store
from smscli.sandbox.gateway import Sandbox
from tests.bench import listening
from tests.bench.bulk import sandbox, write_people
from tests.bench.measure import SMSCLI, Report, Run, in_turn, quiet, run, seconds
from tests.bench.startup import BARE
from tests.support.ledgers import ask, new_schema
from tests.support.postgres import TestServer, address
from tests.support.waiting import eventually

NUMBERS = 1_000_000
BATCH = 500
ROUNDS = 5
SENDS = 20


CAMPAIGNS = 3
LISTENERS = 3
TEXTS = 4_000
LATENCY = 50  # milliseconds
WORKERS = 8


def bench(report: Report) -> None:
    """Measure all of it with a server on the disk on which the files are too."""
    with TemporaryDirectory() as directory:
        server = TestServer(on_disk=True)
        try:
            _look_at_a_million(report, Path(directory), server)
            _campaign(report, directory, server)
            _listen(report, server)
            _share_a_run(report, directory, server)
        finally:
            server.stop()


def _look_at_a_million(report: Report, directory: Path, server: TestServer) -> None:
    """Move a million numbers with their reports, look at them on both engines, and send one more."""
    file = directory / "ledger.db"
    os.environ["SMSCLI_LEDGER"] = str(file)
    _fill(file)
    there = address(server.directory)
    looks = {"runs RUN": ["runs", "1"], "status NUMBER": ["status", _mobile(777)]}
    on_file = in_turn({f"{name}, SQLite": [SMSCLI, *look] for name, look in looks.items()}, ROUNDS)
    moved = run([SMSCLI, "ledger", "move", there], os.environ)
    environment = os.environ | {"SMSCLI_LEDGER": there}
    sends = _sends(directory, there)
    on_server = in_turn({f"{name}, PostgreSQL": [SMSCLI, *look] for name, look in looks.items()}, ROUNDS, environment)
    report.figures({**on_file, **on_server, **sends, "ledger move, a million": [moved]})
    above = (seconds(sends["smscli send, PostgreSQL"]) - seconds(sends["bare requests script"])) * 1000
    report.hold("send above the bare script, ms", above, 60)
    for name in looks:
        report.hold(f"{name}, seconds", seconds(on_server[f"{name}, PostgreSQL"]), 0.5)
    report.hold("moving a million numbers and reports, seconds", moved.seconds, 15)


def _campaign(report: Report, directory: str, server: TestServer) -> None:
    """Plan and send to a million numbers, on either engine in turn."""
    people = Path(directory, "people.csv")
    write_people(people, NUMBERS)
    send = [SMSCLI, "send", "--quiet", "--yes", "--output", "jsonl", "--content", "hi", "--csv", str(people)]
    with new_schema(server.directory) as there, sandbox(directory) as environment:
        ledgers = {"SQLite": str(Path(directory, "campaign.db")), "PostgreSQL": there}
        runs = in_turn(
            {f"a million, {engine}": ["env", f"SMSCLI_LEDGER={ledger}", *send] for engine, ledger in ledgers.items()},
            CAMPAIGNS,
            environment,
        )
    report.figures(runs)
    share = seconds(runs["a million, SQLite"]) / seconds(runs["a million, PostgreSQL"])
    report.hold("campaign, share of SQLite's rate", share, 0.5, least=True)


def _listen(report: Report, server: TestServer) -> None:
    """Push to the listener over many connections, on either engine in turn."""
    rates: dict[str, list[float]] = {"SQLite": [], "PostgreSQL": []}
    for number in range(LISTENERS + 1):
        for engine, found in rates.items():
            with new_schema(server.directory) as there:
                borne = listening.borne_by(listening.LISTEN, there if engine == "PostgreSQL" else "")
            found += [borne.rate] if number else []
            print(f"  listen, {engine:<20} {borne.rate:9.0f} pushes a second   p99 {borne.p99:6.1f} ms")
    share = median(there / here for here, there in zip(rates["SQLite"], rates["PostgreSQL"], strict=True))
    report.hold("listener, share of SQLite's rate", share, 0.5, least=True)


def _share_a_run(report: Report, directory: str, server: TestServer) -> None:
    """Send one run by one process and by two, to a gateway that takes its time."""
    people = Path(directory, "texts.csv")
    write_people(people, TEXTS)
    taken: dict[bool, list[float]] = {False: [], True: []}
    with sandbox(directory, "--latency", str(LATENCY)) as environment:
        for _ in range(CAMPAIGNS):
            for joined, found in taken.items():
                with new_schema(server.directory) as there:
                    found.append(_shared(people, environment | {"SMSCLI_LEDGER": there}, joined))
    one, two = quiet(taken[False]), quiet(taken[True])
    print(f"  {TEXTS:,} texts at {LATENCY} ms: one process {one:.1f} s, two {two:.1f} s")
    report.hold("two processes on one run, times one", one / two, 1.8, least=True)


def _shared(people: Path, environment: dict[str, str], joined: bool) -> float:
    """Return how many seconds a run takes, which another process may join once it has begun."""
    ledger, options = environment["SMSCLI_LEDGER"], ["--quiet", "--yes", "--workers", str(WORKERS)]
    run([SMSCLI, "runs"], environment)
    begun = time.perf_counter()
    send = [SMSCLI, "send", *options, "--content", "{编号}", "--csv", str(people)]
    processes = [subprocess.Popen(send, env=environment, stdout=subprocess.DEVNULL)]
    if joined:
        eventually(lambda: bool(ask("SELECT 1 FROM run", (), ledger)), 30)
        resume = [SMSCLI, "resume", "1", "--join", *options]
        processes.append(subprocess.Popen(resume, env=environment, stdout=subprocess.DEVNULL))
    codes = [process.wait() for process in processes]
    if any(codes):
        sys.exit(f"the processes that send ended with {codes}")
    took = time.perf_counter() - begun
    (sent,) = ask("SELECT count(*) FROM batch WHERE state = 'accepted'", (), ledger)
    assert sent == (TEXTS,), sent
    return took


def _sends(directory: Path, ledger: str) -> dict[str, list[Run]]:
    """Time one message by the bare script and by `send` with a ledger on the server."""
    script = directory / "bare.py"
    script.write_text(BARE, encoding="utf-8")
    with Sandbox(balance=10**6) as sandbox:
        account = {"SMSCLI_ENDPOINT": sandbox.endpoint, "SMSCLI_NAME": "demo", "SMSCLI_PWD": "demo"}
        commands = {
            "bare requests script": [sys.executable, str(script)],
            "smscli send, PostgreSQL": [SMSCLI, "send", "--mobile", "13800138000", "--content", "hi"],
        }
        return in_turn(commands, SENDS, os.environ | account | {"SMSCLI_LEDGER": ledger, "PYTHONDONTWRITEBYTECODE": ""})


def _fill(file: Path) -> None:
    """Write a run of a million numbers, of which each has its report."""
    with open_store():
        pass
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(
            "INSERT INTO run (created, asker, profile, account, content, sign, extno, stime, source, digest, numbers, "
            "duplicates, invalid) VALUES (1, 'x', 'x', 'x', 'hi', '', '', '', '', '', ?, 0, 0)",
            (NUMBERS,),
        )
        for number in range(1, NUMBERS // BATCH + 1):
            mobiles = [_mobile(index) for index in range((number - 1) * BATCH, number * BATCH)]
            sendid = f"20260101100000{number:011d}"
            connection.execute(
                "INSERT INTO batch (run, number, state, mobiles, numbers, changed, sent, code, sendid, accepted) "
                "VALUES (1, ?, 'accepted', ?, ?, 1767232800.5, 1767232800.25, 0, ?, ?)",
                (number, ",".join(mobiles), BATCH, sendid, BATCH),
            )
            connection.executemany(
                "INSERT INTO report VALUES (?, ?, 'DELIVRD', '2026-01-01 10:00:00', 1767232801.125, 'x', 1767232800)",
                [(sendid, mobile) for mobile in mobiles],
            )
            connection.execute("INSERT INTO tally VALUES (?, 'DELIVRD', ?)", (sendid, BATCH))
        connection.commit()


def _mobile(number: int) -> str:
    return f"138{number:08d}"
