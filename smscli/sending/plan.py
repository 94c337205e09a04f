"""What a send will do: which text goes to which numbers, in which batches, when, and for how many parts."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from unicodedata import category

from smscli.errors import InputError
from smscli.language import _, later
from smscli.protocol.billing import billed_parts, count_characters, signed
from smscli.protocol.forms import BATCH_SIZE, CONTENT_LIMIT
from smscli.sending.message import Text, refuse_other_placeholders
from smscli.sending.recipients import Recipients
from smscli.sending.warnings import is_unsigned, signature_warnings, text_warnings

_DAMAGED = ("\ufffd", "锟斤拷")  # the second is the first one, decoded wrongly
_ADVISED = 300  # characters, protocol §1


class Plan(NamedTuple):
    """Texts and the numbers each goes to; `content` is as it was given, `stime` China time or empty for now."""

    content: str
    texts: Mapping[str, Sequence[str]]
    sign: str = ""
    extno: str = ""
    stime: str = ""
    batch_size: int = BATCH_SIZE

    def batches(self) -> Iterator["PlannedBatch"]:
        """Yield each request's text and its numbers."""
        for text, mobiles in self.texts.items():
            for start in range(0, len(mobiles), self.batch_size):
                yield PlannedBatch(text, tuple(mobiles[start : start + self.batch_size]))

    @property
    def numbers(self) -> int:
        """How many messages it is: every text to every one of its numbers."""
        return sum(map(len, self.texts.values()))

    @property
    def requests(self) -> int:
        """How many requests it takes."""
        return sum(-(-len(mobiles) // self.batch_size) for mobiles in self.texts.values())

    def cost(self) -> "Cost":
        """Return what it costs, signatures included."""
        arriving = [signed(text, self.sign) for text in self.texts]
        lengths = [count_characters(text) for text in arriving]
        parts = [billed_parts(text) for text in arriving]
        total = sum(part * len(mobiles) for part, mobiles in zip(parts, self.texts.values(), strict=True))
        return Cost(min(lengths), max(lengths), min(parts), max(parts), total)

    def digest(self) -> str:
        """Return a fingerprint of who gets what."""
        found = hashlib.sha256()
        for text, mobiles in self.texts.items():
            found.update(f"{text}\0{','.join(mobiles)}\0".encode())
        return found.hexdigest()

    def warnings(self) -> list[str]:
        """Return what is allowed but probably a mistake; every send shows it."""
        found = [*signature_warnings(self.texts, self.sign), *text_warnings(self.texts, self.sign)]
        if is_unsigned(self.texts, self.sign):
            found.append(_("there is no signature: the gateway wants one in sign, or in 【】 in the text"))
        return found

    def remarks(self) -> list[str]:
        """Return what is probably meant; only a preview shows it."""
        found = []
        if more := self.numbers - len(set().union(*self.texts.values())):
            found.append(_("{count:,} more texts than people: some people get several").format(count=more))
        if max(map(count_characters, self.texts), default=0) > _ADVISED:
            found.append(_("over {count} characters: the vendor advises less").format(count=_ADVISED))
        return found

    def check(self) -> None:
        """Refuse what the gateway would refuse, or what must be a mistake, before anything is sent."""
        for text in self.texts:
            check_content(text)
        check_sign(self.sign)
        if not re.fullmatch("[0-9]*", self.extno):
            raise InputError(_("the extno {extno!r} must be digits only. Nothing was sent.").format(extno=self.extno))


class PlannedBatch(NamedTuple):
    """One request of a plan: a text, and the numbers it goes to."""

    content: str
    mobiles: tuple[str, ...]


class Cost(NamedTuple):
    """Characters and billed parts of a message, the least and the most, and the parts of all together."""

    least_characters: int
    most_characters: int
    least_parts: int
    most_parts: int
    total_parts: int


def check_content(content: str) -> None:
    """Refuse a text that the gateway would refuse, or that must be a mistake."""
    if not content.strip():
        raise InputError(_("the content is empty. Nothing was sent."))
    characters = count_characters(content)
    if characters > CONTENT_LIMIT:
        said = _(
            "the content has {characters} characters, {more} more than the {most} that the gateway takes. "
            "Nothing was sent. Shorten it."
        )
        raise InputError(said.format(characters=characters, more=characters - CONTENT_LIMIT, most=CONTENT_LIMIT))
    _refuse_control(content, later("the content"))
    damage = next((damaged for damaged in _DAMAGED if damaged in content), "")
    if damage:
        said = _(
            "the content has {damage!r}, which programs write where they could not read a character. "
            "Nothing was sent. Write that character again."
        )
        raise InputError(said.format(damage=damage))


def check_sign(sign: str) -> None:
    """Refuse a signature that cannot be put in front of a text."""
    _refuse_control(sign, later("the sign"))
    if not set("\r\n\t").isdisjoint(sign):
        raise InputError(_("the sign has a line break or a tab. Nothing was sent. Remove it."))


def _refuse_control(text: str, what: str) -> None:
    """Refuse control characters, which a terminal or a gateway could obey; line breaks and tabs are fine."""
    for position, character in enumerate(text, 1):
        kind = category(character)
        if kind in ("Cc", "Cs") and character not in "\r\n\t":
            said = _("{what} has a control character at position {position}. Nothing was sent. Remove it.")
            if kind == "Cs":
                said = _(
                    "{what} has bytes that are not UTF-8 text at position {position}. Nothing was sent. Remove it."
                )
            raise InputError(said.format(what=_(what), position=position))


def texts_for(
    text: Text, constants: Mapping[str, str], people: Recipients, limit: int | None
) -> dict[str, Sequence[str]]:
    """Return who gets which text, equal texts together; an InputError names the lines whose text cannot be sent."""
    refuse_other_placeholders(text, [*people.columns, *constants])
    if not people.values:
        return {text.fill(constants): people.mobiles[:limit]}
    columns = [name for name in text.fields if name not in constants]
    texts: dict[str, dict[str, None]] = {}
    wrong: list[str] = []
    for mobile, line, values in zip(people.mobiles[:limit], people.lines, people.values, strict=False):
        filled = text.fill({**constants, **dict(zip(columns, values, strict=True))})
        if filled not in texts:
            try:
                check_content(filled)
            except InputError as error:
                wrong.append(_("line {line}: {problem}").format(line=line, problem=error))
        texts.setdefault(filled, {})[mobile] = None  # different cells can make the same text: it is sent once
    if wrong:
        raise InputError("\n".join(wrong))
    return {filled: list(mobiles) for filled, mobiles in texts.items()}
