"""What a program wrote to some files, read from strace, and the files as a power cut at any moment could leave them.

The model: what was written to a file before a sync of it began is on disk once that sync has returned. Of what was
written later any part may be there, sector by sector. A new name, or one that was removed, is certain after a sync of
the directory; of later changes of names the first ones may be there.
"""

import ast
import random
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

SECTOR = 512  # bytes that a disk writes as a whole
_CALLS = "openat,pwrite64,ftruncate,fsync,fdatasync,unlink,sendto,recvfrom"
_LINE = re.compile(r"(\d+) +(?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)")
_ENDED = re.compile(r"= (-?\d+)(?:<|\s|$)")
_FILE = re.compile(r"(\d+)<(/[^>]*)>")
_SOCKET = re.compile(r"\d+<TCP:\[(.*?)\]>")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')


class Event(NamedTuple):
    """One call that ended well: its name, the file or socket it was about, and its data.

    `place` is where it wrote, or the size of the file after it; `begun` counts the events that had ended when it began.
    """

    call: str
    path: str
    data: bytes
    place: int
    begun: int


def command(program: Sequence[str], trace: Path) -> list[str]:
    """Return the command that records a program and all that it starts."""
    options = ["-f", "--seccomp-bpf", "-qq", "-yy", "-s", "70000", "-e", f"trace={_CALLS}", "-e", "signal=none"]
    return [str(shutil.which("strace")), *options, "-o", str(trace), *program]


def events(trace: Path) -> list[Event]:
    """Read a recording, the calls in the order in which they ended."""
    found: list[Event] = []
    open_calls: dict[str, tuple[str, int]] = {}
    for line in trace.read_text("utf-8", errors="replace").splitlines():
        if not (match := _LINE.match(line)):
            continue
        process, resumed, call, rest = match.groups()
        if resumed:
            before, begun = open_calls.pop(process, ("", 0))
            call, rest = resumed, before + rest
        elif rest.endswith("<unfinished ...>"):
            open_calls[process] = rest.removesuffix("<unfinished ...>"), len(found)
            continue
        else:
            begun = len(found)
        arguments, _, result = rest.rpartition(")")
        ended = _ENDED.search(result)
        if ended and int(ended[1]) >= 0 and (event := _event(call, arguments, result, begun)):
            found.append(event)
    return found


def _event(call: str, arguments: str, result: str, begun: int) -> Event | None:
    texts = [bytes(ast.literal_eval(f"b{text}")) for text in _TEXT.findall(arguments)]
    socket, file = _SOCKET.match(arguments), _FILE.match(arguments)
    last = arguments.rpartition(",")[2].strip()
    if call in ("sendto", "recvfrom"):
        return Event("send" if call == "sendto" else "receive", socket[1], texts[0], 0, begun) if socket else None
    if call == "unlink":
        return Event(call, texts[0].decode(), b"", 0, begun)
    if call == "openat":
        opened = _FILE.match(result.lstrip(" ="))
        return Event("create", opened[2], b"", 0, begun) if opened and "O_CREAT" in arguments else None
    if not file:
        return None
    if call in ("fsync", "fdatasync"):
        return Event("sync", file[2], b"", 0, begun)
    assert call in ("pwrite64", "ftruncate"), call
    return Event(call, file[2], texts[0] if texts else b"", int(last), begun)


class Disk:
    """What a recorded program did to the files of one directory, which was empty before."""

    def __init__(self, recorded: Sequence[Event], directory: Path) -> None:
        self._recorded, self._directory = recorded, directory

    def cut(self, moment: int, chance: random.Random) -> dict[str, bytes]:
        """Return the files, name by name, as they could be where the power fails after so many events."""
        files: list[_File] = []
        names: dict[str, _File] = {}
        changes = _Changes()
        for number, event in enumerate(self._recorded[:moment]):
            path = Path(event.path)
            if path == self._directory and event.call == "sync":
                changes.sync(event.begun)
            if path.parent != self._directory:
                continue
            if event.call == "create" and path.name not in names:
                names[path.name] = _File()
                files.append(names[path.name])
                changes.add(number, path.name, names[path.name])
            elif event.call == "unlink":
                changes.add(number, path.name, None)
                del names[path.name]
            elif event.call == "sync":
                names[path.name].sync(event.begun)
            elif event.call in ("pwrite64", "ftruncate"):
                names[path.name].write(number, event)
        share = chance.choice((0, 0.5, 0.9, 1))
        left = changes.names(chance)
        return {name: file.content(chance, share) for name, file in left.items()}


class _Changes:
    """The names in a directory: what was changed, and what of it is certain."""

    def __init__(self) -> None:
        self._changes: list[tuple[int, str, _File | None]] = []
        self._certain = 0

    def add(self, number: int, name: str, file: "_File | None") -> None:
        self._changes.append((number, name, file))

    def sync(self, begun: int) -> None:
        self._certain = sum(number < begun for number, _, _ in self._changes)

    def names(self, chance: random.Random) -> "dict[str, _File]":
        names: dict[str, _File | None] = {}
        for _, name, file in self._changes[: chance.randint(self._certain, len(self._changes))]:
            names[name] = file
        return {name: file for name, file in names.items() if file}


class _File:
    """What was written to a file, and how much of it is certain."""

    def __init__(self) -> None:
        self._writes: list[tuple[int, Event]] = []
        self._certain = 0

    def write(self, number: int, event: Event) -> None:
        self._writes.append((number, event))

    def sync(self, begun: int) -> None:
        self._certain = max(self._certain, sum(number < begun for number, _ in self._writes))

    def content(self, chance: random.Random, share: float) -> bytes:
        """Return the certain writes, and of the later ones this share of their sectors."""
        content = bytearray()
        for place, (_, event) in enumerate(self._writes):
            is_certain = place < self._certain
            if event.call == "ftruncate":
                if is_certain or chance.random() < share:
                    content = content[: event.place].ljust(event.place, b"\0")
                continue
            whole = is_certain or chance.random() < share * share
            for start, part in _sectors(event):
                if whole or chance.random() < share:
                    content = content.ljust(start, b"\0")
                    content[start : start + len(part)] = part
        return bytes(content)


def _sectors(event: Event) -> Iterator[tuple[int, bytes]]:
    """Yield where each sector of a write begins, and what is written into it."""
    start, data = event.place, event.data
    while data:
        length = SECTOR - start % SECTOR
        yield start, data[:length]
        start, data = start + length, data[length:]
