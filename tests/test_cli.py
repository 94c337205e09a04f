"""The command line itself: help, errors and exit codes, streams that fail, and what is not loaded."""

import errno
import gc
import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from smscli import __version__, cli, errors
from smscli.__main__ import main
from smscli.commands import COMMANDS
from smscli.console import Environment
from smscli.errors import ExitCode, SmsError
from tests.support.command import Smscli
from tests.support.inprocess import Said, run_here
from tests.support.sandboxes import RunningSandbox, write_config
from tests.support.waiting import eventually

SECRET = "5ECRET-PWD"
GROUPS = {name: cli.load_command(name).commands for name in ("profile", "optout", "template", "runs")}
EVERY_HELP = [[name] for name in COMMANDS] + [[group, name] for group, below in GROUPS.items() for name in below]
posix = pytest.mark.skipif(os.name != "posix", reason="shell redirections are POSIX")


@pytest.fixture
def bash(environment: dict[str, str], tmp_path: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Run a line of bash in which `smscli` is the command line."""

    def run(line: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        script = f'smscli() {{ "{sys.executable}" -m smscli "$@"; }}; {line}'
        return subprocess.run(
            ["bash", "-c", script],
            capture_output=True,
            text=True,
            env=environment | variables,
            cwd=tmp_path,
            timeout=60,
        )

    return run


Bash = Callable[..., "subprocess.CompletedProcess[str]"]


# --- help and version ---------------------------------------------------------------------------------------------


def test_version_names_the_program_and_its_version(smscli: Smscli) -> None:
    for arguments in (["--version"], ["--version", "send"]):
        ended = smscli(*arguments)
        assert (ended.code, ended.out, ended.err) == (0, f"smscli {__version__}\n", "")


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["--help", "send"]])
def test_the_overview_names_every_command(smscli: Smscli, arguments: list[str]) -> None:
    ended = smscli(*arguments)
    assert (ended.code, ended.err) == (0, "")
    for name, summary in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(summary)}$", ended.out, re.MULTILINE)
    assert max(map(len, ended.out.splitlines())) <= 80


def test_the_lazy_overview_and_version_are_those_of_the_tree() -> None:
    from smscli.commands import overview

    for argument, page in (("--help", overview()), ("--version", f"smscli {__version__}\n")):
        stdout = io.StringIO()
        assert cli.run([argument], Environment(None, stdout, io.StringIO())) == 0
        assert stdout.getvalue() == page


def test_the_table_of_commands_is_the_directory_of_commands() -> None:
    directory = Path(cli.__file__).parent / "commands"
    modules = {path.stem.replace("_", "-") for path in directory.glob("*.py") if not path.stem.startswith("_")}
    assert modules == set(COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [pytest.param(arguments, id=" ".join(arguments)) for arguments in EVERY_HELP],
)
def test_every_command_explains_itself_within_80_columns(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    page = run_here(*arguments, "--help")
    assert (page.code, page.err) == (0, "")
    assert f" {' '.join(arguments)} " in page.out.splitlines()[0]
    assert [line for line in page.out.splitlines() if len(line) > 80] == []
    assert page == run_here(*arguments, "-h")
    # A value is named by a word; no line is cut off.
    assert re.search(r"<[a-z%]|\bTEXT\b|\|\w+[\]>]|[a-z]\.\.\.", page.out.replace("[RUN | prune]", "")) is None


def test_the_help_of_send_is_in_groups_with_two_examples() -> None:
    page = run_here("send", "--help").out
    assert re.findall(r"^(\w.*):$", page, re.MULTILINE) == [
        "Recipients", "Message", "Before it is sent", "Speed", "Options",
    ]  # fmt: skip
    assert len(re.findall(r"^  smscli send .*--content", page, re.MULTILINE)) == 2


@pytest.mark.parametrize("arguments", EVERY_HELP, ids=" ".join)
def test_every_option_and_command_has_a_word_of_help(arguments: list[str]) -> None:
    node = cli.load_command(arguments[0])
    if len(arguments) > 1:
        node = node.commands[arguments[1]]
    assert node.help
    assert [option.name for option in node.params if option.param_type_name == "option" and not option.help] == []


def test_python_m_smscli_and_the_console_entry_are_the_same() -> None:
    import tomllib

    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["scripts"] == {"smscli": "smscli.__main__:main"}


# --- usage errors -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["balence"], "No such command 'balence'. Did you mean 'balance'"),
        (["parse_report"], "Did you mean 'parse-report'?"),
        (["profile", "lisst"], "No such command 'lisst'. Did you mean 'list'?"),
        (["send", "--moblie", "1"], "No such option: --moblie"),
        (["send", "--mobil", "1"], "--mobile"),
        (["--output", "json"], "No such option: --output"),
        (["balance", "--output", "xml"], "'xml' is not one of 'table', 'tsv', 'json', 'jsonl', 'csv'"),
        (["balance", "--min", "many"], "'--min': 'many'"),
        (["profile", "use"], "Missing argument"),
        (["profile"], "Missing command"),
        (["completion", "cmd"], "'cmd'"),
        (["balance", "extra"], "unexpected extra argument"),
    ],
)
def test_wrong_usage_exits_2_with_a_sentence_and_the_nearest_word(arguments: list[str], sentence: str) -> None:
    ended = run_here(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert sentence in ended.err


# --- exit codes ---------------------------------------------------------------------------------------------------


def test_the_exit_codes_are_what_scripts_rely_on() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "DONE": 0, "BUG": 1, "USAGE": 2, "CONFIG": 3, "REFUSED": 4, "UNREACHABLE": 5, "UNKNOWN": 6, "PARTLY": 7,
        "BALANCE_LOW": 8, "NOBODY": 9, "BUSY": 10, "INTERRUPTED": 130,
    }  # fmt: skip


KNOWN_ERRORS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, SmsError)][1:]


def fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> Said:
    """Run `balance` as if its code raised the error."""

    def command(*_: object) -> None:
        password = SECRET  # noqa: F841  (a traceback could show it)
        raise error

    monkeypatch.setattr("smscli.config.profile.choose", command)
    return run_here("balance")


@pytest.mark.parametrize("kind", KNOWN_ERRORS)
def test_a_known_error_is_its_sentence_and_its_exit_code(monkeypatch: pytest.MonkeyPatch, kind: type[SmsError]) -> None:
    ended = fail_with(monkeypatch, kind("it \x1b[31mfailed\n[red]twice"))
    assert ended == (kind.exit_code, "", "smscli: it \\x1b[31mfailed\n[red]twice\n")


def test_every_failure_has_an_error_of_its_own() -> None:
    assert {kind.exit_code for kind in KNOWN_ERRORS} == {2, 3, 4, 5, 6, 9, 10}


@pytest.mark.parametrize("bug", [ZeroDivisionError(), OSError(errno.EBADF, "bad"), KeyError("x")])
def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch, bug: Exception) -> None:
    with pytest.raises(type(bug)) as raised:
        fail_with(monkeypatch, bug)
    assert raised.value is bug


def test_a_run_in_process_leaves_the_process_as_it_was() -> None:
    before = (sys.stdin, sys.stdout, sys.stderr, gc.isenabled(), gc.get_freeze_count(), os.fstat(1).st_ino)
    for arguments in (["--version"], [], ["codes", "13"], ["codes", "--help"], ["nosuch"], ["profile", "use", "x"]):
        run_here(*arguments)
    assert before == (sys.stdin, sys.stdout, sys.stderr, gc.isenabled(), gc.get_freeze_count(), os.fstat(1).st_ino)


class Gone(io.StringIO):
    """A stream that takes nothing."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def write(self, _text: str) -> int:
        raise OSError(self._number, os.strerror(self._number))


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["codes", "13"], ["codes", "--help"]], ids=" ".join)
def test_a_stream_that_takes_nothing_ends_the_same_in_process(arguments: list[str]) -> None:
    said = io.StringIO()
    assert main(arguments, Environment(None, Gone(errno.EPIPE), said)) == 0
    assert said.getvalue() == ""
    assert main(arguments, Environment(None, Gone(errno.ENOSPC), said)) == 2
    assert said.getvalue() == "smscli: the output could not be written: No space left on device.\n"
    assert main(["nosuch"], Environment(None, io.StringIO(), Gone(errno.ENOSPC))) == 2


def test_the_traceback_of_a_bug_exits_1_and_shows_no_secret(environment: dict[str, str]) -> None:
    code = (
        "import sys, smscli.config.profile as p, smscli.__main__ as m\n"
        "def choose(*a):\n"
        "    account = p.Profile('a', pwd=p.Secret(sys.stdin.read())); secret = str(account.pwd)\n"
        "    raise KeyError(account)\n"
        "p.choose = choose; sys.argv = ['smscli', 'balance']; sys.exit(m.main())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], input=SECRET, capture_output=True, text=True, env=environment, timeout=60
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "Traceback (most recent call last)" in ended.stderr
    assert "KeyError: Profile(label='a'" in ended.stderr
    assert SECRET not in ended.stderr


# --- streams that fail --------------------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("line", ["codes", "codes --output json", "codes --output table", "--help", "codes --help"])
def test_a_closed_pipe_ends_quietly(bash: Bash, line: str) -> None:
    ended = bash(f"set -o pipefail; smscli {line} | exec 0<&-; " + 'echo "${PIPESTATUS[0]}"')
    assert (ended.stdout, ended.stderr) == ("0\n", "")


@posix
def test_head_takes_its_line_and_nobody_complains(bash: Bash) -> None:
    ended = bash('smscli codes | head -1; echo "${PIPESTATUS[@]}"')
    assert ended.stderr == ""
    assert ended.stdout.endswith("accepted\t\n0 0\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize(
    "line", ["codes", "codes --output json", "--version", "--help", "codes --help", "profile path", "profile --help"]
)
def test_a_full_disk_is_told_and_exits_2(bash: Bash, line: str) -> None:
    ended = bash(f"smscli {line} >/dev/full")
    assert ended.returncode == 2
    assert ended.stderr == "smscli: the output could not be written: No space left on device.\n"


@posix
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("smscli codes >&-", 0),
        ("smscli codes 2>&-", 0),
        ("smscli codes <&-", 0),
        ("smscli --version >&- 2>&- <&-", 0),
        ("smscli codes nosuch 2>&-", 2),
        ("smscli codes nosuch 2>/dev/full", 2),
        ("smscli codes --nosuch 2>&-", 2),
        ("smscli codes 2>/dev/full >/dev/full", 2),
        ("smscli send -p sandbox --mobile 13800138001 --content hi >&- 2>&- <&-", 0),
        ("smscli send -p sandbox --content hi <&-", 2),
        ("smscli profile add a --pwd-stdin <&-", 2),
    ],
)
def test_a_stream_that_the_caller_closed_changes_no_exit_code(bash: Bash, line: str, code: int) -> None:
    ended = bash(line)
    assert ended.returncode == code
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "variables",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "gbk"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "ascii:strict"},
    ],
    ids=str,
)
def test_no_encoding_of_the_terminal_stops_the_program(environment: dict[str, str], variables: dict[str, str]) -> None:
    for arguments in (["codes", "13"], ["--help"], ["codes", "😀中é"], ["profile", "use", "😀中é"]):
        ended = subprocess.run(
            [sys.executable, "-m", "smscli", *arguments], capture_output=True, env=environment | variables, timeout=60
        )
        assert ended.returncode == (2 if "😀中é" in arguments else 0)
        assert b"Traceback" not in ended.stderr


# --- Ctrl-C -------------------------------------------------------------------------------------------------------


@posix
def test_ctrl_c_during_a_send_exits_130_without_a_traceback(
    environment: dict[str, str], start_sandbox: Callable[..., RunningSandbox]
) -> None:
    slow = start_sandbox(latency=10_000)
    command = [sys.executable, "-m", "smscli", "send", "--mobile", "13800138001", "--content", "hi", "--sign", "店"]
    with subprocess.Popen(
        command, env=environment | slow.variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        eventually(lambda: bool(established(slow)))
        eventually(lambda: bool(slow.queued))
        process.send_signal(signal.SIGINT)
        assert process.stderr
        assert "waiting for the requests in flight" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=8)
    assert process.returncode == 130
    assert "stopped at once; the outcome of the requests in flight is unknown. Continue with: smscli resume 1" in err
    assert "interrupted" in err
    assert "Traceback" not in out + err


def established(sandbox: RunningSandbox) -> list[str]:
    """Return the connections that a client has to the sandbox now."""
    port = f":{int(sandbox.sandbox.endpoint.split(':')[2].split('/')[0]):04X}"
    table = Path("/proc/net/tcp")
    lines = table.read_text().splitlines()[1:] if table.exists() else []
    return [line for line in lines if line.split()[2].endswith(port) and line.split()[3] == "01"]


@pytest.mark.parametrize("stage", ["smscli.cli", "typer", "smscli.commands.balance", "smscli.gateway.client"])
def test_ctrl_c_while_modules_load_exits_130_without_a_traceback(environment: dict[str, str], stage: str) -> None:
    code = (
        "import sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name == {stage!r}: raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "import smscli.__main__ as m; sys.argv = ['smscli', 'balance']; sys.exit(m.main())"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60)
    assert ended.returncode == 130
    assert "Traceback" not in ended.stderr


# --- what is not loaded -------------------------------------------------------------------------------------------

SEND = ["send", "-p", "sandbox", "--mobile", "13800138001", "--content", "hi"]
EDGES = ("requests", "urllib3", "rich", "tomllib", "tomlkit", "tomli_w")
UNUSED = ("typer.completion", "platform", "uuid", "charset_normalizer", "chardet", "importlib.metadata")


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (["--version"], (*EDGES, "typer")),
        (["--help"], (*EDGES, "typer")),
        (["codes", "13"], (*EDGES, *UNUSED, "subprocess")),
        (["profile", "path"], EDGES),
        (["profile", "list"], EDGES),
        (SEND, ("rich", "tomllib", "tomlkit", "tomli_w", *UNUSED)),
    ],
    ids=lambda value: value[0],
)
def test_a_command_loads_only_what_it_needs(
    environment: dict[str, str], arguments: list[str], unwanted: tuple[str, ...]
) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "smscli", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    assert ended.returncode == 0
    loaded = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines() if line.startswith("import time:")}
    assert "smscli" in loaded
    assert [name for name in unwanted if name in loaded] == []


def test_only_an_account_in_a_file_loads_toml(environment: dict[str, str], home: Path) -> None:
    write_config(home, "[profiles.a]\nname = 'a'\n")
    code = "import sys; from smscli.config import profile; profile.choose(); print('tomllib' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60)
    assert (ended.stdout, ended.stderr) == ("True\n", "")
