"""How it is sent: one text to a list, cut into batches, at a time."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from unicodedata import category

from smscli import message, wire
from smscli.errors import InputError

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Plan(NamedTuple):
    """One text to a list of numbers; `at` is an aware time, None for now."""

    mobiles: Sequence[str]
    content: str
    sign: str = ""
    extno: str = ""
    at: datetime | None = None
    batch_size: int = wire.BATCH_SIZE

    def check(self) -> None:
        """Refuse a text, sign or extno that the gateway would refuse, or that nobody can have meant."""
        check_content(self.content)
        check_sign(self.sign)
        if not re.fullmatch("[0-9]*", self.extno):
            raise InputError(f"the extno {self.extno!r} must be digits only. Nothing was sent.")

    @property
    def text(self) -> str:
        """The text as it arrives, signature included."""
        return message.signed(self.content, self.sign)

    @property
    def parts(self) -> int:
        """What one number is billed."""
        return message.billed_parts(self.text)

    def batches(self) -> Iterator[Sequence[str]]:
        """Yield the numbers of each request."""
        for start in range(0, len(self.mobiles), self.batch_size):
            yield self.mobiles[start : start + self.batch_size]

    def form(self, mobiles: Sequence[str]) -> dict[str, str]:
        """Return the fields of one batch's request, without the account's."""
        return wire.send_form(self.content, mobiles, self.sign, self.extno, self.at)


def check_content(content: str) -> None:
    """Refuse a text that the gateway would refuse, or that nobody can have meant."""
    if not content.strip():
        raise InputError("the content is empty. Nothing was sent.")
    characters = message.count_characters(content)
    if characters > wire.CONTENT_LIMIT:
        raise InputError(
            f"the content has {characters} characters, {characters - wire.CONTENT_LIMIT} more than the "
            f"{wire.CONTENT_LIMIT} that the gateway takes. Nothing was sent."
        )
    _refuse_control(content, "content")


def check_sign(sign: str) -> None:
    """Refuse a signature that cannot stand in front of a text."""
    _refuse_control(sign, "sign")
    if not set("\r\n\t").isdisjoint(sign):
        raise InputError("the sign holds a line break or a tab. Nothing was sent.")


def _refuse_control(text: str, what: str) -> None:
    """Refuse what a terminal or a gateway could obey; a text has line breaks and tabs at the most."""
    for position, character in enumerate(text, 1):
        kind = category(character)
        if kind in ("Cc", "Cs") and character not in "\r\n\t":
            name = "bytes that are no UTF-8 text" if kind == "Cs" else "a control character"
            raise InputError(f"the {what} holds {name} at position {position}. Nothing was sent.")


def parse_at(text: str, now: datetime) -> datetime:
    """Read a time to send at: `2026-12-01 09:00[:SS]`, ISO 8601 with offset, or `+90m`, `+2h`, `+1d` from `now`.

    Without an offset it is China time. The past is refused.
    """
    relative = re.fullmatch(r"\+([0-9]{1,6})([smhd])", text.strip())
    try:
        if relative:
            at = now + timedelta(**{_UNITS[relative[2]]: int(relative[1])})
        else:
            at = datetime.fromisoformat(text.strip())
            at = at if at.tzinfo else at.replace(tzinfo=wire.CHINA)
            at = at.astimezone(wire.CHINA)
            if not re.search("[0-9]:[0-9]", text):
                raise ValueError
    except (ValueError, OverflowError):
        raise InputError(
            f"--at: {text!r} is no time. Nothing was sent. Write 2026-12-01 09:00 (China time), "
            "2026-12-01T09:00+08:00, or +90m, +2h, +1d."
        ) from None
    at = at.astimezone(wire.CHINA).replace(microsecond=0)
    if at < now.replace(microsecond=0):
        raise InputError(f"--at: {at:%Y-%m-%d %H:%M:%S} China time (UTC+8) has passed. Nothing was sent.")
    return at
