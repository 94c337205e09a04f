"""What is printed about a run: its batches, what went wrong, and what to do next."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from typing import NamedTuple

from smscli.console import Environment, OutputError
from smscli.errors import LedgerError
from smscli.language import _
from smscli.ledger.runs import Batch, Run, Runs
from smscli.ledger.states import State
from smscli.ledger.store import Store
from smscli.ledger.summary import RunSummary, summarize
from smscli.output import Cell, Output, is_table, write_rows
from smscli.protocol.billing import billed_parts, count_characters, signed
from smscli.protocol.times import parse_stime
from smscli.sending import runner
from smscli.sending.times import in_words

BATCH_COLUMNS = (
    "batch", "outcome", "sendid", "accepted", "invalid", "blacklisted", "message", "code", "numbers", "characters",
    "parts", "error", "run", "delivered", "failed", "waiting",
)  # fmt: skip
_BATCH_TABLE_COLUMNS = 7  # what a person needs; the rest stands in the summary
_TABLE_ROWS = 20  # longer runs show in a table only what somebody has to look at, and of that no more rows
_SENTENCES = 10  # of one kind are said at once
_SUMMARIZED = (State.ACCEPTED, State.PLANNED, State.DROPPED)
# Names of states in sentences: "unknown" alone could be a report's state, "accepted" a whole batch.
_CALLED = {State.UNKNOWN: "with outcome unknown", State.ACCEPTED: "not accepted as a whole"}


def meaning(state: str) -> str:
    """Return what a report state means, in both languages."""
    from smscli.protocol.codes import state_meaning  # a send ends before there are reports

    return state_meaning(state).both


def say_reports(environment: Environment, summary: RunSummary) -> None:
    """Say what the reports say: a line for all, and a line for each state that is a failure."""
    counts = {"delivered": summary.delivered, "failed": summary.failed, "waiting": summary.waiting}
    counts |= {"outcome unknown": summary.unsure} if summary.unsure else {}
    if any(counts.values()):
        listed = ", ".join(f"{count:,} {name}" for name, count in counts.items())
        environment.say(f"run {summary.run.id}: {listed}")
    lines = [f"  {count:,} with the state {state}: {meaning(state)}" for state, count in summary.failures.items()]
    say_some(environment, lines, f"  … and {{:,}} other states; `smscli runs {summary.run.id} --failed` lists them all")


def say_some(environment: Environment, sentences: Sequence[str], more: str) -> None:
    """Say sentences; where they are many the first ones, and `more` with how many are left."""
    for sentence in sentences[:_SENTENCES]:
        environment.say(sentence)
    if len(sentences) > _SENTENCES:
        environment.say(more.format(len(sentences) - _SENTENCES))


def show_end(environment: Environment, store: Store, summary: RunSummary, output: Output | None) -> None:
    """Write a run's batches, and say what a person has to know about them."""
    table = is_table(environment, output)
    try:
        _write_batches(environment, store, summary, output)
    except OutputError as error:  # what was sent must be known even then
        environment.say(f"smscli: {error} The result:")
        for batch in Runs(store).batches(summary.run.id):
            environment.say("\t".join(map(str, _batch_row(summary.run, batch))))
    if table:
        environment.say(_totals_line(store, summary))
        if at := parse_stime(summary.run.stime):
            environment.say(_("run {run} is scheduled for {time}").format(run=summary.run.id, time=in_words(at)))
    _say_troubles(environment, store, summary)
    _say_next_steps(environment, store, summary)


@contextmanager
def shown_at_the_end(environment: Environment, store: Store, run: Run, output: Output | None) -> Iterator[None]:
    """Show a run after the block, also if it failed: what was sent must be known."""
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException:
        with suppress(LedgerError):  # it must not hide what went wrong
            if not (summary := summarize(store, run)).nothing_left:
                show_end(environment, store, summary, output)
        raise
    show_end(environment, store, summarize(store, run), output)


def _write_batches(environment: Environment, store: Store, summary: RunSummary, output: Output | None) -> None:
    run, batches = summary.run, summary.batches
    table = is_table(environment, output)
    summarized = table and batches > _TABLE_ROWS
    states = [s for s in State if s not in _SUMMARIZED] if summarized else list(State)
    rows: Iterable[tuple[Cell, ...]] = (_batch_row(run, batch) for batch in Runs(store).batches(run.id, states))
    kept: Sequence[int] = range(len(BATCH_COLUMNS))
    if table:
        rows, kept = list(islice(rows, _TABLE_ROWS)), range(0 if batches > 1 else 1, _BATCH_TABLE_COLUMNS)
        # Columns of zeros would leave no room for the sendid on a narrow terminal.
        kept = [index for index in kept if any(row[index] for row in rows)]
    columns = [BATCH_COLUMNS[index] for index in kept]
    shown = ([row[index] for index in kept] for row in rows)
    write_rows(environment, columns, shown, output, spare=("blacklisted", "invalid"))
    more = sum(summary.totals.batches.get(state, 0) for state in states) - _TABLE_ROWS
    if summarized and more > 0:
        environment.say(f"… and {more:,} batches more; `smscli runs {run.id} --output tsv` lists them all")


def _batch_row(run: Run, batch: Batch) -> tuple[Cell, ...]:
    text = signed(batch.content, run.sign)
    # A forgotten run has lost its text.
    length = (count_characters(text), billed_parts(text)) if batch.content else (None, None)
    return (
        batch.number, batch.shown.value, batch.sendid, batch.accepted, batch.invalid, batch.blacklisted,
        batch.message, batch.code, batch.numbers, *length, runner.describe(batch), run.id,
        batch.delivered, batch.failed, max(batch.accepted - batch.delivered - batch.failed, 0),
    )  # fmt: skip


def _totals_line(store: Store, summary: RunSummary) -> str:
    run, totals = summary.run, summary.totals
    counts = [f"{totals.accepted:,} accepted"]
    others = {"invalid": totals.invalid, "blacklisted": totals.blacklisted} | {
        _CALLED.get(state, state.value): numbers
        for state, numbers in totals.numbers.items()
        if state is not State.ACCEPTED
    }
    counts += [f"{count:,} {name}" for name, count in others.items() if count]
    first = next(Runs(store).batches(run.id))
    text = signed(first.content, run.sign)
    characters, parts = count_characters(text), billed_parts(text)
    each = f" · {characters} characters with signature, billed as {parts} {'part' if parts == 1 else 'parts'} a number"
    each = each if first.content == run.content else ""
    return f"run {run.id}: {', '.join(counts)}{each}"


def _say_troubles(environment: Environment, store: Store, summary: RunSummary) -> None:
    """Say what went wrong, once for all batches with the same trouble; a partly accepted batch is not an error."""
    troubles: dict[_Trouble, list[int]] = {}
    for batch in Runs(store).troubled_batches(summary.run.id):
        if batch.state is State.SENDING:  # its answer may still come
            continue
        trouble = _Trouble(batch.state, batch.accepted > 0, runner.describe(batch))
        troubles.setdefault(trouble, []).append(batch.number)
    sentences = []
    for (state, is_taken, sentence), numbers in troubles.items():
        which = f"{len(numbers):,} {'batch' if len(numbers) == 1 else 'batches'}"
        where = f"{which} {_CALLED.get(state, state)}, the first is {numbers[0]}: " if summary.batches > 1 else ""
        nothing = " Nothing was sent." if state is State.REFUSED and summary.nothing_left else ""
        sentences.append(f"{'' if is_taken else 'smscli: '}{where}{sentence}{nothing}")
    more = f"… and {{:,}} other troubles; `smscli runs {summary.run.id} --output tsv` lists them all"
    say_some(environment, sentences, more)


class _Trouble(NamedTuple):
    """What went wrong with a batch; `is_taken` says that the gateway accepted a part of it, so it is not an error."""

    state: State
    is_taken: bool
    sentence: str


def say_evidence(environment: Environment, store: Store, run: Run) -> None:
    """Say which batches of unknown outcome have reports that may be about them, but do not prove it."""
    from smscli.ledger.settling import Settling  # few sends end so

    sentences = [
        f"batch {number}: {people:,} of its numbers have a report about a message of that time, so it was probably "
        "sent; `smscli status MOBILE` shows the report"
        for number, people in Settling(store).evidence(run.id).items()
    ]
    say_some(environment, sentences, "… and the same of {:,} batches more")


def _say_next_steps(environment: Environment, store: Store, summary: RunSummary) -> None:
    run = summary.run
    if unknown := summary.totals.numbers.get(State.UNKNOWN, 0):
        say_evidence(environment, store, run)
        environment.say(
            f"smscli: it is not known whether {unknown:,} {'number' if unknown == 1 else 'numbers'} got the message. "
            f"Look in the gateway's web console, then: smscli resume {run.id} --unknown resend (or drop)"
        )
    if summary.open and not summary.is_held:
        environment.say(f"{summary.open:,} not sent to yet. Continue with: smscli resume {run.id}")
