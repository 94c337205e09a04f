"""The configuration file: where it is, reading it, and saying on which line it is wrong."""

import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from smscli.config.keys import FILE_KEYS, FROM_ENVIRONMENT, PROFILE_KEYS, SANDBOX, TEMPLATE_KEYS, Key
from smscli.config.start import config_name, directory
from smscli.errors import ConfigError
from smscli.language import _, listing, system_reason
from smscli.system import is_for_others

_GROUPS = "profiles|templates"


class Config(NamedTuple):
    """The configuration file as it was read; `default` is the profile used where none is named."""

    path: Path
    default: str
    profiles: Mapping[str, Mapping[str, Any]]
    templates: Mapping[str, Mapping[str, str]]


def config_path() -> Path:
    """Return where the configuration is."""
    return Path(config_name()).absolute()


def user_directory(variable: str, fallback: str) -> Path:
    """Return the directory of the user that an XDG variable names, `fallback` below the home directory without it."""
    return Path(directory(variable, fallback))


def read_config() -> Config:
    """Read and check the configuration file; a missing file is the same as an empty one.

    A file that others can read, an unknown key or a wrong value is a ConfigError that says where and how to fix it.
    """
    path = config_path()
    source = Source(path, read_text(path))
    document = source.parse()
    check(source, document)
    return Config(path, document.get("default", ""), document.get("profiles", {}), document.get("templates", {}))


def read_template(label: str) -> Mapping[str, str]:
    """Return a template's `content`, and its `sign` and `extno` where it has them."""
    config = read_config()
    if label not in config.templates:
        sentence = unknown("template", label, config.path, config.templates)
        raise ConfigError(_("{sentence} Nothing was sent.").format(sentence=sentence))
    return config.templates[label]


def unknown(what: str, label: str, path: Path, known: Mapping[str, object]) -> str:
    """Return the sentence that there is no such profile or template, and which there are."""
    said = {
        "profile": _("there is no profile {label!r} in {path} (there are: {known})."),
        "template": _("there is no template {label!r} in {path} (there are: {known})."),
    }
    return said[what].format(label=label, path=path, known=listing(known) or _("none yet"))


def read_text(path: Path) -> str:
    """Return the text of a configuration file, "" where there is none; one that others can read is a ConfigError."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode) and is_for_others(mode):
            import shlex

            said = _(
                "{path} holds passwords, and others on this machine can read it. Nothing was sent. "
                "Fix it with: chmod 600 {quoted}"
            )
            raise ConfigError(said.format(path=path, quoted=shlex.quote(str(path))))
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        said = _("{path}, line {line}: this is not UTF-8. Nothing was sent. Save the file as UTF-8 in your editor.")
        raise ConfigError(said.format(path=path, line=line)) from None
    except OSError as error:
        said = _("{path} cannot be read: {reason}. Nothing was sent.")
        raise ConfigError(said.format(path=path, reason=system_reason(error))) from None


class Source(NamedTuple):
    """The text of a configuration file, and what is wrong in it by its line."""

    path: Path
    text: str

    def parse(self) -> dict[str, Any]:
        """Return the document that the text is; a ConfigError says where it is not valid TOML."""
        if not self.text:
            return {}
        import tomllib

        try:
            return tomllib.loads(self.text)
        except RecursionError:
            said = _("{path} is not valid TOML: too many brackets inside brackets. Nothing was sent.")
            raise ConfigError(said.format(path=self.path)) from None
        except ValueError as error:  # TOMLDecodeError, or a number with thousands of digits
            said = _("{path} is not valid TOML: {error}. Nothing was sent.")
            raise ConfigError(self._with_hint(said.format(path=self.path, error=error), error)) from None

    def _with_hint(self, sentence: str, error: ValueError) -> str:
        """Add advice where the wrong line has Chinese names without quotes, or Chinese quotation marks."""
        line = re.search(r"line (\d+)", str(error))
        wrong = self.text.split("\n")[int(line[1]) - 1] if line else ""
        if wrong.isascii():
            return sentence
        header = re.fullmatch(rf"\s*\[\s*(?:({_GROUPS})\s*\.)?\s*[“‘]?(\w[^\[\]\"'“”‘’.]*)[”’]?\s*\]\s*(#.*)?", wrong)
        if header:
            said = _("{sentence} {advice}")
            return said.format(sentence=sentence, advice=quoted_header(header[1] or "", header[2].strip()))
        said = _('{sentence} Names and texts in Chinese belong in straight quotes: [profiles."店铺"], sign = "测试".')
        return said.format(sentence=sentence)

    def wrong(self, sentence: str, key: str, group: str = "", label: str = "") -> ConfigError:
        """Return the error that a key is wrong, one of the table [group.label] where these are given."""
        said = _("{path}, line {line}: {sentence} Nothing was sent.")
        return ConfigError(said.format(path=self.path, line=self._line_of(key, group, label), sentence=sentence))

    def _line_of(self, key: str, group: str, label: str) -> int:
        """Return the line that a key stands on, as a person would find it; 1 where it cannot be found."""
        inside = not label
        spelled = re.compile(
            rf"""\s*(?:.*[.{{,]\s*)?["']?{re.escape(key)}["']?\s*[=.\]]|\s*\[+\s*["']?{re.escape(key)}\b"""
        )
        for number, line in enumerate(self.text.splitlines(), 1):
            if label and line.lstrip().startswith("["):
                inside = is_header(line, group, label)
            if inside and spelled.match(line):
                return number
        return 1


def quoted_header(group: str, label: str) -> str:
    """Return the sentence that says how the line above a table is written; of any group where none is given."""
    if group:
        return _("A name in Chinese needs straight quotes. Write the line so: {line}").format(
            line=f'[{group}."{label}"]'
        )
    return _("Write the line so: {profile} for an account, {template} for a text.").format(
        profile=f'[profiles."{label}"]', template=f'[templates."{label}"]'
    )


def is_header(line: str, group: str, label: str) -> bool:
    """Say whether a line is `[group.label]`, however it is quoted and spaced."""
    return bool(re.match(rf"""\s*\[\s*(["']?){group}\1\s*\.\s*(["']?){re.escape(label)}\2\s*\]""", line))


# --- checking -----------------------------------------------------------------------------------------------------


def check(source: Source, document: Mapping[str, Any]) -> None:
    """Check a document against the specification of the keys; a ConfigError names the wrong line."""
    for label, table in document.items():
        if isinstance(table, dict) and label not in FILE_KEYS and not _near(label, FILE_KEYS):
            sentence = _("the table {label} is neither an account nor a text.").format(label=f"[{label}]")
            raise source.wrong(f"{sentence} {quoted_header('', label)}", label)
    _check_table(source, document, FILE_KEYS)
    for label, table in document.get("profiles", {}).items():
        if not isinstance(table, dict):
            said = _("{key} is outside a profile; write it below a line [profiles.NAME].").format(key=label)
            raise source.wrong(said, label)
        if label in (SANDBOX, FROM_ENVIRONMENT):
            said = _("the profile {label!r} is built in; give this one another name.").format(label=label)
            raise source.wrong(said, label)
        _check_table(source, table, PROFILE_KEYS, "profiles", label)
        if table.get("pwd") and table.get("pwd_command"):
            said = _("pwd_command and pwd are both given; keep one.")
            raise source.wrong(said, "pwd_command", "profiles", label)
    for label, table in document.get("templates", {}).items():
        if not isinstance(table, dict) or not table.get("content"):
            said = _("a template needs a table [templates.{label}] with a content.").format(label=label)
            raise source.wrong(said, label)
        _check_table(source, table, TEMPLATE_KEYS, "templates", label)


def _check_table(
    source: Source, table: Mapping[str, Any], known: Mapping[str, Key], group: str = "", label: str = ""
) -> None:
    for name, value in table.items():
        if name not in known:
            raise source.wrong(no_key(name, known), name, group, label)
        if why := known[name].wrong(value):
            raise source.wrong(_("{key} {why}.").format(key=name, why=why), name, group, label)


def no_key(name: str, known: Mapping[str, Key]) -> str:
    """Return the sentence that there is no such key, and which one was likely meant."""
    near = _near(name, known)
    if near:
        return _("there is no key {name!r}. Did you mean {near!r}?").format(name=name, near=near)
    return _("there is no key {name!r}. Known keys: {known}.").format(name=name, known=listing(known))


def _near(name: str, known: Mapping[str, Key]) -> str:
    from difflib import get_close_matches

    return next(iter(get_close_matches(name.lower(), known, n=1)), "")
