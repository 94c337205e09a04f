"""`smscli help`: its topics, and the fields that it documents, held to what every command really writes."""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from smscli import commands
from smscli import help as topics_of
from smscli.commands import COMMANDS, listen
from smscli.config.keys import FILE_KEYS, PROFILE_KEYS, TEMPLATE_KEYS
from smscli.errors import ExitCode
from smscli.ledger.statistics import By
from smscli.protocol.forms import encode_form
from smscli.protocol.pushes import Reply, Report, reply_fields, report_fields
from smscli.receiving.counts import Counts
from smscli.tree import command_tree
from tests.support.command import Smscli
from tests.support.sandboxes import RunningSandbox, write_shop

FOLDER = Path(topics_of.__file__).parent
LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])
TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
    "array": list,
}
# A command line for each heading of the topic `output`; commands.listen is a service, so its columns stand for it.
CASES = {
    "smscli send": ["send", "--mobile", "13800138009", "--content", "丁"],
    "smscli resend": ["resend", "1", "--failed", "--key", "again"],
    "smscli resume": ["resume", "1"],
    "smscli runs RUN": ["runs", "1"],
    "smscli send --dry-run": ["send", "--mobile", "13800138000", "--content", "丙", "--dry-run"],
    "smscli resend --dry-run": ["resend", "1", "--failed", "--dry-run"],
    "smscli runs": ["runs"],
    "smscli runs RUN --list": ["runs", "1", "--list", "all"],
    "smscli stats": ["stats"],
    "smscli stats --by reason": ["stats", "--by", "reason"],
    "smscli status": ["status", "13800138000"],
    "smscli inbox": ["inbox"],
    "smscli inbox --unread": ["inbox", "--unread"],
    "smscli inbox --quarantine": ["inbox", "--quarantine"],
    "smscli parse-report": ["parse-report", "pushes.log"],
    "smscli parse-report --verify": ["parse-report", "pushes.log", "--verify"],
    "smscli parse-report --summary": ["parse-report", "pushes.log", "--summary"],
    "smscli listen": [],
    "smscli balance": ["balance"],
    "smscli balance --all": ["balance", "--all"],
    "smscli doctor": ["doctor"],
    "smscli optout list": ["optout", "list"],
    "smscli template list": ["template", "list"],
    "smscli template show": ["template", "show", "due"],
    "smscli profile list": ["profile", "list"],
    "smscli profile show": ["profile", "show"],
    "smscli codes": ["codes"],
    "smscli ledger check": ["ledger", "check"],
}
NEVER_ROWS = ("smscli inbox --quarantine",)  # that would need a listener


def sections(language: str) -> dict[str, dict[str, str]]:
    """Return the fields under each heading of the topic `output`, with their types."""
    text = (FOLDER / language / "output.md").read_text(encoding="utf-8")
    found: dict[str, dict[str, str]] = {}
    for section in text.split("\n## ")[1:]:
        heading, _, rest = section.partition("\n")
        fields = dict(re.findall(r"^  ([a-z_]+) +([a-z|]+) +\S", rest, re.MULTILINE))
        found |= dict.fromkeys(heading.split(", "), fields)
    return found


@pytest.fixture
def used(smscli: Smscli, sandbox: RunningSandbox, home: Path, tmp_path: Path) -> Smscli:
    """Return the command line after some sends, reports, replies and opt-outs, so that there is something to list."""
    settings = 'push_name = "admin"\npush_pwd = "12345"\n[templates.due]\ncontent = "{name}"'
    write_shop(home, sandbox, settings)
    numbers = "13800138000,13800138001"
    (batch,) = smscli("send", "--mobile", numbers, "--content", "甲", "--output", "json").json
    smscli("send", "--mobile", "13800138003", "--content", "乙", "--at", "+1d")
    reports = [
        Report(batch["sendid"], "13800138000", "DELIVRD", "2026-01-01 10:00:00"),
        Report(batch["sendid"], "13800138001", "EXPIRED", "2026-01-01 10:00:00"),
    ]
    pushes = (
        *(report_fields([report], "admin", "12345") for report in reports),
        reply_fields([Reply("13800138000", "好", "2026-01-01 10:00:00", "12")], "admin", "12345"),
    )
    (tmp_path / "pushes.log").write_text(
        "".join(f"{encode_form(push).decode()}\n" for push in pushes), encoding="utf-8"
    )
    assert smscli("parse-report", "pushes.log", "--record").code == 0
    assert smscli("optout", "add", "13800138008").code == 0
    return smscli


def records(smscli: Smscli, arguments: Sequence[str]) -> list[Mapping[str, Any]]:
    """Return the objects that a command writes as JSON."""
    ended = smscli(*arguments, "--output", "json")
    assert ended.code == 0, ended.err
    data = json.loads(ended.out)
    return data if isinstance(data, list) else [data]


@pytest.mark.parametrize("heading", [heading for heading in CASES if heading != "smscli listen"])
def test_every_field_that_is_written_is_documented_with_its_type(used: Smscli, heading: str) -> None:
    fields = sections("en")[heading]
    found = records(used, CASES[heading])
    assert found or heading in NEVER_ROWS
    for record in found:
        assert list(record) == list(fields)
        for name, value in record.items():
            kinds = [TYPES[kind] for kind in fields[name].split("|")]
            # A boolean is an int as well, but no integer.
            assert any(isinstance(value, kind) and (kind is bool or not isinstance(value, bool)) for kind in kinds), (
                name
            )
    columns = used(*CASES[heading], "--output", "csv").out.splitlines()[0]
    assert columns in (",".join(fields), "item,value")


@pytest.mark.parametrize("option", ["--failed", "--unknown", "--state=DELIVRD"])
def test_the_short_lists_have_the_fields_of_a_list(used: Smscli, option: str) -> None:
    header = used("runs", "1", option, "--output", "csv").out.splitlines()[0]
    assert header == ",".join(sections("en")["smscli runs RUN --list"])


@pytest.mark.parametrize("group", [By.HOUR, By.MONTH, By.RUN, By.TEMPLATE, By.PROFILE, By.OPERATOR])
def test_the_first_field_of_stats_is_named_after_its_group(used: Smscli, group: By) -> None:
    for record in records(used, ["stats", "--by", group]):
        assert list(record) == [group.value, *list(sections("en")["smscli stats"])[1:]]
        assert isinstance(record[group.value], (int, type(None)) if group is By.RUN else str)


def test_the_fields_of_listen_are_documented() -> None:
    assert tuple(sections("en")["smscli listen"]) == listen.COLUMNS


def with_output() -> Iterator[str]:
    """Yield each command that has the option --output."""
    for command in command_tree().walk():
        if "--output" in command.option_names:
            yield command.path


@pytest.mark.parametrize("path", [*with_output()])
def test_every_command_with_output_is_documented(path: str) -> None:
    """A command without a heading here writes fields that nobody can look up; add it to help/*/output.md and CASES."""
    assert any(heading == path or heading.startswith(f"{path} ") for heading in sections("en"))


def columns() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield every constant of a command that names the columns of an output."""
    for path in sorted(Path(commands.__file__).parent.glob("*.py")):
        module = import_module(f"smscli.commands.{path.stem}")
        for name, value in vars(module).items():
            if name.endswith("COLUMNS") and not name.startswith("_") and isinstance(value, tuple):
                yield f"{path.stem}.{name}", value


@pytest.mark.parametrize(("name", "fields"), [*columns()])
def test_every_set_of_columns_is_documented(name: str, fields: tuple[str, ...]) -> None:
    assert fields in {tuple(section) for section in sections("en").values()}, f"{name} is not in help/en/output.md"


def test_every_heading_has_a_case_and_both_languages_say_the_same() -> None:
    assert set(CASES) == set(sections("en"))
    assert sections("en") == sections("zh")
    assert list(sections("en")) == list(sections("zh"))


# --- the topics ---------------------------------------------------------------------------------------------------


def names(language: str) -> list[str]:
    """Return the topics of a language."""
    return sorted(path.stem for path in (FOLDER / language).iterdir())


def width(line: str) -> int:
    """Return how many columns a line takes on a terminal."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in line)


def test_there_are_the_same_topics_in_both_languages_and_none_is_a_command(smscli: Smscli) -> None:
    assert names("en") == names("zh")
    assert not set(names("en")) & set(COMMANDS)
    ended = smscli("help")
    assert (ended.code, ended.err) == (0, "")
    assert max(map(width, ended.out.splitlines())) <= 80
    for name in (*names("en"), *COMMANDS):
        assert re.search(rf"^  {name} +\S", ended.out, re.MULTILINE)


@LANGUAGES
@pytest.mark.parametrize("topic", names("en"))
def test_a_topic_is_shown_within_80_columns(
    smscli: Smscli, monkeypatch: pytest.MonkeyPatch, topic: str, language: str
) -> None:
    monkeypatch.setattr("smscli.help.language", lambda: language)
    ended = smscli("help", topic)
    assert (ended.code, ended.err, "@" in ended.out) == (0, "", False)
    assert ended.out.startswith("# ")
    assert [line for line in ended.out.splitlines() if width(line) > 80] == []


@LANGUAGES
@pytest.mark.parametrize("topic", names("en"))
def test_a_topic_names_only_what_there_is(topic: str, language: str) -> None:
    text = (FOLDER / language / f"{topic}.md").read_text(encoding="utf-8")
    known = {name for command in command_tree().walk() for name in command.option_names} | {"--version"}
    assert set(re.findall(r"(?<![\w-])--[a-z]+(?:-[a-z]+)*", text)) - known == set()
    assert set(re.findall(r"smscli ([a-z][a-z-]+)", text)) - {*COMMANDS} == set()


def promised(language: str) -> tuple[list[int], list[list[str]], set[str], list[str], list[str]]:
    """Return what the topic `stability` lists: exit codes, keys in three groups, variables, outputs and metrics."""
    text = (FOLDER / language / "stability.md").read_text(encoding="utf-8")
    listed = [each.split() for each in re.findall(r"(?:^    \S.*\n)+", text, re.MULTILINE)]
    codes, *keys, variables, _words, metrics = listed
    outputs = re.findall(r"^    (smscli .+)$", text, re.MULTILINE)
    return list(map(int, codes)), keys, set(variables), outputs, metrics


@LANGUAGES
def test_what_is_promised_to_stay_is_what_there_is(used: Smscli, language: str) -> None:
    """Where this fails something new is not promised yet, or a promise is broken: deprecate it first."""
    codes, keys, variables, outputs, metrics = promised(language)
    assert codes == list(ExitCode)
    assert keys == [list(FILE_KEYS), list(PROFILE_KEYS), list(TEMPLATE_KEYS)]
    sources = (path.read_text(encoding="utf-8") for path in FOLDER.parent.rglob("*.py"))
    assert variables == {name for source in sources for name in re.findall(r"\bSMSCLI_[A-Z]+\b", source)}
    assert sorted(outputs) == sorted(sections(language))
    exposed = used("balance", "--output", "prometheus").out + Counts().exposition()
    assert metrics == re.findall("^# TYPE ([a-z_]+)", exposed, re.MULTILINE)


@LANGUAGES
def test_every_exit_code_is_explained(language: str) -> None:
    text = (FOLDER / language / "exit-codes.md").read_text(encoding="utf-8")
    assert [int(code) for code in re.findall(r"^ {1,4}([0-9]+)  ", text, re.MULTILINE)] == [
        int(each) for each in ExitCode
    ]


def test_every_key_is_explained_from_its_specification(smscli: Smscli) -> None:
    shown = smscli("help", "config").out
    folded = " ".join(shown.split())
    for key in PROFILE_KEYS.values():
        assert re.search(rf"^{key.name}(?: = .+)?$", shown, re.MULTILINE)
        assert key.help in folded
        assert not key.variable or key.variable in shown


@pytest.mark.parametrize("words", [["send"], ["profile"], ["profile", "add"], ["runs"]])
def test_the_help_of_a_command_is_its_own(smscli: Smscli, words: list[str]) -> None:
    assert smscli("help", *words) == smscli(*words, "--help")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["outptu"], "there is no topic and no command 'outptu'. Did you mean output?"),
        (["snd"], "Did you mean send?"),
        (["xyzzy"], "there is no topic and no command 'xyzzy'; `smscli help` lists them."),
        (["../en/output"], "there is no topic"),
        (["profile", "ad"], "No such command 'ad'"),
    ],
)
def test_an_unknown_topic_exits_2_with_the_nearest_one(smscli: Smscli, words: list[str], sentence: str) -> None:
    ended = smscli("help", *words)
    assert (ended.code, ended.out) == (2, "")
    assert sentence in ended.err
