"""`smscli codes`: the tables of gateway codes and report states."""

from typing import Annotated

import typer

from smscli.commands._options import OutputOption
from smscli.errors import InputError
from smscli.language import _, language
from smscli.output import is_table, write_rows
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
        if close:
            raise InputError(_("{code!r} is not in the tables. Did you mean {near}?").format(code=code, near=close[0]))
        said = _(
            "{code!r} is not in the tables. The gateway and the operators also have codes of their own: ask the "
            "vendor's support what this one means. `smscli codes` lists those that are known."
        )
        raise InputError(said.format(code=code))
    if language() == "zh" and is_table(context.obj, output):  # a column that is empty is not shown
        rows = [(kind, code, chinese, "", _(note)) for kind, code, chinese, _english, note in rows]
    write_rows(context.obj, COLUMNS, rows, output)


def _rows() -> list[tuple[str, str, str, str, str]]:
    def rows(kind: str, table: dict[str, Meaning]) -> list[tuple[str, str, str, str, str]]:
        return [(kind, code, meaning.zh, meaning.en, meaning.note) for code, meaning in table.items()]

    answers = {str(code): meaning for code, meaning in ANSWERS.items()}
    return rows("answer", answers) + rows("state", STATES) + rows("operator", OPERATOR_STATES)
