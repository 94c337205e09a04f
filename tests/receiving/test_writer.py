"""What is written together, in which order, and what each push is answered; the ledger is a stand-in that notes it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

import pytest

from smscli.config.profile import Profile
from smscli.errors import LedgerError
from smscli.httpd.request import Request, Response
from smscli.ledger.inbox import Inbox
from smscli.protocol.forms import encode_form
from smscli.protocol.pushes import Push, Report, Signature, report_fields, signed_name
from smscli.receiving import complaints
from smscli.receiving.access import Access
from smscli.receiving.complaints import Complaints
from smscli.receiving.receiver import Receiver

SECRET = "5ECRET"
NOW = 1_795_568_703.0
REPORT = Report("2026112510000012345678901", "13800138001", "DELIVRD", "2026-11-25 10:00:00")


class Ledger:
    """Notes what it is asked to keep; `broken` holds the numbers that it cannot keep, and why."""

    def __init__(self) -> None:
        self.transactions: list[list[str]] = []
        self.broken: dict[str, Exception] = {}
        self.refused: list[str] = []
        self.nonces: dict[str, str] = {}

    def record(
        self, profile: Profile, pushes: Sequence[Push], signatures: Sequence[Signature | None]
    ) -> list[bool | None]:
        mobiles = [event.mobile for push in pushes for event in push.events]
        for mobile in self.broken.keys() & set(mobiles):
            raise self.broken[mobile]
        known = {mobile for kept in self.transactions for mobile in kept}
        forged = [bool(s and self.nonces.setdefault(s.nonce, s.content) != s.content) for s in signatures]
        kept = [push for push, is_forged in zip(pushes, forged, strict=True) if not is_forged]
        self.transactions.append([event.mobile for push in kept for event in push.events])
        return [
            None if is_forged else any(event.mobile not in known for event in push.events)
            for push, is_forged in zip(pushes, forged, strict=True)
        ]

    def quarantine(self, peer: str, reason: str, raw: bytes) -> None:
        self.refused.append(reason)


class Bench:
    """A receiver with a stand-in for its ledger, and what it showed and told."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.shown: list[Push] = []
        self.told: list[str] = []
        profile = Profile("shop", push_name="admin", access_secret=SECRET)  # type: ignore[arg-type]
        ledger = cast(Inbox, self.ledger)
        self.receiver = Receiver(ledger, profile, "/", Access(), self.shown.append, self.told.append)

    def push(self, mobile: str, **changes: str) -> Awaitable[Response]:
        fields = report_fields([REPORT._replace(mobile=mobile)], "admin") | changes
        body = encode_form(fields)
        return self.receiver.respond(Request("POST", "/", b"", {}, body, True, "203.0.113.7"))


def run(scene: Callable[[Bench], Awaitable[Any]]) -> Bench:
    async def play() -> Bench:
        bench = Bench()
        await scene(bench)
        return bench

    return asyncio.run(play())


def people(count: int) -> list[str]:
    return [f"138{number:08d}" for number in range(count)]


def test_pushes_at_the_same_time_share_a_transaction() -> None:
    async def scene(bench: Bench) -> None:
        answers = await asyncio.gather(*(bench.push(mobile) for mobile in people(40)))
        assert {answer.body for answer in answers} == {b"0"}

    bench = run(scene)
    assert bench.ledger.transactions == [people(40)]
    assert [push.events[0].mobile for push in bench.shown] == people(40)


def test_a_large_push_does_not_hold_the_others() -> None:
    """It is written in pieces, between which the others are, and answered when the last is on disk."""
    order: list[str] = []

    async def scene(bench: Bench) -> None:
        async def push(name: str, mobile: str) -> None:
            assert (await bench.push(mobile)).body == b"0"
            order.append(name)

        large = asyncio.create_task(push("large", ",".join(people(50_000))))
        while not bench.ledger.transactions:
            await asyncio.sleep(0.001)
        for number in range(3):
            await push("small", f"1390000000{number}")
        assert not large.done()
        await large

    bench = run(scene)
    assert order == ["small"] * 3 + ["large"]
    kept = [mobile for mobiles in bench.ledger.transactions for mobile in mobiles]
    assert sorted(kept) == sorted([*people(50_000), "13900000000", "13900000001", "13900000002"])
    assert max(map(len, bench.ledger.transactions)) <= 1_000
    assert sorted(len(push.events) for push in bench.shown) == [1, 1, 1, 50_000]


def test_a_large_push_of_which_a_piece_cannot_be_kept_is_asked_for_again() -> None:
    async def scene(bench: Bench) -> None:
        mobiles = people(5_000)
        bench.ledger.broken[mobiles[2_600]] = LedgerError("the disk is full")
        assert (await bench.push(",".join(mobiles))).status == 503
        assert (await bench.push("13900000000")).body == b"0"
        bench.ledger.broken.clear()
        assert (await bench.push(",".join(mobiles))).body == b"0"

    bench = run(scene)
    assert {mobile for mobiles in bench.ledger.transactions for mobile in mobiles} == {*people(5_000), "13900000000"}
    assert [text for text in bench.told if "503" in text] == [
        "smscli: a push was answered 503, so the gateway will send it again: the disk is full"
    ]


def test_one_that_cannot_be_kept_costs_the_others_nothing() -> None:
    async def scene(bench: Bench) -> None:
        bench.ledger.broken["13800000003"] = ValueError("odd")
        answers = await asyncio.gather(*(bench.push(mobile) for mobile in people(8)))
        assert [answer.status for answer in answers] == [200, 200, 200, 503, 200, 200, 200, 200]

    run(scene)


# --- replays ------------------------------------------------------------------------------------------------------


def signed(timestamp: str, random: str = "r4nd0m") -> dict[str, str]:
    return {"name": signed_name(SECRET, random, timestamp), "random": random, "timestamp": timestamp}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smscli.receiving.receiver.time", lambda: NOW)


@pytest.mark.usefixtures("clock")
def test_a_signature_is_taken_for_one_content() -> None:
    once = signed(str(int(NOW)))

    async def scene(bench: Bench) -> None:
        assert (await bench.push("13800138001", **once)).body == b"0"
        assert (await bench.push("13800138001", **once)).body == b"0"  # the gateway repeats
        assert (await bench.push("13800138001", **once, state="UNDELIV")).status == 403
        assert (await bench.push("13800138002", **once)).status == 403
        assert (await bench.push("13800138002", **signed(str(int(NOW)), "other"))).body == b"0"
        # Another cut between random and timestamp has the same hash.
        cut = {"name": once["name"], "random": "r4nd0m1", "timestamp": once["timestamp"][1:]}
        assert (await bench.push("13800138003", **cut)).status == 403

    bench = run(scene)
    assert bench.ledger.refused[:2] == ["its random and timestamp came before, with other content"] * 2
    assert len(bench.ledger.refused) == 3
    assert [mobile for mobiles in bench.ledger.transactions for mobile in mobiles] == [
        "13800138001", "13800138001", "13800138002",
    ]  # fmt: skip


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("timestamp", "status"),
    [
        (f"{NOW:.0f}", 200),
        (f"{NOW * 1000:.0f}", 200),
        (f"{NOW - 71 * 3600:.0f}", 200),
        (f"{(NOW + 71 * 3600) * 1000:.0f}", 200),
        (f"{NOW - 73 * 3600:.0f}", 403),
        (f"{(NOW + 73 * 3600) * 1000:.0f}", 403),
        ("2026-11-25 09:05:03", 200),
        ("20261125090503", 200),
        ("20261120090503", 403),
        ("1", 403),
        ("now", 403),
    ],
)
def test_a_signature_is_taken_near_its_time(timestamp: str, status: int) -> None:
    async def scene(bench: Bench) -> None:
        assert (await bench.push("13800138001", **signed(timestamp))).status == status

    run(scene)


# --- what is said -------------------------------------------------------------------------------------------------


def test_trouble_is_said_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(complaints, "_SECONDS", 0.1)
    told: list[str] = []

    async def scene() -> None:
        troubles: Complaints[str] = Complaints(told.append, lambda count, last: f"{count} {last}")
        for number in range(5):
            troubles.add(f"a{number}")
        assert told == ["1 a0"]
        while len(told) < 2:
            await asyncio.sleep(0.01)
        troubles.add("b")
        troubles.flush()
        troubles.flush()

    asyncio.run(scene())
    assert told == ["1 a0", "4 a4", "1 b"]
