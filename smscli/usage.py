"""Help pages, and what is wrong with a command line, in the reader's language."""

import re
import shutil
from collections.abc import Iterable, Iterator
from copy import copy
from inspect import cleandoc
from typing import Any

from smscli.commands._options import MOST_RUNS
from smscli.config.keys import PROFILE_KEYS
from smscli.console import cells
from smscli.language import _, language, later, paragraphs

_LEAST, _MOST = 52, 100  # the columns of a page
_FIRST_COLUMN = 30  # an option that is longer has its text on the next line
# What must not be torn apart: a word, or one full-width character with the punctuation that belongs to it.
_WIDE = "\u2e80-\u303f\u3040-\u9fff\uf900-\ufaff\uff00-\uff60"
_PIECE = re.compile(rf"[（《【「“]*(?:[{_WIDE}]|[^\s{_WIDE}]+)[，。；：！？、）》】」”…]*\s*")
# What Typer says; `{message}` is one of these again.
_TYPER = (
    later("Missing command."),
    later("Missing option {option}."),
    later("Missing argument {argument}."),
    later("No such command {command}. Did you mean {near}?"),
    later("No such command {command}."),
    later("No such option: {option} (Possible options: {near})"),
    later("No such option: {option}"),
    later("Got unexpected extra argument(s) ({arguments})"),
    later("Option {option} does not take a value."),
    later("Option {option} requires an argument."),
    later("Invalid value for {option}: {message}"),
    later("Invalid value: {message}"),
    later("{value} is not a valid float."),
    later("{value} is not a valid int."),
    later("{value} is not a valid int range."),
    later("{value} is not a valid float range."),
    later("{value} is not in the range {range}."),
    later("{value} is not one of {choices}."),
    later("{value} does not match the formats {formats}."),
    later("must be a number"),
    later("default: {value}"),
    later("required"),
    later("Show this message and exit."),
    later("[OPTIONS]"),
    later("COMMAND [ARGS]..."),
    later("Arguments"),
    later("Options"),
    later("Commands"),
    later("Keys"),
)


# --- a help page --------------------------------------------------------------------------------------------------


def page(command: Any, context: Any) -> str:
    """Return a command's help page: what it does, the arguments, the options in their groups, the sub-commands."""
    width = max(min(shutil.get_terminal_size().columns, _MOST), _LEAST) - 2
    lines = [usage_line(command, context)]
    if command.help:
        lines += ["", *(f"  {line}".rstrip() for line in _text(cleandoc(command.help), width - 2))]
    for name, records in _groups(command, context).items():
        if records:
            lines += ["", _("{heading}:").format(heading=_(name)), *_list(records, width)]
    return "\n".join(lines)


def usage_line(command: Any, context: Any) -> str:
    """Return the line that says how a command is written."""
    pieces = map(_, command.collect_usage_pieces(context))
    return _("Usage: {command}").format(command=" ".join([context.command_path, *pieces]))


def _groups(command: Any, context: Any) -> dict[str, list[tuple[str, str]]]:
    """Return what a page lists by its heading; options without a `rich_help_panel` come last."""
    groups: dict[str, list[tuple[str, str]]] = {"Arguments": []}
    for param in command.get_params(context):
        is_argument = param.param_type_name == "argument"
        group = "Arguments" if is_argument else getattr(param, "rich_help_panel", None) or "Options"
        if record := _record(param, context):
            groups.setdefault(group, []).append(record)
    groups["Options"] = groups.pop("Options")  # there is always --help
    nodes = ((name, command.get_command(context, name)) for name in getattr(command, "commands", ()))
    groups["Commands"] = [(name, node.get_short_help_str()) for name, node in nodes if not node.hidden]
    if any(param.metavar == "KEY" for param in command.get_params(context)):
        groups["Keys"] = [(key.name, _(key.help)) for key in PROFILE_KEYS.values()]
    return groups


def _record(param: Any, context: Any) -> tuple[str, str] | None:
    """Return how a parameter is written and what it does, with its default and its range in brackets."""
    bare = copy(param)
    bare.help = ""
    record = bare.get_help_record(context)
    if not record:
        return None
    parts = record[1].removeprefix("[").removesuffix("]").split("; ")
    extra = ("；" if language() == "zh" else "; ").join(_said(part) for part in parts if str(MOST_RUNS) not in part)
    return record[0], f"{_(param.help or '')}{f'  [{extra}]' if extra else ''}".lstrip()


def _list(records: Iterable[tuple[str, str]], width: int) -> Iterator[str]:
    column = min(max(cells(record[0]) for record in records), _FIRST_COLUMN)
    for first, text in records:
        lines = list(fold(text, width - column - 4)) or [""]
        if cells(first) > column:
            yield f"  {first}"
            first = ""
        yield f"  {first}{' ' * (column - cells(first))}  {lines[0]}".rstrip()
        for line in lines[1:]:
            yield f"  {' ' * column}  {line}"


def _text(text: str, width: int) -> Iterator[str]:
    for number, paragraph in enumerate(paragraphs(text).split("\n\n")):
        if number:
            yield ""
        is_kept = paragraph.startswith("\b\n")
        yield from paragraph[2:].split("\n") if is_kept else fold(" ".join(paragraph.split()), width)


def fold(text: str, width: int) -> Iterator[str]:
    """Fold a text at its spaces, and between full-width characters where no line starts with punctuation."""
    line = ""
    for piece in _PIECE.findall(text):
        if line and cells(line) + cells(piece.rstrip()) > width:
            yield line.rstrip()
            line = ""
        line += piece
    if line:
        yield line.rstrip()


# --- what is wrong ------------------------------------------------------------------------------------------------


def explain(error: Any) -> str:
    """Return what Typer says about a wrong command line, with the command's usage where it is known."""
    message, context = error.format_message(), getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":  # its message is the help page; Typer does not export it
        return str(message)
    lines = []
    if context is not None:
        hint = _("Try '{command}' for help.").format(command=f"{context.command_path} {context.help_option_names[0]}")
        lines = [context.get_usage(), hint, ""]
    return "\n".join([*lines, _("Error: {message}").format(message=_said(message))])


def _said(message: str) -> str:
    """Return what Typer says in the reader's language; it has no catalog of its own."""
    if language() == "en":
        return message
    for template in _TYPER:
        if found := re.fullmatch(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(template)), message, re.DOTALL):
            filled = found.groupdict()
            if "message" in filled:
                filled["message"] = _said(filled["message"])
            return _(template).format(**filled)
    return message
