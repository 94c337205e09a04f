"""Pushes as they are found in files: URLs, form bodies, access-log lines, JSON objects; no I/O."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import compress, count
from typing import NamedTuple

from smscli.protocol.forms import decode_form, decode_text, decode_value
from smscli.protocol.pushes import Push, Reply, Report, Trust, is_trusted, parse_replies, push_from_fields
from smscli.text import split

_LOG_REQUEST = re.compile(r'"(?:GET|POST|PUT|HEAD) ([^"]*?)(?: HTTP/[0-9.]+)?"')
_LOG_ESCAPE = re.compile(r"\\x([0-9A-Fa-f]{2})")
_BODY_START = re.compile(r"(?:^|[\s'])(?=[A-Za-z]+=)")
_BODY_FIELD = re.compile(r"(?:^|[\s'&])(?:sendid|mobile|state|args)=")
_QUERY_START = re.compile(r"[A-Za-z]+=")
_REQUEST_END = re.compile(r" HTTP/[0-9.]+\Z")
_RAW_ARGS = re.compile("(?:^|(?<=&))args=", re.IGNORECASE)
_RAW_END = re.compile(r"(?<=#@#)([0-9]*)&")


def parse_push(line: str) -> Push | None:
    """Read one push in any form it is found in, None where the line is no push.

    Forms: a query string or form body, a full URL (with the raw `#` of the vendor's examples), a web server's
    access-log line with the query or the body in it, a JSON object with the fields or with such a text in a value.
    Bytes that are not UTF-8 come as lone surrogates ("surrogateescape") and are read as GB18030.
    """
    line = _readable(line).strip()
    if line.startswith("{"):
        return _parse_json(line)
    found = (push_from_fields(_payload_fields(payload)) for payload in _payloads(line))
    return next(filter(None, found), None)


def _readable(text: str) -> str:
    """Return the text without lone surrogates: bytes decoded after all, or `?` where no byte can have been meant."""
    try:
        return decode_text(text.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")


class Found(NamedTuple):
    """What a line held, or lines that are all alike: events of one kind, field by field; no fields: it is no push.

    `line` is the first one's number, from 1; `trusted` tells whether the trust that was asked for holds.
    """

    line: int
    kind: type[Report] | type[Reply]
    fields: Sequence[Sequence[str]]
    trusted: bool = False

    def events(self) -> Iterator[Report | Reply]:
        """Yield the events one by one."""
        return map(self.kind._make, zip(*self.fields, strict=True))


def parse_pushes(blocks: Iterable[str], trust: Trust | None = None) -> Iterator[Found]:
    """Read blocks of whole lines, a push a line, and tell whether `trust` holds for it.

    Logs repeat one layout, so each layout that is met is compiled to one pattern, which then reads blocks as a whole:
    a million lines is normal input.
    """
    log = _Log(trust)
    for block in blocks:
        yield from log.read(block)


class _Log:
    """Reads on, by the layout of the last line that was read on its own."""

    def __init__(self, trust: Trust | None) -> None:
        self._trust = trust
        self._layout: _Layout | None = None
        self._line = 1

    def read(self, block: str) -> Iterator[Found]:
        for piece in self._layout.read(block) if self._layout else [block]:
            if isinstance(piece, str):
                for line in split(piece):
                    yield self._read_one(line)
                    self._line += 1
            else:
                yield Found(self._line, Report, piece)
                self._line += len(piece[0])

    def _read_one(self, line: str) -> Found:
        push = parse_push(line)
        if push is None:
            return Found(self._line, Report, () if line.strip() else _NOTHING)
        trusted = self._trust is not None and is_trusted(push.fields, self._trust)
        if self._trust is None:
            self._layout = _layout(line) or self._layout
        return Found(self._line, type(push.events[0]), list(zip(*push.events, strict=True)), trusted)


_NOTHING: Sequence[Sequence[str]] = ((), (), (), ())


class _Layout(NamedTuple):
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
        fields = sendids, values[self.mobile], states, _plain(values[self.time])
        start = 0
        for at in strange:
            yield [column[start:at] for column in fields]
            yield others[at]
            start = at + 1
        yield [column[start:] for column in fields] if start else fields


_ODD = '"#\r'
_LAYOUT_QUERY = re.compile(r"[A-Za-z]+=[^&\s\"#\\?{]*(?:&[A-Za-z]+=[^&\s\"#\\?{]*)+")
_LAYOUT_LIMIT = 500
_URL = "[!#-;@-z~]+[?]"
# What stands before and behind the query: nothing, a URL's start, an access log's line whose first quotation is the
# request.  A line that starts with a brace is JSON.
_FRAMES = (("", ""), (_URL, ""), (rf'[ !#-\[\]-z|}}~]*"(?:GET|POST) {_URL}', r' HTTP/[0-9.]+"[ -~]*'))


def _layout(line: str) -> _Layout | None:
    """Return the layout of a one-number report's line, None where it is none."""
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
            return _Layout(plain, quick, *map(order.index, Report._fields))
    return None


def _line_pattern(before: str, names: Sequence[str], value: str, behind: str) -> re.Pattern[str]:
    """Return the pattern of a line with these parameters, and as its last group of any other line."""
    values = {name: f"({value})" if name.lower() in Report._fields else value for name in names}
    values |= {name: "([0-9]+)" for name in names if name.lower() == "mobile"}
    values[names[-1]] = values[names[-1]].replace("^&", r"^&\s")
    query = "&".join(map("=".join, values.items()))
    return re.compile(rf"{before}{query}{behind}\r?\n|(.*\n)")


def _plain(values: Sequence[str]) -> list[str]:
    """Decode values: what times and states are encoded with, without a decoder; anything else thoroughly."""
    text = "\n".join(values).replace("+", " ").replace("%3A", ":").replace("%20", " ")
    return list(map(str.strip, text.split("\n") if "%" not in text else map(_unquote, values)))


def _plain_repeats(values: Sequence[str]) -> list[str]:
    """Decode values of which most are alike."""
    different = list(set(values))
    return list(map(dict(zip(different, _plain(different), strict=True)).__getitem__, values))


@lru_cache(maxsize=8192)
def _unquote(value: str) -> str:
    """Decode one value; cached, for times repeat from line to line."""
    return decode_value(value.encode("utf-8", "surrogateescape"))


def _payloads(line: str) -> Iterator[str]:
    """Yield what may be the query or the body within a URL or an access-log line."""
    request = _LOG_REQUEST.search(line)
    if request:
        line = _LOG_ESCAPE.sub(r"%\1", line.replace('\\"', "%22"))
        request = _LOG_REQUEST.search(line)
    if request:
        yield request[1].partition("?")[2]
        yield from _logged_bodies(line[request.end() :])
    elif "?" in line and not _QUERY_START.match(line):
        yield _REQUEST_END.sub("", line.partition("?")[2])
    else:
        yield line


def _logged_bodies(rest: str) -> Iterator[str]:
    """Yield what looks like a push's body, quoted or not, behind the request of an access-log line."""
    for part in rest.split('"'):
        start = _BODY_START.search(part)
        if start and _BODY_FIELD.search(part, start.start()):
            yield part[start.end() :]


def _payload_fields(payload: str) -> dict[str, str]:
    """Decode a payload; raw `#@#` in it means that `args` was never encoded and runs to the last separator."""
    if "#@#" not in payload:
        return decode_form(payload.partition("#")[0].encode("utf-8", "surrogateescape"))
    start = _RAW_ARGS.search(payload)
    before, rest = (payload[: start.start()], payload[start.end() :]) if start else (payload, "")
    end = _RAW_END.search(rest, max(rest.rfind("#@#"), 0))
    args, after = (rest[: end.end(1)], rest[end.end() :]) if end else (rest, "")
    fields = decode_form(f"{before}&{after}".encode("utf-8", "surrogateescape"))
    # An encoded time tells that everything but the `#` was encoded, as browsers do it.
    replies = parse_replies(args)
    if replies is None or any("%" in reply.time or "+" in reply.time for reply in replies):
        args = _unquote(args)
    return fields | {"args": args}


def _parse_json(line: str) -> Push | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    texts = {key.strip().lower(): _json_text(value) for key, value in found.items()}
    push = push_from_fields({key: text for key, text in texts.items() if text is not None})
    if push:
        return push
    for value in found.values():
        if isinstance(value, dict):
            nested = {key.strip().lower(): _json_text(item) for key, item in value.items()}
            push = push_from_fields({key: text for key, text in nested.items() if text is not None})
        elif isinstance(value, str) and not value.lstrip().startswith("{"):
            push = parse_push(value)
        if push:
            return push
    return None


def _json_text(value: object) -> str | None:
    """Return a JSON value as the text it was; lists of numbers join as the gateway joins them."""
    if isinstance(value, str):
        return _readable(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list) and all(isinstance(item, str | int) for item in value):
        return _readable(",".join(map(str, value)))
    return None
