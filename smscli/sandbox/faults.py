"""How the sandbox fails: what real gateways and the proxies in front of them do, a name for each fault."""

import asyncio
import socket
import struct
import zlib
from enum import StrEnum
from functools import partial

from smscli.httpd.request import Response
from smscli.httpd.server import Server, Takeover
from smscli.protocol.answers import format_send_answer, parse_send_answer

DRIP_SECONDS = 0.2
# Where a redirect points: answered like the gateway itself, so that the log shows whether it was followed.
REDIRECTED = "/redirected"

_BETWEEN = 0.2  # seconds between the pieces of an answer, enough for the next request to leave
_HUGE = 8 << 20
_BOMB = 32 << 20  # unpacked; it travels as 32 KiB
_STRAY = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"
_HTML = "<!DOCTYPE html>\r\n<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>\r\n"


class Fault(StrEnum):
    """How an exchange goes wrong; "accepted" means that the message was accepted and charged anyway."""

    CLOSE_BEFORE = "close-before"  # the connection closes without an answer; not accepted
    RESET_BEFORE = "reset-before"  # the connection is reset; not accepted
    CLOSE_AFTER = "close-after"  # accepted, then the connection closes without an answer
    RESET_AFTER = "reset-after"  # accepted, then the connection is reset
    HTTP_102 = "http-102"  # "still at work", then the answer; accepted
    HTTP_502 = "http-502"  # a proxy's error page; not accepted
    EARLY_408 = "early-408"  # a proxy's 408 comes before the answer; accepted
    LATE_408 = "late-408"  # a proxy's 408 comes directly after the answer; accepted
    IDLE_408 = "idle-408"  # a proxy's 408 comes some time after the answer; accepted
    HTML = "html"  # 200 with a page instead of an answer; accepted
    TRUNCATED = "truncated"  # the answer ends before the length it promised; accepted
    DRIP = "drip"  # a byte every 200 ms: only a deadline for the whole exchange ends it; accepted
    REDIRECT = "redirect"  # 307, which asks to post password and message again; not accepted
    REDIRECT_BROKEN = "redirect-broken"  # 302 to an address that cannot be read; not accepted
    REDIRECT_CHINESE = "redirect-chinese"  # 302 to an address in raw GBK bytes; not accepted
    HUGE = "huge"  # an answer of 8 MiB; accepted
    HUGE_COOKIE = "huge-cookie"  # the answer with a cookie of 1 MiB; accepted
    GZIP_BOMB = "gzip-bomb"  # 302 with a small body that unpacks to 32 MiB; not accepted
    GARBAGE = "garbage"  # bytes that are not HTTP; accepted
    EMPTY = "empty"  # 200 without a body; accepted
    WRONG_COUNTS = "wrong-counts"  # the answer says one number fewer than were accepted; accepted
    CODE_502 = "code-502"  # a proxy's `502,Bad Gateway` in the form of an answer; accepted
    CODE_MINUS_2 = "code-minus-2"  # `-2,系统繁忙`, a code that is not in the table; accepted


NOT_ACCEPTING = {
    Fault.CLOSE_BEFORE, Fault.RESET_BEFORE, Fault.HTTP_502, Fault.REDIRECT, Fault.REDIRECT_BROKEN,
    Fault.REDIRECT_CHINESE, Fault.GZIP_BOMB,
}  # fmt: skip


def error_page(status: int, title: str) -> Response:
    """Return an error page as proxies and web servers have it."""
    return Response(status, _HTML.format(title).encode())


def misbehave(fault: Fault, answer: str, server: Server) -> Response | Takeover:
    """Return what to send instead of an answer; `answer` is empty if the fault does not accept the message."""
    good = Response(200, answer.encode()).encode(keep_alive=True)
    match fault:
        case Fault.CLOSE_BEFORE | Fault.CLOSE_AFTER:
            return _close
        case Fault.RESET_BEFORE | Fault.RESET_AFTER:
            return _reset
        case Fault.DRIP:
            return partial(_drip, server, good)
        case Fault.HTTP_102:
            return partial(_write, server, (b"HTTP/1.1 102 Processing\r\n\r\n", good))
        case Fault.EARLY_408:
            return partial(_write, server, (_STRAY, good))
        case Fault.LATE_408:
            return partial(_write, server, (good + _STRAY,))
        case Fault.IDLE_408:
            return partial(_write, server, (good, _STRAY))
        case Fault.TRUNCATED:
            return partial(_write, server, (good[:-1],))
        case Fault.GARBAGE:
            return partial(_write, server, (b"\x00\xff\x16\x03 not HTTP at all\r\n\r\n",))
    return _response(fault, answer)


def _response(fault: Fault, answer: str) -> Response:
    """Return what is valid HTTP, but not the gateway's answer."""
    match fault:
        case Fault.HTTP_502:
            return error_page(502, "502 Bad Gateway")
        case Fault.HTML:
            return error_page(200, "系统维护")
        case Fault.REDIRECT:
            return Response(307, b"", headers={"Location": REDIRECTED})
        case Fault.REDIRECT_BROKEN:
            return Response(302, b"", headers={"Location": "http://[::1"})
        case Fault.REDIRECT_CHINESE:
            return Response(302, b"", headers={"Location": "http://portal/" + "请登录".encode("gbk").decode("latin-1")})
        case Fault.HUGE:
            return Response(200, answer.encode().ljust(_HUGE))
        case Fault.HUGE_COOKIE:
            return Response(200, answer.encode(), headers={"Set-Cookie": "a=".ljust(1 << 20, "x")})
        case Fault.GZIP_BOMB:
            packed = zlib.compress(bytes(_BOMB), wbits=31)  # 31: with gzip's own head and sum
            return Response(302, packed, headers={"Location": REDIRECTED, "Content-Encoding": "gzip"})
        case Fault.WRONG_COUNTS:
            return Response(200, _miscounted(answer).encode())
        case Fault.CODE_502:
            return Response(200, b"502,Bad Gateway")
        case Fault.CODE_MINUS_2:
            return Response(200, "-2,系统繁忙".encode())
    return Response(200, b"")


def _miscounted(answer: str) -> str:
    sent = parse_send_answer(answer)
    return format_send_answer(sent._replace(accepted=max(sent.accepted - 1, 0))) if sent else answer


async def _close(connection: asyncio.Transport) -> None:
    connection.close()


async def _reset(connection: asyncio.Transport) -> None:
    # A linger time of zero makes the close a reset.
    connection.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.abort()


async def _write(server: Server, pieces: tuple[bytes, ...], connection: asyncio.Transport) -> None:
    for piece in pieces:
        connection.write(piece)
        if len(pieces) > 1 or piece.endswith(_STRAY):  # also after the last one, because a proxy does not close at once
            await server.pause(_BETWEEN)


async def _drip(server: Server, answer: bytes, connection: asyncio.Transport) -> None:
    for byte in answer:
        if connection.is_closing() or server.stopping.is_set():
            return
        connection.write(bytes((byte,)))
        await server.pause(DRIP_SECONDS)
