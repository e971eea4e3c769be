"""Sends a plan: reads it a page at a time, sends its batches, and writes down each before the next.

No connection to the warehouse is open while a batch is on its way.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlglot import exp

from cdp_assets.activation import rows
from cdp_assets.activation.checksum import checksum
from cdp_assets.activation.guards import check_rejected
from cdp_assets.activation.ledger import Ledger
from cdp_assets.activation.plan import BATCH_DIGITS, fields_of
from cdp_assets.activation.redaction import redact
from cdp_assets.activation.result import Outcome, Tally
from cdp_assets.activation.retry import RetryPolicy, send_with_retries
from cdp_assets.activation.worktables import WorkTables
from cdp_assets.destinations.base import Batch, Destination, Operation, PermanentError, Removal, Row, RowResult

PAGE_ROWS = 20_000
_VANISHED = "the row changed while the sync ran"

PlanRow = dict[str, Any]


@dataclass(frozen=True)
class Delivery:
    """One run's way to a destination. `progress` gets the operations done and planned so far."""

    ledger: Ledger
    destination: Destination
    secret_key: bytes
    tally: Tally
    policy: RetryPolicy
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    progress: Callable[[int, int], None]

    def send_plan(self, first: int, last: int) -> None:
        """Send the batches numbered `first` to `last` of the plan.

        Raises:
            DestinationError: the destination does not recover, or refuses too many rows.
        """
        step = max(1, PAGE_ROWS // self.destination.limits.batch_size)
        for low in range(first, last + 1, step):
            bounds = (_name(low), _name(min(low + step, last + 1)))
            batch = exp.column("batch", "p")
            within = exp.and_(batch >= exp.Literal.string(bounds[0]), batch < exp.Literal.string(bounds[1]))
            for name, group in groupby(self.read(within), key=lambda row: str(row["batch"])):
                self._send_rows(name, self._without_vanished(name, list(group)))

    def replay(self, name: str) -> bool:
        """Send the batch a killed run may have sent, exactly as it was; False if its rows are no longer the same."""
        found = self.read(exp.column("batch", "p").eq(exp.Literal.string(name)))
        if not found or not all(self._as_planned(row) for row in found):
            return False
        self.tally.plan(found[0]["operation"], len(found), sum(row["attempts"] is None for row in found))
        self._send_rows(name, found)
        return True

    def read(self, condition: exp.Condition) -> list[PlanRow]:
        """Rows of the plan with the values to send, read now and through the consent gate, in order."""
        definition = self.ledger.definition
        query = (
            exp.select("p.*", exp.column("row_key", "v").as_("source_key"))
            .select(*(exp.column(f"f{number}", "v") for number in range(len(definition.mapping))))
            .from_(WorkTables.of(definition.name).plan.expression().as_("p"))
            .join(
                rows.values(definition).subquery("v"),
                on=exp.column("row_key", "v").eq(exp.column("row_key", "p")),
                join_type="left",
            )
            .where(condition)
            .order_by(exp.column("batch", "p"), exp.column("row_key", "p"))
        )
        return list(_unrepeated(self.ledger.warehouse.read_arrow(query).to_pylist()))

    def _send_rows(self, name: str, planned: Sequence[PlanRow]) -> None:
        """Send a batch; refused whole, it is halved, in the plan too, until each row is accepted or alone."""
        waiting = [(name, planned)] if planned else []
        while waiting:
            part, some = waiting.pop()
            batch = self._batch(part, some)
            self.tally.attempted[batch.operation] += 0 if "." in part else len(some)
            try:
                results = send_with_retries(self.destination, batch, self.policy, self.sleep)
            except PermanentError as error:
                if len(some) > 1:
                    waiting += reversed(self._halved(part, some))
                    continue
                results = [RowResult(batch.rows[0].key, accepted=False, reason=str(error))]
            self._record(batch, some, results)

    def _halved(self, name: str, planned: Sequence[PlanRow]) -> list[tuple[str, Sequence[PlanRow]]]:
        middle = len(planned) // 2
        pivot = exp.Literal.string(planned[middle]["row_key"])
        suffix = exp.Case().when(exp.column("row_key") < pivot, exp.Literal.string(f"{name}.0"))
        plan = WorkTables.of(self.ledger.definition.name).plan.expression()
        change: dict[str, object] = {"batch": suffix.else_(exp.Literal.string(f"{name}.1"))}
        here = exp.column("batch").eq(exp.Literal.string(name))
        self.ledger.warehouse.execute(exp.update(plan, change, where=here))
        return [(f"{name}.0", planned[:middle]), (f"{name}.1", planned[middle:])]

    def _record(self, batch: Batch, planned: Sequence[PlanRow], results: Sequence[RowResult]) -> None:
        said = {result.key: result for result in results}
        outcomes = []
        for row, sent in zip(planned, batch.rows, strict=True):
            result = said.get(
                sent.key, RowResult(sent.key, accepted=False, reason="the destination did not mention it")
            )
            status = "succeeded" if result.accepted else "rejected"
            reason = "" if result.accepted else redact(result.reason or "no reason given", self._values(row))
            outcomes.append(_outcome(row, sent.checksum, status, reason))
        self.ledger.record(batch.name, outcomes, self.clock())
        refused = [outcome for outcome in outcomes if outcome.status == "rejected"]
        self.tally.succeeded[batch.operation] += len(outcomes) - len(refused)
        self.tally.failed[batch.operation] += len(refused)
        self.tally.newly_refused += sum(not outcome.attempts for outcome in refused)
        done = self.tally.succeeded.total() + self.tally.failed.total()
        self.progress(done, self.tally.planned.total())
        check_rejected(self.ledger.definition, self.tally.fresh, self.tally.newly_refused)

    def _without_vanished(self, name: str, planned: Sequence[PlanRow]) -> Sequence[PlanRow]:
        """The rows that are still to be sent; the others are written down as aborted, for the next run to decide."""
        vanished = [row for row in planned if not self._still_wanted(row)]
        if vanished:
            outcomes = [_outcome(row, "", "aborted", _VANISHED) for row in vanished]
            self.ledger.record(name, outcomes, self.clock(), whole=False)
        return [row for row in planned if self._still_wanted(row)]

    def _still_wanted(self, row: PlanRow) -> bool:
        return (row["source_key"] is not None) == self._carries_values(row)

    def _as_planned(self, row: PlanRow) -> bool:
        if not self._still_wanted(row):
            return False
        return not self._carries_values(row) or checksum(self._values(row), self.secret_key) == row["checksum"]

    def _carries_values(self, row: PlanRow) -> bool:
        return row["operation"] != Operation.REMOVE or rows.sends_values_on_removal(self.ledger.definition)

    def _values(self, row: PlanRow) -> dict[str, Any]:
        return fields_of(self.ledger.definition, row) if self._carries_values(row) else {}

    def _batch(self, name: str, planned: Sequence[PlanRow]) -> Batch:
        definition, first = self.ledger.definition, planned[0]
        return Batch(
            sync=definition.name,
            run_id=first["run_id"],
            name=name,
            as_of=first["as_of"],
            operation=Operation(first["operation"]),
            mode=definition.mode,
            removal=definition.removal,
            columns=tuple(definition.mapping),
            rows=tuple(self._row(row) for row in planned),
        )

    def _row(self, row: PlanRow) -> Row:
        definition, fields = self.ledger.definition, self._values(row)
        mark = checksum(fields, self.secret_key) if fields else ""
        if not fields and definition.removal is Removal.CLEAR_FIELDS:
            fields = dict.fromkeys(definition.mapping)
        renamed = row["previous_key"] if row["previous_key"] != row["row_key"] else None
        return Row(row["row_key"], fields, mark, renamed, row["merged_into"])


def _outcome(row: PlanRow, mark: str, status: str, reason: str) -> Outcome:
    return Outcome(
        key=row["row_key"],
        previous_key=row["previous_key"],
        checksum=mark,
        operation=Operation(row["operation"]),
        status=status,
        reason=reason,
        attempts=row["attempts"] or 0,
        first_failed_at=row["first_failed_at"],
    )


def _unrepeated(planned: Sequence[PlanRow]) -> Iterator[PlanRow]:
    """One row a planned operation; one that came to have several rows in the source counts as vanished."""
    for _, group in groupby(planned, key=lambda row: row["row_key"]):
        same = list(group)
        yield same[0] if len(same) == 1 else same[0] | {"source_key": None}


def _name(number: int) -> str:
    return f"{number:0{BATCH_DIGITS}d}"
