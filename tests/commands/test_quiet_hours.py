"""Marketing in a profile's `quiet_hours` is asked about, whichever command sends it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from smscli.protocol.times import CHINA
from tests.support.command import Smscli, Terminal
from tests.support.sandboxes import RunningSandbox, write_shop

MARKETING, OTHER = "全场五折，拒收请回复R", "您的快递到了"
SEND = ["send", "--mobile", "13800138000", "--content"]
QUESTION = "This is marketing, and quiet_hours last until"


def hours(start: int, end: int) -> str:
    """Return the quiet hours from and until so many hours from now."""
    now = datetime.now(CHINA)
    return f'quiet_hours = "{now + timedelta(hours=start):%H:%M}-{now + timedelta(hours=end):%H:%M}"'


@pytest.fixture
def night(home: Path, sandbox: RunningSandbox) -> RunningSandbox:
    write_shop(home, sandbox, hours(-2, 2))
    return sandbox


def test_nobody_to_ask_nothing_sent(smscli: Smscli, night: RunningSandbox) -> None:
    refused = smscli(*SEND, MARKETING)
    assert (refused.code, refused.out) == (2, "")
    assert QUESTION in refused.err
    assert "nothing was sent" in refused.err
    assert (night.queued, smscli("runs").out) == ([], "")
    assert smscli(*SEND, MARKETING, "--yes").code == 0
    assert night.queued == ["13800138000"]


def test_a_person_is_asked(terminal: Terminal, night: RunningSandbox) -> None:
    code, shown = terminal([*SEND, MARKETING], (QUESTION, b"n\n"))
    assert (code, night.queued) == (2, [])
    assert "Nothing was sent" in shown
    assert terminal([*SEND, MARKETING], (QUESTION, b"y\n"))[0] == 0
    assert night.queued == ["13800138000"]


def test_other_texts_and_dry_runs_are_not_asked_about(smscli: Smscli, night: RunningSandbox) -> None:
    assert smscli(*SEND, OTHER).code == 0
    assert smscli(*SEND, MARKETING, "--dry-run").code == 0


def test_one_marketing_text_among_others_is_enough(smscli: Smscli, night: RunningSandbox) -> None:
    people = f"手机号,文\n13800138000,{OTHER}\n13800138001,{MARKETING}\n"
    assert smscli("send", "--content", "{文}", stdin=people).code == 2
    assert night.queued == []


def test_by_day_nobody_is_asked(smscli: Smscli, home: Path, sandbox: RunningSandbox) -> None:
    write_shop(home, sandbox, hours(2, 4))
    assert smscli(*SEND, MARKETING).code == 0


def test_the_time_at_which_it_goes_out_counts(smscli: Smscli, home: Path, sandbox: RunningSandbox) -> None:
    write_shop(home, sandbox, hours(2, 4))
    assert smscli(*SEND, MARKETING, "--at", "+3h").code == 2
    assert sandbox.queued == []
    write_shop(home, sandbox, hours(-2, 2))
    assert smscli(*SEND, MARKETING, "--at", "+3h").code == 0


@pytest.mark.parametrize("again", [["resume", "1"], [*SEND, MARKETING, "--key", "sale"]])
def test_what_goes_on_is_asked_about(
    smscli: Smscli, home: Path, start_sandbox: Callable[..., RunningSandbox], again: list[str]
) -> None:
    write_shop(home, start_sandbox(balance=0), hours(2, 4))
    assert smscli(*SEND, MARKETING, "--key", "sale").code == 4
    good = start_sandbox()
    write_shop(home, good, hours(-2, 2))
    refused = smscli(*again)
    assert refused.code == 2
    assert QUESTION in refused.err
    assert good.queued == []
    assert smscli(*again, "--yes").code == 0
    assert good.queued == ["13800138000"]


def test_what_is_overdue_goes_out_now(
    smscli: Smscli, home: Path, start_sandbox: Callable[..., RunningSandbox], terminal: Terminal
) -> None:
    """It was to go out by day, and it is night now."""
    at = datetime.now(CHINA) - timedelta(hours=3)
    write_shop(home, start_sandbox(balance=0), hours(-1, 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("smscli.commands._send_input.parse_at", lambda *_, **__: at)
        patch.setattr("smscli.commands.send.parse_at", lambda *_, **__: at)
        assert smscli(*SEND, MARKETING, "--at", "by day", "--yes").code == 4
    good = start_sandbox()
    write_shop(home, good, hours(-1, 1))
    code, shown = terminal(["resume", "1"], ("which has passed", b"y\n"), (QUESTION, b"n\n"))
    assert (code, good.queued) == (2, []), shown
