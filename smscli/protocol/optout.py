"""What people answer who want no more messages, or want them again (protocol §6): one of some words, and no more."""

import re
import unicodedata
from collections.abc import Collection, Iterable
from functools import lru_cache

# Letters of other scripts that show nothing.
_BLANK_LETTERS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
_BEFORE = "[请請]?,?(?:我要)?,?(?:回[复覆復]?)?,?"
_AFTER = ",?(?:谢谢|謝謝)?"


def wants_out(content: str, words: Collection[str]) -> bool:
    """Return whether a reply is one of the words that end the messages.

    Width and case do not count, nor blanks, invisible characters, and what stands around the word that is not a letter
    or digit. It may have 请, 我要, 回 or 回复 before it and 谢谢 after it, may stand twice, and a Latin word may join a
    Chinese one (`TD退订`). Any other text beside it makes the reply one for a person to read: `不退订`, `T恤有货吗`.
    """
    return bool(_pattern(tuple(words)).fullmatch(_fold(content)))


def wants_in(content: str, words: Collection[str]) -> bool:
    """Return whether a reply is one of the words that ask for messages again; they are compared as in `wants_out`."""
    return wants_out(content, words)


def _fold(text: str) -> str:
    """Return the letters and digits of a text in one width and case; a comma is whatever else stands between them."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = "".join(char for char in text if not _is_blank(char))
    return re.sub(r"[\W_]+", ",", text).strip(",")


def _is_blank(char: str) -> bool:
    # Of the marks, those that choose how an emoji looks.
    return (
        char.isspace()
        or unicodedata.category(char) in ("Cc", "Cf", "Zs")
        or char in _BLANK_LETTERS
        or "\ufe00" <= char <= "\ufe0f"
    )


@lru_cache(maxsize=16)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    folded = sorted({_fold(word) for word in words} - {""})
    latin = _any(word for word in folded if word.isascii())
    chinese = _any(word for word in folded if not word.isascii())
    # Not two Chinese words: 取消 and 不需要 before 退订 say the opposite. Not TT: that is a face that cries.
    twice = _any(word for word in folded if len(word) > 1)
    core = f"{_any(folded)}|{latin},?{chinese}|{chinese},?{latin}|(?P<word>{twice}),?(?P=word)"
    return re.compile(f"{_BEFORE}(?:{core}){_AFTER}")


def _any(words: Iterable[str]) -> str:
    """Return the pattern of any of these words; of none it is a pattern that nothing matches."""
    return f"(?:{alternatives})" if (alternatives := "|".join(map(re.escape, words))) else "(?!)"
