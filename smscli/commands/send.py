"""`smscli send`: one text to a number or to a list of numbers."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from smscli import campaign, message, profiles, recipients, render
from smscli.campaign import BatchResult, Outcome
from smscli.commands.options import OutputOption, ProfileOption
from smscli.connect import gateway_of
from smscli.errors import InputError
from smscli.gateway import describe_refusal
from smscli.lines import bom_encoding
from smscli.plan import Plan, parse_at
from smscli.recipients import Recipients
from smscli.wire import decode_text

COLUMNS = (
    "batch", "outcome", "sendid", "accepted", "invalid", "blacklisted", "message", "code", "numbers", "characters",
    "parts", "error",
)  # fmt: skip
_FILE_LIMIT = 1 << 20  # no text that the gateway takes is nearly as long
_TABLE_COLUMNS = 7  # what a person needs; the rest stands in the summary


def command(
    mobile: Annotated[list[str] | None, typer.Option("--mobile", help="A number, or several joined by commas.")] = None,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="A list: CSV or a number a line.")] = None,
    content: Annotated[str | None, typer.Option(help="The text.", show_default=False)] = None,
    content_file: Annotated[Path | None, typer.Option(metavar="FILE", help="A file with the text.")] = None,
    sign: Annotated[str | None, typer.Option(help="The signature, instead of the profile's.")] = None,
    extno: Annotated[str | None, typer.Option(help="The extension code, instead of the profile's.")] = None,
    at: Annotated[str | None, typer.Option(help="When: 2026-12-01 09:00 (China time), +90m, +2h, +1d.")] = None,
    column: Annotated[str, typer.Option(help="The list's phone column: its name or number.", show_default=False)] = "",
    encoding: Annotated[str, typer.Option(help="The list's encoding, if it is misread.", show_default=False)] = "",
    skip_invalid: Annotated[bool, typer.Option("--skip-invalid", help="Send to the rest of the list.")] = False,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Numbers in one request; 500 by default.")] = None,
    profile: ProfileOption = "",
    output: OutputOption = None,
) -> None:
    """Send one text to a number or to a list of numbers."""
    account = profiles.choose(profile, {"sign": sign, "extno": extno})
    text = _content(content, content_file)
    when = parse_at(at, datetime.now(UTC)) if at is not None else None
    people = _recipients(mobile, csv, column, encoding)
    _tell_recipients(people, skip_invalid)
    plan = Plan(people.mobiles, text, account.sign, account.extno, when, batch_size or account.batch_size)
    plan.check()
    if when:
        render.say(f"scheduled for {when:%Y-%m-%d %H:%M:%S} China time (UTC+8)")
    results: list[BatchResult] = []
    try:  # what was sent is told also where a batch ends in Ctrl-C
        with gateway_of(account) as gateway:
            for result in campaign.carry_out(plan, gateway):
                results.append(result)
    finally:
        if results:
            _show(plan, results, output)
    raise typer.Exit(campaign.exit_code(results))


def _content(content: str | None, file: Path | None) -> str:
    if (content is None) == (file is None):
        raise InputError("give the text by either --content or --content-file. Nothing was sent.")
    if file is None:
        return content or ""
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


def _recipients(mobile: list[str] | None, csv: Path | None, column: str, encoding: str) -> Recipients:
    if mobile and csv:
        raise InputError("give the numbers by either --mobile or --csv. Nothing was sent.")
    if mobile:
        return recipients.from_options(mobile)
    if csv:
        try:
            with csv.open("rb") as stream:
                return recipients.read_list(stream, str(csv), column, encoding)
        except OSError as error:
            raise InputError(f"{csv} cannot be read: {error.strerror}. Nothing was sent.") from None
    if sys.stdin is None or sys.stdin.isatty():
        raise InputError("to whom? Give --mobile or --csv, or pipe a list in. Nothing was sent.")
    return recipients.read_list(sys.stdin.buffer, "the list from the pipe", column, encoding)  # type: ignore[arg-type]


def _tell_recipients(people: Recipients, skip_invalid: bool) -> None:
    for note in people.notes:
        render.say(note)
    for where, text, reason in people.invalid:
        render.say(f"{where}: {text!r}: {reason}")
    if people.duplicates:
        render.say(f"{people.duplicates:,} left out: duplicates")
    if people.invalid and not skip_invalid:
        raise InputError(
            f"{len(people.invalid):,} invalid, {len(people.mobiles):,} valid. Nothing was sent. "
            "Mend the list, or send to the valid ones with --skip-invalid."
        )
    if people.invalid:
        render.say(f"{len(people.invalid):,} left out: invalid")
    if not people.mobiles:
        raise InputError("no valid number is left. Nothing was sent.")


def _show(plan: Plan, results: list[BatchResult], output: render.Output | None) -> None:
    rows = [_row(plan, result) for result in results]
    table = render.is_table(output)
    first = 1 if len(rows) == 1 else 0
    # Columns of nothing but zeros would cost the sendid its place on a narrow terminal.
    filled = [index for index in range(first, _TABLE_COLUMNS) if any(row[index] for row in rows)]
    kept = filled if table else range(len(COLUMNS))
    try:
        render.show([COLUMNS[index] for index in kept], [[row[index] for index in kept] for row in rows], output)
    except render.OutputError as error:  # what was sent must be known all the same
        render.say(f"smscli: {error} The result:\n" + "\n".join("\t".join(map(str, row)) for row in rows))
    if table:
        render.say(_summary(plan, results))
    for result in results:
        if result.outcome is not Outcome.PLANNED and result.accepted < result.numbers:
            render.say(f"smscli: {_trouble(result, len(results))}")
    left = sum(result.numbers for result in results if result.outcome is Outcome.PLANNED)
    if left:
        render.say(f"smscli: stopped there; {left:,} numbers were not sent to.")


def _row(plan: Plan, result: BatchResult) -> tuple[render.Cell, ...]:
    answer = result.answer
    counts = (answer.accepted, answer.invalid, answer.blacklisted) if answer else (0, 0, 0)
    sendid, said, code = (answer.sendid, answer.msg, answer.code) if answer else ("", "", None)
    characters = message.count_characters(plan.text)
    error = "" if result.outcome in (Outcome.ACCEPTED, Outcome.PLANNED) else _sentence(result)
    return (
        result.batch, result.outcome.value, sendid, *counts, said, code, result.numbers, characters, plan.parts, error,
    )  # fmt: skip


def _summary(plan: Plan, results: list[BatchResult]) -> str:
    accepted = sum(result.accepted for result in results)
    characters = message.count_characters(plan.text)
    unit = "character" if characters == 1 else "characters"
    parts = "1 part" if plan.parts == 1 else f"{plan.parts} parts"
    return f"{accepted:,} accepted · {characters} {unit} with signature, billed as {parts} a number"


def _sentence(result: BatchResult) -> str:
    if result.answer is None:
        return result.error
    return describe_refusal(result.answer.code, result.answer.msg)


def _trouble(result: BatchResult, batches: int) -> str:
    where = f"batch {result.batch} ({result.numbers:,} numbers): " if batches > 1 else ""
    if result.answer and result.outcome is Outcome.ACCEPTED:
        left = f"{result.answer.invalid:,} invalid and {result.answer.blacklisted:,} blacklisted"
        return f"{where}the gateway accepted {result.accepted:,} of {result.numbers:,} numbers; it found {left}."
    if result.outcome is Outcome.UNKNOWN:
        advice = " It is not known whether anything was sent: look in the gateway's web console before you send again."
    else:
        advice = " Nothing was sent." if result.answer else ""
    return f"{where}{_sentence(result)}{advice}"
