"""The account a command works with: options, then the environment, then the file; and how its secrets are kept."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from smscli.config.file import Config, config_path, read_config, unknown
from smscli.config.keys import FROM_ENVIRONMENT, MASK, OPTOUT_WORDS, PROFILE_KEYS, SANDBOX
from smscli.errors import ConfigError
from smscli.language import _, system_reason

if TYPE_CHECKING:
    from smscli.protocol.pushes import Trust

_COMMAND_TIMEOUT = 120  # seconds, for a person to unlock a password store


class Secret(str):
    """A text whose `repr` is masked, so that no traceback and no debugger shows it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"'{MASK}'"


_NO_SECRET = Secret()


class Profile(NamedTuple):
    """One account as a command sees it; `keys.py` says what each field is.

    A list is a tuple here. `sources` says for each key that was given where its value came from.
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
    push_window: str = "72h"
    extension_length: int = 0
    confirm_above: int = 100
    per_number: tuple[str, ...] = ()
    repeat_window: str = ""
    quiet_hours: str = ""
    optout_words: tuple[str, ...] = OPTOUT_WORDS
    optin_words: tuple[str, ...] = ()
    refusal_codes: tuple[int, ...] = ()
    sources: Mapping[str, str] = {}

    @property
    def trust(self) -> "Trust | None":
        """What a push to this profile must carry; None where nothing was agreed."""
        if not self.push_name and not self.access_secret:
            return None
        from smscli.protocol.pushes import Trust  # a send does not need it

        return Trust(self.push_name, self.push_pwd, self.access_secret)

    def shown(self, key: str) -> str:
        """Return a key's value as it may be shown: what is secret is masked."""
        return PROFILE_KEYS[key].shown(getattr(self, key))


# --- choosing -----------------------------------------------------------------------------------------------------


def choose(label: str = "", options: Mapping[str, str | None] | None = None) -> Profile:
    """Return the profile a command works with: options, then the environment, then the file.

    `label` is the profile asked for by option; `options` are values given on the command line. Without any profile
    there is a ConfigError that says what to do: the sandbox is never chosen automatically.
    """
    label = named(label)
    if label == SANDBOX:
        return _merge(label, {"endpoint": "", "name": SANDBOX, "pwd": SANDBOX, "sign": "测试"}, "built in", options)
    if _is_in_environment() and label in ("", FROM_ENVIRONMENT):
        return _merge(FROM_ENVIRONMENT, {}, "", options)
    if label == FROM_ENVIRONMENT:
        raise ConfigError(
            _(
                "that account came from the environment. Nothing was sent. Set SMSCLI_ENDPOINT, SMSCLI_NAME and "
                "SMSCLI_PWD again as they were."
            )
        )
    config = read_config()
    label = chosen_label(config, label)
    return _merge(label, config.profiles[label], "file", options)


def every() -> list[Profile]:
    """Return all accounts, as commands use them; [] where there is none.

    An account in the environment is the only one, because its values would replace those of each profile.
    """
    if _is_in_environment():
        return [_merge(FROM_ENVIRONMENT, {}, "", None)]
    return [_merge(label, table, "file", None) for label, table in read_config().profiles.items()]


def _is_in_environment() -> bool:
    return all(os.environ.get(PROFILE_KEYS[key].variable) for key in ("endpoint", "name", "pwd"))


def named(label: str) -> str:
    """Return the profile that is asked for by option or else by `SMSCLI_PROFILE`, "" where none is."""
    return label or os.environ.get("SMSCLI_PROFILE", "")


def chosen_label(config: Config, label: str = "") -> str:
    """Return the profile of the file that a label names; without one the default, or the only one there is."""
    label = label or config.default or (next(iter(config.profiles)) if len(config.profiles) == 1 else "")
    if label == SANDBOX:
        said = _(
            "{path}: the default cannot be the sandbox. Nothing was sent. Ask for it with -p sandbox, "
            "or make an account the default: smscli profile use NAME"
        )
        raise ConfigError(said.format(path=config.path))
    if not label:
        raise ConfigError(_no_profile(config))
    if label not in config.profiles:
        sentence = unknown("profile", label, config.path, config.profiles)
        raise ConfigError(_("{sentence} Nothing was sent.").format(sentence=sentence))
    return label


def _no_profile(config: Config) -> str:
    if config.profiles:
        said = _(
            "{path} has several profiles ({names}) and no default. Nothing was sent. "
            "Choose one with -p NAME, or for good with: smscli profile use NAME"
        )
        return said.format(path=config.path, names=", ".join(config.profiles))
    return _(
        "there is no profile yet, so there is no account to work with. Nothing was sent.\n"
        "Add yours:               smscli profile add NAME\n"
        "Or without a file:       set SMSCLI_ENDPOINT, SMSCLI_NAME and SMSCLI_PWD\n"
        "Or try without account:  add -p sandbox to the command"
    )


def _merge(label: str, table: Mapping[str, Any], source: str, options: Mapping[str, str | None] | None) -> Profile:
    values: dict[str, Any] = dict(table)
    sources = dict.fromkeys(table, source)
    for key in PROFILE_KEYS.values():
        # The sandbox keeps its own address: a real account in the environment must not turn a trial into a send.
        given = os.environ.get(key.variable) if key.variable else None
        if given and not (label == SANDBOX and key.name in ("endpoint", "pwd")):
            values[key.name], sources[key.name] = given, key.variable
            if why := key.wrong(given):
                raise ConfigError(_("{key} {why}. Nothing was sent.").format(key=key.variable, why=why))
    # A replaced value takes along what belongs to it: a trial's endpoint must not fall back to a real one.
    for replaced, dependent in (("pwd", "pwd_command"), ("endpoint", "standby")):
        if sources.get(replaced) == PROFILE_KEYS[replaced].variable:
            values.pop(dependent, None)
            sources.pop(dependent, None)
    for name, value in (options or {}).items():
        if value is not None:
            values[name], sources[name] = value, "option"
    return of_values(label, values)._replace(sources=sources)


def of_values(label: str, values: Mapping[str, Any]) -> Profile:
    """Return the profile with the values of a table of the file, or of what becomes one."""
    fields: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }
    fields |= {name: Secret(value) for name, value in fields.items() if PROFILE_KEYS[name].mask}
    return Profile(label, **fields)


def require_account(profile: Profile) -> None:
    """Check that a profile can talk to its gateway; a ConfigError says what is missing and where it belongs."""
    if profile.ca_bundle and not Path(profile.ca_bundle).exists():
        said = _(
            "profile {profile!r}: there is no ca_bundle {file!r}. Nothing was sent. Fix its path in {configuration}."
        )
        raise ConfigError(said.format(profile=profile.label, file=profile.ca_bundle, configuration=config_path()))
    for key in ("endpoint", "name"):
        if not getattr(profile, key) and profile.label != SANDBOX:
            said = _("profile {profile!r} has no {key}. Nothing was sent. Add it to {file}, or set {variable}.")
            raise ConfigError(
                said.format(profile=profile.label, key=key, file=config_path(), variable=PROFILE_KEYS[key].variable)
            )


def password(profile: Profile, patience: float = _COMMAND_TIMEOUT) -> Secret:
    """Return the interface password; run `pwd_command` for it, for at most so many seconds, if the profile has one."""
    if profile.pwd:
        return profile.pwd
    if not profile.pwd_command:
        said = _(
            "profile {profile!r} has no password. Nothing was sent. "
            "Add pwd or pwd_command to {file}, or set SMSCLI_PWD."
        )
        raise ConfigError(said.format(profile=profile.label, file=config_path()))
    return _ask_command(profile.pwd_command, patience)


def _ask_command(command: str, patience: float) -> Secret:
    import shlex
    import subprocess

    def failed(why: str) -> ConfigError:
        said = _("pwd_command gave no password: {why}. Nothing was sent. Run it by hand, and fix it in {file}.")
        return ConfigError(said.format(why=why, file=config_path()))

    try:
        asked = subprocess.run(shlex.split(command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=patience)
        first_line = asked.stdout.partition(b"\n")[0].rstrip(b"\r").decode()
    except OSError as error:
        raise failed(_("it cannot be run ({reason})").format(reason=system_reason(error))) from None
    except UnicodeDecodeError:
        raise failed(_("it printed something that is not UTF-8")) from None
    except (ValueError, IndexError):
        raise failed(_("it is not a command; look at its quotation marks")) from None
    except subprocess.TimeoutExpired:
        raise failed(_("it took longer than {seconds:g} s").format(seconds=patience)) from None
    if asked.returncode != 0:
        raise failed(_("it ended with exit code {code}").format(code=asked.returncode))
    if not first_line:
        raise failed(_("its first line is empty"))
    return Secret(first_line)
