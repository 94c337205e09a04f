"""What is said, asked and opened."""

import io
import os
import select
from pathlib import Path

import pytest
from hypothesis import given, settings

from smscli.console import Environment, visible
from smscli.errors import InputError
from tests.support.inprocess import run_here
from tests.support.texts import TEXTS, is_safe

posix = pytest.mark.skipif(os.name != "posix", reason="links and pipes are POSIX")


@pytest.fixture
def environment() -> Environment:
    """Return an environment with nothing to read and nobody to ask."""
    return Environment(None, io.StringIO(), io.StringIO())


# --- one text -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("你好，world😀", "你好，world😀"),
        ("a\u3000b\xa0c", "a\u3000b\xa0c"),
        ("a\tb\nc\rd", "a\\tb\\nc\\rd"),
        ("\x1b[31mred\x07\x00\x7f", "\\x1b[31mred\\x07\\x00\\x7f"),
        ("\x9b31m\x85", "\\x9b31m\\x85"),
        ("\u202etxt\u2066\u200b\ufeff", "\\u202etxt\\u2066\\u200b\\ufeff"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("[red]x[/red] :smile:", "[red]x[/red] :smile:"),
        ("", ""),
    ],
)
def test_what_a_terminal_would_obey_is_made_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


@settings(deadline=None, max_examples=60)  # a busy machine is no failure
@given(TEXTS)
def test_no_text_comes_out_unsafe(text: str) -> None:
    assert is_safe(visible(text))
    assert visible(visible(text)) == visible(text)


def test_talk_is_safe_line_by_line(environment: Environment) -> None:
    environment.say("one\x1b[31m\ntwo\ttabs")
    assert environment.stderr.getvalue() == "one\\x1b[31m\ntwo\\ttabs\n"  # type: ignore[attr-defined]


# --- what is read -------------------------------------------------------------------------------------------------


def unreadable(tmp_path: Path) -> dict[str, str]:
    """Make paths that cannot be read, and return why each cannot."""
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    (tmp_path / "broken").symlink_to(tmp_path / "nothing")
    return {
        str(loop): "Too many levels of symbolic links",
        str(tmp_path): "Is a directory",
        str(tmp_path / "missing"): "No such file or directory",
        str(tmp_path / "broken"): "No such file or directory",
    }


@posix
@pytest.mark.parametrize(
    ("before", "after", "afterwards"),
    [
        (["send", "-p", "sandbox", "--content", "hi", "--csv"], [], " Nothing was sent."),
        (["send", "-p", "sandbox", "--mobile", "13800138001", "--content-file"], [], " Nothing was sent."),
        (["optout", "import", "-p", "sandbox"], [], " The list was not changed."),
        (["parse-report"], [], ""),
    ],
    ids=lambda value: value[0] if isinstance(value, list) and value else "",
)
def test_what_cannot_be_read_is_named_with_the_reason(
    tmp_path: Path, before: list[str], after: list[str], afterwards: str
) -> None:
    for path, why in unreadable(tmp_path).items():
        ended = run_here(*before, path, *after)
        assert (ended.code, ended.out) == (2, "")
        if before[0] == "parse-report" and path.endswith("missing"):  # it could be a push itself
            assert ended.err == f"smscli: there is no file {path!r}, and it is not a push either.\n"
        else:
            assert ended.err == f"smscli: {path} cannot be read: {why}.{afterwards}\n"


@posix
def test_a_pipe_that_somebody_writes_to_is_read_and_announced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    keep = os.open(pipe, os.O_RDWR)
    os.write(keep, b"hello")
    environment = Environment(None, io.StringIO(), said := io.StringIO())
    with environment.open_file(pipe, "") as stream:
        assert stream.read1(9) == b"hello"
    os.close(keep)
    assert said.getvalue() == f"reading the pipe {pipe}; Ctrl-C stops the waiting\n"


def test_stdin_is_a_pipe_or_the_question_is_the_error() -> None:
    piped = Environment(io.BytesIO(b"x"), io.StringIO(), io.StringIO())
    assert piped.pipe("what?").read() == b"x"
    with pytest.raises(InputError, match=r"^what\?$"):
        Environment(None, io.StringIO(), io.StringIO()).pipe("what?")


# --- a person -----------------------------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize(
    ("answer", "goes_on"), [(b"y\n", True), ("是\n".encode(), True), (b"\n", False), (b"n\n", False)]
)
def test_a_person_is_asked_at_the_terminal(answer: bytes, goes_on: bool) -> None:
    master, slave = os.openpty()
    environment = Environment(None, io.StringIO(), io.StringIO(), os.ttyname(slave))
    os.write(master, answer)
    if goes_on:
        environment.confirm("Send?", yes=False)
    else:
        with pytest.raises(InputError, match="not confirmed"):
            environment.confirm("Send?", yes=False)
    shown = b""
    while b"Send? [y/N] " not in shown:  # the echo of the answer can come as a piece of its own
        assert select.select([master], [], [], 10)[0], f"the question is not in {shown!r}"
        shown += os.read(master, 100)
    os.close(slave)
    os.close(master)


def test_where_nobody_can_be_asked_nothing_happens_without_yes(environment: Environment) -> None:
    environment.confirm("Send?", yes=True)
    with pytest.raises(InputError, match=r"Send\? Nobody can be asked here, so nothing was sent"):
        environment.confirm("Send?", yes=False)
