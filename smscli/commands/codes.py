"""`smscli codes`: the tables of gateway codes and report states."""

from typing import Annotated

import typer

from smscli.commands._options import OutputOption
from smscli.errors import InputError
from smscli.output import write_rows
from smscli.protocol.codes import ANSWERS, OPERATOR_STATES, STATES, Meaning

SETTINGS = {"ignore_unknown_options": True}  # -1 is a code here, not an option
COLUMNS = ("kind", "code", "chinese", "english", "note")


def command(
    context: typer.Context,
    code: Annotated[
        str, typer.Argument(metavar="[CODE]", help="One code or state, e.g. 13, DELIVRD, MK:0001.", show_default=False)
    ] = "",
    output: OutputOption = None,
) -> None:
    """Explain the gateway's codes and the report states."""
    rows = [row for row in _rows() if not code or row[1] == code.strip().upper()]
    if not rows:
        from difflib import get_close_matches

        close = get_close_matches(code.strip().upper(), [row[1] for row in _rows()], 1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise InputError(
            f"{code!r} is not in the tables.{hint} The gateway and the operators also have codes of their own: ask the "
            "vendor's support what this one means. `smscli codes` lists those that are known."
        )
    write_rows(context.obj, COLUMNS, rows, output)


def _rows() -> list[tuple[str, str, str, str, str]]:
    def rows(kind: str, table: dict[str, Meaning]) -> list[tuple[str, str, str, str, str]]:
        return [(kind, code, meaning.zh, meaning.en, meaning.note) for code, meaning in table.items()]

    answers = {str(code): meaning for code, meaning in ANSWERS.items()}
    return rows("answer", answers) + rows("state", STATES) + rows("operator", OPERATOR_STATES)
