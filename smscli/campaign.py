"""Carries a plan out, batch by batch, and says what became of each."""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from smscli.errors import ExitCode, OutcomeUnknownError, SmsError, UnreachableError
from smscli.gateway import Gateway
from smscli.plan import Plan
from smscli.wire import SendAnswer


class Outcome(StrEnum):
    """What became of a batch."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"
    PLANNED = "planned"


class BatchResult(NamedTuple):
    """A batch's number from 1, how many mobiles it has, and its fate; `error` is a sentence where no answer came."""

    batch: int
    numbers: int
    outcome: Outcome
    answer: SendAnswer | None = None
    error: str = ""

    @property
    def accepted(self) -> int:
        """How many mobiles the gateway took."""
        return self.answer.accepted if self.answer else 0


def carry_out(plan: Plan, gateway: Gateway) -> Iterator[BatchResult]:
    """Send batch after batch; after one that was not accepted the rest stays planned.

    What ends a batch otherwise (Ctrl-C, a bug) is raised once the fate of every batch has been told.
    """
    stopped, failure = False, None
    for number, mobiles in enumerate(plan.batches(), 1):
        if stopped:
            yield BatchResult(number, len(mobiles), Outcome.PLANNED)
            continue
        try:
            result = _send(plan, gateway, number, list(mobiles))
        except SmsError:  # nothing of this batch was sent
            raise
        except BaseException as error:
            failure = error
            result = BatchResult(number, len(mobiles), Outcome.UNKNOWN, error="stopped before the gateway answered.")
        stopped = result.outcome is not Outcome.ACCEPTED
        yield result
    if failure:
        raise failure


def _send(plan: Plan, gateway: Gateway, number: int, mobiles: list[str]) -> BatchResult:
    try:
        answer = gateway.send(plan.form(mobiles))
    except UnreachableError as error:
        return BatchResult(number, len(mobiles), Outcome.UNREACHABLE, error=str(error))
    except OutcomeUnknownError as error:
        return BatchResult(number, len(mobiles), Outcome.UNKNOWN, error=str(error))
    return BatchResult(number, len(mobiles), _outcome(answer), answer)


def _outcome(answer: SendAnswer) -> Outcome:
    if answer.code == 0:
        return Outcome.ACCEPTED
    # -1, "gateway error", does not say whether the message was queued.
    return Outcome.UNKNOWN if answer.code == -1 else Outcome.REFUSED


def exit_code(results: list[BatchResult]) -> ExitCode:
    """Return what a whole run ends as; whatever is unknown comes first, for money may be lost by a repeat."""
    outcomes = {result.outcome for result in results}
    if Outcome.UNKNOWN in outcomes:
        return ExitCode.UNKNOWN
    if all(result.accepted >= result.numbers for result in results):
        return ExitCode.DONE
    if any(result.accepted for result in results):
        return ExitCode.PARTLY
    return ExitCode.UNREACHABLE if Outcome.UNREACHABLE in outcomes else ExitCode.REFUSED
