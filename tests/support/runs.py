"""Runs as the ledger keeps them."""

from smscli.ledger.runs import Run


def new_run(content: str = "{x}", count: int = 0, profile: str = "shop") -> Run:
    """Return a run that is not in the ledger yet."""
    return Run(0, None, 1.0, "wang@shop", profile, "demo", content, "", "", "", "", "", count, 0, 0)
