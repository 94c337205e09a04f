"""One message: `send` beside a bare five-line script, `--version` and `--help` beside an empty Python."""

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from smscli.sandbox.gateway import Sandbox
from tests.bench.measure import SMSCLI, Report, in_turn, ratio

BARE = """import os, requests
fields = {"name": "demo", "pwd": "demo", "content": "hi", "mobile": "13800138000", "sign": "", "type": "pt"}
answer = requests.post(os.environ["SMSCLI_ENDPOINT"], data=fields, timeout=10)
print(answer.text)
assert answer.text.startswith("0,")
"""
ROUNDS = 21


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
        }
        commands = {
            "python3 -c pass": [sys.executable, "-c", "pass"],
            "smscli --version": [SMSCLI, "--version"],
            "smscli --help": [SMSCLI, "--help"],
            "bare requests script": [sys.executable, str(script)],
            "smscli send": [SMSCLI, "send", "--mobile", "13800138000", "--content", "hi"],
        }
        runs = in_turn(commands, ROUNDS, environment)
    report.figures(runs)
    report.hold("--version / python3 -c pass", ratio(runs, "smscli --version", "python3 -c pass"), 2.5)
    report.hold("--help / python3 -c pass", ratio(runs, "smscli --help", "python3 -c pass"), 2.5)
    # The ledger, which the script has none of, may cost a send 25 ms.
    without_ledger = [run._replace(seconds=run.seconds - 0.025) for run in runs["smscli send"]]
    send = ratio({**runs, "send": without_ledger}, "send", "bare requests script")
    report.hold("send / bare requests script, less 25 ms of ledger", send, 1.1)
    report.hold("send, peak MiB", max(run.peak for run in runs["smscli send"]), 32)
