"""`smscli balance`: how many messages are left, for a person, a script or a monitoring system."""

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, NamedTuple

import typer

from smscli.commands._options import ProfileOption
from smscli.config import profile as profiles
from smscli.config.profile import Profile
from smscli.console import Environment, visible
from smscli.errors import ConfigError, ExitCode, InputError, SmsError
from smscli.gateway.open import gateway_of
from smscli.language import English, _
from smscli.output import Cell, Output, write_one, write_rows

COLUMNS = ("balance", "profile")


class Format(StrEnum):
    """How the balance is written: as any data, or for a monitoring system."""

    TABLE = Output.TABLE.value
    TSV = Output.TSV.value
    JSON = Output.JSON.value
    JSONL = Output.JSONL.value
    CSV = Output.CSV.value
    NAGIOS = "nagios"
    PROMETHEUS = "prometheus"


class Asked(NamedTuple):
    """What an account's gateway said: the messages left, or the error that came instead."""

    label: str
    left: str = ""
    error: SmsError | None = None


def command(
    context: typer.Context,
    minimum: Annotated[
        int | None, typer.Option("--min", metavar="N", help="Exit with code 8 if fewer than N are left.")
    ] = None,
    warning: Annotated[
        int | None, typer.Option(metavar="N", help="For nagios: WARNING if fewer than N are left.")
    ] = None,
    critical: Annotated[
        int | None, typer.Option(metavar="N", help="For nagios: CRITICAL if fewer than N are left.")
    ] = None,
    everyone: Annotated[bool, typer.Option("--all", help="Ask for every profile, a row each.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing unless something is wrong.")] = False,
    profile: ProfileOption = "",
    output: Annotated[
        Format | None,
        typer.Option(
            metavar="FORMAT",
            help="table, tsv, json, jsonl, csv, nagios (with its exit codes) or prometheus (for the textfile "
            "collector); without it a table on a terminal, tsv in a pipe.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Show how many messages are left.

    With --all, an account that fails hides no other; if several fail, the smallest of their exit codes counts.
    """
    _check_usage(output, minimum, (warning, critical), everyone, profile)
    environment: Environment = context.obj
    if output is Format.NAGIOS:
        with English():  # it is read by a program
            return _answer_nagios(environment, everyone, profile, warning, critical)
    accounts = _accounts(everyone, profile)
    asked = [_ask(environment, account) for account in accounts]
    if not everyone and output is not Format.PROMETHEUS and asked[0].error:
        raise asked[0].error
    if not quiet:
        _write(environment, asked, everyone, output)
    return min((code for code in (_judge(environment, each, minimum) for each in asked) if code), default=ExitCode.DONE)


def _check_usage(
    output: Format | None,
    minimum: int | None,
    limits: Sequence[int | None],
    everyone: bool,
    profile: str,
) -> None:
    if everyone and profile:
        raise InputError(_("give either --all or --profile, not both."))
    if output is Format.NAGIOS and minimum is not None:
        raise InputError(_("--min is not for nagios; give --warning and --critical."))
    if output is not Format.NAGIOS and limits != (None, None):
        raise InputError(_("--warning and --critical are for --output nagios; otherwise give --min."))


def _accounts(everyone: bool, profile: str) -> list[Profile]:
    return (everyone and profiles.every()) or [profiles.choose(profile)]


def _ask(environment: Environment, account: Profile) -> Asked:
    try:
        with gateway_of(account, environment.say) as gateway:
            return Asked(account.label, gateway.balance())
    except SmsError as error:
        return Asked(account.label, "", error)


def _judge(environment: Environment, asked: Asked, minimum: int | None) -> ExitCode:
    """Say what is wrong with an account, if anything is, and return its exit code."""
    if asked.error:
        environment.say(f"smscli: {asked.label}: {asked.error.unsent()}")
        return asked.error.exit_code
    if minimum is None or Decimal(asked.left) >= minimum:
        return ExitCode.DONE
    said = _("{left} messages are left on {profile}, fewer than {minimum}.")
    environment.say(f"smscli: {said.format(left=asked.left, profile=asked.label, minimum=minimum)}")
    return ExitCode.BALANCE_LOW


def _write(environment: Environment, asked: Sequence[Asked], everyone: bool, output: Format | None) -> None:
    if output is Format.PROMETHEUS:
        _write_prometheus(environment, asked)
        return
    rows = [(_number(each.left), each.label) for each in asked]
    chosen = Output(output.value) if output else None
    if everyone:
        write_rows(environment, COLUMNS, rows, chosen)
    else:
        write_one(environment, COLUMNS, rows[0], chosen)


def _number(left: str) -> Cell:
    return (int(left) if left.lstrip("-").isdigit() else left) if left else None


# --- for monitoring systems ---------------------------------------------------------------------------------------


def _write_prometheus(environment: Environment, asked: Sequence[Asked]) -> None:
    from smscli.monitoring.prometheus import Metric, Sample, exposition

    balances = [Sample(each.left, {"profile": visible(each.label)}) for each in asked if not each.error]
    ups = [Sample(int(not each.error), {"profile": visible(each.label)}) for each in asked]
    metrics = (
        Metric("smscli_balance_messages", "gauge", "How many messages are left.", balances),
        Metric("smscli_up", "gauge", "Whether the gateway said how many messages are left.", ups),
    )
    environment.write(exposition(metrics))


def _answer_nagios(
    environment: Environment, everyone: bool, profile: str, warning: int | None, critical: int | None
) -> int:
    """Write a plugin's line and return its exit code; whatever is wrong is in the line."""
    from smscli.monitoring import nagios

    def service(asked: Asked) -> nagios.Service:
        if asked.error:
            said = f"{asked.label}: {asked.error.unsent()}"
            unknown = isinstance(asked.error, ConfigError)  # nothing is known about the gateway then
            return nagios.Service(nagios.Status.UNKNOWN if unknown else nagios.Status.CRITICAL, visible(said))
        status = nagios.Status.OK
        for limit, below in ((warning, nagios.Status.WARNING), (critical, nagios.Status.CRITICAL)):
            if limit is not None and Decimal(asked.left) < limit:
                status = below
        data = nagios.measured(visible(asked.label), asked.left, warning, critical)
        return nagios.Service(status, visible(f"{asked.label}: {asked.left}"), data)

    try:
        services = [service(_ask(environment, account)) for account in _accounts(everyone, profile)]
    except ConfigError as error:
        services = [nagios.Service(nagios.Status.UNKNOWN, error.unsent())]
    environment.write(nagios.line("SMS", services))
    return nagios.worst(service.status for service in services)
