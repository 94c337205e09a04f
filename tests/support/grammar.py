"""Random inputs from a grammar: what gateways and proxies answer, what is pushed, and what spoils both.

Each input is put together from parts that matter to a parser; some are then spoiled, and a few blown up to many
kilobytes by repeating one part, for whatever takes more than linear time shows only there. The same seed makes the same
inputs.
"""

import json
import random
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar
from urllib.parse import quote

from smscli.protocol.answers import SendAnswer, format_send_answer
from smscli.protocol.forms import encode_form
from smscli.protocol.pushes import Reply, Report, reply_fields, report_fields

PWD = "5ECRETPWD77"
_T = TypeVar("_T")

CODES = (
    *map(str, range(-3, 16)), "77", "99", "408", "502", "999999999", "9999999999", "-0", "00", "01", "+1", " 10",
    "1 ", "1.0", "1e1", "０", "١", "²", "", "x", "\ufeff4", "0x1", "-", "--1", "1_0",
)  # fmt: skip
COUNTS = (*map(str, range(12)), "500", "-1", "", " 3", "3 ", "1.5", "999999999", "9999999999", "３", "²", "x", "+1")
SENDIDS = ("2017122215592306537359081", "20261125090503123456789012", "", "0", "x", "1" * 40, "1" * 41, "-5", "１２")
WORDS = (
    "提交成功", "含有敏感词汇", "余额不足", "敏感", "系统异常", "Bad Gateway", "timeout", "", "a,b,c", "ok", PWD,
    "Ab ", "name=pwd", PWD.lower(), quote(PWD), f"demo:{PWD}", "\x1b[31m", "\x00", "\u202e", "<title>", "<title",
    "</title>", "&#53;", "\r\n", "%35ECRET", "\ud800", "😀", "\n", "\t", " ", ",", "，", "0,", "1,", '{"code":0}',
    "\\u0035", "=" * 9, "/", "\"", "'",
)  # fmt: skip
PAGES = (
    "<!DOCTYPE html><html><head><title>系统维护</title></head></html>", "<title>502 Bad Gateway</title>", "<TITLE >x",
    '{"error": "no"}', "", "\n", "OK", "0", "0,", ",", "-1", "<html>" + PWD,
)  # fmt: skip
STATES = ("DELIVRD", "UNDELIV", "EXPIRED", "REJECT", "MK:0012", "ERR:104", "DB:0141", "unbekannt", "状态")
TIMES = (
    "2026-11-25 09:05:03",
    "2026/11/25 9:05:03",
    "2026-11-25T09:05",
    "20261125090503",
    "0000-00-00 00:00:00",
    "soon",
)
TEXTS = (
    "TD", "退订", "好的，谢谢", "T恤有货吗", "a#@#b", "x#@@#y", "100%", "%41", "%E5%A5%BD", "a+b", "a&b=c",
    "\\xE9", "\\", '"', "1 < 2", "😀", "回T退订", "", " ", "\r\n", "\x00", "\u200b", "=1+1", "13800138000#@#",
    "&amp;", "&args=x",
)  # fmt: skip
MARKS = (
    "#@#", "#@@#", "&", "=", "%", "%25", "%3D", "+", ",", "\\x", "\\xE5", "&amp;", "amp;", "#", "?", '"', "\\",
    " ", "{", "}", "[", ":", "\ufeff", "%EF%BB%BF", "\\xEF\\xBB\\xBF", "\n", "\x00", "\t", "mobile=", "state=",
    "args=", "time=", "name=pwd", "2026-11-25", "T", "Z", "+08:00", "13800138000", "GET ", "POST ", " HTTP/1.1",
    "HTTP/1.1", "http://x/?", "--b", "%C4", "\udcff", "\ud800", "\u3000", "😀", "é", "'", "1", "0", "9", "TD",
    "退订", "请", "回复", "谢谢", ";", "name=\"",
)  # fmt: skip


class Exchange(NamedTuple):
    """What a gateway does when a request reaches it: the bytes that it answers, and how the connection goes on.

    `ends` is "open",
    "closed" or "reset"; `breaks` says that the request could be written only in part. `sendid` marks the answer,
    empty where it is not a proper one."""

    answer: bytes
    ends: str
    breaks: bool = False
    sendid: str = ""


class Built(NamedTuple):
    """A push as it travels, and what it says; `events` is None where it was spoiled."""

    raw: bytes
    events: Sequence[Report | Reply] | None


class Grammar:
    """Makes inputs; not to be shared by threads."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random
        self._count = 0

    def chance(self, share: float) -> bool:
        """Return true in this share of all cases."""
        return self._random() < share

    def one(self, choices: Sequence[_T]) -> _T:
        """Return one of these."""
        return choices[int(self._random() * len(choices))]

    def number(self, limit: int) -> int:
        """Return a number below the limit."""
        return int(self._random() * limit)

    # --- spoiling ---

    def spoiled(self, text: str) -> str:
        """Return the text with some of it gone, doubled, or something else in it; now and then much of it."""
        for _ in range(1 + self.number(3)):
            start, kind = self.number(len(text) + 1), self.number(4)
            end = start + self.number(12)
            if kind == 0:
                text = text[:start] + text[end:]
            elif kind == 1:
                text = text[:end] + text[start:]
            else:
                text = text[:start] + self.one(MARKS if kind == 2 else WORDS) + text[start if kind == 2 else end :]
        return self._blown_up(text) if self.chance(0.02) else text

    def _blown_up(self, text: str) -> str:
        start = self.number(len(text) + 1)
        part = self.one((self.one(MARKS), self.one(MARKS) + self.one(MARKS), self.one(WORDS), text[start : start + 9]))
        times = (4096 << self.number(5)) // (len(part) + 1)
        return (text[:start] + part * times + text[start:])[: 60 << 10]

    def _bytes(self, text: str) -> bytes:
        encoding = "utf-8" if self.chance(0.85) else self.one(("gb18030", "utf-16", "utf-8-sig"))
        return text.encode(encoding, "surrogatepass" if encoding[:3] == "utf" else "replace")

    # --- what a gateway answers ---

    def send_answer(self) -> SendAnswer:
        """Return a proper answer."""
        if self.chance(0.4):
            code = self.one((1, 2, 3, 4, 10, 11, 12, 13, 14, -1, -2, 77, 99, 502, 999999999))
            return SendAnswer(code, self._message())
        self._count += 1
        counts = (self.number(9), self.number(500), self.number(9))
        return SendAnswer(0, self._message(), f"20261125090503{self._count:011}", *counts)

    def _message(self) -> str:
        return (self.one(WORDS) + self.one(WORDS)).strip().replace("\ufeff", "")

    def answer(self) -> str:
        """Return the text of an answer, most of them not quite what they should be."""
        kind = self._random()
        if kind < 0.3:
            return format_send_answer(self.send_answer())
        if kind < 0.4:
            return self.one(PAGES)
        code = self.one(CODES)
        fields = [code, self.one(SENDIDS), *(self.one(COUNTS) for _ in range(3)), self.one(WORDS)]
        del fields[1 + self.number(6) :]
        text = (", " if self.chance(0.1) else ",").join(fields) + self.one(("", "", "\n", "\r\n", ",", " "))
        return self.spoiled(text) if kind < 0.7 else text

    def balance_answer(self) -> str:
        """Return the text of an answer to a balance request."""
        text = f"{self.one(CODES)},{self.one(COUNTS)}{self.one(('', '', '.5', ',', ' '))}"
        return self.spoiled(text) if self.chance(0.3) else text

    def exchange(self) -> Exchange:
        """Return what a gateway, or what stands before it, answers over HTTP."""
        if self.chance(0.3):
            sent = self.send_answer()
            body = format_send_answer(sent).encode("utf-8", "replace")
            more = self.one((b"", b"", b"", self.stray()))
            return Exchange(_response(body) + more, "open" if self.chance(0.9) else "closed", sendid=sent.sendid)
        body = self._bytes(self.one(PAGES) if self.chance(0.3) else self.answer())
        head = [self.one(_STATUS_LINES), *(self.one(_HEADERS) for _ in range(self.number(4)))]
        framing = self.number(5)
        if framing < 2:
            head.append(b"Content-Length: %d" % len(body))
        elif framing == 2:
            head.append(b"Content-Length: " + self.one(_LENGTHS))
        elif framing == 3:
            head.append(b"Transfer-Encoding: chunked")
            body = b"%x\r\n%b\r\n%b" % (len(body), body, self.one(_LAST_CHUNKS))
        answer = self.one((b"\r\n", b"\r\n", b"\n")).join([*head, b"", body])
        answer = self.one((b"", b"", b"", *_BEFORE)) + answer + self.one((b"", b"", b"", self.stray()))
        if self.chance(0.2):
            answer = answer[: self.number(len(answer) + 1)]
        if self.chance(0.005):
            answer += self.one((answer, b"x: y\r\n", b"\r\n", b"<title", b"1,", b"HTTP/1.1 100 C\r\n\r\n")) * 6000
        return Exchange(answer, self.one(("open", "closed", "reset")), self.chance(0.05))

    def stray(self) -> bytes:
        """Return an answer that belongs to no request: its sendid is no exchange's."""
        stray = format_send_answer(SendAnswer(0, "x", "9" * 25, 0, 1, 0)).encode()
        return self.one((_response(stray), b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n", b"0", b"\r\n"))

    # --- what is pushed ---

    def form(self) -> Built:
        """Return the body of a push."""
        fields, events = self._push()
        if self.chance(0.35):
            return self._proper_form(fields, events)
        text = self.one(_WAYS)(self._strange(fields))
        return Built(self._bytes(self.spoiled(text)), None)

    def _proper_form(self, fields: dict[str, str], events: Sequence[Report | Reply]) -> Built:
        names = self.one(_CASES)
        raw = encode_form({names(name): value for name, value in fields.items()})
        mark = self.one((b"", b"", b"\xef\xbb\xbf"))
        return Built(mark + (raw.replace(b"&", b"&amp;") if self.chance(0.2) else raw), events)

    def line(self) -> Built:
        """Return a line of a log with a push in it."""
        fields, events = self._push()
        frame = self.one(_FRAMES)
        if self.chance(0.35):
            return Built(frame(_encoded(fields), fields).encode(), events)
        fields = self._strange(fields)
        text = frame(self.one(_WAYS)(fields), fields)
        return Built(self._bytes(self.spoiled(text)), None)

    def _push(self) -> tuple[dict[str, str], Sequence[Report | Reply]]:
        mobiles = [f"138{self.number(10**8):08}" for _ in range(1 + self.number(3))]
        time = self.one(TIMES)
        if self.chance(0.5):
            reports = [Report(self.one(SENDIDS[:2]), mobile, self.one(STATES), time) for mobile in mobiles]
            reports = [report._replace(sendid=reports[0].sendid, state=reports[0].state) for report in reports]
            return report_fields(reports, "admin", "12345"), reports
        # Between two replies only a time that is one can be told from a text.
        replies = [
            Reply(mobile, self.one(TEXTS), TIMES[self.number(2)], self.one(("", "008123"))) for mobile in mobiles
        ]
        return reply_fields(replies, "admin", "12345"), replies

    def _strange(self, fields: dict[str, str]) -> dict[str, str]:
        """Return the fields, in some cases with one spoiled."""
        if not self.chance(0.3):
            return fields
        name = self.one(list(fields))
        return fields | {name: self.spoiled(fields[name])}

    def request(self) -> bytes:
        """Return the bytes of a request as a gateway sends it, or of something like one."""
        body = self.form().raw
        target = self.one((b"/", b"/?a=b", b"http://x/?" + body[:80], b"/?" + body, b"", b"/%", b"/\xc4\xe3 x", b"*"))
        method = self.one((b"POST", b"POST", b"POST", b"GET", b"PUT", b"post", b""))
        head = [method + b" " + target + b" " + self.one((b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2", b""))]
        head += [self.one(_REQUEST_HEADERS) for _ in range(self.number(4))]
        framing = self.number(4)
        if framing < 2:
            head.append(b"Content-Length: %d" % len(body))
        elif framing == 2:
            head.append(b"Content-Length: " + self.one(_LENGTHS))
        else:
            head.append(b"Transfer-Encoding: chunked")
            body = b"%x\r\n%b\r\n%b" % (len(body), body, self.one(_LAST_CHUNKS))
        raw = self.one((b"\r\n", b"\r\n", b"\n")).join([*head, b"", body])
        return raw[: self.number(len(raw) + 1)] if self.chance(0.1) else raw


def _response(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


_STATUS_LINES = (
    b"HTTP/1.1 200 OK", b"HTTP/1.1 200 OK", b"HTTP/1.1 200 OK", b"HTTP/1.0 200 OK", b"HTTP/1.1 200",
    b"HTTP/1.1 204 No Content", b"HTTP/1.1 302 Found", b"HTTP/1.1 307 Temporary Redirect",
    b"HTTP/1.1 304 Not Modified", b"HTTP/1.1 404 Not Found", b"HTTP/1.1 408 Request Timeout", b"HTTP/1.1 500 x",
    b"HTTP/1.1 502 Bad Gateway", b"HTTP/1.1 101 Switching Protocols", b"HTTP/1.1 102 Processing",
    b"HTTP/1.1 100 Continue", b"HTTP/2 200", b"ICY 200 OK", b"HTTP/1.1 2OO OK", b"HTTP/1.1 -1 x",
    b"HTTP/1.1 99999 x", b"HTTP/1.1", b"HTTP/1.1 \xb2\xb2\xb2 x", b"HTTP/1.1 200 \xc4\xe3\xba\xc3",
    b"\x16\x03\x01", b"",
)  # fmt: skip
_HEADERS = (
    b"Content-Type: text/html; charset=utf-8", b"Connection: close", b"Connection: keep-alive", b"Location: /",
    b"Location: http://[::1", b"Location: http://portal/\xc7\xeb\xb5\xc7\xc2\xbc", b"Set-Cookie: a=b", b"no colon",
    b": empty", b"Content-Encoding: gzip", b"Content-Length: 5", b"X: \x00", b" folded: x", b"\xff: \xff",
    b"Content-Type: \x1b[31m", b"Location: /?pwd=" + PWD.encode(), b"Content-Type: " + PWD.encode(),
    b"Transfer-Encoding: identity", b"Trailer: x", b"Set-Cookie: " + b"x" * 3000, b"Keep-Alive: timeout=x",
    b"Retry-After: Fri, 99 Foo 0000", b"Date: 0",
)  # fmt: skip
_LENGTHS = (
    b"0",
    b"1",
    b"5",
    b"999",
    b"99999999999999999999",
    b"-1",
    b"x",
    b"",
    b"5, 5",
    b"5, 6",
    b"0x5",
    b"+5",
    b"\xb2",
    b"1" * 5000,
)
_LAST_CHUNKS = (
    b"0\r\n\r\n",
    b"0\r\n\r\n",
    b"",
    b"x\r\n",
    b"0\r\nx: y\r\n\r\n",
    b"-1\r\n",
    b"ffffffffffffffffffff\r\n",
    b"5\r\nab",
)
_BEFORE = (
    b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 102 Processing\r\n\r\n" * 2,
    b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n", b"\r\n", b"HTTP/1.1 100 Continue\r\n\r\n" * 20,
)  # fmt: skip
_REQUEST_HEADERS = (
    b"Host: x", b"Host: x", b"Expect: 100-continue", b"Connection: close",
    b"Content-Type: application/x-www-form-urlencoded", b"Content-Type: multipart/form-data; boundary=b",
    b"Content-Type: multipart/form-data; boundary=\"\xff\"", b"X-Forwarded-For: 1.2", b"no colon", b" folded",
    b"X: \x00", b"\xff: y", b"Content-Length: 3", b"Transfer-Encoding: gzip",
)  # fmt: skip


def _plain(fields: dict[str, str]) -> str:
    return "&".join(map("=".join, fields.items()))


def _raw(fields: dict[str, str]) -> str:
    return "&amp;".join(map("=".join, fields.items()))


def _encoded(fields: dict[str, str]) -> str:
    return encode_form({name: value.encode("utf-8", "replace").decode() for name, value in fields.items()}).decode()


def _twice(fields: dict[str, str]) -> str:
    return quote(_encoded(fields))


def _logged(fields: dict[str, str]) -> str:
    raw = _plain(fields).encode("utf-8", "replace")
    return "".join(chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\x{byte:02X}" for byte in raw)


_CASES: tuple[Callable[[str], str], ...] = (str, str.upper, str.title)
_WAYS = (_plain, _encoded, _twice, _logged, _raw)
_FRAMES: tuple[Callable[[str, dict[str, str]], str], ...] = (
    lambda query, _: query,
    lambda query, _: f"http://pushUrl/?{query}",
    lambda query, _: f'1.2.3.4 - - [25/Nov/2026:09:05:03 +0800] "GET /push?{query} HTTP/1.1" 200 1 "-" "x"',
    lambda query, _: f'1.2.3.4 - - [25/Nov/2026:09:05:03 +0800] "POST /push HTTP/1.1" 200 1 "{query}"',
    lambda _, fields: json.dumps(fields, ensure_ascii=False),
    lambda query, _: json.dumps({"time": 1, "body": query}),
)
