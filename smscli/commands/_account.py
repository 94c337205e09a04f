"""Asking for an account: what a person types, what comes through a pipe, and whether the gateway takes it."""

from collections.abc import Callable, Mapping
from typing import Any

import typer

from smscli.config.keys import PROFILE_KEYS
from smscli.config.profile import of_values
from smscli.console import Environment
from smscli.errors import InputError, SmsError
from smscli.language import _


def endpoint(address: str) -> str:
    """Return a gateway's address; an InputError says what is wrong with it."""
    if why := PROFILE_KEYS["endpoint"].wrong(address):
        raise InputError(_("the endpoint {why}.").format(why=why))
    return address


def ask_endpoint(environment: Environment, typed: str = "") -> str:
    """Ask for a gateway's address until it can be one."""
    while True:
        try:
            return endpoint(ask(environment, _("endpoint"), "--endpoint", _("Endpoint (https://…)"), typed=typed))
        except InputError as error:
            # Ask again: if the command ended here, the password would be typed into the shell.
            if not environment.has_person_at_stdin:
                raise
            environment.say(str(error))


def ask(
    environment: Environment, what: str, option: str, prompt: str, hidden: bool = False, typed: str | None = None
) -> str:
    """Ask a person at stdin; `typed` is the answer where only Enter is pressed, never shown where `hidden`."""
    if not environment.has_person_at_stdin:
        said = _("the {what} is missing, and nobody can be asked here; give it with {option}.")
        raise InputError(said.format(what=what, option=option))
    default = typed or ("" if option == "--sign" else None)
    answer: str = typer.prompt(
        prompt, hide_input=hidden, err=True, default=default, show_default=bool(typed) and not hidden
    )
    return answer if hidden else answer.strip()


def ask_twice(environment: Environment, prompt: str) -> str:
    """Ask for a new password, without showing it, until it was typed in the same way twice."""
    while True:
        first = ask(environment, _("password"), _("a pipe"), prompt, hidden=True)
        if ask(environment, _("password"), _("a pipe"), _("The same again"), hidden=True) == first:
            return first
        environment.say(_("the two are not the same; type it again"))


def from_pipe(environment: Environment, what: str) -> str:
    """Return the first line of stdin."""
    try:
        text = environment.stdin.readline().decode("utf-8-sig").rstrip("\r\n") if environment.stdin else ""
    except UnicodeDecodeError:
        said = _("the {what} that came through the pipe is not UTF-8.")
        raise InputError(said.format(what=what)) from None
    if not text:
        raise InputError(_("no {what} came through the pipe.").format(what=what))
    return text


def check_encodable(values: Mapping[str, str]) -> None:
    """Refuse what a file in UTF-8 cannot hold."""
    for key, value in values.items():
        try:
            value.encode()
        except UnicodeEncodeError:
            said = _("the {key} holds something that is not UTF-8. Nothing was saved.")
            raise InputError(said.format(key=key)) from None


# --- asking the gateway -------------------------------------------------------------------------------------------


def verified(
    environment: Environment, label: str, values: dict[str, Any], correct: Callable[[dict[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    """Return an account's values once the gateway takes them, or once a person wants them saved as they are.

    What was typed is never lost: where the check fails, a person corrects it with `correct` as often as they like.
    """
    while True:
        try:
            _verify(environment, label, values)
            return values
        except SmsError as error:
            if not environment.has_person_at_stdin:
                raise type(error)(
                    _("{error} Nothing was saved. Fix it, or save it as it is with --no-verify.").format(error=error)
                ) from None
            environment.say(str(error))
            choice = _choice(environment)
            if choice == "leave":
                raise InputError(_("Nothing was saved.")) from None
            if choice == "save":
                return values
        values = correct(values)


def _choice(environment: Environment) -> str:
    choices = {"correct": _("correct it"), "save": _("save it unverified"), "leave": _("save nothing")}
    words = list(choices)
    while True:
        try:
            answer = environment.choose(_("The check has failed. What now?"), list(choices.values()))
        except OSError:
            return "leave"
        if answer in ("1", "2", "3"):
            return words[int(answer) - 1]
        for word, text in choices.items():
            if answer.lower() in (word, text):
                return word


def _verify(environment: Environment, label: str, values: Mapping[str, Any]) -> None:
    from smscli.gateway.open import gateway_of  # loads requests, which the other commands here do not need

    with gateway_of(of_values(label, values), environment.say) as gateway:
        left = gateway.balance()
    environment.say(_("verified: {balance} messages are left").format(balance=left))
