"""What is allowed but probably not meant, and what is not worth a warning."""

import pytest

from smscli.sending.warnings import is_unsigned, signature_warnings, text_warnings


@pytest.mark.parametrize(
    ("sign", "content", "said"),
    [
        ("店", "【店】x", ["people will see both"]),
        ("店", "x【社区服务中心】", ["【社区服务中心】, and one in sign: people will see both"]),
        ("店", " \u200b【公司】x", ["people will see both"]),
        ("店", "x【店】回T退订", ["people will see both"]),
        ("【店】", "x【店】", ["people will see both"]),
        ("店", "您的【订单】已发货", []),
        ("", "x", []),
        ("", "【店】x", []),
        ("", "x【店】", []),
        ("【店", "x", ["one bracket is missing"]),
        ("店", "x", []),
        ("【店】", "x", []),
    ],
)
def test_signatures(sign: str, content: str, said: list[str]) -> None:
    for texts in ([content], ["【店】x" if not sign else "x", content]):
        warnings = signature_warnings(texts, sign)
        assert len(warnings) == len(said)
        assert all(part in warning for part, warning in zip(said, warnings, strict=True))


@pytest.mark.parametrize(
    ("sign", "contents", "unsigned"),
    [("", ["x"], True), ("", ["【店】x", "x"], True), ("", ["【店】x"], False), ("店", ["x"], False)],
)
def test_a_missing_signature_is_seen(sign: str, contents: list[str], unsigned: bool) -> None:
    assert is_unsigned(contents, sign) is unsigned


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("测" * 66, ""),
        ("测" * 67, ""),
        ("测" * 66 + "\u200b", "invisible characters are billed (U+200B): 2 parts instead of 1"),
        ("\ufeff" + "测" * 66 + "\u2028", "invisible characters are billed (U+FEFF, U+2028): 2 parts instead of 1"),
        ("测" * 66 + "\u200d\u2060", "invisible characters are billed (U+200D, U+2060): 2 parts instead of 1"),
        ("测\u200d试", "invisible characters are billed (U+200D)"),
        ("测\u00ad试\u3164", "invisible characters are billed (U+00AD, U+3164)"),
        ("测" * 66 + " \n", "blanks at the end of a text are billed: 2 parts instead of 1"),
        ("测" * 60 + " \n", ""),
        ("您好 \u3000 吗\n再见", ""),
        ("👨\u200d👩\u200d👧您好❤️", ""),
    ],
)
def test_what_nobody_sees(content: str, said: str) -> None:
    assert text_warnings(["x", content], "小店") == ([said] if said else [])


@pytest.mark.parametrize(
    ("content", "touching"),
    [
        ("点击 http://t.cn/abc 查看", ""),
        ("点击http://t.cn/abc查看", "击http://t.cn/abc查"),
        ("http://t.cn/abc，回T退订", "http://t.cn/abc，"),
        ("（http://t.cn/abc）", "（http://t.cn/abc）"),
        ("详见http://t.cn/abc", ""),
        ("点击t.cn/abc 查看", "击t.cn/abc "),
        ("点击 t.cn/abc查看", " t.cn/abc查"),
        ("www.example.com。", "www.example.com。"),
        ("http://t.cn/abc\n查看", ""),
        ("http://t.cn/abc\u3000查看", ""),
        ("http://t.cn/a 和 https://t.cn/b?c=1看", " https://t.cn/b?c=1看"),
        ("邮箱a@example.com，", ""),
        ("v2.0版", ""),
        ("3.5折", ""),
        ("Node.js项目", ""),
        ("价格20.00元", ""),
    ],
)
def test_link_that_touches_chinese_text(content: str, touching: str) -> None:
    found = text_warnings([content], "")
    assert [f"next to it, {touching}: phones" in warning for warning in found] == [True] * bool(touching)
