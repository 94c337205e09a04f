"""What is allowed in a text but probably a mistake: signatures, invisible characters, links."""

import re
from collections.abc import Iterable
from unicodedata import category

from smscli.language import _, listing
from smscli.protocol.billing import billed_parts, signed
from smscli.text import INVISIBLE

_INVISIBLE = frozenset(INVISIBLE)
_JOINER = "\u200d"  # joins several emoji to one
_TOP = (
    "com|cn|net|org|cc|top|vip|io|me|co|xyz|shop|store|info|tv|hk|tw|ltd|site|online|club|link|ink|wang|app|biz|pro|fun"
)
_PATH = r"(?:[:/?#][\w\-.~:/?#\[\]@!$&'()*+,;=%]*)?"
# A link in ASCII; one without http:// is known by its last part.
_LINK = rf"(?:https?://[\w\-.~:/?#\[\]@!$&'()*+,;=%]+|(?<![\w.@/-])(?:[a-z0-9-]+\.)+(?:{_TOP})(?![\w.@-]){_PATH})"


def signature_warnings(texts: Iterable[str], sign: str) -> list[str]:
    """Return what is wrong with the signature; the gateway puts `sign` in 【】 in front of each text."""
    found = []
    twice = next(filter(None, (_own_signature(text, sign) for text in texts)), "") if sign else ""
    if twice:
        said = _("there is a signature in the text, {signature}, and one in sign: people will see both")
        found.append(said.format(signature=twice))
    if sign.startswith("【") != sign.endswith("】"):
        found.append(_("one bracket is missing in the sign"))
    return found


def is_unsigned(texts: Iterable[str], sign: str) -> bool:
    """Return whether any text goes out without a signature."""
    return not sign and not all("【" in text and "】" in text for text in texts)


def _own_signature(text: str, sign: str) -> str:
    """Return the signature at the start or end of a text, or the sign anywhere in it; empty if there is none."""
    text = text.strip().strip(INVISIBLE)
    ends = "【" in text and (re.match("【[^【】]*】", text) or re.search("【[^【】]*】$", text))
    own = signed("", sign)
    return ends[0] if ends else own if own in text else ""


def text_warnings(texts: Iterable[str], sign: str) -> list[str]:
    """Return what people will not see as it was meant, each kind once."""
    unseen = glued = ""
    for text in texts:
        if not unseen and (not _INVISIBLE.isdisjoint(text) or text != text.strip()):
            unseen = _unseen(text, sign)
        if not glued and "." in text:
            glued = _glued(text)
    return [warning for warning in (unseen, glued) if warning]


def _unseen(text: str, sign: str) -> str:
    """Return what is invisible in a text but billed; blanks at its ends only if they cost a part."""
    pairs = list(zip(text, f"{text[1:]} ", strict=True))
    signs = [c for c, following in pairs if _is_unseen(c, following)]
    seen = "".join(c for c, following in pairs if not _is_unseen(c, following)).strip()
    parts, enough = billed_parts(signed(text, sign)), billed_parts(signed(seen, sign))
    if not signs and parts == enough:
        return ""
    names = listing(f"U+{ord(c):04X}" for c in dict.fromkeys(signs))
    what = _("blanks at the end of a text are billed")
    if signs:
        what = _("invisible characters are billed ({names})").format(names=names)
    if parts <= enough:
        return what
    return _("{warning}: {parts} parts instead of {enough}").format(warning=what, parts=parts, enough=enough)


def _is_unseen(character: str, following: str) -> bool:
    if character == _JOINER:
        return category(following) != "So"
    return character in _INVISIBLE


def _glued(text: str) -> str:
    """Return a warning about a link that Chinese text touches: a phone reads both as the link."""
    for link in re.finditer(_LINK, text, re.IGNORECASE | re.ASCII):
        before, after = text[: link.start()][-1:], text[link.end() :][:1]
        if _is_text(after) or (_is_text(before) and "://" not in link[0]):
            said = _("a link touches the text next to it, {link}: phones read both as the link; put spaces between")
            return said.format(link=f"{before}{link[0]}{after}")
    return ""


def _is_text(character: str) -> bool:
    return character > "\x7f" and not character.isspace()
