"""The pages: every figure is the ledger's, numbers are masked, and nothing from outside gets into the markup."""

import base64
import hashlib
import os
import re
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscli.reporting.blocks import Writer
from tests.support.command import Smscli
from tests.support.pages import Shown
from tests.support.sandboxes import RunningSandbox
from tests.support.shop import MOBILES, do_business

CARDS = {
    "Messages": "messages", "Billed parts": "parts", "Delivered": "delivered", "Failed": "failed",
    "Waiting for a report": "waiting", "Replies": "replies", "Opt-outs": "optouts",
}  # fmt: skip


@pytest.fixture
def business(smscli: Smscli, home: Path, sandbox: RunningSandbox) -> None:
    do_business(smscli, home, sandbox)


def page(smscli: Smscli, tmp_path: Path, *arguments: str) -> str:
    """Write a page and return its text."""
    ended = smscli(*arguments, "--html", "page.html")
    assert (ended.code, ended.out) == (0, ""), ended.err
    assert "The page is in page.html; only you can read it." in ended.err
    return (tmp_path / "page.html").read_text(encoding="utf-8")


def figures(smscli: Smscli, group: str) -> dict[str, dict[str, int]]:
    """Return what `stats` says, by the group."""
    return {str(row.pop(group)): row for row in smscli("stats", "--by", group, "--output", "json").json}


# --- the figures --------------------------------------------------------------------------------------------------


def test_every_figure_is_the_ledgers(smscli: Smscli, tmp_path: Path, business: None) -> None:
    shown = Shown(page(smscli, tmp_path, "stats"))
    runs = figures(smscli, "run").values()
    assert shown.cards == {card: sum(run[name] for run in runs) for card, name in CARDS.items()}
    by = "hour" if len(figures(smscli, "day")) == 1 else "day"  # it may be midnight
    said = {at: [int(cell) for cell in row] for at, row in shown.table("Time").items()}
    assert said == {at: list(row.values()) for at, row in figures(smscli, by).items()}
    for heading, group, name in (
        ("Profile", "profile", "parts"), ("Template", "template", "parts"), ("Operator", "operator", "messages")
    ):  # fmt: skip
        told = {row.partition(" / ")[0].replace("(none)", ""): cells[0] for row, cells in shown.table(heading).items()}
        assert told == {key: str(row[name]) for key, row in figures(smscli, group).items() if row[name]}
    assert shown.table("Reason") == {"空号 / number not in service CB:0001, MK:0001": ["2", "100.0%"]}


def test_the_bars_of_the_charts_are_the_figures_too(smscli: Smscli, tmp_path: Path, business: None) -> None:
    shown = Shown(page(smscli, tmp_path, "stats"))
    for name in ("Delivered", "Failed", "Waiting for a report"):
        bars = [title.rpartition(" ")[2] for title in shown.titles if f": {name} " in title]
        assert sum(map(int, bars)) == 2 * shown.cards[name]  # a wide chart and a narrow one


def test_a_runs_page_has_its_own_figures_and_who_did_not_get_it(smscli: Smscli, tmp_path: Path, business: None) -> None:
    shown = Shown(page(smscli, tmp_path, "runs", "1"))
    assert shown.cards == {card: figures(smscli, "run")["1"][name] for card, name in CARDS.items()}
    reason = "空号 / number not in service"
    assert shown.table("Number") == {"189****8002": ["MK:0001", reason], "192****8003": ["CB:0001", reason]}
    assert "【小店】" not in shown.text
    assert "您的账单已到期" in shown.text
    sandboxed = Shown(page(smscli, tmp_path, "runs", "3"))  # it is asked for by its number
    assert sandboxed.cards["Messages"] == 6


def test_a_page_is_in_the_readers_language(smscli: Smscli, tmp_path: Path, business: None) -> None:
    with (
        patch("smscli.reporting.blocks.language", lambda: "zh"),
        patch("smscli.reporting.pages.language", lambda: "zh"),
    ):
        text = page(smscli, tmp_path, "stats")
    assert '<html lang="zh-CN">' in text
    shown = Shown(text)
    assert list(shown.table("Reason")) == ["空号 CB:0001, MK:0001"]
    assert "移动" in shown.table("Operator")


def test_a_page_without_messages_says_so(smscli: Smscli, tmp_path: Path) -> None:
    assert "Nothing was sent or received in this time." in page(smscli, tmp_path, "stats", "--since", "2026-01-01")


# --- who may read it, and what ------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["stats"], ["runs", "1"]])
def test_numbers_are_masked_unless_asked_for(
    smscli: Smscli, tmp_path: Path, business: None, arguments: list[str]
) -> None:
    masked = Shown(page(smscli, tmp_path, *arguments)).text
    assert not any(mobile in masked for mobile in (*MOBILES, "13900139000"))
    assert "打139****9000" in masked
    whole = Shown(page(smscli, tmp_path, *arguments, "--whole-numbers")).text
    assert "13900139000" in whole
    assert "13000138001" in whole


def test_text_from_outside_is_shown_and_nothing_else(smscli: Smscli, tmp_path: Path, business: None) -> None:
    text = page(smscli, tmp_path, "stats")
    shown = Shown(text)
    assert "</title><script>alert(1)</script><img src=x onerror=alert(2)>\ufffd打" in shown.text
    assert {tag for tag, _ in shown.tags}.isdisjoint({"script", "img", "iframe", "object", "form", "a", "base"})
    assert not [name for _, attributes in shown.tags for name in attributes if name.startswith("on") or name == "style"]


def test_a_page_needs_nothing_from_a_network(smscli: Smscli, tmp_path: Path, business: None) -> None:
    text = page(smscli, tmp_path, "stats")
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert set(re.findall(r"[a-z]+://[^\"' <]+", text)) == {"http://www.w3.org/2000/svg"}  # a name, not an address
    assert '<html lang="en">' in text
    if os.name == "posix":
        assert (tmp_path / "page.html").stat().st_mode & 0o777 == 0o600


@given(st.text())
def test_any_text_stays_text(text: str) -> None:
    shown = Shown(f"<p>{Writer().text(text)}</p>")
    assert [tag for tag, _ in shown.tags] == ["p"]
    assert not re.search(r"(?<!\d)1[3-9]\d{9}(?!\d)", shown.text)


# --- the file -----------------------------------------------------------------------------------------------------


def test_a_page_replaces_a_page_and_nothing_else(smscli: Smscli, tmp_path: Path, home: Path, business: None) -> None:
    page(smscli, tmp_path, "stats")
    first = page(smscli, tmp_path, "runs", "1")
    lists = tmp_path / "list.csv"
    lists.write_text("手机号\n13800138000\n")
    ledger = Path(smscli("ledger", "path").out.strip())
    config = home / ".config" / "smscli" / "config.toml"
    for file, said in (
        (lists, "exists and is not a page of smscli, so it was left as it is"),
        (ledger, "is smscli's own ledger"),
        (config, "is smscli's own configuration"),
        (tmp_path, "exists and is not a page of smscli"),
        (tmp_path / "nowhere" / "page.html", "cannot be written: No such file or directory"),
    ):
        before = file.read_bytes() if file.is_file() else b""
        ended = smscli("stats", "--html", str(file))
        assert (ended.code, said in ended.err) == (2, True), ended.err
        assert "Traceback" not in ended.err
        assert (file.read_bytes() if file.is_file() else b"") == before
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == first
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["stats", "--whole-numbers"], "--whole-numbers can be used only with --html."),
        (["stats", "--html", "x.html", "--by", "day"], "--html writes a whole page"),
        (["runs", "1", "--html", "x.html", "--failed"], "--html writes a whole page"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    smscli: Smscli, tmp_path: Path, arguments: list[str], said: str
) -> None:
    ended = smscli(*arguments)
    assert ended.code == 2
    assert said in ended.err
    assert not (tmp_path / "x.html").exists()
