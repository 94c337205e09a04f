"""The sandbox's pushes: status reports and replies, as the gateway pushes them (protocol §3, §4).

The last two digits of an accepted number choose what is pushed for it, as `STATES` and `REPLIES` list. The delivered
numbers of a request share one push, joined by commas; every other number has its own.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from itertools import count
from queue import SimpleQueue
from typing import NamedTuple
from urllib.parse import urlsplit

from smscli.protocol.forms import decode_text, encode_form
from smscli.protocol.pushes import Reply, Report, Trust, reply_fields, report_fields, signed_name
from smscli.protocol.times import CHINA, format_stime

DELIVERED = "DELIVRD"  # for all digits that are not in the table
STATES = {
    "01": "EXPIRED",
    "02": "UNDELIV",
    "03": "UNKNOWN",
    "04": "REJECTD",
    "05": "DTBLACK",
    "06": "ERR:104",
    "07": "REJECT",
    "08": "MK:0012",
}
REPLIES = {
    "11": "TD",
    "12": "收到，谢谢！地址改成#@#人民路12号#@@#二楼，电话不变。下次请在工作日上午九点以后、下午五点以前送来，"
    "放在门口#@@#的柜子里就可以，不用打电话；如果柜子满了，就交给隔壁#@#小店的王老板，他会替我收下的。",
}
# The system's part of an extension, which comes before the customer's own.
SYSTEM_EXTENSION = "008"
# Seconds.
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
PATIENCE = 10.0  # with one receiver's answer
FLUSH = 2.0  # for what is still waiting when the sandbox stops
_ANSWER_LIMIT = 200  # bytes


class Outcome(NamedTuple):
    """What the receiver answered; if `status` is None, `answer` says what went wrong."""

    status: int | None
    answer: str


TAKEN = Outcome(200, "0")


class Accepted(NamedTuple):
    """One request's accepted numbers, its sendid and the customer's extension code."""

    sendid: str
    mobiles: Sequence[str]
    extno: str


def pushes(message: Accepted) -> Iterator[dict[str, str]]:
    """Yield the fields of what is pushed for a message, without the credentials.

    The time is now, in China time, also for a message that was scheduled for later.
    """
    now = format_stime(datetime.now(CHINA))
    delivered = [mobile for mobile in message.mobiles if mobile[-2:] not in STATES]
    if delivered:
        yield report_fields([Report(message.sendid, mobile, DELIVERED, now) for mobile in delivered])
    for mobile in message.mobiles:
        if state := STATES.get(mobile[-2:]):
            yield report_fields([Report(message.sendid, mobile, state, now)])
    extension = SYSTEM_EXTENSION + message.extno
    replies = [Reply(mobile, text, now, extension) for mobile in message.mobiles if (text := REPLIES.get(mobile[-2:]))]
    if replies:
        yield reply_fields(replies)


def credentials(trust: Trust) -> dict[str, str]:
    """Return the fields that prove who pushes: a signature if there is a secret, else the agreed name."""
    if not trust.access_secret:
        return {"name": trust.push_name, "pwd": trust.push_pwd}
    random, timestamp = os.urandom(4).hex(), str(time.time_ns() // 1_000_000)
    name = signed_name(trust.access_secret, random, timestamp)
    return {"name": name, "pwd": trust.push_pwd, "random": random, "timestamp": timestamp}


class Pusher:
    """Pushes to a URL from its own thread, in the order of the messages.

    Each push is repeated until the answer is 200 with the body `0`. `log` gets an entry for each attempt, without the
    credentials. When it stops, what still waits is tried once more, for at most 2 s.
    """

    def __init__(self, url: str, trust: Trust, log: Callable[[Mapping[str, object]], None]) -> None:
        parts = urlsplit(url)
        connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._connection = connect(parts.hostname or "", parts.port, timeout=PATIENCE)
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._trust = trust
        self._log = log
        self._waiting: SimpleQueue[Accepted | None] = SimpleQueue()
        self._stopping = threading.Event()
        self._stopped = threading.Event()
        # A receiver that does not answer must not keep the process from ending.
        self._thread = threading.Thread(target=self._work, name="pusher", daemon=True)

    def start(self) -> None:
        """Start to push."""
        self._thread.start()

    def stop(self) -> None:
        """Try what still waits once more, and stop."""
        self._waiting.put(None)
        self._stopping.set()
        self._thread.join(FLUSH)
        self._stopped.set()

    def push(self, message: Accepted) -> None:
        """Push a message's reports and replies soon; return at once."""
        self._waiting.put(message)

    def _work(self) -> None:
        with closing(self._connection):
            for message in iter(self._waiting.get, None):
                if not all(map(self._deliver, pushes(message))):
                    return
                if self._waiting.empty():
                    self._connection.close()  # before the receiver does, which would look like a failure

    def _deliver(self, fields: Mapping[str, str]) -> bool:
        """Push until it is accepted; return False if the sandbox stops before that."""
        pause = FIRST_PAUSE
        for attempt in count(1):
            last = self._stopping.is_set()
            outcome = self._attempt(fields)
            if self._stopped.is_set():
                return False
            self._log(_entry(fields, attempt, outcome))
            if outcome == TAKEN or last:
                return outcome == TAKEN
            self._stopping.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        return False

    def _attempt(self, fields: Mapping[str, str]) -> Outcome:
        try:
            outcome = self._exchange(encode_form({**fields, **credentials(self._trust)}))
        except (OSError, HTTPException, UnicodeError) as error:  # UnicodeError: the host name is not valid
            outcome = Outcome(None, str(error) or type(error).__name__)
        if outcome != TAKEN:
            self._connection.close()  # the next attempt opens a new one
        return outcome

    def _exchange(self, form: bytes) -> Outcome:
        self._connection.request("POST", self._target, form, {"Content-Type": "application/x-www-form-urlencoded"})
        response = self._connection.getresponse()
        answer = decode_text(response.read(_ANSWER_LIMIT).strip())
        # A longer answer that begins with `0` is not the answer `0`.
        return Outcome(response.status, answer + "…" if response.length else answer)


def _entry(fields: Mapping[str, str], attempt: int, outcome: Outcome) -> dict[str, object]:
    pushed = {key: value for key, value in fields.items() if key not in ("name", "pwd")}
    now = datetime.now(CHINA).isoformat(timespec="milliseconds")
    return {"time": now, "push": pushed, "attempt": attempt, **outcome._asdict()}
