"""What is printed about a run: its batches, what went wrong, and what to do next."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from typing import NamedTuple

from smscli.console import Environment, OutputError
from smscli.errors import LedgerError
from smscli.language import English, _, listing, ngettext
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


def meaning(state: str) -> str:
    """Return what a report state means: in Chinese alone where that is spoken, else in both languages, as in data."""
    from smscli.protocol.codes import state_meaning  # a send ends before there are reports

    return state_meaning(state).spoken


def say_reports(environment: Environment, summary: RunSummary) -> None:
    """Say what the reports say: a line for all, and a line for each state that is a failure."""
    counts = summary.delivered, summary.failed, summary.waiting, summary.unsure
    if any(counts):
        said = _("run {run}: {delivered:,} delivered, {failed:,} failed, {waiting:,} waiting")
        if summary.unsure:
            said = _(
                "run {run}: {delivered:,} delivered, {failed:,} failed, {waiting:,} waiting, "
                "{unknown:,} outcome unknown"
            )
        delivered, failed, waiting, unknown = counts
        environment.say(
            said.format(run=summary.run.id, delivered=delivered, failed=failed, waiting=waiting, unknown=unknown)
        )
    line = _("{count:,} with the state {state}: {meaning}")
    lines = [
        f"  {line.format(count=count, state=state, meaning=meaning(state))}"
        for state, count in summary.failures.items()
    ]
    more = _("… and {count:,} other states; `smscli runs {run} --failed` lists them all")
    say_some(environment, lines, f"  {more}", run=summary.run.id)


def say_some(environment: Environment, sentences: Sequence[str], more: str, run: int = 0) -> None:
    """Say sentences; where they are many the first ones, and `more` with the `{count}` of those that are left."""
    for sentence in sentences[:_SENTENCES]:
        environment.say(sentence)
    if len(sentences) > _SENTENCES:
        environment.say(more.format(count=len(sentences) - _SENTENCES, run=run))


def show_end(environment: Environment, store: Store, summary: RunSummary, output: Output | None) -> None:
    """Write a run's batches, and say what a person has to know about them."""
    table = is_table(environment, output)
    try:
        _write_batches(environment, store, summary, output)
    except OutputError as error:  # what was sent must be known even then
        environment.say(_("smscli: {error} The result:").format(error=error))
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
        said = _("… and {count:,} batches more; `smscli runs {run} --output tsv` lists them all")
        environment.say(said.format(count=more, run=run.id))


def _batch_row(run: Run, batch: Batch) -> tuple[Cell, ...]:
    text = signed(batch.content, run.sign)
    # A forgotten run has lost its text.
    length = (count_characters(text), billed_parts(text)) if batch.content else (None, None)
    with English():
        error = runner.describe(batch)
    return (
        batch.number, batch.shown.value, batch.sendid, batch.accepted, batch.invalid, batch.blacklisted,
        batch.message, batch.code, batch.numbers, *length, error, run.id,
        batch.delivered, batch.failed, max(batch.accepted - batch.delivered - batch.failed, 0),
    )  # fmt: skip


def _totals_line(store: Store, summary: RunSummary) -> str:
    run, totals = summary.run, summary.totals
    said = _counted()
    counts = [said[State.ACCEPTED].format(count=totals.accepted)]
    others = {
        _("{count:,} invalid"): totals.invalid,
        _("{count:,} blacklisted"): totals.blacklisted,
        **{said[state]: numbers for state, numbers in totals.numbers.items() if state is not State.ACCEPTED},
    }
    counts += [sentence.format(count=count) for sentence, count in others.items() if count]
    line = _("run {run}: {counts}").format(run=run.id, counts=listing(counts))
    first = next(Runs(store).batches(run.id))
    if first.content != run.content:
        return line
    text = signed(first.content, run.sign)
    parts = billed_parts(text)
    each = ngettext(
        "{characters} characters with signature, billed as {parts} part a number",
        "{characters} characters with signature, billed as {parts} parts a number",
        parts,
    )
    return f"{line} · {each.format(characters=count_characters(text), parts=parts)}"


def _counted() -> dict[State, str]:
    """Return how many numbers are in each state, in words; "unknown" alone could be a report's state."""
    return {
        State.PLANNED: _("{count:,} planned"),
        State.SENDING: _("{count:,} sending"),
        State.ACCEPTED: _("{count:,} accepted"),
        State.REFUSED: _("{count:,} refused"),
        State.UNREACHABLE: _("{count:,} unreachable"),
        State.UNKNOWN: _("{count:,} with outcome unknown"),
        State.DROPPED: _("{count:,} dropped"),
    }


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
        if state is State.REFUSED and summary.nothing_left:
            sentence = _("{sentence} Nothing was sent.").format(sentence=sentence)
        if summary.batches > 1:
            where = _where(state, len(numbers))
            sentence = where.format(count=len(numbers), first=numbers[0], sentence=sentence)
        sentences.append(sentence if is_taken else f"smscli: {sentence}")
    more = _("… and {count:,} other troubles; `smscli runs {run} --output tsv` lists them all")
    say_some(environment, sentences, more, summary.run.id)


def _where(state: State, count: int) -> str:
    """Return the sentence that says which batches have a trouble."""
    said = {
        State.REFUSED: ngettext(
            "{count:,} batch refused, the first is {first}: {sentence}",
            "{count:,} batches refused, the first is {first}: {sentence}",
            count,
        ),
        State.UNREACHABLE: ngettext(
            "{count:,} batch unreachable, the first is {first}: {sentence}",
            "{count:,} batches unreachable, the first is {first}: {sentence}",
            count,
        ),
        State.UNKNOWN: ngettext(
            "{count:,} batch with outcome unknown, the first is {first}: {sentence}",
            "{count:,} batches with outcome unknown, the first is {first}: {sentence}",
            count,
        ),
        State.ACCEPTED: ngettext(
            "{count:,} batch not accepted as a whole, the first is {first}: {sentence}",
            "{count:,} batches not accepted as a whole, the first is {first}: {sentence}",
            count,
        ),
        State.DROPPED: ngettext(
            "{count:,} batch dropped, the first is {first}: {sentence}",
            "{count:,} batches dropped, the first is {first}: {sentence}",
            count,
        ),
    }
    return said[state]


class _Trouble(NamedTuple):
    """What went wrong with a batch; `is_taken` says that the gateway accepted a part of it, so it is not an error."""

    state: State
    is_taken: bool
    sentence: str


def say_evidence(environment: Environment, store: Store, run: Run) -> None:
    """Say which batches of unknown outcome have reports that may be about them, but do not prove it."""
    from smscli.ledger.settling import Settling  # few sends end so

    said = _(
        "batch {batch}: {people:,} of its numbers have a report about a message of that time, so it was probably sent; "
        "`smscli status MOBILE` shows the report"
    )
    found = Settling(store).evidence(run.id)
    sentences = [said.format(batch=number, people=people) for number, people in found.items()]
    say_some(environment, sentences, _("… and the same of {count:,} batches more"))


def _say_next_steps(environment: Environment, store: Store, summary: RunSummary) -> None:
    run = summary.run
    if unknown := summary.totals.numbers.get(State.UNKNOWN, 0):
        say_evidence(environment, store, run)
        said = ngettext(
            "smscli: it is not known whether {count:,} number got the message. "
            "Look in the gateway's web console, then: smscli resume {run} --unknown resend (or drop)",
            "smscli: it is not known whether {count:,} numbers got the message. "
            "Look in the gateway's web console, then: smscli resume {run} --unknown resend (or drop)",
            unknown,
        )
        environment.say(said.format(count=unknown, run=run.id))
    if summary.open and not summary.is_held:
        said = _("{count:,} not sent to yet. Continue with: smscli resume {run}")
        environment.say(said.format(count=summary.open, run=run.id))
