"""What `smscli help TOPIC` shows: a file for each topic and language, read only when it is asked for."""

from importlib.resources import files
from textwrap import fill

from smscli.config.keys import PROFILE_KEYS
from smscli.errors import InputError
from smscli.language import _, language

_KEYS_HERE = "@KEYS@\n"


def topics() -> dict[str, str]:
    """Return the name of every topic and what it is about, the first line of its file."""
    folder = files(__package__) / language()
    names = sorted(file.name.removesuffix(".md") for file in folder.iterdir())
    return {name: _title(read(name)) for name in names}


def _title(text: str) -> str:
    return text.partition("\n")[0].lstrip("# ")


def read(topic: str) -> str:
    """Return the text about a topic; InputError where there is none."""
    file = files(__package__) / language() / f"{topic}.md"
    if not topic.replace("-", "").isalpha() or not file.is_file():
        raise InputError(_("there is no topic {topic}; `smscli help` lists them.").format(topic=repr(topic)))
    text = file.read_text(encoding="utf-8")
    return text.replace(_KEYS_HERE, _keys()) if _KEYS_HERE in text else text


def _keys() -> str:
    """Return the keys of a profile, with what each is for and its default."""
    lines = []
    for key in PROFILE_KEYS.values():
        default = " ".join(map(str, key.default)) if key.kind.item else str(key.default)
        lines.append(f"{key.name} = {default}\n" if default else f"{key.name}\n")
        lines.append(fill(_(key.help), 78, initial_indent="    ", subsequent_indent="    ") + "\n")
    return "".join(lines)
