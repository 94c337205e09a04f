"""Text files and pipes, line by line in bounded memory."""

import codecs
import io
from collections.abc import Iterable, Iterator
from itertools import chain

from smscli.errors import InputError

_LINE_LIMIT = 1 << 20
_BLOCK = 1 << 16
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def bom_encoding(start: bytes) -> str | None:
    """Return the encoding that a byte-order mark names, None where there is none."""
    return next((encoding for mark, encoding in _BOMS if start.startswith(mark)), None)


def read_lines(stream: io.BufferedIOBase, source: str, encoding: str, errors: str = "strict") -> Iterator[str]:
    """Yield the lines with their ends as they come."""
    return chain.from_iterable(map(split, read_blocks(stream, source, encoding, errors)))


def split(block: str) -> Iterable[str]:
    """Return the lines of a block, with the ends that they have."""
    return io.StringIO(block, newline="")


def read_blocks(stream: io.BufferedIOBase, source: str, encoding: str, errors: str = "strict") -> Iterator[str]:
    """Yield blocks of whole lines, a pipe's as soon as they are there.

    A line that never ends is an InputError that names `source`.
    """
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    rest = ""
    while raw := stream.read1(_BLOCK):
        text = rest + decoder.decode(raw)
        cut = max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1
        rest = text[cut:]
        if len(rest) > _LINE_LIMIT:
            raise InputError(
                f"{source}: a line is longer than {_LINE_LIMIT:,} characters: no list and no log is like that. "
                "Nothing was sent."
            )
        if cut:
            yield text[:cut]
    rest += decoder.decode(b"", final=True)
    if rest:
        yield rest


def decode_log(stream: io.BufferedReader, source: str) -> Iterator[str]:
    """Yield a log in blocks of whole lines; bytes that are not UTF-8 come as lone surrogates ("surrogateescape").

    One that was rotated away is packed by gzip; where that is damaged, EOFError or zlib.error.
    """
    if stream.peek(2)[:2] == b"\x1f\x8b":
        import gzip

        stream = io.BufferedReader(gzip.GzipFile(fileobj=stream))
    encoding = bom_encoding(stream.peek(4)[:4]) or "utf-8"
    return read_blocks(stream, source, encoding, "replace" if encoding == "utf-16" else "surrogateescape")
