"""`smscli template`: adding, listing and removing approved texts."""

import tomllib
from pathlib import Path

import pytest

from tests.support.command import Smscli, Terminal
from tests.support.sandboxes import RunningSandbox, write_config

FILE = """# mine
[profiles.shop]  # 甲
name = "n"

# the bills
[templates.due]  # approved in May
content = "您的账单已到期"

# the other shop
[profiles.b]
name = "b"
"""


def templates(home: Path) -> dict[str, dict[str, str]]:
    """Return the templates of the configuration file."""
    text = (home / ".config/smscli/config.toml").read_text("utf-8")
    found: dict[str, dict[str, str]] = tomllib.loads(text).get("templates", {})
    return found


def test_a_template_is_added_used_and_removed(smscli: Smscli, sandbox: RunningSandbox, home: Path) -> None:
    ended = smscli("template", "add", "验证码", "--content", "验证码{code}", "--sign", "小店", "--extno", "12")
    path = home / ".config/smscli/config.toml"
    assert (ended.code, ended.out) == (0, "")
    assert ended.err == f"saved '验证码' in {path}\nits fields: code\n"
    assert templates(home) == {"验证码": {"content": "验证码{code}", "sign": "小店", "extno": "12"}}
    assert path.stat().st_mode & 0o777 == 0o600
    assert smscli("template", "list").rows == [["验证码", "小店", "验证码{code}", "code"]]
    send = ("send", "--template", "验证码", "--mobile", "13800138000", "--var", "code=7")
    assert smscli(*send, **sandbox.variables).code == 0
    assert sandbox.requests[0]["content"] == "验证码7"
    assert smscli("template", "remove", "验证码", "--yes").code == 0
    assert templates(home) == {}


def test_comments_survive(smscli: Smscli, home: Path) -> None:
    path = write_config(home, FILE)
    assert smscli("template", "add", "b", "--content", "乙").code == 0
    assert smscli("template", "remove", "due", "--yes").code == 0
    text = path.read_text("utf-8")
    assert templates(home) == {"b": {"content": "乙"}}
    assert [comment for comment in ("# mine", "# 甲", "# the bills", "# the other shop") if comment not in text] == []


@pytest.mark.parametrize(
    "raw", ["甲\n乙\n".encode(), "甲\r\n乙".encode("gb18030"), b"\xef\xbb\xbf" + "甲\n乙".encode()]
)
def test_a_text_comes_through_a_pipe(smscli: Smscli, home: Path, raw: bytes) -> None:
    assert smscli("template", "add", "a", stdin=raw).code == 0
    assert templates(home) == {"a": {"content": "甲\n乙"}}


def test_a_person_is_asked_for_the_text(terminal: Terminal, home: Path) -> None:
    code, _ = terminal(["template", "add", "a"], ("Text, with its fields in braces", "您好 {name}\n".encode()))
    assert (code, templates(home)) == (0, {"a": {"content": "您好 {name}"}})


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (["due", "--content", "x"], "there is a template 'due' already."),
        (["a b", "--content", "x"], "'a b' cannot name a template"),
        (["a", "--content", "{x"], "the content has a single brace"),
        (["a", "--content", " "], "the content is empty."),
        (["a", "--content", "x" * 1001], "more than the"),
        (["a", "--content", "x", "--sign", "a\nb"], "the sign has a line break"),
        (["a", "--content", "x", "--extno", "1a"], "extno must be digits only."),
        (["a"], "the content is empty."),
    ],
)
def test_what_could_not_be_sent_is_not_saved(smscli: Smscli, home: Path, given: list[str], why: str) -> None:
    path = write_config(home, FILE)
    ended = smscli("template", "add", *given, stdin="")
    assert (ended.code, path.read_text("utf-8")) == (2, FILE)
    assert why in ended.err


def test_remove_asks_first(smscli: Smscli, terminal: Terminal, home: Path) -> None:
    path = write_config(home, FILE)
    assert smscli("template", "remove", "due").code == 2
    code, shown = terminal(["template", "remove", "due"], ("Remove the template 'due'?", b"n\n"))
    assert (code, path.read_text("utf-8")) == (2, FILE)
    assert "Nothing was removed." in shown
    assert "there is no template 'x'" in smscli("template", "remove", "x").err
    assert terminal(["template", "remove", "due"], ("Remove the template 'due'?", b"y\n"))[0] == 0
    assert templates(home) == {}
