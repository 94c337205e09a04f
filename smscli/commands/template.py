"""`smscli template`: the approved texts in the configuration file."""

from typing import Annotated

import typer

from smscli import render
from smscli.cli import STYLE
from smscli.commands._options import OutputOption
from smscli.config import profile as profiles
from smscli.sending import message

command = typer.Typer(help="Show the texts that the gateway approved: list, show.", **STYLE)


@command.command("list")
def list_templates(output: OutputOption = None) -> None:
    """List the templates of the configuration file."""
    rows = [
        (label, template.get("sign", ""), template["content"], " ".join(message.parse_text(template["content"]).fields))
        for label, template in profiles.read_config().templates.items()
    ]
    render.show(("template", "sign", "content", "fields"), rows, output)


@command.command()
def show(label: Annotated[str, typer.Argument(metavar="TEMPLATE")], output: OutputOption = None) -> None:
    """Show a template: its text, signature, extension code and the fields it takes."""
    template = profiles.template(label)
    fields = " ".join(message.parse_text(template["content"]).fields)
    rows = [("content", template["content"]), ("sign", template.get("sign", "")), ("extno", template.get("extno", ""))]
    render.show(("key", "value"), [*rows, ("fields", fields)], output)
