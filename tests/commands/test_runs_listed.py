"""`smscli runs`: which runs are listed, and the people of one."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from smscli.ledger.store import open_store
from tests.support.command import Smscli, Terminal
from tests.support.runs import begun, new_run, open_runs
from tests.support.sandboxes import RunningSandbox, write_shop

ONE, TWO, THREE = "13800138000", "13800138001", "13800138011"
BLACK = "13800138099"  # the sandbox blacklists it
DAY = 86400.0
NOON = 1796097600.0  # 2026-12-01 12:00 in China


def keep(created: float, profile: str = "shop", content: str = "hi", due: float | None = None) -> None:
    """Write a run that was done; one with `due` was scheduled."""
    run = new_run(content, profile=profile)._replace(
        created=created, due=due, stime="2090-01-01 09:00:00" if due else ""
    )
    with open_runs() as runs, begun(runs, [(content, [ONE])], run):
        pass
    with open_store() as store, store.transaction() as connection:
        connection.execute("UPDATE batch SET state = 'accepted', open = 0, accepted = 1")


def listed(smscli: Smscli, *options: str) -> list[int]:
    """Return the numbers of the runs that are listed."""
    return [row["run"] for row in smscli("runs", *options, "--output", "json").json]


# --- which runs ---------------------------------------------------------------------------------------------------


def test_the_newest_is_last_and_the_older_ones_are_counted(smscli: Smscli, home: Path) -> None:
    for number in range(25):
        keep(NOON + number)
    assert listed(smscli) == list(range(6, 26))
    assert smscli("runs").err == "5 older runs are not shown; --limit 0 shows all\n"
    assert (listed(smscli, "--limit", "2"), listed(smscli, "--limit", "0")) == ([24, 25], list(range(1, 26)))
    assert smscli("runs", "--limit", "25").err == ""
    assert smscli("runs", "--limit", "24").err.startswith("1 older run is not shown")


def test_a_time_chooses_runs(smscli: Smscli, home: Path) -> None:
    for day in range(4):  # at noon from the first to the fourth of December
        keep(NOON + day * DAY)
    assert listed(smscli, "--since", "2026-12-02") == [2, 3, 4]
    assert listed(smscli, "--until", "2026-12-02") == [1, 2]  # a day counts as a whole
    assert listed(smscli, "--since", "2026-12-02 12:00", "--until", "2026-12-03 12:00") == [2]
    wrong = smscli("runs", "--until", "yesterday")
    assert (wrong.code, "--until: 'yesterday' is not a time" in wrong.err) == (2, True)


def test_a_profile_and_a_state_choose_runs(smscli: Smscli, home: Path) -> None:
    keep(NOON)
    keep(NOON, "other")
    keep(NOON, due=time.time() + DAY)
    with open_runs() as runs, begun(runs, [("x", [ONE])]):
        pass
    assert listed(smscli, "-p", "other") == [2]
    assert listed(smscli, "--state", "done") == [1, 2]
    assert listed(smscli, "--state", "interrupted") == [4]
    assert listed(smscli, "--state", "scheduled") == [3]
    one = smscli("runs", "--state", "done", "--limit", "1")
    assert ([row[0] for row in one.rows], one.err) == (["2"], "1 older run is not shown; --limit 0 shows all\n")
    assert smscli("runs", "--state", "nonsense").code == 2


def test_a_scheduled_run_is_shown_with_its_time_until_that_is_over(
    smscli: Smscli, home: Path, terminal: Terminal
) -> None:
    keep(NOON, due=time.time() + DAY)
    assert "scheduled" in terminal(["runs"], COLUMNS="80")[1]
    assert "2090-01-01 09:00" in terminal(["runs"], COLUMNS="80")[1]
    with open_store() as store, store.transaction() as connection:
        connection.execute("UPDATE run SET due = ?", (time.time() - 1,))
    assert "scheduled" not in terminal(["runs"], COLUMNS="80")[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["abc"], "'abc' is not the number of a run."),
        (["--failed"], "--failed is about one run, so its number comes first: smscli runs RUN --failed"),
        (["--list=all", "1"], "--list is about one run"),
        (["--state", "done", "1"], "--state is in front of 'RUN', where it does nothing."),
        (["1", "--failed", "--list", "all"], "Name one of --list, --failed, --unknown and --state."),
    ],
)
def test_what_stands_at_the_wrong_place_is_explained(
    smscli: Smscli, home: Path, arguments: list[str], said: str
) -> None:
    keep(NOON)
    ended = smscli("runs", *arguments)
    assert ended.code == 2
    assert said in ended.err


# --- the built-in sandbox -----------------------------------------------------------------------------------------

TRY = ["send", "-p", "sandbox", "--mobile", f"{ONE},{TWO},{THREE}", "--content", "hi"]


def test_runs_of_the_sandbox_are_shown_only_where_they_are_asked_for(
    smscli: Smscli, home: Path, terminal: Terminal
) -> None:
    keep(NOON)
    assert smscli(*TRY).code == 0
    assert listed(smscli) == [1]
    assert listed(smscli, "--sandbox") == [1, 2]
    assert listed(smscli, "-p", "sandbox") == [2]
    hint = "1 run of the built-in sandbox is not shown; `smscli runs --sandbox` shows it too"
    assert hint in terminal(["runs"])[1]
    assert hint not in terminal(["runs", "--sandbox"])[1]
    assert smscli("runs").err == ""
    assert "the built-in sandbox: nothing was really sent" in smscli("runs", "2").err


def test_a_newcomer_does_not_face_an_empty_page(smscli: Smscli, terminal: Terminal) -> None:
    assert "There are no runs to show." in terminal(["runs"])[1]
    assert smscli(*TRY).code == 0
    shown = terminal(["runs"])[1]
    assert "There are no runs to show." in shown
    assert "1 run of the built-in sandbox is not shown" in shown


def test_the_sandbox_reports_by_itself(smscli: Smscli) -> None:
    ended = smscli(*TRY, "--wait", "1m")
    assert ended.code == 7
    assert "run 1: 2 delivered, 1 failed, 0 waiting" in ended.err
    assert smscli("runs", "1", "--failed").out == f"{TWO}\n"
    assert [row[1:3] for row in smscli("inbox", "--optouts").rows] == [[THREE, "TD"]]
    again = smscli("resend", "1", "--failed")
    assert (again.code, again.rows[0][8]) == (0, "1")


def test_a_run_that_goes_on_is_reported_once(smscli: Smscli, home: Path) -> None:
    assert smscli(*TRY, "--key", "k").code == 0
    assert smscli("resume", "1").code == 0
    assert len(smscli("status", ONE).rows) == 2


# --- the people of a run ------------------------------------------------------------------------------------------


@pytest.fixture
def shop(home: Path, sandbox: RunningSandbox) -> RunningSandbox:
    write_shop(home, sandbox, 'sign = "店"')
    return sandbox


def test_people_are_listed_with_what_is_known(smscli: Smscli, shop: RunningSandbox) -> None:
    people = f"手机号,名\n{ONE},张\n{TWO},李\n"
    assert smscli("send", "--content", "{名}您好", "--workers", "1", stdin=people).code == 0
    sendid = next(request["sendid"] for request in shop.requests if request["queued"])
    smscli("parse-report", "--record", stdin=f"sendid={sendid}&mobile={ONE}&state=MK:0001&time=2090-01-01 00:00:00")
    (failed,) = smscli("runs", "1", "--list", "failed", "--output", "json").json
    assert failed | {"sent": ""} == {
        "mobile": ONE, "state": "MK:0001", "meaning": "空号 / number not in service", "outcome": "failed",
        "content": "【店】张您好", "batch": 1, "sendid": sendid, "sent": "", "reported": "2090-01-01 00:00:00",
    }  # fmt: skip
    assert failed["sent"].startswith("20")
    assert [row[0] for row in smscli("runs", "1", "--list", "waiting").rows] == [TWO]
    assert [row[0] for row in smscli("runs", "1", "--list", "all").rows] == [ONE, TWO]
    assert len(smscli("runs", "1", "--list", "failed").rows[0]) == 9
    assert smscli("runs", "1", "--failed").out == f"{ONE}\n"


def test_planned_and_unknown_people(
    smscli: Smscli, home: Path, start_sandbox: Callable[..., RunningSandbox], terminal: Terminal
) -> None:
    write_shop(home, start_sandbox(fault="close-after"))
    assert smscli("send", "--mobile", ONE, "--content", "hi").code == 6
    (unknown,) = smscli("runs", "1", "--list", "unknown", "--output", "json").json
    assert (unknown["mobile"], unknown["state"], bool(unknown["meaning"])) == (ONE, "unknown", True)
    with open_runs() as runs, begun(runs, [("x", [TWO])]):
        pass
    assert [row[:2] for row in smscli("runs", "2", "--list", "planned").rows] == [[TWO, "planned"]]
    assert "Nobody of run 2 is in this list." in terminal(["runs", "2", "--list", "failed"])[1]


def test_a_send_whose_only_number_is_blacklisted_is_refused_everywhere(smscli: Smscli, shop: RunningSandbox) -> None:
    ended = smscli("send", "--mobile", BLACK, "--content", "hi", "--output", "json")
    assert (ended.code, ended.json[0]["outcome"]) == (4, "refused")
    assert smscli("runs", "--output", "json").json[0]["state"] == "refused"
    assert smscli("runs", "1", "--output", "json").json[0]["outcome"] == "refused"


def test_the_sandbox_is_marked_on_a_narrow_terminal_too(smscli: Smscli, terminal: Terminal) -> None:
    assert smscli(*TRY, "--at", "2090-01-01 09:00", "--key", "尊敬的客户，您的订单").code == 0
    for width in ("80", "200"):
        assert "  sandbox  " in terminal(["runs", "--sandbox"], COLUMNS=width)[1]
