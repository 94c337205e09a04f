"""The forms that are posted, in both directions, and how their bytes become text (protocol §1, §2, §5)."""

from collections.abc import Mapping
from urllib.parse import unquote_to_bytes, urlencode

CONTENT_LIMIT = 500
BATCH_SIZE = 500
PATH = "/asmx/smsservice.aspx"


def send_form(content: str, mobile: str, sign: str = "", extno: str = "", stime: str = "") -> dict[str, str]:
    """Return the fields of a send (`type=pt`, protocol §1) but the account's; `mobile` is joined by commas."""
    return {"content": content, "mobile": mobile, "stime": stime, "sign": sign, "type": "pt", "extno": extno}


def balance_form() -> dict[str, str]:
    """Return the fields of a balance request (protocol §2) but the account's."""
    return {"type": "balance"}


def encode_form(fields: Mapping[str, str]) -> bytes:
    """Return an `application/x-www-form-urlencoded` body in UTF-8; commas stay as they are."""
    return urlencode(fields, safe=",").encode("ascii")


def decode_form(body: bytes) -> dict[str, str]:
    """Return the fields of a form body or query, names in lower case, the first of equal names.

    Takes what clients and gateways really send (protocol §5): raw UTF-8 or GBK bytes, raw spaces, a stray `%`.
    """
    fields: dict[str, str] = {}
    for pair in body.split(b"&"):
        key, _, value = pair.partition(b"=")
        if key:
            fields.setdefault(decode_value(key).strip().lower(), decode_value(value))
    return fields


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
