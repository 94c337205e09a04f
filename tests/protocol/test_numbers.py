"""Numbers as people write them: which are read, and why others are refused (protocol §6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscli.protocol.numbers import normalise, refusal


@pytest.mark.parametrize(
    "cell",
    [
        "13800138000",
        " 13800138000\t",
        "１３８００１３８０００",
        "138 0013 8000",
        "138-0013-8000",
        "138–0013—8000",
        "138\u22120013\u22128000",
        "138\u00a00013\u30008000",
        '"13800138000"',
        "'13800138000",
        "‘13800138000’",
        "“13800138000”",
        '="13800138000"',
        "＝13800138000",
        "\u200b13800138000\u200e",
        "\ufeff13800138000",
        "\u202a13800138000\u202c",
        "138\u200d00138000",
        "13800138000.0",
        "+8613800138000",
        "＋８６13800138000",
        "008613800138000",
        "8613800138000",
        "+86 138-0013-8000",
        "0086 13800138000.0",
        "+86-13800138000",
        "013800138000",
        "0 138 0013 8000",
        "+86 013800138000",
        "+86 (0) 138 0013 8000",
        "(86)13800138000",
        "（86）13800138000",
        "(+86) 138-0013-8000",
        "+(86)13800138000",
        "(0086)13800138000",
        "tel:13800138000",
        "TEL：+86 138 0013 8000",
        "Tel. 13800138000",
        "tel://13800138000",
        "Mobile: 13800138000",
        "M: 13800138000",
        "电话：13800138000",
        "手机号码：13800138000",
        "联系电话 13800138000",
        "☎️13800138000",
        "📱 138 0013 8000",
        "138.0013.8000",
        "13,800,138,000",
        "13800138000.00",
        "13800138000,",
        "13800138000；",
        "13800138000、",
    ],
)
def test_cell_is_normalised(cell: str) -> None:
    assert normalise(cell) == "13800138000"
    assert refusal("13800138000") == ""


@pytest.mark.parametrize("start", ["13", "14", "15", "16", "17", "18", "19"])
def test_all_mobile_ranges_are_valid(start: str) -> None:
    assert refusal(f"{start}000000000") == ""


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("1.38E+10", "scientific notation"),
        ("1.38001e+10", "scientific notation"),
        ("１.38Ｅ＋10", "scientific notation"),
        ("14E10", "scientific notation"),
        ("+1 415 555 0100", "overseas"),
        ("0044 20 7946 0000", "overseas"),
        ("+85251234567", "overseas"),
        ("1440013800000", "machine (IoT)"),
        ("010-12345678", "landline"),
        ("021 6123 4567", "landline"),
        ("+86 10 12345678", "landline"),
        ("+86 21 6123 4567", "landline"),
        ("+86 138 0013 800", "after +86"),
        ("+86 128 0013 8000", "after +86"),
        ("0086 010 12345678", "landline"),
        ("1380013800", "too short: 10 digits"),
        ("138001380001", "too long: 12 digits"),
        ("12800138000", "13 to 19"),
        ("10800138000", "13 to 19"),
        ("23800138000", "13 to 19"),
        ("138O0138000", "not a phone number"),
        ("张三", "not a phone number"),
        ("13800138000\n13800138001", "several lines"),
        ("", "empty"),
        ("13800138000/13800138001", "several numbers"),
        ("13800138000、13800138001", "several numbers"),
        ("13800138000 ::: 13800138001", "several numbers"),
        ("13800138000 13800138001", "several numbers"),
        ("138 0013 8000 138 0013 8001", "several numbers"),
        ("1380013800013800138001", "several numbers"),
        ("+8613800138000或+8613800138001", "several numbers"),
        ("13800138000(妈)13800138001(爸)", "several numbers"),
        ("13800138000-13800138001", "several numbers"),
        ("13800138000/010-12345678", "several numbers"),
        ("010-12345678 13800138000", "several numbers"),
        ("13800138000/87654321", "several numbers"),
        ("138****0000", "digits are hidden"),
        ("138 **** 0000", "digits are hidden"),
        ("138xxxx0000", "digits are hidden"),
        ("138XXXX0000", "digits are hidden"),
        ("1380013****", "digits are hidden"),
        ("138••••0000", "digits are hidden"),
        ("138●●●●0000", "digits are hidden"),
        ("138…0000", "digits are hidden"),
        ("***********", "digits are hidden"),
        ("13800138000转8001", "extension"),
        ("13800138000-8001", "extension"),
        ("138-0013-8000-8001", "extension"),
        ("13800138000 ext. 5", "extension"),
        ("13800138000x5", "extension"),
        ("13800138000#5", "extension"),
        ("13800138000,5", "extension"),
        ("13800138000 分机号 12", "extension"),
        ("13800138000（转8001）", "extension"),
        ("+86 138 0013 8000 转 8001", "extension"),
        ("010-12345678-801", "landline"),
        ("0755-88888888转801", "landline"),
        ("（0755）8888 8888", "landline"),
        ("02112345678", "landline"),
        ("张三13800138000", "other text next to"),
        ("13800138000（张三）", "other text next to"),
        ("13800138000 微信同号", "other text next to"),
        ("400-800-8000", "a service number"),
        ("+13800138000", "overseas"),
        ("0013800138000", "overseas"),
        ("l3800138000", "a letter among its digits"),
        ("2026-11-20 09:00:00", "not a phone number"),
        ("#N/A", "not a phone number"),
        ("١٣٨٠٠١٣٨٠٠٠", "not a phone number"),
    ],
)
def test_cell_is_refused_with_its_reason(cell: str, reason: str) -> None:
    assert reason in refusal(normalise(cell))


@given(st.text(max_size=20) | st.text(st.sampled_from("0123456789+86=-. \"'\u200bE"), max_size=20))
def test_what_is_valid_is_eleven_ascii_digits_and_stays(text: str) -> None:
    found = normalise(text)
    if not refusal(found):
        assert (len(found), found.isascii(), found.isdigit(), normalise(found)) == (11, True, True, found)


_digits = st.from_regex("1[3-9][0-9]{9}", fullmatch=True).map(lambda text: "".join(str(int(c)) for c in text))


@given(
    _digits,
    st.sampled_from(["", "+86", "0086", "86", "+86 ", '="', "\u200b"]),
    st.sampled_from(["", ".0", '"', " ", "\u202c"]),
)
def test_decoration_never_changes_a_number(mobile: str, before: str, behind: str) -> None:
    assert normalise(before + mobile + behind) == mobile
    assert normalise(normalise(before + mobile + behind)) == mobile


@pytest.mark.parametrize("cell", ["*" * 99_999 + "a", "1." * 50_000, "13800138000" + "-" * 99_999 + "z", " (" * 50_000])
def test_long_cell_takes_no_time_to_speak_of(cell: str) -> None:
    """A pattern that goes back over a cell again and again would take longer than the test's patience."""
    assert refusal(normalise(cell))
