"""The file of what was left out: usable again after correction, and for its owner alone."""

import csv
import os
import stat
from pathlib import Path

import pytest

from smscli.errors import InputError
from tests.support.lists import read

ONE, TWO, THREE = "13800138001", "13800138002", "13800138003"
LIST = f'客户名单\n手机号,姓名,金额\n{ONE},张三,20\n1380013,李四,30\n{TWO},A CO.,LIMITED,348\n,"王,五\nb",=1+1\n'


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.reader(stream))


def test_rejects_are_the_original_columns_behind_line_and_reason(tmp_path: Path) -> None:
    read(LIST).invalid.write(tmp_path / "rejects.csv")
    assert rows(tmp_path / "rejects.csv") == [
        ["line", "reason", "手机号", "姓名", "金额"],
        ["4", "too short: 7 digits where a mobile number has 11", "1380013", "李四", "30"],
        [
            "5",
            "it has 4 cells and the header has 3: a separator in a cell needs quotation marks around the cell",
            TWO, "A CO.", "LIMITED", "348",
        ],
        ["6", "it is empty", "", "王,五\nb", "=1+1"],
    ]  # fmt: skip


def test_excel_sees_utf8_and_only_the_owner_reads(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        read(LIST).invalid.write(tmp_path / "rejects.csv")
    finally:
        os.umask(before)
    assert (tmp_path / "rejects.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert stat.S_IMODE((tmp_path / "rejects.csv").stat().st_mode) == 0o600


def test_corrected_rejects_are_a_list_and_uncorrected_ones_are_not(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    read(LIST).invalid.write(path)
    again = read(path.read_bytes(), fields=["姓名", "金额"])
    assert (again.mobiles, len(again.invalid)) == ([], 3)
    text = path.read_text(encoding="utf-8-sig").replace("1380013,", f"{ONE},")
    text = text.replace("A CO.,LIMITED", '"A CO.,LIMITED"').replace("it is empty,,", f"it is empty,{THREE},")
    found = read(text, fields=["姓名", "金额"])
    assert (found.mobiles, list(found.invalid)) == ([ONE, TWO, THREE], [])
    assert found.values == [("李四", "30"), ("A CO.,LIMITED", "348"), ("王,五\nb", "=1+1")]


def test_rejects_of_rejects_have_line_and_reason_once(tmp_path: Path) -> None:
    read(LIST).invalid.write(tmp_path / "first.csv")
    read((tmp_path / "first.csv").read_bytes()).invalid.write(tmp_path / "second.csv")
    first, second = rows(tmp_path / "first.csv"), rows(tmp_path / "second.csv")
    assert second[0] == first[0]
    assert [row[2:] for row in second] == [row[2:] for row in first]


@pytest.mark.parametrize(("text", "header"), [(f"{ONE}\nbad1\n", ["mobile"]), (f"a,{ONE}\nb,bad1\n", ["", "mobile"])])
def test_list_without_a_header_gets_one(tmp_path: Path, text: str, header: list[str]) -> None:
    path = tmp_path / "rejects.csv"
    read(text).invalid.write(path)
    assert rows(path)[0] == ["line", "reason", *header]
    assert read(path.read_text(encoding="utf-8-sig").replace("bad1", TWO)).mobiles == [TWO]


def test_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(LIST, encoding="utf-8")
    with pytest.raises(InputError, match=r"list\.csv cannot be written: File exists\. Nothing was sent\."):
        read(LIST).invalid.write(path)
    assert path.read_text(encoding="utf-8") == LIST


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_half_a_file_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    real = os.open

    def create_but_write_elsewhere(path: Path, flags: int, mode: int) -> int:
        os.close(real(path, flags, mode))
        return full

    monkeypatch.setattr(os, "open", create_but_write_elsewhere)
    with pytest.raises(InputError, match=r"No space left on device\. Nothing was sent\."):
        read(LIST).invalid.write(tmp_path / "rejects.csv")
    assert not (tmp_path / "rejects.csv").exists()
