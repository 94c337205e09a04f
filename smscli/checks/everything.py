"""All checks, one after the other: accounts first, because without one nothing else matters."""

from collections.abc import Iterator

from smscli.checks.accounts import check_account
from smscli.checks.finding import Finding, failed, passed
from smscli.checks.ledger import check_ledger
from smscli.checks.listener import check_listener
from smscli.checks.terminal import Terminal, check_completion, check_locale, check_terminal
from smscli.config import profile as profiles
from smscli.config.file import config_path
from smscli.config.keys import FROM_ENVIRONMENT
from smscli.config.profile import Profile
from smscli.errors import ConfigError
from smscli.language import _, ngettext


def check_everything(listener: str, terminal: Terminal) -> Iterator[Finding]:
    """Yield each finding as soon as it is there; `listener` is the URL of the listener, "" for its usual one."""
    accounts, found = _configured()
    yield found
    for account in accounts:
        yield from check_account(account)
    yield from check_ledger()
    yield check_listener(listener, any(account.trust for account in accounts))
    yield check_locale(terminal.encoding)
    yield check_terminal(terminal.columns)
    yield check_completion()


def _configured() -> tuple[list[Profile], Finding]:
    try:
        accounts = profiles.every()
    except ConfigError as error:
        return [], failed("configuration", error.unsent())
    if not accounts:
        message = _("there is no profile yet in {path}").format(path=config_path())
        advice = _("Add yours with: smscli profile add NAME. Or try without an account: add -p sandbox to a command.")
        return [], failed("configuration", message, advice, 0)
    if accounts[0].label == FROM_ENVIRONMENT:
        message = _("the account comes from SMSCLI_ENDPOINT, SMSCLI_NAME and SMSCLI_PWD")
        return accounts, passed("configuration", message, 1)
    message = ngettext(
        "{count} profile in {path}, which only you can read",
        "{count} profiles in {path}, which only you can read",
        len(accounts),
    )
    return accounts, passed("configuration", message.format(count=len(accounts), path=config_path()), len(accounts))
