"""The forms of monitoring systems: whatever a text holds, the reader finds it again and nothing else."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from smscli.monitoring.nagios import Service, Status, line, measured, worst
from smscli.monitoring.prometheus import Metric, Sample, exposition

LABELS = st.text(st.sampled_from('\\"\n{}=, nx店')) | st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(st.tuples(LABELS, st.integers(0, 10**9)), max_size=5))
def test_any_text_can_be_a_label_of_prometheus(rows: list[tuple[str, int]]) -> None:
    samples = [Sample(count, {"profile": label, "x": "y"}) for label, count in rows]
    text = exposition([Metric("a", "gauge", "The first.", samples), Metric("b", "counter", "The last.", [Sample(7)])])
    first, last = text_string_to_metric_families(text)
    assert [(sample.labels, sample.value) for sample in first.samples] == [
        ({"profile": label, "x": "y"}, count) for label, count in rows
    ]
    assert [sample.value for sample in last.samples] == [7]
    assert text.endswith("\n")


@given(st.lists(st.tuples(st.text(st.sampled_from("|'=\n\r x;")) | st.text(), st.sampled_from(Status)), min_size=1))
def test_a_plugin_has_one_line_and_its_data_behind_one_bar(rows: list[tuple[str, Status]]) -> None:
    said = line("SMS", [Service(status, text, measured(text, "5", 10, None)) for text, status in rows])
    assert said.splitlines(keepends=True) == [said] or not said.isprintable()
    assert said.count("\n") == 1
    text, bar, data = said.rstrip("\n").partition(" | ")
    assert (text.count("|"), bar) == (0, " | ")
    assert text.startswith(f"SMS {worst(status for _, status in rows).name} - ")
    assert len(re.findall(r"'[^'=|]*'=5;10:;(?: |$)", data)) == len(rows)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [([0], 0), ([0, 1], 1), ([1, 2, 3], 2), ([0, 3], 3), ([1, 3], 1), ([], 3)],
)
def test_the_worst_of_several_counts(statuses: list[int], expected: int) -> None:
    assert worst(map(Status, statuses)) == expected
