"""Logs of pushes, a push a line, read block by block: a million lines is normal input."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from smscli.protocol.pushes import Reply, Report, Trust, is_trusted
from smscli.receiving.layouts import Layout, layout_of
from smscli.receiving.lines import parse_push
from smscli.text import split


class Found(NamedTuple):
    """What was found in one line, or in lines that are alike: events of one kind, field by field.

    Without fields it is not a push. `line` is the number of the first line, from 1; `trusted` is whether it matches the
    trust that was given.
    """

    line: int
    kind: type[Report] | type[Reply]
    fields: Sequence[Sequence[str]]
    trusted: bool = False

    def events(self) -> Iterator[Report | Reply]:
        """Yield the events one by one."""
        return map(self.kind._make, zip(*self.fields, strict=True))


def parse_pushes(blocks: Iterable[str], trust: Trust | None = None) -> Iterator[Found]:
    """Read blocks of whole lines, a push a line, and say of each whether it matches `trust`.

    The lines of a log are usually alike. So each layout is compiled to one pattern, which then reads whole blocks: a
    million lines is normal input.
    """
    log = _Log(trust)
    for block in blocks:
        yield from log.read(block)


class _Log:
    """Reads a log by the layout of the last line that `parse_push` has read."""

    def __init__(self, trust: Trust | None) -> None:
        self._trust = trust
        self._layout: Layout | None = None
        self._line = 1

    def read(self, block: str) -> Iterator[Found]:
        for piece in self._layout.read(block) if self._layout else [block]:
            if isinstance(piece, str):
                for line in split(piece):
                    yield self._read_one(line)
                    self._line += 1
            else:
                yield Found(self._line, Report, piece)
                self._line += len(piece[0])

    def _read_one(self, line: str) -> Found:
        push = parse_push(line)
        if push is None:
            return Found(self._line, Report, () if line.strip() else _NOTHING)
        trusted = self._trust is not None and is_trusted(push.fields, self._trust)
        if self._trust is None:
            self._layout = layout_of(line) or self._layout
        return Found(self._line, type(push.events[0]), list(zip(*push.events, strict=True)), trusted)


_NOTHING: Sequence[Sequence[str]] = ((), (), (), ())
