"""The blocks of a page in HTML: escaping, key figures, tables, charts, and the document around them.

A page needs no network and no script; its policy forbids both. Phone numbers are masked unless asked for.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple
from unicodedata import category

from smscli.language import language
from smscli.protocol.numbers import masked
from smscli.reporting.charts import Series, bars
from smscli.reporting.style import CSS

MARK = '<meta name="generator" content="smscli">'  # by which a page is known as one
_TAGS = {"zh": "zh-CN"}
_JOINER = "\u200d"  # inside an emoji
_STYLE_HASH = base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; base-uri 'none'; form-action 'none'"


class Card(NamedTuple):
    """A key figure: its name, the count, a remark, and the class of its colour."""

    name: str
    numbers: int
    remark: str = ""
    colour: str = ""


class Named(NamedTuple):
    """What a row is about, with a remark and a bar below it, which is as long as `size` is of `most`."""

    name: str
    remark: str
    size: int
    most: int


class Rate(NamedTuple):
    """A part of a whole, shown in percent; nothing where there is no whole."""

    part: int
    whole: int

    def __str__(self) -> str:
        return f"{self.part / self.whole:.1%}" if self.whole else ""


_Cell = str | int | Named | Rate


class Writer:
    """Writes blocks; every text from outside goes through `text`, which hides the middle of phone numbers."""

    def __init__(self, whole_numbers: bool = False) -> None:
        self._whole_numbers = whole_numbers

    def text(self, text: str) -> str:
        """Return a text as HTML that shows it, and nothing else."""
        seen = text if text.isprintable() else "".join(map(_shown, text))
        return escape(seen if self._whole_numbers else masked(seen))

    def cards(self, cards: Iterable[Card]) -> str:
        """Return key figures side by side."""
        shown = (
            f'<div><dt>{self.text(name)}</dt><dd class="{colour}">{number(count)}'
            f"{f'<small>{self.text(remark)}</small>' if remark else ''}</dd></div>"
            for name, count, remark, colour in cards
        )
        return f"<dl>{''.join(shown)}</dl>"

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[_Cell]]) -> str:
        """Return a table; the first cell of a row names it, counts stand at the right."""
        kept = list(rows)
        heads = "".join(
            f'<th scope="col"{_class(cell)}>{self.text(column)}</th>'
            for column, cell in zip(columns, kept[0], strict=True)
        )
        body = "".join(f"<tr>{''.join(map(self._cell, range(len(row)), row))}</tr>" for row in kept)
        return f'<div class="table"><table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>'

    def _cell(self, place: int, cell: _Cell) -> str:
        if isinstance(cell, Named):
            shown = self._named(cell)
        else:
            shown = number(cell) if isinstance(cell, int) else self.text(str(cell))
        return f'<th scope="row">{shown}</th>' if place == 0 else f"<td{_class(cell)}>{shown}</td>"

    def _named(self, cell: Named) -> str:
        remark = f" <small>{self.text(cell.remark)}</small>" if cell.remark else ""
        return (
            f'<span>{self.text(cell.name)}</span>{remark}<svg class="bar" viewBox="0 0 100 8" '
            'preserveAspectRatio="none" aria-hidden="true"><rect class="one" '
            f'width="{100 * cell.size / max(cell.most, 1):.2f}" height="8"/></svg>'
        )

    def chart(self, label: str, times: Sequence[str], series: Sequence[Series]) -> str:
        """Return a chart over time, with a legend where it shows several kinds."""
        names = (
            f'<li><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="{kind.colour}" width="10" height="10"/>'
            f"</svg>{self.text(kind.name)}</li>"
            for kind in series
        )
        legend = f'<ul class="legend">{"".join(names)}</ul>' if len(series) > 1 else ""
        return legend + bars(label, times, series)

    def note(self, text: str) -> str:
        """Return a paragraph in a soft colour; nothing for an empty text."""
        return f'<p class="soft">{self.text(text)}</p>' if text else ""

    def section(self, title: str, *blocks: str, classes: str = "") -> str:
        """Return a part of a page under its title; nothing where it has no blocks."""
        shown = "".join(blocks)
        return f'<section class="{classes}"><h2>{self.text(title)}</h2>{shown}</section>' if shown else ""

    def document(self, title: str, body: str) -> str:
        """Return the whole page."""
        tag = _TAGS.get(language(), language())
        return (
            f'<!doctype html>\n<html lang="{tag}">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n{MARK}\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="referrer" content="no-referrer">\n<link rel="icon" href="data:,">\n'
            f"<title>{self.text(title)}</title>\n<style>{CSS}</style>\n</head>\n"
            f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
        )


def number(count: int) -> str:
    """Return a count as a person reads it."""
    return f"{count:,}"


def _class(cell: _Cell) -> str:
    return ' class="number"' if isinstance(cell, int | Rate) else ""


def _shown(character: str) -> str:
    """Return a character; a replacement for what controls, reorders or hides text."""
    is_text = character.isprintable() or character in ("\n", _JOINER) or category(character) == "Zs"
    return character if is_text else "\ufffd"
