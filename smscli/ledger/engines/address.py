"""The address of a PostgreSQL server, as `SMSCLI_LEDGER` has it; what is shown of one never holds a password.

`postgresql://USER:PASSWORD@HOST:PORT/DATABASE?OPTION=VALUE`, each part but the scheme optional, or `service=NAME` of a
libpq service file. A password is better kept in `~/.pgpass`, or in the file that PGPASSFILE names.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote

from smscli.config.keys import MASK
from smscli.config.profile import Secret
from smscli.errors import LedgerError
from smscli.language import _

_SCHEME = re.compile(r"(?i)postgres(ql)?://")
_AUTHORITY = re.compile(r"(?:(?P<user>[^:]*)(?::(?P<password>.*))?@)?(?P<hosts>[^@]*)", re.DOTALL)
_HOST = re.compile(r"(\[[0-9a-fA-F:.%]+\]|[^:\[\]\s]*)(?::(\d{1,5}))?")
# What libpq takes behind the question mark.
_OPTION = re.compile(
    "ssl(?!password)[a-z_]+|channel_binding|gss[a-z]+|passfile|options|application_name|host|hostaddr|port|"
    "connect_timeout|keepalives[a-z_]*|tcp_user_timeout|target_session_attrs|load_balance_hosts|requirepeer|require_auth"
)
_EXAMPLE = "postgresql://USER@HOST/DATABASE or service=NAME"
_LOOPBACK = re.compile(r"localhost|127\.[\d.]+|::1|[/@].*|")


class Server(NamedTuple):
    """A server, and how it is reached: what libpq is given, name by name."""

    parameters: tuple[tuple[str, str], ...]
    password: Secret = Secret()

    def __str__(self) -> str:
        """Return the address, its password masked."""
        given = dict(self.parameters)
        if "service" in given:
            return f"service={given['service']}"
        user = quote(given.pop("user", ""), safe="")
        hosts, ports = given.pop("host", "").split(","), given.pop("port", "").split(",")
        ports = ports * len(hosts) if len(ports) == 1 else ports
        where = ",".join(
            (f"[{host}]" if ":" in host else quote(host, safe=".-")) + (f":{port}" if port else "")
            for host, port in zip(hosts, ports, strict=False)
        )
        name = quote(given.pop("dbname", ""), safe="")
        options = "&".join(f"{key}={quote(value, safe='/,')}" for key, value in given.items())
        who = f"{user}:{MASK}@" if self.password else f"{user}@" if user else ""
        return f"postgresql://{who}{where}/{name}{'?' if options else ''}{options}"

    def __repr__(self) -> str:
        return f"Server({self})"

    def is_here(self, environment: Mapping[str, str]) -> bool:
        """Return whether it can only be on this machine, so that nobody can listen on the way to it."""
        given = dict(self.parameters)
        if "service" in given:  # its file may name any host
            return False
        hosts = given.get("hostaddr") or given.get("host") or environment.get("PGHOSTADDR") or environment.get("PGHOST")
        return all(_LOOPBACK.fullmatch(host) for host in (hosts or "").split(","))


def read_address(given: str, name: str = "SMSCLI_LEDGER") -> Server:
    """Return the server that an address names; a LedgerError where it is wrong, which quotes nothing of it.

    `name` is what the address was given as.
    """
    try:
        return _read(given)
    except _WrongError as wrong:
        said = _("{name} is not the address of a server: {why}. It is written {example}, or names a file.")
        raise LedgerError(said.format(name=name, why=wrong, example=_EXAMPLE)) from None


class _WrongError(Exception):
    """What is wrong with an address, without a word of it."""


def _read(given: str) -> Server:
    if given.startswith("service="):
        name = given.removeprefix("service=")
        if not re.fullmatch(r"[^\s=@:/']+", name):
            raise _WrongError(_("behind service= stands the name of a service, and nothing else"))
        return Server((("service", name),))
    scheme = _SCHEME.match(given)
    if not scheme:
        raise _WrongError(_("it does not begin with postgresql://"))
    rest, mark, query = given[scheme.end() :].partition("?")
    if "#" in given:
        raise _WrongError(_("it holds #; in a password write %23 for it"))
    authority, _slash, name = rest.partition("/")
    if re.search(r"[@/:]", name) or "@" in query:
        raise _WrongError(
            _("the name of its database holds @, / or :; in a password write %40, %2F, %3A, and %3F for ?")
        )
    parts = _AUTHORITY.fullmatch(authority)
    if not parts:
        raise _WrongError(_("its user, password and host cannot be told apart; write %40 for @ in a password"))
    values = _options(query) if mark else {}
    hosts, ports = _hosts(parts["hosts"])
    own = {"user": parts["user"], "host": hosts, "port": ports, "dbname": name}
    values = {key: unquote(value) for key, value in own.items() if value} | values
    if any(character in value for value in values.values() for character in "\0\n\r"):
        raise _WrongError(_("it holds a line break"))
    return Server(tuple(values.items()), Secret(unquote(parts["password"] or "")))


def _options(query: str) -> dict[str, str]:
    try:
        found = dict(parse_qsl(query, strict_parsing=True, keep_blank_values=True))
    except ValueError:
        raise _WrongError(_("behind its ? stand no options such as sslmode=verify-full")) from None
    if not all(map(_OPTION.fullmatch, found)):
        raise _WrongError(
            _("behind its ? stands an option that no server's address has; a password stands before the host")
        )
    return found


def _hosts(text: str) -> tuple[str, str]:
    """Return the hosts and the ports, each joined by commas as libpq takes them."""
    found = [_HOST.fullmatch(host) for host in text.split(",")]
    hosts = [match and (match[1].strip("[]"), match[2] or "") for match in found]
    if None in hosts:
        raise _WrongError(_("a host of it is not a name or an address with a port behind it"))
    pairs = [pair for pair in hosts if pair]
    ports = ",".join(port for _, port in pairs)
    return ",".join(host for host, _ in pairs), ports.strip(",") and ports
