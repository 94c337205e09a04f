"""Lists of numbers read as from a file."""

import io
from collections.abc import Sequence

import pytest

from smscli.errors import InputError
from smscli.sending.recipients import Recipients, read_list


def read(data: str | bytes, column: str = "", encoding: str = "", fields: Sequence[str] = ()) -> Recipients:
    """Read a list as from a file."""
    raw = data.encode() if isinstance(data, str) else data
    return read_list(io.BytesIO(raw), "list.csv", column, encoding, fields)


def refused(data: str | bytes, column: str = "", encoding: str = "", fields: Sequence[str] = ()) -> str:
    """Return the sentence that refuses a list, which always says that nothing was sent."""
    with pytest.raises(InputError) as caught:
        read(data, column, encoding, fields)
    assert "Nothing was sent." in str(caught.value)
    return str(caught.value)


def places(found: Recipients) -> list[tuple[str, str]]:
    """Return where each invalid entry stands, and what it says."""
    return [(entry.where, entry.text) for entry in found.invalid]
