"""The command line inside the test's process ends as in a process of its own, and leaves nothing behind."""

import gc
import os
import signal
import sys
import threading
import warnings
from pathlib import Path
from subprocess import TimeoutExpired

import pytest

from tests.support.command import Smscli
from tests.support.sandboxes import RunningSandbox, numbers, write_config
from tests.support.waiting import eventually


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        (["--version"], ""),
        (["--help"], ""),
        (["send", "--help"], ""),
        (["codes"], ""),
        (["codes", "13", "--output", "json"], ""),
        (["codes", "--output", "table"], ""),
        (["balance", "--min", "many"], ""),
        (["balance"], ""),
        (["send", "--content", "\x1b你好\udcff"], "13800138000\n"),
        (["send", "--content", "x", "--dry-run"], "\n".join(numbers(3))),
        (["send", "--content", "x"], "\n".join(numbers(101))),  # asks at a terminal
        (["send", "--content", "x", "--csv", "nosuch.csv"], ""),
        (["profile", "add", "shop", "--pwd-stdin"], "5ECRET"),
        (["parse-report"], "name=&pwd=&sendid=1&time=2026-12-01 09:00:00&mobile=13800138001&state=DELIVRD"),
        (["nosuch"], ""),
    ],
    ids=" ".join,
)
def test_a_command_ends_as_in_a_process(
    smscli: Smscli, smscli_process: Smscli, sandbox: RunningSandbox, arguments: list[str], stdin: str
) -> None:
    inside = smscli(*arguments, stdin=stdin, **sandbox.variables, COLUMNS="90")
    assert inside == smscli_process(*arguments, stdin=stdin, **sandbox.variables, COLUMNS="90")


def test_a_bug_ends_with_a_traceback_and_1(smscli: Smscli, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("smscli.config.profile.choose", broken)
    ended = smscli("balance")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("Traceback (most recent call last):\n")
    assert ended.err.endswith("\nZeroDivisionError\n")


def test_a_program_that_a_command_runs_has_its_streams_and_environment(smscli_process: Smscli, home: Path) -> None:
    command = """sh -c 'echo "$WHO in $PWD" >&2; exit 1'"""
    write_config(
        home, f'[profiles.shop]\nendpoint = "http://127.0.0.1:9/"\nname = "x"\npwd_command = """{command}"""\n'
    )
    assert f"wang in {home.parent}\n" in smscli_process("balance", WHO="wang").err


def test_nothing_of_a_command_stays(smscli: Smscli, sandbox: RunningSandbox) -> None:
    def state() -> list[object]:
        signals = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)]
        streams = [sys.stdin, sys.stdout, sys.stderr, *(os.fstat(number).st_ino for number in range(3))]
        process = [dict(os.environ), Path.cwd(), sys.argv, sys.excepthook]
        return [signals, streams, process, warnings.filters[:], gc.isenabled(), gc.get_freeze_count()]

    before, threads = state(), threading.active_count()
    assert smscli("send", "--content", "x", stdin="13800138000", **sandbox.variables, TZ="Asia/Tokyo").code == 0
    assert smscli("nosuch").code == 2
    assert state() == before
    eventually(lambda: threading.active_count() <= threads)


def test_a_command_that_does_not_end_is_stopped(smscli: Smscli) -> None:
    with pytest.raises(TimeoutExpired):
        smscli("sandbox", "--port", "0", timeout=0.5)


def test_what_python_reads_at_its_start_needs_a_process(smscli: Smscli) -> None:
    with pytest.raises(AssertionError, match="use smscli_process"):
        smscli("codes", PYTHONIOENCODING="gbk")
