"""Sends a plan: reads it a page at a time, sends batches side by side, and writes each down once it is answered.

The connection to the warehouse is let go of while a slow answer is waited for.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import groupby
from threading import RLock

from sqlglot import exp

from cdp_assets.activation.guards import check_rejected
from cdp_assets.activation.ledger import Ledger
from cdp_assets.activation.pipeline import Sent, send_side_by_side
from cdp_assets.activation.plan import BATCH_DIGITS
from cdp_assets.activation.planned import PlannedRows, PlanRow, outcome_of
from cdp_assets.activation.result import Tally
from cdp_assets.activation.retry import RetryPolicy, send_with_retries
from cdp_assets.activation.sync import Sync
from cdp_assets.destinations.base import Batch, Job, Operation, PermanentError, RowResult

PAGE_ROWS = 20_000
_VANISHED = "the row changed while the sync ran"


@dataclass(frozen=True)
class Delivery:
    """One run's way to a destination. `progress` gets the operations done and planned so far."""

    ledger: Ledger
    tally: Tally
    policy: RetryPolicy
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    progress: Callable[[int, int], None]
    jobs: dict[str, str] = field(default_factory=dict)
    _writing: RLock = field(default_factory=RLock)

    @property
    def sync(self) -> Sync:
        return self.ledger.sync

    @cached_property
    def planned(self) -> PlannedRows:
        """The rows of the plan, with their values."""
        return PlannedRows(self.sync)

    def send_plan(self, first: int, last: int) -> None:
        """Send the batches numbered `first` to `last` of the plan.

        Raises:
            DestinationError: the destination does not recover, or refuses too many rows.
        """
        self._send(self._batches(first, last))

    def replay(self, roots: Sequence[str]) -> bool:
        """Send the batches a killed run may have sent, exactly as they were; False if none is still the same.

        Those whose rows are no longer the same are written down as held with values unknown.
        """
        root = exp.func("LEFT", exp.column("batch", "p"), exp.Literal.number(BATCH_DIGITS))
        found = self._read(root.isin(*(exp.Literal.string(name) for name in roots)))
        same = []
        for name, group in groupby(found, key=lambda row: str(row["batch"])):
            rows = list(group)
            if all(self.planned.is_as_planned(row) for row in rows):
                same.append((name, rows))
                self.tally.plan(rows[0]["operation"], len(rows), sum(row["attempts"] is None for row in rows))
            else:
                self.ledger.doubt(name, self.clock())
        self._send(iter(same))
        return bool(same)

    def _batches(self, first: int, last: int) -> Iterator[tuple[str, Sequence[PlanRow]]]:
        limits = self.sync.destination.limits
        step = max(1, PAGE_ROWS // max(limits.batch_size, limits.bulk_batch_size or 0))
        for low in range(first, last + 1, step):
            bounds = (batch_name(low), batch_name(min(low + step, last + 1)))
            batch = exp.column("batch", "p")
            within = exp.and_(batch >= exp.Literal.string(bounds[0]), batch < exp.Literal.string(bounds[1]))
            for name, group in groupby(self._read(within), key=lambda row: str(row["batch"])):
                wanted = self._without_vanished(name, list(group))
                if wanted:
                    yield name, wanted

    def _read(self, condition: exp.Condition) -> list[PlanRow]:
        with self._writing:
            return self.planned.read(condition)

    def _send(self, batches: Iterator[tuple[str, Sequence[PlanRow]]]) -> None:
        limits = self.sync.destination.limits
        with ExitStack() as opened:
            counted = self._counted(self._in_session(batches, opened))
            send_side_by_side(counted, limits.concurrency, self._send_one, self._halved, self._record, opened.close)

    def _in_session(
        self, batches: Iterator[tuple[str, Sequence[PlanRow]]], opened: ExitStack
    ) -> Iterator[tuple[str, Sequence[PlanRow]]]:
        """Keep one connection while batches follow one another quickly; `opened` lets go of it."""
        while True:
            opened.enter_context(self.sync.warehouse.session())
            named = next(batches, None)
            if named is None:
                return
            yield named

    def _counted(self, batches: Iterator[tuple[str, Sequence[PlanRow]]]) -> Iterator[tuple[str, Sequence[PlanRow]]]:
        for name, planned in batches:
            self.tally.attempted[Operation(planned[0]["operation"])] += len(planned)
            yield name, planned

    def _send_one(self, name: str, planned: Sequence[PlanRow]) -> Sent | None:
        """Send a batch and return what became of it; None if it was refused whole and has more than one row."""
        batch = self.planned.batch(name, planned, self._job)
        try:
            results = send_with_retries(self.sync.destination, batch, self.policy, self.sleep)
        except PermanentError as error:
            if len(planned) > 1:
                return None
            results = [RowResult(batch.rows[0].key, accepted=False, reason=str(error))]
        said = {result.key: result for result in results}
        return Sent(
            name,
            batch.operation,
            [
                self.planned.outcome(row, sent, said.get(sent.key))
                for row, sent in zip(planned, batch.rows, strict=True)
            ],
        )

    def _job(self, batch: Batch) -> Job:
        key = batch.idempotency_key

        def keep(name: str) -> None:
            with self._writing:
                self.ledger.keep_job(key, name, self.clock())
            self.jobs[key] = name

        return Job(self.jobs.get(key), keep)

    def _halved(self, name: str, planned: Sequence[PlanRow]) -> list[tuple[str, Sequence[PlanRow]]]:
        """Halve a batch, in the plan too, so that a run that is killed meanwhile is gone on with in the same parts."""
        middle = len(planned) // 2
        pivot = exp.Literal.string(planned[middle]["row_key"])
        suffix = exp.Case().when(exp.column("row_key") < pivot, exp.Literal.string(f"{name}.0"))
        change: dict[str, object] = {"batch": suffix.else_(exp.Literal.string(f"{name}.1"))}
        here = exp.column("batch").eq(exp.Literal.string(name))
        with self._writing:
            self.sync.warehouse.execute(exp.update(self.sync.work.plan.expression(), change, where=here))
        return [(f"{name}.0", planned[:middle]), (f"{name}.1", planned[middle:])]

    def _record(self, answered: Sequence[Sent]) -> None:
        """Write down batches that were answered, all of them at once."""
        with self._writing:
            self.ledger.record({sent.name: sent.outcomes for sent in answered}, self.clock())
        for sent in answered:
            refused = [outcome for outcome in sent.outcomes if outcome.status == "rejected"]
            self.tally.succeeded[sent.operation] += len(sent.outcomes) - len(refused)
            self.tally.failed[sent.operation] += len(refused)
            self.tally.newly_refused += sum(not outcome.attempts for outcome in refused)
        self.progress(self.tally.succeeded.total() + self.tally.failed.total(), self.tally.planned.total())
        check_rejected(self.sync.definition, self.tally.fresh, self.tally.newly_refused)

    def _without_vanished(self, name: str, planned: Sequence[PlanRow]) -> Sequence[PlanRow]:
        """The rows that are still to be sent; the others are written down as aborted, for the next run to decide."""
        wanted = [row for row in planned if self.planned.is_still_wanted(row)]
        if len(wanted) < len(planned):
            kept = {row["row_key"] for row in wanted}
            vanished = [row for row in planned if row["row_key"] not in kept]
            with self._writing:
                outcomes = [outcome_of(row, "", "aborted", _VANISHED) for row in vanished]
                self.ledger.set_back(name, outcomes, self.clock())
        return wanted


def batch_name(number: int) -> str:
    """The name of a batch of a plan, which sorts as its number does."""
    return f"{number:0{BATCH_DIGITS}d}"
