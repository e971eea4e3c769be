"""The rows of a plan as they are sent: with their values, read at the moment and through the gate."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from json import loads
from typing import Any

import polars as pl
import pyarrow as pa
from sqlglot import exp

from cdp_assets.activation import consent, identifiers, rows
from cdp_assets.activation.batches import PlannedBatch
from cdp_assets.activation.checksum import keyed
from cdp_assets.activation.sync import Sync
from cdp_assets.destinations.base import Operation, Removal, Row
from cdp_assets.warehouses.base import WriteMode


@dataclass(frozen=True)
class PlannedRows:
    """Reads rows of a sync's plan, in batches."""

    sync: Sync

    def read(self, condition: exp.Condition) -> list[PlannedBatch]:
        """The batches of the rows of the plan, `p`, that meet a condition, in their order.

        The plan is told of values that changed since it was made, so that what is held afterwards is what was sent.
        """
        consent.write_suppressed(self.sync)  # who was put on the list since the run began is not sent either
        with self.sync.warehouse.session():
            page = _Page(self.sync, self._read(condition))
            changed = page.table.filter(pa.array(page.changed, pa.bool_()))
            if changed.num_rows:
                columns = {name: changed[name] for name in self.sync.warehouse.columns(self.sync.work.plan)}
                corrected = pa.table(columns | {"checksum": changed["now"]})
                self.sync.warehouse.write_arrow(self.sync.work.plan, corrected, WriteMode.MERGE, ["row_key"])
        return list(page.batches())

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
    """A page of the plan, in order of batch and key.

    `told` says of each operation whether it tells of a row of the source: all do but removals of what left it.
    """

    def __init__(self, sync: Sync, table: pa.Table) -> None:
        self.sync, self.table = sync, table
        self.keys: list[str] = table["row_key"].to_pylist()
        # What came to have several rows in the source meanwhile is for the next run to decide.
        repeated = {key for key, count in Counter(self.keys).items() if count > 1}
        asked_for: list[bool] = table["is_wanted"].to_pylist()
        self.wanted = [ok and key not in repeated for ok, key in zip(asked_for, self.keys, strict=True)]
        pairs = zip(table["operation"].to_pylist(), table["basis"].to_pylist(), strict=True)
        self.told = [operation != Operation.REMOVE or basis is not None for operation, basis in pairs]
        self.marks = [now if told else None for now, told in zip(table["now"].to_pylist(), self.told, strict=True)]
        planned = zip(self.wanted, self.marks, table["checksum"].to_pylist(), strict=True)
        self.changed = [ok and mark is not None and mark != before for ok, mark, before in planned]

    def batches(self) -> Iterator[PlannedBatch]:
        """The rows, batch by batch."""
        names, operations, bases, attempts, first_failures, previous = (
            self.table[name].to_pylist()
            for name in ("batch", "operation", "basis", "attempts", "first_failed_at", "previous_key")
        )
        found = list(self._rows(previous))
        for name, group in groupby(range(len(names)), key=names.__getitem__):
            places = list(group)
            kept = [place for place in places if self.wanted[place]]
            tried = {self.keys[p]: (attempts[p], first_failures[p]) for p in places if attempts[p] is not None}
            yield PlannedBatch(
                name=name,
                operation=Operation(operations[places[0]]),
                run_id=self.table["run_id"][places[0]].as_py(),
                as_of=self.table["as_of"][places[0]].as_py(),
                rows=[found[place] for place in kept],
                bases=[bases[place] for place in kept],
                tried=tried,
                vanished={self.keys[place]: bases[place] for place in places if not self.wanted[place]},
                replaces=any(previous[place] is not None for place in kept),
                changed=any(self.changed[place] for place in kept),
            )

    def _rows(self, previous: Sequence[str | None]) -> Iterator[Row]:
        merged = self.table["merged_into"].to_pylist()
        columns = zip(self.keys, self._fields(), self.marks, previous, merged, strict=True)
        for key, fields, mark, before, into in columns:
            yield Row(key, fields, mark or "", before if before != key else None, into)

    def _fields(self) -> Iterator[dict[str, Any]]:
        if self.sync.identifies:
            return (loads(sent) if sent else {} for sent in self.table["sent"].to_pylist())
        names = list(self.sync.definition.mapping)
        values = zip(*(_listed(self.table[f"f{number}"]) for number in range(len(names))), strict=True)
        cleared = names if self.sync.definition.removal is Removal.CLEAR_FIELDS else ()
        return (
            dict(zip(names, some, strict=True)) if told else dict.fromkeys(cleared)
            for some, told in zip(values, self.told, strict=True)
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
