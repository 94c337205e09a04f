"""A sandbox in the test's own process, and what it is used with."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from smscli.sandbox.gateway import Sandbox


class RunningSandbox(NamedTuple):
    """A sandbox in the test's own process, and the requests it logged."""

    sandbox: Sandbox
    log: Path

    @property
    def variables(self) -> dict[str, str]:
        """Return the environment that makes the command line use it."""
        return {"SMSCLI_ENDPOINT": self.sandbox.endpoint, "SMSCLI_NAME": "demo", "SMSCLI_PWD": "5ECRET-PWD"}

    @property
    def requests(self) -> list[dict[str, Any]]:
        """Return what was logged, a dictionary a request."""
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]

    @property
    def queued(self) -> list[str]:
        """Return every number that a message was accepted for, as often as it was."""
        return [mobile for request in self.requests if request.get("queued") for mobile in request["mobile"]]


def write_config(home: Path, text: str) -> Path:
    """Write the configuration file where the command line looks for it."""
    path = home / ".config" / "smscli" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def numbers(count: int, first: int = 0) -> Sequence[str]:
    """Return that many different mobile numbers, none of which the sandbox blacklists."""
    return [f"138{n:07d}0" for n in range(first, first + count)]


def write_shop(home: Path, sandbox: RunningSandbox, settings: str = "") -> None:
    """Write a configuration whose one profile, `shop`, uses a sandbox; `settings` are more lines of the profile."""
    text = f'[profiles.shop]\nendpoint = "{sandbox.sandbox.endpoint}"\nname = "demo"\npwd = "5ECRET-PWD"\n{settings}\n'
    write_config(home, text)
