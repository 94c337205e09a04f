"""`smscli template`: the approved texts in the configuration file."""

from typing import Annotated

import typer

from smscli.cli import Commands
from smscli.commands import _account as account
from smscli.commands._options import OutputOption, YesOption
from smscli.config import edit
from smscli.config.file import config_path, read_config, read_template
from smscli.config.keys import TEMPLATE_KEYS
from smscli.console import Environment
from smscli.errors import InputError
from smscli.language import _
from smscli.output import write_rows
from smscli.sending import message, plan
from smscli.text import decode_file

_LIMIT = 1 << 20  # bytes, far more than any text that the gateway takes

command = Commands(help="Add, show or remove the texts that the gateway approved.")
KnownTemplate = Annotated[str, typer.Argument(metavar="TEMPLATE", help="Its name; `smscli template list` shows them.")]


@command.command()
def add(
    context: typer.Context,
    label: Annotated[str, typer.Argument(metavar="NAME", help="Your own name for it.", show_default=False)],
    content: Annotated[
        str,
        typer.Option(
            metavar="CONTENT", help="The text, with {fields}; without it asked, or piped.", show_default=False
        ),
    ] = "",
    sign: Annotated[
        str, typer.Option(metavar="SIGN", help="Its signature, instead of the profile's.", show_default=False)
    ] = "",
    extno: Annotated[
        str, typer.Option(metavar="DIGITS", help="Its extension code, instead of the profile's.", show_default=False)
    ] = "",
) -> None:
    """Add a text that the gateway approved.

    \b
    smscli template add due --content '{name}, your bill of {amount} is due.'
    """
    environment: Environment = context.obj
    edit.check_new_template(label)
    values = {"content": content or _content(environment), "sign": sign, "extno": extno}
    plan.check_content(values["content"])
    plan.check_sign(sign)
    fields = message.parse_text(values["content"]).fields
    for key in TEMPLATE_KEYS.values():
        if why := key.wrong(values[key.name]):
            raise InputError(_("{key} {why}.").format(key=key.name, why=why))
    path = edit.save_template(label, {key: value for key, value in values.items() if value})
    environment.say(_("saved {label} in {path}").format(label=repr(label), path=path))
    if fields:
        environment.say(_("its fields: {fields}").format(fields=" ".join(fields)))


def _content(environment: Environment) -> str:
    if environment.has_person_at_stdin:
        return account.ask(environment, _("content"), "--content", _("Text, with its fields in braces"))
    raw = environment.pipe(_("the content is missing; give it with --content.")).read(_LIMIT)
    return decode_file(raw, _("the pipe")).replace("\r\n", "\n").removesuffix("\n")


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
    label: KnownTemplate,
    output: OutputOption = None,
) -> None:
    """Show a template: its text, signature, extension code and the fields it takes."""
    template = read_template(label)
    fields = " ".join(message.parse_text(template["content"]).fields)
    rows = [(key, template.get(key, "")) for key in TEMPLATE_KEYS]
    write_rows(context.obj, ("key", "value"), [*rows, ("fields", fields)], output)


@command.command()
def remove(context: typer.Context, label: KnownTemplate, yes: YesOption = False) -> None:
    """Remove a template; asks first."""
    edit.require_template(label)
    context.obj.confirm(_("Remove the template {label}?").format(label=repr(label)), yes, nothing="removed")
    path = edit.remove_template(label)
    context.obj.say(_("removed {label} from {path}").format(label=repr(label), path=path))
