"""One message: `send` beside a bare five-line script; `--version`, `--help` and `codes` beside an empty Python."""

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from smscli.sandbox.gateway import Sandbox
from tests.bench.measure import SMSCLI, Report, in_turn, seconds

BARE = """import os, requests
fields = {"name": "demo", "pwd": "demo", "content": "hi", "mobile": "13800138000", "sign": "", "type": "pt"}
answer = requests.post(os.environ["SMSCLI_ENDPOINT"], data=fields, timeout=10)
print(answer.text)
assert answer.text.startswith("0,")
"""
ROUNDS = 40


def bench(report: Report) -> None:
    """Time start-up, and one message to a sandbox."""
    with Sandbox(balance=10**6) as sandbox, TemporaryDirectory() as directory:
        script = Path(directory, "bare.py")
        script.write_text(BARE, encoding="utf-8")
        environment = os.environ | {
            "SMSCLI_ENDPOINT": sandbox.endpoint,
            "SMSCLI_NAME": "demo",
            "SMSCLI_PWD": "demo",
            "SMSCLI_LEDGER": str(Path(directory, "ledger.db")),
            "PYTHONDONTWRITEBYTECODE": "",  # the round that warms up keeps what it compiled
        }
        send = [SMSCLI, "send", "--mobile", "13800138000", "--content", "hi"]
        commands = {
            "python3 -c pass": [sys.executable, "-c", "pass"],
            "smscli --version": [SMSCLI, "--version"],
            "smscli --help": [SMSCLI, "--help"],
            "smscli codes": [SMSCLI, "codes"],
            "bare requests script": [sys.executable, str(script)],
            "smscli send": send,
            "smscli send, in Chinese": ["/usr/bin/env", "SMSCLI_LANG=zh", *send],
        }
        runs = in_turn(commands, ROUNDS, environment)
    report.figures(runs)
    report.hold_ratio(runs, "smscli --version", "python3 -c pass", 1.6)
    report.hold_ratio(runs, "smscli --help", "python3 -c pass", 1.6)
    report.hold_ratio(runs, "smscli codes", "python3 -c pass", 4.6)
    report.hold_ratio(runs, "smscli send", "bare requests script", 1.15)  # the ledger included
    slower = (seconds(runs["smscli send, in Chinese"]) - seconds(runs["smscli send"])) * 1000
    report.hold("send in Chinese, ms more", slower, 10)
    report.hold("send, peak MiB", max(run.peak for run in runs["smscli send"]), 32)
