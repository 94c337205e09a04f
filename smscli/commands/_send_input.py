"""What `send` reads: the message, and the list of who is to get it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple

from smscli.commands._own_files import refuse_own_file, refuse_own_pipe
from smscli.commands._send_options import SendOptions
from smscli.config.file import read_template
from smscli.config.profile import Profile, choose
from smscli.console import Environment
from smscli.errors import InputError
from smscli.protocol.times import format_stime
from smscli.sending import recipients
from smscli.sending.message import Text, parse_text
from smscli.sending.recipients import Recipients
from smscli.sending.times import parse_at
from smscli.text import decode_file

_FILE_LIMIT = 1 << 20  # far more than any text that the gateway takes


# --- the message --------------------------------------------------------------------------------------------------


class Message(NamedTuple):
    """What is sent, from which account, and when: the content as given, its parsed text, the values of `--var`."""

    account: Profile
    content: str
    text: Text
    constants: Mapping[str, str]
    stime: str


def read_message(environment: Environment, options: SendOptions) -> Message:
    """Read what is to be sent, and check everything that does not need the list."""
    approved = read_template(options.template) if options.template else {}
    overrides = {key: approved.get(key) if value is None else value
                 for key, value in (("sign", options.sign), ("extno", options.extno))}  # fmt: skip
    account = choose(options.profile, overrides)
    content = _content(environment, options, approved.get("content"))
    text, constants = parse_text(content), _constants(options.var or [])
    key = options.key
    if key is not None and (not key.strip() or not key.isprintable()):
        raise InputError(f"--key needs a name of visible characters, not {key!r}. Nothing was sent.")
    stime = ""
    if options.at is not None:  # with a key the past is fine: its run may have been sent then
        stime = format_stime(parse_at(options.at, datetime.now(UTC), past_is_fine=key is not None))
        environment.say(f"scheduled for {stime} China time (UTC+8)")
    return Message(account, content, text, constants, stime)


def _content(environment: Environment, options: SendOptions, template: str | None) -> str:
    given_by = [source for source in (options.content, options.content_file, template) if source is not None]
    if len(given_by) != 1:
        raise InputError("give the text with one of --content, --content-file and --template. Nothing was sent.")
    file = options.content_file
    if file is None:
        return options.content or template or ""
    refuse_own_file(file)
    raw = environment.read_file(file, _FILE_LIMIT, "Nothing was sent.")
    return decode_file(raw, str(file)).replace("\r\n", "\n").removesuffix("\n")


def _constants(pairs: Sequence[str]) -> dict[str, str]:
    constants: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise InputError(f"--var {pair!r} must be written NAME=VALUE. Nothing was sent.")
        constants[name.strip()] = value
    return constants


# --- the recipients -----------------------------------------------------------------------------------------------


def read_recipients(environment: Environment, options: SendOptions, message: Message) -> Recipients:
    """Read who gets it, and say which lines are invalid; these stop the send unless there is `--skip-invalid`."""
    people = _recipients(environment, options, [f for f in message.text.fields if f not in message.constants])
    for note in () if options.quiet else people.notes:
        environment.say(note)
    for where, text, reason in people.invalid:
        environment.say(f"{where}: {text!r}: {reason}")
    if people.invalid and options.rejects:
        people.invalid.write(options.rejects)
        environment.say(
            f"the invalid lines are in {options.rejects}, with their reasons: correct that file and send it"
        )
    if not (options.dry_run and people.mobiles):  # a dry run shows the rest of the list first
        refuse_invalid(options, people)
    if people.duplicates:
        environment.say(f"{people.duplicates:,} left out: duplicates")
    if people.invalid:
        environment.say(f"{len(people.invalid):,} left out: invalid")
    if not people.mobiles:
        raise InputError("no valid number is left. Nothing was sent. Fix the list.")
    return people


def _recipients(environment: Environment, options: SendOptions, fields: Sequence[str]) -> Recipients:
    mobile, file = options.mobile, options.list_file
    if mobile and file:
        raise InputError("give the numbers with either --mobile or --list, not with both. Nothing was sent.")
    if mobile and fields:
        raise InputError(
            f"the content takes {{{fields[0]}}}. Nothing was sent. Fill it with --var, or use --list with that column."
        )
    if mobile:
        return recipients.from_options(mobile)
    how = (options.column, options.encoding, fields, options.sheet, sheet_chooser(environment, options.yes))
    if file:
        refuse_own_file(file)
        with environment.open_file(file, "Nothing was sent.") as stream:
            return recipients.read_list(stream, str(file), *how)
    pipe = environment.pipe("to whom? Give --mobile or --list, or pipe a list in. Nothing was sent.")
    refuse_own_pipe(pipe)
    return recipients.read_list(pipe, "the list from the pipe", *how)


def sheet_chooser(environment: Environment, yes: bool = False) -> recipients.Ask:
    """Return how one of several sheets is chosen: a person is asked, unless nobody is there or `yes` is given."""

    def ask(question: str, names: Sequence[str]) -> str:
        if not yes:
            with suppress(OSError):
                return environment.choose(question, names)
        return recipients.refuse_several(question, names)

    return ask


def refuse_invalid(options: SendOptions, people: Recipients) -> None:
    """Refuse a list with invalid lines, unless `--skip-invalid` leaves them out."""
    if people.invalid and not options.skip_invalid:
        raise InputError(
            f"{len(people.invalid):,} invalid, {len(people.mobiles):,} valid. Nothing was sent. "
            "Fix the list, or send to the valid ones with --skip-invalid."
        )
