"""A password that comes back in any spelling is neither shown nor stored; ordinary words of a gateway are."""

import base64
import html
import json
import quopri
import re
import string
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscli.gateway.quoting import NOT_SHOWN, may_be_quoted, quoted

GATEWAY_PWD = "5E1F0A9C3B7D2E4F6A8B0C1D2E3F"

SPELLINGS: dict[str, Callable[[str], str]] = {
    "percent": lambda text: quote(text, safe=""),
    "percent-lower": lambda text: re.sub("%..", lambda found: found[0].lower(), quote(text, safe="")),
    "percent-all": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "plus": quote_plus,
    "html": html.escape,
    "html-decimal": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "html-hex": lambda text: "".join(f"&#x{ord(char):X};" for char in text),
    "json": lambda text: json.dumps(text).replace("/", "\\/").replace("&", "\\u0026"),
    "json-all": lambda text: "".join(f"\\u{ord(char):04x}" for char in text),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64-url": lambda text: base64.urlsafe_b64encode(f"demo:{text}".encode()).decode().rstrip("="),
    "hex": lambda text: text.encode().hex(),
    "hex-spaced": lambda text: text.encode().hex(" "),
    "codes": lambda text: ",".join(str(ord(char)) for char in text),
    "quoted-printable": lambda text: quopri.encodestring(text.encode()).decode(),
    "spaced": " ".join,
    "dashed": "-".join,
    "case": str.swapcase,
    "full-width": lambda text: "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text),
}
# With a letter or digit at least: of signs alone, full-width ones are a Chinese text's own punctuation.
PASSWORDS = st.text(string.ascii_letters + string.digits + "/&'%+= -!", min_size=1, max_size=30).filter(
    lambda text: any(map(str.isalnum, text))
)
AROUND = st.text("abc xyz 0123,.:!<>/提交失败密码错误，。", max_size=30)


@given(PASSWORDS, st.lists(st.sampled_from(sorted(SPELLINGS)), max_size=3), AROUND, AROUND)
def test_no_spelling_of_a_password_is_shown(password: str, chain: list[str], before: str, after: str) -> None:
    spelled = password
    for name in chain:
        spelled = SPELLINGS[name](spelled)
    assert quoted(before + spelled + after, password) == NOT_SHOWN


@given(PASSWORDS.filter(lambda text: len(text) < 6), st.text(string.printable, min_size=1, max_size=30))
def test_a_short_password_leaves_no_trace_in_what_is_shown_and_what_not(password: str, text: str) -> None:
    assert may_be_quoted(text, password) == may_be_quoted(text, "~")


@pytest.mark.parametrize(
    "text",
    [
        "提交成功", "IP鉴权失败", "含有敏感词汇：【发票】", "余额不足, 10", "insufficient balance", "no account: demo",
        "IP 10.1.22.133 is not allowed", "号码13800138000无效", "502 Bad Gateway", "MK: 0012", "",
    ],
)  # fmt: skip
def test_ordinary_words_are_shown(text: str) -> None:
    assert quoted(text, GATEWAY_PWD) == text


@pytest.mark.parametrize(
    "text",
    [
        GATEWAY_PWD, GATEWAY_PWD.lower(), f"bad password {GATEWAY_PWD}", f"pwd={GATEWAY_PWD[:12]}", "x 5E1F",
        "/sms.aspx?name=demo", "%41", "a&amp;b", "dGVzdA==", "S3cret", "\x1b[31m", "code 1 2 3 4 5", "w o r d s",
        "202611221204301",
    ],
)  # fmt: skip
def test_what_could_be_a_spelling_is_not_shown(text: str) -> None:
    assert quoted(text, GATEWAY_PWD) == NOT_SHOWN


def test_chinese_text_shares_no_character_with_a_chinese_password() -> None:
    assert quoted("余额不足", "芝麻开门") == "余额不足"
    assert quoted("密码芝 麻 开 门错误".replace(" ", ""), "芝麻开门") == NOT_SHOWN
    assert quoted("wrong", "芝麻开门") == NOT_SHOWN
