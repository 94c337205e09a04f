"""A gateway that sends nothing: it accepts, charges and answers on loopback as the real one does.

It accepts every kind of request that protocol §5 lists. The first line that fits decides the answer:

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

Numbers that are not mobile numbers count as invalid, those ending in `099` as blacklisted, the others as accepted. Each
accepted number costs the parts that its text is billed as (protocol §6). Any other name and password is accepted.
`pusher` has what is pushed for accepted numbers, `faults` how it can fail.
"""

import json
import os
import re
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import formatdate
from itertools import count
from typing import Self, TextIO

from smscli.httpd.request import Request, Response
from smscli.httpd.server import Server, Takeover
from smscli.protocol.answers import BalanceAnswer, SendAnswer, format_balance_answer, format_send_answer
from smscli.protocol.billing import billed_parts, count_characters, signed
from smscli.protocol.codes import ANSWERS
from smscli.protocol.forms import CONTENT_LIMIT, PATH
from smscli.protocol.numbers import MOBILE
from smscli.protocol.pushes import Trust
from smscli.protocol.times import CHINA, parse_stime
from smscli.sandbox.faults import NOT_ACCEPTING, REDIRECTED, Fault, error_page, misbehave
from smscli.sandbox.pusher import Accepted, Pusher

ACCOUNT_CODES = {"nosuch": 10, "closed": 11, "suspended": 12, "blocked-ip": 13, "malformed": 14, "broken": -1}
WRONG_PWD = "wrong"  # noqa: S105  (not a secret: the password that is always wrong)
CONTENT_CODES = {"敏感": 1, "select * from": 4, "没有号码": 3, "格式错误": 14, "系统异常": -1, "余额不足": 2}
BLACKLISTED = "099"
NO_TRUST = Trust("", "", "")

# Escaped because the log may be read on a terminal: DEL, C1 controls, line separators, marks of text direction.
_UNPRINTABLE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_serials = count(int.from_bytes(os.urandom(8), "big"))


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
        accepted = len(deliverable(mobiles))
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

    `latency` is in milliseconds, between accepting and answering; each `fault_every`th request has the `fault`. `log`
    gets a JSON line for each request before its answer leaves, without the password. OSError where the port is taken.
    With `push_to`, reports and replies go to this URL, with the credentials of `push_trust`.
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
        """Stop, also answers that still wait or drip."""
        self._server.stop()
        if self._pusher:
            self._pusher.stop()

    async def _respond(self, request: Request) -> Response | Takeover:
        path = request.path.lower()
        if path not in (PATH, REDIRECTED):
            return error_page(404, "404 Not Found")
        fields = request.fields()
        fault = self._next_fault() if path == PATH else None
        answer = None if fault in NOT_ACCEPTING else self._gateway.answer(fields)
        self._write_log(_log_entry(fields, answer, fault))
        if self._pusher and isinstance(answer, SendAnswer) and answer.accepted:
            self._pusher.push(Accepted(answer.sendid, deliverable(_mobiles(fields)), fields.get("extno", "")))
        if self._latency:
            await self._server.pause(self._latency)
        text = _format(answer) if answer else ""
        date = {"Date": formatdate(usegmt=True)}
        return misbehave(fault, text, self._server) if fault else Response(200, text.encode(), headers=date)

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


def deliverable(mobiles: Sequence[str]) -> list[str]:
    """Return the numbers that the sandbox accepts and charges."""
    return [mobile for mobile in mobiles if MOBILE.fullmatch(mobile) and not mobile.endswith(BLACKLISTED)]


def _parts(fields: Mapping[str, str]) -> int:
    return billed_parts(signed(fields.get("content", ""), fields.get("sign", "")))


def _refusal(code: int) -> SendAnswer:
    # The vendor's page gives 2 the same words as 1; this is what the gateway really says (protocol §1).
    return SendAnswer(code, "余额不足" if code == 2 else ANSWERS[code].zh)


def _format(answer: SendAnswer | BalanceAnswer) -> str:
    return format_send_answer(answer) if isinstance(answer, SendAnswer) else format_balance_answer(answer)


def _sendid() -> str:
    """Return 25 digits like the gateway's: China time, then digits that are unique in this process."""
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
