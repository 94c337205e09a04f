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
from smscli.language import _, listing
from smscli.ledger.schema import KEY_LIMIT
from smscli.protocol.times import format_stime
from smscli.sending import recipients
from smscli.sending.message import Text, parse_text
from smscli.sending.recipients import Recipients
from smscli.sending.times import in_words, parse_at
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
    check_key(options.key)
    return Message(account, content, text, constants, read_time(environment, options))


def check_key(key: str | None) -> None:
    """Refuse a key that nobody could read, or that is too long."""
    if key is not None and (not key.strip() or not key.isprintable()):
        said = _("--key needs a name of visible characters, not {key!r}. Nothing was sent.")
        raise InputError(said.format(key=key))
    if key and len(key) > KEY_LIMIT:
        said = _("--key has {count:,} characters; at most {most} are possible. Nothing was sent.")
        raise InputError(said.format(count=len(key), most=KEY_LIMIT))


def read_time(environment: Environment, options: SendOptions) -> str:
    """Return the China time at which it is to be sent, empty for now; and say it."""
    if options.at is None:
        return ""
    # With a key the past is fine: its run may have been sent then.
    at = parse_at(options.at, datetime.now(UTC), past_is_fine=options.key is not None)
    environment.say(_("scheduled for {time}").format(time=in_words(at)))
    return format_stime(at)


def _content(environment: Environment, options: SendOptions, template: str | None) -> str:
    given_by = [source for source in (options.content, options.content_file, template) if source is not None]
    if len(given_by) != 1:
        raise InputError(_("give the text with one of --content, --content-file and --template. Nothing was sent."))
    file = options.content_file
    if file is None:
        return options.content or template or ""
    refuse_own_file(file)
    raw = environment.read_file(file, _FILE_LIMIT, _("Nothing was sent."))
    return decode_file(raw, str(file)).replace("\r\n", "\n").removesuffix("\n")


def _constants(pairs: Sequence[str]) -> dict[str, str]:
    constants: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            said = _("--var {pair!r} must be written NAME=VALUE. Nothing was sent.")
            raise InputError(said.format(pair=pair))
        constants[name.strip()] = value
    return constants


# --- the recipients -----------------------------------------------------------------------------------------------


def read_recipients(environment: Environment, options: SendOptions, message: Message) -> Recipients:
    """Read who gets it, and say which lines are invalid; these stop the send unless there is `--skip-invalid`."""
    people = _recipients(environment, options, [f for f in message.text.fields if f not in message.constants])
    for note in () if options.quiet else people.notes:
        environment.say(note)
    if options.mobile and not options.skip_invalid:
        _refuse_wrong_mobile(people)
    for where, text, reason in people.invalid:
        environment.say(_("{where}: {text!r}: {reason}").format(where=where, text=text, reason=reason))
    if people.invalid and options.rejects:
        people.invalid.write(options.rejects)
        said = _("the invalid lines are in {file}, with their reasons: correct that file and send it")
        environment.say(said.format(file=options.rejects))
    if not (options.dry_run and people.mobiles):  # a dry run shows the rest of the list first
        refuse_invalid(options, people)
    if people.duplicates:
        environment.say(_("{count:,} left out: duplicates").format(count=people.duplicates))
    if people.invalid:
        environment.say(_("{count:,} left out: invalid").format(count=len(people.invalid)))
    if not people.mobiles:
        raise InputError(_("no valid number is left. Nothing was sent. Fix the list."))
    return people


def _recipients(environment: Environment, options: SendOptions, fields: Sequence[str]) -> Recipients:
    mobile, file = options.mobile, options.list_file
    if mobile and file:
        raise InputError(_("give the numbers with either --mobile or --list, not with both. Nothing was sent."))
    if mobile and fields:
        said = _("the content takes {field}. Nothing was sent. Fill it with --var, or use --list with that column.")
        raise InputError(said.format(field=f"{{{fields[0]}}}"))
    if mobile:
        return recipients.from_options(mobile)
    how = (options.column, options.encoding, fields, options.sheet, sheet_chooser(environment, options.yes))
    if file:
        refuse_own_file(file)
        with environment.open_file(file, _("Nothing was sent.")) as stream:
            return recipients.read_list(stream, str(file), *how)
    pipe = environment.pipe(_("to whom? Give --mobile or --list, or pipe a list in. Nothing was sent."))
    refuse_own_pipe(pipe)
    return recipients.read_list(pipe, _("the list from the pipe"), *how)


def _refuse_wrong_mobile(people: Recipients) -> None:
    """Refuse a number on the command line, which is corrected there and not in a list."""
    said = _("{text!r}: {reason}")
    wrong = [said.format(text=text, reason=reason) for _where, text, reason in people.invalid]
    if wrong:
        raise InputError(
            _("--mobile {wrong}. Nothing was sent. Correct it and try again.").format(wrong=listing(wrong, "；"))
        )


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
        said = _(
            "{invalid:,} invalid, {valid:,} valid. Nothing was sent. "
            "Fix the list, or send to the valid ones with --skip-invalid."
        )
        raise InputError(said.format(invalid=len(people.invalid), valid=len(people.mobiles)))
