"""What is sent: the text as it arrives, and its placeholders."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from smscli.errors import InputError


class Text(NamedTuple):
    """A content with placeholders: `pieces` alternate between literal text and a field's name."""

    pieces: tuple[str, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields it names, each once, in their order."""
        return tuple(dict.fromkeys(self.pieces[1::2]))

    def fill(self, values: Mapping[str, str]) -> str:
        """Return the text with every field's value in its place."""
        return "".join(values[piece] if index % 2 else piece for index, piece in enumerate(self.pieces))


def parse_text(content: str) -> Text:
    """Read `{field}` placeholders; `{{` and `}}` are literal braces, a lone brace is an InputError."""
    wide = re.search("｛[^｛｝]*｝", content)
    if wide:
        raise InputError(
            f"the content has full-width braces, {wide[0]!r}, which take no column. Nothing was sent. Write {{…}}."
        )
    pieces = [""]
    for part in re.split(r"(\{\{|\}\}|\{[^{}]*\})", content):
        if part in ("{{", "}}"):
            pieces[-1] += part[0]
        elif part.startswith("{") and part.endswith("}"):
            pieces += [part[1:-1].strip(), ""]
        elif "{" in part or "}" in part:
            raise InputError(
                f"the content has a lone brace in {part.strip()[:40]!r}. Nothing was sent. "
                "{column} takes a column of the list; a literal brace is written twice: {{ or }}."
            )
        else:
            pieces[-1] += part
    return Text(tuple(pieces))
