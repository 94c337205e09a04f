"""`smscli profile`: the accounts in the configuration file."""

from textwrap import fill
from typing import Annotated, Any

import typer

from smscli.cli import Commands
from smscli.commands import _account as account
from smscli.commands._options import OutputOption, ProfileOption, YesOption
from smscli.config import edit
from smscli.config.file import config_path, read_config
from smscli.config.keys import PROFILE_KEYS
from smscli.config.profile import choose
from smscli.console import Environment
from smscli.errors import InputError
from smscli.language import _
from smscli.output import write_rows

command = Commands(help="Add, show, change or remove accounts.")
KnownProfile = Annotated[
    str, typer.Argument(metavar="PROFILE", help="Its name; `smscli profile list` shows them.", show_default=False)
]


@command.command()
def add(
    context: typer.Context,
    label: Annotated[str, typer.Argument(metavar="NAME", help="Your own name for it.", show_default=False)],
    endpoint: Annotated[
        str, typer.Option(metavar="URL", help="The address from the vendor's support.", show_default=False)
    ] = "",
    name: Annotated[str, typer.Option(metavar="NAME", help="The account.", show_default=False)] = "",
    sign: Annotated[
        str | None, typer.Option(metavar="SIGN", help="The signature of its messages.", show_default=False)
    ] = None,
    pwd_stdin: Annotated[bool, typer.Option("--pwd-stdin", help="Read the interface password from a pipe.")] = False,
    pwd_command: Annotated[
        str, typer.Option(metavar="COMMAND", help="Read the password from this command's output.", show_default=False)
    ] = "",
    no_verify: Annotated[
        bool, typer.Option("--no-verify", help="Save without asking the gateway for the balance.")
    ] = False,
) -> None:
    """Add an account: ask for what is missing, and verify it with a balance call."""
    environment: Environment = context.obj
    edit.check_new(label)
    if pwd_stdin and pwd_command:
        raise InputError(_("give the password with either --pwd-stdin or --pwd-command, not with both."))
    values = {
        "endpoint": account.endpoint(endpoint) if endpoint else account.ask_endpoint(environment),
        "name": name or account.ask(environment, _("name"), "--name", _("Account (name)")),
    }
    if pwd_command:
        values["pwd_command"] = pwd_command
    else:
        values["pwd"] = account.from_pipe(environment, _("password")) if pwd_stdin else _ask_password(environment)
    values["sign"] = sign if sign is not None else _ask_sign(environment)
    account.check_encodable(values)
    if not no_verify:
        values = account.verified(environment, label, values, lambda typed: _ask_again(environment, typed))
    path = edit.save_profile(label, values)
    environment.say(_("saved {label} in {path}").format(label=repr(label), path=path))


def _ask_password(environment: Environment, typed: str | None = None) -> str:
    prompt = _("Interface password") if not typed else _("Interface password (Enter keeps it)")
    return account.ask(environment, _("password"), "--pwd-stdin", prompt, hidden=True, typed=typed)


def _ask_sign(environment: Environment, typed: str | None = None) -> str:
    return account.ask(environment, _("sign"), "--sign", _("Signature, without brackets"), typed=typed)


def _ask_again(environment: Environment, typed: dict[str, str]) -> dict[str, str]:
    """Ask for everything once more, with what was typed as the answer where only Enter is pressed."""
    values = dict(typed)
    values["endpoint"] = account.ask_endpoint(environment, typed["endpoint"])
    values["name"] = account.ask(environment, _("name"), "--name", _("Account (name)"), typed=typed["name"])
    if "pwd_command" in typed:
        values["pwd_command"] = account.ask(
            environment,
            _("command"),
            "--pwd-command",
            _("Command that prints the password"),
            typed=typed["pwd_command"],
        )
    else:
        values["pwd"] = _ask_password(environment, typed["pwd"])
    values["sign"] = _ask_sign(environment, typed["sign"])
    account.check_encodable(values)
    return values


@command.command()
def password(
    context: typer.Context,
    label: Annotated[
        str, typer.Argument(metavar="[PROFILE]", help="Its name; without it the default.", show_default=False)
    ] = "",
    no_verify: Annotated[
        bool, typer.Option("--no-verify", help="Save without asking the gateway for the balance.")
    ] = False,
) -> None:
    """Change the interface password of an account: asks for it twice, or reads it from a pipe, and verifies it.

    \b
    smscli profile password shop
    pass show sms | smscli profile password shop
    """
    environment: Environment = context.obj
    label = edit.to_change(label)
    values = dict(edit.account_of(label))
    if values.get("pwd_command"):
        raise InputError(
            _(
                "profile {label} gets its password from pwd_command, so there is none to change here. Nothing was "
                "changed. To keep it in the file instead: smscli profile set pwd_command '' -p {name}"
            ).format(label=repr(label), name=label)
        )

    def typed(before: dict[str, Any]) -> dict[str, Any]:
        return before | {"pwd": account.ask_twice(environment, _("New interface password"))}

    given = environment.has_person_at_stdin
    values = typed(values) if given else values | {"pwd": account.from_pipe(environment, _("password"))}
    account.check_encodable({"pwd": values["pwd"]})
    if not no_verify:
        values = account.verified(environment, label, values, typed)
    path = edit.set_key(label, PROFILE_KEYS["pwd"], [values["pwd"]])
    environment.say(_("changed the password of {label} in {path}").format(label=repr(label), path=path))


@command.command("list")
def list_profiles(context: typer.Context, output: OutputOption = None) -> None:
    """List the accounts."""
    config = read_config()
    rows = [
        (label, "default" if label == config.default else "", table.get("name", ""), table.get("endpoint", ""))
        for label, table in config.profiles.items()
    ]
    empty = _("There is no profile yet. Add one: smscli profile add NAME")
    write_rows(context.obj, ("profile", "default", "name", "endpoint"), rows, output, empty=empty)


@command.command()
def show(
    context: typer.Context,
    label: Annotated[
        str, typer.Argument(metavar="[PROFILE]", help="Its name; without it the default.", show_default=False)
    ] = "",
    profile: ProfileOption = "",
    output: OutputOption = None,
) -> None:
    """Show an account as commands use it, and where each value comes from; secrets are masked."""
    if label and profile:
        raise InputError(_("name the profile once, either as PROFILE or with -p."))
    shown = choose(label or profile)
    rows = [
        (key, shown.shown(key), shown.sources.get(key, "built in"))
        for key in PROFILE_KEYS
        if key in shown.sources or shown.shown(key)
    ]
    write_rows(context.obj, ("key", "value", "source"), [("profile", shown.label, ""), *rows], output)
    if "file" in shown.sources.values():
        context.obj.say(_("file: {path}").format(path=config_path()))


def _listed() -> str:
    width = max(map(len, PROFILE_KEYS)) + 2
    margin = " " * (width + 2)
    lines = [fill(f"  {key.name:<{width}}{key.help}", 78, subsequent_indent=margin) for key in PROFILE_KEYS.values()]
    return "\n".join(("\b", "Keys:", *lines))


@command.command("set", epilog=_listed())
def set_value(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="KEY", help="One of the keys below.", show_default=False)],
    values: Annotated[
        list[str] | None, typer.Argument(metavar="[VALUE]...", help="Its new value.", show_default=False)
    ] = None,
    profile: ProfileOption = "",
    stdin: Annotated[bool, typer.Option("--stdin", help="Read the value from a pipe.")] = False,
) -> None:
    """Set one key of an account; an empty value removes it.

    A list takes several values. Never write a password here: leave VALUE out and you are asked for it, or use
    --stdin.

    \b
    smscli profile set sign 小店
    smscli profile set per_number 1/1m 5/1h
    smscli profile set per_number ''
    """
    key = edit.key_to_set(name)
    label = edit.to_change(profile)
    if values and stdin:
        raise InputError(_("give the value with either VALUE or --stdin, not with both. Nothing was changed."))
    if any(map(key.is_secret, values or ())):
        said = _(
            "{key} holds a password, and others on this machine can read the words of a command. "
            "Nothing was changed. Leave the value out, and you are asked for it; or pipe it in with --stdin."
        )
        raise InputError(said.format(key=key.name))
    if not values:
        values = [
            account.from_pipe(context.obj, key.name)
            if stdin
            else account.ask(context.obj, key.name, "--stdin", key.name, bool(key.mask))
        ]
    texts = values
    account.check_encodable({key.name: "".join(texts)})
    path = edit.set_key(label, key, texts)
    said = _("removed {key} of {label} in {path}") if texts == [""] else _("set {key} of {label} in {path}")
    context.obj.say(said.format(key=key.name, label=repr(label), path=path))


@command.command()
def use(context: typer.Context, label: KnownProfile) -> None:
    """Make an account the default."""
    path = edit.use_profile(label)
    context.obj.say(_("{label} is the default now, in {path}").format(label=repr(label), path=path))


@command.command()
def remove(context: typer.Context, label: KnownProfile, yes: YesOption = False) -> None:
    """Remove an account and its password; asks first."""
    edit.require_known(label)
    question = _("Remove the profile {label} with its password?").format(label=repr(label))
    context.obj.confirm(question, yes, nothing="removed")
    path = edit.remove_profile(label)
    context.obj.say(_("removed {label} from {path}").format(label=repr(label), path=path))


@command.command()
def path(context: typer.Context) -> None:
    """Print where the configuration file is."""
    context.obj.write(f"{config_path()}\n")
