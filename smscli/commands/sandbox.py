"""`smscli sandbox`: a gateway on this machine that sends nothing."""

import os
import signal
import sys
import threading
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, TextIO

import typer

from smscli.errors import InputError
from smscli.sandbox import Fault, Sandbox


def command(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes any free one.")] = 8788,
    balance: Annotated[int, typer.Option(min=0, help="Messages to start with.")] = 1000,
    latency: Annotated[int, typer.Option(min=0, metavar="MS", help="Wait before each answer, milliseconds.")] = 0,
    fault: Annotated[
        Fault | None, typer.Option(metavar="KIND", help=f"How to misbehave: {', '.join(Fault)}.", show_default=False)
    ] = None,
    fault_every: Annotated[int, typer.Option(min=1, metavar="N", help="Misbehave at every Nth request.")] = 1,
    log: Annotated[
        Path | None, typer.Option(help="Append the requests to a file instead of stderr.", show_default=False)
    ] = None,
) -> None:
    """Run a gateway on this machine that sends nothing.

    It serves the gateway's protocol and logs each request as a JSON line. What makes it answer what:

    \b
      name      nosuch 10, closed 11, suspended 12, blocked-ip 13,
                malformed 14, broken -1
      pwd       wrong 10
      content   敏感 1, 余额不足 2, 没有号码 3, select * from 4,
                格式错误 14, 系统异常 -1
      mobile    ill-formed: invalid; ending in 099: blacklisted;
                any other: accepted and charged

    Every other name and password is welcome.
    """
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    with _open_log(log) as stream, _bind(port, balance, latency, fault, fault_every, stream) as sandbox:
        _announce(sandbox.endpoint)
        # A wait without an end could not be interrupted on Windows.
        while not stopped.wait(0.5):
            pass


def _bind(port: int, balance: int, latency: int, fault: Fault | None, fault_every: int, log: TextIO) -> Sandbox:
    try:
        return Sandbox(port=port, balance=balance, latency=latency, fault=fault, fault_every=fault_every, log=log)
    except OSError as error:
        raise InputError(
            f"cannot listen on port {port} of 127.0.0.1: {error.strerror}. Choose another with --port; 0 takes any."
        ) from None


def _open_log(path: Path | None) -> AbstractContextManager[TextIO]:
    if path is None:
        return nullcontext(sys.stderr)
    try:
        # Numbers and texts are nobody else's business.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        raise InputError(f"cannot write the log {str(path)!r}: {error.strerror}.") from None
    return os.fdopen(descriptor, "a", encoding="utf-8")


def _announce(endpoint: str) -> None:
    lines = [
        f"sandbox on {endpoint}  (Ctrl-C stops it); in another shell:",
        f"  export SMSCLI_ENDPOINT={endpoint}",
        "  export SMSCLI_NAME=demo",
        "  export SMSCLI_PWD=demo",
    ]
    typer.echo("\n".join(lines), err=True)
