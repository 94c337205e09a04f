"""Layouts: one pattern for all lines of a log that are alike, which reads a block of them at once."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import compress, count
from typing import NamedTuple

from smscli.protocol.forms import decode_value
from smscli.protocol.pushes import Report

_ODD = '"#\r\\'
_LAYOUT_QUERY = re.compile(r"[A-Za-z]+=[^&\s\"#\\?{]*(?:&[A-Za-z]+=[^&\s\"#\\?{]*)+")
_LAYOUT_LIMIT = 500
_URL = "[!#-;@-z~]+[?]"
# What comes before and after the query: nothing, the start of a URL, or an access log's line whose first quoted part is
# the request. A line that starts with a brace is JSON.
_FRAMES = (("", ""), (_URL, ""), (rf'[ !#-\[\]-z|}}~]*"(?:GET|POST) {_URL}', r' HTTP/[0-9.]+"[ -~]*'))


class Layout(NamedTuple):
    """The pattern of all lines that are alike, and at which place in its match each field of a Report is.

    It reads only simple lines: one number, plain values, the query at the same place. Any other line is found as it is.
    `quick` does the same for text without odd characters; a value in it may run over the end of its line.
    """

    pattern: re.Pattern[str]
    quick: re.Pattern[str]
    sendid: int
    mobile: int
    state: int
    time: int

    def read(self, block: str) -> Iterator[Sequence[Sequence[str]] | str]:
        """Yield the fields of a block's reports, one a line, and between them the lines that `parse_push` has to read.

        `parse_push` would read every line here in the same way (a property test checks this).
        """
        text = block if block.endswith("\n") else f"{block}\n"
        lines = text.count("\n")
        odd = not text.isascii() or any(map(text.__contains__, _ODD))
        # Each match gives an empty text before it, its four values, and, where it is not a report, the line.
        found = [] if odd else self.quick.split(text)
        if len(found) != 6 * lines + 1:
            found = self.pattern.split(text)
        others = found[5::6]
        unread = list(compress(count(), others))
        values: Sequence[Sequence[str]] = found[1::6], found[2::6], found[3::6], found[4::6]
        if unread:
            values = [[value or "" for value in column] for column in values]
        sendids, states = _plain_repeats(values[self.sendid]), _plain_repeats(values[self.state])
        times = _plain(values[self.time])
        if not (sendids and states and times):
            yield text
            return
        fields = sendids, values[self.mobile], states, times
        start = 0
        for at in unread:
            yield [column[start:at] for column in fields]
            yield others[at]
            start = at + 1
        yield [column[start:] for column in fields] if start else fields


def layout_of(line: str) -> Layout | None:
    """Return the layout of a one-number report's line, None if it is not like that."""
    line = line.rstrip("\r\n")
    start = line.find("?") + 1
    found = _LAYOUT_QUERY.match(line, start, start + _LAYOUT_LIMIT)
    if not found:
        return None
    names = [pair.partition("=")[0] for pair in found[0].split("&")]
    keys = [name.lower() for name in names]
    if len(set(keys)) != len(keys) or not set(Report._fields) <= set(keys):
        return None
    for before, after in _FRAMES:
        if re.fullmatch(before, line[:start]) and re.fullmatch(after, line[found.end() :]):
            plain = _line_pattern(before, names, "[!$%'-;=@-[\\]-z]*", after)
            quick = _line_pattern(before, names, "[^&]{0,500}", after)
            order = [key for key in keys if key in Report._fields]
            return Layout(plain, quick, *map(order.index, Report._fields))
    return None


def _line_pattern(before: str, names: Sequence[str], value: str, after: str) -> re.Pattern[str]:
    """Return the pattern of a line with these parameters; its last group is any other line."""
    values = {name: f"({value})" if name.lower() in Report._fields else value for name in names}
    values |= {name: "([0-9]+)" for name in names if name.lower() == "mobile"}
    values[names[-1]] = values[names[-1]].replace("^&", r"^&\s")
    query = "&".join(map("=".join, values.items()))
    return re.compile(rf"{before}{query}{after}\r?\n|(.*\n)")


def _plain(values: Sequence[str]) -> list[str]:
    """Decode values; the usual encoding of times and states is undone without a decoder, which is faster.

    Returns an empty list if one of them seems to be encoded more than once.
    """
    text = "\n".join(values).replace("+", " ").replace("%3A", ":").replace("%20", " ")
    if "%" not in text:
        return list(map(str.strip, text.split("\n")))
    decoded = list(map(str.strip, map(_unquote, values)))
    return [] if any("%" in value or "+" in value for value in decoded) else decoded


def _plain_repeats(values: Sequence[str]) -> list[str]:
    """Decode values, most of them equal, as `_plain` does."""
    different = list(set(values))
    plain = dict(zip(different, _plain(different), strict=False))
    return list(map(plain.__getitem__, values)) if plain else []


@lru_cache(maxsize=8192)
def _unquote(value: str) -> str:
    """Decode one value; cached, because times repeat from line to line."""
    return decode_value(value.encode("utf-8", "surrogateescape"))
