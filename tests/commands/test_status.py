"""`smscli status` and `smscli runs RUN`: what became of a message."""

from pathlib import Path

import pytest

from tests.support.command import Smscli
from tests.support.sandboxes import RunningSandbox, write_shop

ONE, TWO, THREE = "13800138001", "13800138002", "13800138003"


@pytest.fixture(autouse=True)
def shop(home: Path, sandbox: RunningSandbox) -> None:
    """Make an account the default; its reports come only where a test records them."""
    write_shop(home, sandbox, 'sign = "测试"')


def report(mobiles: str, state: str, sendid: str, at: str = "2090-01-01 00:00:00") -> str:
    """Return a status report as a line of a log."""
    return f"sendid={sendid}&mobile={mobiles}&state={state}&time={at}\n"


def sent(smscli: Smscli) -> str:
    """Send to three people with the default profile; returns the sendid."""
    ended = smscli("send", "--mobile", f"{ONE},{TWO},{THREE}", "--content", "hi", "--output", "json")
    assert ended.code == 0
    return str(ended.json[0]["sendid"])


def record(smscli: Smscli, lines: str) -> None:
    """Record pushes to the default profile."""
    assert smscli("parse-report", "--record", stdin=lines).code == 0


def test_a_run_shows_delivered_failed_and_waiting(smscli: Smscli) -> None:
    sendid = sent(smscli)
    fresh = smscli("runs", "1", "--output", "json").json[0]
    assert (fresh["delivered"], fresh["failed"], fresh["waiting"]) == (0, 0, 3)
    record(smscli, report(ONE, "DELIVRD", sendid) + report(TWO, "MK:0012", sendid))
    ended = smscli("runs", "1", "--output", "json")
    assert (ended.json[0]["delivered"], ended.json[0]["failed"], ended.json[0]["waiting"]) == (1, 1, 1)
    assert "1 delivered, 1 failed, 1 waiting" in ended.err
    assert "1 with the state MK:0012: 空号 / number not in service" in ended.err
    listed = smscli("runs", "--output", "json").json[0]
    assert (listed["delivered"], listed["failed"], listed["waiting"]) == (1, 1, 1)


def test_reports_without_a_sendid_are_nobodys(smscli: Smscli, sandbox: RunningSandbox) -> None:
    variables = sandbox.variables | {"SMSCLI_NAME": "nosuch"}
    assert smscli("send", "--mobile", ONE, "--content", "hi", **variables).code == 4
    record(smscli, report(ONE, "DELIVRD", ""))
    assert smscli("runs", "1", "--output", "json").json[0]["delivered"] == 0
    assert smscli("runs", "--output", "json").json[0]["delivered"] == 0


def test_failed_numbers_pipe_back_into_send(smscli: Smscli) -> None:
    sendid = sent(smscli)
    lines = report(ONE, "DELIVRD", sendid) + report(TWO, "UNDELIV", sendid) + report(THREE, "EXPIRED", sendid)
    record(smscli, lines)
    failed = smscli("runs", "1", "--failed")
    assert failed.out == f"{TWO}\n{THREE}\n"
    assert smscli("runs", "1", "--state", "undeliv").out == f"{TWO}\n"
    assert smscli("runs", "1", "--state", "DELIVRD").out == f"{ONE}\n"
    assert "no number of run 1 has the state DELIVERED" in smscli("runs", "1", "--state", "DELIVERED").err
    again = smscli("send", "--content", "hi", "--output", "json", stdin=failed.out)
    assert again.json[0]["numbers"] == 2
    again_sent = smscli("status", TWO, "--output", "json").json[0]["time"]
    assert smscli("runs", "1", "--failed", "--output", "json").json[0] == {
        "mobile": TWO, "state": "UNDELIV", "meaning": "短消息是不可达的 / undeliverable", "outcome": "failed",
        "content": "【测试】hi", "batch": 1, "sendid": sendid, "sent": again_sent, "reported": "2090-01-01 00:00:00",
    }  # fmt: skip


def test_a_delivery_counts_whatever_else_is_reported(smscli: Smscli) -> None:
    sendid = sent(smscli)
    record(smscli, report(ONE, "EXPIRED", sendid))
    record(smscli, report(ONE, "DELIVRD", sendid))
    record(smscli, report(ONE, "UNDELIV", sendid))
    record(smscli, report(TWO, "EXPIRED", sendid))
    record(smscli, report(TWO, "UNDELIV", sendid))
    shown = smscli("runs", "1", "--output", "json")
    assert (shown.json[0]["delivered"], shown.json[0]["failed"], shown.json[0]["waiting"]) == (1, 1, 1)
    assert smscli("runs", "1", "--state", "UNDELIV").out == f"{TWO}\n"
    assert smscli("runs", "1", "--state", "EXPIRED").out == ""


def test_the_story_of_a_number(smscli: Smscli) -> None:
    sendid = sent(smscli)
    reply = f"args={ONE}%23@%23好的%23@%232090-01-01 00:00:02%23@%23008\n"
    record(smscli, report(ONE, "DELIVRD", sendid) + report(TWO, "UNDELIV", sendid) + reply)
    rows = smscli("status", f"+86{ONE}", "--output", "json").json
    assert [(row["event"], row["run"], row["state"]) for row in rows] == [
        ("sent", 1, "accepted"), ("report", 1, "DELIVRD"), ("reply", None, ""),
    ]  # fmt: skip
    assert rows[0]["content"] == "【测试】hi"
    assert rows[2]["content"] == "好的"


def test_what_came_within_a_second_is_told_in_its_order(smscli: Smscli) -> None:
    sendid = sent(smscli)
    at = smscli("status", ONE, "--output", "json").json[0]["time"]
    record(smscli, f"args={ONE}%23@%23好的%23@%23{at}%23@%23008\n" + report(ONE, "DELIVRD", sendid, at))
    rows = smscli("status", ONE, "--output", "json").json
    assert [row["event"] for row in rows] == ["sent", "report", "reply"]
    table = smscli("status", ONE, "--output", "table", COLUMNS="80").out.splitlines()
    assert len(table) == 4


def test_the_story_of_a_sendid(smscli: Smscli) -> None:
    sendid = sent(smscli)
    record(smscli, report(f"{ONE},{TWO}", "DELIVRD", sendid) + report(ONE, "DELIVRD", "1"))
    rows = smscli("status", sendid, "--output", "json").json
    assert [(row["event"], row["mobile"], row["numbers"]) for row in rows] == [
        ("sent", "", 3), ("report", ONE, 1), ("report", TWO, 1),
    ]  # fmt: skip


def test_a_report_that_no_run_asked_for_is_shown_too(smscli: Smscli) -> None:
    record(smscli, report(ONE, "DELIVRD", "77"))
    assert [(row["event"], row["run"]) for row in smscli("status", "77", "--output", "json").json] == [("report", None)]


def test_nothing_known_is_said(smscli: Smscli) -> None:
    for which in (ONE, "77", "", "'; DROP TABLE run; --", "%"):
        ended = smscli("status", which)
        assert (ended.code, ended.out) == (0, "")
        assert "Nothing is known about" in ended.err
        assert smscli("status", which, "--output", "json").out == "[]\n"
