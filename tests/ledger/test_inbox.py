"""What came back, in the store: once, in the gateway's order, and whole groups or nothing."""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smscli.config.profile import Profile
from smscli.ledger.optouts import OptOuts
from smscli.ledger.outcomes import Outcome, people
from smscli.ledger.runs import Runs
from smscli.ledger.store import open_store
from smscli.protocol.pushes import Push, Reply, Report, Signature
from tests.support.ledgers import new_ledger
from tests.support.runs import Steps, begun, new_run, open_inbox

ACCOUNT = Profile("shop", name="demo")
EARLIER, AT = "2026-11-21 12:00:00", "2026-11-22 12:00:00"
ONE = "13800138001"


def pushed(*events: Report | Reply) -> Push:
    """Return one push."""
    return Push(events, {})


def tally() -> list[tuple[str, int]]:
    with open_store() as store:
        return store.read("SELECT state, numbers FROM tally WHERE numbers > 0 ORDER BY state")


def test_the_same_report_of_another_state_or_number_is_new(home: Path) -> None:
    report = Report("7", "13800138001", "UNDELIV", AT)
    with open_inbox() as inbox:
        assert inbox.record(ACCOUNT, [pushed(report), pushed(report)]) == [True, False]
        assert inbox.record(ACCOUNT, [pushed(report, report._replace(mobile="13800138002"))]) == [True]
        assert inbox.record(ACCOUNT, [pushed(report._replace(state="DELIVRD"))]) == [True]
        assert inbox.record(ACCOUNT, [pushed(report._replace(state="EXPIRED"))]) == [True]
    # Delivery counts, whatever else is said of the number.
    assert tally() == [("DELIVRD", 1), ("UNDELIV", 1)]


_report = st.builds(
    Report, st.sampled_from("78"), st.sampled_from(["13800138001", "13800138002"]),
    st.sampled_from(["DELIVRD", "UNDELIV", "EXPIRED"]), st.sampled_from(["", EARLIER, AT]),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.lists(_report, min_size=1, max_size=4), max_size=6), max_size=5))
def test_the_tally_counts_each_number_by_the_report_that_counts(groups: list[list[list[Report]]]) -> None:
    """However reports come together: one of delivery counts, else the latest by the gateway's clock."""
    came: dict[tuple[str, str], list[Report]] = {}
    with (
        TemporaryDirectory() as directory,
        new_ledger(Path(directory, "ledger.db")) as ledger,
        patch.dict("os.environ", SMSCLI_LEDGER=ledger),
        open_inbox() as inbox,
    ):
        for group in groups:
            expected = []
            for reports in group:
                fresh = [report for report in dict.fromkeys(reports) if report not in came.get(report[:2], [])]
                for report in fresh:
                    came.setdefault(report[:2], []).append(report)
                expected.append(bool(fresh))
            assert inbox.record(ACCOUNT, [pushed(*reports) for reports in group]) == expected
        found = inbox._store.read("SELECT sendid, state, numbers FROM tally WHERE numbers != 0")
        kept = inbox._store.read("SELECT sendid, mobile, state, time FROM report")

    def weight(place: int, report: Report) -> tuple[bool, int, int]:
        return report.state == "DELIVRD", (EARLIER, AT, "").index(report.time), place

    counting = {
        pair: max(enumerate(reports), key=lambda each: weight(*each))[1].state for pair, reports in came.items()
    }
    assert {(sendid, state): numbers for sendid, state, numbers in found} == Counter(
        (sendid, state) for (sendid, _), state in counting.items()
    )
    assert sorted(kept) == sorted(report for reports in came.values() for report in reports)


def test_the_gateways_time_decides_and_both_reports_stay(home: Path) -> None:
    late, early = Report("7", ONE, "UNDELIV", AT), Report("7", ONE, "EXPIRED", EARLIER)
    with open_inbox() as inbox:
        inbox.record(ACCOUNT, [pushed(late)])
        inbox.record(ACCOUNT, [pushed(early)])
        assert tally() == [("UNDELIV", 1)]
        inbox.record(ACCOUNT, [pushed(early._replace(state="DELIVRD"))])
        assert tally() == [("DELIVRD", 1)]
        assert sorted(kept.report.state for kept in inbox.reports("7")) == ["DELIVRD", "EXPIRED", "UNDELIV"]


def test_each_number_of_a_run_has_one_outcome(home: Path) -> None:
    reports = [
        Report("7", ONE, "UNDELIV", AT),
        Report("7", ONE, "MK:0001", AT),
        Report("7", "13800138002", "DELIVRD", ""),
    ]
    with open_store() as store, begun(Runs(store), [("x", [ONE, "13800138002"])]) as run:
        with store.transaction() as connection:
            connection.execute("UPDATE batch SET sendid = '7', state = 'accepted', accepted = 2")
        with open_inbox() as inbox:
            for report in reports:
                inbox.record(ACCOUNT, [pushed(report)])
        assert [(person.mobile, person.outcome, person.state) for person in people(store, run.id)] == [
            (ONE, Outcome.FAILED, "MK:0001"),
            ("13800138002", Outcome.DELIVERED, "DELIVRD"),
        ]


@pytest.mark.parametrize(
    ("replies", "listed"),
    [
        ([("TD", EARLIER)], True),
        ([("TD", EARLIER), ("好的", AT)], False),
        ([("好的", AT), ("TD", EARLIER)], True),  # nobody was on the list yet, so nothing says that it is older
        ([("TD", EARLIER), ("好的", AT), ("TD", EARLIER)], False),
        ([("TD", EARLIER), ("好的", AT), ("退订", EARLIER)], False),  # another old word, read late
        ([("TD", AT), ("好的", EARLIER)], True),
    ],
)
def test_the_later_word_counts_whichever_comes_first(home: Path, replies: list[tuple[str, str]], listed: bool) -> None:
    account = ACCOUNT._replace(optin_words=("好的",))
    with open_store() as store:
        for content, at in replies:
            with open_inbox() as inbox:
                inbox.record(account, [pushed(Reply(ONE, content, at, ""))])
        assert (ONE in OptOuts(store).numbers("demo")) is listed


def test_a_renewed_word_renews_the_date(home: Path) -> None:
    with open_store() as store, open_inbox() as inbox:
        inbox.record(ACCOUNT, [pushed(Reply(ONE, "TD", EARLIER, ""))])
        (first,) = OptOuts(store).all("demo")
        inbox.record(ACCOUNT, [pushed(Reply(ONE, "退订", AT, ""))])
        (second,) = OptOuts(store).all("demo")
    assert (second.since - first.since, second.reason) == (86400, "退订")


def test_an_old_word_does_not_undo_what_a_person_did_by_hand(home: Path) -> None:
    word = pushed(Reply(ONE, "TD", AT, ""))
    with open_store() as store, open_inbox() as inbox:
        inbox.record(ACCOUNT, [word])
        assert OptOuts(store).remove("demo", [ONE]) == 1
        with store.transaction() as connection:
            connection.execute("DELETE FROM reply")  # as `runs prune` does
        assert inbox.record(ACCOUNT, [word]) == [True]
        assert OptOuts(store).numbers("demo") == set()


def test_an_opt_out_belongs_to_the_account_that_it_answers(home: Path) -> None:
    """Two accounts have their replies pushed to one listener."""
    other = new_run(profile="other")._replace(account="other-account", extno="22")
    mine = new_run()._replace(extno="11")
    with open_store() as store, open_inbox() as inbox:
        for run in (other, mine):
            with begun(Runs(store), [("x", [ONE])], run) as written:
                Steps(store, written).claim()
        listening = ACCOUNT._replace(extension_length=3)
        inbox.record(listening, [pushed(Reply(ONE, "TD", "", "00822"))])
        assert (OptOuts(store).numbers("demo"), OptOuts(store).numbers("other-account")) == (set(), {ONE})
        inbox.record(listening, [pushed(Reply(ONE, "退订", "", "00811"))])
        assert OptOuts(store).numbers("demo") == {ONE}


def test_a_push_may_name_more_numbers_than_a_statement_takes_values(home: Path) -> None:
    reports = [Report("7", f"138{number:08d}", "DELIVRD", AT) for number in range(40_000)]
    with open_inbox() as inbox:
        assert inbox.record(ACCOUNT, [pushed(*reports)]) == [True]
        assert inbox.record(ACCOUNT, [pushed(*reports)]) == [False]
    assert tally() == [("DELIVRD", 40_000)]


@pytest.mark.parametrize("mobile", ["+8613800138001", "86 138-0013-8001", "１３８００１３８００１"])
def test_numbers_are_kept_normalised(home: Path, mobile: str) -> None:
    with open_inbox() as inbox:
        inbox.record(ACCOUNT, [pushed(Report("7", mobile, "DELIVRD", AT), Reply(mobile, "hi", AT, ""))])
    with open_store() as store:
        assert store.read("SELECT mobile FROM report UNION SELECT mobile FROM reply") == [("13800138001",)]


def test_a_group_is_recorded_whole_or_not_at_all(home: Path) -> None:
    bad = Push((None,), {})  # type: ignore[arg-type]
    with open_inbox() as inbox:
        with pytest.raises(TypeError):
            inbox.record(ACCOUNT, [pushed(Report("7", "13800138001", "DELIVRD", AT)), bad])
        assert inbox.reports("7") == []
        assert inbox.record(ACCOUNT, [pushed(Report("7", "13800138001", "DELIVRD", AT))]) == [True]


def test_a_signature_is_good_for_one_content_alone(home: Path) -> None:
    report, other = Report("7", ONE, "DELIVRD", AT), Report("7", ONE, "UNDELIV", AT)
    signed, forged = Signature("r1", "content", 0), Signature("r1", "other content", 0)
    with open_inbox() as inbox:
        assert inbox.record(ACCOUNT, [pushed(report)], [signed]) == [True]
        assert inbox.record(ACCOUNT, [pushed(other)], [forged]) == [None]
        assert inbox.record(ACCOUNT, [pushed(report)], [signed]) == [False]
        assert inbox.record(ACCOUNT, [pushed(other)], [Signature("r2", "other content", 0)]) == [True]
    with open_store() as store, store.transaction() as connection:
        connection.execute("UPDATE seen SET expires = 1 WHERE nonce = 'r1'")
    with open_inbox() as inbox:
        inbox.record(ACCOUNT, [], [Signature("r3", "x", 0)])
        assert [nonce for (nonce,) in inbox._store.read("SELECT nonce FROM seen ORDER BY nonce")] == ["r2", "r3"]
