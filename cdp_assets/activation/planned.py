"""The rows of a plan as they are sent: with their values, read at the moment and through the gate."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, groupby
from json import loads
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from cdp_assets.activation import consent, identifiers, rows
from cdp_assets.activation.batches import PlannedBatch
from cdp_assets.activation.checksum import keyed
from cdp_assets.activation.sync import Sync
from cdp_assets.destinations.base import Operation, Removal, Row
from cdp_assets.warehouses.base import WriteMode

_TOLD = ("row_key", "basis", "attempts", "first_failed_at", "previous_key", "merged_into")


@dataclass(frozen=True)
class PlannedRows:
    """Reads rows of a sync's plan, in batches."""

    sync: Sync

    def read(self, condition: exp.Condition) -> Iterator[PlannedBatch]:
        """The batches of the rows of the plan, `p`, that meet a condition, in their order.

        All is read before the first is returned; rows are made of it batch by batch. The plan is told of values that
        changed since it was made, so that what is held afterwards is what was sent.
        """
        consent.write_suppressed(self.sync)  # who was put on the list since the run began is not sent either
        with self.sync.warehouse.session():
            page = _Page(self.sync, self._read(condition))
            changed = page.table.filter(page.is_changed)
            if changed.num_rows:
                columns = {name: changed[name] for name in self.sync.warehouse.columns(self.sync.work.plan)}
                corrected = pa.table(columns | {"checksum": changed["now"]})
                self.sync.warehouse.write_arrow(self.sync.work.plan, corrected, WriteMode.MERGE, ["row_key"])
        return page.batches()

    def _read(self, condition: exp.Condition) -> pa.Table:
        """Rows of the plan with `is_wanted`, whether the source still asks for it, `now`, its checksum, and values."""
        keys = exp.select(exp.column("row_key", "p")).from_(self.sync.work.plan.expression().as_("p")).where(condition)
        warehouse, names = self.sync.warehouse, list(self.sync.definition.mapping)
        query = self._identifiers(keys) if self.sync.identifies else self._values(keys)
        ordered = query.where(condition).order_by(exp.column("batch", "p"), exp.column("row_key", "p"))
        if self.sync.identifies:
            return warehouse.read_arrow(ordered)
        with keyed(warehouse, self.sync.work, self.sync.secret_key, names) as secret:
            return warehouse.read_arrow(ordered.join(secret, join_type="cross"))

    def _values(self, keys: exp.Select) -> exp.Select:
        there = exp.column("row_key", "v").is_(exp.null()).not_()
        wanted = exp.Case().when(_comes_from_source(), there).else_(there.copy().not_())
        values = rows.values(self.sync, keys).subquery("v")
        return (
            exp.select("p.*", wanted.as_("is_wanted"), rows.checksum_of(self.sync, "v").as_("now"))
            .select(*(exp.column(f"f{number}", "v") for number in range(len(self.sync.definition.mapping))))
            .from_(self.sync.work.plan.expression().as_("p"))
            .join(values, on=exp.column("row_key", "v").eq(exp.column("row_key", "p")), join_type="left")
        )

    def _identifiers(self, keys: exp.Select) -> exp.Select:
        key = exp.column("row_key", "i")
        addable = exp.func("COALESCE", exp.column("may_be_added", "i").eq(exp.Literal.number(1)), exp.false())
        wanted = exp.Case().when(_comes_from_source(), addable).else_(key.is_(exp.null()).not_())
        sent = identifiers.as_sent(self.sync, keys).subquery("i")
        return (
            exp.select("p.*", wanted.as_("is_wanted"), key.copy().as_("now"), exp.column("sent", "i"))
            .from_(self.sync.work.plan.expression().as_("p"))
            .join(sent, on=key.copy().eq(exp.column("row_key", "p")), join_type="left")
        )


class _Page:
    """A page of the plan, in order of batch and key."""

    def __init__(self, sync: Sync, table: pa.Table) -> None:
        self.sync, self.table = sync, table.combine_chunks()
        # What came to have several rows in the source meanwhile is for the next run to decide.
        counts = pc.value_counts(self.table["row_key"])
        repeated = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
        is_wanted = pc.and_(self.table["is_wanted"], pc.invert(pc.is_in(self.table["row_key"], repeated)))
        # All operations tell of a row of the source but removals of what left it.
        is_told = pc.or_(pc.not_equal(self.table["operation"], Operation.REMOVE.value), self.table["basis"].is_valid())
        marks = pc.if_else(is_told, self.table["now"], pa.scalar(None, pa.string()))
        differs = pc.fill_null(pc.not_equal(marks, self.table["checksum"]), fill_value=False)
        self.is_wanted, self.marks, self.is_changed = is_wanted, marks, pc.and_(is_wanted, differs)

    def batches(self) -> Iterator[PlannedBatch]:
        """The rows, batch by batch."""
        start = 0
        for _, several in groupby(self.table["batch"].to_pylist()):
            length = sum(1 for _ in several)
            yield self._batch(start, length)
            start += length

    def _batch(self, start: int, length: int) -> PlannedBatch:
        table, wanted = self.table.slice(start, length), self.is_wanted.slice(start, length).to_pylist()
        told = {name: table[name].to_pylist() for name in _TOLD}
        keys, bases, previous = told["row_key"], told["basis"], told["previous_key"]
        tried = zip(keys, told["attempts"], told["first_failed_at"], strict=True)
        return PlannedBatch(
            name=table["batch"][0].as_py(),
            operation=Operation(table["operation"][0].as_py()),
            run_id=table["run_id"][0].as_py(),
            as_of=table["as_of"][0].as_py(),
            rows=list(compress(self._rows(table, self.marks.slice(start, length).to_pylist(), told), wanted)),
            bases=list(compress(bases, wanted)),
            tried={key: (count, first) for key, count, first in tried if count is not None},
            vanished={key: basis for key, basis, is_wanted in zip(keys, bases, wanted, strict=True) if not is_wanted},
            replaces=any(before is not None for before in compress(previous, wanted)),
            changed=any(self.is_changed.slice(start, length).to_pylist()),
        )

    def _rows(self, table: pa.Table, marks: Sequence[str | None], told: Mapping[str, Sequence[Any]]) -> Iterator[Row]:
        keys = told["row_key"]
        previous = (before if before != key else None for before, key in zip(told["previous_key"], keys, strict=True))
        fields = self._fields(table, [mark is not None for mark in marks])
        return map(Row, keys, fields, (mark or "" for mark in marks), previous, told["merged_into"])

    def _fields(self, table: pa.Table, told: Sequence[bool]) -> Iterator[dict[str, Any]]:
        if self.sync.identifies:
            return (loads(sent) if sent else {} for sent in table["sent"].to_pylist())
        names = list(self.sync.definition.mapping)
        values = zip(*(_listed(table[f"f{number}"]) for number in range(len(names))), strict=True)
        cleared = names if self.sync.definition.removal is Removal.CLEAR_FIELDS else ()
        return (
            dict(zip(names, some, strict=True)) if is_told else dict.fromkeys(cleared)
            for some, is_told in zip(values, told, strict=True)
        )


def _comes_from_source() -> exp.Expr:
    """That an operation tells of a row of the source."""
    basis = exp.column("basis", "p")
    removal = exp.column("operation", "p").eq(exp.Literal.string(Operation.REMOVE))
    return exp.or_(removal.not_(), basis.is_(exp.null()).not_())


def _listed(column: pa.ChunkedArray) -> list[Any]:
    """The values as Python has them; of the kinds that Arrow is slow to make, as polars does."""
    if pa.types.is_timestamp(column.type) or pa.types.is_decimal(column.type):
        found: list[Any] = pl.Series(pl.from_arrow(column)).to_list()
        return found
    return list(column.to_pylist())
