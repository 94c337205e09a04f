"""The command tree as data: completion scripts, man pages and `smscli help` are made from it."""

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import typer

from smscli import __doc__ as purpose
from smscli.cli import STYLE, app, load_command
from smscli.commands import COMMANDS
from smscli.config.keys import PROFILE_KEYS
from smscli.help import topics
from smscli.language import _, paragraphs
from smscli.protocol.codes import ANSWERS, OPERATOR_STATES, STATES


@dataclass(frozen=True)
class Parameter:
    """An option, by all its names, or an argument, by its place: `1`, `2`, … or `*` for every further one.

    What it takes is `flag` (nothing), `text`, `file`, `profile`, `template`, `run`, or `choice` and the choices,
    separated by spaces. `metavar` is how its value is called, `group` its heading on the help page, `default` what it
    is without the option; each is empty where there is none.
    """

    names: tuple[str, ...]
    label: str
    summary: str
    takes: str
    repeats: bool
    metavar: str = ""
    group: str = ""
    default: str = ""


@dataclass(frozen=True)
class Command:
    """A command by its whole path, as `smscli profile add`; `description` and `epilog` are the texts of its help.

    Options and arguments of a group's hidden command are its own: what `smscli runs 17` takes, `smscli runs` takes.
    """

    path: str
    summary: str
    options: tuple[Parameter, ...]
    arguments: tuple[Parameter, ...]
    subcommands: tuple["Command", ...]
    description: str = ""
    epilog: str = ""

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
    return Command("smscli", _(purpose), _options([typer.main.get_command(app)]), (), commands)


def _command(path: str, node: Any, summary: str) -> Command:
    below = getattr(node, "commands", {})
    subcommands = tuple(
        _command(f"{path} {name}", child, _first_line(child.help)) for name, child in below.items() if not child.hidden
    )
    nodes = [node, *(child for child in below.values() if child.hidden)]
    texts = "\n\n".join(paragraphs(inspect.cleandoc(each.help or "")) for each in nodes).strip()
    return Command(path, summary, _options(nodes), _arguments(nodes), subcommands, texts, paragraphs(node.epilog or ""))


def _first_line(text: str | None) -> str:
    return paragraphs(text or "").strip().partition("\n")[0]


def _options(nodes: Sequence[Any]) -> tuple[Parameter, ...]:
    found = {
        param.name: _parameter(param, (*param.opts, *param.secondary_opts))
        for node in nodes
        for param in node.params
        if param.param_type_name == "option" and not param.hidden
    }
    ask_help = Parameter(tuple(STYLE["context_settings"]["help_option_names"]), "", _("Show the help."), "flag", False)
    return (*found.values(), ask_help)


def _arguments(nodes: Sequence[Any]) -> tuple[Parameter, ...]:
    found = (param for node in nodes for param in node.params if param.param_type_name == "argument")
    return tuple(_parameter(param, (_place(param, index),)) for index, param in enumerate(found, 1))


def _place(param: Any, index: int) -> str:
    return "*" if param.nargs == -1 else str(index)


def _parameter(param: Any, names: tuple[str, ...]) -> Parameter:
    summary, takes = _(" ".join((getattr(param, "help", None) or "").split())), _takes(param)
    metavar = "" if takes == "flag" else param.metavar or param.name.upper()
    group = getattr(param, "rich_help_panel", None) or ""
    is_shown = takes != "flag" and param.default not in (None, "", ()) and getattr(param, "show_default", True)
    return Parameter(
        names, param.name.replace("_", " "), summary, takes, param.multiple, metavar,
        _(group), str(param.default) if is_shown else "",
    )  # fmt: skip


def _takes(param: Any) -> str:
    if getattr(param, "is_flag", False) or getattr(param, "count", False):
        return "flag"
    metavar = (param.metavar or "").strip("[].")
    if metavar in _NAMES:
        return metavar.lower()
    if choices := _CHOICES.get(metavar) or getattr(param.type, "choices", None):
        return " ".join(("choice", *choices))
    return "file" if metavar == "FILE" or param.type.name in ("path", "filename") else "text"


# What a value is, by the word that the help has for it.
_NAMES = ("PROFILE", "TEMPLATE", "RUN")
_CHOICES = {
    "KEY": tuple(PROFILE_KEYS),
    "STATE": (*STATES, *OPERATOR_STATES),
    "CODE": (*(str(code) for code in ANSWERS if code >= 0), *STATES, *OPERATOR_STATES),  # -1 would look like an option
    "TOPIC": (*topics(), *COMMANDS),
}
