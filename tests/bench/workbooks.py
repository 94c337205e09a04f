"""A long workbook, with numbers as numbers, beside the bare library that reads it."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.measure import Report, in_turn, ratio

ROWS = 300_000
ROUNDS = 3
BARE = """import sys
from python_calamine import load_workbook
for row in load_workbook(sys.argv[1]).get_sheet_by_index(0).iter_rows():
    pass
"""
READ_LIST = """import sys
from smscli.sending.recipients import read_list
with open(sys.argv[1], "rb") as stream:
    assert len(read_list(stream, "list").mobiles) == int(sys.argv[2])
"""


def bench(report: Report) -> None:
    """Time the reading of a workbook."""
    with TemporaryDirectory() as directory:
        path = Path(directory, "people.xlsx")
        _write(path)
        python = [sys.executable, "-c"]
        commands = {
            "bare library": [*python, BARE, str(path)],
            "reading a workbook": [*python, READ_LIST, str(path), str(ROWS)],
        }
        runs = in_turn(commands, ROUNDS)
    report.figures(runs)
    report.hold("reading a workbook / bare library", ratio(runs, "reading a workbook", "bare library"), 2)
    report.hold("reading a workbook, peak MiB", max(run.peak for run in runs["reading a workbook"]), 150)


def _write(path: Path) -> None:
    import openpyxl  # not before: a child begins with the memory of the bench, and its peak counts that

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("名单")
    for n in range(ROWS):
        sheet.append((f"张三{n % 1000}", 13800000000 + n, n / 4))
    book.save(path)
