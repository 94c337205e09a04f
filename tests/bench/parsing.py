"""A million lines: `parse-report` beside a `parse_qs` loop, reading a list beside a `csv.reader` loop."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from smscli.protocol.forms import encode_form
from smscli.protocol.pushes import Report as StatusReport
from smscli.protocol.pushes import report_fields
from tests.bench.measure import SMSCLI, Report, in_turn, ratio

LINES = 1_000_000
ROUNDS = 3
PARSE_QS = """import sys
from urllib.parse import parse_qs
counts = {}
for line in open(sys.argv[1]):
    state = parse_qs(line.strip())["state"][0]
    counts[state] = counts.get(state, 0) + 1
"""
CSV_READER = """import csv, sys
for row in csv.reader(open(sys.argv[1], newline="", encoding="utf-8")):
    pass
"""
READ_LIST = """import sys
from smscli.sending.recipients import read_list
with open(sys.argv[1], "rb") as stream:
    assert len(read_list(stream, "list").mobiles) == int(sys.argv[2])
"""
STATES = ("DELIVRD", "DELIVRD", "DELIVRD", "UNDELIV", "MK:0001")


def bench(report: Report) -> None:
    """Time the reading of reports and of lists."""
    with TemporaryDirectory() as directory:
        log, people = Path(directory, "reports.log"), Path(directory, "people.csv")
        _write_reports(log)
        _write_people(people)
        python = [sys.executable, "-c"]
        commands = {
            "parse_qs loop": [*python, PARSE_QS, str(log)],
            "smscli parse-report": [SMSCLI, "parse-report", str(log)],
            "smscli parse-report --summary": [SMSCLI, "parse-report", "--summary", str(log)],
            "csv.reader loop": [*python, CSV_READER, str(people)],
            "reading a list": [*python, READ_LIST, str(people), str(LINES)],
        }
        runs = in_turn(commands, ROUNDS)
    report.figures(runs)
    report.hold("parse_qs loop / parse-report", ratio(runs, "parse_qs loop", "smscli parse-report"), 4, least=True)
    report.hold("parse-report, peak MiB", max(run.peak for run in runs["smscli parse-report"]), 40)
    report.hold("reading a list / csv.reader loop", ratio(runs, "reading a list", "csv.reader loop"), 2.5)
    report.hold("reading a list, peak MiB", max(run.peak for run in runs["reading a list"]), 300)


def _write_reports(path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for n in range(LINES):
            time = f"2026-11-22 {n // 3600 % 24:02d}:{n // 60 % 60:02d}:{n % 60:02d}"
            report = StatusReport(f"20261122090000{n // 500:011d}", f"138{n:08d}", STATES[n % 5], time)
            file.write(encode_form(report_fields([report], "admin", "12345")).decode() + "\n")


def _write_people(path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("姓名,手机号,城市\n")
        file.writelines(f"张三{n % 1000},138{n:08d},上海\n" for n in range(LINES))
