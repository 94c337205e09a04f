"""A man page for the program and for each of its commands, in the reader's language, as roff(7) with man(7) macros."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from smscli import __version__
from smscli.help import topics
from smscli.language import _, language
from smscli.tree import Command, Parameter, command_tree

_FOLDERS = {"en": "man1", "zh": "zh_CN/man1"}  # where man(1) looks for a language
_LITERAL = "\b"  # the first line of a paragraph whose lines stay as they are


def folder() -> Path:
    """Return where the pages of the reader's language are kept, from the project's own folder."""
    return Path("data/share/man") / _FOLDERS[language()]


def pages() -> dict[str, str]:
    """Return every page in the reader's language by the name of its file."""
    root = command_tree()
    made = {"smscli.1": _page(root, _program(root))}
    for command in root.subcommands:
        made[f"smscli-{command.name}.1"] = _page(command, _command(command))
    return made


def _page(command: Command, body: Iterable[str]) -> str:
    name = command.path.replace(" ", "-")
    manual = _quoted(_("smscli manual"))
    summary = _(command.summary or command.description).rstrip(".。")
    return "\n".join(
        (
            f'.TH "{name.upper()}" "1" "" "smscli {__version__}" "{manual}"',
            ".ad l",  # Chinese has no spaces to stretch
            *_heading(_("NAME")),
            rf"{_text(name)} \- {_text(summary)}",
            *body,
            "",
        )
    )


# --- the two kinds of pages ---------------------------------------------------------------------------------------


def _program(root: Command) -> Iterator[str]:
    yield from _heading(_("SYNOPSIS"))
    options = _("[OPTIONS]")
    yield rf"\fBsmscli\fR \fICOMMAND\fR {_text(options)}"
    yield from _heading(_("COMMANDS"))
    for command in root.subcommands:
        yield from _item(rf"\fBsmscli\-{_text(command.name)}\fR(1)", _(command.summary))
    yield from _options(root.options)
    yield from _heading(_("TOPICS"))
    yield _marked(_("`smscli help TOPIC` explains one of these."))
    for name, title in topics().items():
        yield from _item(rf"\fB{_text(name)}\fR", title)
    yield from _heading(_("EXIT STATUS"))
    yield _marked(_("`smscli help exit-codes` explains each."))
    yield from _heading(_("FILES AND ENVIRONMENT"))
    yield _marked(_("`smscli help config` explains the configuration file and the environment."))


def _command(command: Command) -> Iterator[str]:
    yield from _heading(_("SYNOPSIS"))
    yield _synopsis(command)
    yield from _heading(_("DESCRIPTION"))
    yield from _described(command)
    yield from _arguments(command)
    yield from _options(command.options)
    if command.subcommands:
        yield from _heading(_("COMMANDS"))
        for below in command.subcommands:
            yield f'.SS "{_quoted(below.path)}"'
            yield _synopsis(below)
            yield ".PP"
            yield from _described(below)
            for parameter in (*below.arguments, *below.options[:-1]):
                yield from _parameter(parameter)
    yield from _heading(_("SEE ALSO"))
    yield r"\fBsmscli\fR(1)"


def _synopsis(command: Command) -> str:
    words = [each.metavar for each in command.arguments]
    if command.subcommands:
        words = [f"[{' '.join([*words, '| COMMAND'])}]" if words else "COMMAND"]
    written = " ".join([_("[OPTIONS]"), *words])
    return rf"\fB{_text(command.path)}\fR {_text(written)}"


def _arguments(command: Command) -> Iterator[str]:
    if command.arguments:
        yield from _heading(_("ARGUMENTS"))
    for argument in command.arguments:
        yield from _parameter(argument)


def _options(options: Iterable[Parameter]) -> Iterator[str]:
    groups: dict[str, list[Parameter]] = {}
    for option in options:
        groups.setdefault(option.group, []).append(option)
    yield from _heading(_("OPTIONS"))
    for group, members in sorted(groups.items(), key=lambda each: each[0] == ""):  # those without a group come last
        if len(groups) > 1:
            title = _(group) if group else _("Options")
            yield f'.SS "{_quoted(title)}"'
        for option in members:
            yield from _parameter(option)


def _parameter(parameter: Parameter) -> Iterator[str]:
    if parameter.names[0].startswith("-"):
        names = ", ".join(rf"\fB{_text(name)}\fR" for name in parameter.names)
        value = rf" \fI{_text(parameter.metavar)}\fR" if parameter.metavar else ""
    else:
        names, value = rf"\fI{_text(parameter.metavar)}\fR", ""
    default = " " + _("The default is {value}.").format(value=parameter.default) if parameter.default else ""
    yield from _item(names + value, f"{_(parameter.summary)}{default}")


# --- roff ---------------------------------------------------------------------------------------------------------


def _heading(title: str) -> Iterator[str]:
    yield f".SH {title}"


def _item(term: str, text: str) -> Iterator[str]:
    yield from (".TP", term, _marked(text))


def _described(command: Command) -> Iterator[str]:
    """Yield the paragraphs of a help text; those that keep their lines are examples or tables."""
    texts = [_(text) for text in (command.description, command.epilog) if text]
    for number, paragraph in enumerate(part for text in texts for part in text.split("\n\n")):
        if number:
            yield ".PP"
        if paragraph.startswith(_LITERAL):
            lines = paragraph.removeprefix(_LITERAL).strip("\n").split("\n")
            yield from (".nf", *(_text(line) for line in lines), ".fi")
        else:
            yield _marked(" ".join(paragraph.split()))


def _marked(text: str) -> str:
    """Return a text in roff, what is between backticks in bold."""
    return re.sub("`([^`]+)`", r"\\fB\1\\fR", _text(text))


def _text(text: str) -> str:
    """Return a text in which roff finds nothing to obey."""
    text = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{text}" if text.startswith((".", "'")) else text


def _quoted(text: str) -> str:
    """Return a text that may stand between quotation marks."""
    return _text(text).replace('"', r"\(dq")
