"""The options of `send`, and all of them together as one value."""

from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from smscli.commands._options import LIST, PACE
from smscli.output import Output
from smscli.sending.runner import Pace

_TEXT, _SAFETY = "Message", "Before it is sent"


def _option(*names: str, metavar: str, help: str, panel: str, **settings: Any) -> Any:  # noqa: A002
    return typer.Option(*names, metavar=metavar, help=help, rich_help_panel=panel, show_default=False, **settings)


def _flag(name: str, help: str, panel: str) -> Any:  # noqa: A002
    return typer.Option(name, help=help, rich_help_panel=panel)


Mobile = Annotated[
    list[str] | None, _option("--mobile", metavar="MOBILE", help="A number, or several joined by commas.", panel=LIST)
]
ListFile = Annotated[
    Path | None,
    _option(
        "--list",
        "--csv",
        metavar="FILE",
        help="A list: a workbook (xlsx, xls, xlsb, ods), CSV, or one number a line; a pipe works too.",
        panel=LIST,
    ),
]
SkipInvalid = Annotated[bool, _flag("--skip-invalid", help="Leave invalid lines out, send to the others.", panel=LIST)]
Rejects = Annotated[
    Path | None,
    _option(
        "--rejects",
        metavar="FILE",
        help="Write the invalid lines and their reasons to a new file, .csv or .xlsx.",
        panel=LIST,
    ),
]
Limit = Annotated[int | None, _option(min=1, metavar="N", help="Send only to the first N numbers.", panel=LIST)]
IncludeOptedOut = Annotated[
    bool, _flag("--include-opted-out", help="Send also to people who want no more messages.", panel=LIST)
]
Content = Annotated[
    str | None, _option(metavar="CONTENT", help="The text; {name} takes that column of the list.", panel=_TEXT)
]
ContentFile = Annotated[Path | None, _option(metavar="FILE", help="Read the text from a file.", panel=_TEXT)]
Template = Annotated[
    str, _option(metavar="TEMPLATE", help="An approved text; `smscli template list` shows them.", panel=_TEXT)
]
Var = Annotated[
    list[str] | None, _option(metavar="NAME=VALUE", help="Fill {NAME} with VALUE for every recipient.", panel=_TEXT)
]
Sign = Annotated[str | None, _option(metavar="SIGN", help="The signature, instead of the profile's.", panel=_TEXT)]
Extno = Annotated[
    str | None, _option(metavar="DIGITS", help="The extension code, instead of the profile's.", panel=_TEXT)
]
At = Annotated[
    str | None,
    _option(
        metavar="TIME",
        help="When to send, as 2026-12-01 09:00, 周五 18:00 or +2h; `smscli help times` lists all forms. "
        "Once accepted, it cannot be cancelled.",
        panel=_TEXT,
    ),
]
Key = Annotated[
    str | None,
    _option(metavar="NAME", help="A name for this send; the same name never sends twice.", panel=_SAFETY),
]
DryRun = Annotated[bool, _flag("--dry-run", help="Show what would be sent, and send nothing.", panel=_SAFETY)]
Force = Annotated[bool, _flag("--force", help="Send even if the balance is too low for the whole list.", panel=_SAFETY)]
MaxRefused = Annotated[
    int,
    typer.Option(
        min=0,
        metavar="N",
        help="Stop after N batches were refused; 0 means never.",
        rich_help_panel=_SAFETY,
    ),
]
BatchSize = Annotated[
    int | None,
    _option(min=1, metavar="N", help="Numbers in one request, instead of the profile's batch_size.", panel=PACE),
]


class SendOptions(NamedTuple):
    """What `send` was asked for."""

    mobile: list[str] | None = None
    list_file: Path | None = None
    column: str = ""
    sheet: str = ""
    encoding: str = ""
    skip_invalid: bool = False
    rejects: Path | None = None
    limit: int | None = None
    include_opted_out: bool = False
    content: str | None = None
    content_file: Path | None = None
    template: str = ""
    var: list[str] | None = None
    sign: str | None = None
    extno: str | None = None
    at: str | None = None
    key: str | None = None
    dry_run: bool = False
    force: bool = False
    batch_size: int | None = None
    pace: Pace = Pace()
    wait: str = ""
    yes: bool = False
    quiet: bool = False
    profile: str = ""
    output: Output | None = None
