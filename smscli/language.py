"""The language of what people read: one door to the catalog of messages.

A message is a whole sentence, marked with `_` or `ngettext`; names in braces are filled in after it was translated, so
that each language puts them where it needs them. Help texts are translated when they are shown. Data for programs
(JSON, TSV, exit codes, names of commands, options and columns) is the same in every language.

English is the messages themselves and needs no catalog. `make catalogs` keeps `locale/` in step with the sources.
"""

import os
from _thread import get_ident  # `threading` would cost `--version` a millisecond

TYPE_CHECKING = False  # mypy reads it as true; importing `typing` would cost `--version` some milliseconds
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from gettext import GNUTranslations
    from importlib.abc import ResourceLoader

    __loader__: ResourceLoader

LANGUAGES = ("en", "zh")
_NAME = r"\{(\w+)[^}]*\}"  # in a message
_LEAST = 8  # characters of a message besides its names, by which it is recognised
CATALOG = os.path.join(os.path.dirname(__file__), "locale", "zh", "LC_MESSAGES", "smscli.mo")  # noqa: PTH118, PTH120
_loaded: "GNUTranslations | None" = None
_catalog: "GNUTranslations | None" = None  # of the language that is spoken; none for English
_english: set[int] = set()  # the threads that speak English nevertheless


def use(name: str) -> None:
    """Speak one of LANGUAGES from here on."""
    global _catalog, _loaded
    if name != "en" and _loaded is None:
        from gettext import GNUTranslations
        from io import BytesIO

        _loaded = GNUTranslations(BytesIO(__loader__.get_data(CATALOG)))  # it also reads from inside a zip
    _catalog = None if name == "en" else _loaded


class English:
    """A context in which this thread speaks English: for data, and for sentences that the ledger keeps."""

    def __enter__(self) -> None:
        _english.add(get_ident())

    def __exit__(self, *_error: object) -> None:
        _english.discard(get_ident())


def _spoken() -> "GNUTranslations | None":
    return None if get_ident() in _english else _catalog


def language() -> str:
    """Return which of LANGUAGES is spoken."""
    return "en" if _spoken() is None else "zh"


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
    catalog = _spoken()
    return message if catalog is None or not message else catalog.gettext(message)


def ngettext(one: str, many: str, count: int) -> str:
    """Return the message that goes with a count, in the reader's language."""
    catalog = _spoken()
    if catalog is None:
        return one if count == 1 else many
    return catalog.ngettext(one, many, count)


def heading(name: str) -> str:
    """Return what a table calls a column or an item in the reader's language; `name` is its name in the data."""
    catalog = _spoken()
    return name if catalog is None else catalog.pgettext("heading", name)


def word(name: str) -> str:
    """Return a word of the data, such as a batch's state, in the reader's language."""
    catalog = _spoken()
    return name if catalog is None else catalog.pgettext("word", name)


def listing(texts: "Iterable[str]") -> str:
    """Return texts as a list in a sentence, with the commas of the reader's language."""
    return ("，" if language() == "zh" else ", ").join(texts)


def later(message: str) -> str:
    """Mark a message that is translated only when it is shown."""
    return message


def recalled(text: str) -> str:
    """Return a sentence that was kept in English in the reader's language: a message with its names filled in.

    The names may stand for messages in turn. What is no message stays as it is.
    """
    catalog = _spoken()
    if catalog is None or not text:
        return text
    import re

    found = [(0, catalog.gettext(text))]
    for message in vars(catalog)["_catalog"]:
        fixed = re.split(_NAME, message)[::2] if isinstance(message, str) else []
        exactness = len("".join(fixed))
        if len(fixed) < 2 or exactness < _LEAST or not all(part in text for part in fixed):
            continue
        if match := re.fullmatch(_pattern(message), text, re.DOTALL):
            values = {name: recalled(value) for name, value in match.groupdict().items()}
            found.append((exactness, re.sub(_NAME, r"{\1}", catalog.gettext(message)).format_map(values)))
    # Of several, the one that leaves the least English.
    return min(found, key=lambda said: (len(re.findall("[a-z]", said[1])), -said[0]))[1]


def _pattern(message: str) -> str:
    """Return the pattern of all texts that a message makes."""
    import re

    pattern = ""
    for number, part in enumerate(re.split(_NAME, message)):
        if number % 2 == 0:
            pattern += re.escape(part)
        else:
            pattern += f"(?P={part})" if f"(?P<{part}>" in pattern else f"(?P<{part}>.+)"
    return pattern


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
    if _spoken() is None:
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
