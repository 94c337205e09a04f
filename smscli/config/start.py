"""What the start of the program needs of the configuration, without anything that takes time to import."""

import os

from smscli import language
from smscli.errors import ConfigError


def config_name() -> str:
    """Return the name of the configuration file: `SMSCLI_CONFIG`, else in the user's configuration directory."""
    given = os.environ.get("SMSCLI_CONFIG")
    return given or os.path.join(directory("XDG_CONFIG_HOME", ".config"), "smscli", "config.toml")  # noqa: PTH118


def directory(variable: str, fallback: str) -> str:
    """Return the directory of the user that an XDG variable names, `fallback` below the home directory without it."""
    if os.name == "nt" and os.environ.get("APPDATA"):
        return os.environ["APPDATA"]
    given = os.environ.get(variable, "")
    if given.startswith("/"):
        return given
    home = os.path.expanduser("~")  # noqa: PTH111
    if home == "~":
        raise ConfigError(language._("this user has no home directory; name the configuration file in SMSCLI_CONFIG."))
    return os.path.join(home, fallback)  # noqa: PTH118


def choose_language() -> bool:
    """Speak the language of `SMSCLI_LANG`, else that of the configuration's `language`, else that of the locale.

    Return false where the configuration names no language of ours; a wrong `SMSCLI_LANG` is a ConfigError.
    """
    given = os.environ.get("SMSCLI_LANG", "")
    name = given or _configured()
    language.use(name if name in language.LANGUAGES else language.of_locale(os.environ))
    if given and given not in language.LANGUAGES:
        raise ConfigError(language._("SMSCLI_LANG must be zh or en, not {value!r}.").format(value=given))
    return name in ("", *language.LANGUAGES)


def _configured() -> str:
    """Return the value of the key `language`, "" where there is none; the keys of the file stand before its tables."""
    try:
        name = config_name()
        if not os.path.isfile(name):  # a pipe could not be read again  # noqa: PTH113
            return ""
        with open(name, "rb") as file:  # noqa: PTH123
            raw = file.read()
    except (ConfigError, OSError, ValueError):  # the command that needs the file says what is wrong with it
        return ""
    if b"language" in raw:
        for line in raw.removeprefix(b"\xef\xbb\xbf").splitlines():
            key, _, value = line.partition(b"=")
            if key.strip() == b"language":
                return value.partition(b"#")[0].strip().strip(b"\"'").decode("utf-8", "replace") or "?"
            if key.lstrip().startswith(b"["):
                break
    return ""
