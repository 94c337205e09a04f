"""`smscli optout`: the people who want no more messages from an account; `send` leaves them out."""

from pathlib import Path
from typing import Annotated

import typer

from smscli.cli import Commands
from smscli.commands._options import ColumnOption, EncodingOption, OutputOption, ProfileOption, SheetOption
from smscli.commands._own_files import refuse_own_file, refuse_own_pipe
from smscli.commands._send_input import sheet_chooser
from smscli.config import profile as profiles
from smscli.console import Environment
from smscli.errors import InputError
from smscli.language import _
from smscli.ledger.optouts import OptOuts
from smscli.ledger.store import open_store
from smscli.output import Output, write_rows
from smscli.protocol.times import china_time
from smscli.sending import recipients
from smscli.sending.recipients import Recipients

COLUMNS = ("mobile", "since", "reason")
_BY_HAND = "entered by hand"

Mobiles = Annotated[list[str], typer.Argument(metavar="MOBILE...", help="Numbers, separated by spaces or commas.")]

command = Commands(no_args_is_help=True)


@command.callback()
def group() -> None:
    """Keep the list of people who want no more messages from an account; `send` leaves them out."""


@command.command("list")
def list_(context: typer.Context, profile: ProfileOption = "", output: OutputOption = None) -> None:
    """List an account's opt-outs: number, since when, and what the person wrote."""
    with open_store() as store:
        found = OptOuts(store).all(_account(profile))
    since = [china_time(person.since) for person in found]
    rows = [(person.mobile, at, person.reason) for person, at in zip(found, since, strict=True)]
    write_rows(context.obj, COLUMNS, rows, output, empty=_("Nobody is on the list."), cut=True)


@command.command()
def add(context: typer.Context, mobiles: Mobiles, profile: ProfileOption = "") -> None:
    """Put numbers on the list."""
    people = _valid(context.obj, recipients.from_options(mobiles), skip_invalid=False)
    _add(context.obj, people, profile)


@command.command()
def remove(context: typer.Context, mobiles: Mobiles, profile: ProfileOption = "") -> None:
    """Take numbers off the list: these people get messages again."""
    people = _valid(context.obj, recipients.from_options(mobiles), skip_invalid=False)
    with open_store() as store:
        gone = OptOuts(store).remove(_account(profile), people.mobiles)
    rest = len(people.mobiles) - gone
    said = _("{count:,} taken off the list; {rest:,} were not on it") if rest else _("{count:,} taken off the list")
    context.obj.say(said.format(count=gone, rest=rest))


@command.command("import")
def import_(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A list, as for `send`; without it, from a pipe.")
    ] = None,
    column: ColumnOption = "",
    sheet: SheetOption = "",
    encoding: EncodingOption = "",
    skip_invalid: Annotated[
        bool, typer.Option("--skip-invalid", help="Leave invalid lines out and add the others.")
    ] = False,
    profile: ProfileOption = "",
) -> None:
    """Put the numbers of a file on the list: a workbook, a CSV, or one number a line."""
    environment: Environment = context.obj
    people = _read(environment, file, column, encoding, sheet)
    _add(environment, _valid(environment, people, skip_invalid), profile)


@command.command()
def export(context: typer.Context, profile: ProfileOption = "") -> None:
    """Write the list, one number a line, as `import` and `send` read it."""
    with open_store() as store:
        found = OptOuts(store).all(_account(profile))
    write_rows(context.obj, ("mobile",), [(person.mobile,) for person in found], Output.TSV)


def _account(profile: str) -> str:
    return profiles.choose(profile).name


def _add(environment: Environment, people: Recipients, profile: str) -> None:
    with open_store() as store:
        new = OptOuts(store).add(_account(profile), people.mobiles, _BY_HAND)
    rest = len(people.mobiles) - new
    said = _("{count:,} put on the list; {rest:,} were on it already") if rest else _("{count:,} put on the list")
    environment.say(said.format(count=new, rest=rest))


def _read(environment: Environment, file: Path | None, column: str, encoding: str, sheet: str) -> Recipients:
    how = (column, encoding, (), sheet, sheet_chooser(environment))
    if file is None:
        pipe = environment.pipe(_("which numbers? Name a file, or pipe a list in."))
        refuse_own_pipe(pipe)
        return recipients.read_list(pipe, _("the list from the pipe"), *how)
    refuse_own_file(file)
    with environment.open_file(file, _("The list was not changed.")) as stream:
        return recipients.read_list(stream, str(file), *how)


def _valid(environment: Environment, people: Recipients, skip_invalid: bool) -> Recipients:
    """Name the lines that are not a mobile number; without --skip-invalid nothing is done then."""
    for where, text, reason in people.invalid:
        environment.say(_("{where}: {text!r}: {reason}").format(where=where, text=text, reason=reason))
    if people.invalid and not skip_invalid:
        said = _("{invalid:,} invalid, {valid:,} valid. The list was not changed.")
        raise InputError(said.format(invalid=len(people.invalid), valid=len(people.mobiles)))
    return people
