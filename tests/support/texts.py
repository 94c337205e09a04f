"""Texts that try everything, and what is safe to show."""

from hypothesis import strategies as st

# Texts in which everything dangerous is likely.
TEXTS = st.text() | st.text(
    "ab中\t\n\r\x00\x1b[31m\x7f\x9b\u202e\u200b\u2028\u3000\ud800=+-@＝'\"\\,[red]😀\xa0", max_size=12
)


def is_safe(text: str) -> bool:
    """Tell whether a terminal would show the text and obey none of it."""
    return all(character.isprintable() or character in "\xa0\u3000\u1680\u202f\u205f" or
               "\u2000" <= character <= "\u200a" for character in text)  # fmt: skip
