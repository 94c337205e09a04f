"""Completion scripts for bash, zsh, fish and PowerShell, made from the command tree.

The scripts are static: a TAB starts no process, and the profiles' names are read from the configuration file by the
shell itself, as data that it never evaluates.  `python -m smscli.completion` writes them all to `completions/`.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import typer

from smscli.cli import STYLE, app, load_command
from smscli.commands import COMMANDS


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


# --- the tree -----------------------------------------------------------------------------------------------------


def command_tree() -> Command:
    """Load every command and return the root."""
    commands = tuple(_command(f"smscli {name}", load_command(name), text) for name, text in COMMANDS.items())
    return Command("smscli", "", _options(typer.main.get_command(app)), (), commands)


def _command(path: str, node: Any, summary: str) -> Command:
    below = getattr(node, "commands", {}).items()
    subcommands = tuple(
        _command(f"{path} {name}", child, _first_line(child.help)) for name, child in below if not child.hidden
    )
    return Command(path, summary, _options(node), _arguments(node), subcommands)


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]


def _options(node: Any) -> tuple[Parameter, ...]:
    found = (param for param in node.params if param.param_type_name == "option" and not param.hidden)
    ask_help = Parameter(tuple(STYLE["context_settings"]["help_option_names"]), "", "Show the help.", "flag", False)
    return (*(_parameter(param, (*param.opts, *param.secondary_opts)) for param in found), ask_help)


def _arguments(node: Any) -> tuple[Parameter, ...]:
    found = (param for param in node.params if param.param_type_name == "argument")
    return tuple(_parameter(param, (_place(param, index),)) for index, param in enumerate(found, 1))


def _place(param: Any, index: int) -> str:
    return "*" if param.nargs == -1 else str(index)


def _parameter(param: Any, names: tuple[str, ...]) -> Parameter:
    summary = " ".join((getattr(param, "help", None) or "").split())
    return Parameter(names, param.name.replace("_", " "), summary, _takes(param), param.multiple)


def _takes(param: Any) -> str:
    if getattr(param, "is_flag", False) or getattr(param, "count", False):
        return "flag"
    metavar = (param.metavar or "").strip("[].")
    if metavar == "PROFILE":
        return "profile"
    if choices := getattr(param.type, "choices", None):
        return " ".join(("choice", *choices))
    return "file" if metavar == "FILE" or param.type.name in ("path", "filename") else "text"


# --- the scripts --------------------------------------------------------------------------------------------------


def script(shell: Shell) -> str:
    """Return the completion script of a shell for the whole command tree."""
    write = {Shell.BASH: _bash, Shell.ZSH: _zsh, Shell.FISH: _fish, Shell.POWERSHELL: _powershell}[shell]
    return write(command_tree())


_MADE = "completion for smscli; made from its command tree by `make completions`, so do not edit."
# A profile's table in the configuration file; a name with an escape in it is not offered, nor what is no valid TOML.
_HEADER = (
    r"""^[[:space:]]*\[[[:space:]]*profiles[[:space:]]*\.[[:space:]]*"""
    r"""("([^"\\[:cntrl:]]+)"|'([^'[:cntrl:]]+)'|([A-Za-z0-9_-]+))[[:space:]]*\]"""
)


def _quote(text: str) -> str:
    """Quote for bash and zsh."""
    return "'" + text.replace("'", r"'\''") + "'"


def _bash(root: Command) -> str:
    about = "".join(_bash_command(command) for command in root.walk())
    return f"# bash {_MADE}\n\n{_BASH_ABOUT}{about}    esac\n}}\n{_BASH.replace('HEADER', _quote(_HEADER))}"


def _bash_command(command: Command) -> str:
    below = " ".join(each.name for each in command.subcommands)
    takers = [each for each in (*command.options, *command.arguments) if each.takes != "flag"]
    arms = "".join(f"        {'|'.join(each.names)}) takes='{each.takes}' ;;\n" for each in takers)
    return f"""    '{command.path}')
        commands='{below}' options='{" ".join(command.option_names)}'
        case $2 in
{arms.replace(" *)", " [1-9]*)")}        esac ;;
"""


_BASH_ABOUT = """\
# Set the commands and options of the command $1, and what its option or argument $2 takes.
_smscli_about() {
    commands= options= takes=
    case $1 in
"""

_BASH = r"""
# Offer those of the words that begin with what is typed, less what readline leaves standing.
_smscli_offer() {
    local word
    for word; do
        [[ $word == "$typed"* ]] && word=$prefix$word && COMPREPLY+=("${word#"$standing"}")
    done
}

# Offer the profiles' names, quoted; inside quotes only those that need none.
_smscli_profiles() {
    local file=${SMSCLI_CONFIG:-${XDG_CONFIG_HOME:-$HOME/.config}/smscli/config.toml} line name
    local header=HEADER opened=
    [[ $typed == [\"\']* ]] && opened=1 typed=${typed#?}
    _smscli_offer sandbox
    [[ -f $file && -r $file ]] || return
    while IFS= read -r line || [[ $line ]]; do
        [[ $line =~ $header ]] || continue
        line=${BASH_REMATCH[2]}${BASH_REMATCH[3]}${BASH_REMATCH[4]}
        printf -v name %q "$line"
        [[ $opened && $name != "$line" ]] || _smscli_offer "$name"
    done <"$file"
}

_smscli() {
    local IFS=$' \t\n' at=smscli place=1 wants= ended= commands options takes
    local typed prefix= standing= breaks=${COMP_WORDBREAKS//[^=:]/} rest=${COMP_LINE#*"${COMP_WORDS[0]}"} piece word
    local -a words=()
    COMPREPLY=()
    # Readline cuts words at = and : too, and bash 4 the words that it hands over; what no space parts is one word.
    for piece in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
        if [[ $rest == [[:space:]]* ]]; then words+=("$piece"); else words[${#words[@]} - 1]+=$piece; fi
        rest=${rest#*"$piece"}
    done
    typed=${words[${#words[@]} - 1]}
    word=${typed%%[\"\']*}
    [[ $breaks ]] && standing=${word%"${word##*[$breaks]}"}
    for word in "${words[@]:0:${#words[@]} - 1}"; do
        _smscli_about "$at" "$word"
        if [[ $wants ]]; then wants=
        elif [[ $word == *[\<\>] || $takes && ! $ended && $word == -* ]]; then wants=$word
        elif [[ $word == -- ]]; then ended=1
        elif [[ " $commands " == *" $word "* ]]; then at+=" $word"
        elif [[ $ended || $word != -* ]]; then place=$((place + 1))
        fi
    done
    if [[ ! $wants && ! $ended && $typed == --*=* ]]; then
        wants=${typed%%=*} prefix=$wants= typed=${typed#*=}
    fi
    _smscli_about "$at" "${wants:-$place}"
    [[ $wants == *[\<\>] || ! $wants && $typed == *[\<\>]* ]] && takes=file
    if [[ ! $wants && ! $ended && ( $typed == -* || ! $commands$takes ) ]]; then
        _smscli_offer $options
    else
        case $takes in
        file) return ;; # readline's own completion does these best
        profile) _smscli_profiles ;;
        choice*) _smscli_offer ${takes#choice} ;;
        '') _smscli_offer $commands ;;
        esac
    fi
    compopt +o default 2>/dev/null # bash 3.2 has none and offers files where nothing else fits
}

complete -o default -F _smscli smscli
"""


def _zsh(root: Command) -> str:
    functions = "".join(_zsh_command(command) for command in root.walk())
    return f"#compdef smscli\n# zsh {_MADE}\n{_ZSH_PROFILES.replace('HEADER', _quote(_HEADER))}{functions}{_ZSH_END}"


def _zsh_command(command: Command) -> str:
    function = "_" + command.path.replace(" ", "_")
    specs = [spec for each in command.options for spec in _zsh_option(each)]
    specs += [_quote(f"{each.names[0]}:{each.label}:{_zsh_action(each)}") for each in command.arguments]
    if not command.subcommands:
        return f"\n{function}() {{\n    _arguments -s -S {_zsh_lines(specs)}\n}}\n"
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
        command) _describe -t commands command commands && ret=0 ;;
        rest) (( $+functions[{function}_$line[1]] )) && {function}_$line[1] && ret=0 ;;
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
    actions = {"text": " ", "file": "_files", "profile": "__smscli_profiles"}
    return actions.get(parameter.takes) or f"({parameter.takes.removeprefix('choice ')})"


def _zsh_text(text: str) -> str:
    return "".join(f"\\{each}" if each in "\\[]:" else each for each in text)


_ZSH_PROFILES = r"""
__smscli_profiles() {
    local file=${SMSCLI_CONFIG:-${XDG_CONFIG_HOME:-$HOME/.config}/smscli/config.toml} line expl MATCH
    local header=HEADER
    local -a names match mbegin mend
    integer MBEGIN MEND
    names=(sandbox)
    if [[ -f $file && -r $file ]]; then
        for line in "${(@f)$(<$file)}"; do
            [[ $line =~ $header ]] && names+=("$match[2]$match[3]$match[4]")
        done
    fi
    _wanted profiles expl profile compadd "$@" -a names
}
"""

_ZSH_END = """
# As an autoloaded file this is the function's first call; sourced, it tells the completion system.
if [[ $funcstack[1] == _smscli ]]; then _smscli "$@"; else compdef _smscli smscli; fi
"""


def _fish(root: Command) -> str:
    commands = list(root.walk())
    steps = "".join(f" {_fish_quote(command.path)}" for command in commands[1:])
    takers = "".join(
        f" {_fish_quote(f'{command.path} {name}')}"
        for command in commands
        for option in command.options
        for name in option.names
        if option.takes != "flag"
    )
    functions = _FISH.replace("HEADER", _fish_quote(_HEADER)).replace("STEPS", steps).replace("TAKERS", takers)
    return f"# fish {_MADE}\n{functions}{''.join(line for command in commands for line in _fish_command(command))}"


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
    values = {"flag": "", "text": " -x", "file": " -r -F", "profile": " -x -a '(__smscli_profiles)'"}
    return values.get(parameter.takes, f" -x -a '{parameter.takes.removeprefix('choice ')}'")


def _fish_quote(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


_FISH = r"""
function __smscli_profiles
    set -l config $XDG_CONFIG_HOME
    test -n "$config"; or set config $HOME/.config
    set -l file $SMSCLI_CONFIG
    test -n "$file"; or set file $config/smscli/config.toml
    echo sandbox
    test -f "$file" -a -r "$file"; and string replace -rf HEADER'.*' '$2$3$4' <$file
end

# Succeed where the words before the cursor lead to the command $argv[1] and, if given, to its argument number $argv[2].
function __smscli_at
    set -l words (commandline -opc)
    while set -q words[1]; and not string match -qr 'smscli$' -- $words[1]
        set -e words[1]
    end
    set -l at smscli
    set -l place 1
    set -l wants
    for word in $words[2..-1]
        if set -q wants[1]
            set -e wants[1]
        else if contains -- "$at $word"STEPS
            set at "$at $word"
        else if contains -- "$at $word"TAKERS
            set wants value
        else if not string match -q -- '-*' $word
            set place (math $place + 1)
        end
    end
    test "$at" = $argv[1]; and test "$place" = "$argv[2]" -o -z "$argv[2]"
end

complete -c smscli -f
"""


def _powershell(root: Command) -> str:
    table = io.StringIO(newline="")
    csv.writer(table, lineterminator="\n").writerows(row for command in root.walk() for row in _rows(command))
    return f"# PowerShell {_MADE}\n{_POWERSHELL.replace('ROWS', table.getvalue().rstrip())}"


def _rows(command: Command) -> Iterator[tuple[str, str, str, str]]:
    for below in command.subcommands:
        yield command.path, below.name, "command", below.summary
    for option in command.options:
        for name in option.names:
            yield command.path, name, option.takes, option.summary
    for argument in command.arguments:
        yield command.path, f"argument {argument.names[0]}", argument.takes, argument.summary


_POWERSHELL = r"""
Register-ArgumentCompleter -Native -CommandName smscli -ScriptBlock {
    param($typed, $ast, $cursor)
    Set-StrictMode -Off

    # At: the command; Name: its sub-command, option or argument; Takes: flag, text, file, profile, choice and choices.
    $rows = @'
At,Name,Takes,Summary
ROWS
'@ | ConvertFrom-Csv

    function Find-Row($name) {
        $rows | Where-Object { $_.At -ceq $at -and $_.Name -ceq $name } | Select-Object -First 1
    }

    function Get-Profile {
        'sandbox'
        $folder = @($env:APPDATA, $env:XDG_CONFIG_HOME, "$HOME/.config") | Where-Object { $_ } | Select-Object -First 1
        $file = if ($env:SMSCLI_CONFIG) { $env:SMSCLI_CONFIG } else { "$folder/smscli/config.toml" }
        if (-not (Test-Path -LiteralPath $file -PathType Leaf)) { return }
        foreach ($line in Get-Content -LiteralPath $file -Encoding UTF8 -ErrorAction SilentlyContinue) {
            if ($line -match '^\s*\[\s*profiles\s*\.\s*(?:"([^"\\\p{C}]+)"|''([^''\p{C}]+)''|([A-Za-z0-9_-]+))\s*\]') {
                "$($Matches[1])$($Matches[2])$($Matches[3])"
            }
        }
    }

    function New-Result($name, $summary) {
        if (-not $summary) { $summary = $name } # PowerShell refuses an empty one
        $text = $name
        if ($name -notmatch '^[\w-]+$') {
            $quote = [System.Management.Automation.Language.CodeGeneration]
            $text = "'" + $quote::EscapeSingleQuotedStringContent($name) + "'"
        }
        [System.Management.Automation.CompletionResult]::new("$prefix$text", $name, 'ParameterValue', $summary)
    }

    $at = 'smscli'
    $place = 1
    $wants = $null
    foreach ($element in $ast.CommandElements | Select-Object -Skip 1) {
        if ($element.Extent.EndOffset -ge $cursor) { break }
        $row = Find-Row $element.Extent.Text
        if ($wants) { $wants = $null }
        elseif ($row.Takes -eq 'command') { $at = "$at $($row.Name)" }
        elseif ($row -and $row.Takes -ne 'flag') { $wants = $row }
        elseif ($element.Extent.Text -notlike '-*') { $place++ }
    }

    $prefix = ''
    if (-not $wants -and $typed -match '^(--[^=]+)=(.*)$') {
        $prefix = "$($Matches[1])="
        $typed = $Matches[2]
        $wants = Find-Row $prefix.TrimEnd('=')
    }
    elseif (-not $wants -and $typed -notlike '-*') {
        $wants = @((Find-Row "argument $place"), (Find-Row 'argument *')) | Where-Object { $_ } | Select-Object -First 1
    }

    $found = if ($wants.Takes -eq 'profile') {
        Get-Profile | ForEach-Object { @{ Name = $_; Summary = $_ } }
    }
    elseif ($wants.Takes -like 'choice *') {
        -split $wants.Takes | Select-Object -Skip 1 | ForEach-Object { @{ Name = $_; Summary = $_ } }
    }
    elseif (-not $wants) {
        $rows | Where-Object { $_.At -ceq $at -and (($_.Takes -eq 'command') -ne ($typed -like '-*')) }
    }
    $typed = $typed -replace '^[''"]', ''
    $found | Where-Object { $_ -and $_.Name.StartsWith($typed, [StringComparison]::Ordinal) } |
        ForEach-Object { New-Result $_.Name $_.Summary }
}
"""
