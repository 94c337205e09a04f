"""`smscli optout`: the numbers that want no more messages from an account; `send` leaves them out."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from smscli import render
from smscli.cli import STYLE
from smscli.commands._options import OutputOption, ProfileOption
from smscli.config import profile as profiles
from smscli.errors import InputError
from smscli.ledger.inbox import Circle
from smscli.ledger.runs import opened
from smscli.protocol.times import china_time
from smscli.sending import recipients
from smscli.sending.recipients import Recipients

COLUMNS = ("mobile", "since", "reason")
_BY_HAND = "entered by hand"

Mobiles = Annotated[list[str], typer.Argument(metavar="MOBILE...", help="Numbers, also joined by commas.")]

command = typer.Typer(no_args_is_help=True, **STYLE)


@command.callback()
def group() -> None:
    """Keep the numbers that want no more messages from an account; `send` leaves them out."""


@command.command("list")
def list_(profile: ProfileOption = "", output: OutputOption = None) -> None:
    """List an account's opt-outs: number, since when, and what the person wrote."""
    with opened(Circle) as circle:
        found = circle.optouts(_account(profile))
    since = [china_time(person.since) for person in found]
    rows = [(person.mobile, at, person.reason) for person, at in zip(found, since, strict=True)]
    render.show(COLUMNS, rows, output)


@command.command()
def add(mobiles: Mobiles, profile: ProfileOption = "") -> None:
    """Put numbers on the list."""
    people = _valid(recipients.from_options(mobiles), skip_invalid=False)
    _add(people, profile)


@command.command()
def remove(mobiles: Mobiles, profile: ProfileOption = "") -> None:
    """Take numbers off the list: these people get messages again."""
    people = _valid(recipients.from_options(mobiles), skip_invalid=False)
    with opened(Circle) as circle:
        gone = circle.opt_in(_account(profile), people.mobiles)
    render.say(f"{gone:,} taken off the list{_rest(people, gone, 'were not on it')}")


@command.command("import")
def import_(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="A list, as for `send`; else the pipe.")] = None,
    column: Annotated[str, typer.Option(help="The list's phone column: its name or number.", show_default=False)] = "",
    encoding: Annotated[str, typer.Option(help="The list's encoding, if it is misread.", show_default=False)] = "",
    skip_invalid: Annotated[bool, typer.Option("--skip-invalid", help="Take the rest of the list.")] = False,
    profile: ProfileOption = "",
) -> None:
    """Put the numbers of a CSV, or of a list with one a line, on the list."""
    _add(_valid(_read(file, column, encoding), skip_invalid), profile)


@command.command()
def export(profile: ProfileOption = "") -> None:
    """Write the numbers one a line, as `import` and `send` read them."""
    with opened(Circle) as circle:
        render.show(("mobile",), [(person.mobile,) for person in circle.optouts(_account(profile))], render.Output.TSV)


def _account(profile: str) -> str:
    return profiles.choose(profile).name


def _add(people: Recipients, profile: str) -> None:
    with opened(Circle) as circle:
        new = circle.opt_out(_account(profile), people.mobiles, _BY_HAND)
    render.say(f"{new:,} put on the list{_rest(people, new, 'were on it already')}")


def _rest(people: Recipients, done: int, why: str) -> str:
    rest = len(people.mobiles) - done
    return f"; {rest:,} {why}" if rest else ""


def _read(file: Path | None, column: str, encoding: str) -> Recipients:
    if file is None:
        if sys.stdin is None or sys.stdin.isatty():
            raise InputError("which numbers? Name a file, or pipe a list in.")
        return recipients.read_list(sys.stdin.buffer, "the list from the pipe", column, encoding)  # type: ignore[arg-type]
    try:
        with file.open("rb") as stream:
            return recipients.read_list(stream, str(file), column, encoding)
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}. The list is as it was.") from None


def _valid(people: Recipients, skip_invalid: bool) -> Recipients:
    """Name what is no phone number; without --skip-invalid nothing is done then."""
    for where, text, reason in people.invalid:
        render.say(f"{where}: {text!r}: {reason}")
    if people.invalid and not skip_invalid:
        raise InputError(f"{len(people.invalid):,} of these are no phone numbers. The list is as it was.")
    return people
