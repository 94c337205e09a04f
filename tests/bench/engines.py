"""The ledger on PostgreSQL beside SQLite: a move, one send, and a look at a million numbers with reports."""

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from smscli.ledger.store import open_store
from smscli.sandbox.gateway import Sandbox
from tests.bench.measure import SMSCLI, Report, Run, in_turn, run, seconds
from tests.bench.startup import BARE
from tests.support.postgres import TestServer, address

NUMBERS = 1_000_000
BATCH = 500
ROUNDS = 5
SENDS = 20


def bench(report: Report) -> None:
    """Move a million numbers with their reports, and look at them on both engines."""
    with TemporaryDirectory() as directory:
        file = Path(directory, "ledger.db")
        os.environ["SMSCLI_LEDGER"] = str(file)
        _fill(file)
        server = TestServer()
        try:
            there = address(server.directory)
            looks = {"runs RUN": ["runs", "1"], "status NUMBER": ["status", _mobile(777)]}
            on_file = in_turn({f"{name}, SQLite": [SMSCLI, *look] for name, look in looks.items()}, ROUNDS)
            moved = run([SMSCLI, "ledger", "move", there], os.environ)
            environment = os.environ | {"SMSCLI_LEDGER": there}
            sends = _sends(Path(directory), there)
            on_server = in_turn(
                {f"{name}, PostgreSQL": [SMSCLI, *look] for name, look in looks.items()}, ROUNDS, environment
            )
        finally:
            server.stop()
    report.figures({**on_file, **on_server, **sends, "ledger move, a million": [moved]})
    above = (seconds(sends["smscli send, PostgreSQL"]) - seconds(sends["bare requests script"])) * 1000
    report.hold("send above the bare script, ms", above, 60)
    for name in looks:
        report.hold(f"{name}, seconds", seconds(on_server[f"{name}, PostgreSQL"]), 0.5)
    report.hold("moving a million numbers and reports, seconds", moved.seconds, 15)


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
