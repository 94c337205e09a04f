"""Real workbooks of every format, made by the libraries that others make them with."""

import zipfile
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P
from pyxlsbwriter import XlsbWriter

Rows = Sequence[Sequence[Any]]


def xlsx(path: Path, rows: Rows = (), **more: Rows) -> Any:
    """Write a workbook of one sheet, and of more by their names; returns it, to be changed and saved again."""
    book = openpyxl.Workbook()
    book.active.title = "名单"
    for row in rows:
        book.active.append(row)
    for name, others in more.items():
        sheet = book.create_sheet(name)
        for row in others:
            sheet.append(row)
    book.save(path)
    return book


def xls(path: Path, rows: Rows) -> None:
    """Write the format of Excel 97."""
    book = xlwt.Workbook()
    sheet = book.add_sheet("名单")
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            sheet.write(number, column, cell)
    book.save(str(path))


def ods(path: Path, rows: Rows) -> None:
    """Write LibreOffice's format; what a cell shows differs from what it holds, as in 1.38E+10."""
    document, table = OpenDocumentSpreadsheet(), Table(name="名单")
    for row in rows:
        line = TableRow()
        for cell in row:
            is_text = isinstance(cell, str)
            shown = TableCell(valuetype="string") if is_text else TableCell(valuetype="float", value=str(cell))
            shown.addElement(P(text=cell if is_text else f"{cell:.2E}"))
            line.addElement(shown)
        table.addElement(line)
    empty = TableRow(numberrowsrepeated=1_000_000)  # as LibreOffice ends a sheet
    empty.addElement(TableCell(numbercolumnsrepeated=1024))
    table.addElement(empty)
    document.spreadsheet.addElement(table)
    document.save(str(path))


def xlsb(path: Path, rows: Rows) -> None:
    """Write Excel's binary format."""
    with XlsbWriter(str(path)) as book:
        book.add_sheet("名单")
        book.write_sheet(rows)


FORMATS: dict[str, Callable[[Path, Rows], Any]] = {"xlsx": xlsx, "xls": xls, "ods": ods, "xlsb": xlsb}


def ole(stream: str) -> bytes:
    """Return a file of the kind that .xls is, with one stream of another name."""
    raw = BytesIO()
    xlwt.CompoundDoc.XlsDoc().save(raw, b"x" * 5000)
    name, new = "Workbook".encode("utf-16-le"), stream.encode("utf-16-le")
    start = raw.getvalue().index(name)
    entry = new.ljust(64, b"\0") + (len(new) + 2).to_bytes(2, "little")
    return raw.getvalue()[:start] + entry + raw.getvalue()[start + 66 :]


def patch(path: Path, part: str, old: bytes, new: bytes) -> None:
    """Replace bytes in one part of a workbook that is a zip."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old in parts[part], parts[part][:2000]
    parts[part] = parts[part].replace(old, new)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
