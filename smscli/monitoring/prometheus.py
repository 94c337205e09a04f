"""The text format of Prometheus: metrics with their help, type and labels."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Sample(NamedTuple):
    """One value of a metric, a number or a text that is one."""

    value: float | str
    labels: Mapping[str, str] = {}


class Metric(NamedTuple):
    """A metric, of the kind `gauge` or `counter`, with its samples."""

    name: str
    kind: str
    help: str
    samples: Iterable[Sample]


def exposition(metrics: Iterable[Metric]) -> str:
    """Return metrics as Prometheus reads them; any text can be the value of a label."""
    return "".join(map(_metric, metrics))


def _metric(metric: Metric) -> str:
    lines = [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.kind}"]
    lines += [f"{metric.name}{_labels(sample.labels)} {sample.value}" for sample in metric.samples]
    return "\n".join(lines) + "\n"


def _labels(labels: Mapping[str, str]) -> str:
    return f"{{{','.join(f'{name}={_quoted(value)}' for name, value in labels.items())}}}" if labels else ""


def _quoted(value: str) -> str:
    valid = value.encode("utf-8", "replace").decode()  # a lone surrogate has no bytes
    escaped = valid.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
    return f'"{escaped}"'
