"""The people of a run: who got it, who did not, and why."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from enum import StrEnum

from smscli.commands._report import meaning, say_some
from smscli.console import Environment
from smscli.gateway.client import describe_answer
from smscli.language import English, _, listing, recalled
from smscli.ledger.outcomes import LEFT_OUT, Outcome, Person, left_out, people
from smscli.ledger.runs import DIED, Run, Runs
from smscli.ledger.states import State
from smscli.ledger.store import Store
from smscli.output import Cell, Output, is_table, is_tsv, write_rows
from smscli.protocol.billing import signed
from smscli.protocol.times import china_time

COLUMNS = ("mobile", "state", "meaning", "outcome", "content", "batch", "sendid", "sent", "reported")
_TABLE_COLUMNS = ("mobile", "outcome", "state", "meaning", "content", "sent")
_NAMED = 20  # numbers that are named in a sentence


class Listed(StrEnum):
    """Which people of a run are listed."""

    FAILED = "failed"
    WAITING = "waiting"
    PLANNED = "planned"
    UNKNOWN = "unknown"
    ALL = "all"


def write_people(
    environment: Environment, store: Store, run: Run, listed: Listed, output: Output | None, only_numbers: bool
) -> None:
    """Write people of a run with what is known of them; with `only_numbers` a pipe gets these alone, as for `send`."""
    found = (
        person for person in people(store, run.id) if listed is Listed.ALL or person.outcome is Outcome(listed.value)
    )
    _write(environment, run, found, output, only_numbers)
    if listed is Listed.FAILED:
        _say_left_out(environment, store, run.id)


def write_with_state(environment: Environment, store: Store, run: Run, state: str, output: Output | None) -> None:
    """Write the people of a run with this state; in a pipe only their numbers."""
    is_known = False

    def found() -> Iterator[Person]:
        nonlocal is_known
        for person in people(store, run.id):
            if person.state.upper() == state.upper():
                is_known = True
                yield person

    _write(environment, run, found(), output, only_numbers=True)
    if not is_known:
        environment.say(
            _("no number of run {run} has the state {state}; `smscli codes` lists the known ones").format(
                run=run.id, state=state
            )
        )


def failed_people(store: Store, run: int) -> Iterator[tuple[str, str, str]]:
    """Yield the number of everybody of a run who did not get it, with the state and why."""
    return (
        (person.mobile, person.state, _why(person)) for person in people(store, run) if person.outcome is Outcome.FAILED
    )


def _write(
    environment: Environment, run: Run, found: Iterator[Person], output: Output | None, only_numbers: bool
) -> None:
    table = is_table(environment, output)
    rows: Iterator[Sequence[Cell]] = (_row(run, person, table) for person in found)
    columns: Sequence[str] = COLUMNS
    if table:
        columns = _TABLE_COLUMNS
        kept = [COLUMNS.index(name) for name in columns]
        rows = ([row[index] for index in kept] for row in rows)
    elif only_numbers and is_tsv(environment, output):
        columns = COLUMNS[:1]
        rows = (row[:1] for row in rows)
    nobody = _("Nobody of run {run} is in this list.").format(run=run.id)
    write_rows(environment, columns, rows, output, empty=nobody, cut=True, spare=("sent", "content"))


def _row(run: Run, person: Person, table: bool) -> tuple[Cell, ...]:
    request = person.request
    times = [None if at is None else china_time(at) for at in (request.sent, person.reported)]
    content = signed(request.content, run.sign) if request.content else ""  # a forgotten run has lost its text
    with nullcontext() if table else English():
        why = _why(person)
    return (
        person.mobile, person.state, why, person.outcome.value, content, request.number, request.sendid, *times
    )  # fmt: skip


def _why(person: Person) -> str:
    request = person.request
    if person.reported is not None:
        return meaning(person.state)
    if person.state == LEFT_OUT:
        return _("the gateway counted {invalid:,} invalid and {blacklisted:,} blacklisted of batch {batch}").format(
            invalid=request.invalid, blacklisted=request.blacklisted, batch=request.number
        )
    if request.code is not None and request.state in (State.REFUSED, State.UNKNOWN):
        return describe_answer(request.code, request.message, refused=request.state is State.REFUSED)
    return recalled(request.error or (DIED if request.state is State.UNKNOWN else ""))


def _say_left_out(environment: Environment, store: Store, run: int) -> None:
    """Name the numbers among which the gateway left some out without saying which."""
    said = _(
        "batch {batch}: the gateway left {count:,} of these {numbers:,} numbers out ({invalid:,} invalid, "
        "{blacklisted:,} blacklisted) and does not say which: {mobiles}"
    )
    sentences = [
        said.format(
            batch=batch.batch, count=batch.invalid + batch.blacklisted, numbers=len(batch.mobiles),
            invalid=batch.invalid, blacklisted=batch.blacklisted, mobiles=_some(batch.mobiles),
        )
        for batch in left_out(store, run)
    ]  # fmt: skip
    more = _("… and the same of {count:,} batches more; `smscli runs {run} --output tsv` lists their counts")
    say_some(environment, sentences, more, run)
    if waiting := sum(batch.numbers for batch in Runs(store).open_batches(run) if batch.state is State.REFUSED):
        said = _(
            "{count:,} of the refused numbers may still be sent to by `smscli resume {run}`: if you send to them "
            "otherwise, give that up first with `smscli cancel {run}`"
        )
        environment.say(said.format(count=waiting, run=run))


def say_unknown(environment: Environment, store: Store, run: Run) -> None:
    """Name the numbers of a run whose outcome is unknown, the first of each batch."""
    batches = Runs(store).unsettled_batches(run.id)
    named = max(_NAMED // max(len(batches), 1), 3)
    said = _("batch {batch}, outcome unknown: {mobiles}")
    sentences = [said.format(batch=batch.number, mobiles=_some(batch.mobiles, named)) for batch in batches]
    more = _("… and {count:,} batches more; `smscli runs {run} --unknown` lists them all")
    say_some(environment, sentences, more, run.id)
    if any(len(batch.mobiles) > named for batch in batches):
        environment.say(_("`smscli runs {run} --unknown` lists them all").format(run=run.id))


def _some(mobiles: Sequence[str], named: int = _NAMED) -> str:
    listed = listing(mobiles[:named])
    left = len(mobiles) - named
    return _("{mobiles} and {count:,} more").format(mobiles=listed, count=left) if left > 0 else listed
