"""The catalog of messages: what has to be in it, and `make catalogs`, which brings it in step with the sources.

A message is what is marked with `_`, `ngettext` or `later`; every help text of the command tree, a paragraph each; with
the context `heading`, every name of a column; and with `word`, every word of the data that a table shows. A new
message comes without a translation, which a test finds; write it into `smscli.po` and run `make catalogs` again.
"""

import ast
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

import smscli
from smscli.checks.finding import Result
from smscli.cli import app, load_command
from smscli.commands import COMMANDS
from smscli.commands.ledger import NAMES
from smscli.config.keys import PROFILE_KEYS
from smscli.language import CATALOG, messages_of
from smscli.ledger.outcomes import Outcome
from smscli.ledger.states import State
from smscli.ledger.statistics import By, Figures
from smscli.ledger.summary import RunState
from smscli.sending.resending import Why
from tests.support.sources import PACKAGE, TREES

MO = Path(CATALOG)
PO = MO.with_suffix(".po")
HEADING, WORD = "heading", "word"
# A message's context, its text, and the text for many where it has a count.
Message = tuple[str | None, str, str | None]
# Modules that list items, as pairs of a name and a value.
_PREVIEWED = (
    "sending.preview", "commands.send", "commands.resend", "commands.ledger", "ledger.engines.sqlite",
    "ledger.engines.postgres",
)  # fmt: skip
_KEYWORDS: dict[str, Any] = {"_": None, "later": None, "ngettext": (1, 2)}


def messages() -> set[Message]:
    """Return every message of the sources."""
    return {
        *_marked(),
        *((None, text, None) for text in help_texts()),
        *((HEADING, name, None) for name in headings()),
        *((WORD, name, None) for name in words()),
    }


def _marked() -> Iterator[Message]:
    found = extract_from_dir(PACKAGE, method_map=[("**.py", "python")], keywords=_KEYWORDS, strip_comment_tags=False)
    for _file, _line, text, _comments, _context in found:
        one, many = text if isinstance(text, tuple) else (text, None)
        if one.strip():  # a call like _(" ".join(words)) translates another text
            yield None, one, many


def help_texts() -> Iterator[str]:
    """Yield every message of the help pages."""
    yield from (smscli.__doc__ or "", *COMMANDS.values())
    yield from (key.help for key in PROFILE_KEYS.values())
    root = typer.main.get_command(app)
    yield from _of_node(root, typer.Context(root))
    for name in COMMANDS:
        node = load_command(name)
        yield from _of_node(node, typer.Context(node, info_name=name))


def _of_node(node: Any, context: Any) -> Iterator[str]:
    yield from (text for _kept, text in messages_of(_clean(node.help)))
    for param in node.get_params(context):
        yield from filter(None, (getattr(param, "help", None), getattr(param, "rich_help_panel", None)))
    for child in getattr(node, "commands", {}).values():
        if child:  # the root knows only their names
            yield from _of_node(child, typer.Context(child, parent=context))


def _clean(text: str | None) -> str:
    return "\n".join(line.rstrip() for line in (text or "").split("\n"))


def headings() -> Iterator[str]:
    """Yield every name that a table shows as a heading: of columns, of figures, and of the items of a preview."""
    yield from (*(group.value for group in By), *Figures._fields, *(why.value for why in Why), *NAMES.values())
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            yield from _texts(_columns(node))
            if name in _PREVIEWED:
                yield from _texts(_item(node))


def _item(node: ast.AST) -> ast.AST | None:
    """Return what holds the name of an item of a preview: a pair has it with its value."""
    if isinstance(node, ast.Tuple) and len(node.elts) == 2 and not isinstance(node.elts[1], ast.Constant):
        return node.elts[0] if isinstance(node.elts[0], ast.Constant | ast.JoinedStr) else None
    return None


def _columns(node: ast.AST) -> ast.AST | None:
    """Return what holds names of columns: a constant `*COLUMNS`, or the columns in a call that writes rows."""
    if isinstance(node, ast.Assign | ast.AnnAssign):
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        return node.value if isinstance(target, ast.Name) and target.id.endswith("COLUMNS") else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id in ("write_rows", "write_one", "follow") and len(node.args) > 1:
            return node.args[1]
        if node.func.id == "heading":
            return node.args[0]
    return None


def _texts(node: ast.AST | None) -> Iterator[str]:
    for inner in ast.walk(node) if node else ():
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and re.search("[a-z]", inner.value):
            yield inner.value.strip()


def words() -> Iterator[str]:
    """Yield every word of the data that a table shows in the reader's language."""
    for kind in (State, RunState, Outcome, Result):
        yield from (state.value for state in kind)
    yield from ("report", "reply", "sent", "answer", "state", "operator")  # events, and kinds of codes
    for name, tree in TREES.items():  # what `doctor` checks
        if name.startswith("checks."):
            names = (node.args[0] for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_finding(node))
            yield from (text for name in names for text in _texts(name))
    yield from ("built in", "default", "file", "option")  # where a value comes from


def _is_finding(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Name) and node.func.id in ("passed", "warned", "failed", "found")


# --- the files ----------------------------------------------------------------------------------------------------


def read_catalog() -> Catalog:
    """Return what the translator's file holds."""
    with PO.open("rb") as file:
        return read_po(file, locale="zh", domain="smscli", abort_invalid=True)


def key(message: Any) -> Message:
    """Return what names a message of a catalog."""
    one, many = message.id if isinstance(message.id, tuple) else (message.id, None)
    return message.context, one, many


def translations(message: Any) -> tuple[str, ...]:
    """Return the translations of a message: one, because Chinese has no plural."""
    return message.string if isinstance(message.string, tuple) else (message.string or "",)


def update(catalog: Catalog, wanted: set[Message]) -> None:
    """Add to a catalog what is new, without a translation, and take out what is no message any more."""
    had = {key(message): message for message in catalog if message.id}
    for message in had.keys() - wanted:
        catalog.delete(had[message].id, had[message].context)
    for context, one, many in wanted - had.keys():
        catalog.add((one, many) if many else one, context=context)
    catalog.obsolete.clear()


def written(catalog: Catalog) -> bytes:
    """Return the translator's file; it has no line numbers, so that it changes only with the messages."""
    file = io.BytesIO()
    write_po(file, catalog, width=120, no_location=True, sort_output=True)
    return file.getvalue()


def compiled(catalog: Catalog) -> bytes:
    """Return the file that the program reads."""
    file = io.BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


if __name__ == "__main__":
    kept = read_catalog()
    update(kept, messages())
    PO.write_bytes(written(kept))
    MO.write_bytes(compiled(kept))
    for message in kept:
        if message.id and not any(translations(message)):
            print("no translation:", repr(key(message)))
