"""Which language smscli speaks, and that all it says in Chinese fits a terminal; what programs read stays the same."""

import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from select import select
from typing import Any

import pytest
from rich.cells import cell_len

import smscli as smscli_package
from smscli import language, usage
from smscli.commands import COMMANDS
from smscli.console import Environment
from smscli.tree import command_tree
from tests.support.command import Smscli, Terminal
from tests.support.inprocess import run_here
from tests.support.sandboxes import RunningSandbox, write_config

CHINESE = re.compile("[\u4e00-\u9fff]")


def spoken(smscli: Smscli, **variables: str) -> str:
    """Return the language of the help page."""
    ended = smscli("--help", **variables)
    assert ended.code == 0, ended.err
    return "zh" if ended.out.startswith("用法") else "en"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.GBK"}, "zh"),
        ({"LANG": "zh"}, "zh"),
        ({"LANG": "zh_SG"}, "zh"),
        ({"LANG": "zh_Hans"}, "zh"),
        ({"LANG": "zh-Hans-CN"}, "zh"),
        ({"LANG": "zh_TW.UTF-8"}, "zh"),
        ({"LANG": "ZH_cn"}, "zh"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "zha_CN"}, "en"),
        ({"LANG": "fr_FR"}, "en"),
        ({"LC_MESSAGES": "zh_CN", "LANG": "en_US"}, "zh"),
        ({"LC_ALL": "en_US", "LC_MESSAGES": "zh_CN"}, "en"),
        ({"LC_ALL": "", "LANG": "zh_CN"}, "zh"),
        ({"LANGUAGE": "zh_CN:zh", "LANG": "en_US"}, "zh"),
        ({"LANGUAGE": "fr:zh:en"}, "zh"),
        ({"LANGUAGE": "en_US:zh", "LC_ALL": "zh_CN"}, "en"),
        ({"LANGUAGE": "zh_CN", "LC_ALL": "C"}, "en"),
        ({"LANGUAGE": "", "LANG": "zh_CN"}, "zh"),
    ],
)
def test_the_locale_is_read_as_gettext_reads_it(variables: dict[str, str], expected: str) -> None:
    assert language.of_locale(variables) == expected


def test_the_variable_comes_before_the_configuration_and_that_before_the_locale(
    smscli: Smscli, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert spoken(smscli, SMSCLI_LANG="zh") == "zh"
    write_config(home, '# language = "en"\n language = "zh"  # for the shop\n[profiles.a]\nname = "x"\n')
    assert (spoken(smscli), spoken(smscli, SMSCLI_LANG="en"), spoken(smscli, SMSCLI_LANG="")) == ("zh", "en", "zh")
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    write_config(home, "language = 'en'\n")
    assert run_here("--help").out.startswith("Usage")
    write_config(home, '[profiles.language]\nname = "x"\n')
    assert run_here("--help").out.startswith("用法")


def test_a_wrong_language_is_explained(smscli: Smscli, home: Path) -> None:
    wrong = smscli("codes", SMSCLI_LANG="fr")
    assert (wrong.code, wrong.err) == (3, "smscli: SMSCLI_LANG must be zh or en, not 'fr'.\n")
    path = write_config(home, 'language = "fr"\n')
    wrong = smscli("codes")
    assert (wrong.code, wrong.err) == (3, f'smscli: {path}, line 1: language must be "zh" or "en".\n')
    write_config(home, "language = 1\n")
    assert "line 1: language must be a text in quotes" in smscli("codes").err
    assert smscli("codes", SMSCLI_LANG="en").code == 0  # what is not needed is not checked


def test_a_broken_configuration_stops_only_who_needs_it(smscli: Smscli, home: Path) -> None:
    path = write_config(home, "x = '''\nlanguage = 'zh'\n")
    assert smscli("codes").code == 0
    broken = smscli("balance")
    assert (broken.code, str(path) in broken.err) == (3, True)


def test_an_english_start_opens_no_catalog(smscli_process: Smscli, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nsys.addaudithook(lambda event, of: event == 'open' and '.mo' in str(of[0]) and print(of))\n"
    )
    path = os.pathsep.join((str(tmp_path), str(Path(__file__).parent.parent)))
    assert ".mo'" not in smscli_process("codes", "1", PYTHONPATH=path).out
    assert ".mo'" in smscli_process("codes", "1", PYTHONPATH=path, SMSCLI_LANG="zh").out


def test_the_catalog_is_read_from_inside_a_zip(tmp_path: Path) -> None:
    root = Path(smscli_package.__file__).parent.parent
    program = shutil.make_archive(str(tmp_path / "smscli"), "zip", root, "smscli")
    code = "from smscli import language as it; it.use('zh'); print(it.__file__, it._('Nothing was sent.'))"
    environment = {"PYTHONPATH": program}
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, check=True)
    assert ended.stdout.decode() == f"{program}/smscli/language.py 未发送任何短信。\n"


def test_english_help_does_not_import_gettext() -> None:
    code = "import sys; from smscli.__main__ import main; main(['--help']); assert 'gettext' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


# --- what is said -------------------------------------------------------------------------------------------------


def test_that_nothing_was_sent_is_said_only_by_what_sends(smscli: Smscli) -> None:
    own = smscli("ledger", "path").out.rstrip()
    sends = ("send", "-p", "sandbox", "--content", "x", "--list", own)
    reads = ("parse-report", own)
    Path(own).parent.mkdir(parents=True)
    Path(own).touch(mode=0o600)
    for name, said in (("zh", "未发送任何短信。"), ("en", "Nothing was sent.")):
        assert said in smscli(*sends, SMSCLI_LANG=name).err
        ended = smscli(*reads, SMSCLI_LANG=name)
        assert (ended.code, said in ended.err) == (2, False)
        assert "  " not in ended.err


def test_an_error_is_said_in_chinese(smscli: Smscli) -> None:
    arguments = ("send", "-p", "sandbox", "--mobile", "13800138000", "--list", "x", "--content", "x")
    ended = smscli(*arguments, SMSCLI_LANG="zh")
    assert (ended.code, ended.err) == (2, "smscli: --mobile 和 --list 只能用一个。未发送任何短信。\n")


def test_the_systems_reason_is_said_in_chinese(smscli: Smscli, tmp_path: Path) -> None:
    arguments = ("send", "-p", "sandbox", "--content", "x", "--list")
    for name, said in ((str(tmp_path / "none"), "没有这个文件或目录"), (str(tmp_path), "这是一个目录")):
        ended = smscli(*arguments, name, SMSCLI_LANG="zh")
        assert (ended.code, ended.err) == (2, f"smscli: 无法读取 {name}：{said}。未发送任何短信。\n")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("sends", "错误：没有命令 'sends'。是不是 'send', 'resend'？"),
        ("nothing-like-it", "错误：没有命令 'nothing-like-it'。"),
        ("send --rates 3", "错误：没有选项 --rates（相近的选项：--at, --rate, --yes）"),
        ("send --zzzz", "错误：没有选项 --zzzz"),
        ("send --rate x", "错误：'--rate' 的值无效：'x' 不是数字。"),
        ("send --workers x", "错误：'--workers' 的值无效：'x' 不是整数。"),
        ("send --rate nan", "错误：'--rate' 的值无效：须为数字"),
        ("send --workers 99", "错误：'--workers' 的值无效：99 超出范围 1<=x<=64。"),
        ("send --output x", "错误：'--output' 的值无效：'x' 不在可选值之中：'table', 'tsv', 'json', 'jsonl', 'csv'。"),
        ("send --at", "错误：选项 '--at' 缺少值。"),
        ("send --yes=1", "错误：选项 '--yes' 不带值。"),
        ("cancel", "错误：缺少参数 'RUN'。"),
        ("cancel 1 required", "错误：多余的参数：required"),
        ("profile", "错误：缺少命令。"),
    ],
)
def test_wrong_usage_is_explained_in_both_languages(smscli: Smscli, line: str, said: str) -> None:
    chinese, english = (smscli(*line.split(), SMSCLI_LANG=name) for name in ("zh", "en"))
    assert chinese.code == english.code == 2
    assert chinese.err.splitlines()[-1] == said
    assert english.err.splitlines()[-1].startswith("Error: ")
    assert not CHINESE.search(english.err)


@pytest.mark.parametrize("text", usage._TYPER)
def test_what_typer_says_is_recognised(text: str) -> None:
    language.use("zh")
    said = usage._said(re.sub(r"\{(\w+)\}", "'x'", text))
    assert said == language._(text).format_map(dict.fromkeys(re.findall(r"\{(\w+)\}", text), "'x'"))


# --- what is shown ------------------------------------------------------------------------------------------------

PAGES = [node.path.split()[1:] for node in command_tree().walk()]


@pytest.mark.parametrize("path", PAGES, ids=" ".join)
@pytest.mark.parametrize("name", ["zh", "en"])
def test_help_fits_80_columns(smscli: Smscli, path: list[str], name: str) -> None:
    page = smscli(*path, "--help", SMSCLI_LANG=name, COLUMNS="80").out
    assert [line for line in page.splitlines() if cell_len(line) > 80] == []
    assert bool(CHINESE.match(page)) == (name == "zh")


@pytest.mark.parametrize("path", PAGES, ids=" ".join)
def test_help_has_no_english_sentence_in_chinese(smscli: Smscli, path: list[str]) -> None:
    page = smscli(*path, "--help", SMSCLI_LANG="zh", COLUMNS="100").out
    assert re.findall(r"[A-Z][a-z]+ [a-z]+ [a-z]+", page) == []


def test_lines_do_not_start_with_closing_punctuation(smscli: Smscli) -> None:
    for width in range(60, 101, 4):
        page = smscli("send", "--help", SMSCLI_LANG="zh", COLUMNS=str(width)).out
        assert [line for line in page.splitlines() if line.lstrip().startswith(tuple("，。；：！？、）”"))] == []


def test_the_commands_of_a_group_are_listed_in_chinese(smscli: Smscli) -> None:
    page = smscli("optout", "--help", SMSCLI_LANG="zh").out
    assert "  add     把号码加入名单。\n" in page


@pytest.fixture
def sent(smscli: Smscli, sandbox: RunningSandbox) -> dict[str, str]:
    """Return the environment of an account that has sent to two numbers, and scheduled a long text."""
    variables = sandbox.variables | {"SMSCLI_SIGN": "小店"}
    for more in ((), ("--at", "2099-01-02 09:00", "--key", "二零九九年一月的会员活动通知")):
        text = "您的订单已发货，请注意查收。" * 6 if more else "您好"
        assert smscli("send", "--mobile", "13800138000", "--content", text, *more, **variables).code == 0
    return variables


@pytest.mark.parametrize(
    "line",
    [
        "runs", "runs 1", "runs 2", "inbox", "status 13800138000", "codes", "profile list", "profile show",
        "send --mobile 13800138000,13800138001 --dry-run --at 2099-01-01T09:00 --content 您的订单已发货，请注意查收",
    ],
)  # fmt: skip
def test_tables_fit_80_columns(terminal: Terminal, sent: dict[str, str], line: str) -> None:
    code, shown = terminal(line.split(), **sent, SMSCLI_LANG="zh", COLUMNS="80", TERM="dumb")
    assert code == 0, shown
    sentences = ("任务 ", "短信内容：")  # the terminal folds these
    assert [text for text in shown.splitlines() if cell_len(text) > 80 and not text.startswith(sentences)] == []


def test_headings_are_chinese_on_a_terminal_alone(terminal: Terminal, smscli: Smscli, sent: dict[str, str]) -> None:
    assert "任务" in terminal(["runs"], **sent, SMSCLI_LANG="zh", COLUMNS="100")[1].splitlines()[0]
    for output in ("tsv", "json", "jsonl", "csv"):
        chinese, english = (smscli("runs", "--output", output, SMSCLI_LANG=name, **sent) for name in ("zh", "en"))
        assert (chinese.code, chinese.out) == (english.code, english.out)


def test_words_are_chinese_on_a_terminal_alone(terminal: Terminal, smscli: Smscli, sent: dict[str, str]) -> None:
    shown = terminal(["runs", "1"], **sent, SMSCLI_LANG="zh", COLUMNS="100")[1]
    assert ("已接受" in shown, "accepted" in shown) == (True, False)
    assert smscli("runs", "1", SMSCLI_LANG="zh", **sent).out.split("\t")[1] == "accepted"


def test_a_dry_run_is_the_same_for_programs(smscli: Smscli) -> None:
    line = (
        "send",
        "-p",
        "sandbox",
        "--mobile",
        "13800138000",
        "--content",
        "【店】好",
        "--dry-run",
        "--output",
        "json",
    )
    chinese, english = (smscli(*line, SMSCLI_LANG=name) for name in ("zh", "en"))
    assert (chinese.out, "people will see both" in chinese.out) == (english.out, True)


def test_what_went_wrong_is_kept_in_english_and_said_in_the_readers_language(smscli: Smscli) -> None:
    nowhere = {"SMSCLI_ENDPOINT": "http://127.0.0.1:9/", "SMSCLI_NAME": "x", "SMSCLI_PWD": "y", "SMSCLI_SIGN": "店"}
    ended = smscli("send", "--mobile", "13800138000", "--content", "x", SMSCLI_LANG="zh", **nowhere)
    said = "smscli: 无法连接 127.0.0.1:9：对方没有监听这个端口（连接被拒绝）。未发送任何短信。"
    assert (ended.code, said in ended.err.splitlines()) == (5, True)
    kept = "127.0.0.1:9 cannot be reached: nothing listens there (connection refused). Nothing was sent."
    for line in (("runs", "1"), ("runs", "1", "--output", "json"), ("runs", "1", "--list", "all", "--output", "tsv")):
        chinese, english = (smscli(*line, SMSCLI_LANG=name) for name in ("zh", "en"))
        assert (chinese.out, kept in chinese.out) == (english.out, True)
    assert said in smscli("runs", "1", SMSCLI_LANG="zh").err.splitlines()


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ("", ""),
        ("cancelled before it was sent.", "发送之前已取消。"),
        ("a.cn took the request and then gave no complete answer within 2 s.",
         "a.cn 已收到请求，但在 2 秒内没有给出完整的应答。"),
        ("the gateway answered HTTP 502: 'Nothing was sent.'.", "网关应答 HTTP 502：'Nothing was sent.'。"),
        ("another version said it in this way", "another version said it in this way"),
    ],
)  # fmt: skip
def test_a_sentence_that_was_kept_is_said_in_chinese(kept: str, said: str) -> None:
    language.use("zh")
    assert language.recalled(kept) == said
    with language.English():
        assert (language.recalled(kept), language.language()) == (kept, "en")
    assert language.language() == "zh"


def test_a_question_is_asked_in_chinese(terminal: Terminal, sent: dict[str, str]) -> None:
    many = ",".join(f"13800138{number:03}" for number in range(101))
    arguments: list[Any] = ["send", "--mobile", many, "--content", "你好"]
    code, shown = terminal(arguments, ("发送给 101 个号码？ [y/N] ", b"n\n"), SMSCLI_LANG="zh", **sent)
    assert (code, shown.splitlines()[-1]) == (2, "smscli: 没有确认。未发送任何短信。")


def test_both_languages_are_spoken_by_one_process(smscli: Smscli) -> None:
    pages = [smscli("send", "--help", SMSCLI_LANG=name).out for name in ("en", "zh", "en", "zh")]
    assert pages[0] == pages[2] != pages[1] == pages[3]


def test_completion_explains_in_the_readers_language(smscli: Smscli) -> None:
    for shell in ("zsh", "fish", "powershell"):
        assert "查询余额。" in smscli("completion", shell, SMSCLI_LANG="zh").out
    assert {node.name for node in command_tree().subcommands} == set(COMMANDS)


def test_a_terminal_in_gbk_is_asked_in_gbk() -> None:
    master, slave = os.openpty()
    stderr = io.TextIOWrapper(io.BytesIO(), encoding="gbk")
    os.write(master, "是\n".encode("gbk"))
    Environment(None, io.StringIO(), stderr, os.ttyname(slave)).confirm("发送？", yes=False)
    shown = b""
    while "发送？ [y/N] ".encode("gbk") not in shown:  # a terminal may give what it shows in pieces
        assert select([master], [], [], 5)[0], shown
        shown += os.read(master, 100)
    os.close(master)
    os.close(slave)
