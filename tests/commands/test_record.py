"""`parse-report --record`: pushes that were caught elsewhere, in the same ledger, once."""

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from smscli.config.profile import Profile
from smscli.protocol.pushes import Push, Reply, Report, reply_fields, report_fields, signed_name
from smscli.protocol.times import CHINA
from smscli.sandbox.faults import Fault
from tests.support.command import Smscli
from tests.support.ledgers import ask
from tests.support.runs import open_inbox
from tests.support.sandboxes import RunningSandbox, write_config

ACCOUNT = Profile("shop", name="demo")
AT = "2026-11-22 12:00:00"
CONFIG = """
[profiles.shop]
endpoint = "http://127.0.0.1:1/"
name = "demo"
pwd = "5ECRET-PWD"
"""


def query(fields: dict[str, str]) -> str:
    """Return a push as a line of a log."""
    return "/push?" + "&".join(f"{name}={quote(value)}" for name, value in fields.items())


def pushed(*events: Report | Reply) -> Push:
    """Return one push."""
    return Push(events, {})


def test_a_log_is_recorded_once_and_printed_every_time(smscli: Smscli, home: Path) -> None:
    log = "\n".join(
        [
            query(report_fields([Report("7", m, "DELIVRD", AT) for m in ("13800138001", "13800138002")], "name", "pw")),
            query(reply_fields([Reply("13800138001", "好 #@# 的", AT, "008123")])),
        ]
    )
    first = smscli("parse-report", "--record", "-p", "sandbox", stdin=log)
    again = smscli("parse-report", "--record", "-p", "sandbox", stdin=log)
    assert (first.code, again.code) == (0, 0)
    assert len(first.rows) == 3
    assert again.out == first.out
    assert "3 recorded" in first.err
    assert "0 recorded" in again.err
    assert "3 known already" in again.err
    assert len(ask("SELECT * FROM report")) == 2
    assert ask("SELECT content, extension FROM reply") == [("好 #@# 的", "008123")]


@pytest.mark.parametrize("content", ["TD", "好 #@# 的", "100%25", "a\tb", "mobile=13800138009&state=DELIVRD", ""])
def test_what_was_written_as_jsonl_is_read_again(smscli: Smscli, home: Path, content: str) -> None:
    log = "\n".join(
        [
            query(reply_fields([Reply("13800138001", content, AT, "008123")])),
            query(report_fields([Report("7", "13800138002", "DELIVRD", AT)])),
        ]
    )
    written = smscli("parse-report", "--output", "jsonl", stdin=log).out
    again = smscli("parse-report", "--output", "jsonl", "--record", "-p", "sandbox", stdin=written)
    assert (again.code, again.out) == (0, written)
    assert ask("SELECT content, extension FROM reply") == [(content, "008123")]
    assert ask("SELECT mobile, state FROM report") == [("13800138002", "DELIVRD")]
    assert ask("SELECT count(*) FROM optout") == [(int(content == "TD"),)]


def test_only_what_the_secret_proves_is_recorded(smscli: Smscli, home: Path) -> None:
    write_config(home, CONFIG + 'access_secret = "TOP-5ECRET"\n')
    fields = report_fields([Report("7", "13800138001", "DELIVRD", AT)], signed_name("TOP-5ECRET", "r", "1"))
    good = query(fields | {"random": "r", "timestamp": "1"})
    bad = query(report_fields([Report("8", "13800138002", "DELIVRD", AT)], "stranger"))
    ended = smscli("parse-report", "--record", stdin=f"{good}\n{bad}\n")
    assert len(ended.rows) == 2
    assert "1 recorded" in ended.err
    assert "1 not recorded" in ended.err
    assert ask("SELECT sendid FROM report") == [("7",)]


def test_no_password_and_no_signature_is_kept(smscli: Smscli, home: Path) -> None:
    push = query(report_fields([Report("7", "13800138001", "DELIVRD", AT)], "the-name", "the-password"))
    smscli("parse-report", "--record", "-p", "sandbox", stdin=push)
    with open_inbox() as inbox:
        inbox.quarantine("127.0.0.1", "wrong name", b"name=x&pwd=the-password&sendid=7")
        inbox.quarantine("127.0.0.1", "multipart", b'--x\r\nname="pwd"\r\n\r\nthe-password\r\n--x')
        inbox.quarantine("127.0.0.1", "JSON", b'{"pwd": "the-password", "sendid": "7"}')
    stored = b"".join(path.read_bytes() for path in home.rglob("ledger.db*"))
    stored += repr([ask(f"SELECT * FROM {table}") for table in ("report", "quarantine", "seen")]).encode()
    assert b"13800138001" in stored
    assert b"the-password" not in stored
    assert b"the-name" not in stored


def test_all_is_recorded_where_nobody_reads_on(smscli: Smscli, home: Path, environment: dict[str, str]) -> None:
    import subprocess
    import sys

    log = home / "log"
    log.write_text("".join(f"sendid=7&mobile=138{n:08d}&state=DELIVRD&time=\n" for n in range(20_000)), "utf-8")
    pipe = f"{sys.executable} -m smscli parse-report --record -p sandbox {log} | head -1"
    subprocess.run(["sh", "-c", pipe], env=environment, check=True, capture_output=True)
    assert ask("SELECT count(*) FROM report") == [(20_000,)]


def test_hostile_texts_are_kept_and_harm_nothing(smscli: Smscli, home: Path) -> None:
    hostile = ["'; DROP TABLE reply; --", "\x1b[2J\u202e", "\ud800", "a\0b", "=1+1", "", "x" * 100_000]
    with open_inbox() as inbox:
        for text in hostile:
            events = Report(text, text, text, text), Reply(text, text, text, text)
            assert inbox.record(ACCOUNT, [pushed(*events)]) == [True]
            assert inbox.record(ACCOUNT, [pushed(*events)]) == [False]
    assert ask("SELECT count(*) FROM reply") == [(len(hostile),)]
    shown = smscli("inbox", "--output", "table")
    assert shown.code == 0
    assert "\x1b" not in shown.out
    assert "\u202e" not in shown.out
    assert "\\u202e" in shown.out
    assert "'=1+1" in smscli("inbox", "--output", "csv").out


def test_the_quarantine_keeps_the_newest_thousand_and_64_kib_of_each(smscli: Smscli, home: Path) -> None:
    with open_inbox() as inbox:
        for number in range(1005):
            inbox.quarantine("127.0.0.1", "wrong name", b"%d " % number + b"x" * (70_000 if number == 1004 else 1))
    found = ask("SELECT raw FROM quarantine ORDER BY id")
    assert len(found) == 1000
    assert found[0] == (b"5 x",)
    assert len(found[-1][0]) == 64 << 10


def unknown_run(smscli: Smscli, sandbox: RunningSandbox, home: Path, key: str = "") -> None:
    """Send something whose fate is unknown, from the profile shop."""
    write_config(home, CONFIG.replace("http://127.0.0.1:1/", sandbox.sandbox.endpoint))
    options = ["--key", key] if key else []
    ended = smscli("send", "--mobile", "13800138001,13800138002", "--content", "hi", *options)
    assert ended.code == 6, ended.err


@pytest.fixture
def deaf(start_sandbox: object) -> RunningSandbox:
    """Return a sandbox that accepts a message and hangs up without an answer."""
    return start_sandbox(fault=Fault.RESET_AFTER)  # type: ignore[operator,no-any-return]


def test_a_report_settles_an_unknown_batch(smscli: Smscli, deaf: RunningSandbox, home: Path) -> None:
    unknown_run(smscli, deaf, home)
    now = smscli("runs", "1", "--output", "json").json[0]
    assert (now["outcome"], now["sendid"]) == ("unknown", "")
    sendid = deaf.requests[0]["sendid"]
    record = ("parse-report", "--record", "-p", "shop")
    smscli(*record, stdin=f"sendid={sendid}&mobile=13800138002&state=DELIVRD&time=")
    assert smscli("runs", "1", "--output", "json").json[0]["outcome"] == "unknown"  # one of two could be chance
    smscli(*record, stdin=f"sendid={sendid}&mobile=13800138001&state=UNDELIV&time=")
    now = smscli("runs", "1", "--output", "json").json[0]
    assert (now["outcome"], now["sendid"], now["accepted"]) == ("accepted", sendid, 2)
    assert (now["delivered"], now["failed"], now["waiting"]) == (1, 1, 0)
    assert "settled by reports" in now["message"]
    assert smscli("resume", "1", "--unknown", "resend", "--yes").code == 0
    assert len(deaf.requests) == 1


BOTH = "13800138001,13800138002"


@pytest.mark.parametrize(
    ("profile", "mobiles", "hours"),
    [
        ("sandbox", BOTH, 0),  # another account's
        ("shop", "13800138003", 0),  # another number
        ("shop", f"{BOTH},13800138003", 0),  # a message that went to somebody else too
        ("shop", "13800138002", 0),  # one of two could be chance
        ("shop", BOTH, -1),  # numbered before it was sent
        ("shop", BOTH, 1),  # numbered long after
        ("shop", BOTH, None),  # no sendid
    ],
)
def test_no_other_report_settles_it(
    smscli: Smscli, deaf: RunningSandbox, home: Path, profile: str, mobiles: str, hours: int | None
) -> None:
    unknown_run(smscli, deaf, home)
    at = datetime.now(CHINA) + timedelta(hours=hours or 0)
    sendid = "" if hours is None else f"{at:%Y%m%d%H%M%S}12345678901"
    line = f"sendid={sendid}&mobile={mobiles}&state=DELIVRD&time={at:%Y-%m-%d %H:%M:%S}"
    assert "recorded" in smscli("parse-report", "--record", "-p", profile, stdin=line).err
    assert smscli("runs", "1", "--output", "json").json[0]["outcome"] == "unknown"


def test_a_report_that_fits_two_batches_settles_none(smscli: Smscli, deaf: RunningSandbox, home: Path) -> None:
    unknown_run(smscli, deaf, home)
    unknown_run(smscli, deaf, home)
    line = f"sendid={deaf.requests[0]['sendid']}&mobile={BOTH}&state=DELIVRD&time="
    smscli("parse-report", "--record", "-p", "shop", stdin=line)
    assert [row["unknown"] for row in smscli("runs", "--output", "json").json] == [2, 2]


@pytest.mark.parametrize("decision", [["--unknown", "drop"], ["--unknown", "resend", "--yes"]], ids=["drop", "resend"])
def test_a_batch_that_a_person_decided_about_may_still_be_the_one_that_is_reported(
    smscli: Smscli, deaf: RunningSandbox, home: Path, decision: list[str]
) -> None:
    unknown_run(smscli, deaf, home)
    unknown_run(smscli, deaf, home)
    smscli("resume", "1", *decision)
    line = f"sendid={deaf.requests[0]['sendid']}&mobile={BOTH}&state=DELIVRD&time="
    smscli("parse-report", "--record", "-p", "shop", stdin=line)
    assert ask("SELECT state FROM batch WHERE run = 2") == [("unknown",)]
    assert smscli("runs", "2", "--output", "json").json[0]["outcome"] == "unknown"


@pytest.mark.parametrize(
    "command",
    [
        ["runs", "1"],
        ["runs", "1", "--wait", "1s"],
        ["status", "13800138001"],
        ["resume", "1", "--unknown", "resend", "--yes"],
    ],
)
def test_a_report_that_came_before_the_answer_was_given_up_settles_it_later(
    smscli: Smscli, deaf: RunningSandbox, home: Path, command: list[str]
) -> None:
    unknown_run(smscli, deaf, home)
    with open_inbox() as inbox:
        # As it is while the answer is waited for: the report comes, and its batch is not unknown yet.
        inbox._store._connection.execute("UPDATE batch SET state = 'refused'")
        sendid = deaf.requests[0]["sendid"]
        inbox.record(ACCOUNT, [pushed(*(Report(sendid, mobile, "DELIVRD", "") for mobile in BOTH.split(",")))])
        inbox._store._connection.execute("UPDATE batch SET state = 'unknown'")
    ended = smscli(*command)
    assert "unknown" not in ended.err
    assert ask("SELECT state, sendid FROM batch") == [("accepted", sendid)]
    assert len(deaf.requests) == 1


def test_pruning_forgets_reports_and_replies_but_no_opt_outs(smscli: Smscli, home: Path) -> None:
    events = Report("7", "13800138001", "DELIVRD", AT), Reply("13800138001", "TD", AT, "")
    with open_inbox() as inbox:
        inbox.record(ACCOUNT, [pushed(*events)])
        inbox.quarantine("127.0.0.1", "wrong name", b"mobile=13800138001")
    with open_inbox() as inbox:
        for table in ("report", "reply", "quarantine"):
            inbox._store._connection.execute(f"UPDATE {table} SET received = 1")
    assert smscli("runs", "prune", "--before", "2020-01-01").code == 0
    for table in ("report", "tally", "reply", "quarantine"):
        assert ask(f"SELECT count(*) FROM {table}") == [(0,)], table
    assert ask("SELECT account, mobile FROM optout") == [("demo", "13800138001")]


@pytest.mark.sqlite
def test_a_ledger_of_the_version_before_is_migrated(smscli: Smscli, home: Path) -> None:
    from smscli.ledger.schema import MIGRATIONS

    path = home / ".local/state/smscli/ledger.db"
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in (*MIGRATIONS[0], "PRAGMA user_version = 1", "PRAGMA application_id = 1397576515"):
            connection.execute(statement)
        connection.execute(
            "INSERT INTO run VALUES (1, NULL, 1, 'me', 'shop', 'demo', 'hi', '', '', '', '--mobile', '', 1, 0, 0)"
        )
        connection.execute(
            "INSERT INTO batch (run, number, state, mobiles, numbers, changed, sendid, accepted) "
            "VALUES (1, 1, 'accepted', '13800138001', 1, 1, '7', 1)"
        )
    path.chmod(0o600)
    smscli("parse-report", "--record", "-p", "sandbox", stdin="sendid=7&mobile=13800138001&state=DELIVRD&time=")
    assert smscli("runs", "1", "--output", "json").json[0]["delivered"] == 1
    assert [row[1] for row in smscli("status", "7").rows] == ["sent", "report"]
