"""The command tree, loaded lazily."""

import gc
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, TypeVar

from smscli.loading import Without

# Unused: Typer's own completions (`completion/` makes better ones), `launch`, and options that are UUIDs.
with Without("typer.completion", "platform", "subprocess", "uuid"):
    import typer
    from typer.core import TyperCommand, TyperGroup

from smscli import __version__
from smscli.commands import COMMANDS, overview
from smscli.console import Environment
from smscli.language import paragraphs

_Function = TypeVar("_Function", bound=Callable[..., Any])
STYLE: dict[str, Any] = {
    "add_completion": False,
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}


def _show_help(context: typer.Context, _: object, asked: bool) -> None:
    if asked:
        context.obj.write(f"{context.get_help()}\n")
        raise typer.Exit


class _Help:
    """Where a help page goes, and what makes it."""

    help: str | None

    def get_help_option(self, ctx: Any) -> Any:
        """Return the option that shows the page."""
        option: Any = super().get_help_option(ctx)  # type: ignore[misc]
        option.callback = _show_help
        return option

    def get_short_help_str(self, limit: int = 0) -> str:
        """Return the first paragraph, for the list of a group's commands."""
        return " ".join(paragraphs(self.help or "").strip().partition("\n\n")[0].split())

    def get_help(self, ctx: Any) -> str:
        """Return the page."""
        from smscli import usage

        return usage.page(self, ctx)

    def get_usage(self, ctx: Any) -> str:
        """Return the line that says how the command is written."""
        from smscli import usage

        return usage.usage_line(self, ctx)


class Command(_Help, TyperCommand):
    """A command of this program."""


class Group(_Help, TyperGroup):
    """A command with sub-commands."""


class Commands(typer.Typer):
    """A group of commands in this program's style."""

    def __init__(self, cls: type[TyperGroup] = Group, **settings: Any) -> None:
        super().__init__(cls=cls, **STYLE, **settings)

    def command(self, name: str | None = None, **settings: Any) -> Callable[[_Function], _Function]:
        """Add a command of this program's kind."""
        return super().command(name, cls=Command, **settings)


class CommandTree(Group):
    """The root of the commands; a command's module is imported only when that command runs."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands: Any = dict.fromkeys(COMMANDS)  # only the names, for "did you mean"

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command, None where no command has that name."""
        return load_command(cmd_name) if cmd_name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Load the command that the arguments name; from here on there is garbage to collect."""
        found = super().resolve_command(ctx, args)
        if not gc.isenabled():
            gc.freeze()
            gc.enable()
        return found

    def get_help(self, ctx: Any) -> str:
        """Return the same page as the console entry prints without loading this tree."""
        return overview().rstrip("\n")


def load_command(name: str) -> Any:
    """Import one command's module and return its node of the tree."""
    module = import_module(f"smscli.commands.{name.replace('-', '_')}")
    command = module.command
    if not isinstance(command, typer.Typer):
        alone = Commands()
        alone.command(name, context_settings=getattr(module, "SETTINGS", None))(command)
        command = alone
    node = typer.main.get_command(command)
    node.name = name
    return node


def _print_version(context: typer.Context, asked: bool) -> None:
    if asked:
        context.obj.write(f"smscli {__version__}\n")
        raise typer.Exit


app = Commands(cls=CommandTree)


@app.callback()
def root(
    version: bool = typer.Option(False, "--version", is_eager=True, callback=_print_version, help="Print the version."),
) -> None:
    """Send SMS through a Chuangrui gateway."""


def run(arguments: Sequence[str], environment: Environment) -> int:
    """Run the tree and return the command's exit code; wrong usage is explained on stderr."""
    tree = typer.main.get_command(app)
    try:
        with tree.make_context("smscli", list(arguments), obj=environment) as context:
            return int(tree.invoke(context) or 0)
    except typer.Exit as ended:
        return int(ended.exit_code)
    except typer.Abort:  # an interrupt, or an end of input, at a prompt
        raise KeyboardInterrupt from None
    except typer.TyperException as error:
        from smscli import usage

        environment.say(usage.explain(error))
        return error.exit_code
