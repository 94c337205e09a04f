"""A million numbers with the ledger on, beside what a shell user would write; personalised texts, one request each."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.measure import SMSCLI, Report, in_turn, ratio, seconds

NUMBERS = 1_000_000
TEXTS = 8_000
ROUNDS = 3
SHELL = (
    "tail -n +2 people.csv | cut -d, -f2 | split -l 500 --filter='paste -sd,' | "
    'xargs -P4 -I{} curl -sS -o /dev/null -d "name=$SMSCLI_NAME&pwd=$SMSCLI_PWD&type=pt&content=hi&sign=" '
    "-d 'mobile={}' \"$SMSCLI_ENDPOINT\""
)


def bench(report: Report) -> None:
    """Time bulk sends to a sandbox in a process of its own."""
    with TemporaryDirectory() as directory:
        write_people(Path(directory, "people.csv"), NUMBERS)
        write_people(Path(directory, "texts.csv"), TEXTS)
        os.chdir(directory)
        send = [SMSCLI, "send", "--quiet", "--yes", "--output", "jsonl", "--content"]
        commands = {
            "split | paste | xargs curl": ["bash", "-c", SHELL],
            "smscli send, a million": [*send, "hi", "--csv", "people.csv"],
            "smscli send, personalised": [*send, "{编号}", "--csv", "texts.csv", "--workers", "16"],
        }
        slow = {"at 50 ms, 32 workers": [*send, "{编号}", "--csv", "texts.csv", "--workers", "32"]}
        with sandbox(directory) as environment:
            runs = in_turn(commands, ROUNDS, environment)
        with sandbox(directory, "--latency", "50") as environment:
            runs |= in_turn(slow, ROUNDS, environment)
        os.chdir("/")
    report.figures(runs)
    report.hold("numbers a second", NUMBERS / seconds(runs["smscli send, a million"]), 60_000, least=True)
    report.hold("a million, peak MiB", max(run.peak for run in runs["smscli send, a million"]), 200)
    report.hold("a million / shell", ratio(runs, "smscli send, a million", "split | paste | xargs curl"), 1)
    report.hold("texts a second", TEXTS / seconds(runs["smscli send, personalised"]), 500, least=True)
    ideal = TEXTS / 32 * 0.05
    report.hold(
        "at 50 ms, share of what latency allows", ideal / seconds(runs["at 50 ms, 32 workers"]), 0.8, least=True
    )


@contextmanager
def sandbox(directory: str, *options: str) -> Iterator[dict[str, str]]:
    """Run a sandbox that never runs out of balance; yields the environment of its clients."""
    command = [SMSCLI, "sandbox", "--port", "0", "--balance", str(10**12), "--log", os.devnull, *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    try:
        endpoint = next(word for word in process.stderr.readline().split() if word.startswith("http"))
        account = {"SMSCLI_ENDPOINT": endpoint, "SMSCLI_NAME": "demo", "SMSCLI_PWD": "demo"}
        yield os.environ | account | {"SMSCLI_LEDGER": str(Path(directory, "ledger.db"))}
    finally:
        process.terminate()
        process.communicate()


def write_people(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("编号,手机号,城市\n")
        # No number that ends in 099, which the sandbox takes for blacklisted.
        file.writelines(f"N{n},138{n:07d}0,上海\n" for n in range(count))
