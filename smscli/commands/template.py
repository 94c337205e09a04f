"""`smscli template`: the approved texts in the configuration file."""

from typing import Annotated

import typer

from smscli.cli import Commands
from smscli.commands._options import OutputOption
from smscli.config.file import config_path, read_config, read_template
from smscli.config.keys import TEMPLATE_KEYS
from smscli.language import _
from smscli.output import write_rows
from smscli.sending import message

command = Commands(help="Show the texts that the gateway approved, from the configuration file.")


@command.command("list")
def list_templates(context: typer.Context, output: OutputOption = None) -> None:
    """List the templates of the configuration file."""
    rows = [
        (label, template.get("sign", ""), template["content"], " ".join(message.parse_text(template["content"]).fields))
        for label, template in read_config().templates.items()
    ]
    empty = _('There is no template yet. Add [templates.NAME] with content = "…" to {path}.').format(path=config_path())
    write_rows(context.obj, ("template", "sign", "content", "fields"), rows, output, empty=empty, cut=True)


@command.command()
def show(
    context: typer.Context,
    label: Annotated[str, typer.Argument(metavar="TEMPLATE", help="Its name; `smscli template list` shows them.")],
    output: OutputOption = None,
) -> None:
    """Show a template: its text, signature, extension code and the fields it takes."""
    template = read_template(label)
    fields = " ".join(message.parse_text(template["content"]).fields)
    rows = [(key, template.get(key, "")) for key in TEMPLATE_KEYS]
    write_rows(context.obj, ("key", "value"), [*rows, ("fields", fields)], output)
