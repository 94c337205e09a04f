"""Carries a run out: ledger before gateway, batch by batch, several at once, until done or until it has to stop."""

import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import NamedTuple

from smscli.config.profile import Profile
from smscli.errors import ConfigError, OutcomeUnknownError, UnreachableError
from smscli.gateway.client import Gateway, describe_answer
from smscli.language import _
from smscli.ledger import states
from smscli.ledger.runs import Batch, Run, Runs
from smscli.ledger.states import State
from smscli.ledger.store import LedgerBusyError, LedgerError, LedgerLostError, Store
from smscli.ledger.summary import summarize
from smscli.protocol.answers import SendAnswer
from smscli.protocol.forms import send_form

_PAGE = 64  # batches read ahead
_UNKNOWNS = 3  # this many in a row without a proper answer stop the run
# How long to try to write an answer while the ledger is locked or the disk is full, and the pause between.
_LOCKED_SECONDS = 600.0
_FULL_SECONDS = 60.0
_AGAIN_SECONDS = 0.5
_NAMED = 5  # numbers of a batch that are shown
_STOPPING = ("SIGINT", "SIGTERM", "SIGHUP")


class Pace(NamedTuple):
    """How fast: requests at once, requests a second (0: no limit), and after how many refusals to stop (0: never)."""

    workers: int = 4
    rate: float = 0
    max_refused: int = 0


class Result(NamedTuple):
    """How the work on a run ended.

    `reason` says why it stopped before the end, as words that follow "because"; `opted_out` numbers were left out.
    """

    reason: str
    interrupted: bool
    opted_out: int


class Runner:
    """Sends one run, which this process holds in the ledger."""

    def __init__(self, store: Store, run: Run, account: Profile, gateways: Sequence[Gateway], pace: Pace) -> None:
        self.interrupted = False
        self._runs, self._run, self._account = Runs(store), run, account
        self._gateways, self._pace = gateways, pace
        summary = summarize(store, run)
        self._open, self._accepted, self._batches = summary.open, summary.totals.accepted, summary.batches
        self._one_text = self._runs.has_one_text(run.id)
        self._lock = threading.Lock()
        self._page: deque[Batch] = deque()
        self._last = 0
        self._stopped = False
        self._reason = ""
        self._refused = self._unknowns = self._opted_out = 0
        self._next_turn = 0.0
        self._error: Exception | None = None
        self._unwritten: list[Batch] = []

    def carry_out(self, watch: Callable[[int, int], None]) -> Result:
        """Send what is open; about ten times a second `watch` gets how many numbers are done and how many accepted.

        The first interrupt waits for the requests in flight; the second raises KeyboardInterrupt at once.
        """
        count = min(self._pace.workers, self._batches)
        workers = [threading.Thread(target=self._work, daemon=True) for _worker in range(count)]
        with self._listening():
            for worker in workers:
                worker.start()
            for worker in workers:
                while worker.is_alive():
                    worker.join(0.1)
                    watch(self._run.numbers - self._open, self._accepted)
        if isinstance(self._error, LedgerError):
            lost = self.unwritten()
            said = _("{sentence} The rest was not sent. What was in flight is unknown.")
            if lost:
                said = _(
                    "{sentence} The rest was not sent. These answers could not be written to the ledger, so keep them:"
                )
            raise OutcomeUnknownError("\n".join([said.format(sentence=self._error), *lost]))
        if self._error:
            raise self._error
        return Result(self._reason, self.interrupted, self._opted_out)

    def unwritten(self) -> list[str]:
        """Return the answers that could not be written to the ledger, so are known only here, a line a batch."""
        return list(map(_in_one_line, list(self._unwritten)))

    # --- one worker ---

    def _work(self) -> None:
        answered: Batch | None = None
        try:
            while batch := self._take():
                if self._pace.rate:
                    self._write(answered, None)
                    answered = None
                    self._wait_for_turn()
                    if self._stopped:
                        break
                # One sync to disk for the last answer and for the next request, which leaves only after it.
                claimed = self._write(answered, batch)
                answered = None
                if claimed:
                    self._count_opted_out(batch, claimed)
                if claimed and claimed.state is State.SENDING:
                    answered = self._send(claimed)
                    self._unwritten.append(answered)
                    self._judge(answered)
            self._write(answered, None)
        except Exception as error:
            self._error = self._error or error
            self._stopped = True

    def _take(self) -> Batch | None:
        with self._lock:
            if self._stopped:
                return None
            if not self._page:
                self._page.extend(self._runs.open_batches(self._run.id, self._last, _PAGE))
            if not self._page:
                return None
            batch = self._page.popleft()
            self._last = batch.number
            return batch

    def _write(self, answered: Batch | None, batch: Batch | None) -> Batch | None:
        """Write an answer and claim the next batch; try again while the ledger is locked or its disk is full.

        The answer is known only here, so it gives up only after a long time, or if the file is gone.
        """
        begun = time.monotonic()
        while answered or batch:
            try:
                claimed = self._runs.advance(self._run, answered, batch)
                if answered:
                    self._unwritten.remove(answered)
                return claimed
            except LedgerLostError:
                raise
            except LedgerError as error:
                patience = _LOCKED_SECONDS if isinstance(error, LedgerBusyError) else _FULL_SECONDS
                if time.monotonic() - begun > patience or not answered:
                    raise
            time.sleep(_AGAIN_SECONDS)
            batch = None if self._stopped else batch
        return None

    def _wait_for_turn(self) -> None:
        with self._lock:
            turn = max(self._next_turn, time.monotonic())
            self._next_turn = turn + 1 / self._pace.rate
        while not self._stopped and (left := turn - time.monotonic()) > 0:
            time.sleep(min(left, 0.1))

    def _send(self, batch: Batch) -> Batch:
        """Send a batch; try a standby endpoint only where it is proved that nothing was sent."""
        run, error = self._run, ""
        form = send_form(batch.content, ",".join(batch.mobiles), run.sign, run.extno, run.stime)
        for gateway in self._gateways:
            try:
                return self._answered(batch, gateway.send(form))
            except UnreachableError as unreachable:
                error = str(unreachable)
            except OutcomeUnknownError as unknown:
                return batch.ended(states.UNKNOWN, str(unknown))
            except ConfigError as wrong:  # found out before anything was sent
                self._error, self._stopped = wrong, True
                return batch.ended(states.PLANNED)
        return batch.ended(states.UNREACHABLE, error)

    def _answered(self, batch: Batch, answer: SendAnswer) -> Batch:
        return batch.ended(states.fate_of(answer, self._account.refusal_codes))._replace(
            code=answer.code,
            sendid=answer.sendid,
            accepted=answer.accepted,
            invalid=answer.invalid,
            blacklisted=answer.blacklisted,
            message=answer.msg,
        )

    # --- all together ---

    def _count_opted_out(self, batch: Batch, claimed: Batch) -> None:
        with self._lock:
            gone = batch.numbers - claimed.numbers
            self._open -= gone
            self._opted_out += gone

    def _judge(self, batch: Batch) -> None:
        """Count a batch's outcome, and stop the run if the next batches would end in the same way."""
        with self._lock:
            self._open -= batch.numbers
            self._accepted += batch.accepted
            self._refused += batch.state is State.REFUSED
            self._unknowns = self._unknowns + 1 if batch.state is State.UNKNOWN else 0
            reason = self._reason_to_stop(batch)
            if reason and not self._stopped:
                self._stopped, self._reason = True, reason

    def _reason_to_stop(self, batch: Batch) -> str:
        if batch.state is State.UNREACHABLE:
            return _("the gateway cannot be reached")
        if batch.state is State.REFUSED and (self._one_text or batch.open):
            return _("the next batches would be refused as well")
        if self._pace.max_refused and self._refused >= self._pace.max_refused:
            return _("{count} batches were refused").format(count=self._refused)
        if self._unknowns >= _UNKNOWNS:
            return _("{count} batches in a row got no proper answer").format(count=_UNKNOWNS)
        return ""

    # --- interrupts ---

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Let the first SIGINT, SIGTERM or SIGHUP stop after the requests in flight, the second at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = [getattr(signal, name) for name in _STOPPING if hasattr(signal, name)]
        heard = [number for number in numbers if signal.getsignal(number) != signal.SIG_IGN]
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


def _in_one_line(batch: Batch) -> str:
    said = (
        _("batch {number}: {state}, sendid {sendid}: {mobiles}")
        if batch.sendid
        else _("batch {number}: {state}: {mobiles}")
    )
    mobiles = f"{','.join(batch.mobiles[:_NAMED])}{' …' if len(batch.mobiles) > _NAMED else ''}"
    return said.format(number=batch.number, state=batch.state, sendid=batch.sendid, mobiles=mobiles)


def describe(batch: Batch) -> str:
    """Return what went wrong with a batch as a sentence; empty if nothing did."""
    if batch.settled:
        said = _("no answer came, but reports prove that it was sent: {accepted:,} of {numbers:,} have one.")
        return said.format(accepted=batch.accepted, numbers=batch.numbers)
    if batch.state is State.ACCEPTED and (batch.unaccounted or batch.accepted != batch.numbers):
        return _describe_counts(batch)
    if batch.state in (State.PLANNED, State.ACCEPTED):
        return ""
    if batch.code is None:
        return _(batch.error)
    sentence = describe_answer(batch.code, batch.message, refused=batch.state is State.REFUSED)
    return _with_advice(sentence, batch.code) if batch.state is State.UNKNOWN else sentence


def _describe_counts(batch: Batch) -> str:
    said = _(
        "the gateway accepted {accepted:,} of {numbers:,} numbers; "
        "it counted {invalid:,} invalid and {blacklisted:,} blacklisted."
    )
    if batch.unaccounted:
        said = _(
            "the gateway accepted {accepted:,} of {numbers:,} numbers; "
            "it counted {invalid:,} invalid and {blacklisted:,} blacklisted. {lost:,} are not in its counts."
        )
    return said.format(
        accepted=batch.accepted,
        numbers=batch.numbers,
        invalid=batch.invalid,
        blacklisted=batch.blacklisted,
        lost=batch.unaccounted,
    )


def _with_advice(sentence: str, code: int) -> str:
    """Add how to declare a code as a refusal, where it is not in the vendor's table."""
    from smscli.protocol.codes import ANSWERS

    if code in ANSWERS:
        return sentence
    said = _(
        "{sentence} That does not say whether the message was queued. "
        "If the vendor confirms that this code means refused: smscli profile set refusal_codes {number}"
    )
    return said.format(sentence=sentence, number=f"-- {code}" if code < 0 else code)
