"""Times whole processes in turn and prints medians, ratios and the bounds they are held to."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

SMSCLI = str(Path(sys.executable).with_name("smscli"))


class Run(NamedTuple):
    """One finished process: wall seconds and peak memory in MiB."""

    seconds: float
    peak: float


def run(command: Sequence[str], environment: Mapping[str, str]) -> Run:
    """Run a command with its output thrown away; one that fails ends the benchmark."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    assert process.stderr
    told = process.stderr.read().decode()
    process.stderr.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}: {told}")
    return Run(seconds, usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024))


def in_turn(
    commands: Mapping[str, Sequence[str]], rounds: int, environment: Mapping[str, str] = os.environ
) -> dict[str, list[Run]]:
    """Run every command once a round, so that a slow moment of the machine hits all of them; one round warms up."""
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            done = run(command, environment)
            if number:
                runs[name].append(done)
    return runs


def ratio(runs: Mapping[str, Sequence[Run]], name: str, to: str) -> float:
    """Return the median of the ratios round by round."""
    return median(a.seconds / b.seconds for a, b in zip(runs[name], runs[to], strict=True))


class Report:
    """Prints a line a figure and remembers what broke its bound."""

    def __init__(self) -> None:
        self.broken = 0

    def figures(self, runs: Mapping[str, Sequence[Run]]) -> None:
        """Print the median time and the peak memory of each command."""
        for name, done in runs.items():
            seconds = median(run.seconds for run in done)
            print(f"  {name:<28} {seconds * 1000:9.0f} ms   {max(run.peak for run in done):6.1f} MiB")

    def hold(self, what: str, value: float, bound: float, least: bool = False) -> None:
        """Print a figure and whether it is within its bound: at most, or at least with `least`."""
        kept = value >= bound if least else value <= bound
        self.broken += not kept
        print(
            f"  {'ok  ' if kept else 'OVER'} {what:<52} {value:9.2f}  ({'at least' if least else 'at most'} {bound:g})"
        )
