"""The README is executed: its console blocks on a terminal of 100 columns, its tables against the code.

The Chinese one has the same blocks.
"""

import os
import pty
import re
import shlex
import socket
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from struct import pack
from time import monotonic, sleep

import pytest
import tomlkit

from smscli.config.file import read_config
from smscli.config.keys import PROFILE_KEYS
from smscli.errors import ExitCode
from smscli.language import _, use
from smscli.protocol.forms import PATH
from tests.support.sandboxes import write_config
from tests.support.waiting import free_port

README = Path(__file__).parent.parent / "README.md"
CHINESE = README.with_suffix(".zh-CN.md")
TEXT = README.read_text(encoding="utf-8")
LANGUAGES = pytest.mark.parametrize("text", [TEXT, CHINESE.read_text(encoding="utf-8")], ids=["en", "zh"])
# What differs from run to run: identifiers, paths, ports, and with these the widths of columns.
VARYING = (
    (r"\b[0-9]{25,26}\b", "<sendid>"),
    (r"/\S*/config\.toml", "<config>"),
    (r"127\.0\.0\.1:[0-9]+", "<host>"),
    (r"20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9:]{5,8}(?=  |$)", "<time>"),
    (r"\b20[0-9]{2}-[0-9]{2}  ", "<month>  "),
    (r" {2,}", "  "),
)
FIRST_SEND = re.findall(r"^python3 -m venv .*\.venv/bin/(smscli send .*)$", TEXT, re.MULTILINE)[0]


def blocks(text: str) -> list[str]:
    """Return the console blocks of a README."""
    return re.findall(r"```console\n(.*?)```", text, re.DOTALL)


def steps(block: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a console block and what the README says that it prints."""
    for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, printed = step.partition("\n")
        yield command, printed


def on_terminal(command: str, environment: dict[str, str], directory: Path) -> str:
    """Run a shell command on a terminal of its own and return what a person would see."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(directory)
        os.execvpe("bash", ["bash", "--norc", "-c", command], environment)
    import fcntl

    fcntl.ioctl(terminal, termios.TIOCSWINSZ, pack("HHHH", 40, 100, 0, 0))
    seen = b""
    try:
        while chunk := os.read(terminal, 65536):
            seen += chunk
    except OSError:  # how Linux says that the other side is closed
        pass
    os.waitpid(child, 0)
    os.close(terminal)
    return seen.decode().replace("\r\n", "\n")


def folded(text: str) -> str:
    """Return a text without what differs from run to run."""
    for pattern, name in VARYING:
        text = re.sub(pattern, name, text)
    return "\n".join(line.rstrip() for line in text.splitlines())


@contextmanager
def in_background(command: str, port: int, environment: dict[str, str], directory: Path) -> Iterator[None]:
    """Run a command that the README leaves running, on a port of the test's own, once it serves."""
    words = command.removesuffix("&").replace("smscli sandbox", f"smscli sandbox --port {port}")
    words = words.replace("smscli listen", f"smscli listen --port {port}")
    with subprocess.Popen(["bash", "-c", f"exec {words}"], env=environment, cwd=directory) as process:
        try:
            end = monotonic() + 10
            with socket.socket() as probe:
                while probe.connect_ex(("127.0.0.1", port)):
                    assert process.poll() is None, command
                    assert monotonic() < end, command
                    sleep(0.02)
            yield
        finally:
            process.terminate()


@pytest.mark.parametrize(("path", "language"), [(README, "en"), (CHINESE, "zh")], ids=["en", "zh"])
def test_console_blocks_print_what_they_say(
    environment: dict[str, str], home: Path, tmp_path: Path, path: Path, language: str
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "smscli").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m smscli "$@"\n')
    (programs / "smscli").chmod(0o755)
    variables = environment | {"PATH": f"{programs}:{environment['PATH']}", "TERM": "dumb", "SMSCLI_LANG": language}
    update = os.environ.get("UPDATE_README")
    text = path.read_text(encoding="utf-8")
    gateway, pushes = free_port(), free_port()
    on_terminal(FIRST_SEND, variables, home)  # so that the numbers of the runs are those that a reader sees
    with ExitStack() as background:
        for command, printed in (step for block in blocks(text) for step in steps(block)):
            real = command.replace("127.0.0.1:8788", f"127.0.0.1:{gateway}").replace(
                "127.0.0.1:8787", f"127.0.0.1:{pushes}"
            )
            if command.endswith(" &"):
                port = gateway if "sandbox" in command else pushes
                background.enter_context(in_background(real, port, variables, home))
                continue
            seen = on_terminal(real, variables | {"COLUMNS": "100"}, home)
            if update:
                seen = re.sub(r"/\S*/(\.config/\S*)", r"/home/wang/\1", seen)
                seen = seen.replace(f"127.0.0.1:{gateway}{PATH}", f"127.0.0.1:8788{PATH} ")
                seen = "\n".join(line.rstrip() for line in seen.split("\n"))
                text = text.replace(f"$ {command}\n{printed}", f"$ {command}\n{seen}", 1)
            else:
                assert folded(seen) == folded(printed), command
    if update:
        path.write_text(text, encoding="utf-8")


def test_both_languages_have_the_same_blocks() -> None:
    """Hold the blocks to each other, without comments and without what is printed."""
    english, chinese = (
        [
            [command for command, _ in steps(block)] if block.startswith("```console") else block
            for block in re.findall(r"```.*?```", re.sub(r"# .*", "#", path.read_text(encoding="utf-8")), re.DOTALL)
        ]
        for path in (README, CHINESE)
    )
    assert english == chinese


def test_the_two_first_commands_are_there_once() -> None:
    commands = re.findall(r"^python3 -m venv .*$", TEXT, re.MULTILINE)
    assert len(commands) == 2
    assert all(TEXT.index(command) < 1200 for command in commands)


@LANGUAGES
def test_exit_codes(text: str) -> None:
    table = re.findall(r"^\| ([0-9]+) \|", text, re.MULTILINE)
    assert [int(code) for code in table] == [int(code) for code in ExitCode]


def test_settings_example_is_accepted(home: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    write_config(home, example)
    assert list(read_config().profiles) == ["shop"]


@pytest.mark.parametrize("path", [README, CHINESE], ids=["en", "zh"])
def test_keys_of_a_profile(path: Path) -> None:
    """Hold the table of keys to the specification, in the language of the README."""
    use("zh" if path == CHINESE else "en")
    text = path.read_text(encoding="utf-8")
    table = "".join(re.findall(r"^\| `[a-z_]+ = .*\n", text, re.MULTILINE))
    expected = ""
    for key in (PROFILE_KEYS[name] for name in re.findall(r"^\| `([a-z_]+) = ", table, re.MULTILINE)):
        default = list(key.default) if key.kind.item else key.default
        expected += f"| `{tomlkit.dumps({key.name: default}).rstrip()}` | {_(key.help)} |\n"
    if os.environ.get("UPDATE_README"):
        path.write_text(text.replace(table, expected), encoding="utf-8")
    else:
        assert table == expected


def test_both_languages_show_the_same_keys() -> None:
    english, chinese = (
        re.findall(r"^\| `([a-z_]+) = ", path.read_text(encoding="utf-8"), re.MULTILINE) for path in (README, CHINESE)
    )
    assert english
    assert english == chinese


@LANGUAGES
@pytest.mark.parametrize(
    "variable",
    [
        "SMSCLI_CONFIG",
        "SMSCLI_LEDGER",
        "SMSCLI_PROFILE",
        "SMSCLI_LANG",
        *(key.variable for key in PROFILE_KEYS.values() if key.variable),
    ],
)
def test_every_environment_variable_is_named(text: str, variable: str) -> None:
    assert f"`{variable}`" in text


@LANGUAGES
def test_length(text: str) -> None:
    assert len(text.splitlines()) < 200
