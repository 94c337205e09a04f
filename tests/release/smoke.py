"""A walk through every command of an installed smscli, in an empty home, against a gateway that sends nothing."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from smscli.commands import COMMANDS
from smscli.sandbox.gateway import Sandbox
from tests.support.waiting import free_port
from tests.support.workbooks import xlsx

_ONE, _TWO = "13800138000", "13800138001"
_PUSH = f"name=demo&pwd=secret&sendid={'7' * 25}&mobile={_ONE}&state=DELIVRD&time=2026-11-25 12:00:00"


class SmokeError(Exception):
    """A command of an installed smscli did not do what it should."""


class Walk:
    """Runs one installed smscli in an empty home directory of its own."""

    def __init__(self, program: Sequence[str], home: Path, endpoint: str) -> None:
        home.mkdir(parents=True)
        self._program, self.home, self.ran = program, home, set[str]()
        account = {"SMSCLI_NAME": "demo", "SMSCLI_PWD": "secret", "SMSCLI_ENDPOINT": endpoint}
        self._environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8", **account}

    def run(self, *arguments: str, given: str = "", code: int = 0, says: str = "") -> str:
        """Run a command and return what it prints; another exit code, or words that are missing, are an error."""
        command = [*self._program, *arguments]
        self.ran.add(arguments[0])
        ended = subprocess.run(
            command, input=given, capture_output=True, text=True, env=self._environment, cwd=self.home, timeout=60
        )
        printed = ended.stdout + ended.stderr
        if ended.returncode != code or says not in printed or "Traceback" in printed:
            raise SmokeError(f"{' '.join(command)} ended with {ended.returncode}, not {code}, and printed:\n{printed}")
        return ended.stdout

    def serve(self, *arguments: str, says: str) -> None:
        """Start a command that runs on, wait until it says that it serves, and stop it."""
        command = [*self._program, *arguments]
        self.ran.add(arguments[0])
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=self._environment) as process:
            assert process.stderr
            said = process.stderr.readline()
            process.terminate()
            if says not in said or process.wait(timeout=20):
                raise SmokeError(f"{' '.join(command)} ended with {process.returncode} and said:\n{said}")


def walk(program: Sequence[str], home: Path, workbooks: bool = True) -> int:
    """Run every command of an installed smscli and return how many there are; `workbooks`: it can read them."""
    with Sandbox(balance=1000) as sandbox:
        steps = Walk(program, home, sandbox.endpoint)
        steps.run("--version", says="smscli ")
        for name in COMMANDS:
            steps.run(name, "--help", says="Usage: ")
        steps.ran.clear()
        _send(steps, workbooks)
        _receive(steps)
        _administer(steps)
    if missing := COMMANDS.keys() - steps.ran:
        raise SmokeError(f"these commands were not tried: {', '.join(sorted(missing))}")
    return len(COMMANDS)


def _send(steps: Walk, workbooks: bool) -> None:
    steps.run("send", "--mobile", _ONE, "--content", "你好", says="accepted")
    xlsx(steps.home / "list.xlsx", [["手机号", "姓名"], [_ONE, "王"], [_TWO, "李"]])
    read = ("send", "--list", "list.xlsx", "--content", "{姓名}，您好", "--yes", "--key", "walk")
    if workbooks:
        steps.run(*read, says="accepted")
    else:
        steps.run(*read, code=2, says="python-calamine")
    steps.run("send", "--content", "你好", "--yes", "--key", "pipe", given=f"mobile\n{_ONE}\n{_TWO}\n", says="accepted")
    steps.run("runs", says="pipe")
    steps.run("resume", "1", says="nothing left to send")
    steps.run("cancel", "1", "--yes", says="nothing")
    steps.run("status", _ONE, says="accepted")
    steps.run("resend", "1", "--failed", "--yes", code=9)
    steps.run("stats", says="1")
    steps.run("balance", says="environment")


def _receive(steps: Walk) -> None:
    steps.run("parse-report", "--record", given=f"{_PUSH}\n", says="DELIVRD")
    steps.run("inbox")
    steps.serve("listen", "--allow", "127.0.0.1", "--port", str(free_port()), says="http://")
    steps.serve("sandbox", "--port", str(free_port()), says="http://")


def _administer(steps: Walk) -> None:
    steps.run("optout", "add", _TWO)
    steps.run("optout", "list", says=_TWO)
    steps.run("template", "list")
    steps.run("codes", "1", says="含有敏感词汇")
    steps.run("ledger", "check", says="sound")
    steps.run("ledger", "backup", "copy.db", says="saved in")
    steps.run("profile", "list")
    steps.run("doctor", "--output", "tsv", says="pass")
    steps.run("help", "exit-codes", says="130")
    steps.run("completion", "bash", says="complete")
