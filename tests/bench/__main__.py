"""`python -m tests.bench [NAME...]`: runs the benchmarks; ends with 1 where a bound is broken."""

import sys
from collections.abc import Callable

from tests.bench import bulk, engines, inbox, listening, parsing, startup, workbooks
from tests.bench.measure import Report

BENCHES: dict[str, Callable[[Report], None]] = {
    "startup": startup.bench,
    "parsing": parsing.bench,
    "bulk": bulk.bench,
    "inbox": inbox.bench,
    "listening": listening.bench,
    "workbooks": workbooks.bench,
    "engines": engines.bench,
}

report = Report()
for name in sys.argv[1:] or BENCHES:
    print(f"{name}:")
    BENCHES[name](report)
sys.exit(min(report.broken, 1))
