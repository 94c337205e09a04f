"""What is sent: the text as it arrives, and what it costs (protocol §6)."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from smscli.errors import InputError

_ONE_PART = 70
_LONG_PART = 67


def count_characters(text: str) -> int:
    """Return the characters as operators bill them: UTF-16 units, so an emoji counts as two."""
    return len(text) + sum(character > "\uffff" for character in text)


def signed(content: str, sign: str) -> str:
    """Return the text as it arrives: the signature in its brackets, then the content."""
    if not sign:
        return content
    return f"{sign}{content}" if sign.startswith("【") and sign.endswith("】") else f"【{sign}】{content}"


def billed_parts(text: str) -> int:
    """Return the parts a text (signature included) is billed as: up to 70 characters one, else 67 a part."""
    characters = count_characters(text)
    return 1 if characters <= _ONE_PART else -(-characters // _LONG_PART)


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
