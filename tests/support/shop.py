"""A shop that has sent something, with what came back."""

import time
from pathlib import Path
from urllib.parse import urlencode

from smscli.protocol.times import china_time
from tests.support.command import Smscli
from tests.support.sandboxes import RunningSandbox, write_config

# One of each operator.
MOBILES = ("13800138000", "13000138001", "18900138002", "19200138003", "17000138004", "13800138005")
REPORTED = {"13800138000": "DELIVRD", "13000138001": "DELIVRD", "18900138002": "MK:0001", "19200138003": "CB:0001"}
AT = "2026-11-25 12:00:00"
LONG = "周年庆" * 30  # two parts
NASTY = "</title><script>alert(1)</script><img src=x onerror=alert(2)>\u202e打13900139000"


def open_shop(home: Path, sandbox: RunningSandbox) -> None:
    """Write a configuration with two profiles and a template."""
    profile = f'endpoint = "{sandbox.sandbox.endpoint}"\nname = "demo"\npwd = "5ECRET-PWD"\n'
    write_config(
        home,
        f'default = "shop"\n[profiles.shop]\n{profile}[profiles.branch]\n{profile}'
        '[templates."周年庆"]\ncontent = "您的账单已到期"\n',
    )


def do_business(smscli: Smscli, home: Path, sandbox: RunningSandbox) -> None:
    """Send three runs, the last to the built-in sandbox; get some reports, a reply with nasty text and an opt-out."""
    open_shop(home, sandbox)
    everybody = ",".join(MOBILES)
    (first,) = smscli("send", "--mobile", everybody, "--template", "周年庆", "--output", "json").json
    smscli("send", "--mobile", everybody, "--content", LONG, "-p", "branch")
    smscli("send", "--mobile", everybody, "--content", "试", "-p", "sandbox")
    for mobile, state in REPORTED.items():
        record(smscli, sendid=first["sendid"], mobile=mobile, time=AT, state=state)
    now = china_time(time.time() + 1)
    record(smscli, args=f"13800138000#@#{NASTY}#@#{now}#@#")
    record(smscli, args=f"13000138001#@#TD#@#{now}#@#")


def record(smscli: Smscli, **fields: str) -> None:
    """Record a push that came to the profile `shop`."""
    body = urlencode({"name": "", "pwd": "", **fields})
    ended = smscli("parse-report", "--record", "-p", "shop", stdin=body)
    assert ended.code == 0, ended.err
