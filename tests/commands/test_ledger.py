"""`smscli ledger`: where it is, a verified copy, a check."""

import os
import sqlite3
from pathlib import Path

import pytest

from tests.support.command import Smscli
from tests.support.sandboxes import RunningSandbox

KEYED = ("send", "--mobile", "13800138000", "--content", "x", "--key", "k")


@pytest.mark.sqlite
def test_path(smscli: Smscli, home: Path, tmp_path: Path) -> None:
    assert smscli("ledger", "path").out == f"{home}/.local/state/smscli/ledger.db\n"
    assert smscli("ledger", "path", SMSCLI_LEDGER=str(tmp_path / "x.db")).out == f"{tmp_path}/x.db\n"


@pytest.mark.sqlite
def test_a_key_protects_in_a_backup_too(smscli: Smscli, sandbox: RunningSandbox, tmp_path: Path) -> None:
    assert smscli(*KEYED, **sandbox.variables).code == 0
    copy = tmp_path / "copy.db"
    ended = smscli("ledger", "backup", str(copy))
    assert (ended.code, ended.out) == (0, "")
    assert ended.err == f"saved in {copy}: 1 runs, 0 reports, 0 replies, 0 opt-outs\n"
    if os.name == "posix":
        assert copy.stat().st_mode & 0o777 == 0o600
    again = smscli(*KEYED, **sandbox.variables, SMSCLI_LEDGER=str(copy))
    assert "was sent before; nothing was sent again" in again.err
    assert len(sandbox.queued) == 1


@pytest.mark.parametrize("name", ["there", "missing/copy.db", "."])
def test_a_backup_that_cannot_be_written_is_a_sentence(smscli: Smscli, tmp_path: Path, name: str) -> None:
    (tmp_path / "there").write_text("precious")
    ended = smscli("ledger", "backup", str(tmp_path / name))
    assert ended.code == 2
    assert "Traceback" not in ended.err
    assert (tmp_path / "there").read_text() == "precious"


def test_check(smscli: Smscli, sandbox: RunningSandbox) -> None:
    assert smscli(*KEYED, **sandbox.variables).code == 0
    ended = smscli("ledger", "check")
    found = dict(ended.rows)
    assert ended.code == 0
    assert (found["sound"], found["runs"], found["batches"], found["unfinished runs"]) == ("yes", "1", "1", "0")


@pytest.mark.sqlite
def test_a_damaged_ledger_is_found(smscli: Smscli, home: Path) -> None:
    people = "\n".join(f"138{number:08d}" for number in range(20_000))
    assert smscli("send", "-p", "sandbox", "--content", "x", "--yes", "--force", stdin=people).code in (4, 7)
    path = home / ".local/state/smscli/ledger.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 6000] = b"\xff" * 6000
    path.write_bytes(content)
    ended = smscli("ledger", "check")
    assert ended.code == 3
    assert "the ledger is damaged" in ended.err
