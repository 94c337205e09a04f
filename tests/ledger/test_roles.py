"""`smscli ledger roles`, applied to a server: what each role may do works, and the rest fails with a sentence."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.command import Ended, Smscli
from tests.support.ledgers import ask, new_schema
from tests.support.postgres import NoServerError, TestServer, address
from tests.support.sandboxes import RunningSandbox
from tests.support.waiting import eventually

SEND = ("send", "--mobile", "13800138000", "--content", "x")


@pytest.fixture
def ledger(postgres: Path, smscli: Smscli) -> Iterator[str]:
    """Return the address of a ledger on which each role has a user."""
    with new_schema(postgres) as address:
        printed = smscli("ledger", "roles", SMSCLI_LEDGER=address)
        assert (printed.code, printed.err) == (0, "")
        assert "PASSWORD" not in printed.out.upper().replace("\\PASSWORD", "").replace("A PASSWORD", "")
        for _ in range(2):  # it can be run again
            ask(printed.out, (), address)
        for kind in ("reader", "sender", "listener"):
            user = f"test_{kind}"
            ask(
                f"DO $$ BEGIN CREATE ROLE {user} LOGIN IN ROLE smscli_{kind}; "
                "EXCEPTION WHEN duplicate_object THEN END $$",
                (),
                address,
            )
        yield address
        schema = address.rpartition("%3D")[2]
        for kind in ("reader", "sender", "listener"):
            ask(f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM smscli_{kind}", (), address)
            ask(f"REVOKE ALL ON SCHEMA {schema} FROM smscli_{kind}", (), address)


def as_(kind: str, ledger: str) -> dict[str, str]:
    """Return the variables with which a command runs as the user of a role."""
    return {"SMSCLI_LEDGER": ledger.replace("smscli@", f"test_{kind}@", 1)}


def report(sandbox: RunningSandbox, smscli: Smscli, ledger: str) -> str:
    """Return a push about the one number that was sent to."""
    ((sendid, mobiles),) = ask("SELECT sendid, mobiles FROM batch WHERE sendid != ''", (), ledger)
    return f'{{"sendid":"{sendid}","mobile":"{mobiles}","state":"DELIVRD","time":"2026-01-01 10:00:00"}}'


def is_refused(ended: Ended) -> bool:
    return (
        ended.code == 3
        and "does not allow this to its user: permission denied" in ended.err
        and "smscli ledger roles" in ended.err
        and "Traceback" not in ended.err
    )


def test_each_role_can_do_its_work(smscli: Smscli, sandbox: RunningSandbox, ledger: str) -> None:
    sender, listener, reader = (as_(kind, ledger) for kind in ("sender", "listener", "reader"))
    assert smscli(*SEND, "--key", "k", **sandbox.variables, **sender).code == 0
    assert smscli("optout", "add", "13800138009", **sandbox.variables, **sender).code == 0
    came = smscli("parse-report", "--record", stdin=report(sandbox, smscli, ledger), **sandbox.variables, **listener)
    assert came.code == 0
    for who in (reader, listener, sender):
        assert smscli("runs", "1", "--output", "json", **who).json[0]["delivered"] == 1
        assert smscli("status", "13800138000", **sandbox.variables, **who).code == 0
        assert smscli("inbox", **who).code == 0
        assert dict(smscli("ledger", "check", **who).rows)["sound"] == "yes"
    assert len(sandbox.queued) == 1


def test_no_role_can_do_more(smscli: Smscli, sandbox: RunningSandbox, ledger: str) -> None:
    for kind in ("reader", "listener"):
        assert is_refused(smscli(*SEND, **sandbox.variables, **as_(kind, ledger)))
        assert is_refused(smscli("runs", "prune", "--before", "2020-01-01", **as_(kind, ledger)))
    assert sandbox.queued == []
    assert smscli(*SEND, **sandbox.variables, **as_("sender", ledger)).code == 0
    came = report(sandbox, smscli, ledger)
    for kind in ("reader", "sender"):
        assert is_refused(smscli("parse-report", "--record", stdin=came, **sandbox.variables, **as_(kind, ledger)))
    assert is_refused(smscli("optout", "add", "13800138009", **sandbox.variables, **as_("reader", ledger)))
    for kind in ("reader", "sender", "listener"):
        with pytest.raises(Exception, match="permission denied"):
            ask("UPDATE batch SET mobiles = '1'" if kind != "sender" else "DELETE FROM run", (),
                as_(kind, ledger)["SMSCLI_LEDGER"])  # fmt: skip


def test_check_says_what_a_failover_may_lose(smscli: Smscli) -> None:
    try:
        server = TestServer()
    except NoServerError as missing:
        pytest.skip(str(missing))
    try:
        where = {"SMSCLI_LEDGER": address(server.directory)}
        assert dict(smscli("ledger", "check", **where).rows)["replication"] == "none"
        with closing(server.connect()) as connection:
            connection.cursor().execute("ALTER SYSTEM SET synchronous_standby_names = 'nearby'")
            connection.cursor().execute("SELECT pg_reload_conf()")
            eventually(
                lambda: (
                    dict(smscli("ledger", "check", **where).rows)["replication"]
                    == "synchronous, but none of nearby is connected, so every commit waits"
                )
            )
    finally:
        server.stop()
