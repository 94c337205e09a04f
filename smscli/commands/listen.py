"""`smscli listen`: the service that the gateway pushes status reports and replies to."""

import os
import threading
from collections.abc import Iterator
from ipaddress import ip_network
from queue import SimpleQueue
from time import sleep
from typing import Annotated

import typer

from smscli.commands._options import OutputOption, ProfileOption
from smscli.commands._signals import ended_by_signals
from smscli.config import profile as profiles
from smscli.config.file import config_path
from smscli.config.keys import parse_duration
from smscli.config.profile import Profile
from smscli.console import Environment, OutputError
from smscli.errors import ConfigError, ExitCode, InputError
from smscli.httpd.server import Server
from smscli.language import _, system_reason
from smscli.ledger.inbox import Inbox
from smscli.ledger.store import open_store
from smscli.output import Cell, Output, follow
from smscli.protocol.codes import state_meaning
from smscli.protocol.optout import wants_out
from smscli.protocol.pushes import Push, Reply
from smscli.receiving.access import Access, Network
from smscli.receiving.receiver import BODY_LIMIT, HEALTH, METRICS, START_LIMIT, Receiver

COLUMNS = ("kind", "mobile", "time", "state", "meaning", "sendid", "content", "extension", "optout")
# What a terminal of 80 columns can show, and how wide; `status` has the sendid.
_WIDTHS = {"kind": 6, "mobile": 11, "time": 19, "state": 8, "optout": 6, "meaning": 0, "content": 0}
_PATIENCE = 10.0  # seconds for the answers that are on their way
_LAST_SECONDS = 2.0  # after that, for the reader of the events
_PAUSE = 0.05  # seconds between two writes
_UNREAD = 100_000  # events that may wait for their reader

TrustProxyOption = Annotated[
    bool, typer.Option("--trust-proxy", help="Behind a proxy: the caller is the last address in X-Forwarded-For.")
]
MetricsOption = Annotated[
    bool, typer.Option("--metrics", help="Serve /metrics for Prometheus, to programs on this machine only.")
]


def command(
    context: typer.Context,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="The address to listen on; 0.0.0.0 is every address.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="The port; 0 takes any free one.")] = 8787,
    path: Annotated[
        str, typer.Option(metavar="PATH", help="The path of the address that the gateway pushes to.")
    ] = "/",
    allow: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS", help="Accept pushes only from this IP or network; may be repeated.", show_default=False
        ),
    ] = None,
    trust_proxy: TrustProxyOption = False,
    metrics: MetricsOption = False,
    profile: ProfileOption = "",
    output: OutputOption = None,
) -> ExitCode:
    """Receive status reports and replies from the gateway, and print each as it comes.

    A push is answered 0 only when it is safely in the ledger; `smscli runs`, `status` and `inbox` show it. In a pipe
    the output is JSON lines. GET /healthz answers ok while this runs. With --metrics,
    /metrics has counts without phone numbers; let no proxy pass it on.
    """
    account = _checked(profiles.choose(profile), allow or [])
    window = parse_duration(account.push_window) or 0
    access = Access([_network(text) for text in allow or []], trust_proxy, window)
    environment: Environment = context.obj
    printer = _Printer(environment, account, output)
    terminated = threading.Event()
    with open_store() as store, ended_by_signals(terminated.set):
        place = _checked_path(path, metrics)
        receiver = Receiver(Inbox(store), account, place, access, printer.show, environment.say, metrics)
        server = _bind(receiver, host, port)
        server.start()
        said = _("listening on {url} for {profile}  (Ctrl-C stops it)")
        environment.say(said.format(url=_url(host, server.port, path), profile=account.label))
        code = _wait(terminated)
        server.stop()
        receiver.finish()
    printer.finish(code)
    return code


def _wait(terminated: threading.Event) -> ExitCode:
    try:
        # On Windows a wait without a timeout cannot be interrupted.
        while not terminated.wait(0.5):
            pass
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    return ExitCode.DONE


def _checked(account: Profile, allow: list[str]) -> Profile:
    if not account.trust and not allow:
        said = _(
            "profile {profile!r} has neither push_name nor access_secret, so anybody could send false reports. "
            "Add what was agreed with the vendor to {path}, or name the gateway's address with --allow."
        )
        raise ConfigError(said.format(profile=account.label, path=config_path()))
    return account


def _network(text: str) -> Network:
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        said = _("--allow needs an address like 192.0.2.7 or 192.0.2.0/24, not {text!r}.")
        raise InputError(said.format(text=text)) from None


def _checked_path(path: str, has_metrics: bool) -> str:
    if not path.startswith("/") or path == HEALTH or "?" in path or "#" in path:
        said = _("--path needs a path like /push, not {path!r}; {used} is used already.")
        raise InputError(said.format(path=path, used=HEALTH))
    if has_metrics and path == METRICS:
        raise InputError(_("--path cannot be {path}, because --metrics is there.").format(path=path))
    return path


def _bind(receiver: Receiver, host: str, port: int) -> Server:
    try:
        return Server(receiver.respond, host, port, _PATIENCE, BODY_LIMIT, START_LIMIT)
    except OSError as error:
        said = _("cannot listen on port {port} of {host}: {reason}. Choose another with --port or --host.")
        raise InputError(said.format(port=port, host=host, reason=system_reason(error))) from None


def _url(host: str, port: int, path: str) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{path}"


class _Printer:
    """Prints events in its own thread, so that a slow or missing reader never stops the receiving."""

    def __init__(self, environment: Environment, account: Profile, output: Output | None) -> None:
        self._environment = environment
        self._optout_words = account.optout_words
        self._output = output
        self._is_table = output is Output.TABLE or (output is None and environment.stdout.isatty())
        self._pushes: SimpleQueue[Push | None] = SimpleQueue()
        self._overrun = False
        self._thread = threading.Thread(target=self._print, daemon=True)
        self._thread.start()

    def show(self, push: Push) -> None:
        """Print a push soon, unless its reader is too slow."""
        if self._pushes.qsize() < _UNREAD:
            self._pushes.put(push)
        elif not self._overrun:
            self._overrun = True
            self._environment.say(
                _("smscli: the reader of the events is too slow, so some are not printed. All are in the ledger.")
            )

    def finish(self, code: ExitCode) -> None:
        """Print what still waits, but do not wait for a reader that takes nothing."""
        self._pushes.put(None)
        self._thread.join(_LAST_SECONDS)
        if self._thread.is_alive():
            os._exit(code)  # only what it does not read is lost; a flush would wait for it forever

    def _print(self) -> None:
        groups = self._groups()
        try:
            if follow(self._environment, COLUMNS, groups, _WIDTHS, self._output):
                return
            why = _("the reader of the events has gone.")
        except OutputError as error:
            why = str(error)
        said = _("smscli: {why} Receiving goes on; `smscli inbox` and `smscli runs` show what came.")
        self._environment.say(said.format(why=why))
        for _rows in groups:
            pass

    def _groups(self) -> Iterator[list[tuple[Cell, ...]]]:
        """Yield the rows that wait, again and again; the pause between makes fewer, larger writes."""
        ended = False
        while not ended:
            pushes = [self._pushes.get()]
            if pushes[0]:
                sleep(_PAUSE)
            while not self._pushes.empty():
                pushes.append(self._pushes.get())
            ended = pushes[-1] is None
            rows = [row for push in pushes if push for row in self._rows(push)]
            if rows:
                yield rows

    def _rows(self, push: Push) -> Iterator[tuple[Cell, ...]]:
        for event in push.events:
            if isinstance(event, Reply):
                optout = wants_out(event.content, self._optout_words)
                yield "reply", event.mobile, event.time, "", "", "", event.content, event.extension, optout
            else:
                sendid, mobile, state, time = event
                meaning = state_meaning(state)
                said = meaning.spoken if self._is_table else meaning.both
                yield "report", mobile, time, state, said, sendid, "", "", False
