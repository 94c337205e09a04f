"""What came back, on a ledger of a million numbers and a million reports: `runs`, `status`, `stats`, and recording."""

import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from smscli.config.profile import Profile
from smscli.ledger import states
from smscli.ledger.inbox import Inbox
from smscli.ledger.runs import Run, Runs
from smscli.ledger.store import open_store
from smscli.protocol.pushes import Push, Report
from tests.support.runs import Steps

from tests.bench.measure import SMSCLI, Report as Figures, in_turn, seconds  # isort: skip

NUMBERS = 1_000_000
BATCH = 500
ROUNDS = 9
ACCOUNT = Profile("shop", name="demo")
BOUND = 0.5  # seconds
FAILED_BOUND = 2.0  # of all reports the one that counts for each number


def bench(report: Figures) -> None:
    """Fill a ledger and time the commands that read it."""
    with TemporaryDirectory() as directory, patch.dict(os.environ, SMSCLI_LEDGER=str(Path(directory, "ledger.db"))):
        _send()
        report.hold("reports recorded a second, 500 a commit", NUMBERS / _receive(), 5_000, least=True)
        commands = {
            "smscli runs RUN": [SMSCLI, "runs", "1"],
            "smscli runs RUN --failed": [SMSCLI, "runs", "1", "--failed"],
            "smscli status SENDID": [SMSCLI, "status", _sendid(7)],
            "smscli status MOBILE": [SMSCLI, "status", _mobile(NUMBERS - 1)],
            "smscli inbox": [SMSCLI, "inbox"],
            "smscli stats": [SMSCLI, "stats"],
            "smscli stats --by operator": [SMSCLI, "stats", "--by", "operator"],
        }
        runs = in_turn(commands, ROUNDS)
    report.figures(runs)
    for name, done in runs.items():
        report.hold(f"{name}, seconds", seconds(done), FAILED_BOUND if "--failed" in name else BOUND)


def _mobile(number: int) -> str:
    return f"138{number:08d}"


def _sendid(batch: int) -> str:
    return f"20261122{batch:017d}"


def _send() -> None:
    chunks = ([_mobile(number) for number in range(start, start + BATCH)] for start in range(0, NUMBERS, BATCH))
    run = Run(0, None, time.time(), "bench", ACCOUNT.label, ACCOUNT.name, "hi", "", "", "", "list", "", NUMBERS, 0, 0)
    with open_store() as store, Runs(store).begin(lambda: (run, (("hi", chunk) for chunk in chunks))) as written:
        steps, answered = Steps(store, written), None
        for _ in range(NUMBERS // BATCH):
            batch = steps.claim(answered).batch
            answered = batch.ended(states.ACCEPTED)._replace(code=0, sendid=_sendid(batch.number), accepted=BATCH)
        assert not steps.has_more(answered)


def _receive() -> float:
    """Record a report for every number, one a push; returns the seconds."""
    states = ["DELIVRD"] * 19 + ["UNDELIV"]
    start = time.perf_counter()
    with open_store() as store:
        for batch in range(NUMBERS // BATCH):
            people = range(batch * BATCH, (batch + 1) * BATCH)
            reports = [Report(_sendid(batch + 1), _mobile(n), states[n % 20], "2026-11-22 12:00:00") for n in people]
            Inbox(store).record(ACCOUNT, [Push((report,), {}) for report in reports])
    return time.perf_counter() - start
