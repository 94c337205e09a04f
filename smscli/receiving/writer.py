"""Writes pushes to the ledger in one thread, in groups, and then answers them.

Pushes that come at the same time share a sync to disk. A push of very many numbers is written in pieces, so that the
others do not wait.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, NamedTuple

from smscli.config.profile import Profile
from smscli.errors import LedgerError
from smscli.httpd.request import Response, plain
from smscli.language import _, recalled
from smscli.ledger.inbox import Inbox
from smscli.protocol.pushes import Push, Signature
from smscli.receiving.complaints import Complaints
from smscli.receiving.counts import Counts

TAKEN = Response(200, b"0", "text/plain; charset=utf-8")
Answer = asyncio.Future[Response]

_GROUP = 256  # pushes of one transaction at most
_PIECE = 500  # events of one push in one transaction: about ten milliseconds
_GATHERING = 0.002  # seconds in which a group comes together: the longer, the more pushes share a sync


class Refusal(NamedTuple):
    """A push that goes to the quarantine, why, and what to answer then."""

    peer: str
    reason: str
    raw: bytes
    response: Response


class Delivery(NamedTuple):
    """A push to keep; `refusal` is used instead if its signature was used before for other content."""

    push: Push
    signature: Signature | None
    refusal: Callable[[], Refusal]


class Writer:
    """Keeps what comes; `show` gets each push with anything new. `counts` is what came of all that came."""

    def __init__(
        self, ledger: Inbox, profile: Profile, show: Callable[[Push], None], say: Callable[[str], None]
    ) -> None:
        self._ledger, self._profile, self._show = ledger, profile, show
        self.counts = Counts()
        self._refused = Complaints(say, _refused)
        self._failed = Complaints(say, _failed)
        self._pieces: deque[_Piece] = deque()
        self._large: deque[_Piece] = deque()  # of pushes that are more than one piece
        self._refusals: deque[tuple[Refusal, Answer]] = deque()
        self._writing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1)

    def keep(self, delivery: Delivery) -> Answer:
        """Answer 200 and `0` once a push is on disk, also for a repeat; 503 where it cannot be kept."""
        ticket = _Ticket(delivery, asyncio.get_running_loop().create_future())
        events = delivery.push.events
        if len(events) <= _PIECE:
            self._pieces.append(_Piece(delivery.push, ticket))
        else:
            starts = range(0, len(events), _PIECE)
            self._large += [_Piece(Push(events[start : start + _PIECE], {}), ticket) for start in starts]
            ticket.open = len(starts)
        self._begin()
        return ticket.answer

    def refuse(self, refusal: Refusal) -> Answer:
        """Give the refusal's answer once it is in the quarantine; 503 where it cannot be kept."""
        answer: Answer = asyncio.get_running_loop().create_future()
        self._refusals.append((refusal, answer))
        self._begin()
        return answer

    def finish(self) -> None:
        """Say what was not said yet."""
        self._refused.flush()
        self._failed.flush()

    def _begin(self) -> None:
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())

    async def _write_all(self) -> None:
        while self._pieces or self._large or self._refusals:
            await asyncio.sleep(_GATHERING)
            if group := self._next_group():
                await self._record(group)
            # One at a time, so that refused callers cannot keep the gateway waiting.
            if self._refusals:
                await self._quarantine(*self._refusals.popleft())
        self._writing = None

    def _next_group(self) -> list["_Piece"]:
        """Return what is written together: at most one piece of a large push, and as many events of other pushes."""
        group: list[_Piece] = []
        events = 0
        while self._pieces and len(group) < _GROUP and events < _PIECE:
            group.append(self._pieces.popleft())
            events += len(group[-1].push.events)
        while self._large and self._large[0].ticket.answer.done():  # with 503, or nobody waits for it
            self._large.popleft()
        return [*group, self._large.popleft()] if self._large else group

    async def _record(self, group: Sequence["_Piece"]) -> None:
        try:
            news = await self._in_thread(self._write, group)
        except Exception as error:
            if len(group) == 1 or isinstance(error, LedgerError):
                self._failed.add(str(error))
                for piece in group:
                    self._fail(piece.ticket.answer)
                return
            for piece in group:  # one that cannot be kept must not stop the others
                await self._record([piece])
            return
        for piece, new in zip(group, news, strict=True):
            self._done(piece.ticket, new)

    def _write(self, group: Sequence["_Piece"]) -> list[bool | None]:
        """Make pieces durable in one transaction; return for each whether it was new, None where it is forged.

        This runs in the thread.
        """
        signatures = [piece.ticket.delivery.signature for piece in group]
        return self._ledger.record(self._profile, [piece.push for piece in group], signatures)

    def _done(self, ticket: "_Ticket", new: bool | None) -> None:
        if new is None:
            if not ticket.answer.done():
                self._refusals.append((ticket.delivery.refusal(), ticket.answer))
            return
        ticket.open -= 1
        ticket.new |= new
        if not ticket.open:
            self.counts.keep(ticket.delivery.push, ticket.new)
            ticket.give(TAKEN)
            if ticket.new:
                self._show(ticket.delivery.push)

    async def _quarantine(self, refusal: Refusal, answer: Answer) -> None:
        try:
            await self._in_thread(self._ledger.quarantine, *refusal[:3])
        except Exception as error:
            self._failed.add(str(error))
            self._fail(answer)
        else:
            self._refused.add(refusal)
            self.counts.refuse(refusal.response.status)
            _give(answer, refusal.response)

    def _fail(self, answer: Answer) -> None:
        if not answer.done():  # a push in pieces fails once
            self.counts.fail()
        _give(answer, _NOT_TAKEN)

    async def _in_thread(self, write: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, write, *arguments)


class _Ticket:
    """A push on its way to the disk: `open` pieces of it are not there yet."""

    def __init__(self, delivery: Delivery, answer: Answer) -> None:
        self.delivery, self.answer = delivery, answer
        self.open = 1
        self.new = False

    def give(self, response: Response) -> None:
        """Answer the push."""
        _give(self.answer, response)


class _Piece(NamedTuple):
    push: Push
    ticket: _Ticket


_NOT_TAKEN = plain(HTTPStatus.SERVICE_UNAVAILABLE)


def _give(answer: Answer, response: Response) -> None:
    if not answer.done():  # done already if its connection was closed
        answer.set_result(response)


def _refused(count: int, last: Refusal) -> str:
    said = _(
        "smscli: {count:,} pushes were refused or could not be read in the last minute, the last from {last}. "
        "`smscli inbox --quarantine` shows them."
    )
    if count == 1:
        said = _("smscli: a push was refused or could not be read, from {last}. `smscli inbox --quarantine` shows it.")
    named = _("{peer}: {reason}").format(peer=last.peer, reason=recalled(last.reason))
    return said.format(count=count, last=named)


def _failed(count: int, last: str) -> str:
    said = _(
        "smscli: {count:,} pushes of the last minute were answered 503, so the gateway will send it again: {reason}"
    )
    if count == 1:
        said = _("smscli: a push was answered 503, so the gateway will send it again: {reason}")
    return said.format(count=count, reason=last)
