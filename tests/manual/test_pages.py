"""The man pages: current, complete, and without complaints of man(1) and mandoc(1)."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from smscli.commands import COMMANDS
from smscli.help import topics
from smscli.manual.pages import folder, pages
from smscli.tree import Command, command_tree

PROJECT = Path(__file__).parent.parent.parent
KEPT = PROJECT / "data/share/man"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_kept_pages_are_what_the_tree_makes(language: str, tmp_path: Path) -> None:
    environment = {**os.environ, "SMSCLI_LANG": language, "PYTHONPATH": str(PROJECT)}
    subprocess.run([sys.executable, "-m", "smscli.manual"], cwd=tmp_path, env=environment, check=True, timeout=60)
    made = [path.relative_to(tmp_path) for path in tmp_path.rglob("*.1")]
    assert len(made) == len(COMMANDS) + 1
    for path in made:
        new, kept = tmp_path / path, PROJECT / path
        assert kept.exists(), f"{path} is missing: run `make man`"
        assert new.read_text("utf-8") == kept.read_text("utf-8"), f"{path} is older than the commands: run `make man`"


def test_no_page_is_left_of_a_command_that_is_gone() -> None:
    assert {path.name for path in KEPT.rglob("*.1")} == set(pages())


def page_of(command: Command) -> str:
    """Return the page that explains a command."""
    return pages()[f"{'-'.join(command.path.split()[:2])}.1"].replace("\\-", "-")


def test_every_command_option_argument_and_topic_is_explained() -> None:
    root = command_tree()
    for command in root.walk():
        page = page_of(command)
        assert f"\\fB{command.path}\\fR" in page
        for parameter in (*command.options, *command.arguments):
            assert parameter.summary.split("`")[0].replace("\\", "\\e") in page
        for name in command.option_names:
            assert f"\\fB{name}\\fR" in page
    assert all(f"\\fB{name}\\fR" in page_of(root) for name in topics())


def test_what_roff_would_obey_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = ".SH `x`\n\n\b\n.so /etc/passwd\n'br \\fBbold\n\n'ti 9"
    command = Command("smscli x", '.so "a" \\n', (), (), (), hostile, ".de x")
    root = Command("smscli", "Send.", (), (), (command,))
    monkeypatch.setattr("smscli.manual.pages.command_tree", lambda: root)
    page = pages()["smscli-x.1"]
    obeyed = {line.split()[0] for line in page.splitlines() if line.startswith((".", "'"))}
    assert obeyed <= {".TH", ".ad", ".SH", ".SS", ".PP", ".TP", ".nf", ".fi"}
    assert "\\efBbold" in page
    assert len(re.findall("^.SH ", page, re.MULTILINE)) == 5


def complaints(argv: Sequence[str]) -> list[str]:
    """Return what a program that reads man pages says about them."""
    program = shutil.which(argv[0])
    if program is None:
        pytest.skip(f"{argv[0]} is not installed")
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"}
    ended = subprocess.run(
        [program, *argv[1:]], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )
    lines = (ended.stderr if argv[0] == "man" else ended.stdout + ended.stderr).splitlines()
    return [line for line in lines if "missing date" not in line]  # a date would change the pages with every release


@pytest.mark.parametrize("path", sorted(KEPT.rglob("*.1")), ids=lambda path: str(path.relative_to(KEPT)))
def test_man_does_not_complain(path: Path) -> None:
    assert complaints(["man", "--warnings", "--local-file", str(path)]) == []


@pytest.mark.parametrize("path", sorted(KEPT.rglob("*.1")), ids=lambda path: str(path.relative_to(KEPT)))
def test_mandoc_does_not_complain(path: Path) -> None:
    assert complaints(["mandoc", "-T", "lint", "-W", "warning", str(path)]) == []


def test_the_wheel_brings_pages_and_completions() -> None:
    """Hold the folder that becomes the wheel's `share` to where man(1) and the shells look."""
    share = PROJECT / "data/share"
    for link, target in (
        ("bash-completion/completions/smscli", "smscli.bash"),
        ("zsh/site-functions/_smscli", "_smscli"),
        ("fish/vendor_completions.d/smscli.fish", "smscli.fish"),
    ):
        assert (share / link).read_text("utf-8") == (PROJECT / "completions" / target).read_text("utf-8")
    assert folder().parts[:3] == ("data", "share", "man")
