"""A gateway that sends nothing: it answers on loopback as the real one does, and misbehaves on demand.

It takes every way of asking that protocol §5 lists. What makes it answer what (the first line that fits):

    name absent or `nosuch`, pwd absent or `wrong`      10  账号不存在
    name `closed`                                       11  账号注销
    name `suspended`                                    12  账号停用
    name `blocked-ip`                                   13  IP鉴权失败
    name `malformed`                                    14  格式错误
    name `broken`                                       -1  系统异常
    type `balance`                                       0  and the balance
    type other than `pt`                                14  格式错误
    content absent or over 500 characters               14  格式错误
    stime not `YYYY-MM-DD HH:MM:SS`, extno not digits   14  格式错误
    mobile absent or empty                               3  没有号码
    content with `敏感`                                  1  含有敏感词汇
    content with `select * from`                         4  包含sql语句
    content with `没有号码`                              3  没有号码
    content with `格式错误`                             14  格式错误
    content with `系统异常`                             -1  系统异常
    content with `余额不足`, or too little balance       2  余额不足
    anything else                                        0  提交成功

Of the numbers, ill-formed ones count as invalid, those ending in `099` as blacklisted, the rest as accepted; each
accepted number costs the parts its text is billed as (protocol §6). Every other name and password is welcome.
What is pushed for accepted numbers is in `pusher`.
"""

import asyncio
import json
import os
import re
import socket
import struct
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import count
from typing import Self, TextIO

from smscli.httpd.server import Request, Response, Server, Takeover
from smscli.protocol.answers import BalanceAnswer, SendAnswer, format_balance_answer, format_send_answer
from smscli.protocol.billing import billed_parts, count_characters, signed
from smscli.protocol.codes import ANSWERS
from smscli.protocol.forms import CONTENT_LIMIT, PATH
from smscli.protocol.numbers import MOBILE
from smscli.protocol.pushes import Trust
from smscli.protocol.times import CHINA, parse_stime
from smscli.sandbox.pusher import Accepted, Pusher

ACCOUNT_CODES = {"nosuch": 10, "closed": 11, "suspended": 12, "blocked-ip": 13, "malformed": 14, "broken": -1}
WRONG_PWD = "wrong"  # noqa: S105  (no secret: the password that never fits)
CONTENT_CODES = {"敏感": 1, "select * from": 4, "没有号码": 3, "格式错误": 14, "系统异常": -1, "余额不足": 2}
BLACKLISTED = "099"
DRIP_SECONDS = 0.2
NO_TRUST = Trust("", "", "")

_HUGE = 8 << 20
_HTML = "<!DOCTYPE html>\r\n<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>\r\n"
# Where the `redirect` fault points: served like the gateway itself, so that following it shows in the log.
_REDIRECTED = "/redirected"
# A log may be read on a terminal: DEL, C1 controls, line separators and marks that turn the text's direction.
_UNPRINTABLE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_serials = count(int.from_bytes(os.urandom(8), "big"))


class Fault(StrEnum):
    """How an exchange goes wrong; "accepted" means that the message was taken and charged all the same."""

    CLOSE_BEFORE = "close-before"  # the connection closes without an answer; not accepted
    RESET_BEFORE = "reset-before"  # the connection is reset; not accepted
    CLOSE_AFTER = "close-after"  # accepted, then the connection closes without an answer
    RESET_AFTER = "reset-after"  # accepted, then the connection is reset
    HTTP_502 = "http-502"  # a proxy's error page; not accepted
    HTML = "html"  # 200 with a page instead of an answer; accepted
    TRUNCATED = "truncated"  # the answer ends before the length it promised; accepted
    DRIP = "drip"  # a byte every 200 ms, so that only a deadline for the whole exchange ends it; accepted
    REDIRECT = "redirect"  # 307, which asks to post password and message once more; not accepted
    HUGE = "huge"  # an answer of 8 MiB; accepted
    GARBAGE = "garbage"  # bytes that are no HTTP; accepted
    EMPTY = "empty"  # 200 without a body; accepted


_NOT_ACCEPTING = {Fault.CLOSE_BEFORE, Fault.RESET_BEFORE, Fault.HTTP_502, Fault.REDIRECT}


class SandboxGateway:
    """What the gateway checks and charges, without the network; safe to call from several threads."""

    def __init__(self, balance: int = 1000) -> None:
        self.balance = balance
        self._lock = threading.Lock()

    def answer(self, fields: Mapping[str, str]) -> SendAnswer | BalanceAnswer:
        """Answer a request's fields, names in lower case; a refusal of either kind is a SendAnswer."""
        code = _account_code(fields)
        if code is None and fields.get("type") == "balance":
            return BalanceAnswer(0, "", str(self.balance))
        code = code or _message_code(fields)
        return _refusal(code) if code else self._accept(fields)

    def _accept(self, fields: Mapping[str, str]) -> SendAnswer:
        mobiles = _mobiles(fields)
        valid = sum(bool(MOBILE.fullmatch(mobile)) for mobile in mobiles)
        accepted = len(_deliverable(mobiles))
        if not self._charge(accepted * _parts(fields)):
            return _refusal(2)
        return SendAnswer(0, ANSWERS[0].zh, _sendid(), len(mobiles) - valid, accepted, valid - accepted)

    def _charge(self, cost: int) -> bool:
        with self._lock:
            if cost > self.balance:
                return False
            self.balance -= cost
            return True


class Sandbox:
    """A sandbox gateway on 127.0.0.1 while the `with` block lasts; port 0 takes any free one.

    `latency` is in milliseconds, between accepting and answering; `fault` hits every `fault_every`th request; `log`
    gets a JSON line per request before its answer leaves, never with the password. OSError where the port is taken.
    Where there is a `push_to`, reports and replies go to this URL, with what `push_trust` asks for.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        balance: int = 1000,
        latency: float = 0,
        fault: Fault | None = None,
        fault_every: int = 1,
        log: TextIO | None = None,
        push_to: str = "",
        push_trust: Trust = NO_TRUST,
    ) -> None:
        self._gateway = SandboxGateway(balance)
        self._latency = latency / 1000
        self._fault = fault
        self._fault_every = fault_every
        self._log = log
        self._lock = threading.Lock()
        self._requests = 0
        self._pusher = Pusher(push_to, push_trust, self._write_log) if push_to else None
        self._server = Server(self._respond, port=port)

    @property
    def endpoint(self) -> str:
        """The URL to post to."""
        return f"http://127.0.0.1:{self._server.port}{PATH}"

    @property
    def balance(self) -> int:
        """The messages left."""
        return self._gateway.balance

    def __enter__(self) -> Self:
        """Start to serve."""
        if self._pusher:
            self._pusher.start()
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, answers that still wait or drip included."""
        self._server.stop()
        if self._pusher:
            self._pusher.stop()

    async def _respond(self, request: Request) -> Response | Takeover:
        path = request.path.lower()
        if path not in (PATH, _REDIRECTED):
            return Response(404, _HTML.format("404 Not Found").encode())
        fields = request.fields()
        fault = self._next_fault() if path == PATH else None
        answer = None if fault in _NOT_ACCEPTING else self._gateway.answer(fields)
        self._write_log(_log_entry(fields, answer, fault))
        if self._pusher and isinstance(answer, SendAnswer) and answer.accepted:
            self._pusher.push(Accepted(answer.sendid, _deliverable(_mobiles(fields)), fields.get("extno", "")))
        if self._latency:
            await self._server.pause(self._latency)
        text = _format(answer) if answer else ""
        response = Response(200, text.encode())
        return self._misbehave(fault, response) if fault else response

    def _next_fault(self) -> Fault | None:
        self._requests += 1
        return None if self._requests % self._fault_every else self._fault

    def _write_log(self, entry: Mapping[str, object]) -> None:
        if self._log is None:
            return
        line = json.dumps(entry, ensure_ascii=False)
        line = _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", line)
        with self._lock:
            self._log.write(line + "\n")
            self._log.flush()

    def _misbehave(self, fault: Fault, response: Response) -> Response | Takeover:
        match fault:
            case Fault.CLOSE_BEFORE | Fault.CLOSE_AFTER:
                return _close
            case Fault.RESET_BEFORE | Fault.RESET_AFTER:
                return _reset
            case Fault.HTTP_502:
                return Response(502, _HTML.format("502 Bad Gateway").encode())
            case Fault.HTML:
                return Response(200, _HTML.format("系统维护").encode())
            case Fault.TRUNCATED:
                promised = response._replace(headers={"Content-Length": str(len(response.body) + 10)})
                return lambda connection: _blurt(connection, promised.encode())
            case Fault.DRIP:
                return lambda connection: self._drip(connection, response.encode())
            case Fault.REDIRECT:
                return Response(307, b"", headers={"Location": _REDIRECTED})
            case Fault.HUGE:
                return Response(200, response.body.ljust(_HUGE))
            case Fault.GARBAGE:
                return lambda connection: _blurt(connection, b"\x00\xff\x16\x03 no HTTP at all\r\n\r\n")
            case Fault.EMPTY:
                return Response(200, b"")

    async def _drip(self, connection: asyncio.Transport, answer: bytes) -> None:
        for byte in answer:
            if connection.is_closing() or self._server.stopping.is_set():
                return
            connection.write(bytes((byte,)))
            await self._server.pause(DRIP_SECONDS)


def _account_code(fields: Mapping[str, str]) -> int | None:
    name, pwd = fields.get("name", "nosuch"), fields.get("pwd", "")
    if not name or not pwd or pwd == WRONG_PWD:
        return 10
    return ACCOUNT_CODES.get(name)


def _message_code(fields: Mapping[str, str]) -> int | None:
    content = fields.get("content", "")
    if fields.get("type") != "pt" or not content.strip() or count_characters(content) > CONTENT_LIMIT:
        return 14
    stime, extno = fields.get("stime", ""), fields.get("extno", "")
    if (stime and not parse_stime(stime)) or (extno and not (extno.isascii() and extno.isdigit())):
        return 14
    if not fields.get("mobile", "").strip(", \t\r\n"):
        return 3
    lowered = content.lower()
    return next((code for magic, code in CONTENT_CODES.items() if magic in lowered), None)


def _mobiles(fields: Mapping[str, str]) -> list[str]:
    return [mobile for part in fields.get("mobile", "").split(",") if (mobile := part.strip())]


def _deliverable(mobiles: Sequence[str]) -> list[str]:
    return [mobile for mobile in mobiles if MOBILE.fullmatch(mobile) and not mobile.endswith(BLACKLISTED)]


def _parts(fields: Mapping[str, str]) -> int:
    return billed_parts(signed(fields.get("content", ""), fields.get("sign", "")))


def _refusal(code: int) -> SendAnswer:
    # The vendor's page gives 2 the words of 1; this is what the gateway says (protocol §1).
    return SendAnswer(code, "余额不足" if code == 2 else ANSWERS[code].zh)


def _format(answer: SendAnswer | BalanceAnswer) -> str:
    return format_send_answer(answer) if isinstance(answer, SendAnswer) else format_balance_answer(answer)


def _sendid() -> str:
    """Return 25 digits as the gateway's: China time, then what is unique within this process."""
    return f"{datetime.now(CHINA):%Y%m%d%H%M%S}{next(_serials) % 10**11:011}"


def _log_entry(
    fields: Mapping[str, str], answer: SendAnswer | BalanceAnswer | None, fault: Fault | None
) -> dict[str, object]:
    sent = answer if isinstance(answer, SendAnswer) else SendAnswer(0, "")
    return {
        "time": datetime.now(CHINA).isoformat(timespec="milliseconds"),
        "type": fields.get("type", ""),
        "name": fields.get("name", ""),
        "mobile": _mobiles(fields),
        **{key: fields.get(key, "") for key in ("content", "sign", "stime", "extno")},
        "code": answer.code if answer else None,
        "sendid": sent.sendid,
        "invalid": sent.invalid,
        "accepted": sent.accepted,
        "blacklisted": sent.blacklisted,
        "parts": _parts(fields) if fields.get("content") else 0,
        "queued": sent.accepted > 0,
        "fault": fault,
    }


async def _close(connection: asyncio.Transport) -> None:
    connection.close()


async def _reset(connection: asyncio.Transport) -> None:
    # A linger time of zero makes the close a reset.
    connection.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.abort()


async def _blurt(connection: asyncio.Transport, text: bytes) -> None:
    connection.write(text)
