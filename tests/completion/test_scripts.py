"""The completion scripts: held to the command tree, and driven in real shells."""

import os
import re
import select
import shutil
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from smscli.completion.scripts import FILES, Shell, script
from smscli.config.keys import PROFILE_KEYS
from smscli.tree import Command, Parameter, command_tree
from tests.support.inprocess import run_here

FOLDER = Path(__file__).parent.parent.parent / "completions"
CONFIG = """
default = "shop"
[profiles.shop]
  [ profiles . "分店" ]  # spaces are allowed
[profiles.'my shop']
[profiles."a:b"]
[profiles.$(touch pwned)]
[profiles."$(touch pwned)"]
[profiles."`touch pwned`"]
[profiles."';touch pwned;'"]
[other.table]
[templates.due]
  [ templates . "到期" ]
[templates."$(touch pwned)"]
"""
RUNS = "117\t2026-11-25 12:00\n116\t2026-11-25 11:00\n$(touch pwned)\tx\n`touch pwned`\t2026\n9\t2026-11-24 09:00\n"
Complete = Callable[[str], str]


@pytest.fixture(scope="module")
def tree() -> Command:
    return command_tree()


@pytest.mark.parametrize("shell", Shell)
def test_file_is_what_the_tree_makes(shell: Shell) -> None:
    kept = (FOLDER / FILES[shell]).read_text(encoding="utf-8")
    assert kept == script(shell), f"completions/{FILES[shell]} is older than the commands: run `make completions`"


@pytest.mark.parametrize("shell", Shell)
def test_command_prints_it(shell: Shell) -> None:
    assert run_here("completion", shell).out == script(shell)


def test_powershell_knows_every_command_and_option(tree: Command) -> None:
    rows = script(Shell.POWERSHELL).splitlines()
    for command in tree.walk():
        for name in (*command.option_names, *(each.name for each in command.subcommands)):
            assert any(row.startswith(f"{command.path},{name},") for row in rows)


# --- real shells --------------------------------------------------------------------------------------------------


class Terminal:
    """An interactive shell on a terminal of its own, where ^B prints the line as it stands and empties it."""

    def __init__(self, argv: list[str], env: dict[str, str], folder: Path) -> None:
        self._screen, slave = os.openpty()
        termios.tcsetwinsize(slave, (60, 200))
        self._shell = subprocess.Popen(
            argv, stdin=slave, stdout=slave, stderr=slave, env=env, cwd=folder, start_new_session=True
        )
        os.close(slave)
        self._read_until("READY>")

    def complete(self, line: str) -> str:
        """Type the line and a TAB; return the list that the shell shows and, after `LINE>`, what became of the line."""
        os.write(self._screen, f"{line}\t\x02".encode())
        shown = self._read_until("<END.*READY>")
        listed, _, rest = shown.partition("LINE>")
        return f"{listed.partition(line)[2]}LINE>{rest.partition('<END')[0]}"

    def close(self) -> None:
        self._shell.kill()
        self._shell.wait()
        os.close(self._screen)

    def _read_until(self, mark: str) -> str:
        shown, deadline = b"", time.monotonic() + 10
        while not re.search(mark.encode(), shown, re.DOTALL):
            ready, _, _ = select.select([self._screen], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"the shell said only: {shown.decode(errors='replace')}"
            shown += os.read(self._screen, 65536)
        return shown.decode(errors="replace")


BASH_RC = r"""
source ./smscli.bash
PS1='READY> '
bind 'set show-all-if-ambiguous on'
bind 'set completion-query-items 0'
bind 'set page-completions off'
bind 'set bell-style none'
bind 'set enable-bracketed-paste off' 2>/dev/null
show() { printf '\nLINE>%s<END\n' "$READLINE_LINE"; READLINE_LINE=; }
bind -x '"\C-b": show'
"""
ZSH_RC = r"""
PS1='READY> '
LISTMAX=1000
unsetopt list_ambiguous auto_menu beep
show() { zle -I; print -r -- "LINE>$BUFFER<END"; BUFFER= }
zle -N show
bindkey '^B' show
autoload -U compinit
"""
START = {
    "bash": (".bashrc", BASH_RC),
    # Other programs take these out of readline's word breaks.
    "bash without breaks": (".bashrc", BASH_RC + "COMP_WORDBREAKS=${COMP_WORDBREAKS//[=:]}\n"),
    "zsh": (".zshrc", ZSH_RC + "fpath=($PWD $fpath); compinit -D -u\n"),
    "zsh sourced": (".zshrc", ZSH_RC + "compinit -D -u; source ./_smscli\n"),
}
ARGUMENTS = {"bash": ["--noprofile", "--rcfile", ".bashrc", "-i"], "zsh": ["-d", "-i"]}


def _require(shell: str) -> str:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    return program


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a hostile configuration, lists to complete, the scripts, and programs that tell on who runs them."""
    home = tmp_path_factory.mktemp("home")
    (home / ".config" / "smscli").mkdir(parents=True)
    (home / ".config" / "smscli" / "config.toml").write_text(CONFIG, encoding="utf-8")
    (home / ".local" / "state" / "smscli").mkdir(parents=True)
    (home / ".local" / "state" / "smscli" / "ledger.db-runs").write_text(RUNS, encoding="utf-8")
    for name in ("list.txt", "my list.csv", "名单.txt"):
        (home / name).touch()
    for shell, name in FILES.items():
        (home / name).write_text(script(shell), encoding="utf-8")
    (home / "bin").mkdir()
    for name in ("smscli", "python", "python3", "touch"):
        (home / "bin" / name).write_text(f"#!/bin/sh\necho {name} >>'{home}/ran'\n")
        (home / "bin" / name).chmod(0o755)
    return home


def _environment(home: Path) -> dict[str, str]:
    return {"HOME": str(home), "ZDOTDIR": str(home), "PATH": str(home / "bin"), "TERM": "dumb", "LC_ALL": "C.UTF-8"}


@pytest.fixture(scope="module", params=[*START, "fish"])
def complete(request: pytest.FixtureRequest, place: Path) -> Iterator[Complete]:
    shell = request.param.split()[0]
    program = _require(shell)
    (place / "ran").unlink(missing_ok=True)
    if shell == "fish":
        yield lambda line: _fish(program, place, line)
        return
    terminal = _terminal(request.param, program, place)
    yield terminal.complete
    terminal.close()


def _terminal(name: str, program: str, home: Path) -> Terminal:
    file, text = START[name]
    (home / file).write_text(text)
    return Terminal([program, *ARGUMENTS[name.split()[0]]], _environment(home), home)


def _fish(program: str, place: Path, line: str) -> str:
    """Return what fish offers; a single offer also as the line that it would make."""
    command = "source smscli.fish; complete -C $argv[1]"
    argv = [program, "--no-config", "-c", command, line]
    ended = subprocess.run(argv, env=_environment(place), cwd=place, capture_output=True, check=True, timeout=10)
    assert ended.stderr == b""
    offers = ended.stdout.decode()
    words = [offer.partition("\t")[0] for offer in offers.splitlines()]
    return f"{offers}LINE>{line.rpartition(' ')[0]} {words[0]} " if len(words) == 1 else offers


def test_commands(complete: Complete, tree: Command) -> None:
    for command in tree.walk():
        offered = complete(f"{command.path} ") if command.subcommands else ""
        assert all(each.name in offered for each in command.subcommands), offered


def test_options(complete: Complete, tree: Command) -> None:
    for command in tree.walk():
        offered = complete(f"{command.path} -")
        assert all(name in offered for name in command.option_names), offered


@pytest.mark.parametrize(
    ("typed", "offered", "not_offered"),
    [
        ("smscli send --output ", ["table", "tsv", "json", "jsonl", "csv"], ["list.txt", "--csv"]),
        ("smscli send --output=j", ["json", "jsonl"], ["table", "list.txt"]),
        ("smscli completion ", ["bash", "zsh", "fish", "powershell"], ["list.txt"]),
        ("smscli send --csv ", ["list.txt", "名单.txt"], ["--mobile", "shop"]),
        ("smscli parse-report one ", ["list.txt", "名单.txt"], ["--state", "shop"]),
        ("smscli send -p ", ["sandbox", "shop", "分店", "a:b"], ["table", "list.txt", "other"]),
        ("smscli send -p ", ["sandbox"], ["due", "到期", "117"]),
        ("smscli send --template ", ["due", "到期"], ["sandbox", "shop", "table", "list.txt"]),
        ("smscli template show ", ["due", "到期"], ["sandbox", "list.txt"]),
        ("smscli resume ", ["117", "116", "9"], ["list.txt", "2026", "touch", "--unknown"]),
        ("smscli cancel 1", ["117", "116"], ["list.txt", "2026"]),
        ("smscli runs ", ["117", "116", "9", "prune"], ["list.txt", "touch"]),
        ("smscli runs 117 -", ["--failed", "--unknown", "--state"], ["--before", "list.txt"]),
        ("smscli runs 117 --state ", ["DELIVRD", "MK:0001"], ["prune", "list.txt"]),
        ("smscli runs 117 ", [], ["prune", "116", "list.txt"]),
        ("smscli runs prune -", ["--before"], ["--failed"]),
        ("smscli parse-report --state ", ["DELIVRD", "EXPIRED", "MK:0001"], ["list.txt"]),
        ("smscli codes ", ["13", "DELIVRD", "MK:0001"], ["list.txt"]),
        ("smscli help ", ["output", "exit-codes", "send"], ["list.txt"]),
        ("smscli send --profile=", ["sandbox", "shop", "分店", "a:b"], ["list.txt"]),
        ("smscli profile use ", ["sandbox", "shop", "分店"], ["list.txt"]),
        ("smscli profile set ", [*PROFILE_KEYS], ["list.txt", "shop", "--stdin"]),
        ("smscli profile set sign ", [], ["list.txt", "shop", "batch_size"]),
        ("smscli send --content profile -", ["--csv"], ["--no-verify"]),
        ("smscli send --content ", [], ["list.txt", "profile", "--csv"]),
        ("smscli send --content 'a: b=c' -p s", ["sandbox", "shop"], ["--csv"]),
        ("smscli balance <", ["list.txt"], ["--csv"]),
        ("SMSCLI_SIGN=x smscli profile ", ["remove"], ["balance"]),
    ],
)
def test_offers(complete: Complete, typed: str, offered: list[str], not_offered: list[str]) -> None:
    shown = re.sub(r"(\t| -- ).*", "", complete(typed))  # without the summaries
    listed, _, line = shown.partition("LINE>")
    assert [word for word in offered if word not in shown] == []
    assert [word for word in not_offered if word in listed or word in line.removeprefix(typed)] == []


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("smscli bal", "smscli balance "),
        ("smscli profile rem", "smscli profile remove "),
        ("smscli resume 9", "smscli resume 9 "),
        ("smscli send --template d", "smscli send --template due "),
        ("smscli send --template=到", "smscli send --template=到期 "),
        ("smscli runs pr", "smscli runs prune "),
        ("smscli codes MK:0001", "smscli codes MK:0001 "),
        ("smscli parse-report --state DEL", "smscli parse-report --state DELIVRD "),
        ("smscli help exit", "smscli help exit-codes "),
        ("smscli profile set bat", "smscli profile set batch_size "),
        ("smscli send --output=c", "smscli send --output=csv "),
        ("smscli completion -- z", "smscli completion -- zsh "),
        ("smscli send --csv l", "smscli send --csv list.txt "),
        ("smscli send --csv 名", "smscli send --csv 名单.txt "),
        ("smscli send --csv my", r"smscli send --csv my\ list.csv "),
        ("smscli send -p 分", "smscli send -p 分店 "),
        ("smscli send --profile=分", "smscli send --profile=分店 "),
        ("smscli profile use my", r"smscli profile use my\ shop "),
        ("smscli send -p a:", "smscli send -p a:b "),
    ],
)
def test_completes(complete: Complete, typed: str, line: str) -> None:
    # fish quotes only when it writes the line, so its offers come bare.
    assert complete(typed).partition("LINE>")[2].replace("\\", "") == line.replace("\\", "")


def test_the_latest_run_comes_first_and_commands_after_the_runs(complete: Complete) -> None:
    shown = re.sub(r"2026\S* \S+", "", complete("smscli runs ").partition("LINE>")[0])  # without when it was
    assert re.findall(r"\b(?:117|116|9|prune)\b", re.sub("-- .*|\tForget.*", "", shown)) == ["117", "116", "9", "prune"]


def test_bash_3_hands_over_uncut_words(tmp_path: Path) -> None:
    (tmp_path / "script").write_text(script(Shell.BASH), encoding="utf-8")
    words = "COMP_WORDS=(smscli send --output=j); COMP_CWORD=2; COMP_LINE=${COMP_WORDS[*]}"
    command = f"set -u; source {tmp_path}/script; {words}; _smscli; echo ${{COMPREPLY[*]}}"
    ended = subprocess.run([_require("bash"), "-c", command], env={}, capture_output=True, timeout=10)
    assert (ended.stdout, ended.stderr) == (b"json jsonl\n", b"")


@pytest.mark.parametrize(
    "typed",
    [
        "smscli resume ",
        "smscli send --template '",
        "smscli send -p '",
        'smscli send -p "',
        "smscli send -p \\$",
        'smscli send -p "\\$',
    ],
)
def test_quotes_in_the_file_run_nothing(complete: Complete, place: Path, typed: str) -> None:
    complete(typed)
    assert not (place / "ran").exists()  # nor the `touch` there


def test_no_process_was_started(complete: Complete, place: Path) -> None:
    complete("smscli send -p s")
    assert not (place / "ran").exists()


SUMMARY = """it's [a] "b" `touch pwned` $(touch pwned) $HOME \\ c: d %e %F{red} 'f' ] ${x} * ; end"""


@pytest.fixture
def strange(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder with the scripts of a tree whose help texts hold everything that a shell could take for its own."""
    options = tuple(Parameter((name,), "", SUMMARY + name, "flag", False) for name in ("--go", "--gone"))
    commands = tuple(Command(f"smscli {name}", SUMMARY + name, options, (), ()) for name in ("run", "runs"))
    monkeypatch.setattr("smscli.completion.scripts.command_tree", lambda: Command("smscli", "", (), (), commands))
    for shell, name in FILES.items():
        (tmp_path / name).write_text(script(shell), encoding="utf-8")
    return tmp_path


def test_fish_shows_a_strange_summary_as_it_is(strange: Path) -> None:
    fish = _require("fish")
    assert f"run\t{SUMMARY}run\n" in _fish(fish, strange, "smscli ")
    assert f"--go\t{SUMMARY}--go\n" in _fish(fish, strange, "smscli run -")


def test_zsh_shows_a_strange_summary_as_it_is(strange: Path) -> None:
    terminal = _terminal("zsh", _require("zsh"), strange)
    try:
        assert f"run   -- {SUMMARY}run" in terminal.complete("smscli ")
        assert f"--go    -- {SUMMARY}--go" in terminal.complete("smscli run -")
    finally:
        terminal.close()


@pytest.mark.parametrize("trouble", ["missing", "a folder", "binary"])
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_bad_file_is_silent(shell: str, trouble: str, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    if trouble == "a folder":
        config.mkdir()
    elif trouble == "binary":
        config.write_bytes(bytes(range(256)) * 8 + b"\n[profiles.shop]")
    offers = {
        "bash": "COMP_LINE='smscli balance -p ' COMP_WORDS=(smscli balance -p '') COMP_CWORD=3; _smscli; "
        "echo ${COMPREPLY[@]}",
        "zsh": "_wanted() { print $names }; __smscli_profiles",
        "fish": "__smscli_profiles",
    }
    source = "compdef() { :; }; " if shell == "zsh" else ""
    (tmp_path / "script").write_text(script(Shell(shell)), encoding="utf-8")
    ended = subprocess.run(
        [_require(shell), "-c", f"{source}source {tmp_path}/script; {offers[shell]}"],
        env={"HOME": str(tmp_path), "SMSCLI_CONFIG": str(config), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        timeout=10,
    )
    assert (ended.stdout.split()[0], ended.stderr) == (b"sandbox", b"")
