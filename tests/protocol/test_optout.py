"""Replies that end the messages and replies that do not, as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscli.config.keys import OPTOUT_WORDS
from smscli.protocol.optout import wants_in, wants_out

OUT = """
TD|td|ＴＤ|Td| t |T|r|N|n|退订|退訂|退|拒收|取消|取消订阅|不需要|STOP|stop|Stop.
TD。|退订！|退订!!!|T.|R~|“TD”|"退订"|'T'|（TD）|【退订】|[T]|《退订》|「退訂」|TD👍|退订🙏🙏|👎退订|❤️TD❤️|……退订……|退订～
T D|退 订|退　订|T\u200bD|\ufeff退订|退订\u200d|\u202aTD\u202c|退\u00ad订|\u3164TD|TD\ufe0f|TD\t
回T|回TD|回复TD|回复：TD|回复 T|回覆退訂|请退订|請退訂|请回复退订|我要退订|我要 退订|我要取消订阅|请取消|请，退订
退订谢谢|退订，谢谢|TD,谢谢！|请退订，谢谢。|退訂，謝謝|T 谢谢🙏
TD退订|退订 TD|退订TD|T退订|退订，T|T、退订|回T退订|回复T退订|TDTD|TD TD|退订退订|退订。退订。|（拒收R）
"""
STAY = """
T恤有货吗|怎么退订？|收到|Liked “周五上新，回T退订”|不退订|退订什么|退订了吗|别退订|不要退订|为什么退订不了
已退订|退订失败
不需要退订|不 需要 退订|取消退订|退订取消|谁要退订|我没有退订|TT|T T|T_T|T.T|RN
NTD|TDK|ST|TD2|T1|R2D2|N95|N次|R语言|T-shirt
退货|退款|我要退款|我要退货|取消订单|取消预约|请取消订单|不需要了吗|好的|谢谢|请|我要|回复|回|回复谢谢|请谢谢|??|……|👍|1|0|
STOP IT NOW|non-stop|don't stop|nonstop|Not|Tuesday|Re:|不要
我要T恤|我要一件T恤，谢谢|TD是什么|什么是TD|T是不是退订|T：退订怎么不行
周五上新，回T退订|【小店】周五上新，回T退订|【小店】回T退订|Re: 退订|退订：没有用，还在发|谢谢退订|拒收快递|R\u0301ené
"""


def replies(table: str) -> list[str]:
    return table.strip("\n").replace("\n", "|").split("|")


@pytest.mark.parametrize("reply", replies(OUT))
def test_it_ends_the_messages(reply: str) -> None:
    assert wants_out(reply, OPTOUT_WORDS)


@pytest.mark.parametrize("reply", replies(STAY))
def test_it_does_not(reply: str) -> None:
    assert not wants_out(reply, OPTOUT_WORDS)


BEFORE = ("请", "請", "我要", "回", "回复", "回覆", "")
AFTER = ("谢谢", "謝謝", "")
DECORATION = st.text(st.sampled_from(" \u3000\t\u200b\ufeff\u2060，。！？!?.~“”\"'（）【】…-🙏👍❤\ufe0f"), max_size=4)
WORD = st.sampled_from(OPTOUT_WORDS)


@given(WORD, DECORATION, st.sampled_from(BEFORE), DECORATION, DECORATION, st.sampled_from(AFTER), DECORATION)
def test_decorations_never_hide_a_word(word: str, a: str, before: str, b: str, c: str, after: str, d: str) -> None:
    assert wants_out(f"{a}{before}{b}{word}{c}{after}{d}", OPTOUT_WORDS)
    assert wants_out(f"{a}{before}{b}{word.lower()}{c}{after}{d}", OPTOUT_WORDS)


@given(st.lists(WORD | st.sampled_from([*BEFORE, *AFTER, "不", "怎么", "a", "1", "恤", "了"]) | DECORATION, max_size=6))
def test_nothing_longer_than_a_phrase_and_its_decorations(parts: list[str]) -> None:
    reply = "".join(parts)
    if wants_out(reply, OPTOUT_WORDS):
        letters = "".join(char for char in reply if char.isalnum())
        assert len(letters) <= len("请我要回复") + 2 * max(map(len, OPTOUT_WORDS)) + len("谢谢")
        assert not set(letters) & set("怎么a1恤了")


@given(st.text(), st.lists(st.text(), max_size=4))
def test_any_words_and_any_reply(reply: str, words: list[str]) -> None:
    wants_out(reply, words)
    assert not wants_out(reply, [])
    assert not wants_out("", words)
    assert all(wants_out(word, words) for word in words if word.isalnum() and word.isascii())


@pytest.mark.parametrize("reply", ["。" * 1_000_000, "T" * 1_000_000, "请" * 1_000_000, "退订，" * 300_000])
def test_a_long_reply_is_no_phrase(reply: str) -> None:
    assert not wants_out(reply, OPTOUT_WORDS)


def test_words_of_ones_own() -> None:
    assert wants_out("请勿打扰，谢谢", ["请勿打扰"])
    assert wants_out("No more!", ["no more"])
    assert not wants_out("退订", ["no more"])
    assert wants_in("我要恢复订阅", ["恢复订阅"])
    assert not wants_in("不恢复订阅", ["恢复订阅"])
