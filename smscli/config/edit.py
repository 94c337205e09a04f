"""Changes the configuration file and keeps the comments that a person wrote in it."""

import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from time import monotonic, sleep
from typing import Any, BinaryIO

from smscli.config.file import Source, config_path, is_header, no_key, read_config, read_text, unknown
from smscli.config.keys import FROM_ENVIRONMENT, PROFILE_KEYS, SANDBOX, Key
from smscli.config.profile import chosen_label, named
from smscli.errors import ConfigError, InputError
from smscli.language import _, system_reason

_NAME = r"[\w-]{1,40}"
_LOCK_PATIENCE = 3.0  # seconds; an edit takes milliseconds


def check_new(label: str) -> None:
    """Refuse a name that a new profile cannot have."""
    if label in (SANDBOX, FROM_ENVIRONMENT) or not re.fullmatch(_NAME, label):
        said = _("{label!r} cannot name a profile: use letters, digits, - and _, and not 'sandbox' or 'environment'.")
        raise InputError(said.format(label=label))
    if label in read_config().profiles:
        said = _("there is a profile {label!r} already. Edit it in {file}, or remove it: smscli profile remove {label}")
        raise InputError(said.format(label=label, file=config_path()))


def save_profile(label: str, values: Mapping[str, str]) -> Path:
    """Add a profile to the file, the first one as the default; returns the file's path."""
    check_new(label)

    def add(document: MutableMapping[str, Any]) -> None:
        if label in document.get("profiles", {}):  # another process was faster
            raise InputError(_("there is a profile {label!r} already. This one was not saved.").format(label=label))
        if not document.get("profiles"):
            document.setdefault("default", label)
        document.setdefault("profiles", {})[label] = dict(values)

    return _edit(add)


def use_profile(label: str) -> Path:
    """Make a profile the default."""
    require_known(label)

    def use(document: MutableMapping[str, Any]) -> None:
        document["default"] = label

    return _edit(use)


def to_change(label: str = "") -> str:
    """Return the profile of the file that is to be changed: the one asked for, else the one that commands use."""
    label = named(label) or chosen_label(read_config())
    require_known(label)
    return label


def account_of(label: str) -> Mapping[str, Any]:
    """Return the values that the file has for a profile."""
    return read_config().profiles[label]


def key_to_set(name: str) -> Key:
    """Return a profile's key by its name; an InputError says which one was likely meant."""
    if name not in PROFILE_KEYS:
        raise InputError(_("{sentence} Nothing was changed.").format(sentence=no_key(name, PROFILE_KEYS)))
    return PROFILE_KEYS[name]


def set_key(label: str, key: Key, texts: Sequence[str]) -> Path:
    """Give a key of a profile the value that somebody typed, several texts for a list; an empty one removes the key."""
    value = None if list(texts) == [""] else _checked(key, texts)

    def change(document: MutableMapping[str, Any]) -> None:
        profile = document.get("profiles", {}).get(label)
        if profile is None:  # another process was faster
            raise InputError(_("there is no profile {label!r} any more. Nothing was changed.").format(label=label))
        if value is None:
            profile.pop(key.name, None)
        else:
            profile[key.name] = value
        if profile.get("pwd") and profile.get("pwd_command"):
            other = "pwd" if key.name == "pwd_command" else "pwd_command"
            said = _(
                "profile {label!r} has {other}, and cannot have both. Nothing was changed. "
                "Remove it first: smscli profile set {other} '' -p {label}"
            )
            raise InputError(said.format(label=label, other=other))

    return _edit(change, lambda source: _with_key(source, label, key.name, value))


def _checked(key: Key, texts: Sequence[str]) -> Any:
    try:
        value = key.read(texts)
        why = key.wrong(value)
    except ValueError as error:
        why = str(error)
    if why:
        raise InputError(_("{key} {why}. Nothing was changed.").format(key=key.name, why=why))
    return value


def remove_profile(label: str) -> Path:
    """Remove a profile with its secrets; if it was the default, there is no default any more."""
    require_known(label)

    def remove(document: MutableMapping[str, Any]) -> None:
        _take_out(document, "profiles", label)
        if document.get("default") == label:
            del document["default"]

    return _edit(remove, lambda source: _without_table(source, "profiles", label))


def _take_out(document: MutableMapping[str, Any], group: str, label: str) -> None:
    document.get(group, {}).pop(label, None)
    if not document.get(group):
        document.pop(group, None)


def check_new_template(label: str) -> None:
    """Refuse a name that a new template cannot have."""
    if not re.fullmatch(_NAME, label):
        raise InputError(_("{label} cannot name a template: use letters, digits, - and _.").format(label=repr(label)))
    if label in read_config().templates:
        raise InputError(
            _(
                "there is a template {label} already. Edit it in {path}, or remove it: smscli template remove {name}"
            ).format(label=repr(label), path=config_path(), name=label)
        )


def save_template(label: str, values: Mapping[str, str]) -> Path:
    """Add a template to the file; returns the file's path."""
    check_new_template(label)

    def add(document: MutableMapping[str, Any]) -> None:
        if label in document.get("templates", {}):  # another process was faster
            raise InputError(
                _("there is a template {label} already. This one was not saved.").format(label=repr(label))
            )
        document.setdefault("templates", {})[label] = dict(values)

    return _edit(add)


def remove_template(label: str) -> Path:
    """Remove a template."""
    require_template(label)
    return _edit(
        lambda document: _take_out(document, "templates", label),
        lambda source: _without_table(source, "templates", label),
    )


def require_template(label: str) -> None:
    """Refuse a template that the file does not have."""
    config = read_config()
    if label not in config.templates:
        raise InputError(unknown("template", label, config.path, config.templates))


def require_known(label: str) -> None:
    """Refuse a profile that the file does not have."""
    if label == SANDBOX:
        raise InputError(
            _("the sandbox is built in: it cannot be changed, removed or made the default. Ask for it with -p sandbox.")
        )
    config = read_config()
    if label not in config.profiles:
        raise InputError(unknown("profile", label, config.path, config.profiles))


def _edit(
    change: Callable[[MutableMapping[str, Any]], None], prepare: Callable[[Source], str] = lambda source: source.text
) -> Path:
    """Change the file, keeping the comments of the person who wrote it.

    `prepare` first changes the text itself, where tomlkit would move or remove comments.
    """
    path = Path(os.path.realpath(config_path()))
    try:
        with _replacing(path) as file:
            source = Source(path, read_text(path))
            wanted = source.parse()
            change(wanted)
            edited = _edited(prepare(source), change)
            if edited is None or Source(path, edited).parse() != wanted:
                said = _("{path} cannot be edited safely by a program. It was not changed. Edit it by hand.")
                raise ConfigError(said.format(path=path))
            file.write(edited.encode())
    except OSError as error:
        said = _("{path} cannot be written: {reason}. It was not changed.")
        raise ConfigError(said.format(path=path, reason=system_reason(error))) from None
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


def _without_table(source: Source, group: str, label: str) -> str:
    """Remove the lines of a table; the comments before the next table stay."""
    lines = source.text.splitlines(keepends=True)
    start, end = _table(lines, group, label)
    return "".join(lines[:start] + lines[end:])


def _with_key(source: Source, label: str, key: str, value: Any) -> str:
    """Add a new key after the profile's last one, not after the comments that belong to the next table."""
    lines = source.text.splitlines(keepends=True)
    _start, end = _table(lines, "profiles", label)
    if value is None or not end or key in source.parse()["profiles"][label]:
        return source.text
    import tomlkit

    lines[end - 1] = lines[end - 1].rstrip("\r\n") + "\n"  # the file's last line may have no end
    return "".join((*lines[:end], tomlkit.dumps({key: value}), *lines[end:]))


def _table(lines: Sequence[str], group: str, label: str) -> tuple[int, int]:
    """Return where the table [group.label] begins, and where its last key ends; 0 and 0 where it is not one."""
    headers = [number for number, line in enumerate(lines) if line.lstrip().startswith("[")] + [len(lines)]
    for start, end in pairwise(headers):
        if is_header(lines[start], group, label):
            while lines[end - 1].strip() == "" or lines[end - 1].lstrip().startswith("#"):
                end -= 1
            return start, end
    return 0, 0


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """Replace a file at the end of the block, readable only by its owner; its draft keeps other writers out."""
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
        draft.chmod(0o600)  # a strict umask may have removed even more
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _create(draft: Path) -> int:
    """Create the draft file; wait while another process is editing."""
    patience = monotonic() + _LOCK_PATIENCE
    while True:
        try:
            return os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            if monotonic() > patience:
                said = _(
                    "another smscli is editing the configuration, or was stopped while it did. Nothing was changed. "
                    "If none is running: rm {draft}"
                )
                raise ConfigError(said.format(draft=shlex.quote(str(draft)))) from None
        sleep(0.02)
