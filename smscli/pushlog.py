"""Pushes as they are found in files: URLs, form bodies, access-log lines, JSON objects; no I/O."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

from smscli import wire
from smscli.wire import Push, Reply, Report, Trust

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
    found = (wire.push_from_fields(_payload_fields(payload)) for payload in _payloads(line))
    return next(filter(None, found), None)


def _readable(text: str) -> str:
    """Return the text without lone surrogates: bytes decoded after all, or `?` where no byte can have been meant."""
    try:
        return wire.decode_text(text.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")


def parse_pushes(
    lines: Iterable[str], trust: Trust | None = None
) -> Iterator[tuple[Sequence[Report | Reply] | None, bool]]:
    """Read a push a line: its events, and whether `trust` holds for them; None where the line is no push.

    Logs repeat one layout, so each layout that is met is compiled to one pattern: a million lines is normal input.
    """
    match: Callable[[str], re.Match[str] | None] = re.compile("(?!)").fullmatch
    sendid = mobile = state = time = 0
    new = tuple.__new__  # NamedTuple's own constructor takes twice as long
    for line in lines:
        found = match(line) if trust is None else None
        if found:
            values = found.groups()
            said = values[state]
            said = _plain(said) if "%" in said else said
            yield (new(Report, (values[sendid], values[mobile], said, _plain(values[time]))),), False
            continue
        push = parse_push(line)
        if push is None:
            yield (None if line.strip() else ()), False
            continue
        yield push.events, trust is not None and wire.is_trusted(push.fields, trust)
        layout = _layout(line)
        if layout:
            keys, pattern = layout
            sendid, mobile, state, time = (keys.index(key) for key in ("sendid", "mobile", "state", "time"))
            match = pattern.fullmatch


_LAYOUT_QUERY = re.compile(r"[A-Za-z]+=[^&\s\"#\\?{]*(?:&[A-Za-z]+=[^&\s\"#\\?{]*)+")
_LAYOUT_LIMIT = 500
_LAYOUT_VALUES = {
    "sendid": "([0-9A-Za-z-]*)",
    "mobile": "([0-9]+)",
    "state": "([0-9A-Za-z:%_-]*)",
    "time": "([0-9][0-9:%A-Fa+ -]*[0-9])",
}
_LAYOUT_OTHER = r"([!$'-;=@-\[\]-z]*)"
_URL = "[!#-;@-z~]+[?]"
# What stands before and behind the query: nothing, a URL's start, an access log's line whose first quotation is the
# request.  A line that starts with a brace is JSON.
_FRAMES = (("", ""), (_URL, ""), (rf'[ !#-\[\]-z|}}~]*"(?:GET|POST) {_URL}', r' HTTP/[0-9.]+"[ -~]*'))


def _layout(line: str) -> tuple[list[str], re.Pattern[str]] | None:
    """Return the parameter names of a one-number report's line and the pattern of all lines like it.

    The pattern takes only what needs no thought: plain values, the query at the same place; `parse_push` reads the
    rest. Both agree on every line that the pattern takes (a property test holds them to it).
    """
    line = line.rstrip("\r\n")
    start = line.find("?") + 1
    found = _LAYOUT_QUERY.match(line, start, start + _LAYOUT_LIMIT)
    if not found:
        return None
    names = [pair.partition("=")[0] for pair in found[0].split("&")]
    keys = [name.lower() for name in names]
    if len(set(keys)) != len(keys) or not {"sendid", "mobile", "state", "time"} <= set(keys):
        return None
    values = [_LAYOUT_VALUES.get(key, _LAYOUT_OTHER) for key in keys]
    query = "&".join(f"{name}={value}" for name, value in zip(names, values, strict=True))
    for before, behind in _FRAMES:
        if re.fullmatch(before, line[:start]) and re.fullmatch(behind, line[found.end() :]):
            return keys, re.compile(f"{before}{query}{behind}\r?\n?")
    return None


def _plain(value: str) -> str:
    """Decode a time or a state: what these are encoded with, without a decoder; anything else thoroughly."""
    text = value.replace("+", " ").replace("%3A", ":").replace("%20", " ")
    return (text if "%" not in text else _unquote(value)).strip()


@lru_cache(maxsize=8192)
def _unquote(value: str) -> str:
    """Decode one value; cached, for times repeat from line to line."""
    return wire.decode_value(value.encode("utf-8", "surrogateescape"))


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
        return wire.decode_form(payload.partition("#")[0].encode("utf-8", "surrogateescape"))
    start = _RAW_ARGS.search(payload)
    before, rest = (payload[: start.start()], payload[start.end() :]) if start else (payload, "")
    end = _RAW_END.search(rest, max(rest.rfind("#@#"), 0))
    args, after = (rest[: end.end(1)], rest[end.end() :]) if end else (rest, "")
    fields = wire.decode_form(f"{before}&{after}".encode("utf-8", "surrogateescape"))
    # An encoded time tells that everything but the `#` was encoded, as browsers do it.
    replies = wire.parse_replies(args)
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
    push = wire.push_from_fields({key: text for key, text in texts.items() if text is not None})
    if push:
        return push
    for value in found.values():
        if isinstance(value, dict):
            nested = {key.strip().lower(): _json_text(item) for key, item in value.items()}
            push = wire.push_from_fields({key: text for key, text in nested.items() if text is not None})
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
