"""Charts over time, drawn as SVG with pygal, whose colours and fonts come from the page's style alone."""

import math
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element, SubElement, tostring

_STEPS = 4  # on the axis of counts, at most
_TICKS = {"wide": 10, "narrow": 5}  # on the axis of time, at most
_BAR_WIDTH = 40  # at most, where there are few times
_SIZES = {"wide": (720, 230), "narrow": (340, 210)}  # a phone gets a chart of its own, or its text would be tiny


class Series(NamedTuple):
    """One kind of count in a chart: its name, the class of its colour, and a count for each time."""

    name: str
    colour: str
    counts: Sequence[int]


def bars(label: str, times: Sequence[str], series: Sequence[Series]) -> str:
    """Return bars over time as HTML, the kinds stacked, once for a wide page and once for a narrow one.

    A chart needs no script: each bar has its time, kind and count as its title.
    """
    return "".join(_chart(width, label, times, series) for width in _SIZES)


def _chart(width: str, label: str, times: Sequence[str], series: Sequence[Series]) -> str:
    pygal = _load_pygal()
    across, high = _SIZES[width]
    chart = pygal.StackedBar(
        js=[], css=[], no_prefix=True, explicit_size=False, width=across, height=high, margin=4, spacing=6,
        show_legend=False, print_values=False, show_minor_x_labels=False, truncate_label=-1,
        style=pygal.style.Style(label_font_size=12, major_label_font_size=12),
    )  # fmt: skip
    chart.x_labels = list(times)
    chart.x_labels_major = times[:: math.ceil(len(times) / _TICKS[width])]
    chart.y_labels = _axis(max(map(sum, zip(*(kind.counts for kind in series), strict=True))))
    chart.value_formatter = "{:,.0f}".format
    for kind in series:
        chart.add(kind.name, list(kind.counts))
    tree = chart.render_tree()
    _prepare(tree, series)
    tree.set("class", f"chart {width}")
    tree.set("role", "img")
    tree.set("aria-label", label)
    return tostring(tree, encoding="unicode")


def _load_pygal() -> Any:
    import pygal
    import pygal.style

    # It leaves a finder of an old kind, for its maps, at which every later import of this process would warn.
    sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]
    return pygal


def _axis(most: int) -> list[int]:
    """Return round counts from 0 to at least `most`."""
    rough = max(most, 1) / _STEPS
    unit = 10 ** math.floor(math.log10(rough)) if rough >= 1 else 1
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
    return list(range(0, step * math.ceil(max(most, 1) / step) + 1, step))


def _prepare(tree: Element, series: Sequence[Series]) -> None:
    """Take away what serves pygal's script and style, and give each bar a title, which browsers show."""
    for parent in list(tree.iter()):
        for child in list(parent):
            is_comment = not isinstance(child.tag, str)
            if is_comment or child.tag in ("defs", "title") or "overlay" in child.get("class", ""):
                parent.remove(child)
    for group in tree.iter("g"):
        if (name := group.get("class", "")).startswith("series"):
            kind = series[int(name.rpartition("-")[2])]
            group.set("class", kind.colour)
            for bar in group.iter("g"):
                if bar.get("class") == "bar":
                    _prepare_bar(bar, kind)
    tree.attrib.pop("id", None)


def _prepare_bar(bar: Element, kind: Series) -> None:
    said = {child.get("class"): child.text for child in bar.iter("desc")}
    for child in bar.findall("desc"):
        bar.remove(child)
    SubElement(bar, "title").text = f"{said.get('x_label')}: {kind.name} {said.get('value')}"
    (rectangle,) = bar.findall("rect")
    place, width = float(rectangle.get("x", 0)), float(rectangle.get("width", 0))
    kept = min(width, _BAR_WIDTH)
    sizes = {"x": place + (width - kept) / 2, "width": kept}
    sizes |= {name: float(rectangle.get(name, 0)) for name in ("y", "height")}
    bar.set("class", "bar")
    rectangle.attrib.clear()
    for name, size in sizes.items():
        rectangle.set(name, f"{size:.1f}")
