"""Accounts in a TOML file, overridden by the environment and by options; the keeper of secrets."""

import os
import re
import shlex
import stat
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from time import monotonic, sleep
from typing import Any, BinaryIO, NamedTuple

from smscli.errors import ConfigError, InputError
from smscli.protocol.pushes import Trust

SANDBOX = "sandbox"
FROM_ENVIRONMENT = "environment"  # the label of an account that no file has
# Every key a profile may have, and its type.
KEYS: dict[str, type | tuple[type, ...]] = {
    "endpoint": str,
    "name": str,
    "pwd": str,
    "pwd_command": str,
    "sign": str,
    "extno": str,
    "standby": list,
    "batch_size": int,
    "timeout": (int, float),
    "ca_bundle": str,
    "proxy": str,
    "push_name": str,
    "push_pwd": str,
    "access_secret": str,
    "extension_length": int,
    "confirm_above": int,
    "per_number": list,
    "optout_words": list,
}
# Every key a template may have.
TEMPLATE_KEYS: dict[str, type] = {"content": str, "sign": str, "extno": str}
# Never in a repr; the first three are never shown at all.
SECRETS = ("pwd", "push_pwd", "access_secret", "pwd_command", "proxy")
ENVIRONMENT = {
    "endpoint": "SMSCLI_ENDPOINT",
    "name": "SMSCLI_NAME",
    "pwd": "SMSCLI_PWD",
    "sign": "SMSCLI_SIGN",
}
# What people answer who want no more messages (protocol §6); compared as whole texts, without width and case.
OPTOUT_WORDS = ("T", "TD", "R", "N", "退订", "退訂", "退", "不需要", "取消", "取消订阅", "拒收", "STOP")
_MASK = "****"
_LONGEST_TIMEOUT = 3600  # seconds
_COMMAND_TIMEOUT = 120  # seconds, for a person to unlock a password store
_LOCK_PATIENCE = 3.0  # seconds; an edit takes milliseconds


class Secret(str):
    """A text that never shows itself in a `repr`, so not in a traceback or a debugger's dump either."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"'{_MASK}'"


_NO_SECRET = Secret()


class Profile(NamedTuple):
    """One account as a command sees it; `sources` tells for each key where its value came from.

    `timeout` is in seconds for a whole exchange, `batch_size` the numbers of one request.
    """

    label: str
    endpoint: str = ""
    name: str = ""
    pwd: Secret = _NO_SECRET
    pwd_command: Secret = _NO_SECRET
    sign: str = ""
    extno: str = ""
    standby: tuple[str, ...] = ()
    batch_size: int = 500
    timeout: float = 30
    ca_bundle: str = ""
    proxy: Secret = _NO_SECRET
    push_name: str = ""
    push_pwd: Secret = _NO_SECRET
    access_secret: Secret = _NO_SECRET
    extension_length: int = 0
    confirm_above: int = 100
    per_number: tuple[str, ...] = ()
    optout_words: tuple[str, ...] = OPTOUT_WORDS
    sources: Mapping[str, str] = {}

    @property
    def trust(self) -> Trust | None:
        """What a push to this profile must carry; None where nothing was agreed."""
        return (
            Trust(self.push_name, self.push_pwd, self.access_secret) if self.push_name or self.access_secret else None
        )

    def shown(self, key: str) -> str:
        """Return a key's value as it may be printed: secrets masked."""
        value = getattr(self, key)
        if key in SECRETS[:3]:
            return _MASK if value else ""
        if key == "pwd_command":
            program, _, rest = value.partition(" ")
            return f"{program} …" if rest else program
        if key in ("standby", "per_number", "optout_words"):
            return " ".join(value)
        if key == "proxy" and "@" in value:
            return f"{value.partition('//')[0]}//{_MASK}@{value.rpartition('@')[2]}"
        return str(value)


# --- where the file is --------------------------------------------------------------------------------------------


def config_path() -> Path:
    """Return where the configuration is: `SMSCLI_CONFIG`, else the user's configuration directory."""
    given = os.environ.get("SMSCLI_CONFIG")
    return Path(given).absolute() if given else user_directory("XDG_CONFIG_HOME", ".config") / "smscli" / "config.toml"


def user_directory(variable: str, fallback: str) -> Path:
    """Return the directory of the user that an XDG variable names, `fallback` below the home directory without it."""
    if os.name == "nt" and os.environ.get("APPDATA"):
        return Path(os.environ["APPDATA"])
    given = os.environ.get(variable, "")
    if given.startswith("/"):
        return Path(given)
    try:
        return Path.home() / fallback
    except RuntimeError:
        raise ConfigError("this user has no home directory; name the configuration file in SMSCLI_CONFIG.") from None


# --- reading ------------------------------------------------------------------------------------------------------


class Config(NamedTuple):
    """The configuration file as it was read; `default` is the profile used where none is named."""

    path: Path
    default: str
    profiles: Mapping[str, Mapping[str, Any]]
    templates: Mapping[str, Mapping[str, str]]


def read_config() -> Config:
    """Read and check the configuration file; one that does not exist is an empty one.

    A file that others can read, an unknown key or a wrong type is a ConfigError that says where and how to mend it.
    """
    path = config_path()
    text = _read(path)
    document = _parse(path, text)
    _check_keys(path, text, document, {"default": str, "profiles": dict, "templates": dict}, "")
    profiles = document.get("profiles", {})
    for label, table in profiles.items():
        if not isinstance(table, dict):
            where = f"{path}, line {_line_of(text, '', label)}"
            raise ConfigError(
                f"{where}: {label} stands outside a profile; its keys belong under a line [profiles.NAME]. "
                "Nothing was sent."
            )
        if label in (SANDBOX, FROM_ENVIRONMENT):
            where = f"{path}, line {_line_of(text, '', label)}"
            raise ConfigError(f"{where}: the profile {label!r} is built in; call this one otherwise. Nothing was sent.")
        _check_keys(path, text, table, KEYS, label)
        _check_values(path, text, table, label)
    templates = document.get("templates", {})
    for label, table in templates.items():
        if not isinstance(table, dict) or not table.get("content"):
            where = f"{path}, line {_line_of(text, '', label)}"
            raise ConfigError(f"{where}: a template is a table [templates.{label}] with a content. Nothing was sent.")
        _check_keys(path, text, table, TEMPLATE_KEYS, label)
    return Config(path, document.get("default", ""), profiles, templates)


def template(label: str) -> Mapping[str, str]:
    """Return a template's `content`, and its `sign` and `extno` where it has them."""
    config = read_config()
    if label not in config.templates:
        known = ", ".join(config.templates) or "none yet"
        raise ConfigError(f"there is no template {label!r} in {config.path} (there are: {known}). Nothing was sent.")
    return config.templates[label]


def _read(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if os.name == "posix" and stat.S_ISREG(mode) and mode & 0o077:
            raise ConfigError(
                f"{path} holds passwords, and others on this machine can read it. Nothing was sent. "
                f"Mend it with: chmod 600 {shlex.quote(str(path))}"
            )
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{path}, line {line}: this is not UTF-8. Nothing was sent. Save the file as UTF-8 in your editor."
        ) from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}. Nothing was sent.") from None


def _parse(path: Path, text: str) -> dict[str, Any]:
    if not text:
        return {}
    import tomllib

    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigError(
            f"{path} is not valid TOML: brackets within brackets without end. Nothing was sent."
        ) from None
    except ValueError as error:  # TOMLDecodeError, and a number of thousands of digits
        raise ConfigError(f"{path} is not valid TOML: {error}. Nothing was sent.{_quoting(text, error)}") from None


def _quoting(text: str, error: ValueError) -> str:
    """Return a hint where the line of a TOML error has Chinese names without quotes, or Chinese quotes."""
    line = re.search(r"line (\d+)", str(error))
    if not line or text.split("\n")[int(line[1]) - 1].isascii():
        return ""
    return ' Names and texts in Chinese belong in straight quotes: [profiles."店铺"], sign = "测试".'


def _check_keys(path: Path, text: str, table: Mapping[str, Any], known: Mapping[str, Any], label: str) -> None:
    for key, value in table.items():
        where = f"{path}, line {_line_of(text, label, key)}"
        if key not in known:
            raise ConfigError(f"{where}: there is no key {key!r}.{_nearest(key, known)} Nothing was sent.")
        expected = known[key]
        if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
            raise ConfigError(
                f"{where}: {key} must be {_type_name(expected)}, not {_type_name(type(value))}. Nothing was sent."
            )


def _nearest(key: str, known: Mapping[str, Any]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(key.lower(), known, n=1)
    return f" Did you mean {near[0]!r}?" if near else f" Known keys: {', '.join(known)}."


def _type_name(kind: type | tuple[type, ...]) -> str:
    if isinstance(kind, tuple):
        return "a number"
    names = {
        str: "a text in quotes",
        int: "a whole number",
        float: "a decimal number",
        list: "a list",
        dict: "a table",
        bool: "true or false",
    }
    return names.get(kind, "a date or time")


def _check_values(path: Path, text: str, table: Mapping[str, Any], label: str) -> None:
    def wrong(key: str, why: str) -> ConfigError:
        return ConfigError(f"{path}, line {_line_of(text, label, key)}: {key} {why}. Nothing was sent.")

    if table.get("batch_size", 1) < 1:
        raise wrong("batch_size", "must be at least 1")
    if not 0 < table.get("timeout", 1) <= _LONGEST_TIMEOUT:  # "not" finds nan as well
        raise wrong("timeout", f"must be more than 0 and at most {_LONGEST_TIMEOUT} seconds")
    if table.get("extension_length", 0) < 0:
        raise wrong("extension_length", "must not be negative")
    if not all(isinstance(item, str) for item in table.get("standby", [])):
        raise wrong("standby", "must be a list of addresses in quotes")
    if not all(isinstance(item, str) and parse_limit(item) for item in table.get("per_number", [])):
        raise wrong("per_number", 'must be a list of limits as "1/1m" (one a minute) or "5/1h"')
    if not all(isinstance(item, str) and item.strip() for item in table.get("optout_words", [])):
        raise wrong("optout_words", 'must be a list of words in quotes, as ["T", "退订"]')
    if table.get("confirm_above", 0) < 0:
        raise wrong("confirm_above", "must not be negative")
    if table.get("pwd") and table.get("pwd_command"):
        raise wrong("pwd_command", "and pwd are both given; keep one")
    for key in ("endpoint", "standby"):
        given = table.get(key, [])
        for endpoint in [given] if isinstance(given, str) else given:
            why = _wrong_endpoint(endpoint)
            if why:
                raise wrong(key, why)
    if table.get("proxy") and not re.match(r"(https?|socks[45][ah]?)://[^/\s]", table["proxy"]):
        raise wrong("proxy", "must be an address that starts with http:// or https://")
    if not re.fullmatch("[0-9]*", table.get("extno", "")):
        raise wrong("extno", "must be digits only")


def parse_limit(text: str) -> tuple[int, int] | None:
    """Return a limit for each number, `5/1h`, as messages and seconds; None where it is none."""
    found = re.fullmatch(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})([smhd])", text)
    return (int(found[1]), int(found[2]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[found[3]]) if found else None


def _line_of(text: str, label: str, key: str) -> int:
    """Return the line that a key stands on, as a person would find it; 1 where it cannot be told."""
    inside = not label
    spelled = re.compile(
        rf"""\s*(?:.*[.{{,]\s*)?["']?{re.escape(key)}["']?\s*[=.\]]|\s*\[+\s*["']?{re.escape(key)}\b"""
    )
    for number, line in enumerate(text.splitlines(), 1):
        if label and line.lstrip().startswith("["):
            inside = _is_header(line, label)
        if inside and spelled.match(line):
            return number
    return 1


def _is_header(line: str, label: str) -> bool:
    return bool(re.match(rf"""\s*\[\s*(["']?)profiles\1\s*\.\s*(["']?){re.escape(label)}\2\s*\]""", line))


def _wrong_endpoint(endpoint: str) -> str:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(endpoint)
        port_is_valid = parts.port != 0
    except ValueError:
        return "is no valid address"
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_valid:
        return "must be an address that starts with http:// or https://, as the vendor's support gave it"
    if "@" in parts.netloc:
        return "must not hold a user name or password; these are the keys name and pwd"
    return "must not hold spaces or control characters" if re.search(r"[\s\x00-\x1f\x7f]", endpoint) else ""


# --- choosing -----------------------------------------------------------------------------------------------------


def choose(label: str = "", options: Mapping[str, str | None] | None = None) -> Profile:
    """Return the profile a command works with: options, then the environment, then the file.

    `label` is the profile asked for by option; `options` are values given on the command line. Without any profile
    there is a ConfigError that says what to do: the sandbox is never chosen by itself.
    """
    label = label or os.environ.get("SMSCLI_PROFILE", "")
    if label == SANDBOX:
        return _merge(label, {"endpoint": "", "name": SANDBOX, "pwd": SANDBOX, "sign": "测试"}, "built in", options)
    complete = all(os.environ.get(ENVIRONMENT[key]) for key in ("endpoint", "name", "pwd"))
    if complete and label in ("", FROM_ENVIRONMENT):
        return _merge(FROM_ENVIRONMENT, {}, "", options)
    if label == FROM_ENVIRONMENT:
        raise ConfigError(
            "that account came from the environment. Nothing was sent. Set SMSCLI_ENDPOINT, SMSCLI_NAME and SMSCLI_PWD "
            "again as they were."
        )
    config = read_config()
    label = label or config.default or (next(iter(config.profiles)) if len(config.profiles) == 1 else "")
    if label == SANDBOX:
        raise ConfigError(
            f"{config.path}: the default cannot be the sandbox. Nothing was sent. Ask for it with -p sandbox, "
            "or make an account the default: smscli profile use NAME"
        )
    if not label:
        raise ConfigError(_no_profile(config))
    if label not in config.profiles:
        known = ", ".join(config.profiles) or "none yet"
        raise ConfigError(f"there is no profile {label!r} in {config.path} (there are: {known}). Nothing was sent.")
    return _merge(label, config.profiles[label], "file", options)


def _no_profile(config: Config) -> str:
    if config.profiles:
        return (
            f"{config.path} has several profiles ({', '.join(config.profiles)}) and no default. Nothing was sent. "
            "Choose one with -p NAME, or for good with: smscli profile use NAME"
        )
    return (
        "there is no profile yet, so there is no account to work with. Nothing was sent.\n"
        "Add yours:               smscli profile add NAME\n"
        "Or without a file:       set SMSCLI_ENDPOINT, SMSCLI_NAME and SMSCLI_PWD\n"
        "Or try without account:  add -p sandbox to the command"
    )


def _merge(label: str, table: Mapping[str, Any], source: str, options: Mapping[str, str | None] | None) -> Profile:
    values: dict[str, Any] = dict(table)
    sources = dict.fromkeys(table, source)
    for key, variable in ENVIRONMENT.items():
        # The sandbox's address is its own: a real account's in the environment must not turn a trial into a send.
        given = os.environ.get(variable)
        if given and not (label == SANDBOX and key in ("endpoint", "pwd")):
            values[key], sources[key] = given, variable
            why = _wrong_endpoint(given) if key == "endpoint" else ""
            if why:
                raise ConfigError(f"{variable} {why}. Nothing was sent.")
    # What belongs to a value that was replaced goes with it: a trial's endpoint must not fall back on a real one.
    for key, dependent in (("pwd", "pwd_command"), ("endpoint", "standby")):
        if sources.get(key) == ENVIRONMENT[key]:
            values.pop(dependent, None)
            sources.pop(dependent, None)
    for key, given in (options or {}).items():
        if given is not None:
            values[key], sources[key] = given, "option"
    values |= {key: tuple(given) for key, given in values.items() if isinstance(given, list)}
    secrets = {key: Secret(values.get(key, "")) for key in SECRETS}
    return Profile(label, **(values | secrets), sources=sources)


def require_account(profile: Profile) -> None:
    """Check that a profile can talk to its gateway; a ConfigError says what is missing and where it belongs."""
    if profile.ca_bundle and not Path(profile.ca_bundle).exists():
        raise ConfigError(
            f"profile {profile.label!r}: there is no ca_bundle {profile.ca_bundle!r}. Nothing was sent. "
            f"Mend its path in {config_path()}."
        )
    for key in ("endpoint", "name"):
        if not getattr(profile, key) and profile.label != SANDBOX:
            raise ConfigError(
                f"profile {profile.label!r} has no {key}. Nothing was sent. "
                f"Add it to {config_path()}, or set {ENVIRONMENT[key]}."
            )


def password(profile: Profile) -> Secret:
    """Return the interface password, asking `pwd_command` for it where the profile says so."""
    if profile.pwd:
        return profile.pwd
    if not profile.pwd_command:
        raise ConfigError(
            f"profile {profile.label!r} has no password. Nothing was sent. "
            f"Add pwd or pwd_command to {config_path()}, or set SMSCLI_PWD."
        )
    return _ask_command(profile.pwd_command)


def _ask_command(command: str) -> Secret:
    import subprocess

    def failed(why: str) -> ConfigError:
        return ConfigError(
            f"pwd_command gave no password: {why}. Nothing was sent. Run it by hand, and mend it in {config_path()}."
        )

    try:
        asked = subprocess.run(
            shlex.split(command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=_COMMAND_TIMEOUT
        )
        first_line = asked.stdout.partition(b"\n")[0].rstrip(b"\r").decode()
    except OSError as error:
        raise failed(f"it cannot be run ({error.strerror})") from None
    except UnicodeDecodeError:
        raise failed("it printed something that is not UTF-8") from None
    except (ValueError, IndexError):
        raise failed("it is no command; look at its quotation marks") from None
    except subprocess.TimeoutExpired:
        raise failed(f"it took longer than {_COMMAND_TIMEOUT} s") from None
    if asked.returncode != 0:
        raise failed(f"it ended with exit code {asked.returncode}")
    if not first_line:
        raise failed("its first line is empty")
    return Secret(first_line)


# --- writing ------------------------------------------------------------------------------------------------------


def check_new(label: str) -> None:
    """Refuse a name that cannot be given to a new profile."""
    if label in (SANDBOX, FROM_ENVIRONMENT) or not re.fullmatch(r"[\w-]{1,40}", label):
        raise InputError(
            f"{label!r} cannot name a profile: use letters, digits, - and _, and not 'sandbox' or 'environment'."
        )
    if label in read_config().profiles:
        raise InputError(
            f"there is a profile {label!r} already. Edit it in {config_path()}, "
            f"or remove it: smscli profile remove {label}"
        )


def check_endpoint(endpoint: str) -> str:
    """Return the endpoint, or raise an InputError that says what an endpoint is."""
    why = _wrong_endpoint(endpoint)
    if why:
        raise InputError(f"the endpoint {why}.")
    return endpoint


def save_profile(label: str, values: Mapping[str, str]) -> Path:
    """Add a profile to the file, the first one as the default; returns the file's path."""
    check_new(label)

    def add(document: MutableMapping[str, Any]) -> None:
        if label in document.get("profiles", {}):  # another process was faster
            raise InputError(f"there is a profile {label!r} already; this one was not saved.")
        if not document.get("profiles"):
            document.setdefault("default", label)
        document.setdefault("profiles", {})[label] = dict(values)

    return _edit(add)


def use_profile(label: str) -> Path:
    """Make a profile the default."""
    _require_known(label)

    def use(document: MutableMapping[str, Any]) -> None:
        document["default"] = label

    return _edit(use)


def remove_profile(label: str) -> Path:
    """Remove a profile with its secrets; where it was the default there is none any more."""
    _require_known(label)

    def remove(document: MutableMapping[str, Any]) -> None:
        document.get("profiles", {}).pop(label, None)
        if not document.get("profiles"):
            document.pop("profiles", None)
        if document.get("default") == label:
            del document["default"]

    return _edit(remove, without=label)


def _require_known(label: str) -> None:
    if label == SANDBOX:
        raise InputError("the sandbox is built in: it cannot be removed or be the default. Ask for it with -p sandbox.")
    config = read_config()
    if label not in config.profiles:
        known = ", ".join(config.profiles) or "none yet"
        raise InputError(f"there is no profile {label!r} in {config.path} (there are: {known}).")


def _edit(change: Callable[[MutableMapping[str, Any]], None], without: str = "") -> Path:
    """Change the file, keeping the comments of the person who wrote it; `without` names a profile to cut out first."""
    path = config_path().resolve()
    try:
        with _replacing(path) as file:
            text = _read(path)
            wanted = _parse(path, text)
            change(wanted)
            edited = _edited(_without_table(text, without), change)
            if edited is None or _parse(path, edited) != wanted:
                raise ConfigError(f"{path} is written in a way that only a person can edit. It is as it was.")
            file.write(edited.encode())
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}. It is as it was.") from None
    return path


def _edited(text: str, change: Callable[[MutableMapping[str, Any]], None]) -> str | None:
    """Return the text after a change, None where the library that keeps comments cannot read it."""
    if not text:
        import tomli_w

        fresh: dict[str, Any] = {}
        change(fresh)
        return tomli_w.dumps(fresh)
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
        change(document)
    except TOMLKitError:
        return None
    return tomlkit.dumps(document)


def _without_table(text: str, label: str) -> str:
    """Cut the lines of a profile's table; the comments before the next one stay, which tomlkit would take along."""
    lines = text.splitlines(keepends=True)
    headers = [number for number, line in enumerate(lines) if line.lstrip().startswith("[")] + [len(lines)]
    for start, end in pairwise(headers):
        if label and _is_header(lines[start], label):
            while lines[end - 1].strip() == "" or lines[end - 1].lstrip().startswith("#"):
                end -= 1
            return "".join(lines[:start] + lines[end:])
    return text


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """Replace a file at once behind the block, readable by its owner only; until then its draft keeps others out."""
    if not path.parent.exists():
        path.parent.mkdir(parents=True)
        path.parent.chmod(0o700)
    draft = path.with_name(f"{path.name}.new")
    descriptor = _create(draft)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(0o600)  # a strict umask took even more away
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _create(draft: Path) -> int:
    """Create a draft that is not there yet, waiting for another process that is just editing."""
    patience = monotonic() + _LOCK_PATIENCE
    while True:
        try:
            return os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            if monotonic() > patience:
                raise ConfigError(
                    f"another smscli is editing the configuration, or was stopped while it did. Nothing was changed. "
                    f"If none is running: rm {shlex.quote(str(draft))}"
                ) from None
        sleep(0.02)
