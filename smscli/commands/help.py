"""`smscli help`: the topics, the text about one, or the help of a command."""

from typing import Annotated

import typer

from smscli.commands import COMMANDS, overview
from smscli.console import Environment
from smscli.errors import ExitCode, InputError
from smscli.help import read, topics
from smscli.language import _


def command(
    context: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[TOPIC]...", help="A topic, or a command.", show_default=False)
    ] = None,
) -> ExitCode:
    """Explain a topic or a command; without one, list them.

    \b
    smscli help output
    smscli help profile add
    """
    environment: Environment = context.obj
    if not words:
        environment.write(f"{overview()}\n{_listed()}")
    elif words[0] in COMMANDS:
        from smscli.cli import run

        return ExitCode(run([*words, "--help"], environment))
    elif len(words) == 1 and words[0] in topics():
        environment.write(read(words[0]))
    else:
        raise InputError(_no_topic(" ".join(words)))
    return ExitCode.DONE


def _listed() -> str:
    found = topics()
    width = max(map(len, found))
    lines = [f"  {name:<{width}}  {title}\n" for name, title in found.items()]
    return _("Topics, for `smscli help TOPIC`:") + "\n" + "".join(lines)


def _no_topic(word: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(word.lower(), [*topics(), *COMMANDS], n=1)
    if near:
        return _("there is no topic and no command {word}. Did you mean {near}?").format(word=repr(word), near=near[0])
    return _("there is no topic and no command {word}; `smscli help` lists them.").format(word=repr(word))
