"""What came back: status reports, replies, opt-outs, and what was refused, beside the runs in the same ledger.

A repeat changes nothing. Where a number has several reports, one of delivery counts, else the latest.
"""

import json
import re
import time
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple

from smscli.config.profile import Profile
from smscli.ledger.runs import DELIVERED, Ledger, Run, State
from smscli.ledger.store import explained, marks
from smscli.protocol.numbers import normalise
from smscli.protocol.pushes import Push, Reply, Report
from smscli.protocol.times import parse_stime

_SETTLE_SECONDS = 72 * 3600  # a phone that is off longer gets nothing any more
_CLOCK_SECONDS = 60  # how far the gateway's clock may be off
_CHUNK = 500  # values of one statement, which SQLite takes a limited number of
_QUARANTINE = 1000
_RAW_LIMIT = 64 << 10
_SETTLED = "settled by a report"
# The password in what was refused may be the right one: the ledger holds no secrets.
_PASSWORD = re.compile(rb"""(?i)(\bpwd["']?\s*[=:]\s*["']?|name="?pwd"?[^\n]*\n\r?\n)[^&"'\s,}]+""")


class Sent(NamedTuple):
    """One batch as it left, with what its run says of it; `sent` is in seconds since 1970, `stime` China time."""

    run: int
    state: State
    content: str
    sign: str
    stime: str
    sent: float
    sendid: str
    mobiles: str
    numbers: int


class Kept(NamedTuple):
    """A report as it is kept; `received` is in seconds since 1970."""

    report: Report
    received: float


class Answer(NamedTuple):
    """A reply as it is kept; `received` is in seconds since 1970, `profile` the one that it came to."""

    id: int
    reply: Reply
    received: float
    profile: str


class _Unsettled(NamedTuple):
    run: int
    number: int
    state: str
    sent: float


class Refused(NamedTuple):
    """What was kept out of the ledger, and why; `received` is in seconds since 1970."""

    received: float
    peer: str
    reason: str
    raw: bytes


class OptOut(NamedTuple):
    """A number that wants no more messages; `since` is in seconds since 1970."""

    mobile: str
    since: float
    reason: str


class Circle(Ledger):
    """The ledger with its receiving half: `opened(Circle)`; may be called from several threads at once."""

    # --- pushes ---

    def record(self, profile: Profile, pushes: Sequence[Push]) -> list[bool]:
        """Make pushes durable, all in one transaction, and tell for each whether anything in it was new."""
        with self._writing():
            return self.keep(profile, pushes)

    def keep(self, profile: Profile, pushes: Sequence[Push]) -> list[bool]:
        """Write pushes within the transaction that was begun, and tell for each whether anything in it was new.

        An opt-out word in a reply puts its number on the account's list; a report can settle an unknown batch.
        """
        now = time.time()
        events = [(number, event) for number, push in enumerate(pushes) for event in push.events]
        reports = [(number, _storable_report(event)) for number, event in events if isinstance(event, Report)]
        replies = [(number, _storable_reply(event)) for number, event in events if not isinstance(event, Report)]
        with explained(self._path):
            self._settle_by(profile.label, profile.name, (Kept(report, now) for _, report in reports))
            new = self._keep_reports(profile, reports, now) | self._keep_replies(profile, replies, now)
        return [number in new for number in range(len(pushes))]

    def quarantine(self, peer: str, reason: str, raw: bytes) -> None:
        """Keep what was refused, its first 64 KiB; of all that was refused the newest 1,000."""
        with self._writing() as connection:
            cursor = connection.execute(
                "INSERT INTO quarantine (received, peer, reason, raw) VALUES (?, ?, ?, ?)",
                (time.time(), storable(peer), storable(reason), _PASSWORD.sub(rb"\1****", raw[:_RAW_LIMIT])),
            )
            connection.execute("DELETE FROM quarantine WHERE id <= ?", ((cursor.lastrowid or 0) - _QUARANTINE,))

    def _keep_reports(self, profile: Profile, reports: Sequence[tuple[int, Report]], now: float) -> set[int]:
        """Keep reports, and the tally with them; returns the pushes that had one which was not there yet."""
        kept = self._kept_reports(report for _, report in reports)
        tally: Counter[tuple[str, str]] = Counter()
        rows: list[tuple[str | float, ...]] = []
        new: set[int] = set()
        for number, report in reports:
            mine = kept[report.sendid, report.mobile]
            if (report.state, report.time) in mine:
                continue
            received = now + len(rows) * 1e-6  # so that each has a place in the order in which they came
            if mine:
                tally[report.sendid, _verdict(mine)] -= 1
            mine[report.state, report.time] = received
            tally[report.sendid, _verdict(mine)] += 1
            rows.append((*report, received, profile.label))
            new.add(number)
        execute = self._connection.executemany
        execute("INSERT INTO report VALUES (?, ?, ?, ?, ?, ?)", rows)
        execute(
            "INSERT INTO tally VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET numbers = numbers + excluded.numbers",
            ((sendid, state, numbers) for (sendid, state), numbers in tally.items() if numbers),
        )
        return new

    def _kept_reports(self, reports: Iterable[Report]) -> dict[tuple[str, str], dict[tuple[str, str], float]]:
        """Return for each sendid and number what is known: states and times, and when these came."""
        mobiles: dict[str, set[str]] = {}
        for report in reports:
            mobiles.setdefault(report.sendid, set()).add(report.mobile)
        kept = {(sendid, mobile): dict[tuple[str, str], float]() for sendid, some in mobiles.items() for mobile in some}
        for sendid, some in mobiles.items():
            asked = iter(some)
            while chunk := list(islice(asked, _CHUNK)):
                rows = self._connection.execute(
                    f"SELECT mobile, state, time, received FROM report WHERE sendid = ? AND mobile IN ({marks(chunk)})",
                    (sendid, *chunk),
                )
                for mobile, state, at, received in rows:
                    kept[sendid, mobile][state, at] = received
        return kept

    def _keep_replies(self, profile: Profile, replies: Sequence[tuple[int, Reply]], now: float) -> set[int]:
        """Keep replies; returns the pushes that had one which was not there yet."""
        words = {fold(word) for word in profile.optout_words} if replies else set()
        new: set[int] = set()
        for number, reply in replies:
            cursor = self._connection.execute(
                "INSERT OR IGNORE INTO reply (mobile, content, time, extension, received, profile) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (*reply, now, profile.label),
            )
            # A repeat must not put somebody back who was taken off the list meanwhile.
            if cursor.rowcount:
                new.add(number)
                if fold(reply.content) in words:
                    self._opt_out(profile.name, reply.mobile, now, reply.content)
        return new

    # --- unknown batches ---

    def _settle_by(self, profile: str, account: str, reports: Iterable[Kept]) -> None:
        """Take a batch of unknown fate for accepted, for its message was sent, where reports can be about it alone."""
        unsettled = self._connection.execute(
            "SELECT run, number, state, sent, mobiles FROM batch JOIN run ON run.id = batch.run "
            "WHERE state IN ('sending', 'unknown') AND sent IS NOT NULL AND profile = ? AND account = ?",
            (profile, account),
        ).fetchall()
        if not unsettled:
            return
        strange = self._strange(reports)
        people = {kept.report.mobile for kept in strange}
        fates: dict[str, list[_Unsettled]] = {}
        for *fate, mobiles in unsettled:
            for mobile in people.intersection(mobiles.split(",")):
                fates.setdefault(mobile, []).append(_Unsettled(*fate))
        settled: set[_Unsettled] = set()
        known: set[str] = set()
        for report, received in strange:
            at = moment(report.time, received)
            fitting = [
                fate
                for fate in fates.get(report.mobile, ())
                if fate not in settled and at - _SETTLE_SECONDS <= fate.sent <= at + _CLOCK_SECONDS
            ]
            if len(fitting) == 1 and report.sendid not in known and self._settle(fitting[0], report.sendid):
                settled.add(fitting[0])
                known.add(report.sendid)

    def _strange(self, reports: Iterable[Kept]) -> list[Kept]:
        """Return a report of each number and each sendid that no batch has."""
        first: dict[tuple[str, str], Kept] = {}
        for kept in reports:
            first.setdefault((kept.report.sendid, kept.report.mobile), kept)
        own = {sendid for sendid in {sendid for sendid, _ in first} if not sendid or self._knows(sendid)}
        return [kept for (sendid, _), kept in first.items() if sendid not in own]

    def _knows(self, sendid: str) -> bool:
        found = self._connection.execute("SELECT 1 FROM batch WHERE sendid = ? AND sendid != ''", (sendid,)).fetchone()
        return found is not None

    def _settle(self, batch: "_Unsettled", sendid: str) -> bool:
        if batch.state == State.SENDING and self.is_held(batch.run):  # its answer may still come
            return False
        self._connection.execute(
            "UPDATE batch SET state = ?, sendid = ?, accepted = numbers, message = ?, error = '' "
            "WHERE run = ? AND number = ?",
            (State.ACCEPTED, sendid, _SETTLED, batch.run, batch.number),
        )
        return True

    def settle_unknown(self, run: Run) -> None:
        """Settle a run's unknown batches by reports that came while their answer was still waited for."""
        with explained(self._path):
            open_batches = self._connection.execute(
                "SELECT mobiles, sent FROM batch WHERE run = ? AND state IN ('sending', 'unknown')", (run.id,)
            ).fetchall()
        if not open_batches:
            return
        with self._writing():
            for mobiles, sent in open_batches:
                strange = self._strange_reports(run.profile, mobiles, sent)
                if len(strange) == 1:
                    self._settle_by(run.profile, run.account, strange)

    def _strange_reports(self, profile: str, mobiles: str, sent: float) -> list[Kept]:
        """Return a report of each sendid that no batch has, to this profile, about any of these numbers."""
        rows = self._connection.execute(
            f"SELECT {_REPORT} FROM report WHERE mobile IN (SELECT value FROM json_each(?)) "
            "AND received > ? AND profile = ? AND NOT EXISTS "
            "(SELECT 1 FROM batch WHERE batch.sendid = report.sendid AND batch.sendid != '') "
            "GROUP BY sendid",
            (json.dumps(mobiles.split(",")), sent - _CLOCK_SECONDS, profile),
        )
        return [_kept(row) for row in rows]

    # --- what became of it ---

    def sent(self, sendid: str = "", mobile: str = "") -> list[Sent]:
        """Return the batches that left with this sendid, or to this number, the first ones first."""
        which, value = ("sendid = ? AND sendid != ''", sendid) if sendid else ("instr(mobiles, ?)", mobile)
        return [
            Sent(run, State(state), *rest)
            for run, state, *rest in self._all(
                "SELECT run.id, state, coalesce(batch.content, run.content), sign, stime, sent, sendid, mobiles, "
                "batch.numbers FROM batch JOIN run ON run.id = batch.run "
                f"WHERE sent IS NOT NULL AND {which} ORDER BY sent",
                value,
            )
        ]

    def reports(self, sendid: str = "", mobile: str = "") -> list[Kept]:
        """Return the reports of a sendid, or of a number."""
        column, value = ("sendid", sendid) if sendid else ("mobile", mobile)
        return [_kept(row) for row in self._all(f"SELECT {_REPORT} FROM report WHERE {column} = ?", value)]

    def outcomes(self, run: int) -> Iterator[tuple[str, str]]:
        """Yield each reported number of a run and the state that counts for it."""
        with explained(self._path):
            for mobile, state, _ in self._connection.cursor().execute(
                f"SELECT mobile, report.state, {_WEIGHT} FROM batch JOIN report ON report.sendid = batch.sendid "
                "WHERE run = ? AND batch.sendid != '' GROUP BY number, report.sendid, mobile",
                (run,),
            ):
                yield mobile, state

    def replies(self, mobile: str = "", after: int = 0) -> list[Answer]:
        """Return the replies behind an id, of all numbers or of one, as they came."""
        rows = self._all(
            "SELECT id, mobile, content, time, extension, received, profile FROM reply "
            "WHERE id > ? AND ? IN ('', mobile) ORDER BY id",
            after, mobile,
        )  # fmt: skip
        return [Answer(row[0], Reply(*row[1:5]), *row[5:]) for row in rows]

    def refused(self) -> list[Refused]:
        """Return the quarantine, the oldest first."""
        return [Refused(*row) for row in self._all("SELECT received, peer, reason, raw FROM quarantine ORDER BY id")]

    def answered_runs(self, answers: Sequence[Answer], lengths: Mapping[str, int]) -> list[int | None]:
        """Return for each reply the run that it most likely answers: the latest one sent to its number before it.

        A run with the extno that the reply carries comes first; `lengths` has each profile's `extension_length`.
        """
        wanted = {answer.reply.mobile for answer in answers}
        sent: dict[tuple[str, str], list[tuple[float, int, str]]] = {}
        for mobiles, run, at, profile, extno in (
            self._all(
                "SELECT mobiles, run, sent, profile, extno FROM batch JOIN run ON run.id = batch.run "
                "WHERE sent IS NOT NULL AND state IN ('sending', 'accepted', 'unknown')"
            )
            if wanted
            else ()
        ):
            for mobile in wanted.intersection(mobiles.split(",")):
                sent.setdefault((mobile, profile), []).append((at, run, extno))
        return [_likeliest(answer, sent.get((answer.reply.mobile, answer.profile), []), lengths) for answer in answers]

    # --- opt-outs ---

    def optouts(self, account: str) -> list[OptOut]:
        """Return an account's opt-out list, the first ones first."""
        found = self._all("SELECT mobile, since, reason FROM optout WHERE account = ? ORDER BY since, mobile", account)
        return [OptOut(*row) for row in found]

    def opt_out(self, account: str, mobiles: Iterable[str], reason: str) -> int:
        """Put numbers on an account's list; returns how many were not there yet."""
        now = time.time()
        with self._writing():
            return sum(self._opt_out(account, mobile, now, reason) for mobile in mobiles)

    def opt_in(self, account: str, mobiles: Iterable[str]) -> int:
        """Take numbers off an account's list; returns how many were on it."""
        with self._writing() as connection:
            remove = "DELETE FROM optout WHERE account = ? AND mobile = ?"
            return sum(connection.execute(remove, (account, mobile)).rowcount for mobile in mobiles)

    def _opt_out(self, account: str, mobile: str, since: float, reason: str) -> bool:
        cursor = self._connection.execute(
            "INSERT OR IGNORE INTO optout VALUES (?, ?, ?, ?)", (account, mobile, since, reason)
        )
        return bool(cursor.rowcount)

    # --- reading and writing ---

    def _all(self, statement: str, *values: str | int) -> list[Any]:
        with explained(self._path):
            return self._connection.execute(statement, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[Any]:
        self.begin()
        try:
            with explained(self._path):
                yield self._connection
        except BaseException:
            self.roll_back()
            raise
        self.commit()

    def begin(self) -> None:
        """Begin a transaction, alone on the connection; waits as long as another process writes."""
        self._committing.acquire()
        try:
            with explained(self._path):
                self._begin()
        except BaseException:
            self._committing.release()
            raise

    def commit(self) -> None:
        """Make the transaction durable; where that fails, nothing of it is there."""
        try:
            with explained(self._path):
                self._connection.execute("COMMIT")
        except BaseException:
            self.roll_back()
            raise
        self._committing.release()

    def roll_back(self) -> None:
        """Undo the transaction."""
        try:
            self._connection.rollback()
        finally:
            self._committing.release()


_REPORT = "sendid, mobile, state, time, received"
_WEIGHT = f"max((report.state = '{DELIVERED}') * 1e12 + report.received)"


def fold(text: str) -> str:
    """Return a reply's text as opt-out words are compared: without width, case and surrounding spaces."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def _verdict(kept: Mapping[tuple[str, str], float]) -> str:
    """Return the state that counts for a number."""
    if len(kept) == 1:
        return next(iter(kept))[0]
    return max(kept, key=lambda report: (report[0] == DELIVERED, kept[report]))[0]


def _storable_report(report: Report) -> Report:
    sendid, mobile, state, at = map(storable, report)
    return Report(sendid, normalise(mobile), state, at)


def _storable_reply(reply: Reply) -> Reply:
    mobile, content, at, extension = map(storable, reply)
    return Reply(normalise(mobile), content, at, extension)


def storable(text: str) -> str:
    """Return the text with what no UTF-8 can hold, a lone surrogate, replaced."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def moment(text: str, received: float) -> float:
    """Return a time that the gateway wrote, China time, in seconds since 1970; when it came where it cannot be read."""
    try:
        at = parse_stime(text)
        return at.timestamp() if at else received
    except (OverflowError, ValueError):
        return received


def customer_part(extension: str, length: int) -> str:
    """Return what follows the system's part of an extension (protocol §4)."""
    return extension[length:]


def _kept(row: Sequence[Any]) -> Kept:
    return Kept(Report(*row[:4]), row[4])


def _likeliest(answer: Answer, sent: Iterable[tuple[float, int, str]], lengths: Mapping[str, int]) -> int | None:
    replied = moment(answer.reply.time, answer.received)
    extno = customer_part(answer.reply.extension, lengths.get(answer.profile, 0))
    # Sent after it: only where the gateway's clock has to be wrong, the first one. The gateway gives whole seconds.
    fitting = [
        (bool(extno) and own == extno, int(at) <= replied, at if int(at) <= replied else -at, run)
        for at, run, own in sent
        if at <= replied + _CLOCK_SECONDS
    ]
    return max(fitting)[3] if fitting else None
