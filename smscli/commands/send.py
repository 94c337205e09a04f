"""`smscli send`: a text to a number or to a list of numbers, as a run that the ledger keeps."""

import getpass
import os
import socket
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from smscli import render
from smscli.commands import _report
from smscli.commands._options import (  # fmt: skip
    OutputOption,
    ProfileOption,
    QuietOption,
    RateOption,
    WaitOption,
    WorkersOption,
    YesOption,
)
from smscli.commands._preview import Preview
from smscli.commands.resume import carry_on, refuse_past
from smscli.commands.runs import show_run
from smscli.config import profile as profiles
from smscli.config.profile import Profile
from smscli.errors import ExitCode, InputError
from smscli.gateway.client import Gateway
from smscli.gateway.open import gateways_of
from smscli.ledger.runs import Ledger, Run, State, open_ledger
from smscli.protocol.forms import decode_text
from smscli.protocol.times import format_stime
from smscli.sending import message, plan, recipients, runner
from smscli.sending.limits import hold_back, without
from smscli.sending.plan import Plan
from smscli.sending.recipients import Recipients
from smscli.sending.runner import Pace
from smscli.sending.times import parse_at
from smscli.text import bom_encoding

SETTINGS = {"allow_extra_args": True}  # to explain them: most are a forgotten option or quotation mark
_FILE_LIMIT = 1 << 20  # no text that the gateway takes is nearly as long


def command(
    context: typer.Context,
    mobile: Annotated[list[str] | None, typer.Option("--mobile", help="A number, or several joined by commas.")] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="A list, CSV or a number a line; or pipe it in.")
    ] = None,
    content: Annotated[
        str | None, typer.Option(help="The text; {name} takes that column of the list.", show_default=False)
    ] = None,
    content_file: Annotated[Path | None, typer.Option(metavar="FILE", help="A file with the text.")] = None,
    template: Annotated[str, typer.Option(metavar="TEMPLATE", help="An approved text.", show_default=False)] = "",
    var: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="The same for all, for {NAME}.")] = None,
    sign: Annotated[str | None, typer.Option(help="The signature, instead of the profile's.")] = None,
    extno: Annotated[str | None, typer.Option(help="The extension code, instead of the profile's.")] = None,
    at: Annotated[
        str | None, typer.Option(help="When: 2026-12-01 09:00 (China time), +90m, +2h, +1d; cannot be called back.")
    ] = None,
    column: Annotated[str, typer.Option(help="The list's phone column: its name or number.", show_default=False)] = "",
    encoding: Annotated[str, typer.Option(help="The list's encoding, if it is misread.", show_default=False)] = "",
    skip_invalid: Annotated[
        bool, typer.Option("--skip-invalid", help="Leave invalid lines out, send to the others.")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Only the first N numbers.")] = None,
    key: Annotated[str | None, typer.Option(help="The run's name; the same key never sends twice.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be sent, and send nothing.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Send what the balance covers where it is too little.")
    ] = False,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Numbers in one request; 500 by default.")] = None,
    workers: WorkersOption = 4,
    rate: RateOption = 0,
    max_refused: Annotated[int, typer.Option(min=0, metavar="N", help="Stop after N refused texts.")] = 0,
    include_opted_out: Annotated[
        bool, typer.Option("--include-opted-out", help="Also to those who want no more messages.")
    ] = False,
    wait: WaitOption = "",
    yes: YesOption = False,
    quiet: QuietOption = False,
    profile: ProfileOption = "",
    output: OutputOption = None,
) -> None:
    """Send a text to a number or to a list of numbers."""
    patience = _report.seconds(wait)
    if context.args:
        raise InputError(
            f"{' '.join(context.args)!r} belongs to no option. Nothing was sent. Numbers go after --mobile, "
            "the text after --content; a value with spaces needs quotes: --content 'hello world'."
        )
    approved = profiles.template(template) if template else {}
    options = {"sign": _first(sign, approved.get("sign")), "extno": _first(extno, approved.get("extno"))}
    account = profiles.choose(profile, options)
    given = _content(content, content_file, approved.get("content"))
    text = message.parse_text(given)
    constants = _constants(var or [])
    _check_key(key)
    now = datetime.now(UTC)
    stime = format_stime(parse_at(at, now, past_is_fine=key is not None)) if at is not None else ""
    if stime:
        render.say(f"scheduled for {stime} China time (UTC+8)")
    people = _recipients(mobile, csv, column, encoding, [name for name in text.fields if name not in constants])
    _tell_recipients(people, quiet)
    if not skip_invalid and not (dry_run and people.mobiles):
        _refuse_invalid(people)
    _tell_left_out(people)
    texts = plan.texts_for(text, constants, people, limit)
    whole = Plan(given, texts, account.sign, account.extno, stime, batch_size or account.batch_size)
    whole.check()
    if same := len(people.mobiles[:limit]) - whole.numbers:  # other cells that made the same text
        render.say(f"{same:,} left out: the same text to the same number")
        people = people._replace(duplicates=people.duplicates + same)
    with open_ledger() as ledger, gateways_of(account) as gateways:
        digest = whole.digest()
        run = ledger.run_by_key(key) if key else None
        if run:
            _refuse_difference(run, whole, digest, account, at)
        if run and dry_run:
            _tell_known(ledger, run)
            return
        if run:
            refuse_past(ledger, run, yes)
            code = _repeat(ledger, run, gateways, Pace(workers, rate, max_refused), quiet, output)
            raise typer.Exit(_after_reports(run, code, patience, quiet))
        if at is not None:
            parse_at(at, now)
        begun = time.time()  # who opts out from here on is left out when it is carried out
        whole, opted_out = _leave_out(whole, ledger, account, begun, include_opted_out)
        preview = Preview(whole, people, account, gateways, opted_out)
        if dry_run:
            render.show(("item", "value"), preview.rows(), output)
            if not skip_invalid:
                _refuse_invalid(people)
            return
        preview.confirm(yes, force)
        source = _as_text("--mobile" if mobile else str(csv or "pipe"))
        run = Run(
            0, key, begun, _asker(), account.label, account.name, given, whole.sign, whole.extno, stime,
            source, digest, whole.numbers, people.duplicates, len(people.invalid),
        )  # fmt: skip
        with ledger.new_run(run, whole.batches()) as number:
            run = run._replace(id=number)
            code = carry_on(ledger, run, gateways, Pace(workers, rate, max_refused), quiet, output)
    raise typer.Exit(_after_reports(run, code, patience, quiet))


def _after_reports(run: Run, code: ExitCode, patience: float, quiet: bool) -> ExitCode:
    """Wait for the reports where that was asked for and anything may have gone out."""
    if not patience or code not in (ExitCode.DONE, ExitCode.PARTLY, ExitCode.UNKNOWN):
        return code
    return _report.wait_for_reports(run, patience, quiet)


def _first(*values: str | None) -> str | None:
    return next((value for value in values if value is not None), None)


def _constants(pairs: list[str]) -> dict[str, str]:
    constants: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise InputError(f"--var {pair!r} must be written NAME=VALUE. Nothing was sent.")
        constants[name.strip()] = value
    return constants


def _asker() -> str:
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        user = str(os.getuid()) if hasattr(os, "getuid") else ""
    return _as_text(f"{user}@{socket.gethostname()}")


def _as_text(name: str) -> str:
    """Return a name that the system gave, its bytes that are no UTF-8 made visible."""
    return name.encode("utf-8", "backslashreplace").decode()


def _check_key(key: str | None) -> None:
    if key is not None and (not key.strip() or not key.isprintable()):
        raise InputError(f"--key {key!r} must be a name, or it protects nothing. Nothing was sent.")


def _tell_known(ledger: Ledger, run: Run) -> None:
    left = ledger.open_numbers(run.id)
    render.say(f"run {run.id} with the key {run.key!r} is there already; {left:,} numbers of it are not sent to yet")


def _leave_out(whole: Plan, ledger: Ledger, account: Profile, now: float, include_opted_out: bool) -> tuple[Plan, int]:
    """Return the plan without whoever is not to get a message now, and how many of these opted out."""
    unwanted = set() if include_opted_out else ledger.opted_out(account.name)
    whole, opted_out = without(whole, unwanted)
    if opted_out:
        render.say(f"{opted_out:,} left out: they opted out; `smscli optout list` shows them")
    whole, held_back = hold_back(whole, ledger, account, now)
    if held_back:
        render.say(f"{held_back:,} left out: they have got as many messages lately as per_number allows")
    if not whole.numbers:
        raise InputError("no number is left to send to. Nothing was sent.")
    return whole, opted_out


def _refuse_difference(run: Run, whole: Plan, digest: str, account: Profile, at: str | None) -> None:
    """Refuse a key that was used for something else, and say what differs."""
    pairs = {
        "profile": (f"{run.profile} ({run.account})", f"{account.label} ({account.name})"),
        "sign": (run.sign, whole.sign),
        "extno": (run.extno, whole.extno),
        # A relative time means another moment each time.
        "time": (run.stime, run.stime if at and at.strip().startswith("+") else whole.stime),
        "content": (run.content, whole.content if run.content else ""),  # a forgotten run has lost its text
    }
    differing = [f"the {name} was {old!r} and is {new!r}" for name, (old, new) in pairs.items() if old != new]
    if not differing and run.digest != digest:
        differing = ["the list, or the texts made from it, differ"]
    if differing:
        raise InputError(
            f"the key {run.key!r} belongs to run {run.id}, which was another message: {'; '.join(differing)}. "
            "Nothing was sent. Use another key."
        )


def _repeat(
    ledger: Ledger, run: Run, gateways: list[Gateway], pace: Pace, quiet: bool, output: render.Output | None
) -> ExitCode:
    """Go on with the run of a key; one that is done is shown again, and ends as it did."""
    if ledger.open_numbers(run.id) or ledger.totals(run.id).batches.get(State.SENDING):
        with ledger.held(run.id):
            render.say(f"going on with run {run.id}, which the key {run.key!r} names")
            return carry_on(ledger, run, gateways, pace, quiet, output)
    render.say(f"run {run.id} with the key {run.key!r} was sent before; nothing was sent again")
    show_run(ledger, run, output)
    return runner.exit_code(ledger.totals(run.id))


def _content(content: str | None, file: Path | None, template: str | None) -> str:
    if sum(source is not None for source in (content, file, template)) != 1:
        raise InputError("give the text by one of --content, --content-file and --template. Nothing was sent.")
    if file is None:
        return content or template or ""
    try:
        with file.open("rb") as stream:
            raw = stream.read(_FILE_LIMIT)
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}. Nothing was sent.") from None
    encoding = bom_encoding(raw)
    text = raw.decode(encoding, "replace") if encoding else decode_text(raw)
    if "\ufffd" in text:
        raise InputError(f"{file} is not UTF-8 or GB18030 text. Nothing was sent.")
    return text.replace("\r\n", "\n").removesuffix("\n")


def _recipients(
    mobile: list[str] | None, csv: Path | None, column: str, encoding: str, fields: Sequence[str]
) -> Recipients:
    if mobile and csv:
        raise InputError("give the numbers by either --mobile or --csv. Nothing was sent.")
    if mobile and fields:
        raise InputError(
            f"the content takes {{{fields[0]}}}: give it with --var, or a list with that column. Nothing was sent."
        )
    if mobile:
        return recipients.from_options(mobile)
    if csv and csv.resolve() == profiles.config_path().resolve():
        raise InputError("that is smscli's own configuration, not a list of numbers. Nothing was sent.")
    if csv:
        try:
            with csv.open("rb") as stream:
                return recipients.read_list(stream, str(csv), column, encoding, fields)
        except OSError as error:
            raise InputError(f"{csv} cannot be read: {error.strerror}. Nothing was sent.") from None
    if sys.stdin is None or sys.stdin.isatty():
        raise InputError("to whom? Give --mobile or --csv, or pipe a list in. Nothing was sent.")
    return recipients.read_list(sys.stdin.buffer, "the list from the pipe", column, encoding, fields)  # type: ignore[arg-type]


def _tell_recipients(people: Recipients, quiet: bool) -> None:
    for note in [] if quiet else people.notes:
        render.say(note)
    for where, text, reason in people.invalid:
        render.say(f"{where}: {text!r}: {reason}")


def _tell_left_out(people: Recipients) -> None:
    if people.duplicates:
        render.say(f"{people.duplicates:,} left out: duplicates")
    if people.invalid:
        render.say(f"{len(people.invalid):,} left out: invalid")
    if not people.mobiles:
        raise InputError("no valid number is left. Nothing was sent.")


def _refuse_invalid(people: Recipients) -> None:
    if people.invalid:
        raise InputError(
            f"{len(people.invalid):,} invalid, {len(people.mobiles):,} valid. Nothing was sent. "
            "Mend the list, or send to the valid ones with --skip-invalid."
        )
