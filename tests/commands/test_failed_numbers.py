"""`runs RUN --failed`: who did not get it; in a pipe only those of whom that is certain."""

from collections.abc import Iterator, Sequence
from socket import socket

import pytest

from tests.support.command import Smscli
from tests.support.gateways import answer, listening, read_request
from tests.support.sandboxes import RunningSandbox

ONE, TWO, THREE = "13800138000", "13800138001", "13800138002"
BLACK = "13800138099"  # the sandbox blacklists it
SENDID = "2026112510000000000000001"


def record(smscli: Smscli, sendid: str, *reports: tuple[str, str], **variables: str) -> None:
    lines = "".join(f"sendid={sendid}&mobile={mobile}&state={state}&time=\n" for mobile, state in reports)
    assert smscli("parse-report", "--record", stdin=lines, **variables).code == 0


@pytest.fixture
def counts(smscli: Smscli) -> Iterator[dict[str, str]]:
    """Send to three people through a gateway that takes two and counts one as blacklisted."""
    yield from _sent(smscli, [ONE, TWO, THREE], f"0,{SENDID},0,2,1,ok")


@pytest.fixture
def contradiction(smscli: Smscli) -> Iterator[dict[str, str]]:
    """Send to two people through a gateway whose counts contradict each other."""
    yield from _sent(smscli, [ONE, TWO], f"0,{SENDID},0,2,2,ok")


def _sent(smscli: Smscli, people: Sequence[str], said: str) -> Iterator[dict[str, str]]:
    def talk(connection: socket) -> None:
        read_request(connection)
        connection.sendall(answer(said))

    with listening(talk) as port:
        variables = {"SMSCLI_ENDPOINT": f"http://127.0.0.1:{port}/", "SMSCLI_NAME": "demo", "SMSCLI_PWD": "x"}
        assert smscli("send", "--mobile", ",".join(people), "--content", "hi", **variables).code == 7
    yield variables


def test_refused_texts_with_the_gateways_words(smscli: Smscli, sandbox: RunningSandbox) -> None:
    people = f"手机号,名\n{ONE},敏感\n{TWO},好\n"
    assert smscli("send", "--content", "{名}词", stdin=people, **sandbox.variables).code == 7
    failed = smscli("runs", "1", "--failed", "--output", "json").json
    assert [(row["mobile"], row["state"]) for row in failed] == [(ONE, "refused")]
    assert "含有敏感词汇" in failed[0]["meaning"]
    assert "code 1" in failed[0]["meaning"]
    assert smscli("runs", "1", "--failed").out == f"{ONE}\n"


def test_all_of_a_batch_left_out_is_certain(smscli: Smscli, sandbox: RunningSandbox) -> None:
    send = ["send", "--mobile", f"{ONE},{BLACK}", "--batch-size", "1", "--content", "hi"]
    assert smscli(*send, **sandbox.variables).code == 7
    failed = smscli("runs", "1", "--failed", "--output", "json")
    assert [(row["mobile"], row["state"]) for row in failed.json] == [(BLACK, "left out")]
    assert "1 blacklisted of batch 2" in failed.json[0]["meaning"]
    assert "does not say which" not in failed.err


def test_one_of_several_is_named_with_its_counts(smscli: Smscli, counts: dict[str, str]) -> None:
    failed = smscli("runs", "1", "--failed")
    assert failed.out == ""
    assert "batch 1: the gateway left 1 of these 3 numbers out (0 invalid, 1 blacklisted)" in failed.err
    assert f"does not say which: {ONE}, {TWO}, {THREE}" in failed.err


def test_with_a_report_of_every_other_number_it_is_certain(smscli: Smscli, counts: dict[str, str]) -> None:
    record(smscli, SENDID, (ONE, "DELIVRD"), **counts)
    assert smscli("runs", "1", "--failed").out == ""
    record(smscli, SENDID, (THREE, "DELIVRD"), **counts)
    assert smscli("runs", "1", "--failed").out == f"{TWO}\n"


def test_a_report_about_who_was_left_out_proves_nothing_of_the_others(smscli: Smscli, counts: dict[str, str]) -> None:
    """Two was accepted, and its report is still to come."""
    record(smscli, SENDID, (ONE, "DELIVRD"), (THREE, "DTBLACK"), **counts)
    failed = smscli("runs", "1", "--failed")
    assert failed.out == f"{THREE}\n"
    assert f"does not say which: {TWO}" in failed.err
    record(smscli, SENDID, (TWO, "DELIVRD"), **counts)
    assert smscli("runs", "1", "--failed").out == f"{THREE}\n"


def test_counts_that_contradict_each_other_prove_nothing(smscli: Smscli, contradiction: dict[str, str]) -> None:
    failed = smscli("runs", "1", "--failed")
    assert failed.out == ""
    assert f"does not say which: {ONE}, {TWO}" in failed.err


def test_what_may_still_go_out_is_said(smscli: Smscli, sandbox: RunningSandbox) -> None:
    account = sandbox.variables | {"SMSCLI_NAME": "nosuch"}
    assert smscli("send", "--mobile", ONE, "--content", "hi", **account).code == 4
    failed = smscli("runs", "1", "--failed")
    assert failed.out == f"{ONE}\n"
    assert "1 of the refused numbers may still be sent to by `smscli resume 1`" in failed.err
    assert smscli("cancel", "1", "--yes").code == 0
    assert smscli("runs", "1", "--failed").err == ""


def test_who_got_it_is_not_among_them(smscli: Smscli, sandbox: RunningSandbox) -> None:
    sent = smscli("send", "--mobile", f"{ONE},{TWO}", "--content", "hi", "--output", "json", **sandbox.variables)
    record(smscli, sent.json[0]["sendid"], (ONE, "DELIVRD"), (TWO, "UNDELIV"), **sandbox.variables)
    assert smscli("runs", "1", "--failed").out == f"{TWO}\n"
