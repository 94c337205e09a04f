"""Receives the gateway's pushes (protocol §3, §4): reads them, checks who calls, and answers `0` if they are kept."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus
from time import time
from typing import NamedTuple

from smscli.config.profile import Profile
from smscli.httpd.request import Request, Response, plain
from smscli.language import English, _, later
from smscli.ledger.inbox import Inbox
from smscli.monitoring.prometheus import CONTENT_TYPE
from smscli.protocol.forms import encode_form, undo_transport
from smscli.protocol.pushes import Push, Signature, push_from_fields, signature
from smscli.receiving.access import Access, is_local
from smscli.receiving.writer import TAKEN, Answer, Delivery, Refusal, Writer

HEALTH = "/healthz"
METRICS = "/metrics"
# Bytes of the largest push that is read: over 100,000 numbers, percent-encoded. Of a larger one the start is kept.
BODY_LIMIT = 2 << 20
START_LIMIT = 64 << 10

_LARGE = 16 << 10  # bytes that take some milliseconds to read
_SHOWN = 100  # characters of a path that are shown


class Receiver:
    """Answers requests to `path`; `show` gets each push with anything new, `say` a sentence about trouble.

    What is refused is kept in the ledger's quarantine before it is answered: 403 where it is not trusted, 400 where it
    is not a push, 404 at another path, 413 where it is too large. The gateway repeats a push until the answer is `0`.
    So a push that is too large gets `0` too, if it proves that the gateway sends it. With `has_metrics`, programs on
    this machine can read what came in numbers; they need no right to push.
    """

    def __init__(
        self,
        ledger: Inbox,
        profile: Profile,
        path: str,
        access: Access,
        show: Callable[[Push], None],
        say: Callable[[str], None],
        has_metrics: bool = False,
    ) -> None:
        self._profile, self._path, self._access, self._has_metrics = profile, path, access, has_metrics
        self._writer = Writer(ledger, profile, show, say)
        self._reading = ThreadPoolExecutor(1)  # of large pushes, so that others are answered at the same time
        self._forged = _Objection(later("its random and timestamp came before, with other content"), _FORBIDDEN)
        self._not_a_push = _Objection(
            later("it is not a push: it has neither mobile and state nor args that can be read"),
            plain(HTTPStatus.BAD_REQUEST),
        )

    def respond(self, request: Request) -> Awaitable[Response]:
        """Answer 200 and `0` once the push is on disk, also to a repeat; 503 where it cannot be kept."""
        if request.path == HEALTH:
            return _answered(Response(200, b"ok", "text/plain; charset=utf-8"))
        if request.path == METRICS and self._has_metrics:
            return _answered(self._metrics(request))
        if not request.query and not request.body:  # somebody checks whether anything answers here
            return _answered(plain(HTTPStatus.BAD_REQUEST if request.path == self._path else HTTPStatus.NOT_FOUND))
        if len(request.body) > _LARGE:
            return self._respond_later(request)
        return self._answer(request, self._read(request))

    def finish(self) -> None:
        """Say what was not said yet, after the last request."""
        self._writer.finish()

    def _metrics(self, request: Request) -> Response:
        if not is_local(request):
            return _FORBIDDEN
        return Response(200, self._writer.counts.exposition().encode(), CONTENT_TYPE)

    async def _respond_later(self, request: Request) -> Response:
        read = await asyncio.get_running_loop().run_in_executor(self._reading, self._read, request)
        return await self._answer(request, read)

    def _read(self, request: Request) -> "_Read":
        fields = request.fields()
        push = push_from_fields(fields)
        if not push:
            return _Read(fields, None, None)
        trust = self._profile.trust
        return _Read(push.fields, push, signature(push.fields, trust, time()) if trust else None)

    def _answer(self, request: Request, read: "_Read") -> Answer:
        if request.path != self._path and not read.push:
            return _answered(plain(HTTPStatus.NOT_FOUND))
        peer = self._access.peer(request)
        with English():  # the ledger keeps it
            objection = self._objection(request, read, peer)
        if objection or not read.push:
            return self._writer.refuse(_refusal(request, read, peer, objection or self._not_a_push))
        refusal = partial(_refusal, request, read, peer, self._forged)
        return self._writer.keep(Delivery(read.push, read.signature, refusal))

    def _objection(self, request: Request, read: "_Read", peer: str) -> "_Objection | None":
        """Return why a push is refused, and the answer to it; None where it is not refused."""
        if request.path != self._path:
            reason = _("it came to {came!r}, and --path is {path}").format(came=request.path[:_SHOWN], path=self._path)
            return _Objection(reason, plain(HTTPStatus.NOT_FOUND))
        distrust = self._access.distrust(peer, read.fields, self._profile)
        if not request.is_whole:
            reason = _("it is larger than {most} MiB, so only its start was kept").format(most=BODY_LIMIT >> 20)
            return _Objection(reason, plain(HTTPStatus.REQUEST_ENTITY_TOO_LARGE) if distrust else TAKEN)
        if not read.push:
            return self._not_a_push
        reason = distrust or self._access.doubt(read.signature)
        return _Objection(reason, _FORBIDDEN) if reason else None


class _Read(NamedTuple):
    """What a request holds."""

    fields: Mapping[str, str]
    push: Push | None
    signature: Signature | None


class _Objection(NamedTuple):
    reason: str
    response: Response


_FORBIDDEN = plain(HTTPStatus.FORBIDDEN)


def _refusal(request: Request, read: _Read, peer: str, objection: _Objection) -> Refusal:
    if all(map(str.isidentifier, read.fields)):
        # Name and password may be the right ones, used in a wrong place.
        fields = {key: value[:START_LIMIT] for key, value in read.fields.items() if key not in ("name", "pwd")}
        raw = encode_form(fields)
    else:  # not a form; what is kept of it has its password masked
        raw = undo_transport(request.body or request.query)
    return Refusal(peer, objection.reason, raw[:START_LIMIT], objection.response)


def _answered(response: Response) -> Answer:
    answer: Answer = asyncio.get_running_loop().create_future()
    answer.set_result(response)
    return answer
