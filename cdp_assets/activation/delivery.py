"""Sends a plan: reads it a page at a time, sends batches side by side, and writes each down once it is answered.

The connection to the warehouse is let go of while a slow answer is waited for.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from threading import Lock, RLock

from sqlglot import exp

from cdp_assets.activation.batches import PlannedBatch
from cdp_assets.activation.connection import Connection
from cdp_assets.activation.guards import check_rejected
from cdp_assets.activation.ledger import Ledger
from cdp_assets.activation.pipeline import Sent, send_side_by_side
from cdp_assets.activation.plan import BATCH_DIGITS
from cdp_assets.activation.planned import PlannedRows
from cdp_assets.activation.result import Tally
from cdp_assets.activation.retry import RetryPolicy, send_with_retries
from cdp_assets.activation.sync import Sync
from cdp_assets.collection import rarely_collected
from cdp_assets.destinations.base import Batch, Job, PermanentError, RowResult

PAGE_ROWS = 50_000
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
    connection: Connection
    jobs: dict[str, str] = field(default_factory=dict)
    _writing: RLock = field(default_factory=RLock)
    _counting: Lock = field(default_factory=Lock)

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
        same = []
        for batch in self._read(root.isin(*(exp.Literal.string(name) for name in roots))):
            if batch.is_as_planned:
                same.append(batch)
                self.tally.plan(batch.operation, len(batch.rows), batch.fresh)
            else:
                self.ledger.doubt(batch.name, self.clock())
        self._send(iter(same))
        return bool(same)

    def _batches(self, first: int, last: int) -> Iterator[PlannedBatch]:
        """Batches of the plan, a page at a time, without what the source no longer asks for."""
        limits = self.sync.destination.limits
        step = max(1, PAGE_ROWS // max(limits.batch_size, limits.bulk_batch_size or 0))
        for low in range(first, last + 1, step):
            bounds = (batch_name(low), batch_name(min(low + step, last + 1)))
            batch = exp.column("batch", "p")
            for found in self._read(exp.and_(batch >= _literal(bounds[0]), batch < _literal(bounds[1]))):
                if found.vanished:
                    with self._writing:
                        self.ledger.set_back(found.name, list(found.aborted(_VANISHED)), self.clock())
                if found.rows:
                    yield found

    def _read(self, condition: exp.Condition) -> Iterator[PlannedBatch]:
        self.connection.open()
        with self._writing:
            return self.planned.read(condition)

    def _send(self, batches: Iterator[PlannedBatch]) -> None:
        with rarely_collected():
            send_side_by_side(batches, self.sync.destination.limits, self, self.connection)

    def send(self, batch: PlannedBatch) -> Sent | None:
        """Send a batch and return what became of it; None if it was refused whole and has more than one row."""
        self._count_attempts(batch, 1)
        wanted = batch.to_send(self.sync.definition, self._job)
        try:
            results = send_with_retries(self.sync.destination, wanted, self.policy, self.sleep)
        except PermanentError as error:
            if len(batch.rows) > 1:
                return None
            results = [RowResult(batch.rows[0].key, accepted=False, reason=str(error))]
        return Sent(batch, batch.refused(results))

    def _count_attempts(self, batch: PlannedBatch, times: int) -> None:
        with self._counting:
            self.tally.attempted[batch.operation] += times * len(batch.rows)

    def _job(self, batch: Batch) -> Job:
        key = batch.idempotency_key

        def keep(name: str) -> None:
            with self._writing:
                self.ledger.keep_job(key, name, self.clock())
            self.jobs[key] = name

        return Job(self.jobs.get(key), keep)

    def halve(self, batch: PlannedBatch) -> Sequence[PlannedBatch]:
        """Halve a batch, in the plan too, so that a run that is killed meanwhile is gone on with in the same parts."""
        self._count_attempts(batch, -1)  # its halves are counted instead
        first, second = batch.halves()
        is_first = exp.column("row_key") < _literal(second.rows[0].key)
        change: dict[str, object] = {
            "batch": exp.Case().when(is_first, _literal(first.name)).else_(_literal(second.name))
        }
        here = exp.column("batch").eq(_literal(batch.name))
        with self._writing:
            self.sync.warehouse.execute(exp.update(self.sync.work.plan.expression(), change, where=here))
        return first, second

    def record(self, answered: Sequence[Sent]) -> None:
        """Write down batches that were answered, all of them at once.

        Raises:
            DestinationError: the destination refuses too many rows.
        """
        self.connection.open()
        with self._writing:
            self.ledger.record(
                [sent.batch for sent in answered], [o for sent in answered for o in sent.refused], self.clock()
            )
        for sent in answered:
            self.tally.succeeded[sent.batch.operation] += len(sent.batch.rows) - len(sent.refused)
            self.tally.failed[sent.batch.operation] += len(sent.refused)
            self.tally.newly_refused += sum(not outcome.attempts for outcome in sent.refused)
        self.progress(self.tally.succeeded.total() + self.tally.failed.total(), self.tally.planned.total())
        check_rejected(self.sync.definition, self.tally.fresh, self.tally.newly_refused)


def batch_name(number: int) -> str:
    """The name of a batch of a plan, which sorts as its number does."""
    return f"{number:0{BATCH_DIGITS}d}"


def _literal(text: str) -> exp.Literal:
    return exp.Literal.string(text)
