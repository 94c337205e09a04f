"""What may be quoted from a text that others wrote: nothing that could hold the password, however it is spelled.

A gateway or a proxy can repeat what it was sent, in more spellings than a list could hold (`%2f`, `%252F`, `&#39;`,
`\\u0026`, base64 and so on). So the rule says what is harmless: words, some numbers and Chinese text, without four
characters of the password in a row, also if other characters stand between them. Anything else is not shown at all.
"""

import re

from smscli.language import _, later

NOT_SHOWN = later("(not shown, because it may hold the password)")

_SHOWN = 4  # this many characters of a password in a row are too many
_SHORTEST = 6  # a shorter password could look like an ordinary word or number
# A number is at most as long as a phone number, and there are at most as many of them as in an IP address. There are
# few words of one or two letters. So a password that was cut into pieces or written as numbers does not pass.
_NUMBERS, _DIGITS, _SHORT_WORDS = 4, 12, 3
_CHINESE = (("\u4e00", "\u9fff"), ("\u3000", "\u303f"), ("\uff01", "\uff0f"), ("\uff1a", "\uff1f"))  # with punctuation
_SIGN = rf"""[\s,.;:!?()<>"'/{"".join(map("-".join, _CHINESE))}-]"""
_PLAIN = rf"(?:(?:[A-Z]?[a-z]+|[A-Z]+|[0-9]{{1,11}})(?![A-Za-z0-9])|{_SIGN})*"


def may_be_quoted(text: str, password: str) -> bool:
    """Return whether a text can be shown and stored without showing the password, or a part of it."""
    if all(any(first <= char <= last for first, last in _CHINESE) for char in text):  # a pattern would cost more
        return set(text).isdisjoint(password)
    secret = _bare(password)
    if not password.isascii() or len(secret) < _SHORTEST or not re.fullmatch(_PLAIN, text):
        return False
    numbers = re.findall("[0-9]+", text)
    if len(numbers) > _NUMBERS or sum(map(len, numbers)) > _DIGITS:
        return False
    if len(re.findall("(?<![A-Za-z])[A-Za-z]{1,2}(?![A-Za-z])", text)) > _SHORT_WORDS:
        return False
    bare = _bare(text)
    return not any(secret[start : start + _SHOWN] in bare for start in range(len(secret) - _SHOWN + 1))


def quoted(text: str, password: str) -> str:
    """Return the text, or words that say why it is not shown."""
    return text if may_be_quoted(text, password) else _(NOT_SHOWN)


def _bare(text: str) -> str:
    """Return only the ASCII letters and digits, in lower case."""
    return "".join(char for char in text if char.isascii() and char.isalnum()).lower()
