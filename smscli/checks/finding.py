"""What a check found, and how long a check may take."""

import threading
from collections.abc import Callable
from contextlib import nullcontext
from enum import StrEnum
from queue import Empty, SimpleQueue
from typing import NamedTuple, TypeVar

from smscli.language import English, language

_Result = TypeVar("_Result")


class Result(StrEnum):
    """How a check ended: all is well, something may become a problem, something does not work."""

    PASS = "pass"  # noqa: S105
    WARN = "warn"
    FAIL = "fail"


class Finding(NamedTuple):
    """One line of `doctor`; the names of the fields and of the checks are the stable names of its JSON.

    `message` says what was found and `advice` what to do. `profile` and `endpoint` say what it is about, "" where it is
    about this machine. `value` is the number that was measured, where there is one.
    """

    result: Result
    check: str
    profile: str
    endpoint: str
    value: int | str | None
    message: str
    advice: str


def passed(check: str, message: str, value: int | str | None = None, profile: str = "", endpoint: str = "") -> Finding:
    """Return the finding that all is well."""
    return Finding(Result.PASS, check, profile, endpoint, value, message, "")


def warned(
    check: str, message: str, advice: str, value: int | str | None = None, profile: str = "", endpoint: str = ""
) -> Finding:
    """Return the finding that something may become a problem."""
    return Finding(Result.WARN, check, profile, endpoint, value, message, advice)


def failed(
    check: str, message: str, advice: str = "", value: int | str | None = None, profile: str = "", endpoint: str = ""
) -> Finding:
    """Return the finding that something does not work; the messages of errors have the advice in them."""
    return Finding(Result.FAIL, check, profile, endpoint, value, message, advice)


def within(seconds: float, work: Callable[[], _Result]) -> _Result:
    """Return what the work returns; a TimeoutError after so many seconds, and the work is left behind.

    So nothing outside this program can stop a check: no name server, no disk, no password store.
    """
    ended: SimpleQueue[tuple[_Result | None, BaseException | None]] = SimpleQueue()

    speech = English() if language() == "en" else nullcontext()

    def run() -> None:
        try:
            with speech:
                ended.put((work(), None))
        except BaseException as error:
            ended.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        result, error = ended.get(timeout=seconds)
    except Empty:
        raise TimeoutError from None
    if error:
        raise error
    return result  # type: ignore[return-value]
