"""`smscli parse-report`: status reports and replies, wherever they were caught."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import typer

from smscli import profiles, pushlog, render
from smscli.codes import state_meaning
from smscli.commands.options import OutputOption, ProfileOption
from smscli.errors import ConfigError, InputError
from smscli.lines import decode_log
from smscli.wire import Reply, Trust

COLUMNS = ("kind", "mobile", "time", "state", "meaning", "sendid", "content", "extension")
SUMMARY_COLUMNS = ("kind", "state", "meaning", "numbers")
_NAMED = 20  # lines that are no push are named up to here, then counted

Row = tuple[str, ...]


def command(
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE]...", help="Files, - for a pipe, or one payload.")
    ] = None,
    summary: Annotated[bool, typer.Option("--summary", help="Count by state instead.")] = False,
    state: Annotated[str, typer.Option(help="Only reports with this state.", show_default=False)] = "",
    verify: Annotated[bool, typer.Option("--verify", help="Mark what the profile's push secret proves.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Fail where a line is no push.")] = False,
    profile: ProfileOption = "",
    output: OutputOption = None,
) -> None:
    """Read status reports and replies from files, logs or a pipe: one row a number.

    Takes what is found in access logs and dumps: URLs, query strings, form bodies, JSON objects, one a line.
    """
    reader = _Reader(_trust(profile) if verify else None, state.strip().upper())
    rows = reader.rows(_lines(sources or []))
    if summary:
        counted = Counter((row[0], row[3], row[4]) for row in rows)
        render.show(SUMMARY_COLUMNS, [(*key, count) for key, count in counted.most_common()], output)
    else:
        render.show((*COLUMNS, "verified") if verify else COLUMNS, rows, output)
    reader.tell_strangers(strict)


def _trust(profile: str) -> Trust:
    account = profiles.choose(profile)
    if not account.push_name and not account.access_secret:
        raise ConfigError(
            f"profile {account.label!r} has neither push_name nor access_secret, so nothing can be verified. "
            f"Add what was agreed with the vendor to {profiles.config_path()}."
        )
    return Trust(account.push_name, account.push_pwd, account.access_secret)


def _lines(sources: list[str]) -> Iterator[tuple[str, Iterable[str]]]:
    """Yield each source's name and lines; all are looked at before the first is read."""
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
            yield "the pipe", _file_lines(0, "the pipe")
        else:
            yield source, _file_lines(source, source)


def _exists(name: str) -> bool:
    try:
        return Path(name).exists()
    except OSError:  # a payload can be longer than any name of a file
        return False


def _file_lines(file: str | int, name: str) -> Iterator[str]:
    try:
        with open(file, "rb", closefd=file != 0) as stream:
            yield from decode_log(stream, name)
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}.") from None


class _Reader:
    """Turns lines into rows and counts the lines that are no push."""

    def __init__(self, trust: Trust | None, state: str) -> None:
        self._trust, self._state = trust, state
        self._strangers = 0
        self._named: list[str] = []

    def rows(self, sources: Iterable[tuple[str, Iterable[str]]]) -> Iterator[Row]:
        """Yield a row a number; a million of these is normal, so each step here counts."""
        wanted, trust = self._state, self._trust
        for source, lines in sources:
            for number, (events, trusted) in enumerate(pushlog.parse_pushes(lines, trust), 1):
                if events is None:
                    self._stranger(source, number)
                    continue
                for event in events:
                    if isinstance(event, Reply):
                        if wanted:
                            continue
                        row = _reply_row(event)
                    elif wanted and event.state.upper() != wanted:
                        continue
                    else:
                        sendid, mobile, state, time = event
                        row = ("report", mobile, time, state, _meaning(state), sendid, "", "")
                    yield row if trust is None else (*row, "yes" if trusted else "no")

    def _stranger(self, source: str, number: int) -> None:
        self._strangers += 1
        if len(self._named) < _NAMED:
            self._named.append(f"{source}, line {number}")

    def tell_strangers(self, strict: bool) -> None:
        """Say which lines are no push; with `strict` that is an error."""
        if not self._strangers:
            return
        more = f"\n… and {self._strangers - len(self._named):,} more" if self._strangers > len(self._named) else ""
        verb = "line is" if self._strangers == 1 else "lines are"
        text = f"{self._strangers:,} {verb} no push:\n" + "\n".join(self._named) + more
        if strict:
            raise InputError(text)
        render.say(text)


def _reply_row(reply: Reply) -> Row:
    return ("reply", reply.mobile, reply.time, "", "", "", reply.content, reply.extension)


@lru_cache(maxsize=1024)
def _meaning(state: str) -> str:
    meaning = state_meaning(state)
    return f"{meaning.zh} / {meaning.en}"
