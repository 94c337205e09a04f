"""Times whole processes in turn and prints figures, ratios and the bounds they are held to.

Other programs disturb a machine, and only ever make a process slower. So a figure is the median of the quieter half of
the rounds. CPU time stands beside it: where the ratio of the two differs, the machine was busy.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

SMSCLI = str(Path(sys.executable).with_name("smscli"))


class Run(NamedTuple):
    """One finished process: wall seconds, CPU seconds and peak memory in MiB."""

    seconds: float
    cpu: float
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
    peak = usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
    return Run(seconds, usage.ru_utime + usage.ru_stime, peak)


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


def quiet(values: Iterable[float]) -> float:
    """Return the median of the lower half of what several rounds took."""
    ordered = sorted(values)
    return median(ordered[: (len(ordered) + 1) // 2])


def seconds(runs: Sequence[Run]) -> float:
    """Return the wall time of a command."""
    return quiet(run.seconds for run in runs)


def ratio(runs: Mapping[str, Sequence[Run]], name: str, to: str) -> float:
    """Return how many times the wall time of another command one takes."""
    return seconds(runs[name]) / seconds(runs[to])


def cpu_ratio(runs: Mapping[str, Sequence[Run]], name: str, to: str) -> float:
    """Return how many times the CPU time of another command one takes."""
    return quiet(run.cpu for run in runs[name]) / quiet(run.cpu for run in runs[to])


class Report:
    """Prints a line a figure and remembers what broke its bound."""

    def __init__(self) -> None:
        self.broken = 0

    def figures(self, runs: Mapping[str, Sequence[Run]]) -> None:
        """Print the wall time, the CPU time and the peak memory of each command."""
        for name, done in runs.items():
            wall, cpu = seconds(done) * 1000, quiet(run.cpu for run in done) * 1000
            print(f"  {name:<28} {wall:9.1f} ms   CPU {cpu:9.1f} ms   {max(run.peak for run in done):6.1f} MiB")

    def hold_ratio(self, runs: Mapping[str, Sequence[Run]], name: str, to: str, bound: float) -> None:
        """Hold a command's wall time to so many times that of another one; the ratio of CPU time is only printed."""
        self.hold(f"{name} / {to} (CPU {cpu_ratio(runs, name, to):.2f})", ratio(runs, name, to), bound)

    def hold(self, what: str, value: float, bound: float, least: bool = False) -> None:
        """Print a figure and whether it is within its bound: at most, or at least with `least`."""
        kept = value >= bound if least else value <= bound
        self.broken += not kept
        print(
            f"  {'ok  ' if kept else 'OVER'} {what:<52} {value:9.2f}  ({'at least' if least else 'at most'} {bound:g})"
        )
