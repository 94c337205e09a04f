"""The configuration and the ledger are never read as a list, a text or a log, whatever they are called."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command import Smscli
from tests.support.sandboxes import RunningSandbox, write_shop

READERS: list[Callable[[str], list[str]]] = [
    lambda file: ["send", "--content", "x", "--csv", file],
    lambda file: ["send", "--mobile", "13800138000", "--content-file", file],
    lambda file: ["optout", "import", file],
    lambda file: ["parse-report", file],
]


@pytest.fixture
def config(home: Path, sandbox: RunningSandbox) -> Path:
    write_shop(home, sandbox)
    return home / ".config" / "smscli" / "config.toml"


def refused(smscli: Smscli, arguments: list[str], what: str) -> None:
    ended = smscli(*arguments)
    assert ended.code == 2
    assert f"is smscli's own {what}" in ended.err
    assert "5ECRET" not in ended.err + ended.out


@pytest.mark.parametrize("reader", READERS)
def test_the_configuration(
    smscli: Smscli, config: Path, tmp_path: Path, sandbox: RunningSandbox, reader: Callable[[str], list[str]]
) -> None:
    symbolic, twice, hard = tmp_path / "soft.csv", tmp_path / "twice.csv", tmp_path / "hard.csv"
    symbolic.symlink_to(config)
    twice.symlink_to(symbolic)
    hard.hardlink_to(config)
    for file in (config, symbolic, twice, hard, config.parent / ".." / "smscli" / "config.toml"):
        refused(smscli, reader(str(file)), "configuration")
    assert sandbox.queued == []


@pytest.mark.sqlite
@pytest.mark.parametrize("reader", READERS)
def test_the_ledger(smscli: Smscli, config: Path, tmp_path: Path, reader: Callable[[str], list[str]]) -> None:
    assert smscli("send", "--mobile", "13800138000", "--content", "x").code == 0
    ledger = Path(smscli("ledger", "path").out.strip())
    (tmp_path / "soft.csv").symlink_to(ledger)
    (tmp_path / "hard.csv").hardlink_to(ledger)
    beside = [ledger.with_name(ledger.name + end) for end in ("-wal", "-shm")]
    for file in beside:
        file.touch()
    for file in (ledger, tmp_path / "soft.csv", tmp_path / "hard.csv", *beside):
        refused(smscli, reader(str(file)), "ledger")


def test_in_a_pipe_as_well(smscli: Smscli, config: Path, environment: dict[str, str]) -> None:

    for arguments in (["send", "--content", "x"], ["optout", "import"], ["parse-report", "-"]):
        with config.open("rb") as stream:
            ended = subprocess.run(
                [sys.executable, "-m", "smscli", *arguments], stdin=stream, env=environment, capture_output=True
            )
        assert ended.returncode == 2
        assert b"is smscli's own configuration" in ended.stderr
        assert b"5ECRET" not in ended.stderr


@pytest.mark.sqlite
def test_a_list_beside_the_ledger_is_a_list(smscli: Smscli, config: Path) -> None:
    ledger = Path(smscli("ledger", "path").out.strip())
    people = ledger.with_name("ledger.db people.csv")
    people.parent.mkdir(parents=True)
    people.write_text("13800138000\n")
    assert smscli("send", "--content", "x", "--csv", str(people)).code == 0
