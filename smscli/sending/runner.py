"""Carries a run out: ledger before gateway, batch by batch, several at once, until done or until it has to stop."""

import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import NamedTuple

from smscli.errors import ConfigError, ExitCode, OutcomeUnknownError, UnreachableError
from smscli.gateway.client import Gateway, describe_refusal
from smscli.ledger.runs import Batch, Ledger, Run, State, Totals
from smscli.ledger.store import LedgerError
from smscli.protocol.answers import ACCOUNT_CODES, SendAnswer
from smscli.protocol.forms import send_form

_PAGE = 64  # batches read ahead
_UNKNOWNS = 3  # so many in a row without a proper answer stop the run


class Pace(NamedTuple):
    """How fast: requests at once, requests a second (0: no limit), and after how many refusals to stop (0: never)."""

    workers: int = 4
    rate: float = 0
    max_refused: int = 0


class Campaign:
    """One process's work on one run, which it holds in the ledger."""

    def __init__(self, ledger: Ledger, run: Run, gateways: Sequence[Gateway], pace: Pace) -> None:
        self.interrupted = False
        self.reason = ""  # why it stopped before the end, as a sentence
        self._ledger, self._run, self._gateways, self._pace = ledger, run, gateways, pace
        self._open = ledger.open_numbers(run.id)
        totals = ledger.totals(run.id)
        self._accepted, self._batches = totals.accepted, sum(totals.batches.values())
        self._one_text = ledger.has_one_text(run.id)
        self._lock = threading.Lock()
        self._page: deque[Batch] = deque()
        self._last = 0
        self._stopped = False
        self._refused = self._unknowns = 0
        self._next_turn = 0.0
        self._error: Exception | None = None

    def carry_out(self, watch: Callable[[int, int], None]) -> None:
        """Send what is open; `watch` is told about ten times a second how many numbers are done and how many accepted.

        The first interrupt lets the requests in flight end, the second raises KeyboardInterrupt at once.
        """
        count = min(self._pace.workers, self._batches)
        workers = [threading.Thread(target=self._work, daemon=True) for _ in range(count)]
        with self._listening():
            for worker in workers:
                worker.start()
            for worker in workers:
                while worker.is_alive():
                    worker.join(0.1)
                    watch(self._run.numbers - self._open, self._accepted)
        if isinstance(self._error, LedgerError):
            raise OutcomeUnknownError(f"{self._error} What was in flight is unknown; the rest was not sent.")
        if self._error:
            raise self._error

    # --- one worker ---

    def _work(self) -> None:
        answered: list[Batch] = []
        try:
            while batch := self._take():
                if self._pace.rate:
                    self._ledger.settle(self._run.id, answered)
                    answered = []
                    self._wait_for_turn()
                    if self._stopped:
                        break
                # One sync to disk for the last answer and for the next request, which leaves only after it.
                self._ledger.settle(self._run.id, [*answered, batch._replace(state=State.SENDING)])
                answered = [self._send(batch)]
                self._judge(answered[0])
            self._ledger.settle(self._run.id, answered)
        except Exception as error:
            self._error = error
            self._stopped = True

    def _take(self) -> Batch | None:
        with self._lock:
            if self._stopped:
                return None
            if not self._page:
                self._page.extend(self._ledger.open_batches(self._run.id, self._last, _PAGE))
            if not self._page:
                return None
            batch = self._page.popleft()
            self._last = batch.number
            return batch

    def _wait_for_turn(self) -> None:
        with self._lock:
            turn = max(self._next_turn, time.monotonic())
            self._next_turn = turn + 1 / self._pace.rate
        while not self._stopped and (left := turn - time.monotonic()) > 0:
            time.sleep(min(left, 0.1))

    def _send(self, batch: Batch) -> Batch:
        """Send a batch; a standby endpoint is tried only where it is proved that nothing was sent."""
        run, error = self._run, ""
        form = send_form(batch.content, batch.mobiles, run.sign, run.extno, run.stime)
        for gateway in self._gateways:
            try:
                return _answered(batch, gateway.send(form))
            except UnreachableError as unreachable:
                error = str(unreachable)
            except OutcomeUnknownError as unknown:
                return batch._replace(state=State.UNKNOWN, error=str(unknown))
            except ConfigError as wrong:  # found out before anything was sent
                self._error, self._stopped = wrong, True
                return batch._replace(state=State.PLANNED)
        return batch._replace(state=State.UNREACHABLE, error=error)

    def _judge(self, batch: Batch) -> None:
        """Count a batch's fate, and stop the run where the following ones would share it."""
        with self._lock:
            self._open -= batch.numbers
            self._accepted += batch.accepted
            self._refused += batch.state is State.REFUSED
            self._unknowns = self._unknowns + 1 if batch.state is State.UNKNOWN else 0
            reason = self._reason_to_stop(batch)
            if reason and not self._stopped:
                self._stopped, self.reason = True, reason

    def _reason_to_stop(self, batch: Batch) -> str:
        if batch.state is State.UNREACHABLE:
            return "the gateway cannot be reached"
        if batch.state is State.REFUSED and (self._one_text or is_account_refusal(batch)):
            return "the following batches would be refused as well"
        if self._pace.max_refused and self._refused >= self._pace.max_refused:
            return f"{self._refused} batches were refused"
        return f"{_UNKNOWNS} batches in a row got no proper answer" if self._unknowns >= _UNKNOWNS else ""

    # --- interrupts ---

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Let the first SIGINT or SIGTERM stop after the requests in flight, the second at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        heard = [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) != signal.SIG_IGN]
        before = {number: signal.signal(number, self._interrupt) for number in heard}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        if self.interrupted:
            raise KeyboardInterrupt
        self.interrupted = self._stopped = True


def is_account_refusal(batch: Batch) -> bool:
    """Tell whether a refusal is about the account (10 to 14, no balance), so that it would hit any other batch too."""
    return batch.code in ACCOUNT_CODES or (batch.code == 2 and "敏感" not in batch.message)


def describe(batch: Batch) -> str:
    """Return what went wrong with a batch as a sentence; empty where nothing did."""
    if batch.state is State.ACCEPTED and batch.accepted < batch.numbers:
        found = f"{batch.invalid:,} invalid and {batch.blacklisted:,} blacklisted"
        return f"the gateway accepted {batch.accepted:,} of {batch.numbers:,} numbers; it found {found}."
    if batch.state in (State.PLANNED, State.ACCEPTED):
        return ""
    return batch.error if batch.code is None else describe_refusal(batch.code, batch.message)


def _answered(batch: Batch, answer: SendAnswer) -> Batch:
    # -1, "gateway error", does not say whether the message was queued.
    state = State.ACCEPTED if answer.code == 0 else State.UNKNOWN if answer.code == -1 else State.REFUSED
    return batch._replace(
        state=state,
        code=answer.code,
        sendid=answer.sendid,
        accepted=answer.accepted,
        invalid=answer.invalid,
        blacklisted=answer.blacklisted,
        message=answer.msg,
    )


def exit_code(totals: Totals) -> ExitCode:
    """Return what a run ends as; whatever is unknown comes first, for money may be lost by a repeat."""
    states = totals.batches
    if State.UNKNOWN in states or State.SENDING in states:
        return ExitCode.UNKNOWN
    if not totals.missing:
        return ExitCode.DONE
    if totals.accepted:
        return ExitCode.PARTLY
    return ExitCode.UNREACHABLE if State.UNREACHABLE in states else ExitCode.REFUSED
