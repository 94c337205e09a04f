"""Which runs are listed; those of the built-in sandbox only where they are asked for."""

from math import inf
from typing import NamedTuple

from smscli.config.keys import SANDBOX


class Which(NamedTuple):
    """Which runs: of a profile, begun in a time (seconds since 1970), with those of the built-in sandbox or without."""

    since: float = 0
    until: float = inf
    profile: str = ""
    sandbox: bool = False

    @property
    def condition(self) -> tuple[str, tuple[object, ...]]:
        """The condition on a run, and its values."""
        if self.profile:
            return "created >= ? AND created < ? AND profile = ?", (self.since, self.until, self.profile)
        hidden = "" if self.sandbox else f" AND profile != '{SANDBOX}'"
        return f"created >= ? AND created < ?{hidden}", (self.since, self.until)


EVERY_RUN = Which(sandbox=True)
