"""The topics in Chinese: their words are those that the program itself uses."""

import pytest

from smscli.help import read, topics
from smscli.language import use

# Other words for what has one name in the catalog's head.
_OTHERS = ("正文", "短讯", "接口地址", "回执", "配置项名", "帐号", "运行记录")


@pytest.mark.parametrize("topic", topics())
def test_a_topic_uses_the_words_of_the_program(topic: str) -> None:
    use("zh")
    text = read(topic)
    assert "。" in text
    assert [word for word in _OTHERS if word in text] == []
