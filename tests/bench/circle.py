"""What came back, on a ledger of a million numbers and a million reports: `runs RUN`, `status`, and recording."""

import os
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from unittest.mock import patch

from smscli.config.profile import Profile
from smscli.ledger.inbox import Circle
from smscli.ledger.runs import Batch, Run, State, opened
from smscli.protocol.pushes import Push, Report

from tests.bench.measure import SMSCLI, Report as Figures, in_turn  # isort: skip

NUMBERS = 1_000_000
BATCH = 500
ROUNDS = 9
ACCOUNT = Profile("shop", name="demo")
BOUND = 0.5  # seconds


def bench(report: Figures) -> None:
    """Fill a ledger and time the commands that read it."""
    with TemporaryDirectory() as directory, patch.dict(os.environ, SMSCLI_LEDGER=str(Path(directory, "ledger.db"))):
        _send()
        report.hold("reports recorded a second, 500 a commit", NUMBERS / _receive(), 5_000, least=True)
        commands = {
            "smscli runs RUN": [SMSCLI, "runs", "1"],
            "smscli status SENDID": [SMSCLI, "status", _sendid(7)],
            "smscli status MOBILE": [SMSCLI, "status", _mobile(NUMBERS - 1)],
            "smscli inbox": [SMSCLI, "inbox"],
        }
        runs = in_turn(commands, ROUNDS)
    report.figures(runs)
    for name, done in runs.items():
        report.hold(f"{name}, seconds", median(run.seconds for run in done), BOUND)


def _mobile(number: int) -> str:
    return f"138{number:08d}"


def _sendid(batch: int) -> str:
    return f"20261122{batch:017d}"


def _send() -> None:
    chunks = [",".join(map(_mobile, range(start, start + BATCH))) for start in range(0, NUMBERS, BATCH)]
    run = Run(0, None, time.time(), "bench", ACCOUNT.label, ACCOUNT.name, "hi", "", "", "", "list", "", NUMBERS, 0, 0)
    with opened(Circle) as circle, circle.new_run(run, (("hi", mobiles, BATCH) for mobiles in chunks)) as number:
        batches = [Batch(n, State.SENDING, "hi", mobiles, BATCH) for n, mobiles in enumerate(chunks, 1)]
        circle.settle(number, batches)
        circle.settle(
            number,
            [b._replace(state=State.ACCEPTED, code=0, sendid=_sendid(b.number), accepted=BATCH) for b in batches],
        )


def _receive() -> float:
    """Record a report for every number, one a push; returns the seconds."""
    states = ["DELIVRD"] * 19 + ["UNDELIV"]
    start = time.perf_counter()
    with opened(Circle) as circle:
        for batch in range(NUMBERS // BATCH):
            people = range(batch * BATCH, (batch + 1) * BATCH)
            reports = [Report(_sendid(batch + 1), _mobile(n), states[n % 20], "2026-11-22 12:00:00") for n in people]
            circle.record(ACCOUNT, [Push((report,), {}) for report in reports])
    return time.perf_counter() - start
