"""One line of a file and the push in it: a URL, a form body, an access log's line, a JSON object; no I/O."""

import json
import re
from collections.abc import Iterator, Mapping

from smscli.protocol.forms import decode_form, decode_text
from smscli.protocol.pushes import Push, Reply, push_from_fields

_LOG_REQUEST = re.compile(r'"(?:GET|POST|PUT|HEAD) ([^"]*?)(?: HTTP/[0-9.]+)?"')
# A body may have a byte-order mark, as a log writes it, or be percent-encoded as a whole.
_BODY_START = re.compile(
    r"(?:^|[\s'])(?=(?:\ufeff|(?:(?:\\x|%)[0-9A-F]{2}){3})*[A-Za-z]+(?:=|%(?:25)*3D))", re.IGNORECASE
)
_BODY_FIELD = re.compile(r"(?:mobile|args)(?:=|%(?:25)*3D)", re.IGNORECASE)
_QUERY_START = re.compile(r"[A-Za-z]+=")
_REQUEST_END = re.compile(r" HTTP/[0-9.]+\Z")


def parse_push(line: str) -> Push | None:
    """Read one push in any form it is found in, None where the line is not a push.

    Forms: a query string or form body; a full URL (with the raw `#` of the vendor's examples); a web server's
    access-log line with the query or the body in it; a JSON object with the fields, or with such a text in a value; an
    event as `listen` and `parse-report` write it with `--output jsonl`.
    Bytes that are not UTF-8 come as lone surrogates ("surrogateescape") and are read as GB18030.
    """
    line = _readable(line).strip().lstrip("\ufeff")
    if line.startswith("{"):
        return _parse_json(line)
    return next(filter(None, map(push_from_fields, _candidates(line))), None)


def _readable(text: str) -> str:
    """Return the text without lone surrogates: those that stand for bytes are decoded, the others become `?`."""
    try:
        return decode_text(text.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")


def _candidates(line: str) -> Iterator[dict[str, str]]:
    """Yield the fields of each possible query or body in a URL or an access-log line."""
    logged = line.replace('\\"', r"\x22")
    request = _LOG_REQUEST.search(logged)
    if request:
        yield _fields(request[1].partition("?")[2], logged=True)
        yield from (_fields(body, logged=True) for body in _logged_bodies(logged[request.end() :]))
    elif "?" in line and not _QUERY_START.match(line):
        yield _fields(_REQUEST_END.sub("", line.partition("?")[2]))
    else:
        yield _fields(line)


def _logged_bodies(rest: str) -> Iterator[str]:
    """Yield what looks like a push's body, quoted or not, after the request of an access-log line."""
    for part in rest.split('"'):
        start = _BODY_START.search(part)
        if start and _BODY_FIELD.search(part, start.end()):
            yield part[start.end() :]


def _fields(payload: str, logged: bool = False) -> dict[str, str]:
    """Decode a payload; a `#` in it begins a URL's fragment, unless it belongs to raw `args` (protocol §4)."""
    payload = payload if "#@#" in payload else payload.partition("#")[0]
    return decode_form(payload.encode("utf-8"), logged)


def _parse_json(line: str) -> Push | None:
    found = _json_object(line)
    fields = _json_fields(found)
    push = _own_reply(fields) if fields.get("kind") == "reply" else push_from_fields(fields)
    if push:
        return push
    for value in found.values():
        if isinstance(value, dict):
            push = push_from_fields(_json_fields(value))
        elif isinstance(value, str) and not value.lstrip().startswith("{"):
            push = parse_push(value)
        if push:
            return push
    return None


def _own_reply(fields: Mapping[str, str]) -> Push | None:
    """Read a reply that smscli has written; it has the columns of a report too, but they are empty."""
    reply = Reply(*(fields.get(key, "") for key in Reply._fields))
    return Push((reply,), fields) if reply.mobile else None


def _json_object(line: str) -> dict[str, object]:
    """Return the object of a line, empty where it is not one."""
    try:
        found = json.loads(line)
    except RecursionError:
        return {}
    except ValueError:
        # nginx writes `\xHH` into it, which is not valid in JSON.
        escaped = re.sub(r"\\x(?=[0-9A-F]{2})", r"\\\\x", line)
        return _json_object(escaped) if escaped != line and "\\\\x" not in line else {}
    return found if isinstance(found, dict) else {}


def _json_fields(found: Mapping[str, object]) -> dict[str, str]:
    texts = {key.strip().lower(): _json_text(value) for key, value in found.items()}
    return {key: text for key, text in texts.items() if text is not None}


def _json_text(value: object) -> str | None:
    """Return a JSON value as the text it was; lists of numbers join as the gateway joins them."""
    if isinstance(value, str):
        return _readable(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list) and all(isinstance(item, str | int) for item in value):
        return _readable(",".join(map(str, value)))
    return None
