"""`smscli parse-report`: status reports and replies, wherever they were caught."""

import sys
import zlib
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from itertools import chain, repeat
from pathlib import Path
from typing import Annotated

import typer

from smscli import render
from smscli.commands._options import OutputOption, ProfileOption
from smscli.config import profile as profiles
from smscli.config.profile import Profile
from smscli.errors import ConfigError, InputError
from smscli.protocol.codes import state_meaning
from smscli.protocol.pushes import Push, Reply, Report, Trust
from smscli.receiving import logs
from smscli.text import decode_log

COLUMNS = ("kind", "mobile", "time", "state", "meaning", "sendid", "content", "extension")
SUMMARY_COLUMNS = ("kind", "state", "meaning", "numbers")
_GROUP = 500  # events that share a transaction
_NAMED = 20  # lines that are no push are named up to here, then counted

Row = tuple[str, ...]


def command(
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE]...", help="Files, - for a pipe, or one payload.")
    ] = None,
    summary: Annotated[bool, typer.Option("--summary", help="Count by state instead.")] = False,
    state: Annotated[str, typer.Option(help="Only reports with this state.", show_default=False)] = "",
    verify: Annotated[bool, typer.Option("--verify", help="Mark what the profile's push secret proves.")] = False,
    record: Annotated[
        bool, typer.Option("--record", help="Keep them in the ledger; with a push secret only what it proves.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Fail where a line is no push.")] = False,
    profile: ProfileOption = "",
    output: OutputOption = None,
) -> None:
    """Read status reports and replies from files, logs or a pipe: one row a number.

    Takes what is found in access logs and dumps, also packed by gzip: URLs, query strings, form bodies, JSON objects,
    one a line.
    """
    account = profiles.choose(profile) if verify or record else None
    trust = _trust(account, verify) if account else None
    with _recorder(account if record else None, trust) as keep:
        reader = _Reader(trust, state.strip().upper(), keep, verify)
        rows = reader.rows(_blocks(sources or []))
        try:
            _show(rows, summary, verify, output)
        finally:
            deque(rows if record else (), maxlen=0)  # all is recorded, also where nobody reads on
    reader.tell(strict)


def _show(rows: Iterator[Row], summary: bool, verify: bool, output: render.Output | None) -> None:
    if summary:
        counted = Counter((row[0], row[3], row[4]) for row in rows)
        render.show(SUMMARY_COLUMNS, [(*key, count) for key, count in counted.most_common()], output)
    else:
        render.show((*COLUMNS, "verified") if verify else COLUMNS, rows, output)


def _trust(account: Profile, verify: bool) -> Trust | None:
    """Return what a push must carry; None where the profile has no secret, which `--verify` cannot do without."""
    if verify and not account.trust:
        raise ConfigError(
            f"profile {account.label!r} has neither push_name nor access_secret, so nothing can be verified. "
            f"Add what was agreed with the vendor to {profiles.config_path()}."
        )
    return account.trust


@contextmanager
def _recorder(account: Profile | None, trust: Trust | None) -> Iterator["_Recorder | None"]:
    """Open the ledger for what is to be recorded, and say behind the block what became of it."""
    if account is None:
        yield None
        return
    from smscli.ledger.inbox import Circle
    from smscli.ledger.runs import opened

    with opened(Circle) as circle:
        recorder = _Recorder(partial(circle.record, account), account.label)
        try:
            yield recorder
        finally:
            recorder.flush()
            recorder.tell(trust is not None)


class _Recorder:
    """Writes events into the ledger, some hundreds at a time, and counts them."""

    def __init__(self, record: Callable[[Sequence[Push]], list[bool]], label: str) -> None:
        self._record, self._label = record, label
        self._waiting: list[Push] = []
        self._new = self._known = self._strange = 0

    def add(self, events: Sequence[Report | Reply], trusted: bool) -> None:
        """Take what was pushed; what is not trusted is counted only."""
        if not trusted:
            self._strange += len(events)
            return
        self._waiting += [Push((event,), {}) for event in events]
        if len(self._waiting) >= _GROUP:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        waiting, self._waiting = self._waiting, []
        new = sum(self._record(waiting)) if waiting else 0
        self._new += new
        self._known += len(waiting) - new

    def tell(self, checked: bool) -> None:
        """Say what was recorded and what was not."""
        counts = f"{self._new:,} recorded for profile {self._label}"
        counts += f", {self._known:,} known already" if self._known else ""
        if self._strange:
            counts += f", {self._strange:,} not recorded: the profile's push secret does not prove them"
        if not checked:
            counts += "; nothing was verified, for the profile has neither push_name nor access_secret"
        render.say(counts)


def _blocks(sources: list[str]) -> Iterator[tuple[str, Iterable[str]]]:
    """Yield each source's name and blocks of whole lines; all are looked at before the first is read."""
    if not sources:
        if sys.stdin is None or sys.stdin.isatty():
            raise InputError("what is to be read? Name files, or pipe a log in.")
        sources = ["-"]
    missing = [source for source in sources if source != "-" and not _exists(source)]
    for source in missing:
        if "=" not in source and not source.lstrip().startswith("{"):
            raise InputError(f"there is no file {source!r}, and it is no payload either.")
    for source in sources:
        if source in missing:
            yield "the payload", [source]
        elif source == "-":
            yield "the pipe", _file_blocks(0, "the pipe")
        else:
            yield source, _file_blocks(source, source)


def _exists(name: str) -> bool:
    try:
        return Path(name).exists()
    except OSError:  # a payload can be longer than any name of a file
        return False


def _file_blocks(file: str | int, name: str) -> Iterator[str]:
    try:
        with open(file, "rb", closefd=file != 0) as stream:
            yield from decode_log(stream, name)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}.") from None


class _Reader:
    """Turns lines into rows and counts the lines that are no push."""

    def __init__(self, trust: Trust | None, state: str, recorder: _Recorder | None, marked: bool) -> None:
        self._trust, self._state, self._recorder, self._marked = trust, state, recorder, marked
        self._strangers = 0
        self._found = not state
        self._named: list[str] = []

    def rows(self, sources: Iterable[tuple[str, Iterable[str]]]) -> Iterator[Row]:
        """Yield a row a number; a million of these is normal, so each step here counts."""
        return chain.from_iterable(self._groups(sources))

    def _groups(self, sources: Iterable[tuple[str, Iterable[str]]]) -> Iterator[Iterable[Row]]:
        for source, blocks in sources:
            for found in logs.parse_pushes(blocks, self._trust):
                if not found.fields:
                    self._stranger(source, found.line)
                    continue
                if self._recorder:
                    self._recorder.add(list(found.events()), found.trusted or self._trust is None)
                rows = _rows(found) if not self._state else filter(self._is_wanted, _rows(found))
                yield rows if not self._marked else [(*row, "yes" if found.trusted else "no") for row in rows]

    def _is_wanted(self, row: Row) -> bool:
        wanted = row[3].upper() == self._state
        self._found |= wanted
        return wanted

    def _stranger(self, source: str, number: int) -> None:
        self._strangers += 1
        if len(self._named) < _NAMED:
            self._named.append(f"{source}, line {number}")

    def tell(self, strict: bool) -> None:
        """Say which lines are no push, which with `strict` is an error, and that a state was looked for in vain."""
        if not self._found:
            render.say(f"no report has the state {self._state}; `smscli codes` lists those that there are")
        if not self._strangers:
            return
        more = f"\n… and {self._strangers - len(self._named):,} more" if self._strangers > len(self._named) else ""
        verb = "line is" if self._strangers == 1 else "lines are"
        text = f"{self._strangers:,} {verb} no push:\n" + "\n".join(self._named) + more
        if strict:
            raise InputError(text)
        render.say(text)


def _rows(found: logs.Found) -> Iterable[Row]:
    """Return a row for each event."""
    none = repeat("")
    if found.kind is Report:
        sendids, mobiles, states, times = found.fields
        return zip(repeat("report"), mobiles, times, states, map(_meaning, states), sendids, none, none)
    mobiles, contents, times, extensions = found.fields
    return zip(repeat("reply"), mobiles, times, none, none, none, contents, extensions)


@lru_cache(maxsize=1024)
def _meaning(state: str) -> str:
    return state_meaning(state).both
