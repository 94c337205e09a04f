"""The pages under docs/ are executed where there is a server, and are the same in both languages."""

import re
import shlex
from pathlib import Path

import pytest

from tests.support.command import Smscli
from tests.support.ledgers import new_schema

PAGE = Path(__file__).parent.parent / "docs" / "postgresql.md"
CHINESE = PAGE.with_suffix(".zh-CN.md")
EXAMPLE = "postgresql://smscli@db.example.com/smscli"


def blocks(page: Path) -> list[str]:
    return re.findall(r"```\w+\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def test_both_languages_have_the_same_blocks() -> None:
    assert blocks(PAGE) == blocks(CHINESE)


def test_the_commands_work(smscli: Smscli, postgres: Path, tmp_path: Path) -> None:
    commands = re.findall(r"^\$ smscli (.*)", "\n".join(blocks(PAGE)), re.MULTILINE)
    assert len(commands) == 3
    file = str(tmp_path / "ledger.db")
    assert smscli("runs", SMSCLI_LEDGER=file).code == 0
    with new_schema(postgres) as address:
        for command in commands:
            given = shlex.split(command.replace(EXAMPLE, address))
            ended = smscli(*given, SMSCLI_LEDGER=file if "move" in given else address)
            assert ended.code == 0, ended.err


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_readmes_lead_there(readme: str) -> None:
    text = (PAGE.parent.parent / readme).read_text(encoding="utf-8")
    assert f"docs/{(CHINESE if 'zh' in readme else PAGE).name}" in text
