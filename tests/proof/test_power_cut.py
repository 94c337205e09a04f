"""Power cuts at any moment: the ledger is sound, no request is planned again, no report that was answered is lost."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from smscli.protocol.forms import decode_form
from smscli.protocol.pushes import Report, Trust, push_from_fields
from tests.support.command import Smscli
from tests.support.disk import Disk, Event, command, events
from tests.support.forks import SOUND, UNSYNCED
from tests.support.runs import open_inbox, open_runs
from tests.support.sandboxes import RunningSandbox, write_config
from tests.support.waiting import eventually, free_port

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")

# Starts a listener and the commands beside it, waits for a line, and ends the listener.
DRIVER = """
import json, subprocess, sys
program, port, commands = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
nothing, pipe = subprocess.DEVNULL, subprocess.PIPE
begun = [sys.executable, "-c", program]
listener = subprocess.Popen([*begun, "listen", "--port", port], stdin=nothing, stdout=nothing, stderr=pipe)
listener.stderr.readline()
for arguments in commands:
    print(subprocess.run([*begun, *arguments], stdin=nothing, stdout=nothing).returncode, flush=True)
sys.stdin.readline()
listener.terminate()
sys.exit(listener.wait())
"""
PEOPLE = [f"1380013{number:04}" for number in range(60)]  # whose endings give reports of all states
COMMANDS = [
    ["send", "--csv", "people.csv", "--content", "{手机号}", "--yes", "--key", "k", "--limit", "15"],
    ["optout", "add", PEOPLE[59]],
    ["send", "--csv", "people.csv", "--content", "x", "--yes", "--batch-size", "5"],
    ["runs", "prune", "--before", "2026-01-01"],
    ["send", "--mobile", PEOPLE[0], "--content", "y"],
]


class Recording(NamedTuple):
    """What was recorded, and the directory of the ledger."""

    events: list[Event]
    directory: Path

    def left(self, moment: int) -> set[tuple[str, str]]:
        """Return the text and number of each message whose request may have begun to leave."""
        found = set()
        for event in self.events:
            if event.call == "send" and event.begun < moment and event.data.startswith(b"POST "):
                form = decode_form(event.data.partition(b"\r\n\r\n")[2])
                found |= {(form["content"], mobile) for mobile in form.get("mobile", "").split(",") if mobile}
        return found

    def answered(self, moment: int) -> list[Report]:
        """Return the reports whose push may have been answered 0."""
        asked: dict[str, bytes] = {}
        found: list[Report] = []
        for event in self.events:
            if event.begun >= moment:
                continue
            if event.call == "receive":
                asked[event.path] = asked.get(event.path, b"") + event.data
            elif event.call == "send" and event.data.startswith(b"HTTP/1.1 200") and event.data.endswith(b"\r\n\r\n0"):
                push = push_from_fields(decode_form(asked.pop(event.path).partition(b"\r\n\r\n")[2]))
                found += [report for report in (push.events if push else ()) if isinstance(report, Report)]
        return found


@pytest.fixture
def record(
    environment: dict[str, str], home: Path, tmp_path: Path, start_sandbox: Callable[..., RunningSandbox]
) -> Callable[[str], Recording]:
    """Record sends, a listener that gets their reports, and others beside them."""

    def run(program: str) -> Recording:
        port, directory = free_port(), tmp_path / "ledger"
        directory.mkdir()
        url = f"http://127.0.0.1:{port}/"
        sandbox = start_sandbox(push_to=url, push_trust=Trust("admin", "12345", ""))
        account = f'endpoint = "{sandbox.sandbox.endpoint}"\nname = "demo"\npwd = "5ECRET-PWD"\nsign = "x"\n'
        write_config(home, f'default = "shop"\n[profiles.shop]\n{account}push_name = "admin"\npush_pwd = "12345"\n')
        (tmp_path / "people.csv").write_text("手机号\n" + "\n".join(PEOPLE), encoding="utf-8")
        arguments = [f"{program}sys.exit(main())", str(port), json.dumps(COMMANDS)]
        with subprocess.Popen(
            command([sys.executable, "-c", DRIVER, *arguments], tmp_path / "trace"),
            env=environment | {"SMSCLI_LEDGER": str(directory / "ledger.db")},
            cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
        ) as driver:  # fmt: skip
            assert driver.stdout
            try:
                assert [driver.stdout.readline() for _ in COMMANDS] == ["0\n"] * len(COMMANDS)
                eventually(lambda: _pushed(sandbox) == len(sandbox.queued) > 70)
                driver.communicate("\n", timeout=30)
                assert driver.returncode == 0
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(driver.pid, signal.SIGKILL)
        return Recording(events(tmp_path / "trace"), directory)

    return run


def _pushed(sandbox: RunningSandbox) -> int:
    taken = [entry["push"] for entry in sandbox.requests if entry.get("answer") == "0"]
    return sum(len(push["mobile"].split(",")) for push in taken if "mobile" in push)


def replay(recording: Recording, cuts: int, smscli: Smscli, patch: pytest.MonkeyPatch, target: Path) -> None:
    """Cut the power so many times and look at what is left."""
    chance = random.Random(cuts)
    disk = Disk(recording.events, recording.directory)
    first = next(number for number, event in enumerate(recording.events) if "ledger.db" in event.path)
    ledger = target / "ledger.db"
    patch.setenv("SMSCLI_LEDGER", str(ledger))
    for number in range(cuts):
        moment = chance.randint(first, len(recording.events))
        if number % 2:  # just when something has left
            moment = chance.choice([at + 1 for at, event in enumerate(recording.events) if event.call == "send"])
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        for name, content in disk.cut(moment, chance).items():
            (target / name).write_bytes(content)
        where = f"cut {number} of {cuts}, after {moment} of {len(recording.events)} events"
        checked = smscli("ledger", "check", SMSCLI_LEDGER=str(ledger))
        assert checked.code == 0, f"{where}: {checked.err}"
        _check(recording, moment, where)


def _check(recording: Recording, moment: int, where: str) -> None:
    with open_runs() as runs:
        batches = [batch for run in runs.latest() for batch in runs.batches(run.id)]
    safe = {(batch.content, mobile) for batch in batches if not batch.open for mobile in batch.mobiles}
    again = recording.left(moment) - safe
    assert not again, f"{where}: {len(again)} would be sent to again"
    with open_inbox() as inbox:
        kept = {kept.report for mobile in PEOPLE for kept in inbox.reports(mobile=mobile)}
    lost = set(recording.answered(moment)) - kept
    assert not lost, f"{where}: {len(lost)} reports were answered and are lost"


@pytest.mark.parametrize("cuts", [10, pytest.param(300, marks=pytest.mark.long)])
def test_a_power_cut_costs_nothing(
    record: Callable[[str], Recording], smscli: Smscli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cuts: int
) -> None:
    recording = record(SOUND)
    assert len(recording.left(len(recording.events))) >= 70
    assert len(recording.answered(len(recording.events))) >= 70
    replay(recording, cuts, smscli, monkeypatch, tmp_path / "rebuilt")


def test_missing_syncs_are_found_out(
    record: Callable[[str], Recording], smscli: Smscli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    recording = record(UNSYNCED)
    with pytest.raises(AssertionError, match="cut"):
        replay(recording, 10, smscli, monkeypatch, tmp_path / "rebuilt")
