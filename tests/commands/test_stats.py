"""`smscli stats`: how many messages were sent and what became of them, in figures."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest

from smscli.ledger import states
from smscli.ledger.runs import Runs
from smscli.ledger.statistics import Figures
from smscli.ledger.store import open_store
from tests.support.command import Smscli, Terminal
from tests.support.ledgers import clock
from tests.support.runs import Steps, new_run
from tests.support.sandboxes import RunningSandbox, write_shop
from tests.support.shop import do_business, record

NOBODY = dict.fromkeys(Figures._fields, 0)


@pytest.fixture
def business(smscli: Smscli, home: Path, sandbox: RunningSandbox) -> None:
    do_business(smscli, home, sandbox)


def by(smscli: Smscli, group: str, *options: str, **variables: str) -> dict[object, dict[str, int]]:
    """Return what `stats` says, by the group."""
    rows = smscli("stats", "--by", group, "--output", "json", *options, **variables).json
    return {row.pop(group): row for row in rows}


def test_each_group_has_its_own_figures(smscli: Smscli, business: None) -> None:
    came = {"replies": 2, "optouts": 1}
    first = NOBODY | came | {"messages": 6, "parts": 6, "delivered": 2, "failed": 2, "waiting": 2}
    second = NOBODY | {"messages": 6, "parts": 12, "waiting": 6}
    assert by(smscli, "run") == {1: first, 2: second}
    assert by(smscli, "template") == {"": second, "周年庆": first}
    assert by(smscli, "profile") == {"branch": second, "shop": first}
    assert by(smscli, "operator") == {
        "移动": NOBODY | {"messages": 4, "parts": 6, "delivered": 1, "waiting": 3, "replies": 1},
        "联通": NOBODY | {"messages": 2, "parts": 3, "delivered": 1, "waiting": 1, "replies": 1, "optouts": 1},
        "电信": NOBODY | {"messages": 2, "parts": 3, "failed": 1, "waiting": 1},
        "广电": NOBODY | {"messages": 2, "parts": 3, "failed": 1, "waiting": 1},
        "虚拟": NOBODY | {"messages": 2, "parts": 3, "waiting": 2},
    }


def test_reasons_are_counted_by_state_and_explained(smscli: Smscli, business: None) -> None:
    rows = smscli("stats", "--by", "reason", "--output", "json").json
    assert rows == [
        {"reason": "CB:0001", "failed": 1, "meaning": "空号 / number not in service"},
        {"reason": "MK:0001", "failed": 1, "meaning": "空号 / number not in service"},
    ]


def test_runs_of_the_built_in_sandbox_are_left_out_unless_asked_for(smscli: Smscli, business: None) -> None:
    assert set(by(smscli, "run")) == {1, 2}
    assert by(smscli, "run", "--sandbox")[3] == NOBODY | {"messages": 6, "parts": 6, "delivered": 1, "failed": 5}


def test_figures_are_those_of_runs(smscli: Smscli, business: None) -> None:
    listed = {row["run"]: row for row in smscli("runs", "--output", "json").json}
    for run, figures in by(smscli, "run").items():
        for name in ("delivered", "failed", "waiting", "unknown"):
            assert figures[name] == listed[run][name]
        assert figures["messages"] == listed[run]["accepted"]


def test_numbers_of_unknown_outcome_are_no_messages(smscli: Smscli) -> None:
    planned = (new_run("x"), [("x", ["18900138002", "17000138003"])])
    with open_store() as store, Runs(store).begin(lambda: planned) as run:
        steps = Steps(store, run)
        batch = steps.claim().batch
        assert by(smscli, "run") == {}  # its answer may still come
        steps.settle(batch.ended(states.UNKNOWN))
    assert by(smscli, "operator") == {name: NOBODY | {"unknown": 1} for name in ("电信", "虚拟")}
    assert by(smscli, "run") == {1: NOBODY | {"unknown": 2}}


def test_what_an_older_version_wrote_is_counted_once_and_that_is_said(smscli: Smscli, business: None) -> None:
    before = by(smscli, "operator")
    with open_store() as store, store.transaction() as connection:
        connection.execute("DELETE FROM counter")
        connection.execute("UPDATE batch SET counted = 0")
    first, second = smscli("stats", "--by", "operator", "--output", "json"), smscli("stats", "--by", "operator")
    assert {row.pop("operator"): row for row in first.json} == before
    assert "counting what an older version of smscli wrote; this is done only once" in first.err
    assert second.err == ""


def test_charts_load_only_for_a_page() -> None:
    code = "import sys, smscli.commands.stats, smscli.commands.runs; print('pygal' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"


# --- times --------------------------------------------------------------------------------------------------------


@contextmanager
def sent_at(moment: datetime) -> Iterator[None]:
    """Write a run of one accepted message that went out at a moment."""
    with clock(moment.timestamp), open_store() as store:
        run = new_run("x")._replace(created=moment.timestamp(), numbers=1)
        with Runs(store).begin(lambda: (run, [("x", ["13800138000"])])) as begun:
            steps = Steps(store, begun)
            steps.settle(steps.claim().batch.ended(states.ACCEPTED)._replace(accepted=1))
        yield


@pytest.mark.parametrize(
    ("zone", "change"),
    [("America/New_York", "2026-11-01"), ("America/New_York", "2026-03-08"), ("Asia/Kathmandu", "2026-05-01")],
)
def test_a_day_is_the_readers_day_also_when_the_clocks_change(smscli: Smscli, zone: str, change: str) -> None:
    day = datetime.fromisoformat(change).replace(tzinfo=ZoneInfo(zone))
    for moment in (
        day.replace(hour=0, minute=0),
        day.replace(hour=23, minute=59),
        datetime.fromtimestamp(day.timestamp() - 1, ZoneInfo(zone)),
        datetime.fromtimestamp(day.replace(hour=23, minute=59).timestamp() + 60, ZoneInfo(zone)),
    ):
        with sent_at(moment):
            pass
    found = {key: row["messages"] for key, row in by(smscli, "day", TZ=zone).items()}
    assert list(found.values()) == [1, 2, 1]
    assert list(found)[1] == change
    only = by(smscli, "day", "--since", change, "--until", change, TZ=zone)
    assert {key: row["messages"] for key, row in only.items()} == {change: 2}
    assert sum(row["messages"] for row in by(smscli, "month", TZ=zone).values()) == 4
    assert sum(row["messages"] for row in by(smscli, "month", "--since", change, TZ=zone).values()) == 3


def test_a_scheduled_message_counts_when_it_is_due(smscli: Smscli, home: Path, sandbox: RunningSandbox) -> None:
    write_shop(home, sandbox)
    smscli("send", "--mobile", "13800138000", "--content", "x", "--at", "2030-01-02 09:00")
    assert set(by(smscli, "day", TZ="Asia/Shanghai")) == {"2030-01-02"}


def test_the_last_day_must_not_be_before_the_first(smscli: Smscli) -> None:
    assert smscli("stats", "--since", "yesterday").code == 2
    ended = smscli("stats", "--since", "2026-11-02", "--until", "2026-11-01")
    assert ended.code == 2
    assert "--since 2026-11-02 is after --until 2026-11-01." in ended.err


# --- what stays, and what a person sees ---------------------------------------------------------------------------


def test_a_forgotten_run_with_a_key_keeps_its_figures(smscli: Smscli, home: Path, sandbox: RunningSandbox) -> None:
    write_shop(home, sandbox)
    for key in (("--key", "k"), ()):
        (batch,) = smscli("send", "--mobile", "13800138000", "--content", "x", *key, "--output", "json").json
        record(smscli, sendid=batch["sendid"], mobile="13800138000", time="2026-11-25 12:00:00", state="DELIVRD")
    with patch("smscli.ledger.forgetting._PAST", "created < ? + 1e9"):
        smscli("runs", "prune", "--before", "2026-01-01")
    assert by(smscli, "run") == {1: NOBODY | {"messages": 1, "parts": 1, "delivered": 1}}


def test_a_table_has_bars_and_fits_80_columns(terminal: Terminal, smscli: Smscli, business: None) -> None:
    for group in ("day", "operator", "template", "reason"):
        code, shown = terminal(["stats", "--by", group], COLUMNS="80", TERM="dumb")
        assert code == 0
        assert "█" in shown
        assert max(map(len, shown.splitlines())) <= 80
        assert "total" in shown or group in ("day", "reason")


def test_an_empty_ledger_says_so(terminal: Terminal) -> None:
    assert "Nothing was sent or received in this time." in terminal(["stats"])[1]
    assert "No message failed in this time." in terminal(["stats", "--by", "reason"])[1]
