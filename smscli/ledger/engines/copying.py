"""How statements and rows are written for PostgreSQL: as its driver takes them, and as COPY does."""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from smscli.ledger.engines import Values

_PAGE = 1 << 20  # characters of rows that are sent at once
_ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\ufffd"})


@lru_cache
def translated(statement: str) -> str:
    """Return a statement as the driver takes it."""
    return statement.replace("%", "%%").replace("?", "%s")


def line(values: Values) -> str:
    """Return a row as COPY takes it."""
    return "\t".join(
        "\\N" if value is None
        else value.translate(_ESCAPED) if isinstance(value, str)
        else f"\\\\x{value.hex()}" if isinstance(value, bytes)
        else repr(value + 0)
        for value in values
    )  # fmt: skip


def pages(rows: Iterable[str], glue: str) -> Iterator[str]:
    """Yield the rows, joined to texts that are not too long to be sent at once."""
    page: list[str] = []
    size = 0
    for row in rows:
        page.append(row)
        size += len(row)
        if size > _PAGE:
            yield glue.join(page)
            page, size = [], 0
    if page:
        yield glue.join(page)
