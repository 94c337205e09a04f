"""Answers that could not be written: kept on this machine, and written by the next command."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from smscli.ledger.claims import Claims
from smscli.ledger.runs import Runs
from smscli.ledger.states import ACCEPTED, State
from smscli.ledger.store import journal_directory, open_store
from tests.support.command import Smscli
from tests.support.ledgers import ask, by, new_schema
from tests.support.runs import Steps, begun, open_runs
from tests.support.sandboxes import RunningSandbox
from tests.support.wire import wire

ONE = ("send", "--mobile", "13800138000", "--content", "x")


def kept() -> list[Path]:
    directory = journal_directory()
    assert directory
    return sorted(directory.iterdir()) if directory.exists() else []


def states_of(run: int = 1) -> list[State]:
    with open_runs() as runs:
        return [batch.state for batch in runs.batches(run)]


@pytest.fixture
def unwritten(home: Path) -> Iterator[Claims]:
    """Return the claims of a process that knows an answer, and has a claim that never left; both are not written."""
    with open_store() as store, begun(Runs(store), [("x", ["13800138000"]), ("y", ["13800138001"])]) as run:
        steps = Steps(store, run)
        first, second = steps.claim().batch, steps.claim().batch
        steps.claims.unwritten.append(first.ended(ACCEPTED)._replace(code=0, sendid="7", accepted=1))
        steps.claims.doubtful.append(second.token)
    yield steps.claims


def test_the_next_command_writes_what_was_kept(unwritten: Claims) -> None:
    file = unwritten.keep()
    assert file and kept() == [file]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert states_of() == [State.ACCEPTED, State.PLANNED]
    assert kept() == []
    with open_runs() as runs:
        assert [batch.sendid for batch in runs.batches(1)] == ["7", ""]


def test_it_may_be_written_twice(unwritten: Claims) -> None:
    """As where two commands find it at once, or one dies before it removes the file."""
    file = unwritten.keep()
    assert file
    content = file.read_bytes()
    for _ in range(2):
        assert states_of() == [State.ACCEPTED, State.PLANNED]
        file.write_bytes(content)


def test_what_a_person_decided_since_stays(unwritten: Claims) -> None:
    assert unwritten.keep()
    ask("UPDATE batch SET state = 'dropped', open = 0, token = ''")
    assert states_of() == [State.DROPPED, State.DROPPED]
    assert kept() == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"ledger": "elsewhere", "run": 1}'])
def test_a_file_that_is_not_for_this_ledger_is_left_alone(unwritten: Claims, content: bytes) -> None:
    file = unwritten.keep()
    assert file
    file.write_bytes(content)
    assert states_of() == [State.UNKNOWN, State.UNKNOWN]
    assert kept() == [file]


def test_a_ledger_that_does_not_know_the_run_does_not_take_it_in(unwritten: Claims) -> None:
    file = unwritten.keep()
    assert file
    content = json.loads(file.read_text())
    file.write_text(json.dumps(content | {"run": 2}))
    assert states_of() == [State.UNKNOWN, State.UNKNOWN]
    assert kept() == [file]


def test_where_there_is_no_room_it_is_not_kept(unwritten: Claims) -> None:
    directory = journal_directory()
    assert directory
    directory.parent.mkdir(parents=True, exist_ok=True)
    directory.write_text("a file")
    assert unwritten.keep() is None
    assert states_of() == [State.UNKNOWN, State.UNKNOWN]


def test_an_answer_outlives_a_server_that_is_away(
    smscli: Smscli, sandbox: RunningSandbox, postgres: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from smscli.sandbox import gateway as module

    monkeypatch.setattr("smscli.ledger.claims.AWAY_SECONDS", 0.0)
    answer, away = module.SandboxGateway.answer, [False]

    def leaving(self: module.SandboxGateway, fields: dict[str, str]) -> object:
        away[0] = True
        return answer(self, fields)

    def unless_away(_kind: bytes, body: bytes) -> bytes | None:
        return None if away[0] else body

    with wire(postgres, unless_away, unless_away) as way, new_schema(postgres) as direct:
        address = by(direct, postgres, way)
        monkeypatch.setattr(module.SandboxGateway, "answer", leaving)
        ended = smscli(*ONE, **sandbox.variables, SMSCLI_LEDGER=address)
        assert ended.code == 6
        assert "the next command with this ledger writes them" in ended.err and "batch 1: accepted" in ended.err
        away[0] = False
        assert [row[1] for row in smscli("runs", "1", SMSCLI_LEDGER=address).rows] == ["accepted"]
    assert sandbox.queued == ["13800138000"]
