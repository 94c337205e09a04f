"""Replies of people who want no more messages, or want them again (protocol §6): one of some words and nothing else."""

import re
import unicodedata
from collections.abc import Collection, Iterable
from functools import lru_cache

# Letters of other scripts that are not visible.
_BLANK_LETTERS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
_BEFORE = "[请請]?,?(?:我要)?,?(?:回[复覆復]?)?,?"
_AFTER = ",?(?:谢谢|謝謝)?"


def wants_out(content: str, words: Collection[str]) -> bool:
    """Return whether a reply is one of the words that end the messages.

    These do not matter: width, case, blanks, invisible characters, and characters around the word that are not letters
    or digits. 请, 我要, 回 or 回复 may come before it, and 谢谢 after it. It may come twice, and a Latin word may come
    with a Chinese one (`TD退订`). With any other text it is a reply for a person to read: `不退订`, `T恤有货吗`.
    """
    return bool(_pattern(tuple(words)).fullmatch(_fold(content)))


def wants_in(content: str, words: Collection[str]) -> bool:
    """Return whether a reply is one of the words that ask for messages again; they are compared as in `wants_out`."""
    return wants_out(content, words)


def _fold(text: str) -> str:
    """Return the letters and digits of a text in one width and case; anything else between them becomes a comma."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = "".join(char for char in text if not _is_blank(char))
    return re.sub(r"[\W_]+", ",", text).strip(",")


def _is_blank(char: str) -> bool:
    # The last line: the marks that choose how an emoji looks.
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
    # Not two Chinese words: 取消退订 and 不需要退订 mean the opposite. Not TT: it means a crying face.
    twice = _any(word for word in folded if len(word) > 1)
    core = f"{_any(folded)}|{latin},?{chinese}|{chinese},?{latin}|(?P<word>{twice}),?(?P=word)"
    return re.compile(f"{_BEFORE}(?:{core}){_AFTER}")


def _any(words: Iterable[str]) -> str:
    """Return the pattern of any of these words; without words, a pattern that matches nothing."""
    return f"(?:{alternatives})" if (alternatives := "|".join(map(re.escape, words))) else "(?!)"
