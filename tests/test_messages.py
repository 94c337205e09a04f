"""The messages: all of them are marked, all are translated, and each is a whole sentence."""

import ast
import gettext
import re
from collections.abc import Iterator
from string import Formatter

import pytest

from smscli import errors
from smscli.console import OutputError
from tests.support import catalogs
from tests.support.sources import SOURCES, TREES

MARKS = ("_", "later", "ngettext", "heading")
CATALOG = catalogs.read_catalog()
MESSAGES = {catalogs.key(message): message for message in CATALOG if message.id}


# --- the catalog --------------------------------------------------------------------------------------------------


def test_the_catalog_has_every_message_and_no_other() -> None:
    wanted = catalogs.messages()
    assert sorted(map(str, wanted - MESSAGES.keys())) == [], "run `make catalogs`, and translate what it adds"
    assert sorted(map(str, MESSAGES.keys() - wanted)) == [], "run `make catalogs`"


def test_every_message_is_translated() -> None:
    assert [key for key, message in MESSAGES.items() if message.fuzzy or not all(catalogs.translations(message))] == []


def test_the_file_is_as_make_catalogs_writes_it() -> None:
    assert catalogs.PO.read_bytes().split(b"\n\n", 1)[1] == catalogs.written(CATALOG).split(b"\n\n", 1)[1]


def test_the_program_reads_what_was_translated() -> None:
    with catalogs.MO.open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for (context, one, many), message in MESSAGES.items():
        said = compiled.ngettext(one, many, 2) if many else compiled.gettext(one)
        said = compiled.pgettext(context, one) if context else said
        assert said == catalogs.translations(message)[0]


def names(text: str) -> set[tuple[str, str, str]]:
    """Return what is filled into a message: names, conversions and formats."""
    return {(name, kind or "", form or "") for _, name, form, kind in Formatter().parse(text) if name is not None}


def test_translations_take_the_same_names() -> None:
    help_texts = set(catalogs.help_texts())  # nothing is filled in there: braces are shown
    wrong = [
        one
        for (_, one, many), message in MESSAGES.items()
        if one not in help_texts and not (names(many or one) == names(one) == names(catalogs.translations(message)[0]))
    ]
    assert wrong == []


def test_a_message_is_a_whole_one() -> None:
    texts = [text for key, message in MESSAGES.items() for text in (*key[1:], *catalogs.translations(message)) if text]
    assert [text for text in texts if text != text.strip()] == []


def test_that_nothing_was_sent_is_always_said_in_the_same_words() -> None:
    said = catalogs.translations(MESSAGES[None, "Nothing was sent.", None])[0]
    texts = [(one, catalogs.translations(message)[0]) for (_, one, _), message in MESSAGES.items()]
    assert [one for one, chinese in texts if ("Nothing was sent." in one) != (said in chinese)] == []


def test_chinese_is_written_as_the_chinese_write() -> None:
    texts = [catalogs.translations(message)[0] for message in MESSAGES.values()]
    chinese = "[\u4e00-\u9fff]"
    assert [text for text in texts if re.search(rf"{chinese}[,;!?]|{chinese}\.(\s|$)", text)] == [], "half-width marks"
    assert [text for text in texts if re.search(rf"{chinese}[a-z0-9-]|[a-z0-9]{chinese}", text)] == [], "no space"


# --- the sources --------------------------------------------------------------------------------------------------


def is_marked(node: ast.AST) -> bool:
    """Say whether a node is a call that translates or marks a message."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Yield every call in a source."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def has_mark(node: ast.AST) -> bool:
    """Say whether a message is translated anywhere inside a node."""
    return any(map(is_marked, ast.walk(node)))


@pytest.mark.parametrize("name", SOURCES)
def test_messages_are_not_put_together(name: str) -> None:
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.JoinedStr):
            marked = [call for call in calls(node) if is_marked(call)]
            assert not any(isinstance(call.args[0], ast.Constant) for call in marked), (
                f"line {node.lineno}: not extracted"
            )
            assert len(marked) < 2, f"line {node.lineno}: two messages are joined"
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            assert not (has_mark(node.left) and has_mark(node.right)), f"line {node.lineno}: two messages are joined"
        if isinstance(node, ast.Call) and is_marked(node):
            assert not any(isinstance(part, ast.JoinedStr) for part in ast.walk(node)), f"line {node.lineno}"


@pytest.mark.parametrize("name", SOURCES)
def test_what_is_filled_in_has_a_name(name: str) -> None:
    for call in calls(TREES[name]):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "format" and is_marked(call.func.value):
            assert not call.args, f"line {call.lineno}"


ERRORS = {kind.__name__ for kind in (*errors.SmsError.__subclasses__(), OutputError)}
# What says a text that is given to it; of `Progress` and the like the constants are names, not sentences.
SAYERS = ("say", "confirm", "pipe", "open_file", "read_file", "choose")


def words(node: ast.AST) -> str:
    """Return the text of a literal that is not marked, where it has words, else ""."""
    if isinstance(node, ast.Call):  # a method of a text, as `.format`; what else is called makes texts elsewhere
        return words(node.func.value) if isinstance(node.func, ast.Attribute) else ""
    parts = ast.walk(node) if isinstance(node, ast.JoinedStr | ast.BinOp) else [node]
    text = " ".join(part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str))
    return text if re.search("[A-Za-z]{2}", text.replace("smscli:", "")) else ""


def sentences(tree: ast.AST) -> Iterator[str]:
    """Yield every sentence of a source that is given to a person without a mark."""
    for call in calls(tree):
        name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
        if name in ERRORS or name in SAYERS:
            yield from filter(None, map(words, call.args))


@pytest.mark.parametrize("name", SOURCES)
def test_every_sentence_is_marked(name: str) -> None:
    assert list(sentences(TREES[name])) == []


@pytest.mark.parametrize("name", SOURCES)
def test_what_the_system_says_is_translated(name: str) -> None:
    attributes = [node for node in ast.walk(TREES[name]) if isinstance(node, ast.Attribute)]
    uses = [node for node in attributes if node.attr == "strerror" and ast.unparse(node.value) != "os"]
    assert uses == [], "use language.system_reason"


@pytest.mark.parametrize(
    "source",
    [
        "raise InputError('no such list.')",
        "raise InputError(f'{name} is no list.')",
        "raise errors.ConfigError('no such key: {key}'.format(key=key))",
        "environment.say(f'{count:,} left out')",
        "say('none ' + 'left')",
        "environment.confirm('Send it?', yes)",
    ],
)
def test_a_sentence_without_a_mark_is_found(source: str) -> None:
    assert len(list(sentences(ast.parse(source)))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "raise InputError(_('no such list.'))",
        "raise InputError(said.format(name=name))",
        "environment.say(_('{count:,} left out').format(count=1))",
        "environment.say(f'smscli: {error}')",
        "raise ValueError('a bug')",
    ],
)
def test_what_is_marked_is_left_alone(source: str) -> None:
    assert list(sentences(ast.parse(source))) == []


@pytest.mark.parametrize(
    "source", ["say(f\"smscli: {_('no list')}\")", "f'{_(one)} {_(two)}'", "_('one') + x + _('two')"]
)
def test_a_sentence_that_is_put_together_is_found(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TREES, "broken", ast.parse(source))
    with pytest.raises(AssertionError):
        test_messages_are_not_put_together("broken")
