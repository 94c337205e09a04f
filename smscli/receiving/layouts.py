"""Layouts: the pattern of all the lines of a log that are like one, which reads a block of them at once."""

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
# What stands before and behind the query: nothing, a URL's start, an access log's line whose first quotation is the
# request. A line that starts with a brace is JSON.
_FRAMES = (("", ""), (_URL, ""), (rf'[ !#-\[\]-z|}}~]*"(?:GET|POST) {_URL}', r' HTTP/[0-9.]+"[ -~]*'))


class Layout(NamedTuple):
    """The pattern of all lines like one, and where in what it finds each field of a Report is.

    It takes only what needs no thought: one number, plain values, the query at the same place; any other line is found
    as it is. `quick` does the same where nothing odd is about; then a value may run over the end of its line.
    """

    pattern: re.Pattern[str]
    quick: re.Pattern[str]
    sendid: int
    mobile: int
    state: int
    time: int

    def read(self, block: str) -> Iterator[Sequence[Sequence[str]] | str]:
        """Yield the fields of a block's reports, one a line, and between them the lines that `parse_push` has to read.

        Both agree on every line that is read here (a property test holds them to it).
        """
        text = block if block.endswith("\n") else f"{block}\n"
        lines = text.count("\n")
        odd = not text.isascii() or any(map(text.__contains__, _ODD))
        # Each match leaves an empty text before it, its four values, and any other line that it is instead.
        found = [] if odd else self.quick.split(text)
        if len(found) != 6 * lines + 1:
            found = self.pattern.split(text)
        others = found[5::6]
        strange = list(compress(count(), others))
        values: Sequence[Sequence[str]] = found[1::6], found[2::6], found[3::6], found[4::6]
        if strange:
            values = [[value or "" for value in column] for column in values]
        sendids, states = _plain_repeats(values[self.sendid]), _plain_repeats(values[self.state])
        times = _plain(values[self.time])
        if not (sendids and states and times):
            yield text
            return
        fields = sendids, values[self.mobile], states, times
        start = 0
        for at in strange:
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
    for before, behind in _FRAMES:
        if re.fullmatch(before, line[:start]) and re.fullmatch(behind, line[found.end() :]):
            plain = _line_pattern(before, names, "[!$%'-;=@-[\\]-z]*", behind)
            quick = _line_pattern(before, names, "[^&]{0,500}", behind)
            order = [key for key in keys if key in Report._fields]
            return Layout(plain, quick, *map(order.index, Report._fields))
    return None


def _line_pattern(before: str, names: Sequence[str], value: str, behind: str) -> re.Pattern[str]:
    """Return the pattern of a line with these parameters, and as its last group of any other line."""
    values = {name: f"({value})" if name.lower() in Report._fields else value for name in names}
    values |= {name: "([0-9]+)" for name in names if name.lower() == "mobile"}
    values[names[-1]] = values[names[-1]].replace("^&", r"^&\s")
    query = "&".join(map("=".join, values.items()))
    return re.compile(rf"{before}{query}{behind}\r?\n|(.*\n)")


def _plain(values: Sequence[str]) -> list[str]:
    """Decode values: what times and states are encoded with, without a decoder; anything else thoroughly.

    Returns none of them where one seems to be encoded more than once.
    """
    text = "\n".join(values).replace("+", " ").replace("%3A", ":").replace("%20", " ")
    if "%" not in text:
        return list(map(str.strip, text.split("\n")))
    decoded = list(map(str.strip, map(_unquote, values)))
    return [] if any("%" in value or "+" in value for value in decoded) else decoded


def _plain_repeats(values: Sequence[str]) -> list[str]:
    """Decode values of which most are alike, as `_plain` does."""
    different = list(set(values))
    plain = dict(zip(different, _plain(different), strict=False))
    return list(map(plain.__getitem__, values)) if plain else []


@lru_cache(maxsize=8192)
def _unquote(value: str) -> str:
    """Decode one value; cached, for times repeat from line to line."""
    return decode_value(value.encode("utf-8", "surrogateescape"))
