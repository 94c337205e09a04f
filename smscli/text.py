"""Text files and pipes, line by line in bounded memory; encodings; invisible characters."""

import codecs
import io
import math
import re
from collections.abc import Iterable, Iterator
from itertools import chain

from smscli.errors import InputError
from smscli.language import _, listing

_LINE_LIMIT = 1 << 20
_BLOCK = 1 << 16
_NAMED_LINES = 10  # so many lines are named in a sentence
# Characters that are not visible; they come with text that was copied from a chat, a web page or a word processor.
INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d"
    "\u202e\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\u206a\u206b\u206c\u206d\u206e\u206f\u2800\u3164\ufeff\uffa0"
)
_CHANCE = 1000  # of so many lines in GBK, less than one looks like UTF-8 by chance
_RUN = "[\x80-\xff]+[\x00-\x7f]?"  # bytes outside ASCII, and the next one: GBK can end in an ASCII byte
_LIKE_UTF8 = (
    "(?<![\x80-\xff])(?:[\xc2-\xdf][\x80-\xbf])*+(?:[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})"
    "[\x80-\xff]*[\x00-\x7f]?"
)
_ASCII = bytes(range(128))
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def bom_encoding(start: bytes) -> str | None:
    """Return the encoding that a byte-order mark names, None where there is none."""
    return next((encoding for mark, encoding in _BOMS if start.startswith(mark)), None)


def decode_file(raw: bytes, source: str) -> str:
    """Return a text file's content: by its byte-order mark, else UTF-8, else GB18030; else an InputError."""
    marked = bom_encoding(raw)
    if not marked:
        try:
            return raw.decode()
        except UnicodeError:
            refuse_mixed(io.BytesIO(raw), source)
    try:
        return raw.decode(marked or "gb18030")
    except UnicodeError:
        wanted = "UTF-16" if marked else _("UTF-8 or GB18030")
        said = _("{source} is not {encoding} text. Nothing was sent.")
        raise InputError(said.format(source=source, encoding=wanted)) from None


def refuse_mixed(stream: io.BufferedIOBase, source: str) -> None:
    """Refuse text that is partly UTF-8 and partly not; text without UTF-8 may be GB18030, so it is not refused.

    Nearly all bytes can be read as GB18030, so a UTF-8 name would become another name. The InputError has the lines.
    """
    utf8: dict[int, None] = {}
    other: list[int] = []
    evidence, found, runs, line = 0.0, 0, 0, 1
    for block in read_blocks(stream, source, "latin-1"):
        runs += len(re.findall(_RUN, block))
        for match in re.finditer(_LIKE_UTF8, block):
            likely = _utf8_evidence(match[0])
            evidence += likely
            found += bool(likely)
            if likely and len(utf8) < _NAMED_LINES:
                utf8[line + _count(block[: match.start() + 1]) - 1] = None
        if len(other) < _NAMED_LINES and not _decodes(block, "utf-8"):
            other += [number for number, text in enumerate(split(block), line) if not _decodes(text, "utf-8")]
        line += _count(block)
    if other and evidence * _CHANCE > runs - 2 * found:
        most, rest = ("UTF-8", other) if 2 * found >= runs else ("GBK", list(utf8))
        lines = listing(map(str, rest[:_NAMED_LINES])) + " …" * (len(rest) >= _NAMED_LINES)
        said = _(
            "{source} is {encoding} text, but not in line {lines}: two files were put together, or a cell was cut "
            "inside a character. Nothing was sent. Fix that, and save it as UTF-8."
        )
        raise InputError(said.format(source=source, encoding=most, lines=lines))


def _count(block: str) -> int:
    return sum(1 for _ in split(block))


def line_outside(stream: io.BufferedIOBase, source: str, encoding: str) -> int:
    """Return the first line that is not text of an encoding with ASCII line ends; 0 if all are."""
    lines = enumerate(read_lines(stream, source, "latin-1"), 1)
    return next((number for number, line in lines if not _decodes(line, encoding)), 0)


def _utf8_evidence(run: str) -> float:
    """Return how surely some bytes outside ASCII, with the next one, are UTF-8 and not GB18030.

    Infinite if they are not GB18030, or not common characters in it; 1 if both readings make sense; else 0.
    """
    raw = run.encode("latin-1")
    body = raw.rstrip(_ASCII)
    try:
        text, least = body.decode(), 1
    except UnicodeDecodeError as error:
        is_cut = len(body) - error.start < 4  # the last character is not whole
        text, least = body[: error.start if is_cut else 0].decode(), 2
    if len(text) < least or max(text) < "\u0800":  # two bytes can be one character of GBK
        return 0
    if not _decodes(run, "gb18030"):
        return math.inf
    if len(body) % 2:
        return 0
    return math.inf if not _decodes(run, "gb2312") else 1 if _is_common(text) else 0


def _decodes(text: str, encoding: str) -> bool:
    """Return whether bytes, read as Latin-1, are text of another encoding."""
    try:
        text.encode("latin-1").decode(encoding)
    except UnicodeError:
        return False
    return True


def _is_common(text: str) -> bool:
    try:
        text.encode("gb2312")
    except UnicodeError:
        return False
    return True


def read_lines(stream: io.BufferedIOBase, source: str, encoding: str, errors: str = "strict") -> Iterator[str]:
    """Yield the lines with their ends as they come."""
    return chain.from_iterable(map(split, read_blocks(stream, source, encoding, errors)))


def split(block: str) -> Iterable[str]:
    """Return the lines of a block, with the ends that they have."""
    return io.StringIO(block, newline="")


def read_blocks(stream: io.BufferedIOBase, source: str, encoding: str, errors: str = "strict") -> Iterator[str]:
    """Yield blocks of whole lines, those of a pipe as soon as they come.

    A line without an end is an InputError that names `source`.
    """
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    rest = ""
    while raw := stream.read1(_BLOCK):
        text = rest + decoder.decode(raw)
        cut = max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1
        rest = text[cut:]
        if len(rest) > _LINE_LIMIT:
            said = _(
                "{source}: a line is longer than {most:,} characters, so it is not a list or a log. Nothing was sent."
            )
            raise InputError(said.format(source=source, most=_LINE_LIMIT))
        if cut:
            yield text[:cut]
    rest += decoder.decode(b"", final=True)
    if rest:
        yield rest


def decode_log(stream: io.BufferedReader, source: str) -> Iterator[str]:
    """Yield a log in blocks of whole lines; bytes that are not UTF-8 come as lone surrogates ("surrogateescape").

    A log that was compressed with gzip is unpacked; EOFError or zlib.error if it is damaged.
    """
    if stream.peek(2)[:2] == b"\x1f\x8b":
        import gzip

        stream = io.BufferedReader(gzip.GzipFile(fileobj=stream))
    encoding = bom_encoding(stream.peek(4)[:4]) or "utf-8"
    return read_blocks(stream, source, encoding, "replace" if encoding == "utf-16" else "surrogateescape")
