"""The forms that are posted, in both directions, and how their bytes become text (protocol §1, §2, §5)."""

import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes, urlencode

CONTENT_LIMIT = 500
BATCH_SIZE = 500
PATH = "/asmx/smsservice.aspx"

# A byte-order mark, also as a log or a second encoding has it.
_MARKS = rb"\A(?:\xef\xbb\xbf|(?:\\x|%)ef(?:\\x|%)bb(?:\\x|%)bf)+"
# How nginx logs a form that was not encoded: it has no raw byte of those that nginx escapes.
_LOGGED = rb"(?:[ !#$&-\[\]-~]|\\x(?:22|5[Cc]|7[Ff]|[0189A-Fa-f][0-9A-Fa-f]))*+"
_ESCAPE = rb'\\(?:x([0-9A-Fa-f]{2})|(["\\]))'


def send_form(content: str, mobile: str, sign: str = "", extno: str = "", stime: str = "") -> dict[str, str]:
    """Return the fields of a send (`type=pt`, protocol §1) without the account's; `mobile` is joined by commas."""
    return {"content": content, "mobile": mobile, "stime": stime, "sign": sign, "type": "pt", "extno": extno}


def balance_form() -> dict[str, str]:
    """Return the fields of a balance request (protocol §2) without the account's."""
    return {"type": "balance"}


def encode_form(fields: Mapping[str, str]) -> bytes:
    """Return an `application/x-www-form-urlencoded` body in UTF-8; commas stay as they are."""
    return urlencode(fields, safe=",").encode("ascii")


def decode_form(body: bytes, logged: bool = False) -> dict[str, str]:
    """Return the fields of a form body or query, names in lower case, the first of equal names.

    It accepts what clients and gateways really send (protocol §5): raw UTF-8 or GBK bytes, raw spaces, a lone `%`,
    `&amp;` between fields, `args` with raw `#@#` in it (protocol §4), and what `undo_transport` undoes.
    """
    body = undo_transport(body, logged)
    body, args = _without_raw_args(body) if b"#@#" in body else (body, None)
    fields: dict[str, str] = {}
    for pair in body.split(b"&"):
        key, _, value = pair.partition(b"=")
        if key:
            fields.setdefault(_decode_name(key), decode_value(value))
    return fields if args is None else fields | {"args": args}


def undo_transport(body: bytes, logged: bool = False) -> bytes:
    r"""Return a form without what was put around it on its way; a form with nothing around it stays as it is.

    That is a byte-order mark, percent-encoding around the whole form, and the `\xHH` of a web server's log. If the form
    is not known to be `logged`, `\xHH` is undone only where it is certain: there is no raw byte that a log would
    escape, and the bytes together are letters. So `\xE9` that a person wrote in a reply is not read as `é`.
    """
    undone = _undo_layer(body, logged)
    # A log has escaped its line once; what else is there may have been put around it more than once.
    return undone if logged or undone == body else undo_transport(undone)


def _undo_layer(body: bytes, logged: bool) -> bytes:
    body = _without_mark(body)
    if b"=" not in body and (equals := re.search(rb"%((?:25){0,2})3[Dd]", body)):
        for _ in range(len(equals[1]) // 2 + 1):
            body = unquote_to_bytes(body)
        body = _without_mark(body)
    if b"\\" in body and (logged or re.fullmatch(_LOGGED, body)):
        plain = unescape_log(body)
        body = plain if logged or _has_letters(plain) else body
    return body


def unescape_log(text: bytes) -> bytes:
    r"""Return the bytes that a web server's log has as `\xHH`, `\"` and `\\`."""
    return re.sub(_ESCAPE, lambda found: bytes.fromhex(found[1].decode()) if found[1] else found[2], text)


def decode_text(raw: bytes) -> str:
    """Decode UTF-8, else GB18030; bytes that are neither stay visible as U+FFFD (protocol §4)."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("gb18030", errors="replace")


def decode_value(raw: bytes) -> str:
    """Decode one percent-encoded value, a `+` being a space."""
    plain = raw.replace(b"+", b" ")
    return decode_text(unquote_to_bytes(plain) if b"%" in plain else plain)


def decode_again(value: str) -> str:
    """Undo one more layer of percent-encoding."""
    return decode_value(value.encode("utf-8", "replace"))


def _without_mark(body: bytes) -> bytes:
    return body if body[:1].isalpha() else re.sub(_MARKS, b"", body, count=1, flags=re.IGNORECASE)


def _has_letters(text: bytes) -> bool:
    """Return whether there is more than ASCII in a text, and all of it can be read."""
    return not text.isascii() and "\ufffd" not in decode_text(text)


def _decode_name(key: bytes) -> str:
    name = decode_value(key).strip("\ufeff \t\r\n").lower()
    # In HTML the `&` before it is `&amp;`.
    return re.sub(r"\A(?:amp;)+", "", name) if name.startswith("amp;") else name


def _without_raw_args(body: bytes) -> tuple[bytes, str | None]:
    """Cut `args` out of a form that has raw `#@#` in it: it ends with the last `#@#` and the digits after it."""
    last = body.rindex(b"#@#")
    start = re.compile(rb"(?:\A|&)(?:amp;)*+args=", re.IGNORECASE).search(body, 0, last)
    if not start:
        return body, None
    end = re.compile(rb"[0-9]*+(?:#@@#)?(?=&)").match(body, last + 3)
    stop = end.end() if end else len(body)
    return body[: start.start()] + body[stop:], _decode_raw_args(body[start.end() : stop])


def _decode_raw_args(args: bytes) -> str:
    """Decode `args` with raw `#@#` in it; an encoded time, or letters, show that all except the `#` was encoded."""
    parts = args.rsplit(b"#@#", 2)
    encoded = len(parts) < 3 or b"%" in parts[1] or bool(re.match(rb"[0-9/.-]+\+", parts[1]))
    encoded = encoded or (b"%" in args and args.isascii() and _has_letters(unquote_to_bytes(args)))
    return decode_value(args) if encoded else decode_text(args)
