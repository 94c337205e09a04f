"""Runs as the ledger keeps them."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from smscli.ledger.claims import Claim, Claims
from smscli.ledger.inbox import Inbox
from smscli.ledger.runs import Batch, Run, Runs
from smscli.ledger.store import Store, open_store


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


class Steps:
    """The claims of a process on a run, step by step."""

    def __init__(self, store: Store, run: Run) -> None:
        self.claims = Claims(store, run, one_text=False)

    def claim(self, answered: Batch | None = None) -> Claim:
        """Write an answer, and claim the next batch, which there has to be."""
        claim = self.claims.advance(answered, lambda: True)
        assert claim
        return claim

    def settle(self, answered: Batch) -> None:
        """Write an answer, and claim nothing."""
        self.claims.advance(answered, lambda: False)

    def has_more(self, answered: Batch | None = None) -> bool:
        """Write an answer, and claim the next batch, if there is one."""
        return self.claims.advance(answered, lambda: True) is not None


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
