"""What a mobile number of this country is, however it is written (protocol §6)."""

import re
import sys
import unicodedata

from smscli.language import _, later

# A number that the gateway takes: eleven digits, 13 to 19.
MOBILE = re.compile(r"1[3-9][0-9]{9}")
_DECORATION = "'\"‘’“”`´=＝\ufe0f"
_BETWEEN = dict.fromkeys(map(ord, " -()[]"))
_LABEL = (
    r"(?:(?:tel|telephone|phone|mobile|mob|cell|sms|[mtp](?=:)|手机号码?|手机|移动电话|联系电话|联系方式|电话号码|电话|"
    r"号码|手機號碼?|手機|電話|[☎☏✆📱📞])[.:]?(?://)?)?"
)
_COUNTRY = r"(?:\+?0{0,2}86)?"
# Plain, or as a spreadsheet shows a number: 138.0013.8000, 13,800,138,000.
_DIGITS = r"(1[3-9][0-9]{9}|1[3-9][0-9]\.[0-9]{4}\.[0-9]{4}|1[3-9](?:,[0-9]{3}){3})"
_WRITTEN = rf"{_LABEL}{_COUNTRY}0?{_DIGITS}(?:\.0*)?[,;/、。|]*"

# Numbers inside a longer text; there, blanks and dashes are " " and "-".
_MOBILE_IN_TEXT = r"(?:\+?0{0,2}86[ -]?)?0?1[3-9](?:[ -]?[0-9]){9}"
_LANDLINE_IN_TEXT = r"(?:\+?0{0,2}86[ -]?)?\(?0(?:10|[2-9][0-9]{1,2})\)?[ -]?[0-9]{7,8}"
_NUMBER_IN_TEXT = rf"(?<![0-9])(?:{_MOBILE_IN_TEXT}|{_LANDLINE_IN_TEXT}|[2-8][0-9]{{6,7}})(?![0-9])"
_EXTENSION = r"[ (,]*(?:转|轉|分机|分機|extension|ext|[x#*,;pw-])[ .:号]*[0-9]{1,6}[ )]*"

_OTHER = later("not a phone number")
_EXPONENT = later("Excel's scientific notation has lost digits; format the column as text")
_LANDLINE = later("a landline number; only mobile numbers get messages")
_SEVERAL = later("it has several numbers; write each in its own row")
_SEVERAL_LINES = later("it has several numbers; write each in its own row (it has several lines)")
_OF_DIGITS = (
    (r"1[0-9]{12}", later("a machine (IoT) number of thirteen digits; this gateway sends only to phones")),
    (r"00(?!86)[0-9]{5,17}", later("an overseas number; that is another product of the vendor")),
    (r"(?:0{0,2}86)?0(?:10|[2-9][0-9])[0-9]{7,9}|0086(?:10|[2-9][0-9])[0-9]{7,9}", _LANDLINE),
    (r"0086[0-9]*", later("not a mobile number: after +86 come 11 digits that start with 13 to 19")),
    (r"(?:1[3-9][0-9]{9}){2,}", _SEVERAL),
    (r"[48]00[0-9]{7}", later("a service number (400, 800); only mobile numbers get messages")),
    (r"[0-9]{1,10}", later("too short: {length} digits where a mobile number has 11")),
    (r"[0-9]{12,}", later("too long: {length} digits where a mobile number has 11")),
    (r"[0-9]{11}", later("not a mobile number: these start with 13 to 19")),
)
_OF_OTHERS = (
    (r"[0-9]+(?:\.[0-9]+)?E\+?[0-9]+", _EXPONENT),
    (
        r"(?=.*[0-9*])(?=.*(?:[*x#•●○×_?·]|\.\.))\+?(?:[0-9*x#•●○×_?·]|\.{2,}+)*",
        later("some of its digits are hidden; write the whole number"),
    ),
    (r"[0-9OIl|]{11}", later("not a phone number: it has a letter among its digits (O instead of 0, l instead of 1)")),
    (r"(?s:.*[\n\r].*)", later("it spans several lines; is a quotation mark not closed?")),
)


def masked(text: str) -> str:
    """Return a text in which the middle of every mobile number is hidden: 138****8000."""
    return re.sub(r"(?<!\d)((?:0{0,2}86[ -]?)?[1１]\d\d)[ -]?\d{4}[ -]?(\d{4})(?!\d)", r"\1****\2", text)


def normalise(text: str) -> str:
    """Return the eleven digits of a mobile number, or, where it is not one, the text without its decoration.

    Full-width digits, quotes, `=`, invisible marks, blanks, dashes, brackets, a trailing `.0`, a 0 in front, the
    country code and a label (`tel:`, `电话：`) are undone.
    """
    if len(text) == 11 and MOBILE.fullmatch(text):
        return text
    text = "".join(map(_plain, unicodedata.normalize("NFKC", text))).strip()
    found = re.fullmatch(_WRITTEN, _tight(text), re.IGNORECASE)
    return re.sub("[.,]", "", found[1]) if found else text


def _plain(character: str) -> str:
    """Return a character of a number: a blank or a dash as ASCII, an empty text for decoration."""
    if "0" <= character <= "9":
        return character
    kind = unicodedata.category(character)
    if character == "\u2212" or kind == "Pd":
        return "-"
    return " " if kind == "Zs" else "" if character in _DECORATION or kind == "Cf" else character


def _tight(text: str) -> str:
    return text.translate(_BETWEEN)


def refusal(text: str) -> str:
    """Return why a normalised text is not a mobile number; empty where it is one."""
    if MOBILE.fullmatch(text):
        return ""
    if not text:
        return _("it is empty")
    tight = _tight(text)
    # A list can have a million bad lines: equal reasons share one text in memory, and plain digits are checked first.
    reason = "" if text.isdigit() else _refusal_of_text(text)
    reason = reason or _first(_OF_DIGITS, re.sub(r"^\+", "00", tight)) or _first(_OF_OTHERS, tight) or _OTHER
    return sys.intern(_(reason).format(length=len(tight)))


def _first(table: tuple[tuple[str, str], ...], tight: str) -> str:
    return next((reason for pattern, reason in table if re.fullmatch(pattern, tight, re.IGNORECASE)), "")


def _refusal_of_text(text: str) -> str:
    """Return what is wrong with a text that has a number and more, not yet translated; empty where it has none."""
    if re.fullmatch(_MOBILE_IN_TEXT + _EXTENSION, text, re.IGNORECASE):
        return later("it has an extension; messages go only to mobile numbers without one")
    if re.fullmatch(rf"{_LANDLINE_IN_TEXT}(?:{_EXTENSION})?", text, re.IGNORECASE):
        return _LANDLINE
    if len(re.findall(_NUMBER_IN_TEXT, text)) > 1:
        return _SEVERAL_LINES if re.search(r"[\r\n]", text) else _SEVERAL
    if re.search(rf"(?<![0-9+]){_MOBILE_IN_TEXT}(?![0-9])", text):
        return later("it has other text next to the number; the cell must hold only the number")
    return ""
