"""Processes that send one run together, as hosts would that share a ledger."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from smscli.ledger.states import State
from tests.support.ledgers import ask
from tests.support.runs import open_runs
from tests.support.sandboxes import RunningSandbox, numbers

SOUND = "from smscli.__main__ import main\nimport sys\nsys.exit(main())\n"
Harm = Callable[["Hosts"], None]


class Hosts:
    """Processes that send one run together, each with its own session."""

    def __init__(
        self, program: str, environment: Mapping[str, str], directory: Path, sandbox: RunningSandbox, people: int
    ) -> None:
        self.people = numbers(people)
        self.sandbox = sandbox
        self.running: list[subprocess.Popen[bytes]] = []
        self._program, self._directory = program, directory
        self._environment = {**environment, **sandbox.variables, "SMSCLI_SIGN": "测试"}
        (directory / "people.csv").write_text("手机号\n" + "\n".join(self.people), encoding="utf-8")

    def run(self, harm: Harm, times: int, hosts: int) -> None:
        """Do harm so many times, while so many processes send, and then let them end."""
        for _ in range(times):
            if self.is_through():
                break
            self.running = [process for process in self.running if process.poll() is None]
            self.running += [self.start() for _ in range(hosts - len(self.running))]
            harm(self)
        self.end()

    def end(self) -> None:
        """Let those that run end, and then one that does the rest."""
        for process in self.running:
            process.wait(120)
        for _ in range(100):
            if self.is_through():
                break
            self.start().wait(120)

    def is_through(self) -> bool:
        """Return whether nothing is left to be sent."""
        rows = ask("SELECT count(*), coalesce(sum(open), 1) FROM batch") if self.is_begun() else [(0, 1)]
        return bool(rows[0][0]) and not rows[0][1]

    @staticmethod
    def is_begun() -> bool:
        """Return whether there is a run."""
        tables = "SELECT to_regclass('run') IS NOT NULL AND to_regclass('batch') IS NOT NULL"
        return bool(ask(tables)[0][0]) and bool(ask("SELECT 1 FROM run"))

    def start(self) -> "subprocess.Popen[bytes]":
        """Start a process that begins the run, or joins it."""
        send = ["send", "--csv", "people.csv", "--content", "x", "--key", "k", "--batch-size", "5"]
        command = ["resume", "1", "--join"] if self.is_begun() else send
        return subprocess.Popen(
            [sys.executable, "-c", self._program, *command, "--yes", "--quiet"],
            env=self._environment, cwd=self._directory,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def check(self) -> int:
        """Compare what the gateway accepted with what the ledger says; return how many numbers' outcome is unknown."""
        got = Counter(self.sandbox.queued)
        twice = [mobile for mobile, count in got.items() if count > 1]
        assert not twice, f"{len(twice)} got it twice"
        with open_runs() as ledger:
            (run,) = ledger.latest()
            batches = list(ledger.batches(run.id))
        states = {mobile: batch.state for batch in batches for mobile in batch.mobiles}
        assert set(states) == set(self.people) and set(states.values()) <= {State.ACCEPTED, State.UNKNOWN}
        accepted = {mobile for mobile, state in states.items() if state is State.ACCEPTED}
        assert accepted <= set(got), "the ledger says accepted, the gateway does not"
        assert set(got) <= set(self.people)
        return len(self.people) - len(accepted)
