"""The charts: what pygal draws, without what it brings along."""

import subprocess
import sys
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from smscli.reporting.charts import Series, _axis, bars


def test_later_imports_do_not_warn_of_what_pygal_leaves() -> None:
    code = (
        "from smscli.reporting.charts import Series, bars\n"
        "assert 'height' in bars('x', ['1'], [Series('x', 'good', [1])])\n"
        "try: import there_is_no_such_module\n"
        "except ImportError: pass"
    )
    assert subprocess.run([sys.executable, "-W", "error::ImportWarning", "-c", code], check=False).returncode == 0


@given(st.integers(0, 10**8))
def test_the_axis_has_few_round_counts_and_holds_the_highest_bar(most: int) -> None:
    ticks = _axis(most)
    assert ticks[0] == 0
    assert ticks[-1] >= most
    assert len(ticks) <= 6
    assert len({after - before for before, after in pairwise(ticks)}) == 1


def test_a_label_of_a_chart_is_text() -> None:
    assert "<script" not in bars("<script>", ['"><script>'], [Series("<script>", "good", [1])])
