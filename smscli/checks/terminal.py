"""Checks of where a person types: the locale, the terminal, and the completions of the shell."""

import codecs
import os
from pathlib import Path
from typing import NamedTuple

from smscli.checks.finding import Finding, passed, warned
from smscli.language import _

NARROWEST = 80  # columns


class Terminal(NamedTuple):
    """What stdout is: its encoding, and how many columns it has; 0 where it is no terminal."""

    encoding: str
    columns: int


def check_locale(encoding: str) -> Finding:
    """Check that Chinese can be written, and that other programs of the terminal will show it."""
    name = _locale()
    advice = _("Set another locale, for example with: export LANG=C.UTF-8")
    if not _takes_chinese(encoding):
        message = _("the encoding {encoding} has no Chinese; such characters are written as \\u4f60").format(
            encoding=encoding
        )
        return warned("locale", message, advice, name)
    if name in ("C", "POSIX"):
        message = _("the locale is {name}, in which many programs cannot show Chinese").format(name=name)
        return warned("locale", message, advice, name)
    return passed("locale", _("the locale {name} can show Chinese").format(name=name), name)


def _locale() -> str:
    names = [os.environ.get(variable, "") for variable in ("LC_ALL", "LC_CTYPE", "LANG")]
    if names[1] == "C.UTF-8":  # which Python sets for itself where the locale is C
        names[1] = ""
    return next(filter(None, names), "C")


def _takes_chinese(encoding: str) -> bool:
    try:
        codecs.lookup(encoding)
        "你好".encode(encoding)
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def check_terminal(columns: int) -> Finding:
    """Check that tables have enough room."""
    if not columns:
        return passed("terminal", _("the output does not go to a terminal"), 0)
    message = _("the terminal has {columns} columns").format(columns=columns)
    if columns < NARROWEST:
        return warned("terminal", message, _("Make it at least {columns} wide.").format(columns=NARROWEST), columns)
    return passed("terminal", message, columns)


# --- completions --------------------------------------------------------------------------------------------------

# Where a shell finds the script as a file, below the directory that programs share; and where a user loads it.
_SHARED = {
    "bash": "bash-completion/completions/smscli",
    "zsh": "zsh/site-functions/_smscli",
    "fish": "fish/vendor_completions.d/smscli.fish",
}
_OWN = {
    "bash": (".bashrc", ".bash_profile", ".local/share/bash-completion/completions/smscli"),
    "zsh": (".zshrc", ".zfunc/_smscli"),
    "fish": (".config/fish/config.fish", ".config/fish/completions/smscli.fish"),
}


def check_completion() -> Finding:
    """Check that the user's shell completes the words of a command; bash, zsh and fish are known."""
    shell = Path(os.environ.get("SHELL", "")).name
    if shell not in _SHARED:
        return passed("completion", _("no shell that has a completion is in use"))
    shared = [Path(root) / "share" / _SHARED[shell] for root in ("/usr", "/usr/local")]
    if any(map(Path.exists, shared)) or any(_loads(name) for name in _OWN[shell]):
        return passed("completion", _("the completion for {shell} is installed").format(shell=shell), shell)
    message = _("the completion for {shell} is not installed").format(shell=shell)
    return warned("completion", message, _("See how: smscli completion --help"), shell)


def _loads(name: str) -> bool:
    try:
        return b"smscli" in (Path.home() / name).read_bytes()
    except (OSError, RuntimeError):  # there is no such file, or no home
        return False
