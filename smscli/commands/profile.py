"""`smscli profile`: the accounts in the configuration file."""

import sys
from typing import Annotated

import typer

from smscli import render
from smscli.cli import STYLE
from smscli.commands._options import OutputOption
from smscli.config import profile as profiles
from smscli.config.profile import KEYS, Profile, Secret
from smscli.errors import InputError, SmsError

command = typer.Typer(help="Keep accounts: add, list, show, use, remove, path.", **STYLE)
KnownProfile = Annotated[str, typer.Argument(metavar="PROFILE", show_default=False)]


@command.command()
def add(
    label: Annotated[str, typer.Argument(metavar="NAME", help="What you want to call it.", show_default=False)],
    endpoint: Annotated[str, typer.Option(help="The address from the vendor's support.", show_default=False)] = "",
    name: Annotated[str, typer.Option(help="The account.", show_default=False)] = "",
    sign: Annotated[str | None, typer.Option(help="The signature of its messages.", show_default=False)] = None,
    pwd_stdin: Annotated[bool, typer.Option("--pwd-stdin", help="Read the interface password from a pipe.")] = False,
    pwd_command: Annotated[str, typer.Option(help="Ask this command for it instead.", show_default=False)] = "",
    no_verify: Annotated[bool, typer.Option("--no-verify", help="Do not ask the gateway for the balance.")] = False,
) -> None:
    """Add an account; asks for what is missing, and verifies it with a balance call."""
    profiles.check_new(label)
    if pwd_stdin and pwd_command:
        raise InputError("give the password by either --pwd-stdin or --pwd-command.")
    values = {
        "endpoint": profiles.check_endpoint(endpoint) if endpoint else _ask_endpoint(),
        "name": name or _ask("name", "--name", "Account (name)"),
    }
    if pwd_command:
        values["pwd_command"] = pwd_command
    else:
        values["pwd"] = _pwd_from_pipe() if pwd_stdin else _ask("password", "--pwd-stdin", "Interface password", True)
    values["sign"] = sign if sign is not None else _ask("sign", "--sign", "Signature, without brackets")
    _check_encodable(values)
    if not no_verify:
        _verify(label, values)
    path = profiles.save_profile(label, values)
    render.say(f"saved {label!r} in {path}")


def _ask_endpoint() -> str:
    while True:
        try:
            return profiles.check_endpoint(_ask("endpoint", "--endpoint", "Endpoint (https://…)"))
        except InputError as error:
            # Ask again: an answer that went to the shell instead would be the next one, the password.
            if sys.stdin is None or not sys.stdin.isatty():
                raise
            render.say(str(error))


def _ask(what: str, option: str, prompt: str, hidden: bool = False) -> str:
    if sys.stdin is None or not sys.stdin.isatty():
        raise InputError(f"the {what} is missing, and nobody can be asked for it here; give it with {option}.")
    answer: str = typer.prompt(prompt, hide_input=hidden, err=True, default="" if what == "sign" else None)
    return answer if hidden else answer.strip()


def _pwd_from_pipe() -> str:
    try:
        pwd = sys.stdin.buffer.readline().decode("utf-8-sig").rstrip("\r\n") if sys.stdin else ""
    except UnicodeDecodeError:
        raise InputError("the password that came through the pipe is not UTF-8.") from None
    if not pwd:
        raise InputError("no password came through the pipe.")
    return pwd


def _check_encodable(values: dict[str, str]) -> None:
    for key, value in values.items():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise InputError(f"the {key} holds something that is not UTF-8. Nothing was saved.") from None


def _verify(label: str, values: dict[str, str]) -> None:
    from smscli.gateway.open import gateway_of  # requests, which the other commands here do without

    account = Profile(label, **{**values, "pwd": Secret(values.get("pwd", ""))})  # type: ignore[arg-type]
    try:
        with gateway_of(account) as gateway:
            left = gateway.balance()
    except SmsError as error:
        raise type(error)(
            f"{error} The profile was not saved; mend it, or save it as it is with --no-verify."
        ) from None
    render.say(f"verified: {left} messages are left")


@command.command("list")
def list_profiles(output: OutputOption = None) -> None:
    """List the accounts."""
    config = profiles.read_config()
    rows = [
        (label, "default" if label == config.default else "", table.get("name", ""), table.get("endpoint", ""))
        for label, table in config.profiles.items()
    ]
    if rows or not render.is_table(output):
        render.show(("profile", "default", "name", "endpoint"), rows, output)
    else:
        render.say("there is no profile yet. Add one: smscli profile add NAME")


@command.command()
def show(
    label: Annotated[str, typer.Argument(metavar="PROFILE", show_default=False)] = "", output: OutputOption = None
) -> None:
    """Show an account as commands would use it, and where each value comes from; secrets are masked."""
    account = profiles.choose(label)
    rows = [
        (key, account.shown(key), account.sources.get(key, "built in"))
        for key in KEYS
        if key in account.sources or account.shown(key)
    ]
    render.show(("key", "value", "source"), [("profile", account.label, ""), *rows], output)
    if "file" in account.sources.values():
        render.say(f"file: {profiles.config_path()}")


@command.command()
def use(label: KnownProfile) -> None:
    """Make an account the default."""
    render.say(f"{label!r} is the default now, in {profiles.use_profile(label)}")


@command.command()
def remove(label: KnownProfile) -> None:
    """Remove an account and its password."""
    render.say(f"removed {label!r} from {profiles.remove_profile(label)}")


@command.command()
def path() -> None:
    """Print where the configuration file is."""
    render.write(f"{profiles.config_path()}\n")
