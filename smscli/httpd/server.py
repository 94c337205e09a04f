"""Serves HTTP/1.x on a socket: hands each request to a coroutine and writes what it returns.

Limits: 10 seconds for a whole request, 75 seconds between two, 512 connections. If one more comes, the connection that
has waited longest for a request is closed.
"""

import asyncio
import os
import socket
import sys
import threading
import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Any, cast

from smscli.httpd.request import BODY_LIMIT, HEAD_LIMIT, BadRequestError, Reader, Request, Response, plain

CONNECTION_LIMIT = 512
REQUEST_SECONDS = 10.0
# Longer than a proxy keeps its connections (nginx: 60), so that no request comes while one is being closed.
IDLE_SECONDS = 75.0

_AT_ONCE = 4
_OTHER_FILES = 64  # some of them for connections that are being opened or closed
_SWEEP_SECONDS = 0.25
_REFUSAL_SECONDS = 1.0

# Instead of an answer: it writes to the connection itself, which is closed afterwards.
Takeover = Callable[[asyncio.Transport], Awaitable[None]]
# A future costs less than a coroutine, which needs its own task.
Respond = Callable[[Request], Awaitable[Response | Takeover]]


def _listen(address: tuple[Any, ...], family: int) -> socket.socket:
    try:
        return socket.create_server(address, family=family, backlog=CONNECTION_LIMIT)
    except OSError as error:  # Python adds the address to the system's words, which the caller has anyway
        raise OSError(error.errno, os.strerror(error.errno or 0)) from None


class Server:
    """Listens at once, serves between `start` and `stop` in its own thread; port 0 takes any free one.

    `patience` is how many seconds `stop` waits for answers that are on their way. With `start_limit` a body over
    `body_limit` is read to its end, and that much of its start is kept; without it, the answer is 413.
    """

    def __init__(
        self,
        respond: Respond,
        host: str = "127.0.0.1",
        port: int = 0,
        patience: float = 1,
        body_limit: int = BODY_LIMIT,
        start_limit: int = 0,
    ) -> None:
        """Bind the address; OSError where it is taken, not allowed or unknown."""
        self.respond = respond
        self.stopping = asyncio.Event()
        self._patience = patience
        self.limits = body_limit, start_limit
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        self._socket = _listen(address[:2], family)
        self.port = int(self._socket.getsockname()[1])
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._connections: set[_Connection] = set()
        self._affordable = _affordable()
        self._waiting: dict[_Connection, None] = {}  # for a request, the one that has waited longest first
        self._all_gone = asyncio.Event()

    def start(self) -> None:
        """Serve in its own thread."""
        self._thread.start()

    def stop(self) -> None:
        """Accept no more requests, wait for answers that are on their way, close everything."""
        self._loop.call_soon_threadsafe(self.stopping.set)
        self._thread.join()

    async def pause(self, seconds: float) -> None:
        """Wait so many seconds, but not after the server has stopped."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stopping.wait()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        # The loop accepts this many before it checks the limit; the system keeps more of them waiting.
        listener = await self._loop.create_server(lambda: _Connection(self), sock=self._socket, backlog=_AT_ONCE)
        self._socket.listen(CONNECTION_LIMIT)
        while not self.stopping.is_set():
            await self.pause(_SWEEP_SECONDS)
            self._close_late_ones()
        listener.close()
        for connection in list(self._waiting):
            connection.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                await self._drain()
        await self._abandon()

    async def _drain(self) -> None:
        while tasks := self._tasks():  # answers, what these started, and connections that were just accepted
            await asyncio.wait(tasks)
        if self._connections:
            await self._all_gone.wait()

    async def _abandon(self) -> None:
        for connection in list(self._connections):
            connection.abort()
        for task in (tasks := self._tasks()):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # lets the aborted ones close

    def _tasks(self) -> set["asyncio.Task[Any]"]:
        return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}

    def _close_late_ones(self) -> None:
        now = self._loop.time()
        for connection in [waiting for waiting in self._waiting if waiting.deadline < now]:
            connection.abort()

    def admit(self, connection: "_Connection") -> None:
        """Count a new connection; if there are too many, close the one that has waited longest for a request."""
        self._connections.add(connection)
        if self.stopping.is_set():
            connection.abort()
        elif len(self._connections) > min(CONNECTION_LIMIT, self._affordable):
            oldest = next(iter(self._waiting), connection)
            self._waiting.pop(oldest, None)  # otherwise it could be chosen again before it has gone
            oldest.abort()

    def forget(self, connection: "_Connection") -> None:
        """Stop counting a connection."""
        self._connections.discard(connection)
        self._waiting.pop(connection, None)
        if not self._connections and self.stopping.is_set():
            self._all_gone.set()

    def waits(self, connection: "_Connection", waiting: bool) -> None:
        """Note that a connection waits for a request from now on, or has one that is being answered."""
        self._waiting.pop(connection, None)
        if waiting:
            self._waiting[connection] = None


def _affordable() -> int:
    """Return how many connections this process may have open; some files are needed for other things."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return CONNECTION_LIMIT
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return CONNECTION_LIMIT if soft == resource.RLIM_INFINITY else max(soft - _OTHER_FILES, _OTHER_FILES // 4)


class _Connection(asyncio.Protocol):
    """One connection, request after request; `deadline` is when it has waited too long, by the loop's clock."""

    _transport: asyncio.Transport

    def __init__(self, server: Server) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[Any] | None = None  # the one that is waited for
        self._taken = True  # the peer reads what is written
        self._half_closed = False  # the peer sends no more
        self._refused = False  # what still comes is thrown away
        self.deadline = self._loop.time() + REQUEST_SECONDS

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self._reader = Reader(str(peer[0]) if peer else "", *self._server.limits)
        self._server.waits(self, True)
        self._server.admit(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.forget(self)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        begun = self._reader.begun
        self._reader.buffer += data
        self._next()
        if self._reader.begun and not begun:
            self.deadline = self._loop.time() + REQUEST_SECONDS

    def eof_received(self) -> bool:
        self._half_closed = True
        return self._answer is not None or not self._taken  # then something still has to be written

    def pause_writing(self) -> None:
        self._taken = False

    def resume_writing(self) -> None:
        self._taken = True
        self._transport.resume_reading()
        self._next()
        if self._half_closed and self._answer is None:
            self._transport.close()

    def close(self) -> None:
        """Close when what was written has left."""
        self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def _next(self) -> None:
        """Answer the next request that is here; one at a time, and not while the peer does not read its answers."""
        if self._answer or not self._taken or self._transport.is_closing():
            if len(self._reader.buffer) > HEAD_LIMIT:
                self._transport.pause_reading()
            return
        try:
            request = self._reader.take()
        except BadRequestError as bad:
            self._refuse(bad.status)
            return
        if request:
            self._server.waits(self, False)
            self._begin(request)
        elif self._reader.must_continue():
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _begin(self, request: Request) -> None:
        try:
            self._answer = asyncio.ensure_future(self._server.respond(request))
        except Exception as error:
            self._answer = self._loop.create_future()
            self._answer.set_exception(error)
        self._answer.add_done_callback(partial(self._reply, request.keep_alive))

    def _reply(self, keep_alive: bool, answered: "asyncio.Future[Response | Takeover]") -> None:
        if answered.cancelled():
            return
        try:
            answer = answered.result()
        except Exception:
            traceback.print_exc(file=sys.stderr)
            answer = plain(HTTPStatus.INTERNAL_SERVER_ERROR)
        if not isinstance(answer, Response):
            self._answer = asyncio.ensure_future(answer(self._transport))
            self._answer.add_done_callback(lambda _: self._transport.close())
            return
        keep_alive = keep_alive and not self._server.stopping.is_set()
        self._transport.write(answer.encode(keep_alive))
        self._answer = None
        if keep_alive and not self._transport.is_closing():
            self._wait()
        else:
            self._transport.close()

    def _wait(self) -> None:
        self.deadline = self._loop.time() + (REQUEST_SECONDS if self._reader.begun else IDLE_SECONDS)
        self._server.waits(self, True)
        self._transport.resume_reading()
        self._next()
        if self._half_closed and self._answer is None:
            self._transport.close()

    def _refuse(self, status: HTTPStatus) -> None:
        # Closing with unread bytes resets the connection, and the answer may be lost.
        self._refused = True
        self._transport.write(plain(status).encode())
        self._transport.write_eof()
        self.deadline = self._loop.time() + _REFUSAL_SECONDS
