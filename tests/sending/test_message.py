"""What a text costs (protocol §6), columns as other programs write them, and what is marketing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscli.errors import InputError
from smscli.protocol.billing import billed_parts, count_characters, signed
from smscli.sending.message import is_marketing, parse_text, refuse_other_placeholders


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), ("abc", 3), ("你好", 2), ("😀", 2), ("a😀你", 4), ("\n", 1), ("é", 1)]
)
def test_an_emoji_counts_as_two(text: str, count: int) -> None:
    assert count_characters(text) == count


@pytest.mark.parametrize(
    ("characters", "parts"),
    [(0, 1), (1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (201, 3), (202, 4), (500, 8)],
)
def test_seventy_are_one_part_then_sixty_seven_a_part(characters: int, parts: int) -> None:
    assert billed_parts("x" * characters) == parts
    assert billed_parts("你" * characters) == parts


def test_emoji_are_billed_as_two_characters() -> None:
    assert billed_parts("😀" * 35) == 1
    assert billed_parts("😀" * 35 + "x") == 2


@pytest.mark.parametrize(
    ("content", "sign", "text"),
    [
        ("你好", "", "你好"),
        ("你好", "店", "【店】你好"),
        ("你好", "【店】", "【店】你好"),
        ("你好", "【店", "【【店】你好"),
    ],
)
def test_signature_stands_in_its_brackets_in_front(content: str, sign: str, text: str) -> None:
    assert signed(content, sign) == text


@given(st.text())
def test_characters_are_utf16_units(text: str) -> None:
    assert count_characters(text) == len(text.encode("utf-16-le", "surrogatepass")) // 2


@given(st.text(max_size=600))
def test_parts_hold_the_text_and_none_is_empty(text: str) -> None:
    characters, parts = count_characters(text), billed_parts(text)
    room = 70 if parts == 1 else 67 * parts
    assert characters <= room
    assert parts == 1 or characters > 67 * (parts - 1)


COLUMNS = ["手机号", "姓名", "First_Name"]


@pytest.mark.parametrize(
    "written",
    [
        "{{姓名}}", "{{ 姓名 }}", "${姓名}", "＄{姓名}", "#姓名#", "＃姓名＃", "[姓名]", "［姓名］", "[[姓名]]",
        "<姓名>", "＜姓名＞", "<<姓名>>", "«姓名»", "%姓名%", "％姓名％", "【姓名】", "@姓名@", "{{first name}}",
        "[FIRST_NAME]", "#手机号#",
    ],
)  # fmt: skip
def test_column_as_other_programs_write_it_is_refused_with_the_right_one(written: str) -> None:
    text = parse_text(f"尊敬的{written}您好")
    column = "手机号" if "手机" in written else "姓名" if "姓名" in written else "First_Name"
    with pytest.raises(InputError, match=rf"other programs write a column\. Nothing was sent\. Write {{{column}}}"):
        refuse_other_placeholders(text, COLUMNS)


@pytest.mark.parametrize(
    "content",
    [
        "{姓名}您好",
        "{{客户}}",
        "[变量]",
        "#话题#",
        "50%姓名",
        "#1 姓名",
        "《姓名》",
        "¥{姓名}",
        "$ {姓名}",
        "姓名",
        "{{{姓名}}}",
        "$5",
    ],
)
def test_other_signs_are_text(content: str) -> None:
    refuse_other_placeholders(parse_text(content), COLUMNS)


@pytest.mark.parametrize(
    "way_out",
    [
        "拒收请回复R", "回T退订", "退订回T", "退订回TD", "退订请回复TD", "回复TD退订", "拒收请回复“R”", "回R拒收",
        "TD退订", "T退订【小店】", "回复T即可退订", "退订请回 T", "退订发送TD", "如需退订请回复T", "拒收回R",
        "回复N拒收", "退订：TD", "拒收R", "退订T", "回复退订可退订", "回ＴＤ退訂", "回复0000退订",
        "回\u200bT\u200b退订。", "Reply STOP to unsubscribe", "reply T to opt out",
    ],
)  # fmt: skip
def test_marketing_shows_its_way_out(way_out: str) -> None:
    assert is_marketing(f"【小店】双11大促，全场5折 {way_out}")


@pytest.mark.parametrize(
    "text",
    [
        "您的退订申请已受理", "您已成功退订会员服务", "退订T恤订单已处理", "T恤有货，欢迎光临", "您的验证码为1234",
        "客服已为您退订TV包月", "明天停水，收到请回复", "包裹被拒收，请联系快递", "订单R2026拒收处理中",
        "请回复TD确认", "",
    ],
)  # fmt: skip
def test_other_texts_are_no_marketing(text: str) -> None:
    assert not is_marketing(text)
