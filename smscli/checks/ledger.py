"""Checks of the ledger: whether it is sound, its engine and size, the disk that it is on, and unfinished runs."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from smscli.checks.finding import Finding, failed, passed, warned, within
from smscli.errors import ConfigError, LedgerError, SmsError
from smscli.language import _, ngettext, system_reason
from smscli.ledger.backup import Health, check
from smscli.ledger.store import ledger_location, open_store

READING_SECONDS = 60.0  # about 10 GB
DISK_WARNS, DISK_FAILS = 1 << 30, 100 << 20  # bytes
_MIB = 1 << 20


def check_ledger() -> Iterator[Finding]:
    """Check the ledger; where there is none yet, it is not made. The disk of a server is its own matter."""
    try:
        location = ledger_location()
    except (ConfigError, LedgerError) as error:
        yield failed("ledger", error.unsent())
        return
    if isinstance(location, Path) and not location.exists():
        yield passed("ledger", _("there is no ledger yet; the first send makes {path}").format(path=location))
    else:
        yield from _check_contents(str(location))
    if isinstance(location, Path):
        yield _check_disk(location)


def _check_contents(path: str) -> Iterator[Finding]:
    try:
        health = within(READING_SECONDS, _health)
    except SmsError as error:
        yield failed("ledger", error.unsent())
        return
    except TimeoutError:
        message = _("the ledger {path} was not read to its end within {seconds:.0f} s").format(
            path=path, seconds=READING_SECONDS
        )
        yield warned("ledger", message, _("Read it without a limit of time: smscli ledger check"))
        return
    if health.problems:
        message = _("the ledger {path} is damaged: {problem}").format(path=path, problem=health.problems[0])
        yield failed("ledger", message, _("Put a backup in its place, or move it away to start a new one."))
        return
    facts = dict(health.facts)
    runs, size = health.counts["run"], facts.get("bytes")
    if size is None:
        yield passed("ledger", _("the ledger {path} is sound: {runs:,} runs").format(path=path, runs=runs))
    else:
        message = _("the ledger {path} is sound: {runs:,} runs, {size:,.1f} MiB")
        yield passed("ledger", message.format(path=path, runs=runs, size=int(size) / _MIB), size)
    yield passed("engine", _("the ledger's engine is {engine}").format(engine=facts["engine"]), facts["engine"])
    yield _check_runs(health)


def _health() -> Health:
    with open_store() as store:
        return check(store)


def _check_runs(health: Health) -> Finding:
    advice = _("Look at them with: smscli runs")
    if health.unfinished:
        message = ngettext("{count:,} run is unfinished", "{count:,} runs are unfinished", health.unfinished)
        return warned("runs", message.format(count=health.unfinished), advice, health.unfinished)
    if health.unknown:
        message = ngettext(
            "of {count:,} number it is unknown whether the message was sent",
            "of {count:,} numbers it is unknown whether the message was sent",
            health.unknown,
        )
        return warned("runs", message.format(count=health.unknown), advice, 0)
    return passed("runs", _("no run is unfinished"), 0)


def _check_disk(path: Path) -> Finding:
    directory = next((parent for parent in path.parents if parent.exists()), path)
    try:
        free = shutil.disk_usage(directory).free
    except OSError as error:
        message = _("the free space of {directory} is not known: {why}").format(
            directory=directory, why=system_reason(error)
        )
        return warned("disk", message, _("Look at it by hand, for example with: df -h"))
    message = _("{size:,.0f} MiB are free on the disk of {directory}").format(size=free / _MIB, directory=directory)
    advice = _("Make space: nothing can be sent or received when the ledger cannot be written.")
    if free < DISK_FAILS:
        return failed("disk", message, advice, free)
    return warned("disk", message, advice, free) if free < DISK_WARNS else passed("disk", message, free)
