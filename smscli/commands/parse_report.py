"""`smscli parse-report`: status reports and replies, found in files, logs or a pipe."""

import io
import os
import zlib
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache, partial
from itertools import chain, repeat
from pathlib import Path
from typing import Annotated

import typer

from smscli.commands._options import OutputOption, ProfileOption
from smscli.commands._own_files import refuse_own_file, refuse_own_pipe
from smscli.config import profile as profiles
from smscli.config.file import config_path
from smscli.config.profile import Profile
from smscli.console import Environment, unreadable
from smscli.errors import ConfigError, InputError
from smscli.language import _, ngettext
from smscli.output import Output, write_rows
from smscli.protocol.codes import state_meaning
from smscli.protocol.pushes import Push, Reply, Report, Trust
from smscli.receiving import logs
from smscli.text import decode_log

COLUMNS = ("kind", "mobile", "time", "state", "meaning", "sendid", "content", "extension")
SUMMARY_COLUMNS = ("kind", "state", "meaning", "numbers")
_GROUP = 500  # events that share a transaction
_NAMED = 20  # so many lines that are not a push are named, the others counted

Row = tuple[str, ...]


def command(
    context: typer.Context,
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE]...", help="Files, - for the pipe, or one push as text.")
    ] = None,
    summary: Annotated[bool, typer.Option("--summary", help="Count by state instead of listing.")] = False,
    state: Annotated[str, typer.Option(metavar="STATE", help="Only reports with this state.", show_default=False)] = "",
    verify: Annotated[
        bool, typer.Option("--verify", help="Add a column: does the push match the profile's credentials?")
    ] = False,
    record: Annotated[
        bool,
        typer.Option(
            "--record", help="Keep them in the ledger, except those that do not match the profile's credentials."
        ),
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with code 2 if a line is not a push.")] = False,
    profile: ProfileOption = "",
    output: OutputOption = None,
) -> None:
    """Read status reports and replies from files, logs or a pipe: one row a number.

    It finds URLs, query strings, form bodies and JSON objects, one a line, in access logs and dumps, also in gzip
    files.
    """
    environment: Environment = context.obj
    account = profiles.choose(profile) if verify or record else None
    trust = _trust(account, verify) if account else None
    with _recorder(environment, account if record else None, trust) as keep:
        reader = _Reader(trust, state.strip().upper(), keep, verify)
        rows = reader.rows(_blocks(environment, sources or []))
        try:
            _show(environment, rows, summary, verify, output)
        finally:
            deque(rows if record else (), maxlen=0)  # record all of it, also where the reader of stdout has gone
    reader.conclude(environment, strict)


def _show(environment: Environment, rows: Iterator[Row], summary: bool, verify: bool, output: Output | None) -> None:
    empty = _("No report or reply was found.")
    if summary:
        counted = Counter((row[0], row[3], row[4]) for row in rows)
        write_rows(
            environment, SUMMARY_COLUMNS, [(*key, count) for key, count in counted.most_common()], output, empty=empty
        )
    else:
        write_rows(
            environment,
            (*COLUMNS, "verified") if verify else COLUMNS,
            rows,
            output,
            empty=empty,
            spare=("extension", "kind"),
        )


def _trust(account: Profile, verify: bool) -> Trust | None:
    """Return what a push must carry; None where the profile has no secret, which `--verify` cannot do without."""
    if verify and not account.trust:
        said = _(
            "profile {profile!r} has neither push_name nor access_secret, so nothing can be verified. "
            "Add what was agreed with the vendor to {file}."
        )
        raise ConfigError(said.format(profile=account.label, file=config_path()))
    return account.trust


@contextmanager
def _recorder(environment: Environment, account: Profile | None, trust: Trust | None) -> Iterator["_Recorder | None"]:
    """Open the ledger for what is recorded, and say after the block how much it was."""
    if account is None:
        yield None
        return
    from smscli.ledger.inbox import Inbox
    from smscli.ledger.store import open_store

    with open_store() as store:
        recorder = _Recorder(partial(Inbox(store).record, account), account.label)
        try:
            yield recorder
        finally:
            recorder.flush()
            environment.say(recorder.summary(trust is not None))


class _Recorder:
    """Writes events into the ledger, some hundreds at a time, and counts them."""

    def __init__(self, record: Callable[[Sequence[Push]], list[bool | None]], label: str) -> None:
        self._record, self._label = record, label
        self._waiting: list[Push] = []
        self._new = self._known = self._untrusted = 0

    def add(self, events: Sequence[Report | Reply], trusted: bool) -> None:
        """Take events; those that are not trusted are only counted."""
        if not trusted:
            self._untrusted += len(events)
            return
        self._waiting += [Push((event,), {}) for event in events]
        if len(self._waiting) >= _GROUP:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        waiting, self._waiting = self._waiting, []
        new = sum(map(bool, self._record(waiting))) if waiting else 0
        self._new += new
        self._known += len(waiting) - new

    def summary(self, checked: bool) -> str:
        """Return what was recorded and what was not, a line each."""
        lines = [_("{count:,} recorded for profile {profile}").format(count=self._new, profile=self._label)]
        if self._known:
            lines.append(_("{count:,} known already").format(count=self._known))
        if self._untrusted:
            said = _("{count:,} not recorded: they do not match the profile's credentials")
            lines.append(said.format(count=self._untrusted))
        if not checked:
            lines.append(_("nothing was verified, because the profile has neither push_name nor access_secret"))
        return "\n".join(lines)


def _blocks(environment: Environment, sources: list[str]) -> Iterator[tuple[str, Iterable[str]]]:
    """Yield each source's name and blocks of whole lines; all names are checked before the first is read."""
    if not sources:
        environment.pipe(_("which files? Name them, or pipe a log in."))
        sources = ["-"]
    missing = [source for source in sources if source != "-" and not _exists(source)]
    for source in set(sources) - set(missing) - {"-"}:
        refuse_own_file(Path(source))
    for source in missing:
        if "=" not in source and not source.lstrip().startswith("{"):
            raise InputError(_("there is no file {name!r}, and it is not a push either.").format(name=source))
    for source in sources:
        if source in missing:
            yield _("the push given"), [source]
        elif source == "-":
            yield _("the pipe"), _file_blocks(environment, None, _("the pipe"))
        else:
            yield source, _file_blocks(environment, Path(source), source)


def _exists(name: str) -> bool:
    return os.path.lexists(name)  # False also for a push that is longer than any name of a file


def _file_blocks(environment: Environment, file: Path | None, name: str) -> Iterator[str]:
    with _opened(environment, file) as stream:
        try:
            yield from decode_log(stream, name)
        except (OSError, EOFError, zlib.error) as error:
            raise unreadable(name, error, "") from None


def _opened(environment: Environment, file: Path | None) -> AbstractContextManager[io.BufferedReader]:
    if file:
        return environment.open_file(file, "")
    pipe = environment.stdin or io.BytesIO()
    refuse_own_pipe(pipe)
    return nullcontext(pipe if isinstance(pipe, io.BufferedReader) else io.BufferedReader(pipe))


class _Reader:
    """Turns lines into rows and counts the lines that are not a push."""

    def __init__(self, trust: Trust | None, state: str, recorder: _Recorder | None, marked: bool) -> None:
        self._trust, self._state, self._recorder, self._marked = trust, state, recorder, marked
        self._not_pushes = 0
        self._found = not state
        self._named: list[str] = []

    def rows(self, sources: Iterable[tuple[str, Iterable[str]]]) -> Iterator[Row]:
        """Yield a row a number; a million of these is normal, so each step here counts."""
        return chain.from_iterable(self._groups(sources))

    def _groups(self, sources: Iterable[tuple[str, Iterable[str]]]) -> Iterator[Iterable[Row]]:
        for source, blocks in sources:
            for found in logs.parse_pushes(blocks, self._trust):
                if not found.fields:
                    self._count_line(source, found.line)
                    continue
                if self._recorder:
                    self._recorder.add(list(found.events()), found.trusted or self._trust is None)
                rows = _rows(found) if not self._state else filter(self._is_wanted, _rows(found))
                yield rows if not self._marked else [(*row, "yes" if found.trusted else "no") for row in rows]

    def _is_wanted(self, row: Row) -> bool:
        wanted = row[3].upper() == self._state
        self._found |= wanted
        return wanted

    def _count_line(self, source: str, number: int) -> None:
        self._not_pushes += 1
        if len(self._named) < _NAMED:
            self._named.append(_("{source}, line {line}").format(source=source, line=number))

    def conclude(self, environment: Environment, strict: bool) -> None:
        """Say which lines are not a push, with `strict` as an error; say also if no report has the state."""
        if not self._found:
            said = _("no report has the state {state}; `smscli codes` lists the known ones")
            environment.say(said.format(state=self._state))
        if not self._not_pushes:
            return
        said = ngettext("{count:,} line is not a push:", "{count:,} lines are not a push:", self._not_pushes)
        lines = [said.format(count=self._not_pushes), *self._named]
        if more := self._not_pushes - len(self._named):
            lines.append(_("… and {count:,} more").format(count=more))
        text = "\n".join(lines)
        if strict:
            raise InputError(text)
        environment.say(text)


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
