"""The whole circle through the real command line: send, status reports, replies, opt-outs, and the next send.

`smscli sandbox --push-to` is the gateway, `smscli listen` takes what it pushes; each is a process of its own.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from smscli.protocol.forms import PATH
from smscli.sandbox import pusher
from tests.support.command import Smscli
from tests.support.sandboxes import write_config
from tests.support.waiting import eventually, free_port

DELIVERED, EXPIRED, OPTS_OUT, ANSWERS = "13800138000", "13800138001", "13800138011", "13800138012"
EVERYBODY = f"{DELIVERED},{EXPIRED},{OPTS_OUT},{ANSWERS}"
PLAIN = 'push_name = "gateway"\npush_pwd = "PUSH-PWD"'
SIGNED = 'access_secret = "ACCESS-SECRET"'


class Circle:
    """An account whose gateway is a sandbox that pushes, and the processes around it."""

    def __init__(self, home: Path, environment: dict[str, str], stack: ExitStack, trust: str) -> None:
        self.log, self.events, self.said = home / "sandbox.log", home / "events.jsonl", home / "listen.err"
        self._environment = environment
        self._stack = stack
        self._port, self._gateway_port = free_port(), free_port()
        write_config(
            home,
            f'[profiles.shop]\nendpoint = "http://127.0.0.1:{self._gateway_port}{PATH}"\n'
            'name = "demo"\npwd = "5ECRET"\n'
            f'sign = "小店"\nextno = "12"\nextension_length = 3\n{trust}\n',
        )

    def start_sandbox(self, *options: str) -> None:
        """Start the gateway and wait until it serves."""
        port = str(self._gateway_port)
        target = f"http://127.0.0.1:{self._port}/"
        self._start("sandbox", "--port", port, "--push-to", target, "-p", "shop", "--log", str(self.log), *options)
        eventually(lambda: answers(self._gateway_port))

    def start_listener(self) -> "subprocess.Popen[bytes]":
        """Start `smscli listen` and wait until it serves."""
        process = self._start("listen", "--port", str(self._port))
        eventually(lambda: answers(self._port))
        return process

    def _start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        with self.events.open("ab") as out, self.said.open("ab") as err:
            process = subprocess.Popen(
                [sys.executable, "-m", "smscli", *arguments], env=self._environment, stdout=out, stderr=err
            )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process

    def entries(self, kind: str) -> list[dict[str, Any]]:
        """Return what the sandbox logged: its requests (`type`) or its pushes (`push`)."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return [entry for entry in map(json.loads, lines) if kind in entry]

    @property
    def sent_to(self) -> list[list[str]]:
        """Return the numbers of each message that the gateway was asked to send."""
        return [entry["mobile"] for entry in self.entries("type") if entry["type"] == "pt"]

    def all_taken(self, pushes: int) -> bool:
        """Tell whether that many pushes have been answered `0`."""
        taken = [entry for entry in self.entries("push") if entry["answer"] == "0"]
        return len(taken) >= pushes


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def make_circle(home: Path, environment: dict[str, str]) -> Iterator[Callable[[str], Circle]]:
    with ExitStack() as stack:
        yield lambda trust: Circle(home, environment, stack, trust)


@pytest.mark.parametrize("trust", [PLAIN, SIGNED])
def test_the_whole_circle(make_circle: Callable[[str], Circle], smscli: Smscli, trust: str) -> None:
    circle = make_circle(trust)
    circle.start_sandbox()
    listener = circle.start_listener()

    # Sent, and all reports are in: one number failed.
    sent = smscli("send", "--mobile", EVERYBODY, "--content", "周五上新，回T退订", "--wait", "1m", "--output", "json")
    assert sent.code == 7
    assert sent.json[0]["accepted"] == 4
    sendid = sent.json[0]["sendid"]

    # The run tells what became of each, and its failed numbers pipe into another send.
    run = smscli("runs", "1", "--wait", "1m", "--output", "json")
    assert run.code == 7
    (row,) = run.json
    assert (row["delivered"], row["failed"], row["waiting"]) == (3, 1, 0)
    failed = smscli("runs", "1", "--failed")
    assert failed.code == 0, failed.err
    assert failed.rows == [[EXPIRED]]
    assert smscli("runs", "1", "--state", "EXPIRED").out == failed.out
    again = smscli("send", "--content", "再发一次", "--dry-run", "--output", "json", stdin=failed.out)
    assert again.code == 0

    # One number's story.
    story = smscli("status", EXPIRED).out
    assert sendid in story
    assert "EXPIRED" in story
    assert "DELIVRD" in smscli("status", sendid).out

    # What people answered, whose number is off the list, and what the next send leaves out.
    eventually(lambda: circle.all_taken(3))
    replies = {reply["mobile"]: reply for reply in smscli("inbox", "--optouts", "--output", "json").json}
    assert {mobile: reply["content"] for mobile, reply in replies.items()} == {
        OPTS_OUT: "TD",
        ANSWERS: pusher.REPLIES["12"],
    }
    assert {(reply["run"], reply["extension"]) for reply in replies.values()} == {(1, "12")}
    assert OPTS_OUT in smscli("optout", "list").out
    following = smscli("send", "--mobile", f"{DELIVERED},{OPTS_OUT}", "--content", "周六上新，回T退订")
    assert following.code == 0
    assert circle.sent_to[-1] == [DELIVERED]
    assert "1 left out" in following.err
    insisting = smscli("send", "--mobile", OPTS_OUT, "--content", "您的验证码是123456", "--include-opted-out")
    assert insisting.code == 0
    assert circle.sent_to[-1] == [OPTS_OUT]

    # The listener said each event once, kept no secret in sight, and stops when asked to.
    eventually(lambda: circle.all_taken(6))
    listener.send_signal(signal.SIGTERM)
    assert listener.wait(10) == 0
    events = [json.loads(line) for line in circle.events.read_text(encoding="utf-8").splitlines()]
    first = sorted(event["mobile"] for event in events if event.get("sendid") == sendid)
    assert first == sorted([DELIVERED, EXPIRED, OPTS_OUT, ANSWERS])
    written = circle.log.read_text() + circle.events.read_text() + circle.said.read_text()
    assert not [secret for secret in ("PUSH-PWD", "ACCESS-SECRET", "5ECRET") if secret in written]


@pytest.mark.parametrize("listening", ["before", "afterwards"])
def test_a_report_settles_a_run_of_unknown_fate(
    make_circle: Callable[[str], Circle], smscli: Smscli, listening: str
) -> None:
    circle = make_circle(f"{SIGNED}\ntimeout = 1")
    circle.start_sandbox("--fault", "drip")
    if listening == "before":  # the reports come while the send is still waiting for its answer
        circle.start_listener()
    assert smscli("send", "--mobile", f"{DELIVERED},{EXPIRED}", "--content", "你好").code == 6
    if listening == "afterwards":
        assert smscli("runs", "1", "--output", "json").json[0]["outcome"] == "unknown"
        circle.start_listener()  # the sandbox goes on trying
    eventually(lambda: circle.all_taken(2))
    (row,) = smscli("runs", "1", "--output", "json").json
    assert (row["outcome"], row["delivered"], row["failed"], row["waiting"]) == ("accepted", 1, 1, 0)
    assert row["sendid"] == circle.entries("type")[0]["sendid"]
    assert circle.sent_to == [[DELIVERED, EXPIRED]]


def test_a_secret_mistyped_here_loses_nothing(make_circle: Callable[[str], Circle], smscli: Smscli, home: Path) -> None:
    circle = make_circle(SIGNED)
    circle.start_sandbox()
    config = home / ".config" / "smscli" / "config.toml"
    right = config.read_text()
    config.write_text(right.replace("ACCESS-SECRET", "MISTYPED"))
    listener = circle.start_listener()
    assert smscli("send", "--mobile", DELIVERED, "--content", "你好").code == 0
    refused = eventually(lambda: circle.entries("push"))[0]
    assert refused["status"] == 403
    assert DELIVERED in smscli("inbox", "--quarantine").out
    os.kill(listener.pid, signal.SIGTERM)
    assert listener.wait(10) == 0
    config.write_text(right)
    circle.start_listener()
    eventually(lambda: circle.all_taken(1))
    assert "DELIVRD" in smscli("status", DELIVERED).out


def test_a_listener_that_was_killed_gets_everything_once(make_circle: Callable[[str], Circle], smscli: Smscli) -> None:
    circle = make_circle(PLAIN)
    circle.start_sandbox()
    failing = [f"138001{middle:03}{ending}" for middle in range(25) for ending in pusher.STATES]
    listener = circle.start_listener()
    assert smscli("send", "--mobile", ",".join([DELIVERED, *failing]), "--content", "你好", "--yes").code == 0
    eventually(lambda: circle.all_taken(10))
    listener.kill()
    listener.wait()
    circle.start_listener()
    eventually(lambda: circle.all_taken(1 + len(failing)))
    (row,) = smscli("runs", "1", "--output", "json").json
    assert (row["delivered"], row["failed"], row["waiting"]) == (1, len(failing), 0)
