"""Takes the gateway's pushes (protocol §3, §4): tells who calls, keeps what came, and only then answers `0`.

What is in flight at the same time is committed together, by one thread, so that many pushes share a sync to disk.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from time import monotonic
from typing import Any, NamedTuple

from smscli.config.profile import Profile
from smscli.httpd.server import Request, Response, plain
from smscli.ledger.inbox import Circle
from smscli.ledger.store import LedgerError
from smscli.protocol.forms import encode_form
from smscli.protocol.pushes import Push, is_trusted, push_from_fields

HEALTH = "/healthz"
Network = IPv4Network | IPv6Network

_GROUP = 256  # pushes of one transaction at most
_GATHERING = 0.002  # seconds in which a group comes together: the longer, the more pushes share a sync
_COMPLAINT_SECONDS = 60.0
_TAKEN = Response(200, b"0", "text/plain; charset=utf-8")
_NOT_TAKEN = plain(HTTPStatus.SERVICE_UNAVAILABLE)


class Access(NamedTuple):
    """Who may push: addresses, all of them where there is none, and whether a proxy says which one called."""

    networks: Sequence[Network] = ()
    trust_proxy: bool = False


Answer = asyncio.Future[Response]


class _Ticket(NamedTuple):
    push: Push
    answer: Answer


class _Refusal(NamedTuple):
    peer: str
    reason: str
    raw: bytes
    answer: Answer


class Receiver:
    """Answers requests to `path`; `show` gets each push that held anything new, `tell` a sentence about trouble."""

    def __init__(
        self,
        ledger: Circle,
        profile: Profile,
        path: str,
        access: Access,
        show: Callable[[Push], None],
        tell: Callable[[str], None],
    ) -> None:
        self._ledger, self._profile, self._path, self._access = ledger, profile, path, access
        self._show, self._tell = show, tell
        self._complained = -_COMPLAINT_SECONDS
        self._tickets: list[_Ticket] = []
        self._refusals: list[_Refusal] = []
        self._writing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1)

    def respond(self, request: Request) -> Answer:
        """Answer 200 and `0` once the push is on disk, also to a repeat; 503 where it cannot be kept."""
        answer: Answer = asyncio.get_running_loop().create_future()
        if request.path == HEALTH:
            answer.set_result(Response(200, b"ok", "text/plain; charset=utf-8"))
        elif request.path != self._path:
            answer.set_result(plain(HTTPStatus.NOT_FOUND))
        elif push := push_from_fields(request.fields()):
            self._receive(push, self._peer(request), answer)
        else:
            answer.set_result(plain(HTTPStatus.BAD_REQUEST))
        return answer

    def _receive(self, push: Push, peer: str, answer: Answer) -> None:
        reason = self._distrust(peer, push)
        if reason:
            # Name and password may be right ones, used at a wrong place.
            fields = {key: value for key, value in push.fields.items() if key not in ("name", "pwd")}
            self._refusals.append(_Refusal(peer, reason, encode_form(fields), answer))
        else:
            self._tickets.append(_Ticket(push, answer))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())

    # --- who calls ---

    def _peer(self, request: Request) -> str:
        hops = request.headers.get("x-forwarded-for", "") if self._access.trust_proxy else ""
        # What stands before the last hop was written by whoever called the proxy.
        return hops.rpartition(",")[2].strip() or request.peer

    def _distrust(self, peer: str, push: Push) -> str:
        if self._access.networks and not _is_within(peer, self._access.networks):
            return "its address is not among --allow"
        if self._profile.trust and not is_trusted(push.fields, self._profile.trust):
            return f"its name or password is not what profile {self._profile.label} has"
        return ""

    # --- keeping ---

    async def _write_all(self) -> None:
        while self._tickets or self._refusals:
            await asyncio.sleep(_GATHERING)
            group, self._tickets = self._tickets[:_GROUP], self._tickets[_GROUP:]
            if group:
                await self._record(group)
            # One at a time, so that strangers cannot keep the gateway waiting.
            if self._refusals:
                await self._quarantine(self._refusals.pop(0))
        self._writing = None

    async def _record(self, group: Sequence[_Ticket]) -> None:
        pushes = [ticket.push for ticket in group]
        try:
            news = await self._make_durable(pushes)
        except Exception as error:
            if len(group) == 1 or isinstance(error, LedgerError):
                self._complain(error)
                for ticket in group:
                    _give(ticket.answer, _NOT_TAKEN)
                return
            for ticket in group:  # one that cannot be kept must not cost the others their place
                await self._record([ticket])
            return
        for ticket, new in zip(group, news, strict=True):
            _give(ticket.answer, _TAKEN)
            if new:
                self._show(ticket.push)

    async def _make_durable(self, pushes: Sequence[Push]) -> list[bool]:
        """Write pushes in a transaction of their own; a thread waits for other processes and for the disk."""
        await self._in_thread(self._ledger.begin)
        try:
            news = self._ledger.keep(self._profile, pushes)
        except BaseException:
            self._ledger.roll_back()
            raise
        await self._in_thread(self._ledger.commit)
        return news

    async def _quarantine(self, refusal: _Refusal) -> None:
        try:
            await self._in_thread(self._ledger.quarantine, *refusal[:3])
        except Exception as error:
            self._complain(error)
            _give(refusal.answer, _NOT_TAKEN)
        else:
            _give(refusal.answer, plain(HTTPStatus.FORBIDDEN))

    async def _in_thread(self, write: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, write, *arguments)

    def _complain(self, error: Exception) -> None:
        now = monotonic()
        if now - self._complained >= _COMPLAINT_SECONDS:
            self._complained = now
            self._tell(f"smscli: a push was answered 503, so that the gateway sends it again: {error}")


def _is_within(peer: str, networks: Sequence[Network]) -> bool:
    try:
        address = ip_address(peer)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in networks)


def _give(answer: Answer, response: Response) -> None:
    if not answer.done():  # as one is whose connection was given up
        answer.set_result(response)
