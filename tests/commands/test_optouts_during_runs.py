"""Who opts out while a run is at work gets nothing more of it, whichever process hears of it."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from smscli.protocol.pushes import Reply, reply_fields
from tests.support.command import SILENT, Smscli
from tests.support.sandboxes import RunningSandbox, numbers, write_config
from tests.support.waiting import eventually

PROGRAM = [sys.executable, "-m", "smscli"]
PEOPLE = numbers(5)
LAST, ONE, TWO = PEOPLE[-1], "13800138001", "13800138002"
ACCOUNT = '[profiles.{0}]\nendpoint = "{1}"\nname = "{0}"\npwd = "x"\npush_name = "admin"\nextension_length = 3\n'
SEND = ["send", "-p", "a", "--content", "hi", "--mobile", ",".join(PEOPLE), "--batch-size", "1", "--workers", "1"]


@pytest.fixture
def shop(home: Path, start_sandbox: Callable[..., RunningSandbox]) -> RunningSandbox:
    """Return a slow sandbox with two accounts; the first takes people back with 订阅."""
    slow = start_sandbox(latency=250)
    first, second = (ACCOUNT.format(name, slow.sandbox.endpoint) for name in "ab")
    write_config(home, f'default = "a"\n{first}optin_words = ["订阅"]\n{second}')
    return slow


@contextmanager
def listening(environment: dict[str, str], profile: str = "a") -> Iterator[Callable[..., None]]:
    """Run a listener; yields what pushes a reply to it."""
    command = [*PROGRAM, "listen", "--port", "0", "-p", profile]
    with subprocess.Popen(command, env=environment, **SILENT | {"stderr": subprocess.PIPE}) as process:
        assert process.stderr
        url = re.findall(r"http://\S+", process.stderr.readline().decode())[0]

        def push(mobile: str, content: str, extension: str = "", time: str = "") -> None:
            reply = Reply(mobile, content, time, extension)
            assert requests.post(url, data=reply_fields([reply], "admin", ""), timeout=15).text == "0"

        try:
            yield push
        finally:
            process.terminate()


@contextmanager
def sending(environment: dict[str, str], *options: str) -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(
        [*PROGRAM, *SEND, "--force", *options],
        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        yield process


def optouts(smscli: Smscli, profile: str = "a") -> list[str]:
    return [row[0] for row in smscli("optout", "list", "-p", profile).rows]


def test_by_a_reply(environment: dict[str, str], shop: RunningSandbox) -> None:
    with listening(environment) as push, sending(environment) as process:
        eventually(lambda: shop.queued)
        push(LAST, "“TD” 谢谢")
        _, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert b"1 left out: they opted out after the run began" in err
    assert shop.queued == PEOPLE[:-1]


def test_by_hand(smscli: Smscli, environment: dict[str, str], shop: RunningSandbox) -> None:
    with sending(environment) as process:
        eventually(lambda: shop.queued)
        assert smscli("optout", "add", "-p", "b", PEOPLE[-2]).code == 0  # another account's list
        assert smscli("optout", "add", LAST).code == 0
        process.communicate(timeout=20)
    assert shop.queued == PEOPLE[:-1]


def test_a_run_for_everybody_goes_to_them_too_also_when_resumed(
    smscli: Smscli, environment: dict[str, str], shop: RunningSandbox
) -> None:
    with sending(environment, "--include-opted-out") as process:
        eventually(lambda: shop.queued)
        assert smscli("optout", "add", LAST, PEOPLE[-2]).code == 0
        process.terminate()
        process.communicate(timeout=20)
    assert process.returncode == 130
    assert LAST not in shop.queued
    assert smscli("resume", "1").code == 0
    assert sorted(shop.queued) == PEOPLE


def test_who_comes_back_gets_messages_again(smscli: Smscli, environment: dict[str, str], shop: RunningSandbox) -> None:
    send = ["send", "--mobile", ONE, "--content"]
    with listening(environment) as push:
        push(ONE, "退订", time="2026-01-01 10:00:00")
        assert optouts(smscli) == [ONE]
        assert smscli(*send, "one").code == 9
        push(ONE, "订阅", time="2026-01-01 11:00:00")
        assert optouts(smscli) == []
        assert smscli(*send, "two").code == 0
        push(ONE, "退订", time="2026-01-01 10:30:00")  # an older one, late
        push(ONE, "退订", time="2026-01-01 10:00:00")  # the same once more
        assert optouts(smscli) == []
        push(ONE, "不订阅", time="2026-01-01 12:00:00")
        push(ONE, "TD", time="2026-01-01 12:00:00")
        assert optouts(smscli) == [ONE]
    assert shop.queued == [ONE]


def test_of_two_accounts_the_one_that_is_answered(
    smscli: Smscli, environment: dict[str, str], shop: RunningSandbox
) -> None:
    assert smscli("send", "-p", "a", "--content", "hi", "--mobile", ONE).code == 0
    for profile, extno in (("a", "11"), ("b", "22")):
        assert smscli("send", "-p", profile, "--content", "hi", "--mobile", TWO, "--extno", extno).code == 0
    with listening(environment, "b") as push:
        push(ONE, "TD")
        assert (optouts(smscli, "a"), optouts(smscli, "b")) == ([ONE], [])
        push(TWO, "TD", "00811")
        assert (optouts(smscli, "a"), optouts(smscli, "b")) == ([ONE, TWO], [])
        push(TWO, "T", "00822")
        assert (optouts(smscli, "a"), optouts(smscli, "b")) == ([ONE, TWO], [TWO])
