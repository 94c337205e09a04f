"""The command tree as data: what a completion script has to know about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import typer

from smscli.cli import STYLE, app, load_command
from smscli.commands import COMMANDS
from smscli.config.keys import PROFILE_KEYS
from smscli.language import _, paragraphs


@dataclass(frozen=True)
class Parameter:
    """An option, by all its names, or an argument, by its place: `1`, `2`, … or `*` for every further one.

    What it takes is `flag` (nothing), `text`, `file`, `profile`, or `choice` and the choices, separated by spaces.
    """

    names: tuple[str, ...]
    label: str
    summary: str
    takes: str
    repeats: bool


@dataclass(frozen=True)
class Command:
    """A command by its whole path, as `smscli profile add`."""

    path: str
    summary: str
    options: tuple[Parameter, ...]
    arguments: tuple[Parameter, ...]
    subcommands: tuple["Command", ...]

    @property
    def name(self) -> str:
        """The last word of the path."""
        return self.path.rpartition(" ")[2]

    @property
    def option_names(self) -> list[str]:
        """Every name of every option."""
        return [name for option in self.options for name in option.names]

    def walk(self) -> Iterator["Command"]:
        """Yield this command and all below it."""
        yield self
        for command in self.subcommands:
            yield from command.walk()


def command_tree() -> Command:
    """Load every command and return the root."""
    commands = tuple(_command(f"smscli {name}", load_command(name), _(text)) for name, text in COMMANDS.items())
    return Command("smscli", "", _options(typer.main.get_command(app)), (), commands)


def _command(path: str, node: Any, summary: str) -> Command:
    below = getattr(node, "commands", {}).items()
    subcommands = tuple(
        _command(f"{path} {name}", child, _first_line(child.help)) for name, child in below if not child.hidden
    )
    return Command(path, summary, _options(node), _arguments(node), subcommands)


def _first_line(text: str | None) -> str:
    return paragraphs(text or "").strip().partition("\n")[0]


def _options(node: Any) -> tuple[Parameter, ...]:
    found = (param for param in node.params if param.param_type_name == "option" and not param.hidden)
    ask_help = Parameter(tuple(STYLE["context_settings"]["help_option_names"]), "", _("Show the help."), "flag", False)
    return (*(_parameter(param, (*param.opts, *param.secondary_opts)) for param in found), ask_help)


def _arguments(node: Any) -> tuple[Parameter, ...]:
    found = (param for param in node.params if param.param_type_name == "argument")
    return tuple(_parameter(param, (_place(param, index),)) for index, param in enumerate(found, 1))


def _place(param: Any, index: int) -> str:
    return "*" if param.nargs == -1 else str(index)


def _parameter(param: Any, names: tuple[str, ...]) -> Parameter:
    text = " ".join((getattr(param, "help", None) or "").split())
    return Parameter(names, param.name.replace("_", " "), _(text), _takes(param), param.multiple)


def _takes(param: Any) -> str:
    if getattr(param, "is_flag", False) or getattr(param, "count", False):
        return "flag"
    metavar = (param.metavar or "").strip("[].")
    if metavar == "PROFILE":
        return "profile"
    if choices := PROFILE_KEYS if metavar == "KEY" else getattr(param.type, "choices", None):
        return " ".join(("choice", *choices))
    return "file" if metavar == "FILE" or param.type.name in ("path", "filename") else "text"
