"""The pages in a real browser: no complaint, no request, no line too wide, and A4 when printed."""

import re
from pathlib import Path

import pytest

from tests.support.browser import PROGRAM, look
from tests.support.command import Smscli
from tests.support.sandboxes import RunningSandbox
from tests.support.shop import do_business

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="there is no chromium on this machine")
WIDTH = "document.documentElement.scrollWidth"
SEEN = "document.querySelector('dd').innerText + ' ' + getComputedStyle(document.body).backgroundColor"
BARS = (
    "[...document.querySelectorAll('svg.chart')].filter(e => e.getBoundingClientRect().width).map(e => e.classList[1])"
)
FILLS = "[...new Set([...document.querySelectorAll('svg.chart .bar rect')].map(e => getComputedStyle(e).fill))].length"
A4 = rb"/MediaBox ?\[0 0 59[45](\.[0-9]+)? 84[12](\.[0-9]+)?\]"


@pytest.mark.parametrize("arguments", [["stats"], ["runs", "1"]])
@pytest.mark.parametrize(("width", "dark"), [(1000, False), (1000, True), (360, False), (360, True)])
def test_a_page_is_shown_as_it_is_meant(
    smscli: Smscli, home: Path, sandbox: RunningSandbox, tmp_path: Path, arguments: list[str], width: int, dark: bool
) -> None:
    do_business(smscli, home, sandbox)
    assert smscli(*arguments, "--html", "page.html").code == 0
    page = tmp_path / "page.html"
    found = look(page, tmp_path, width, dark, (WIDTH, SEEN, BARS, FILLS))
    assert found.complaints == []
    assert found.requests == [page.as_uri()]
    wide, seen, charts, fills = found.asked
    assert wide == width
    assert re.match(r"(6|12)\b", seen)
    assert seen.endswith("rgb(18, 22, 28)" if dark else "rgb(246, 247, 249)")
    assert set(charts) == {"wide" if width > 600 else "narrow"}
    assert fills >= 3
    assert found.picture.startswith(b"\x89PNG")
    assert re.findall(A4, found.pdf)
    assert len(re.findall(A4, found.pdf)) == len(re.findall(rb"/MediaBox", found.pdf))


def test_the_browser_does_see_what_a_page_must_not_do(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        "<!doctype html><div style='width:900px'>x</div><img src='http://127.0.0.1:9/x.png'><script>nobody()</script>"
    )
    found = look(page, tmp_path, 360, False, (WIDTH,))
    assert len(found.requests) == 2
    assert len(found.complaints) >= 2
    assert found.asked[0] >= 900
