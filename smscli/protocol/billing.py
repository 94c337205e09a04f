"""What a message is billed as: characters and parts, the signature included (protocol §6)."""

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
