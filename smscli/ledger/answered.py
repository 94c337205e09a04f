"""Which run, and so which account, a reply most likely answers: by its number and its extension (protocol §4)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from smscli.config.profile import Profile
from smscli.ledger import states
from smscli.ledger.settling import CLOCK_SECONDS
from smscli.ledger.store import Store
from smscli.protocol.pushes import Reply

_LEFT = ", ".join(f"'{state}'" for state in (*states.MAY_HAVE_LEFT, states.State.DROPPED))


class _Sent(NamedTuple):
    at: float
    run: int
    extno: str
    profile: str
    account: str


class Repliers:
    """Finds the runs that replies answer."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def runs(self, replies: Sequence[tuple[Reply, float, str]], lengths: Mapping[str, int]) -> list[int | None]:
        """Return for each reply, with its moment and profile, the run that it answers; None where there is no such run.

        It is the latest run that was sent to the number before. A run with the extno of the reply comes first.
        """
        sent = self._sent({reply.mobile for reply, _, _ in replies}) if replies else {}
        found = []
        for reply, at, profile in replies:
            mine = [run for run in sent.get(reply.mobile, ()) if run.profile == profile]
            likeliest = _likeliest(mine, at, customer_part(reply.extension, lengths.get(profile, 0)))
            found.append(likeliest.run if likeliest else None)
        return found

    def account(self, reply: Reply, at: float, profile: Profile) -> str:
        """Return the account that a reply answers; empty where only the profile's account has ever sent anything.

        Several accounts can push their replies to one listener.
        """
        if not self._store.read_one("SELECT 1 FROM run WHERE account != ? LIMIT 1", (profile.name,)):
            return ""
        sent = self._sent({reply.mobile}).get(reply.mobile, [])
        likeliest = _likeliest(sent, at, customer_part(reply.extension, profile.extension_length))
        return likeliest.account if likeliest else ""

    def _sent(self, wanted: set[str]) -> dict[str, list[_Sent]]:
        found: dict[str, list[_Sent]] = {}
        pattern = f"%{next(iter(wanted))}%" if len(wanted) == 1 else "%"
        for mobiles, *run in self._store.read(
            "SELECT mobiles, sent, run, extno, profile, account FROM batch JOIN run ON run.id = batch.run "
            f"WHERE sent IS NOT NULL AND state IN ({_LEFT}) AND mobiles LIKE ?",
            (pattern,),
        ):
            for mobile in wanted.intersection(mobiles.split(",")):
                found.setdefault(mobile, []).append(_Sent(*run))
        return found


def customer_part(extension: str, length: int) -> str:
    """Return what follows the system's part of an extension (protocol §4)."""
    return extension[length:]


def _likeliest(sent: Iterable[_Sent], replied: float, extno: str) -> _Sent | None:
    # A run sent after the reply counts only if the clocks differ, then the first one. The gateway has whole seconds.
    def order(run: _Sent) -> tuple[bool, bool, float]:
        before = int(run.at) <= replied
        return bool(extno) and run.extno == extno, before, run.at if before else -run.at

    return max((run for run in sent if run.at <= replied + CLOCK_SECONDS), key=order, default=None)
