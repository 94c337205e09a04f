"""`smscli inbox`: what people answered, and which run they answer."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support.command import Smscli, Terminal
from tests.support.runs import open_inbox
from tests.support.sandboxes import RunningSandbox, write_config

ONE, TWO = "13800138001", "13800138002"
AT = "2090-01-01 00:00:00"
CONFIG = """
[profiles.shop]
endpoint = "ENDPOINT"
name = "demo"
pwd = "5ECRET-PWD"
extension_length = 3
"""


@pytest.fixture
def shop(home: Path, sandbox: RunningSandbox) -> RunningSandbox:
    """Return a sandbox that a profile uses."""
    write_config(home, CONFIG.replace("ENDPOINT", sandbox.sandbox.endpoint))
    return sandbox


def answer(smscli: Smscli, text: str, mobile: str = ONE, extension: str = "008", at: str = AT) -> None:
    """Record a reply."""
    args = quote(f"{mobile}#@#{text}#@#{at}#@#{extension}")
    assert smscli("parse-report", "--record", stdin=f"name=&pwd=&args={args}").code == 0


def send(smscli: Smscli, mobiles: str, extno: str = "") -> None:
    """Send something."""
    assert smscli("send", "--mobile", mobiles, "--content", "hi", "--extno", extno).code == 0


def runs(smscli: Smscli) -> list[int | None]:
    """Return the run that each reply is held to answer."""
    return [row["run"] for row in smscli("inbox", "--output", "json").json]


def test_a_reply_is_shown_with_the_customers_part_of_its_extension(smscli: Smscli, shop: RunningSandbox) -> None:
    answer(smscli, "好 #@# 的", extension="008123")
    (row,) = smscli("inbox", "--output", "json").json
    assert row["content"] == "好 #@# 的"
    assert (row["time"], row["mobile"], row["extension"], row["profile"]) == (AT, ONE, "123", "shop")
    assert row["run"] is None


def test_the_latest_run_to_the_number_is_what_it_answers(smscli: Smscli, shop: RunningSandbox) -> None:
    send(smscli, ONE)
    send(smscli, f"{TWO},{ONE}")
    send(smscli, TWO)
    answer(smscli, "好")
    assert runs(smscli) == [2]


def test_the_extension_is_a_better_sign(smscli: Smscli, shop: RunningSandbox) -> None:
    send(smscli, ONE, "123")
    send(smscli, ONE, "124")
    send(smscli, ONE)
    answer(smscli, "一", extension="008123")
    answer(smscli, "二", extension="008124")
    answer(smscli, "三", extension="008")
    answer(smscli, "四", extension="008999")
    assert runs(smscli) == [1, 2, 3, 3]


def test_the_clock_is_doubted_only_where_no_run_was_sent_before(smscli: Smscli, shop: RunningSandbox) -> None:
    send(smscli, ONE)
    send(smscli, ONE)
    with open_inbox() as inbox:
        inbox._store._connection.execute("UPDATE batch SET sent = 4e9 + 30 * (run - 1)")
    answer(smscli, "一", at="2096-10-02 15:06:45")  # 5 s behind the first, 25 s before the second
    answer(smscli, "二", at="2096-10-02 15:06:35")  # 5 s before the first
    assert runs(smscli) == [1, 1]


def test_no_later_run_is_answered(smscli: Smscli, shop: RunningSandbox) -> None:
    send(smscli, ONE)
    answer(smscli, "好", at="2020-01-01 00:00:00")
    assert runs(smscli) == [None]


def test_since_and_mobile_choose(smscli: Smscli, shop: RunningSandbox) -> None:
    answer(smscli, "old", at="2026-11-01 23:59:59")
    answer(smscli, "new", at="2026-11-02 00:00:00")
    answer(smscli, "other", TWO, at="2026-11-03 00:00:00")
    assert [row[2] for row in smscli("inbox", "--since", "2026-11-02").rows] == ["new", "other"]
    assert [row[2] for row in smscli("inbox", "--mobile", f"+86{ONE}").rows] == ["old", "new"]
    assert smscli("inbox", "--mobile", "12").code == 2


def test_follow_shows_new_ones_as_they_come(smscli: Smscli, shop: RunningSandbox, environment: dict[str, str]) -> None:
    answer(smscli, "first")
    command = [sys.executable, "-m", "smscli", "inbox", "--follow", "--output", "json"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as following:
        assert following.stdout
        assert b'"first"' in following.stdout.readline()
        answer(smscli, "second")
        assert b'"second"' in following.stdout.readline()
        os.kill(following.pid, signal.SIGINT)
        rest, told = following.communicate(timeout=20)
    assert (rest, following.returncode) == (b"", 130)
    assert b"Traceback" not in told


def test_follow_ends_with_its_reader(smscli: Smscli, shop: RunningSandbox, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "smscli", "inbox", "--follow"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as following:
        assert following.stdout
        following.stdout.close()
        answer(smscli, "nobody reads this")
        assert following.wait(20) == 0


def contents(smscli: Smscli, *options: str) -> list[str]:
    """Return the contents that the inbox shows."""
    return [row[2] for row in smscli("inbox", *options).rows]


def test_unread_shows_each_reply_once(smscli: Smscli, shop: RunningSandbox) -> None:
    answer(smscli, "first")
    assert contents(smscli) == ["first"]  # a look at all of them changes nothing
    answer(smscli, "second", TWO)
    assert contents(smscli, "--unread", "--mobile", TWO) == ["second"]
    assert contents(smscli, "--unread") == ["first"]
    assert contents(smscli, "--unread") == []
    answer(smscli, "third")
    assert contents(smscli, "--unread") == ["third"]
    assert contents(smscli) == ["first", "second", "third"]


def test_what_nobody_could_read_stays_unread(smscli: Smscli, shop: RunningSandbox, environment: dict[str, str]) -> None:
    answer(smscli, "first")
    command = [sys.executable, "-m", "smscli", "inbox", "--unread"]
    with Path("/dev/full").open("w") as full:
        assert subprocess.run(command, env=environment, stdout=full, stderr=subprocess.DEVNULL).returncode == 2
    reader, writer = os.pipe()
    os.close(reader)
    assert subprocess.run(command, env=environment, stdout=writer, stderr=subprocess.DEVNULL).returncode == 0
    os.close(writer)
    assert contents(smscli, "--unread") == ["first"]


def test_opt_outs_are_shown_only_where_they_are_asked_for(
    smscli: Smscli, shop: RunningSandbox, terminal: Terminal
) -> None:
    answer(smscli, "TD")
    answer(smscli, "好")
    assert contents(smscli, "--unread") == ["好"]
    assert contents(smscli, "--optouts") == ["TD", "好"]
    assert "1 opt-out is not shown; --optouts shows it too" in terminal(["inbox"])[1]
    assert contents(smscli, "--unread", "--optouts") == ["TD"]  # it was not shown before


def test_the_replies_to_one_run(smscli: Smscli, shop: RunningSandbox) -> None:
    send(smscli, ONE)
    send(smscli, TWO)
    answer(smscli, "一")
    answer(smscli, "二", TWO)
    assert contents(smscli, "--run", "2") == ["二"]
    assert contents(smscli, "--run", "3") == []


def test_an_empty_inbox_says_so_to_a_person(smscli: Smscli, terminal: Terminal) -> None:
    assert "There are no replies to show." in terminal(["inbox"])[1]
    assert (smscli("inbox").out, smscli("inbox").err) == ("", "")
    assert smscli("inbox", "--output", "json").out == "[]\n"


def test_the_quarantine_is_shown(smscli: Smscli) -> None:
    with open_inbox() as inbox:
        inbox.quarantine("127.0.0.1", "wrong name", b"name=x\x1b[2J&pwd=5ECRET&state=DELIVRD&sendid=7")
    (row,) = smscli("inbox", "--quarantine").rows
    assert row[1:] == ["127.0.0.1", "wrong name", "name=x\\x1b[2J&pwd=****&state=DELIVRD&sendid=7"]
    assert smscli("inbox", "--quarantine", "--follow").code == 2
