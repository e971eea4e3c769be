"""The diff: what the destination must be told, found in the warehouse from keys and keyed checksums alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
from sqlglot import exp

from cdp_assets.activation import rows
from cdp_assets.activation.checksum import checksum
from cdp_assets.activation.contracts import REJECTED_ROWS
from cdp_assets.activation.definition import SyncDefinition
from cdp_assets.activation.held import held
from cdp_assets.activation.worktables import WorkTables, key_pages
from cdp_assets.destinations.base import Limits, Mode, Operation, Removal
from cdp_assets.tables import TEXT
from cdp_assets.warehouses.base import Warehouse, WriteMode

CHECKSUM_PAGE = 50_000
BATCH_DIGITS = 8
_CHECKSUMS = pa.schema([("row_key", TEXT), ("checksum", TEXT)])


@dataclass(frozen=True)
class RunOfPlan:
    """What every row of a plan carries: the run that made it, its moment, and the number of its first batch."""

    run_id: str
    as_of: datetime
    first_batch: int


@dataclass(frozen=True)
class Operations:
    """What a mode sends for a row that is not held, that is held with other values, and that left the source."""

    new: Operation | None
    changed: Operation | None
    gone: Operation | None = None


OPERATIONS: Mapping[Mode, Operations] = {
    Mode.MIRROR: Operations(Operation.ADD, Operation.CHANGE, Operation.REMOVE),
    Mode.UPSERT: Operations(Operation.ADD, Operation.CHANGE),
    Mode.INSERT: Operations(Operation.ADD, None),
    Mode.UPDATE: Operations(Operation.CHANGE, Operation.CHANGE),
    Mode.REMOVE: Operations(Operation.REMOVE, Operation.REMOVE),
}


def write_keys(warehouse: Warehouse, definition: SyncDefinition) -> None:
    """Write the work table of the source's keys, each valid, invalid or suppressed."""
    warehouse.write_select(WorkTables.of(definition.name).keys, rows.keys(definition))


def write_checksums(
    warehouse: Warehouse, definition: SyncDefinition, secret_key: bytes, page_rows: int = CHECKSUM_PAGE
) -> None:
    """Write the work table of checksums, one a valid row, a page at a time."""
    work = WorkTables.of(definition.name)
    warehouse.write_arrow(work.checksums, _CHECKSUMS.empty_table())
    valid = exp.select("row_key").from_(work.keys.expression()).where(_is("status", "valid"))
    columns = [exp.column(f"f{number}", "v") for number in range(len(definition.mapping))]
    wanted = (
        exp.select(exp.column("row_key", "v"), *columns)
        .from_(rows.values(definition).subquery("v"))
        .join(valid.subquery("k"), on=exp.column("row_key", "k").eq(exp.column("row_key", "v")))
    )
    for page in key_pages(warehouse, wanted, page_rows):
        sums = [checksum(fields_of(definition, row), secret_key) for row in page]
        found = pa.table({"row_key": [row["row_key"] for row in page], "checksum": sums}, schema=_CHECKSUMS)
        warehouse.write_arrow(work.checksums, found, WriteMode.APPEND)


def fields_of(definition: SyncDefinition, row: Mapping[str, object]) -> dict[str, object]:
    """The destination's fields of a row read from `rows.values`."""
    return {field: row[f"f{number}"] for number, field in enumerate(definition.mapping)}


def write_plan(warehouse: Warehouse, definition: SyncDefinition, limits: Limits, run: RunOfPlan) -> None:
    """Write the plan: a row an operation, in numbered batches of one operation each, removals first.

    `previous_key` is the key the destination holds the row by; `merged_into` is set on the removal of a row whose
    customer was merged into one that stays.
    """
    diff = exp.union(_wanted(warehouse, definition, limits), _gone(warehouse, definition), distinct=False)
    rejected = REJECTED_ROWS.table.expression().as_("j")
    same = exp.and_(
        exp.column("sync", "j").eq(exp.Literal.string(definition.name)),
        exp.column("row_key", "j").eq(exp.column("row_key", "d")),
    )
    plan = (
        exp.select("d.*", exp.column("attempts", "j"), exp.column("first_failed_at", "j"))
        .select(
            exp.Literal.string(run.run_id).as_("run_id"),
            exp.cast(exp.Literal.string(run.as_of.isoformat()), "TIMESTAMPTZ").as_("as_of"),
        )
        .from_(_batched(diff, limits.batch_size, run.first_batch).subquery("d"))
        .join(rejected, on=same, join_type="left")
    )
    warehouse.write_select(WorkTables.of(definition.name).plan, plan)


def _batched(diff: exp.Query, batch_size: int, first_batch: int) -> exp.Select:
    """The operations of a diff, with the zero-padded number of the `batch` each is in."""
    turn = exp.Case()
    for number, operation in enumerate(Operation):
        turn = turn.when(_is("operation", operation), exp.Literal.number(number))
    place = exp.Window(
        this=exp.RowNumber(), partition_by=[exp.column("operation")], order=_order(exp.column("row_key"))
    )
    numbered = (
        exp.select("*", turn.as_("turn"), (exp.paren(place) - 1).as_("place"))
        .from_(diff.subquery("d"))
        .where(exp.column("operation").is_(exp.null()).not_())
    )
    start = exp.column("place") - exp.Mod(this=exp.column("place"), expression=exp.Literal.number(batch_size))
    dense = exp.Window(this=exp.DenseRank(), order=_order(exp.column("turn"), start))
    batch = exp.cast(exp.paren(dense) + (first_batch - 1), "TEXT")
    padded = exp.DPipe(this=exp.Literal.string("0" * BATCH_DIGITS), expression=batch)
    name = exp.func("RIGHT", padded, exp.Literal.number(BATCH_DIGITS)).as_("batch")
    columns = ("row_key", "previous_key", "merged_into", "checksum", "operation")
    return exp.select(*columns, name).from_(numbered.subquery("n"))


def _wanted(warehouse: Warehouse, definition: SyncDefinition, limits: Limits) -> exp.Select:
    """Rows of the source that are not held, or held with other values; `operation` is null where nothing is sent."""
    operations, work = OPERATIONS[definition.mode], WorkTables.of(definition.name)
    key, state_key = exp.column("row_key", "w"), exp.column("state_key", "h")
    # An empty checksum stands for a row in doubt: only an addition may meet one the destination does not hold.
    unknown = exp.or_(state_key.is_(exp.null()), exp.column("checksum", "h").eq(exp.Literal.string("")))
    other: exp.Condition = exp.column("checksum", "h").neq(exp.column("checksum", "w"))
    if limits.addressed_by_key:
        other = exp.or_(other, state_key.copy().neq(key.copy()))
    operation = (
        exp.Case().when(unknown, _literal(operations.new)).when(other, _literal(operations.changed)).else_(exp.null())
    )
    standing = exp.and_(exp.column("current_key", "h").eq(key), exp.column("place", "h").eq(1))
    return (
        exp.select(
            key.copy(),
            state_key.copy().as_("previous_key"),
            exp.cast(exp.null(), "TEXT").as_("merged_into"),
            exp.column("checksum", "w"),
            operation.as_("operation"),
        )
        .from_(work.checksums.expression().as_("w"))
        .join(held(warehouse, definition).subquery("h"), on=standing, join_type="left")
    )


def _gone(warehouse: Warehouse, definition: SyncDefinition) -> exp.Select:
    """Rows held that must go; an invalid row of the source is no sign that its customer left."""
    operation = None if definition.removal is Removal.NOTHING else OPERATIONS[definition.mode].gone
    state_key = exp.column("state_key", "h")
    return (
        exp.select(
            state_key.as_("row_key"),
            state_key.copy().as_("previous_key"),
            exp.column("row_key", "w").as_("merged_into"),
            exp.cast(exp.null(), "TEXT").as_("checksum"),
            _literal(operation).as_("operation"),
        )
        .from_(departed(warehouse, definition).subquery("h"))
        .join(
            WorkTables.of(definition.name).checksums.expression().as_("w"),
            on=exp.column("row_key", "w").eq(exp.column("current_key", "h")),
            join_type="left",
        )
    )


def departed(warehouse: Warehouse, definition: SyncDefinition) -> exp.Select:
    """`state_key`, `current_key` of the rows held that the source no longer asks for."""
    work = WorkTables.of(definition.name)
    current = exp.column("current_key", "h")
    staying = exp.select("row_key").from_(work.checksums.expression())
    broken = exp.select("row_key").from_(work.keys.expression()).where(_is("status", "invalid"))
    return (
        exp.select(exp.column("state_key", "h"), current)
        .from_(held(warehouse, definition).subquery("h"))
        .join(staying.subquery("w"), on=exp.column("row_key", "w").eq(current.copy()), join_type="left")
        .join(broken.subquery("b"), on=exp.column("row_key", "b").eq(current.copy()), join_type="left")
        .where(exp.or_(exp.column("row_key", "w").is_(exp.null()), exp.column("place", "h") > 1))
        .where(exp.column("row_key", "b").is_(exp.null()))
    )


def _literal(operation: Operation | None) -> exp.Expression:
    return exp.cast(exp.null() if operation is None else exp.Literal.string(operation), "TEXT")


def _is(column: str, value: str) -> exp.EQ:
    return exp.column(column).eq(exp.Literal.string(value))


def _order(*columns: exp.Expression) -> exp.Order:
    return exp.Order(expressions=[exp.Ordered(this=column) for column in columns])
