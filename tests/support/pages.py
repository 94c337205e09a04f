"""What a page of HTML shows, as a person reads it."""

from html.parser import HTMLParser

_ALONE = ("meta", "link", "rect", "path", "br", "img")


class Shown(HTMLParser):
    """A page's key figures, its tables as rows of texts, all of its text, and its tags with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.cards: dict[str, int] = {}
        self.tables: list[list[list[str]]] = []
        self.text = ""
        self.titles: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self._name = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _ALONE:
            self._open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            return
        self.text += data
        if self._open[-1:] == ["title"]:
            self.titles.append(data)
        elif self._open[-1:] == ["dt"]:
            self._name = data
        elif self._open[-1:] == ["dd"]:
            self.cards[self._name] = int(data.replace(",", ""))
        elif self.tables and {"td", "th"} & set(self._open):
            self.tables[-1][-1][-1] += data

    def table(self, heading: str) -> dict[str, list[str]]:
        """Return the rows of the one table whose first column has that heading, by their first cell."""
        (found,) = [table for table in self.tables if table[0][0] == heading]
        return {row[0]: row[1:] for row in found[1:]}
