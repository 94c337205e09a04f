"""The output of a Nagios plugin: one line and its performance data; Icinga, Naemon and checkmk read it too."""

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import NamedTuple


class Status(IntEnum):
    """How a plugin ends; the numbers are its exit codes."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


# Of several, the first of these is the one that counts.
_BY_WEIGHT = (Status.CRITICAL, Status.WARNING, Status.UNKNOWN, Status.OK)


class Service(NamedTuple):
    """One thing that was looked at: its status, a text about it, and its performance data, "" where there is none."""

    status: Status
    text: str
    data: str = ""


def worst(statuses: Iterable[Status]) -> Status:
    """Return the status of several together."""
    found = set(statuses)
    return next((status for status in _BY_WEIGHT if status in found), Status.UNKNOWN)


def measured(label: str, value: str, warning: int | None, critical: int | None) -> str:
    """Return the performance data of a value that should not fall below the limits."""
    name = label.translate(str.maketrans("'=|", "___"))
    return f"'{_one_line(name)}'={value};{_at_least(warning)};{_at_least(critical)}"


def _at_least(limit: int | None) -> str:
    return "" if limit is None else f"{limit}:"  # a range; without the colon it would be "at most"


def line(name: str, services: Sequence[Service]) -> str:
    """Return a plugin's one line about all services; `|` begins the performance data, so no text has one."""
    status = worst(service.status for service in services)
    said = "; ".join(_one_line(service.text).replace("|", "/") for service in services)
    data = " ".join(service.data for service in services if service.data)
    return f"{name} {status.name} - {said}{data and ' | '}{data}\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())
