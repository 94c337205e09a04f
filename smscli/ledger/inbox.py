"""What came back: status reports, replies, and what was refused, in the same store as the runs.

A repeat changes nothing. All reports about a number are kept; verdicts.py says which one counts.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from smscli.config.keys import parse_duration
from smscli.config.profile import Profile
from smscli.ledger.answered import Repliers
from smscli.ledger.counters import count_reports
from smscli.ledger.engines import Connection, marks
from smscli.ledger.optouts import opt_in, opt_out
from smscli.ledger.settling import Settling, count_settled
from smscli.ledger.store import Store
from smscli.ledger.verdicts import Word, add_to_tally, verdict
from smscli.protocol.numbers import normalise
from smscli.protocol.operators import operator_of
from smscli.protocol.optout import wants_in, wants_out
from smscli.protocol.pushes import Push, Reply, Report, Signature
from smscli.protocol.times import moment

_CHUNK = 500  # values in one statement; SQLite limits them
_QUARANTINE = 1000
_RAW_LIMIT = 64 << 10
_NAME = 150  # characters of a text that has a place in an index; the longest of the gateway's has 25
# The password in what was refused may be the right one: the ledger holds no secrets.
_PASSWORD = re.compile(rb"""(?i)(\bpwd["']?\s*[=:]\s*["']?|name="?pwd"?[^\n]{0,200}\n\r?\n)[^&"'\s,}]+""")


class Kept(NamedTuple):
    """A report as it is kept; `at` is the gateway's time, `received` ours, both in seconds since 1970."""

    report: Report
    received: float
    at: float


class Answer(NamedTuple):
    """A reply as it is kept; `received` is in seconds since 1970, `profile` is the profile that got it."""

    id: int
    reply: Reply
    received: float
    profile: str


class Refused(NamedTuple):
    """A push that was refused, and why; `received` is in seconds since 1970."""

    received: float
    peer: str
    reason: str
    raw: bytes


class Inbox:
    """What came back, in a store; safe to use from several threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._settling = Settling(store)
        self._repliers = Repliers(store)

    # --- keeping ---

    def record(
        self, profile: Profile, pushes: Sequence[Push], signatures: Sequence[Signature | None] = ()
    ) -> list[bool | None]:
        """Make pushes durable, all in one transaction, and say for each whether anything in it was new.

        An opt-out word in a reply puts its number on the account's list; a report can settle an unknown batch. A push
        whose signature came before with other content is not kept: None.
        """
        return self._store.commit_together(partial(self._record, profile, pushes, signatures))

    def _record(
        self,
        profile: Profile,
        pushes: Sequence[Push],
        signatures: Sequence[Signature | None],
        connection: Connection,
    ) -> list[bool | None]:
        now = connection.now()
        forged = _forged(connection, signatures, now + 2 * (parse_duration(profile.push_window) or 0))
        events = [
            (number, event) for number, push in enumerate(pushes) if number not in forged for event in push.events
        ]
        reports = [(number, _storable_report(event)) for number, event in events if isinstance(event, Report)]
        replies = [(number, _storable_reply(event)) for number, event in events if not isinstance(event, Report)]
        new = self._keep_reports(connection, profile, reports, now) if reports else set()
        new |= self._keep_replies(connection, profile, replies, now) if replies else set()
        return [None if number in forged else number in new for number in range(len(pushes))]

    def quarantine(self, peer: str, reason: str, raw: bytes) -> None:
        """Keep the first 64 KiB of a refused push; only the newest 1,000 of them are kept."""
        with self._store.transaction() as connection:
            newest = connection.insert(
                "INSERT INTO quarantine (received, peer, reason, raw) VALUES (?, ?, ?, ?)",
                (connection.now(), storable(peer), storable(reason), _PASSWORD.sub(rb"\1****", raw[:_RAW_LIMIT])),
            )
            connection.execute("DELETE FROM quarantine WHERE id <= ?", ((newest or 0) - _QUARANTINE,))

    def _keep_reports(
        self, connection: Connection, profile: Profile, reports: Sequence[tuple[int, Report]], now: float
    ) -> set[int]:
        """Keep reports and the tally of them; return the pushes that had a new report."""
        known = _batches_of(connection, {report.sendid for _, report in reports})
        kept = _kept_words(connection, (report for _, report in reports))
        changes: Counter[tuple[str, str, str]] = Counter()
        rows: list[tuple[object, ...]] = []
        new: set[int] = set()
        for number, report in reports:
            words, batch = kept[report.sendid, report.mobile], known.get(report.sendid, _NO_BATCH)
            if (report.state, report.time) in words or batch.is_forgotten:
                continue
            received = now + len(rows) * 1e-6  # so that they keep the order in which they came
            at = moment(report.time, received)
            operator = operator_of(report.mobile)
            if words:
                changes[report.sendid, verdict(words.values(), batch.parts), operator] -= 1
            words[report.state, report.time] = Word(at, received, report.state)
            changes[report.sendid, verdict(words.values(), batch.parts), operator] += 1
            rows.append((*report, received, profile.label, at))
            new.add(number)
        connection.executemany("INSERT INTO report VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        add_to_tally(connection, _without_operators(changes))
        count_reports(connection, changes)
        sendids = {sendid for sendid, _, _ in changes}
        self._settling.settle_by(connection, profile.label, profile.name, sendids - known.keys())
        count_settled(connection, sendids & known.keys())
        return new

    def _keep_replies(
        self, connection: Connection, profile: Profile, replies: Sequence[tuple[int, Reply]], now: float
    ) -> set[int]:
        """Keep replies; return the pushes that had a new reply."""
        new: set[int] = set()
        for number, reply in replies:
            cursor = connection.execute(
                "INSERT INTO reply (mobile, content, time, extension, received, profile) VALUES (?, ?, ?, ?, ?, ?) "
                "ON CONFLICT DO NOTHING",
                (*reply, now, profile.label),
            )
            if cursor.rowcount:  # a repeat must not put somebody back who has been taken off the list since
                new.add(number)
                self._update_optouts(connection, profile, reply, now)
        return new

    def _update_optouts(self, connection: Connection, profile: Profile, reply: Reply, now: float) -> None:
        """Put a number on the account's list or take it off, if its reply asks for that."""
        out = wants_out(reply.content, profile.optout_words)
        back = not out and wants_in(reply.content, profile.optin_words)
        if not out and not back:
            return
        at = moment(reply.time, now)
        account = self._repliers.account(reply, at, profile) or profile.name
        if out:
            opt_out(connection, account, reply.mobile, at, reply.content)
        else:
            opt_in(connection, account, reply.mobile, at)

    # --- looking ---

    def reports(self, sendid: str = "", mobile: str = "") -> list[Kept]:
        """Return the reports of a sendid, or of a number."""
        column, value = ("sendid", sendid) if sendid else ("mobile", mobile)
        rows = self._store.read(
            f"SELECT sendid, mobile, state, time, received, at FROM report WHERE {column} = ?", (value,)
        )
        return [Kept(Report(*row[:4]), *row[4:]) for row in rows]

    def replies(self, mobile: str = "", after: int = 0, unread: bool = False) -> list[Answer]:
        """Return the replies after an id, of all numbers or of one, as they came; or only those that are unread."""
        rows = self._store.read(
            "SELECT id, mobile, content, time, extension, received, profile FROM reply "
            f"WHERE id > ? AND ? IN ('', mobile) {'AND shown IS NULL ' if unread else ''}ORDER BY id",
            (after, mobile),
        )
        return [Answer(row[0], Reply(*row[1:5]), *row[5:]) for row in rows]

    def mark_read(self, answers: Iterable[Answer]) -> None:
        """Make replies count as read."""
        with self._store.transaction() as connection:
            now = connection.now()
            connection.executemany("UPDATE reply SET shown = ? WHERE id = ?", [(now, answer.id) for answer in answers])

    def refused(self) -> list[Refused]:
        """Return the quarantine, the oldest first."""
        return [
            Refused(*row) for row in self._store.read("SELECT received, peer, reason, raw FROM quarantine ORDER BY id")
        ]

    def answered_runs(self, answers: Sequence[Answer], lengths: Mapping[str, int]) -> list[int | None]:
        """Return for each reply the run that it most likely answers; `lengths` has each profile's extension_length."""
        return self._repliers.runs([(a.reply, moment(a.reply.time, a.received), a.profile) for a in answers], lengths)


class _Batch(NamedTuple):
    """What has to be known about the batch that a report is about."""

    parts: int
    is_forgotten: bool


_NO_BATCH = _Batch(1, False)


def _without_operators(changes: Mapping[tuple[str, str, str], int]) -> Counter[tuple[str, str]]:
    tally: Counter[tuple[str, str]] = Counter()
    for (sendid, state, _), numbers in changes.items():
        tally[sendid, state] += numbers
    return tally


def _forged(connection: Connection, signatures: Sequence[Signature | None], expires: float) -> set[int]:
    """Return which signatures came before with other content, and remember the others."""
    forged: set[int] = set()
    for number, signature in enumerate(signatures):
        if signature is None:
            continue
        connection.execute(
            "INSERT INTO seen VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (signature.nonce, signature.content, expires)
        )
        (content,) = connection.execute("SELECT content FROM seen WHERE nonce = ?", (signature.nonce,)).fetchone()
        if content != signature.content:
            forged.add(number)
    if any(signatures):
        connection.execute("DELETE FROM seen WHERE expires < ?", (connection.now(),))
    return forged


def _batches_of(connection: Connection, sendids: Iterable[str]) -> dict[str, _Batch]:
    """Return the batches that have one of the sendids."""
    found: dict[str, _Batch] = {}
    asked = iter(sendid for sendid in sendids if sendid)
    while chunk := list(islice(asked, _CHUNK)):
        rows = connection.execute(
            f"SELECT sendid, parts, mobiles = '' FROM batch WHERE sendid != '' AND sendid IN ({marks(chunk)})", chunk
        )
        found.update((sendid, _Batch(parts, bool(forgotten))) for sendid, parts, forgotten in rows)
    return found


def _kept_words(connection: Connection, reports: Iterable[Report]) -> dict[tuple[str, str], dict[Any, Word]]:
    """Return for each sendid and number the reports that are kept, by state and time."""
    mobiles: dict[str, set[str]] = {}
    for report in reports:
        mobiles.setdefault(report.sendid, set()).add(report.mobile)
    kept = {(sendid, mobile): dict[Any, Word]() for sendid, some in mobiles.items() for mobile in some}
    for sendid, some in mobiles.items():
        asked = iter(some)
        while chunk := list(islice(asked, _CHUNK)):
            rows = connection.execute(
                f"SELECT mobile, state, time, received, at FROM report WHERE sendid = ? AND mobile IN ({marks(chunk)})",
                (sendid, *chunk),
            )
            for mobile, state, text, received, at in rows:
                kept[sendid, mobile][state, text] = Word(at, received, state)
    return kept


def _storable_report(report: Report) -> Report:
    sendid, mobile, state, at = (storable(text)[:_NAME] for text in report)
    return Report(sendid, normalise(mobile), state, at)


def _storable_reply(reply: Reply) -> Reply:
    mobile, content, at, extension = map(storable, reply)
    return Reply(normalise(mobile[:_NAME]), content, at[:_NAME], extension[:_NAME])


def storable(text: str) -> str:
    """Return the text with what not every engine can hold, a lone surrogate and NUL, replaced."""
    kept = text if text.isascii() else text.encode("utf-8", "replace").decode()
    return kept.replace("\0", "\ufffd")
