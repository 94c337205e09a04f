"""The language of what people read: one door to the catalogs of messages.

A message is a whole sentence, marked with `_` or `ngettext`; names in braces are filled in after it was translated, so
that each language puts them where it needs them. Help texts are translated when they are shown. Data for programs
(JSON, TSV, exit codes, names of commands, options and columns) is the same in every language.
"""


def _(message: str) -> str:
    """Return the message in the reader's language."""
    return message


def ngettext(one: str, many: str, count: int) -> str:
    """Return the message that goes with a count, in the reader's language."""
    return one if count == 1 else many
