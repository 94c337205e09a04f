"""Where the numbers stand in a list: separators, headers, titles above them, columns, and rows that do not fit."""

import pytest

from smscli.sending.table import COLUMN_NAMES, meant
from tests.support.lists import places, read, refused

ONE, TWO, THREE = "13800138001", "13800138002", "13800138003"


@pytest.mark.parametrize("mark", [",", ";", "\t", "，"])
@pytest.mark.parametrize("header", [["姓名", "手机号", "城市"], ["name", "Mobile Phone", "city"], []])
def test_csv_with_any_separator_and_header(mark: str, header: list[str]) -> None:
    rows = [header] * bool(header) + [["张三", ONE, "上海"], ["李四", TWO, ""], ["王五", "+86 138-0013-8003", "北京"]]
    found = read("".join(f"{mark.join(row)}\r\n" for row in rows))
    assert found.mobiles == [ONE, TWO, THREE]
    assert not found.invalid


@pytest.mark.parametrize("name", [*COLUMN_NAMES, " 手机号码 ", "﻿手机", "Mobile No.", "PHONE_NUMBER", "Ｔｅｌ"])
def test_phone_column_by_name(name: str) -> None:
    found = read(f"order,{name}\n{THREE},{ONE}\n{THREE},{TWO}\n")
    assert found.mobiles == [ONE, TWO]
    assert "column '" in found.notes[0]


def test_issue_names_are_all_known() -> None:
    names = "手机号 手机号码 手机 电话 电话号码 联系电话 号码 mobile phone tel"
    assert set(names.split()) <= set(COLUMN_NAMES)


def test_likeliest_of_several_named_columns_is_taken_and_told() -> None:
    found = read(f"联系电话,手机号\n010-12345678,{ONE}\n,{TWO}\n")
    assert found.mobiles == [ONE, TWO]
    assert "'手机号'" in found.notes[0]


def test_a_column_that_was_named_is_noted_by_its_name_alone() -> None:
    found = read(f"id,it's me\n1,{ONE}\n", column="it's me")
    assert found.notes[0].endswith('column "it\'s me", read as UTF-8')


def test_phone_column_by_content() -> None:
    found = read(f"1,张三,{ONE}\n2,李四,{TWO}\n3,王五,123\n")
    assert found.mobiles == [ONE, TWO]
    assert places(found) == [("line 3", "123")]
    assert "column 3" in found.notes[0]


@pytest.mark.parametrize("column", ["2", "备用", " 备用 "])
def test_column_by_name_or_number(column: str) -> None:
    assert read(f"手机号,备用\n{ONE},{TWO}\n", column).mobiles == [TWO]


@pytest.mark.parametrize("column", ["3", "0", "-1", "nosuch", "99999", "²"])
def test_unknown_column_is_refused_with_those_there_are(column: str) -> None:
    said = refused(f"手机号,备用\n{ONE},{TWO}\n", column)
    assert repr(column) in said
    assert "手机号, 备用" in said


def test_two_columns_of_one_name_are_refused_and_chosen_by_number() -> None:
    text = f"手机,手机\n{ONE},{TWO}\n"
    assert "--column" in refused(text)
    assert "--column" in refused(text, "手机")
    assert read(text, "2").mobiles == [TWO]


def test_two_columns_of_numbers_without_names_are_refused() -> None:
    assert "columns 1, 2 hold mobile numbers" in refused(f"{ONE},{TWO}\n{TWO},{THREE}\n")


def test_no_column_of_numbers_is_refused() -> None:
    assert "no column holds mobile numbers" in refused("a,b\nc,d\n")


def test_first_line_without_digits_is_a_header_and_told() -> None:
    found = read(f"客户\n{ONE}\n")
    assert (found.mobiles, list(found.invalid)) == ([ONE], [])
    assert "after the header '客户'" in found.notes[0]


def test_bad_first_number_is_no_header() -> None:
    assert places(read(f"138OO138000\n{ONE}\n")) == [("line 1", "138OO138000")]


def test_title_above_the_table_is_listed() -> None:
    found = read(f"客户名单\n张三,{ONE}\n李四,{TWO}\n")
    assert found.mobiles == [ONE, TWO]
    assert places(found) == [("line 1", "客户名单")]


def test_blank_lines_above_the_header() -> None:
    assert read(f"\n , \n姓名,手机号\n张三,{ONE}\n").mobiles == [ONE]


# --- titles, separators -------------------------------------------------------------------------------------------

BILL = [
    "微信支付账单明细,,,",
    "起始时间：[2026-11-01 00:00:00] 终止时间：[2026-11-20 23:59:59],,,",
    ",,,",
    "共2笔记录,,,",
    "----------------------明细列表--------------------,,,",
]


def test_titles_above_the_header_are_skipped_and_named() -> None:
    found = read(
        "\n".join([*BILL, "姓名,手机号,金额,备注", f"张三,{ONE},20,/", f"李四,{TWO},30,/"]), fields=["姓名", "金额"]
    )
    assert (found.mobiles, found.values) == ([ONE, TWO], [("张三", "20"), ("李四", "30")])
    assert (list(found.invalid), list(found.lines)) == ([], [7, 8])
    assert found.columns == ["姓名", "手机号", "金额", "备注"]
    assert found.notes[1].startswith("list.csv: skipped above the table: line 1 '微信支付账单明细', line 2 '起始时间")
    assert found.notes[1].endswith("and 1 more")


def test_title_of_several_lines_counts_them_all() -> None:
    found = read(f'"客户\n名单",\n姓名,手机号\n张三,{ONE}\n李四,bad\n')
    assert (found.mobiles, places(found)) == ([ONE], [("line 5", "bad")])


@pytest.mark.parametrize("title", ["客户名单", "2026年11月客户名单", "2026-11-20", "手机号", "客服电话：400-800-8000"])
def test_title_above_a_table(title: str) -> None:
    for table in (f"姓名,手机号\n张三,{ONE}\n", f"姓名,号\n张三,{ONE}\n")[: 2 - (title == "手机号")]:
        found = read(f"{title},\n{table}")
        assert (found.mobiles, list(found.invalid)) == ([ONE], [])
        assert repr(title) in found.notes[1]


def test_merged_cells_above_the_header_are_a_title() -> None:
    found = read(f"客户,,联系方式,\n姓名,性别,手机号,备注\n张三,男,{ONE},x\n", fields=["备注"])
    assert (found.mobiles, found.values) == ([ONE], [("x",)])


@pytest.mark.parametrize("above", ["张三,138OO138000", "1380013800", f"{ONE}", f"张三,{ONE}", "张三,138****0000"])
def test_data_above_a_header_are_never_a_title(above: str) -> None:
    text = f"{above}\n姓名,手机号\n李四,{TWO}\n"
    if above == ONE:
        assert "columns 1, 2 hold mobile numbers" in refused(text)
    else:
        assert "line 2" in dict(places(read(text))) or "line 1" in dict(places(read(text)))


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"'])
@pytest.mark.parametrize("header", ["姓名;手机号\n", ""])
def test_separator_that_excel_names(first: str, header: str) -> None:
    found = read(f"{first}\r\n{header}张三，李四;{ONE}\n王五;{TWO}\n")
    assert (found.mobiles, list(found.invalid)) == ([ONE, TWO], [])
    assert "line 1 'sep=" in found.notes[1].lower()


@pytest.mark.parametrize(
    "text",
    [
        f"姓名,手机号,标签\n张三,{ONE},a;b;c;d\n李四,{TWO},e;f;g;h\n",
        f"姓名;手机号;地址\n张三;{ONE};上海，浦东\n李四;{TWO};北京，朝阳，1号\n",
        f"姓名|手机号\n张三，A|{ONE}\n李四|{TWO}\n",
        f'"手机\n号码";"客户\n姓名"\n{ONE};张三\n{TWO};李四\n',
    ],
)
def test_separator_is_the_one_that_fits(text: str) -> None:
    assert read(text).mobiles == [ONE, TWO]


# --- headers ------------------------------------------------------------------------------------------------------


def test_line_break_in_a_name_is_none_of_it() -> None:
    text = f'"手机\n号码","客户\n姓名"\n{ONE},张三\n'
    found = read(text, fields=["客户姓名"])
    assert (found.mobiles, found.values, found.lines) == ([ONE], [("张三",)], [4])
    assert "手机 号码, 客户 姓名." in refused(text, fields=["金额"])
    assert "手机 号码, 客户 姓名." in refused(text, "金额")


def test_header_with_a_digit_in_a_name() -> None:
    found = read(f"Name,Phone 1 - Type,Phone 1 - Value\nTom,Mobile,+86 138 0013 8001\nAnn,Mobile,{TWO} ::: {THREE}\n")
    assert found.mobiles == [ONE]
    assert [entry.reason for entry in found.invalid] == ["it has several numbers; write each in its own row"]


@pytest.mark.parametrize("names", ["备注,备注", "备注,备 注", "Name,name", "ＮＡＭＥ,name"])
def test_two_columns_of_the_name_that_the_content_takes_are_refused(names: str) -> None:
    field = names.split(",")[1]
    assert "2 columns are called" in refused(f"手机号,{names}\n{ONE},x,y\n", fields=[field])
    assert read(f"手机号,{names}\n{ONE},x,y\n").mobiles == [ONE]


def test_column_whose_name_is_a_sign() -> None:
    assert read(f"手机号,★\n{ONE},好\n", fields=["★"]).values == [("好",)]


# --- rows ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "fits"),
    [
        (f"{TWO},李四", True),
        (f"{TWO},李四,,", True),
        (f"{TWO},李四,\u200b,#N/A", True),
        (f"{TWO}", True),
        (f"{TWO},WALMART CO.,LIMITED", False),
        (f"{TWO},,x", False),
        (f"{TWO},李四,,x", False),
    ],
)
@pytest.mark.parametrize("header", ["手机号,姓名", "手机号,姓名,", "手机号,姓名,,"])
def test_row_with_more_cells_than_the_header_is_invalid(row: str, fits: bool, header: str) -> None:
    """Whether its number alone is taken, or a column too; next to the header or far behind it."""
    for before in (1, 1000):
        rows = [f"138{n:08d},x" for n in range(before)]
        found = read("\n".join([header, *rows, row]))
        assert len(found.mobiles) == before + fits
        assert places(found) == ([] if fits else [(f"line {before + 2}", TWO)])
        assert all("separator in a cell" in entry.reason for entry in found.invalid)


@pytest.mark.parametrize(
    "cell",
    [
        "", " \u3000", "\u00a0", "\u200b", "\ufeff", "\u2800\u3164", "#N/A", "#n/a", "#REF!", "#VALUE!", "#NAME?",
        "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#########", "NULL", "null", "NaN", "None", "undefined", "N/A", "\\N",
        " #N/A\u200b",
    ],
)  # fmt: skip
def test_value_that_nobody_means_is_empty(cell: str) -> None:
    assert meant(cell) == ""
    found = read(f"姓名,手机号,x\n{cell},{ONE},1\n李四,{cell},1\n{cell},{cell},{cell}\n王五,{TWO},1\n", fields=["姓名"])
    assert (found.mobiles, found.values) == ([TWO], [("王五",)])
    assert [entry.reason.split(",")[0] for entry in found.invalid] == ["the column '姓名' is empty", "it is empty"]


@pytest.mark.parametrize("cell", ["无", "-", "/", "0", "#1", "#话题#", "nullable", "Nancy", "❤️", "👨‍👩‍👧"])
def test_value_that_somebody_means_stays(cell: str) -> None:
    assert meant(f"\u200b {cell}\u3000\ufeff") == cell
