"""Millions of answers and pushes out of a grammar: no traceback, no wrong "Nothing was sent", and linear time."""

import errno
import os
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import urllib3.util.connection

from smscli.config.profile import Profile, Secret
from smscli.errors import ConfigError, OutcomeUnknownError, UnreachableError
from smscli.gateway.client import Gateway, _title
from smscli.gateway.quoting import NOT_SHOWN, quoted
from smscli.httpd import request
from smscli.httpd.request import BadRequestError, Reader, Request
from smscli.ledger.inbox import _PASSWORD, storable
from smscli.ledger.states import State, fate_of
from smscli.protocol.answers import format_send_answer, parse_balance_answer, parse_send_answer
from smscli.protocol.forms import decode_form, decode_text, send_form
from smscli.protocol.numbers import normalise
from smscli.protocol.optout import wants_out
from smscli.protocol.pushes import Push, Reply, Report, push_from_fields
from smscli.protocol.times import moment, parse_time, sendid_time
from smscli.receiving.lines import parse_push
from tests.support.grammar import PWD, Built, Exchange, Grammar
from tests.support.pace import Pace

LISTED = {1, 2, 3, 4, 10, 11, 12, 13, 14}  # codes of refusals in the vendor's table (protocol §1)
DECLARED = (77,)
WORDS = ("T", "TD", "退订", "R")
_TAIL = 600  # characters in which an input's end stands
_EVENT = 200  # bytes, as which an event counts


def _half(given: Any) -> Any:
    """Return an input without its middle."""
    if isinstance(given, Exchange):
        return given._replace(answer=_half(given.answer), sendid="")
    if isinstance(given, Push):
        return given._replace(events=[type(event)(*map(_half, event)) for event in given.events])
    return given[: len(given) // 2 - _TAIL] + given[-_TAIL:] if len(given) > 4 * _TAIL else given


# --- answers ------------------------------------------------------------------------------------------------------


def fuzz_answers(grammar: Grammar, inputs: int) -> None:
    """Read texts of answers: a refusal needs a listed code, a success is never one, what was built comes back."""
    pace = Pace(_half)
    for _ in range(inputs):
        if grammar.chance(0.2):
            built = grammar.send_answer()
            assert parse_send_answer(format_send_answer(built)) == built
            continue
        text = grammar.answer()
        pace.run(_judge, text, len(text))
        parse_balance_answer(grammar.balance_answer())


def _judge(text: str) -> None:
    _title(text)
    answer = parse_send_answer(text)
    if answer is None:
        return
    first = text.strip().removeprefix("\ufeff").strip().partition(",")[0].strip()
    assert answer.code == int(first)
    assert first.isascii()
    fate = fate_of(answer, DECLARED)
    assert (fate.state is State.REFUSED) == (answer.code in LISTED or answer.code in DECLARED)
    assert (fate.state is State.ACCEPTED) == (answer.code == 0)
    assert fate.open <= (fate.state is State.REFUSED)
    assert (answer.code == 0) == bool(answer.sendid or (answer.code == 0 and "," in text))
    shown = quoted(answer.msg, PWD)
    assert shown in (answer.msg, NOT_SHOWN)
    assert PWD not in shown


# --- exchanges ----------------------------------------------------------------------------------------------------


class Wire:
    """A network without a system: each connection answers what the exchange at hand says."""

    def __init__(self) -> None:
        self.quiet, _ = os.pipe()
        self.ready, end = os.pipe()
        os.write(end, b"x")
        self.exchange = Exchange(b"", "open")
        self.failure: OSError | None = None
        self.late = False  # what comes while nobody asks comes behind urllib3's look at the connection
        self.written = 0
        self.latest: FakeSocket | None = None

    def connect(self, *_: Any, **__: Any) -> "FakeSocket":
        """Stand in for urllib3's `create_connection`."""
        if self.failure:
            raise self.failure
        self.latest = FakeSocket(self)
        return self.latest


class FakeSocket:
    """What the client knows of a socket, and its stream."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.waiting = bytearray()
        self._ends = "open"

    def sendall(self, data: bytes) -> None:
        self._wire.written += 1
        exchange = self._wire.exchange
        self.waiting += exchange.answer
        self._ends = exchange.ends
        if exchange.breaks:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    def readinto(self, buffer: Any) -> int:
        count = min(len(buffer), len(self.waiting))
        if not count:
            return self._end(TimeoutError)
        buffer[:count] = self.waiting[:count]
        del self.waiting[:count]
        return count

    def recv(self, count: int) -> bytes:
        if not self.waiting:
            self._end(BlockingIOError)
        return bytes(self.waiting[:count])

    def _end(self, where_open: type[OSError]) -> int:
        if self._ends == "closed":
            return 0
        raise where_open if self._ends == "open" else ConnectionResetError(errno.ECONNRESET, "reset")

    def makefile(self, *_: Any, **__: Any) -> "FakeSocket":
        return self

    def fileno(self) -> int:
        is_quiet = self._wire.late or (self._ends == "open" and not self.waiting)
        return self._wire.quiet if is_quiet else self._wire.ready

    def gettimeout(self) -> float:
        return 1

    def settimeout(self, _: Any) -> None: ...
    def setsockopt(self, *_: Any) -> None: ...
    def close(self) -> None: ...


FAILURES = (
    ConnectionRefusedError(errno.ECONNREFUSED, "refused"), TimeoutError(), socket.gaierror(-2, "unknown"), OSError("x"),
    PermissionError(errno.EACCES, "no"), UnicodeError("label too long"),
)  # fmt: skip


def fuzz_exchanges(grammar: Grammar, inputs: int) -> None:
    """Send over HTTP: what was written is never said not to be sent, and no answer is another request's."""
    pace, wire = Pace(_half), Wire()
    profile = Profile("shop", "http://gateway.example/", "demo", Secret(PWD), timeout=20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(urllib3.util.connection, "create_connection", wire.connect)
        gateway = Gateway(profile)
        for _ in range(inputs):
            wire.exchange, wire.failure = grammar.exchange(), None
            if grammar.chance(0.05):
                wire.failure = grammar.one(FAILURES)  # type: ignore[assignment]
            if wire.latest and grammar.chance(0.05):
                wire.latest.waiting += grammar.stray()  # while nobody asks
            wire.late = grammar.chance(0.5)
            pace.run(partial(_send, gateway, wire), wire.exchange, len(wire.exchange.answer))
        gateway.close()


def _send(gateway: Gateway, wire: Wire, exchange: Exchange) -> None:
    wire.written = 0
    try:
        answer = gateway.send(send_form("text", "13800138000"))
    except (UnreachableError, ConfigError) as error:
        assert wire.written == 0, f"{error} after {exchange}"
        said = str(error)
    except OutcomeUnknownError as error:
        assert wire.written == 1, exchange
        said = str(error)
        assert "Nothing was sent" not in said
        assert not exchange.sendid or exchange.breaks, f"{error} after {exchange}"
    else:
        assert wire.written == 1, exchange
        said = answer.msg
        body = decode_text(exchange.answer)
        assert str(abs(answer.code)) in body
        assert answer.sendid in body
        assert exchange.sendid in ("", answer.sendid)
        assert answer.sendid != "9" * 25 or not exchange.sendid
        fate = fate_of(answer).state
        assert fate is not State.REFUSED or answer.code in LISTED
    assert PWD not in said


# --- pushes -------------------------------------------------------------------------------------------------------


def fuzz_forms(grammar: Grammar, inputs: int) -> None:
    """Read bodies of pushes; what was built comes back."""
    pace, using = Pace(_half), Pace(_half)
    for _ in range(inputs):
        form = grammar.form()
        _check_push(pace.run(_read_form, form.raw, len(form.raw)), form, using)


def _read_form(raw: bytes) -> Push | None:
    _PASSWORD.sub(rb"\1****", raw)
    return push_from_fields(decode_form(raw))


def fuzz_lines(grammar: Grammar, inputs: int) -> None:
    """Read lines of logs; what was built comes back."""
    pace, using = Pace(_half), Pace(_half)
    for _ in range(inputs):
        line = grammar.line()
        _check_push(pace.run(_read_line, line.raw, len(line.raw)), line, using)


def _read_line(raw: bytes) -> Push | None:
    return parse_push(raw.decode("utf-8", "surrogateescape"))


def _use(push: Push) -> None:
    """Do with a push what the ledger does."""
    parse_time.cache_clear()  # or it would not be measured again
    for event in push.events:
        for field in event:
            storable(field).encode()
        moment(event.time, 0)
        normalise(event.mobile)
        if isinstance(event, Reply):
            wants_out(event.content, WORDS)
        else:
            sendid_time(event.sendid)


def _check_push(push: Push | None, built: Built, using: Pace) -> None:
    if push:
        using.run(_use, push, len(built.raw) + _EVENT * len(push.events))
    if built.events is None:
        return
    assert push, built
    expected = [_as_read(event) for event in built.events]
    assert list(push.events) == expected, built


def _as_read(event: Report | Reply) -> Report | Reply:
    return event._replace(**{key: value.strip() for key, value in event._asdict().items() if key != "content"})


# --- requests -----------------------------------------------------------------------------------------------------


def fuzz_requests(grammar: Grammar, inputs: int) -> None:
    """Read requests, as a whole and in pieces: both are the same, and nothing is raised but a refusal."""
    pace = Pace(_half)
    for _ in range(inputs):
        raw = grammar.request()
        pace.run(partial(_read_request, grammar.number(len(raw) + 1)), raw, len(raw))


def _read_request(cut: int, raw: bytes) -> None:
    request._parsed_head.cache_clear()
    whole = _read_pieces(raw)
    assert _read_pieces(raw[:cut], raw[cut:]) == whole, raw
    if isinstance(whole, Request):
        push_from_fields(whole.fields())


def _read_pieces(*pieces: bytes) -> Request | int | None:
    reader = Reader("192.0.2.1", 1 << 20, 0)
    try:
        for piece in pieces:
            reader.buffer += piece
            if taken := reader.take():
                return taken
    except BadRequestError as error:
        return int(error.status)
    return None


# --- how many -----------------------------------------------------------------------------------------------------

Fuzz = Callable[[Grammar, int], None]
# Inputs of the normal run; the long one has 500 times as many, in shards that go to all cores.
SHARES: dict[Fuzz, int] = {
    fuzz_answers: 8000, fuzz_exchanges: 1000, fuzz_forms: 5000, fuzz_lines: 5000, fuzz_requests: 1000,
}  # fmt: skip
SHARDS, LONG = 10, 500


@pytest.mark.parametrize("shard", [None, *(pytest.param(shard, marks=pytest.mark.long) for shard in range(SHARDS))])
@pytest.mark.parametrize("fuzz", SHARES, ids=lambda fuzz: fuzz.__name__)
def test_nothing_breaks_a_parser(fuzz: Fuzz, shard: int | None) -> None:
    inputs = SHARES[fuzz]
    fuzz(Grammar(-1 if shard is None else shard), inputs if shard is None else inputs * LONG // SHARDS)
