"""`smscli resend`: the same texts again, only to those who certainly did not get them, and never twice by mistake."""

from collections.abc import Callable
from pathlib import Path

import pytest

from smscli.ledger.resends import others_with_text
from smscli.ledger.runs import Runs
from smscli.ledger.store import open_store
from smscli.sending.resending import Why, select
from tests.support.command import Smscli
from tests.support.sandboxes import RunningSandbox, numbers, write_shop

ONE, TWO, THREE, FOUR, FIVE = "13800138000", "13800138001", "13800138002", "13800138003", "13800138004"
BLACK = "13800138099"  # the sandbox blacklists it


@pytest.fixture(autouse=True)
def shop(home: Path, sandbox: RunningSandbox) -> None:
    """Make an account the default; its reports come only where a test records them."""
    write_shop(home, sandbox, 'sign = "店"')


def record(smscli: Smscli, sandbox: RunningSandbox, *states: str, request: int = -1) -> None:
    """Record a report for each number of a request, "" for none."""
    entry = [logged for logged in sandbox.requests if logged["type"] == "pt"][request]
    pairs = zip(entry["mobile"], states, strict=True)
    lines = "".join(f"sendid={entry['sendid']}&mobile={mobile}&state={s}&time=\n" for mobile, s in pairs if s)
    assert smscli("parse-report", "--record", stdin=lines).code == 0


def send(smscli: Smscli, *mobiles: str) -> None:
    """Send to some people as one request."""
    assert smscli("send", "--mobile", ",".join(mobiles), "--content", "hi").code == 0


def sent(sandbox: RunningSandbox) -> list[tuple[str, list[str]]]:
    """Return each text that was accepted, and the numbers it went to."""
    return [(entry["content"], entry["mobile"]) for entry in sandbox.requests if entry["queued"]]


def test_only_who_did_not_get_it_gets_it_again(smscli: Smscli, sandbox: RunningSandbox) -> None:
    send(smscli, ONE, TWO, THREE)
    record(smscli, sandbox, "DELIVRD", "EXPIRED", "")
    ended = smscli("resend", "1", "--failed")
    assert ended.code == 0
    assert sent(sandbox)[1:] == [("hi", [TWO])]
    assert sandbox.requests[-1]["sign"] == "店"
    assert "1 left out: they have no report yet" in ended.err


def test_everybody_gets_their_own_text(smscli: Smscli, sandbox: RunningSandbox) -> None:
    people = f"手机号,名\n{ONE},张\n{TWO},李\n{THREE},王\n"
    assert smscli("send", "--content", "{名}您好", "--workers", "1", stdin=people).code == 0
    for request in (1, 2):
        record(smscli, sandbox, "UNDELIV", request=request)
    assert smscli("resend", "1", "--failed", "--workers", "1").code == 0
    assert sent(sandbox)[3:] == [("李您好", [TWO]), ("王您好", [THREE])]
    record(smscli, sandbox, "UNDELIV")
    assert smscli("resend", "2", "--failed").code == 0
    assert sent(sandbox)[5:] == [("王您好", [THREE])]


def test_the_runs_are_linked_in_both_directions(smscli: Smscli, sandbox: RunningSandbox) -> None:
    send(smscli, ONE)
    record(smscli, sandbox, "EXPIRED")
    assert smscli("resend", "1", "--failed").code == 0
    assert [row["resends"] for row in smscli("runs", "--output", "json").json] == [None, 1]
    assert "resent by run 2" in smscli("runs", "1").err
    assert "it resends run 1" in smscli("runs", "2").err


@pytest.mark.parametrize("state", ["MK:0001", "DTBLACK", "REJECT", "UNKNOWN"])
def test_what_is_useless_or_unclear_is_left_out_unless_it_is_named(
    smscli: Smscli, sandbox: RunningSandbox, state: str
) -> None:
    send(smscli, ONE, TWO)
    record(smscli, sandbox, state, "EXPIRED")
    plan = smscli("resend", "1", "--failed", "--dry-run")
    kind = "unclear" if state == "UNKNOWN" else "useless"
    assert [row for row in plan.rows if row[0] in ("recipients", kind)] == [["recipients", "1"], [kind, "1"]]
    assert "1 left out: " in plan.err
    assert smscli("resend", "1", "--failed").code == 0
    assert sent(sandbox)[1:] == [("hi", [TWO])]
    assert smscli("resend", "1", "--state", state.lower()).code == 0
    assert sent(sandbox)[2:] == [("hi", [ONE])]


def test_a_state_takes_only_its_own_people(smscli: Smscli, sandbox: RunningSandbox) -> None:
    send(smscli, ONE, TWO, THREE, FOUR)
    record(smscli, sandbox, "EXPIRED", "UNDELIV", "ERR:104", "DELIVRD")
    assert smscli("resend", "1", "--failed", "--state", "EXPIRED", "--state", "ERR:104").code == 0
    assert sent(sandbox)[1:] == [("hi", [ONE, THREE])]


def test_whom_the_gateway_left_out_gets_it_only_by_name(smscli: Smscli, sandbox: RunningSandbox) -> None:
    assert smscli("send", "--mobile", f"{ONE},{BLACK}", "--batch-size", "1", "--content", "hi").code == 7
    assert smscli("resend", "1", "--failed").code == 9
    assert smscli("resend", "1", "--state", "left out").code == 4
    assert sandbox.requests[-1]["mobile"] == [BLACK]


# --- never twice --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("later", ["", "DELIVRD"])
def test_a_second_resend_does_not_reach_who_got_the_first(smscli: Smscli, sandbox: RunningSandbox, later: str) -> None:
    send(smscli, ONE, TWO)
    record(smscli, sandbox, "EXPIRED", "EXPIRED")
    assert smscli("resend", "1", "--failed").code == 0
    record(smscli, sandbox, later, "UNDELIV")
    again = smscli("resend", "1", "--failed")
    assert again.code == 0
    assert sent(sandbox)[2:] == [("hi", [TWO])]
    assert "1 left out: another run has sent the same text to them, or still may" in again.err
    once_more = smscli("resend", "1", "--failed")
    assert (once_more.code, len(sent(sandbox))) == (9, 3)
    assert "nobody of run 1 is left to send to. Nothing was sent." in once_more.err


def test_what_a_later_run_found_out_counts(smscli: Smscli, sandbox: RunningSandbox) -> None:
    send(smscli, ONE)
    record(smscli, sandbox, "EXPIRED")
    assert smscli("resend", "1", "--failed").code == 0
    record(smscli, sandbox, "MK:0001")
    assert smscli("resend", "1", "--failed").code == 9


def test_a_late_delivery_of_the_first_run_counts_for_its_resend(smscli: Smscli, sandbox: RunningSandbox) -> None:
    send(smscli, ONE)
    record(smscli, sandbox, "EXPIRED")
    assert smscli("resend", "1", "--failed").code == 0
    record(smscli, sandbox, "EXPIRED")
    record(smscli, sandbox, "DELIVRD", request=0)
    assert smscli("resend", "2", "--failed").code == 9
    assert len(sent(sandbox)) == 2


def test_the_same_numbers_sent_through_a_pipe_count_too(smscli: Smscli, sandbox: RunningSandbox) -> None:
    send(smscli, ONE, TWO)
    record(smscli, sandbox, "EXPIRED", "DELIVRD")
    assert smscli("send", "--content", "hi", stdin=smscli("runs", "1", "--failed").out).code == 0
    assert smscli("resend", "1", "--failed").code == 9


def test_an_earlier_delivery_of_the_same_text_is_another_message(smscli: Smscli, sandbox: RunningSandbox) -> None:
    for state in ("DELIVRD", "EXPIRED"):  # the bill of one month, and of the next
        send(smscli, ONE)
        record(smscli, sandbox, state)
    assert smscli("resend", "2", "--failed").code == 0
    assert len(sent(sandbox)) == 3


def test_who_may_have_it_is_never_sent_to(
    smscli: Smscli, home: Path, start_sandbox: Callable[..., RunningSandbox]
) -> None:
    deaf = start_sandbox(fault="close-after")
    write_shop(home, deaf)
    assert smscli("send", "--mobile", ONE, "--content", "hi").code == 6
    ended = smscli("resend", "1", "--failed")
    assert (ended.code, len(deaf.requests)) == (9, 1)
    assert "1 left out: their outcome is unknown" in ended.err


def test_who_gets_it_by_resume_is_left_to_that(smscli: Smscli, sandbox: RunningSandbox) -> None:
    assert smscli("send", "--mobile", ONE, "--content", "hi", SMSCLI_NAME="nosuch", SMSCLI_PROFILE="shop").code == 4
    ended = smscli("resend", "1", "--failed", SMSCLI_NAME="nosuch", SMSCLI_PROFILE="shop")
    assert ended.code == 9
    assert "1 left out: `smscli resume 1` may still send to them" in ended.err


def test_an_interrupted_resend_keeps_its_people(smscli: Smscli, home: Path, sandbox: RunningSandbox) -> None:
    send(smscli, ONE)
    record(smscli, sandbox, "EXPIRED")
    nowhere = {"SMSCLI_ENDPOINT": "http://127.0.0.1:9/", "SMSCLI_PROFILE": "shop"}
    assert smscli("resend", "1", "--failed", **nowhere).code == 5
    assert smscli("resend", "1", "--failed").code == 9
    assert smscli("resume", "2").code == 0
    assert len(sent(sandbox)) == 2


def test_a_key_resends_once(smscli: Smscli, sandbox: RunningSandbox) -> None:
    send(smscli, ONE, TWO)
    record(smscli, sandbox, "EXPIRED", "")
    for _ in range(2):
        ended = smscli("resend", "1", "--failed", "--key", "again")
        assert (ended.code, len(sent(sandbox))) == (0, 2)
        assert ended.rows[0][1] == "accepted"
        record(smscli, sandbox, "EXPIRED", "EXPIRED", request=0)
    assert "run 2 with the key 'again' was sent before" in ended.err
    assert smscli("resend", "2", "--failed", "--key", "again").code == 2
    assert "exists already" in smscli("resend", "1", "--failed", "--key", "again", "--dry-run").err


def test_two_at_once_send_once(smscli: Smscli, sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second plans before the first has begun, and begins after it."""
    send(smscli, ONE)
    record(smscli, sandbox, "EXPIRED")
    from smscli.commands import resend

    def slowly(*arguments: object) -> object:
        selection = select(*arguments)  # type: ignore[arg-type]
        monkeypatch.undo()
        assert smscli("resend", "1", "--failed").code == 0
        return selection

    monkeypatch.setattr(resend, "select", slowly)
    ended = smscli("resend", "1", "--failed")
    assert (ended.code, len(sent(sandbox))) == (10, 2)
    assert "another process has just begun to send the same text. Nothing was sent." in ended.err


# --- as a send ----------------------------------------------------------------------------------------------------


def test_it_asks_for_many_and_a_dry_run_sends_nothing(smscli: Smscli, home: Path, sandbox: RunningSandbox) -> None:
    write_shop(home, sandbox, "confirm_above = 2")
    people = numbers(3)
    assert smscli("send", "--content", "hi", "--yes", stdin="\n".join(people)).code == 0
    record(smscli, sandbox, *["EXPIRED"] * 3)
    assert smscli("resend", "1", "--failed", "--dry-run").code == 0
    refused = smscli("resend", "1", "--failed")
    assert (refused.code, len(sent(sandbox))) == (2, 1)
    assert "Send to 3 numbers? Nobody can be asked here" in refused.err
    assert smscli("resend", "1", "--failed", "--yes").code == 0
    assert sent(sandbox)[1:] == [("hi", list(people))]


def test_opt_outs_and_per_number_hold(smscli: Smscli, home: Path, sandbox: RunningSandbox) -> None:
    send(smscli, ONE, TWO)
    record(smscli, sandbox, "EXPIRED", "EXPIRED")
    assert smscli("optout", "add", ONE).code == 0
    assert smscli("resend", "1", "--failed").code == 0
    assert sent(sandbox)[1:] == [("hi", [TWO])]
    record(smscli, sandbox, "EXPIRED")
    write_shop(home, sandbox, 'per_number = ["2/1h"]')
    ended = smscli("resend", "1", "--failed", "--include-opted-out")
    assert (ended.code, sent(sandbox)[2:]) == (0, [("hi", [ONE])])
    assert "1 left out: they would get more messages than per_number allows" in ended.err


def test_the_repeat_window_holds_between_resends(smscli: Smscli, home: Path, sandbox: RunningSandbox) -> None:
    write_shop(home, sandbox, 'repeat_window = "1h"')
    send(smscli, ONE)
    record(smscli, sandbox, "EXPIRED")
    assert smscli("resend", "1", "--failed").code == 0
    record(smscli, sandbox, "EXPIRED")
    again = smscli("resend", "1", "--failed")
    assert (again.code, len(sent(sandbox))) == (9, 2)
    assert "run 2 sent the same to the same numbers" in again.err


def test_it_can_be_scheduled(smscli: Smscli, sandbox: RunningSandbox) -> None:
    send(smscli, ONE)
    record(smscli, sandbox, "EXPIRED")
    assert smscli("resend", "1", "--failed", "--at", "2090-01-01 09:00").code == 0
    assert sandbox.requests[-1]["stime"] == "2090-01-01 09:00:00"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["1"], "to whom? Give --failed, or a state with --state."),
        (["1", "--state", "delivrd"], "DELIVRD means that they got it."),
        (["7", "--failed"], "there is no run 7"),
    ],
)
def test_what_makes_no_sense_is_refused(
    smscli: Smscli, sandbox: RunningSandbox, arguments: list[str], said: str
) -> None:
    send(smscli, ONE)
    record(smscli, sandbox, "EXPIRED")
    ended = smscli("resend", *arguments)
    assert (ended.code, len(sent(sandbox))) == (2, 1)
    assert said in ended.err


def test_the_counts_and_the_texts_make_up_the_run(smscli: Smscli, sandbox: RunningSandbox) -> None:
    send(smscli, ONE, TWO, THREE, FOUR, FIVE)
    record(smscli, sandbox, "DELIVRD", "EXPIRED", "MK:0001", "UNKNOWN", "")
    with open_store() as store:
        assert others_with_text(store, Runs(store).find(1)) == []
        selection = select(store, 1, [], [])
    assert selection.texts == {"hi": [TWO]}
    assert selection.left_out == dict.fromkeys(Why, 0) | {Why.USELESS: 1, Why.UNCLEAR: 1, Why.WAITING: 1}
