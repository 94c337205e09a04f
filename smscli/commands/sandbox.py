"""`smscli sandbox`: a gateway on this machine that sends nothing."""

import os
import re
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TextIO
from urllib.parse import urlsplit

import typer

from smscli.commands._signals import ended_by_signals
from smscli.config import profile as profiles
from smscli.console import Environment
from smscli.errors import InputError
from smscli.language import _, system_reason
from smscli.protocol.pushes import Trust
from smscli.sandbox.faults import Fault
from smscli.sandbox.gateway import NO_TRUST, Sandbox


def _option(*names: str, metavar: str, help: str, **settings: Any) -> Any:  # noqa: A002
    return typer.Option(*names, metavar=metavar, help=help, **settings)


Port = Annotated[int, _option(min=0, max=65535, metavar="N", help="The port on 127.0.0.1; 0 takes any free one.")]
Balance = Annotated[int, _option(min=0, metavar="N", help="How many messages the account has.")]
Latency = Annotated[int, _option(min=0, metavar="MS", help="Milliseconds before each answer.")]
How = Annotated[Fault | None, _option(metavar="KIND", help=f"How to fail: {', '.join(Fault)}.", show_default=False)]
Every = Annotated[int, _option(min=1, metavar="N", help="Fail only at every Nth request.")]
Log = Annotated[
    Path | None, _option(metavar="FILE", help="Append the requests to a file instead of stderr.", show_default=False)
]
PushTo = Annotated[str, _option(metavar="URL", help="Push reports and replies to this address.", show_default=False)]
PushProfile = Annotated[
    str,
    _option(
        "-p",
        "--profile",
        metavar="PROFILE",
        help="Push with this account's push_name and push_pwd, or signed with its access_secret.",
        show_default=False,
    ),
]


def command(
    context: typer.Context,
    port: Port = 8788,
    balance: Balance = 1000,
    latency: Latency = 0,
    fault: How = None,
    fault_every: Every = 1,
    log: Log = None,
    push_to: PushTo = "",
    profile: PushProfile = "",
) -> None:
    """Run a gateway on this machine that sends nothing.

    It answers as the gateway does, and logs each request as a JSON line. These values give these codes:

    \b
    name      nosuch 10, closed 11, suspended 12, blocked-ip 13,
              malformed 14, broken -1
    pwd       wrong 10
    content   敏感 1, 余额不足 2, 没有号码 3, select * from 4,
              格式错误 14, 系统异常 -1
    mobile    not a mobile number: invalid; ending in 099: blacklisted;
              any other: accepted and charged

    Any other name and password is accepted.

    With --push-to, a message is reported as soon as it is accepted, also a scheduled one. Each push is repeated until
    it is answered 0. The last digits of a number choose what is pushed:

    \b
    state     01 EXPIRED, 02 UNDELIV, 03 UNKNOWN, 04 REJECTD,
              05 DTBLACK, 06 ERR:104, 07 REJECT, 08 MK:0012,
              any other DELIVRD
    reply     11 TD, 12 a long one in Chinese, any other none
    """
    environment: Environment = context.obj
    start = partial(Sandbox, port=port, balance=balance, latency=latency, fault=fault, fault_every=fault_every)
    start = partial(start, push_to=_push_target(push_to), push_trust=_push_trust(push_to, profile))
    with _open_log(log, environment.stderr) as stream, _bind(partial(start, log=stream), port) as sandbox:
        _serve(environment, sandbox.endpoint)


def _serve(environment: Environment, endpoint: str) -> None:
    stopped = threading.Event()
    with ended_by_signals(stopped.set):
        _announce(environment, endpoint)
        # A wait without an end could not be interrupted on Windows.
        while not stopped.wait(0.5):
            pass


def _bind(start: Callable[[], Sandbox], port: int) -> Sandbox:
    try:
        return start()
    except OSError as error:
        said = _("cannot listen on port {port} of 127.0.0.1: {reason}. Choose another with --port; 0 takes any.")
        raise InputError(said.format(port=port, reason=system_reason(error))) from None


def _push_target(url: str) -> str:
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        fits = False
    if url and not (fits and re.fullmatch("[!-~]+", url)):
        # Not quoted: there may be a password in it.
        raise InputError(_("--push-to needs an address like http://127.0.0.1:8787/, without a password."))
    return url


def _push_trust(url: str, profile: str) -> Trust:
    if not profile:
        return NO_TRUST
    if not url:
        raise InputError(_("--profile says whose credentials to push with; say also where to push: --push-to URL."))
    return profiles.choose(profile).trust or NO_TRUST


def _open_log(path: Path | None, stderr: TextIO) -> AbstractContextManager[TextIO]:
    if path is None:
        return nullcontext(stderr)
    try:
        # Others must not read the numbers and texts.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        said = _("cannot write the log {file!r}: {reason}.")
        raise InputError(said.format(file=str(path), reason=system_reason(error))) from None
    return os.fdopen(descriptor, "a", encoding="utf-8")


def _announce(environment: Environment, endpoint: str) -> None:
    lines = [
        _("sandbox on {endpoint}  (Ctrl-C stops it); in another shell:").format(endpoint=endpoint),
        f"  export SMSCLI_ENDPOINT={endpoint}",
        "  export SMSCLI_NAME=demo",
        "  export SMSCLI_PWD=demo",
    ]
    environment.say("\n".join(lines))
