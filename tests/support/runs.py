"""Runs as the ledger keeps them."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from smscli.ledger.inbox import Inbox
from smscli.ledger.runs import Run, Runs
from smscli.ledger.store import open_store


def new_run(content: str = "{x}", count: int = 0, profile: str = "shop") -> Run:
    """Return a run that is not in the ledger yet."""
    return Run(0, None, 1.0, "wang@shop", profile, "demo", content, "", "", "", "", "", count, 0, 0)


@contextmanager
def begun(runs: Runs, batches: Iterable[tuple[str, Sequence[str]]], run: Run | None = None) -> Iterator[Run]:
    """Write a run with these texts and numbers, and hold it while the block lasts."""
    kept = list(batches)
    count = sum(len(mobiles) for _, mobiles in kept)
    with runs.begin(lambda: ((run or new_run())._replace(numbers=count), kept)) as written:
        yield written


@contextmanager
def open_runs() -> Iterator[Runs]:
    """Open the ledger for a look at its runs."""
    with open_store() as store:
        yield Runs(store)


@contextmanager
def open_inbox() -> Iterator[Inbox]:
    """Open the ledger for what came back."""
    with open_store() as store:
        yield Inbox(store)
