"""Completion scripts for bash, zsh, fish and PowerShell: a template a shell, filled from the command tree.

The scripts are static, so a TAB starts no process. The shell itself reads the names of profiles and templates from the
configuration file, and the latest runs from the file that `ledger/recent.py` writes, as data that it never evaluates.
`python -m smscli.completion` writes all scripts to `completions/`.
"""

import csv
import io
import re
from collections.abc import Iterator
from enum import StrEnum
from importlib.resources import files

from smscli.tree import Command, Parameter, command_tree


class Shell(StrEnum):
    """A shell that has a completion script."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"


FILES = {
    Shell.BASH: "smscli.bash",
    Shell.ZSH: "_smscli",
    Shell.FISH: "smscli.fish",
    Shell.POWERSHELL: "smscli.ps1",
}


def script(shell: Shell) -> str:
    """Return the completion script of a shell for the whole command tree: its template with every `@MARK@` filled."""
    fill = {Shell.BASH: _bash, Shell.ZSH: _zsh, Shell.FISH: _fish, Shell.POWERSHELL: _powershell}[shell]
    marks = {"MADE": _MADE, **fill(command_tree())}
    template = files("smscli.completion").joinpath(f"{shell}.template").read_text(encoding="utf-8")
    return re.sub("@([A-Z]+)@", lambda mark: marks[mark[1]], template)


_MADE = "completion for smscli; made from its command tree by `make completions`, so do not edit."
# A table of a GROUP in the configuration file; names with an escape, or that are not valid TOML, are not offered.
_HEADER = (
    r"""^[[:space:]]*\[[[:space:]]*GROUP[[:space:]]*\.[[:space:]]*"""
    r"""("([^"\\[:cntrl:]]+)"|'([^'[:cntrl:]]+)'|([A-Za-z0-9_-]+))[[:space:]]*\]"""
)


def _quote(text: str) -> str:
    """Quote for bash and zsh."""
    return "'" + text.replace("'", r"'\''") + "'"


def _bash(root: Command) -> dict[str, str]:
    return {"HEADER": _quote(_HEADER), "COMMANDS": "".join(map(_bash_command, root.walk()))}


def _bash_command(command: Command) -> str:
    below = " ".join(each.name for each in command.subcommands)
    takers = [each for each in (*command.options, *command.arguments) if each.takes != "flag"]
    arms = "".join(f"        {'|'.join(each.names)}) takes='{each.takes}' ;;\n" for each in takers)
    return f"""    '{command.path}')
        commands='{below}' options='{" ".join(command.option_names)}'
        case $2 in
{arms.replace(" *)", " [1-9]*)")}        esac ;;
"""


def _zsh(root: Command) -> dict[str, str]:
    return {"HEADER": _quote(_HEADER), "COMMANDS": "".join(map(_zsh_command, root.walk()))}


def _zsh_command(command: Command) -> str:
    function = "_" + command.path.replace(" ", "_")
    specs = [spec for each in command.options for spec in _zsh_option(each)]
    if not command.subcommands:
        specs += [_quote(f"{each.names[0]}:{each.label}:{_zsh_action(each)}") for each in command.arguments]
        return f"\n{function}() {{\n    _arguments -s -S {_zsh_lines(specs)}\n}}\n"
    own = "".join(f"{_zsh_action(each)} && ret=0; " for each in command.arguments)  # runs RUN, before `runs prune`
    options = f" || _arguments -s -S {_zsh_lines(specs)} && ret=0" if own else ""
    below = [_quote(f"{each.name}:{_zsh_text(each.summary)}") for each in command.subcommands]
    specs += ["'1:command:->command'", "'*::argument:->rest'"]
    return f"""
{function}() {{
    local context state state_descr ret=1
    local -a line commands
    local -A opt_args
    commands=({_zsh_lines(below)})
    _arguments -s -S {_zsh_lines(specs)} && ret=0
    case $state in
        command) {own}_describe -t commands command commands && ret=0 ;;
        rest) (( $+functions[{function}_$line[1]] )) && {function}_$line[1] && ret=0{options} ;;
    esac
    return ret
}}
"""


def _zsh_lines(words: list[str]) -> str:
    return "".join(f"\\\n        {word} " for word in words).rstrip()


def _zsh_option(option: Parameter) -> list[str]:
    once = "*" if option.repeats else f"({' '.join(option.names)})"
    value = "" if option.takes == "flag" else f":{option.label}:{_zsh_action(option)}"
    return [
        _quote(f"{once}{name}{_zsh_join(name, value)}[{_zsh_text(option.summary)}]{value}") for name in option.names
    ]


def _zsh_join(name: str, value: str) -> str:
    """Say that a value may follow in the same word, after `=` where the name is a long one."""
    return "" if not value else "=" if name.startswith("--") else "+"


def _zsh_action(parameter: Parameter) -> str:
    takes = parameter.takes
    if takes.startswith("choice "):
        return f"({_zsh_text(takes.removeprefix('choice '))})"
    return {"text": " ", "file": "_files"}.get(takes) or f"__smscli_{takes}s"


def _zsh_text(text: str) -> str:
    return "".join(f"\\{each}" if each in "\\[]:" else each for each in text)


def _fish(root: Command) -> dict[str, str]:
    commands = list(root.walk())
    steps = "".join(f" {_fish_quote(command.path)}" for command in commands[1:])
    takers = "".join(
        f" {_fish_quote(f'{command.path} {name}')}"
        for command in commands
        for option in command.options
        for name in option.names
        if option.takes != "flag"
    )
    lines = "".join(line for command in commands for line in _fish_command(command))
    return {"HEADER": _fish_quote(_HEADER), "STEPS": steps, "TAKERS": takers, "COMMANDS": lines}


def _fish_command(command: Command) -> Iterator[str]:
    here = f"__smscli_at '{command.path}'"
    for below in command.subcommands:
        yield _fish_line(f"{here} 1", f" -a {below.name}", below.summary)
    for option in command.options:
        names = "".join(f" -l {name[2:]}" if name.startswith("--") else f" -s {name[1:]}" for name in option.names)
        yield _fish_line(here, names + _fish_value(option), option.summary)
    for argument in command.arguments:
        place = here if argument.names == ("*",) else f"{here} {argument.names[0]}"
        if argument.takes != "text":
            yield _fish_line(place, _fish_value(argument).replace(" -r", "").replace(" -x", ""), argument.summary)


def _fish_line(condition: str, what: str, summary: str) -> str:
    return f'complete -c smscli -n "{condition}"{what} -d {_fish_quote(summary)}\n'


def _fish_value(parameter: Parameter) -> str:
    takes = parameter.takes
    if takes.startswith("choice "):
        return f" -x -a '{takes.removeprefix('choice ')}'"
    return {"flag": "", "text": " -x", "file": " -r -F"}.get(takes, f" -x -k -a '(__smscli_{takes}s)'")


def _fish_quote(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _powershell(root: Command) -> dict[str, str]:
    table = io.StringIO(newline="")
    csv.writer(table, lineterminator="\n").writerows(row for command in root.walk() for row in _rows(command))
    return {"ROWS": table.getvalue().rstrip()}


def _rows(command: Command) -> Iterator[tuple[str, str, str, str]]:
    for below in command.subcommands:
        yield command.path, below.name, "command", below.summary
    for option in command.options:
        for name in option.names:
            yield command.path, name, option.takes, option.summary
    for argument in command.arguments:
        yield command.path, f"argument {argument.names[0]}", argument.takes, argument.summary
