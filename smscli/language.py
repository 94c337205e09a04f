"""The language of what people read: one door to the catalog of messages.

A message is a whole sentence, marked with `_` or `ngettext`; names in braces are filled in after it was translated, so
that each language puts them where it needs them. Help texts are translated when they are shown. Data for programs
(JSON, TSV, exit codes, names of commands, options and columns) is the same in every language.

English is the messages themselves and needs no catalog. `make catalogs` keeps `locale/` in step with the sources.
"""

import os

TYPE_CHECKING = False  # mypy reads it as true; importing `typing` would cost `--version` some milliseconds
if TYPE_CHECKING:
    from collections.abc import Mapping
    from gettext import GNUTranslations

LANGUAGES = ("en", "zh")
CATALOG = os.path.join(os.path.dirname(__file__), "locale", "zh", "LC_MESSAGES", "smscli.mo")  # noqa: PTH118, PTH120
_loaded: "GNUTranslations | None" = None
_catalog: "GNUTranslations | None" = None  # of the language that is spoken; none for English


def use(name: str) -> None:
    """Speak one of LANGUAGES from here on."""
    global _catalog, _loaded
    if name != "en" and _loaded is None:
        from gettext import GNUTranslations

        with open(CATALOG, "rb") as file:  # noqa: PTH123
            _loaded = GNUTranslations(file)
    _catalog = None if name == "en" else _loaded


def language() -> str:
    """Return which of LANGUAGES is spoken."""
    return "en" if _catalog is None else "zh"


def of_locale(variables: "Mapping[str, str]") -> str:
    """Return which of LANGUAGES the variables of a locale ask for, in the order and the meaning of gettext.

    Every kind of Chinese gets Simplified Chinese, the only one there is.
    """
    locale = next(filter(None, map(variables.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    if locale in ("C", "POSIX"):  # these switch LANGUAGE off as well
        return "en"
    for name in (variables.get("LANGUAGE") or locale).split(":"):
        known = name.replace("-", "_").replace(".", "_").partition("_")[0].lower()
        if known in LANGUAGES:
            return known
    return "en"


def _(message: str) -> str:
    """Return the message in the reader's language."""
    return message if _catalog is None or not message else _catalog.gettext(message)


def ngettext(one: str, many: str, count: int) -> str:
    """Return the message that goes with a count, in the reader's language."""
    if _catalog is None:
        return one if count == 1 else many
    return _catalog.ngettext(one, many, count)


def heading(name: str) -> str:
    """Return what a table calls a column or an item in the reader's language; `name` is its name in the data."""
    return name if _catalog is None else _catalog.pgettext("heading", name)


def later(message: str) -> str:
    """Mark a message that is translated only when it is shown."""
    return message


# What the system says most often; everything else stays in its own words.
_SYSTEM = (
    later("Address already in use"),
    later("Cannot assign requested address"),
    later("Connection refused"),
    later("Connection reset by peer"),
    later("Disk quota exceeded"),
    later("File exists"),
    later("File name too long"),
    later("Input/output error"),
    later("Is a directory"),
    later("Name or service not known"),
    later("Network is unreachable"),
    later("No route to host"),
    later("No space left on device"),
    later("No such file or directory"),
    later("Not a directory"),
    later("Operation not permitted"),
    later("Permission denied"),
    later("Read-only file system"),
    later("Temporary failure in name resolution"),
    later("Too many open files"),
)


def system_reason(error: Exception) -> str:
    """Return what the system says about an error, in the reader's language where it is one of the usual reasons."""
    return _(getattr(error, "strerror", None) or str(error))


def paragraphs(text: str) -> str:
    """Return a help text in the reader's language, each paragraph translated as a message of its own.

    A paragraph that starts with a line `\\b` keeps its lines; the others become one line each.
    """
    if _catalog is None:
        return text
    return "\n\n".join(f"\b\n{_(message)}" if is_kept else _(message) for is_kept, message in messages_of(text))


def messages_of(text: str) -> "list[tuple[bool, str]]":
    """Return the messages of a help text, and whether each keeps its lines."""
    found = []
    for paragraph in filter(None, text.strip().split("\n\n")):
        first, _, rest = paragraph.partition("\n")
        is_kept = first.strip() == "\b"
        found.append((is_kept, rest.rstrip() if is_kept else " ".join(paragraph.split())))
    return found
