"""`--html FILE`: writes a page for other people's eyes."""

import os
from pathlib import Path
from tempfile import mkstemp
from typing import Annotated

import typer

from smscli.commands._own_files import refuse_own_file
from smscli.config.file import read_config
from smscli.console import Environment
from smscli.errors import InputError
from smscli.language import _, system_reason
from smscli.ledger.statistics import Statistics, Wanted, count_old
from smscli.ledger.store import Store

HtmlOption = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Write a page with charts into FILE instead.", show_default=False),
]
NumbersOption = Annotated[
    bool, typer.Option("--whole-numbers", help="With --html: show whole phone numbers, not 138****8000.")
]
_START = 2048  # characters, in which a page says that it is one


def check_page_options(html: Path | None, whole_numbers: bool, others: bool) -> None:
    """Refuse options that do not go together, and a file that must not be overwritten."""
    if whole_numbers and not html:
        raise InputError(_("--whole-numbers can be used only with --html."))
    if html and others:
        raise InputError(_("--html writes a whole page: leave the options away that choose what is printed."))
    if html:
        _refuse_other_file(html)


def open_statistics(environment: Environment, store: Store, wanted: Wanted) -> Statistics:
    """Return the figures of the ledger; what an older version wrote is counted first, which may take a while."""
    note = _("counting what an older version of smscli wrote; this is done only once")
    count_old(store, lambda: environment.say(note))
    return Statistics(store, wanted._replace(lengths=_reply_lengths()))


def _reply_lengths() -> dict[str, int]:
    """Return each profile's extension_length, by which a reply finds its run."""
    return {label: int(table.get("extension_length", 0)) for label, table in read_config().profiles.items()}


def write_page(environment: Environment, path: Path, page: str) -> None:
    """Write a page that only its owner can read; a page that was there before is replaced as a whole."""
    try:
        _replace(path, page)
    except OSError as error:
        raise InputError(
            _("{file} cannot be written: {reason}. Name another file.").format(file=path, reason=system_reason(error))
        ) from None
    environment.say(_("The page is in {file}; only you can read it.").format(file=path))


def _replace(path: Path, page: str) -> None:
    file, temporary = mkstemp(dir=path.parent, prefix=f".{path.name[:50]}-")  # with mode 0600
    try:
        with os.fdopen(file, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(page)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _refuse_other_file(path: Path) -> None:
    """Refuse to replace anything but a page: a list or the ledger would be lost."""
    from smscli.reporting.blocks import MARK

    refuse_own_file(path)
    try:
        if not path.exists() and not path.is_symlink():
            return
        is_page = path.is_file() and MARK.encode() in path.read_bytes()[:_START]
    except (OSError, ValueError) as error:
        raise InputError(
            _("{file} cannot be written: {reason}. Name another file.").format(file=path, reason=system_reason(error))
        ) from None
    if not is_page:
        raise InputError(
            _("{file} exists and is not a page of smscli, so it was left as it is. Name another file.").format(
                file=path
            )
        )
