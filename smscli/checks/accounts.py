"""Checks of an account: its password, its proxy, and each endpoint's name, certificate, clock and balance."""

import os
from collections.abc import Iterator
from functools import partial
from ipaddress import ip_address
from time import time

from smscli.checks.finding import Finding, failed, passed, warned, within
from smscli.config import profile as profiles
from smscli.config.profile import Profile, Secret
from smscli.errors import ConfigError, SmsError
from smscli.gateway.client import is_loopback, proxy_of
from smscli.gateway.exchange import InsecureError
from smscli.gateway.probe import Reached, addresses, host_of, name_to_look_up, reach
from smscli.language import _, ngettext
from smscli.protocol.times import china_time

NAME_SECONDS = 5.0
EXCHANGE_SECONDS = 10.0
PASSWORD_SECONDS = 30.0  # a person may have to unlock a password store
CERTIFICATE_DAYS = 21  # with fewer left, a certificate should have been renewed
CLOCK_WARNS, CLOCK_FAILS = 60, 300  # seconds
_PROXY_VARIABLES = ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")


def check_account(account: Profile) -> Iterator[Finding]:
    """Check what an account needs on this machine, then each of its endpoints in the order in which they are tried."""
    try:
        profiles.require_account(account)
    except ConfigError as error:
        yield failed("account", error.unsent(), profile=account.label)
        return
    account = account._replace(timeout=min(account.timeout, EXCHANGE_SECONDS))
    yield _check_proxy(account)
    pwd, found = _check_password(account)
    yield found
    for endpoint in (account.endpoint, *account.standby):
        yield from _check_endpoint(account._replace(endpoint=endpoint, pwd=pwd, pwd_command=Secret("")))


def _check_proxy(account: Profile) -> Finding:
    ignored = next((name for name in _PROXY_VARIABLES if os.environ.get(name)), "")
    if proxy_of(account):
        message = _("the proxy {proxy} is used").format(proxy=account.shown("proxy"))
    elif account.proxy:
        message = _("the proxy is not used, because the endpoint is on this machine")
    elif ignored:
        message = _("no proxy is used; {variable} is for other programs").format(variable=ignored)
    else:
        message = _("no proxy is used")
    return passed("proxy", message, profile=account.label)


def _check_password(account: Profile) -> tuple[Secret, Finding]:
    try:
        pwd = profiles.password(account, PASSWORD_SECONDS)
    except ConfigError as error:
        return Secret(""), failed("password", error.unsent(), profile=account.label)
    return pwd, passed("password", _("there is a password"), profile=account.label)


# --- one endpoint -------------------------------------------------------------------------------------------------


def _check_endpoint(account: Profile) -> Iterator[Finding]:
    host = host_of(account.endpoint)
    found = _check_name(account, host)
    if found:
        yield found
        if found.advice:  # without an address there is nothing more to see
            return
    try:
        reached = reach(account)
    except InsecureError as error:
        yield failed("tls", error.unsent(), profile=account.label, endpoint=host)
        return
    except SmsError as error:
        yield failed("connection", error.unsent(), profile=account.label, endpoint=host)
        return
    milliseconds = round(reached.seconds * 1000)
    message = _("{host} answered in {milliseconds} ms").format(host=host, milliseconds=milliseconds)
    yield passed("connection", message, milliseconds, account.label, host)
    yield from _check_tls(account, host, reached)
    yield _check_clock(account, host, reached.ahead)
    if account.pwd:
        yield _check_balance(account, host, reached)


def _check_name(account: Profile, host: str) -> Finding | None:
    name = name_to_look_up(account)
    if _is_address(name):
        return None
    try:
        found = within(NAME_SECONDS, partial(addresses, name))
    except TimeoutError:
        message = _("no name server told the address of {name} within {seconds:.0f} s").format(
            name=name, seconds=NAME_SECONDS
        )
        advice = _("Look at the network of this machine and its name servers, often in /etc/resolv.conf.")
        return failed("name", message, advice, profile=account.label, endpoint=host)
    if not found:
        message = _("the name {name} is not known").format(name=name)
        advice = _("Is it spelled right, and is this machine online?")
        return failed("name", message, advice, profile=account.label, endpoint=host)
    message = _("{name} has the address {address}").format(name=name, address=", ".join(found))
    return passed("name", message, profile=account.label, endpoint=host)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _check_tls(account: Profile, host: str, reached: Reached) -> Iterator[Finding]:
    if reached.expires is not None:
        days = int((reached.expires - time()) // 86400)
        message = ngettext(
            "the certificate of {host} is valid for {days} more day, until {time}",
            "the certificate of {host} is valid for {days} more days, until {time}",
            days,
        ).format(host=host, days=days, time=china_time(reached.expires))
        if days >= CERTIFICATE_DAYS:
            yield passed("tls", message, days, account.label, host)
        else:
            yield warned("tls", message, _("Ask the vendor's support to renew it."), days, account.label, host)
    elif not is_loopback(account.endpoint):
        message = _("{host} is reached by http://, so the password travels in clear text").format(host=host)
        advice = _("Ask the vendor's support for an address that starts with https://.")
        yield warned("tls", message, advice, None, account.label, host)


def _check_clock(account: Profile, host: str, ahead: int | None) -> Finding:
    if ahead is None:
        message = _("{host} does not say what time it is").format(host=host)
        return warned("clock", message, _("Compare the clock of this machine by hand."), None, account.label, host)
    if abs(ahead) <= CLOCK_WARNS:
        message = _("the clock of this machine agrees with that of {host}").format(host=host)
        return passed("clock", message, ahead, account.label, host)
    if ahead > 0:
        message = _("the clock of this machine is {seconds} s behind that of {host}")
    else:
        message = _("the clock of this machine is {seconds} s ahead of that of {host}")
    message = message.format(seconds=abs(ahead), host=host)
    advice = _("Set the clock, for example with: timedatectl set-ntp true")
    found = failed if abs(ahead) > CLOCK_FAILS else warned
    return found("clock", message, advice, ahead, account.label, host)


def _check_balance(account: Profile, host: str, reached: Reached) -> Finding:
    if reached.error:
        return failed("balance", reached.error.unsent(), profile=account.label, endpoint=host)
    left = reached.balance
    value = int(left) if left.lstrip("-").isdigit() else left
    message = _("messages left: {balance}").format(balance=left)
    if float(left) > 0:
        return passed("balance", message, value, account.label, host)
    return warned("balance", message, _("Top up the account."), value, account.label, host)
