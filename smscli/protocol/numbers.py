"""What a mobile number of this country is, however it is written (protocol §6)."""

import re
import sys
import unicodedata

# A number that the gateway takes: eleven digits, 13 to 19.
MOBILE = re.compile(r"1[3-9][0-9]{9}")
_QUOTES = "'\"‘’“”`´=＝"
_WITH_COUNTRY = r"(?:\+?0{0,2}86)?(1[3-9][0-9]{9})"
_REASONS = (
    (r"", "it is empty"),
    (r"[0-9]+(\.[0-9]+)?E\+?[0-9]+", "Excel's scientific notation has lost digits; format the column as text"),
    (r"1[0-9]{12}", "thirteen digits are a machine (IoT) number; this gateway sends to phones"),
    (r"(\+(?!86)|00(?!86))[0-9]{5,17}", "an overseas number; that is another product of the vendor"),
    (
        r"(\+?0{0,2}86)?0[1-9][0-9]{8,10}|(\+|00)86(10|[2-9][0-9])[0-9]{7,9}",
        "a landline number; only mobile numbers get messages",
    ),
    (r"(\+|00)86[0-9]*", "no mobile number: behind +86 stand 11 digits that start with 13 to 19"),
    (r"[0-9]{1,10}", "too short: {length} digits where a mobile number has 11"),
    (r"[0-9]{12,}", "too long: {length} digits where a mobile number has 11"),
    (r"[0-9]{11}", "no mobile number: these start with 13 to 19"),
    (r"(?s:.*[\n\r].*)", "it spans several lines; is a quotation mark left open?"),
)  # fmt: skip


def normalise(text: str) -> str:
    """Return the eleven digits of a mobile number, or the text without its decoration where it is none.

    Full-width digits, quotes, `=`, invisible marks, spaces, dashes, a trailing `.0` and the country code are undone.
    """
    if len(text) == 11 and MOBILE.fullmatch(text):
        return text
    text = unicodedata.normalize("NFKC", text)
    text = "".join(c for c in text if c not in _QUOTES and unicodedata.category(c) not in ("Cf", "Zs", "Pd")).strip()
    text = text.replace("\u2212", "").removesuffix(".0")
    found = re.fullmatch(_WITH_COUNTRY, text)
    return found[1] if found else text


def refusal(text: str) -> str:
    """Return why a normalised text is no mobile number; empty where it is one."""
    if MOBILE.fullmatch(text):
        return ""
    for pattern, reason in _REASONS:
        if re.fullmatch(pattern, text, re.IGNORECASE):
            return sys.intern(reason.format(length=len(text)))  # a list can have a million bad lines
    return "not a phone number"
