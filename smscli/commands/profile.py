"""`smscli profile`: the accounts in the configuration file."""

from textwrap import fill
from typing import Annotated

import typer

from smscli.cli import Commands
from smscli.commands._options import OutputOption, ProfileOption, YesOption
from smscli.config import edit
from smscli.config.file import config_path, read_config
from smscli.config.keys import PROFILE_KEYS, Key
from smscli.config.profile import Profile, Secret, choose
from smscli.console import Environment
from smscli.errors import InputError, SmsError
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
        raise InputError("give the password with either --pwd-stdin or --pwd-command, not with both.")
    values = {
        "endpoint": _endpoint(endpoint) if endpoint else _ask_endpoint(environment),
        "name": name or _ask(environment, "name", "--name", "Account (name)"),
    }
    if pwd_command:
        values["pwd_command"] = pwd_command
    else:
        values["pwd"] = (
            _from_pipe(environment, "password")
            if pwd_stdin
            else _ask(environment, "password", "--pwd-stdin", "Interface password", True)
        )
    values["sign"] = sign if sign is not None else _ask(environment, "sign", "--sign", "Signature, without brackets")
    _check_encodable(values)
    if not no_verify:
        _verify(environment, label, values)
    path = edit.save_profile(label, values)
    environment.say(f"saved {label!r} in {path}")


def _endpoint(address: str) -> str:
    if why := PROFILE_KEYS["endpoint"].wrong(address):
        raise InputError(f"the endpoint {why}.")
    return address


def _ask_endpoint(environment: Environment) -> str:
    while True:
        try:
            return _endpoint(_ask(environment, "endpoint", "--endpoint", "Endpoint (https://…)"))
        except InputError as error:
            # Ask again: if the command ended here, the password would be typed into the shell.
            if not environment.has_person_at_stdin:
                raise
            environment.say(str(error))


def _ask(environment: Environment, what: str, option: str, prompt: str, hidden: bool = False) -> str:
    if not environment.has_person_at_stdin:
        raise InputError(f"the {what} is missing, and nobody can be asked here; give it with {option}.")
    answer: str = typer.prompt(prompt, hide_input=hidden, err=True, default="" if what == "sign" else None)
    return answer if hidden else answer.strip()


def _from_pipe(environment: Environment, what: str) -> str:
    try:
        text = environment.stdin.readline().decode("utf-8-sig").rstrip("\r\n") if environment.stdin else ""
    except UnicodeDecodeError:
        raise InputError(f"the {what} that came through the pipe is not UTF-8.") from None
    if not text:
        raise InputError(f"no {what} came through the pipe.")
    return text


def _check_encodable(values: dict[str, str]) -> None:
    for key, value in values.items():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise InputError(f"the {key} holds something that is not UTF-8. Nothing was saved.") from None


def _verify(environment: Environment, label: str, values: dict[str, str]) -> None:
    from smscli.gateway.open import gateway_of  # loads requests, which the other commands here do not need

    account = Profile(label, **{**values, "pwd": Secret(values.get("pwd", ""))})  # type: ignore[arg-type]
    try:
        with gateway_of(account, environment.say) as gateway:
            left = gateway.balance()
    except SmsError as error:
        raise type(error)(f"{error} The profile was not saved; fix it, or save it as it is with --no-verify.") from None
    environment.say(f"verified: {left} messages are left")


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
    account = choose(label or profile)
    rows = [
        (key, account.shown(key), account.sources.get(key, "built in"))
        for key in PROFILE_KEYS
        if key in account.sources or account.shown(key)
    ]
    write_rows(context.obj, ("key", "value", "source"), [("profile", account.label, ""), *rows], output)
    if "file" in account.sources.values():
        context.obj.say(f"file: {config_path()}")


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
        raise InputError("give the value with either VALUE or --stdin, not with both. Nothing was changed.")
    if any(map(key.is_secret, values or ())):
        raise InputError(
            f"{key.name} holds a password, and others on this machine can read the words of a command. "
            "Nothing was changed. Leave the value out, and you are asked for it; or pipe it in with --stdin."
        )
    texts = values or [
        _from_pipe(context.obj, key.name) if stdin else _ask(context.obj, key.name, "--stdin", key.name, bool(key.mask))
    ]
    _check_encodable({key.name: "".join(texts)})
    path = edit.set_key(label, key, texts)
    context.obj.say(f"{'removed' if texts == [''] else 'set'} {key.name} of {label!r} in {path}")


def _value(environment: Environment, key: Key, stdin: bool) -> str:
    if stdin:
        return _from_pipe(environment, key.name)
    return _ask(environment, key.name, "--stdin", key.name, bool(key.mask))


@command.command()
def use(context: typer.Context, label: KnownProfile) -> None:
    """Make an account the default."""
    context.obj.say(f"{label!r} is the default now, in {edit.use_profile(label)}")


@command.command()
def remove(context: typer.Context, label: KnownProfile, yes: YesOption = False) -> None:
    """Remove an account and its password; asks first."""
    edit.require_known(label)
    context.obj.confirm(f"Remove the profile {label!r} with its password?", yes, nothing="removed")
    context.obj.say(f"removed {label!r} from {edit.remove_profile(label)}")


@command.command()
def path(context: typer.Context) -> None:
    """Print where the configuration file is."""
    context.obj.write(f"{config_path()}\n")
