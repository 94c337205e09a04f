"""What is allowed but probably not meant is said at every send, on stderr."""

import pytest

from tests.support.command import Smscli
from tests.support.sandboxes import RunningSandbox

WRONG = [
    ("【店】您好", "店", "there is a signature in the text, 【店】, and one in sign"),
    ("满" * 67 + "\u200b", "店", "invisible characters are billed (U+200B): 2 parts instead of 1"),
    ("详情http://t.cn/abc点击", "店", "a link touches the text next to it"),
    ("您好", "", "there is no signature"),
]


def warned(err: str) -> list[str]:
    return [line for line in err.splitlines() if line.startswith("warning:")]


@pytest.mark.parametrize(("content", "sign", "what"), WRONG)
@pytest.mark.parametrize("options", [(), ("-q",), ("--dry-run",), ("--dry-run", "--output", "json")])
def test_it_is_said(
    smscli: Smscli, sandbox: RunningSandbox, content: str, sign: str, what: str, options: tuple[str, ...]
) -> None:
    send = ["send", "--mobile", "13800138000", "--content", content, "--sign", sign, *options]
    ended = smscli(*send, **sandbox.variables)
    assert ended.code == 0
    assert len(warned(ended.err)) == 1
    assert what in warned(ended.err)[0]
    assert bool(sandbox.queued) is ("--dry-run" not in options)


def test_of_many_texts_each_kind_is_said_once(smscli: Smscli, sandbox: RunningSandbox) -> None:
    people = "手机号,名\n" + "".join(f"1380013800{digit},甲{digit}\u200b\n" for digit in range(9))
    send = ["send", "--content", "{名}看http://t.cn/a好", "--sign", "店"]
    ended = smscli(*send, stdin=people, **sandbox.variables)
    assert ended.code == 0
    assert len(warned(ended.err)) == len(set(warned(ended.err))) <= 2


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_nothing_wrong_nothing_said(smscli: Smscli, sandbox: RunningSandbox, options: tuple[str, ...]) -> None:
    send = ["send", "--mobile", "13800138000", "--content", "详情 http://t.cn/abc 点击", "--sign", "店", *options]
    assert warned(smscli(*send, **sandbox.variables).err) == []
