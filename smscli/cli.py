"""The command tree, loaded lazily, and the one place where an error becomes a sentence and an exit code."""

import gc
from errno import ENOSPC, EPIPE
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from smscli import __version__, render
from smscli.commands import COMMANDS, overview
from smscli.errors import ExitCode, SmsError

STYLE: dict[str, Any] = {
    "add_completion": False,
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"], "max_content_width": 100},
}


class CommandTree(TyperGroup):
    """The root of the commands; a command's module is imported when the command is asked for."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands: Any = dict.fromkeys(COMMANDS)  # names alone, for "did you mean"

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command, None where there is none of that name."""
        return load_command(cmd_name) if cmd_name in COMMANDS else None

    def get_help(self, ctx: Any) -> str:
        """Return the same page as the console entry prints without loading this tree."""
        return overview().rstrip("\n")

    def invoke(self, ctx: Any) -> Any:
        """Run the command; a known error ends as its sentence and exit code, a bug keeps its traceback."""
        gc.freeze()
        gc.enable()
        try:
            result = self._invoke(ctx)
            render.finish()
        except SmsError as error:
            render.say(f"smscli: {error}")
            raise typer.Exit(error.exit_code) from None
        except (KeyboardInterrupt, typer.Abort):  # the latter at a prompt
            render.say("smscli: interrupted.")
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        return result

    def _invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except OSError as error:  # only a help page is written past `render`; any other is a bug
            if error.errno not in (EPIPE, ENOSPC):
                raise
            return render.cannot_write(error)


def load_command(name: str) -> Any:
    """Import one command's module and return its node of the tree."""
    module = import_module(f"smscli.commands.{name.replace('-', '_')}")
    command = module.command
    if not isinstance(command, typer.Typer):
        app = typer.Typer(**STYLE)
        app.command(name, context_settings=getattr(module, "SETTINGS", None))(command)
        command = app
    node = typer.main.get_command(command)
    node.name = name
    return node


def _print_version(asked: bool) -> None:
    if asked:
        render.write(f"smscli {__version__}\n")
        raise typer.Exit


app = typer.Typer(cls=CommandTree, **STYLE)


@app.callback()
def root(
    version: bool = typer.Option(False, "--version", is_eager=True, callback=_print_version, help="Print the version."),
) -> None:
    """Send SMS through a Chuangrui gateway."""


def run() -> int:
    """Run the tree with the process's arguments; ends the process with the command's exit code."""
    app(prog_name="smscli")
    return 0
