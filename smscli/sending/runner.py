"""Carries a run out: ledger before gateway, batch by batch, several at once, until done or until it has to stop."""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NamedTuple

from smscli.config.profile import Profile
from smscli.errors import (
    ConfigError,
    LedgerError,
    OutcomeUnknownError,
    UnreachableError,
)
from smscli.gateway.client import Gateway, describe_answer
from smscli.language import English, _, ngettext, recalled
from smscli.ledger import states
from smscli.ledger.claims import Claim, Claims
from smscli.ledger.runs import Batch, Run, Runs
from smscli.ledger.states import State
from smscli.ledger.store import Store
from smscli.ledger.summary import summarize
from smscli.protocol.answers import SendAnswer
from smscli.protocol.forms import send_form
from smscli.sending.limits import limits_of

_LOOK_SECONDS = 2.0  # how often to look what other processes have done of a run
_NAMED = 5  # numbers of a batch that are shown
_STOPPING = ("SIGINT", "SIGTERM", "SIGHUP")


class Pace(NamedTuple):
    """How fast: requests at once, requests a second (0: no limit), and after how many refusals to stop (0: never)."""

    workers: int = 4
    rate: float = 0
    max_refused: int = 0


class Result(NamedTuple):
    """How the work on a run ended.

    `reason` says why it stopped before the end, as words that follow "because"; `opted_out` numbers were left out, and
    `held_back` ones, which would get more messages than they may.
    """

    reason: str
    interrupted: bool
    opted_out: int
    held_back: int = 0


class Runner:
    """Sends one run, which this process holds in the ledger."""

    def __init__(
        self,
        store: Store,
        run: Run,
        account: Profile,
        gateways: Sequence[Gateway],
        pace: Pace,
        goes_on: bool = False,
    ) -> None:
        """Prepare to send; where a run goes on, what limits a number is looked at again."""
        self.interrupted = False
        self._store, self._runs, self._account = store, Runs(store), account
        self._gateways, self._workers = gateways, pace.workers
        self._run = run = self._runs.set_pace(run, pace.rate, pace.max_refused)
        summary = summarize(store, run)
        self._open, self._accepted, self._batches = summary.open, summary.totals.accepted, summary.batches
        self._claims = Claims(store, run, self._runs.has_one_text(run.id), limits_of(account) if goes_on else ())
        self._lock = threading.Lock()
        self._stopped = False
        self._reason = ""
        self._opted_out = self._held_back = 0
        self._looked = 0.0
        self._error: Exception | None = None

    def carry_out(self, watch: Callable[[int, int], None]) -> Result:
        """Send what is open; about ten times a second `watch` gets how many numbers are done and how many accepted.

        The first interrupt waits for the requests in flight; the second raises KeyboardInterrupt at once.
        """
        count = min(self._workers, self._batches)
        workers = [threading.Thread(target=self._work, daemon=True) for _worker in range(count)]
        with self._listening():
            for worker in workers:
                worker.start()
            for worker in workers:
                while worker.is_alive():
                    worker.join(0.1)
                    self._look_at_others()
                    watch(self._run.numbers - self._open, self._accepted)
            self._await_others(watch)
        if isinstance(self._error, LedgerError):
            said = _("{sentence} The rest was not sent. {unwritten}")
            raise OutcomeUnknownError(said.format(sentence=self._error, unwritten=self.unwritten()))
        if self._error:
            raise self._error
        if self._claims.overtaken:
            said = _("Others decided about these batches before their answers came:")
            raise OutcomeUnknownError("\n".join([said, *map(_line, self._claims.overtaken)]))
        return Result(self._why(), self.interrupted, self._opted_out, self._held_back)

    @property
    def has_unwritten(self) -> bool:
        """Whether there are answers that could not be written yet."""
        return bool(self._claims.unwritten)

    def unwritten(self) -> str:
        """Keep the answers that could not be written to the ledger, and return them, a line a batch."""
        kept = self._claims.keep()
        lines = list(map(_line, list(self._claims.unwritten)))
        if not lines:
            return _("What was in flight is unknown.")
        if not kept:
            return "\n".join([_("These answers could not be written to the ledger, so keep them:"), *lines])
        said = _(
            "These answers could not be written to the ledger. They are kept in {file}, and the next command with this "
            "ledger writes them:"
        ).format(file=kept)
        return "\n".join([said, *lines])

    # --- one worker ---

    def _work(self) -> None:
        answered: Batch | None = None
        try:
            while not self._stopped:
                if self._claims.rate:
                    self._wait(self._claims.take_turn(answered, self._wants_more))
                    answered = None
                # One sync to disk for the last answer and for the next request, which leaves only after it.
                claim = self._claims.advance(answered, self._wants_more)
                answered = None
                if claim is None:
                    break
                self._count_left_out(claim)
                if claim.batch.state is State.SENDING:
                    answered = self._send(claim)
                    self._count(answered)
            self._claims.advance(answered, lambda: False)
        except Exception as error:
            self._error = self._error or error
            self._stopped = True

    def _wants_more(self) -> bool:
        return not self._stopped and self._claims.stopped is None

    def _wait(self, seconds: float) -> None:
        turn = time.monotonic() + seconds
        while self._wants_more() and (left := turn - time.monotonic()) > 0:
            time.sleep(min(left, 0.1))

    def _send(self, claim: Claim) -> Batch:
        """Send a batch; try a standby endpoint only where it is proved that nothing was sent."""
        run, batch, error = self._run, claim.batch, ""
        form = send_form(batch.content, ",".join(batch.mobiles), run.sign, run.extno, run.stime)
        for gateway in self._gateways:
            try:
                with English():  # the ledger keeps what goes wrong
                    answer = gateway.send(form, lambda: claim.may_leave)
                return self._answered(batch, answer)
            except UnreachableError as unreachable:
                error = str(unreachable)
            except OutcomeUnknownError as unknown:
                return batch.ended(states.UNKNOWN, str(unknown))
            except ConfigError as wrong:  # found out before anything was sent
                self._error, self._stopped = type(wrong)(recalled(str(wrong))), True
                return batch.ended(states.PLANNED)
            if not claim.may_leave:  # by now others may take this process for dead
                self._reason, self._stopped = _too_late(), True
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

    def _count_left_out(self, claim: Claim) -> None:
        with self._lock:
            self._open -= claim.opted_out + claim.held_back
            self._opted_out += claim.opted_out
            self._held_back += claim.held_back

    def _count(self, batch: Batch) -> None:
        with self._lock:
            self._open -= batch.numbers
            self._accepted += batch.accepted

    def _look_at_others(self) -> None:
        """Count what other processes have done of the run too."""
        if not self._store.gate or time.monotonic() < self._looked + _LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        with suppress(LedgerError):  # a worker says it
            if self._runs.is_held(self._run.id):
                with self._lock:
                    self._open, self._accepted = self._runs.progress(self._run.id)

    def _await_others(self, watch: Callable[[int, int], None]) -> None:
        """Wait until it is known what became of what others have claimed."""
        try:
            while not self._stopped and (left := self._runs.judge(self._run.id, self._account.timeout)):
                time.sleep(min(left, 0.5))
                watch(self._run.numbers - self._open, self._accepted)
        except LedgerError as error:
            self._error = self._error or error

    def _why(self) -> str:
        """Return why the run stopped before its end, as words that follow "because"."""
        reason = self._claims.stopped
        if reason is None:
            return self._reason
        if reason is states.Stop.UNREACHABLE:
            return _("the gateway cannot be reached")
        if reason is states.Stop.REFUSED:
            return _("the next batches would be refused as well")
        if reason is states.Stop.MANY_REFUSED:
            count = self._claims.refused
            return ngettext("{count} batch was refused", "{count} batches were refused", count).format(count=count)
        return _("{count} batches in a row got no proper answer").format(count=states.UNANSWERED_IN_A_ROW)

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


def _line(batch: Batch) -> str:
    """Return an answer in a line, for a person who has to keep it."""
    said = (
        _("batch {number}: {state}, sendid {sendid}: {mobiles}")
        if batch.sendid
        else _("batch {number}: {state}: {mobiles}")
    )
    mobiles = f"{','.join(batch.mobiles[:_NAMED])}{' …' if len(batch.mobiles) > _NAMED else ''}"
    return said.format(number=batch.number, state=batch.state, sendid=batch.sendid, mobiles=mobiles)


def _too_late() -> str:
    return _(
        "a request could not leave in time after its batch was claimed: this machine stood still, or the way to the "
        "gateway is slow. It was not sent"
    )


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
        return recalled(batch.error)
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
