"""The rows of a plan as they are sent: with their values, read at the moment and through the gate."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from json import loads
from typing import Any

from sqlglot import exp

from cdp_assets.activation import consent, identifiers, rows
from cdp_assets.activation.checksum import keyed
from cdp_assets.activation.redaction import redact
from cdp_assets.activation.result import Outcome
from cdp_assets.activation.sync import Sync
from cdp_assets.destinations.base import Batch, Job, Operation, Removal, Row, RowResult

PlanRow = dict[str, Any]
"""A row of the plan; `source_key` and `now`, its key and checksum as read, null if it is not to be sent; its fields."""


@dataclass(frozen=True)
class PlannedRows:
    """Reads rows of a sync's plan, and makes batches and outcomes of them."""

    sync: Sync

    def read(self, condition: exp.Condition) -> list[PlanRow]:
        """Rows of the plan with the values to send, in the order of batch and key."""
        consent.write_suppressed(self.sync)  # who was put on the list since the run began is not sent either
        query = self._identifiers() if self.sync.identifies else self._values()
        ordered = query.where(condition).order_by(exp.column("batch", "p"), exp.column("row_key", "p"))
        if self.sync.identifies:
            return list(self.sync.warehouse.read_arrow(ordered).to_pylist())
        warehouse, work, secret_key = self.sync.warehouse, self.sync.work, self.sync.secret_key
        with warehouse.session(), keyed(warehouse, work, secret_key) as keys:
            joined = ordered.join(keys, join_type="cross")
            return list(_unrepeated(warehouse.read_arrow(joined).to_pylist()))

    def batch(self, name: str, planned: Sequence[PlanRow], job: Callable[[Batch], Job] | None = None) -> Batch:
        """Rows of one operation as the destination gets them."""
        definition, first = self.sync.definition, planned[0]
        made = Batch(
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
        return replace(made, job=job(made)) if job else made

    def outcome(self, row: PlanRow, sent: Row, result: RowResult | None) -> Outcome:
        """What became of a row, by what the destination said of it."""
        if result is None:
            return outcome_of(row, sent.checksum, "rejected", "the destination did not mention it")
        if result.accepted:
            return outcome_of(row, sent.checksum, "succeeded", "")
        said = redact(result.reason or "no reason given", {k: v for k, v in self._fields(row).items() if k != "kind"})
        return outcome_of(row, sent.checksum, "rejected", said)

    def is_still_wanted(self, row: PlanRow) -> bool:
        """Whether the row is in the source, through the gate, as its operation asks for."""
        if self.sync.identifies and row["operation"] == Operation.REMOVE and row["basis"] is None:
            return row["source_key"] is not None
        return (row["now"] is not None) == self._comes_from_source(row)

    def is_as_planned(self, row: PlanRow) -> bool:
        """Whether it is still wanted, with the values it had when the plan was made."""
        if not self.is_still_wanted(row):
            return False
        return not self._comes_from_source(row) or row["now"] == row["checksum"]

    def _comes_from_source(self, row: PlanRow) -> bool:
        return row["operation"] != Operation.REMOVE or row["basis"] is not None

    def _values(self) -> exp.Select:
        definition = self.sync.definition
        source_key = exp.column("row_key", "v")
        now = exp.Case().when(source_key.is_(exp.null()).not_(), rows.checksum_of(self.sync, "v"))
        return (
            exp.select("p.*", source_key.copy().as_("source_key"), now.as_("now"))
            .select(*(exp.column(f"f{number}", "v") for number in range(len(definition.mapping))))
            .from_(self.sync.work.plan.expression().as_("p"))
            .join(
                rows.values(self.sync).subquery("v"),
                on=source_key.copy().eq(exp.column("row_key", "p")),
                join_type="left",
            )
        )

    def _identifiers(self) -> exp.Select:
        key, added = exp.column("row_key", "i"), exp.column("may_be_added", "i").eq(exp.Literal.number(1))
        return (
            exp.select("p.*", key.as_("source_key"), exp.Case().when(added, key.copy()).as_("now"))
            .select(exp.column("sent", "i"))
            .from_(self.sync.work.plan.expression().as_("p"))
            .join(
                identifiers.as_sent(self.sync).subquery("i"),
                on=key.copy().eq(exp.column("row_key", "p")),
                join_type="left",
            )
        )

    def _fields(self, row: PlanRow) -> dict[str, Any]:
        if self.sync.identifies:
            found: dict[str, Any] = loads(row["sent"]) if row["sent"] else {}
            return found
        if not self._comes_from_source(row):
            return {}
        return {field: row[f"f{number}"] for number, field in enumerate(self.sync.definition.mapping)}

    def _row(self, row: PlanRow) -> Row:
        fields = self._fields(row)
        mark = row["now"] or ""
        if not fields and self.sync.definition.removal is Removal.CLEAR_FIELDS:
            fields = dict.fromkeys(self.sync.definition.mapping)
        renamed = row["previous_key"] if row["previous_key"] != row["row_key"] else None
        return Row(row["row_key"], fields, mark, renamed, row["merged_into"])


def outcome_of(row: PlanRow, mark: str, status: str, reason: str) -> Outcome:
    """What became of a row of the plan."""
    return Outcome(
        key=row["row_key"],
        previous_key=row["previous_key"],
        checksum=mark,
        operation=Operation(row["operation"]),
        status=status,
        reason=reason,
        basis=row["basis"],
        attempts=row["attempts"] or 0,
        first_failed_at=row["first_failed_at"],
    )


def _unrepeated(planned: Sequence[PlanRow]) -> Iterator[PlanRow]:
    """One row a planned operation; one that came to have several rows in the source counts as vanished."""
    for _, group in groupby(planned, key=lambda row: row["row_key"]):
        same = list(group)
        yield same[0] if len(same) == 1 else same[0] | {"source_key": None, "now": None}
