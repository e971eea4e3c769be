"""Batches of a plan, with the values to send."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cdp_assets.activation.definition import SyncDefinition
from cdp_assets.activation.redaction import redact
from cdp_assets.activation.result import Outcome
from cdp_assets.destinations.base import Batch, Job, Operation, Row, RowResult

UNMENTIONED = "the destination did not mention it"


@dataclass(frozen=True)
class PlannedBatch:
    """Operations of one kind that are sent together, in the order of their keys.

    `bases` says why each row may be sent; `tried` has the attempts, and the first failure, of those refused before.
    `replaces` says that some are held already. `vanished` has the keys, each with its basis, of operations that the
    source no longer asks for, and that are not among the rows; `changed` says that rows have other values than planned.
    """

    name: str
    operation: Operation
    run_id: str
    as_of: datetime
    rows: Sequence[Row]
    bases: Sequence[str | None]
    tried: Mapping[str, tuple[int, datetime]]
    vanished: Mapping[str, str | None]
    replaces: bool
    changed: bool

    @property
    def root(self) -> str:
        """The batch of the plan that it is, or is a part of."""
        return self.name.partition(".")[0]

    @property
    def is_as_planned(self) -> bool:
        """Whether it can be sent exactly as it was when the plan was made."""
        return not self.vanished and not self.changed

    @property
    def fresh(self) -> int:
        """Rows that no run before was refused."""
        return len(self.rows) - sum(row.key in self.tried for row in self.rows)

    def halves(self) -> "tuple[PlannedBatch, PlannedBatch]":
        """The two halves of a batch of several rows."""
        middle = len(self.rows) // 2
        first = replace(self, name=f"{self.name}.0", rows=self.rows[:middle], bases=self.bases[:middle])
        return first, replace(self, name=f"{self.name}.1", rows=self.rows[middle:], bases=self.bases[middle:])

    def to_send(self, definition: SyncDefinition, job: Callable[[Batch], Job] | None = None) -> Batch:
        """The batch as the destination gets it."""
        made = Batch(
            sync=definition.name,
            run_id=self.run_id,
            name=self.name,
            as_of=self.as_of,
            operation=self.operation,
            mode=definition.mode,
            removal=definition.removal,
            columns=tuple(definition.mapping),
            rows=tuple(self.rows),
        )
        return replace(made, job=job(made)) if job else made

    def refused(self, results: Iterable[RowResult]) -> list[Outcome]:
        """The rows that the destination did not accept, with why: those it did not mention among them."""
        said = {result.key: result for result in results}
        refused = ((row, said.get(row.key), basis) for row, basis in zip(self.rows, self.bases, strict=True))
        return [
            replace(
                self._outcome(row.key, "rejected", _reason(row, result), basis),
                in_doubt=result is not None and result.in_doubt,
            )
            for row, result, basis in refused
            if result is None or not result.accepted
        ]

    def aborted(self, reason: str) -> Iterator[Outcome]:
        """What is told of the operations that the source no longer asks for."""
        return (self._outcome(key, "aborted", reason, basis) for key, basis in self.vanished.items())

    def _outcome(self, key: str, status: str, reason: str, basis: str | None) -> Outcome:
        attempts, first_failed_at = self.tried.get(key, (0, None))
        return Outcome(self.name, key, self.operation, status, reason, basis, attempts, first_failed_at)


def _reason(row: Row, result: RowResult | None) -> str:
    if result is None:
        return UNMENTIONED
    values = {name: value for name, value in row.fields.items() if name != "kind"}
    return redact(result.reason or "no reason given", values)
