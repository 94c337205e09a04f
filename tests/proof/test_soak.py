"""Everything at once against one gateway that misbehaves, with kills: at the end all sums agree with its log."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from smscli.protocol.pushes import parse_replies
from smscli.protocol.times import CHINA
from tests.support.forks import SOUND, Forks, forks
from tests.support.sandboxes import write_config
from tests.support.waiting import free_port

# A sandbox that misbehaves in another way each time; the faults that take seconds are rare.
SANDBOX = (
    SOUND
    + """
import random
from smscli.sandbox import gateway
slow = {gateway.Fault.DRIP, gateway.Fault.HUGE, gateway.Fault.HUGE_COOKIE, gateway.Fault.GZIP_BOMB}
faults = [fault for fault in gateway.Fault if fault not in slow]

def next_fault(self):
    chance = random.random()
    return random.choice(sorted(slow)) if chance < 0.001 else random.choice(faults) if chance < 0.15 else None

gateway.Sandbox._next_fault = next_fault
sys.exit(main())
"""
)
CONFIG = """
default = "shop"
[profiles.shop]
endpoint = "{endpoint}"
name = "demo"
pwd = "5ECRET-PWD"
sign = "测试"
timeout = 2
push_name = "admin"
push_pwd = "12345"
"""
# What each command may end as; 1 is a bug, 3 would be a ledger that cannot be used.
ENDINGS = {
    "send": {0, 4, 5, 6, 7, 9, 10}, "resume": {0, 2, 4, 5, 6, 7, 9, 10}, "cancel": {0, 2},
    "runs": {0, 2, 4, 5, 6, 7, 9, 130}, "status": {0}, "listen": {0, -signal.SIGTERM},
}  # fmt: skip
DAY = 86400.0
# Numbers that end in 099 are blacklisted.
PEOPLE = [f"1380013{number:04}" for number in range(2000) if number % 1000 != 99]
UNWILLING = [f"1390013{number:04}" for number in range(300) if number != 99]


class Job(NamedTuple):
    """A command that was run, and how it ended."""

    arguments: Sequence[str]
    begun: float
    ended: float
    code: int
    told: str


class Soak:
    """Runs commands from several threads until the time is over."""

    def __init__(self, environment: Mapping[str, str], directory: Path, port: int) -> None:
        self.directory, self.port = directory, str(port)
        self.jobs: list[Job] = []
        # By the name of a run, which is its text and its key.
        self.aged: set[str] = set()  # made two days older, so that it can be pruned
        self.resent: Counter[str] = Counter()
        self.dropped: set[str] = set()
        self._environment = environment
        self._end = 0.0
        self._serial = count()
        self._trouble: list[BaseException] = []

    def run(self, seconds: float, *actors: "Actor") -> None:
        """Let actors do one thing after the other, each in a thread of its own."""
        with ExitStack() as stack:
            programs = [stack.enter_context(forks(self._environment, self.directory)) for _ in actors]
            for program in programs:
                program.start("runs")  # they make the ledger, all at the same time
            for program in programs:
                program.wait()
            self._end = time.monotonic() + seconds
            threads = [
                threading.Thread(target=self._act, args=(actor, program, random.Random(seed)))
                for seed, (actor, program) in enumerate(zip(actors, programs, strict=True))
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        if self._trouble:
            raise self._trouble[0]

    def _act(self, actor: "Actor", program: Forks, chance: random.Random) -> None:
        try:
            while time.monotonic() < self._end and not self._trouble:
                actor(self, program, chance)
        except BaseException as error:
            self._trouble.append(error)

    def do(self, program: Forks, chance: random.Random, *arguments: str, kill: float = 0) -> None:
        """Run a command, and kill it in some cases."""
        begun = time.time()
        program.start(*arguments)
        if chance.random() < kill:
            time.sleep(chance.uniform(0, 0.3))
            code = program.kill()
        else:
            code = program.wait()
        self.jobs.append(Job(arguments, begun, time.time(), code, program.told))

    def name(self) -> str:
        """Return a name that nothing has yet."""
        return f"n{next(self._serial)}"

    def read(self, statement: str, *values: object) -> list[Any]:
        """Read the ledger from outside."""
        with closing(sqlite3.connect(self.directory / "ledger.db", timeout=30)) as connection:
            return connection.execute(statement, values).fetchall()

    def write(self, statement: str, *values: object) -> None:
        """Change the ledger from outside."""
        with closing(sqlite3.connect(self.directory / "ledger.db", timeout=30)) as connection, connection:
            connection.execute(statement, values)


NAME = "coalesce(key, run.content)"  # of a run, in SQL


# --- who does what ------------------------------------------------------------------------------------------------

Actor = Callable[[Soak, Forks, random.Random], None]


def send(soak: Soak, program: Forks, chance: random.Random) -> None:
    """Send to some people in small batches, in most cases with a key that others use at the same time."""
    name, people, options = soak.name(), chance.sample(PEOPLE, 30) + chance.sample(UNWILLING, 10), []
    if chance.random() < 0.7:  # one key is one text and one list
        number = int(time.monotonic() / 2)
        name, people = f"key{number}", random.Random(number).sample(PEOPLE + UNWILLING, 60)
        options = ["--key", name]
    listed = soak.directory / f"{name}-{threading.get_ident()}.csv"
    listed.write_text("\n".join(people))
    options += ["--batch-size", chance.choice("137"), "--workers", chance.choice("124"), "--yes", "--quiet"]
    soak.do(program, chance, "send", "--csv", str(listed), "--content", name, *options, kill=0.3)
    listed.unlink()


def resume(soak: Soak, program: Forks, chance: random.Random) -> None:
    """Go on with a run; resend what is unknown only of runs without a key, where it may double by design."""
    for run, name, key in soak.read(f"SELECT id, {NAME}, key FROM run ORDER BY random() LIMIT 1"):
        what = chance.choice(("", "drop", "drop" if key else "resend"))
        soak.resent[name] += what == "resend"
        soak.dropped |= {name} if what == "drop" else set()
        unknown = ["--unknown", what] if what else []
        soak.do(program, chance, "resume", str(run), "--yes", "--quiet", *unknown, kill=0.2)
    time.sleep(0.05)


def cancel(soak: Soak, program: Forks, chance: random.Random) -> None:
    """Give up a run, in many cases one that is being sent."""
    for (run,) in soak.read("SELECT id FROM run ORDER BY id DESC LIMIT 1"):
        soak.do(program, chance, "cancel", str(run), "--yes", kill=0.1)
    time.sleep(chance.uniform(0.2, 1))


def prune(soak: Soak, program: Forks, chance: random.Random) -> None:
    """Make runs two days older, and forget what is that old."""
    if chance.random() < 0.5:
        for run, name in soak.read(f"SELECT id, {NAME} FROM run ORDER BY random() LIMIT 2"):
            soak.aged.add(name)
            soak.write("UPDATE run SET created = created - ? WHERE id = ?", 2 * DAY, run)
    today = datetime.now(CHINA).strftime("%Y-%m-%d")
    soak.do(program, chance, "runs", "prune", "--before", today, kill=0.1)
    time.sleep(chance.uniform(0.1, 0.5))


def opt_out(soak: Soak, program: Forks, chance: random.Random) -> None:
    """Put people on the list, and now and then one off it again."""
    command = "remove" if chance.random() < 0.2 else "add"
    soak.do(program, chance, "optout", command, chance.choice(UNWILLING), kill=0.1)
    time.sleep(chance.uniform(0, 0.2))


def look(soak: Soak, program: Forks, chance: random.Random) -> None:
    """Look at everything."""
    ((last,),) = soak.read("SELECT max(id) FROM run")
    commands = [["runs"], ["status", chance.choice(PEOPLE)], ["inbox"], ["optout", "list"], ["ledger", "check"]]
    if last:
        commands += [["runs", str(last), *more] for more in ([], ["--failed"], ["--wait", "1s"])]
    soak.do(program, chance, *chance.choice(commands), kill=0.1)


def listen(soak: Soak, program: Forks, chance: random.Random) -> None:
    """Receive for a while; it ends by a kill or by a signal."""
    begun = time.time()
    program.start("listen", "--port", soak.port)
    time.sleep(chance.uniform(0.5, 3))
    os.kill(program.child, chance.choice((signal.SIGKILL, signal.SIGTERM)))
    soak.jobs.append(Job(["listen"], begun, time.time(), program.wait(), program.told))


ACTORS = (send, send, send, resume, cancel, prune, opt_out, look, listen)


# --- the sums -----------------------------------------------------------------------------------------------------


class Accounts:
    """What the gateway's log and the ledger say in the end."""

    def __init__(self, soak: Soak, log: Path) -> None:
        entries = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
        self.soak = soak
        self.queued = [entry for entry in entries if entry.get("queued")]
        self.by_sendid = {entry["sendid"]: entry for entry in self.queued}
        self.pushed = [entry["push"] for entry in entries if "push" in entry and entry["answer"] == "0"]
        self.answered_at = [
            (datetime.fromisoformat(entry["time"]).timestamp(), entry["push"])
            for entry in entries
            if "push" in entry and entry["answer"] == "0"
        ]
        self.runs = {name: (run, bool(text)) for run, name, text in soak.read(f"SELECT id, {NAME}, content FROM run")}
        self.batches = [
            Sent._make((*row, frozenset(filter(None, mobiles.split(",")))))
            for *row, mobiles in soak.read(
                f"SELECT run, {NAME}, state, open, sendid, accepted, settled, coalesce(sent, 0), mobiles "
                "FROM batch JOIN run ON run.id = batch.run"
            )
        ]

    def check(self) -> None:
        """Compare all of it."""
        self.check_jobs()
        self.check_doubles()
        self.check_accepted()
        self.check_queued()
        self.check_reports()
        self.check_opt_outs()
        self.check_tallies()

    def check_jobs(self) -> None:
        for job in self.soak.jobs:
            assert "Traceback" not in job.told, job
            assert "by another program" not in job.told, job  # a run belongs to one process at a time
            assert job.code in ENDINGS.get(job.arguments[0], {0}) | {-signal.SIGKILL}, job

    def check_doubles(self) -> None:
        """Nobody got a text twice, but where what was unknown was sent again."""
        got = Counter((entry["content"], mobile) for entry in self.queued for mobile in entry["mobile"])
        doubled = {key: times for key, times in got.items() if times > 1 + self.soak.resent[key[0]]}
        assert not doubled, f"{len(doubled)} got it twice"

    def check_accepted(self) -> None:
        """What the ledger calls accepted was, under this sendid, with these counts."""
        for batch in self.batches:
            if batch.state == "accepted" and not self.is_misled(batch):
                entry = self.by_sendid[batch.sendid]
                assert entry["content"] == batch.name, (batch, entry)
                assert not batch.mobiles or batch.mobiles == set(entry["mobile"])
                counted = entry["accepted"] - (entry["fault"] == "wrong-counts")
                assert batch.accepted == counted or (batch.settled and batch.accepted <= entry["accepted"]), batch

    def is_misled(self, batch: "Sent") -> bool:
        """Return whether the reports of a run that was pruned within a minute settled another run's batch.

        That run is unknown by then, so its message looks like the batch's own. Only here are runs pruned so soon.
        """
        other = self.by_sendid[batch.sendid]["content"] if batch.settled else ""
        return other in self.soak.aged and other != batch.name

    def check_queued(self) -> None:
        """What the gateway took is accepted or unknown in the ledger, or a person decided about it."""
        sendids = {batch.sendid for batch in self.batches}
        of_run: dict[str, list[Sent]] = {}
        for batch in self.batches:
            of_run.setdefault(batch.name, []).append(batch)
        for entry in self.queued:
            name, mobiles = entry["content"], set(entry["mobile"])
            is_pruned = name in self.soak.aged and not self.runs.get(name, (0, False))[1]
            if entry["sendid"] in sendids or is_pruned:
                continue
            batches = [batch for batch in of_run.get(name, ()) if not batch.mobiles.isdisjoint(mobiles)]
            allowed = {"unknown", "sending"} | ({"dropped"} if name in self.soak.dropped else set())
            if not self.soak.resent[name]:
                assert batches, f"the ledger does not know {entry}"
                assert all(batch.state in allowed or self.is_misled(batch) for batch in batches), (entry, batches)
                assert not any(batch.is_open for batch in batches), (entry, batches)

    def check_reports(self) -> None:
        """What was answered 0 is in the ledger, or belongs to a run that was pruned."""
        reports = set(self.soak.read("SELECT sendid, mobile, state, time FROM report"))
        replies = set(self.soak.read("SELECT mobile, content, time FROM reply"))
        for push in self.pushed:
            if "args" in push:
                assert {tuple(reply[:3]) for reply in parse_replies(push["args"]) or ()} <= replies
            elif self.by_sendid[push["sendid"]]["content"] not in self.soak.aged:
                told = {(push["sendid"], mobile, push["state"], push["time"]) for mobile in push["mobile"].split(",")}
                assert told <= reports, f"answered and lost: {told - reports}"

    def check_opt_outs(self) -> None:
        """Nothing left for anybody who was on the list at that time."""
        words: dict[str, list[tuple[float, int]]] = {}
        for job in self.soak.jobs:
            if job.arguments[0] == "optout" and job.arguments[1] == "remove":
                words.setdefault(job.arguments[2], []).extend([(job.begun, -1), (job.ended, -1)])
            elif job.arguments[0] == "optout" and job.arguments[1] == "add" and job.code == 0:
                words.setdefault(job.arguments[2], []).append((job.ended, 1))
        for at, push in self.answered_at:
            for reply in parse_replies(push.get("args", "")) or ():
                if reply.content == "TD":
                    words.setdefault(reply.mobile, []).append((at, 1))
        for batch in self.batches:
            for mobile in batch.mobiles & words.keys() if batch.sent else ():
                last = max((word for word in words[mobile] if word[0] < batch.sent), default=(0, -1))
                assert last[1] < 0, f"{mobile} had opted out: {batch}"

    def check_tallies(self) -> None:
        """The counts that are kept are those of the reports."""
        tallies = self.soak.read("SELECT sendid, sum(numbers) FROM tally GROUP BY sendid HAVING sum(numbers) != 0")
        kept = self.soak.read("SELECT sendid, count(DISTINCT mobile) FROM report GROUP BY sendid")
        counted = dict(tallies)
        assert {sendid: counted.get(sendid) for sendid, _ in kept} == dict(kept)
        assert self.soak.read("PRAGMA integrity_check") == [("ok",)]


class Sent(NamedTuple):
    """A batch as the ledger has it."""

    run: int
    name: str
    state: str
    is_open: int
    sendid: str
    accepted: int
    settled: int
    sent: float  # 0 where it never left
    mobiles: frozenset[str]


@contextmanager
def misbehaving(environment: Mapping[str, str], directory: Path, port: int, url: str) -> Iterator[Path]:
    """Run the sandbox as a process while the block lasts; yields its log."""
    log = directory / "sandbox.log"
    options = ["--port", str(port), "--balance", "1000000000", "--latency", "5", "--log", str(log)]
    command = [sys.executable, "-c", SANDBOX, "sandbox", *options, "--push-to", url, "--profile", "shop"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        assert process.stderr.readline().startswith("sandbox on")
        try:
            yield log
        finally:
            process.terminate()
            told = process.stderr.read()
    assert "Traceback" not in told


@pytest.mark.parametrize("seconds", [3, pytest.param(600, marks=pytest.mark.long)])
def test_all_at_once(environment: dict[str, str], home: Path, tmp_path: Path, seconds: float) -> None:
    port, gateway = free_port(), free_port()
    endpoint = f"http://127.0.0.1:{gateway}/asmx/smsservice.aspx"
    write_config(home, CONFIG.format(endpoint=endpoint))
    variables = environment | {"SMSCLI_LEDGER": str(tmp_path / "ledger.db")}
    soak = Soak(variables, tmp_path, port)
    with misbehaving(variables, tmp_path, gateway, f"http://127.0.0.1:{port}/") as log:
        soak.run(seconds, *ACTORS)
    accounts = Accounts(soak, log)
    accounts.check()
    assert len(accounts.queued) > 10 * seconds
    assert len(accounts.pushed) > seconds
    assert any(batch.state in ("unknown", "sending") for batch in accounts.batches)
