"""The diff: what the destination must be told, found in the warehouse from keys and keyed checksums alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlglot import exp

from cdp_assets.activation import identifiers
from cdp_assets.activation.contracts import REJECTED_ROWS
from cdp_assets.activation.held import held
from cdp_assets.activation.sync import Sync
from cdp_assets.destinations.base import Limits, Mode, Operation, Removal

BATCH_DIGITS = 8
_LONGEST_NOTICE = timedelta(days=30)


@dataclass(frozen=True)
class Part:
    """Which operations of a diff are wanted: all, or the first ones, those of one key, those refused before."""

    limit: int | None = None
    only: str | None = None
    refused: bool = False

    @property
    def is_whole(self) -> bool:
        return self == Part()


@dataclass(frozen=True)
class RunOfPlan:
    """The run that makes a plan: its id, its moment, the number of its first batch, the time, and what it is to do."""

    run_id: str
    as_of: datetime
    first_batch: int
    now: datetime
    part: Part


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


def write_plan(sync: Sync, run: RunOfPlan) -> None:
    """Write the plan: a row an operation, in numbered batches of one operation each, removals first.

    `previous_key` is the key the destination holds the row by; `merged_into` is set on the removal of a row whose
    customer was merged into one that stays; `in_flight` is how many batches may be in doubt after a kill.
    """
    diff = exp.union(_wanted(sync, run.now), _gone(sync), distinct=False)
    rejected = REJECTED_ROWS.table.expression().as_("j")
    same = exp.and_(sync.mine("j"), exp.column("row_key", "j").eq(exp.column("row_key", "d")))
    attempted = (
        exp.select("d.*", exp.column("attempts", "j"), exp.column("first_failed_at", "j"))
        .from_(diff.subquery("d"))
        .join(rejected, on=same, join_type="left")
        .where(exp.column("operation", "d").is_(exp.null()).not_())
    )
    limits = sync.destination.limits
    plan = exp.select(
        "b.*",
        exp.Literal.string(run.run_id).as_("run_id"),
        moment(run.as_of).as_("as_of"),
        exp.Literal.number(limits.unrecorded).as_("in_flight"),
    ).from_(_batched(_chosen(sync, attempted, run.part), limits, run.first_batch).subquery("b"))
    sync.warehouse.write_select(sync.work.plan, plan)


def moment(at: datetime) -> exp.Cast:
    """A time as SQL."""
    return exp.cast(exp.Literal.string(at.isoformat()), "TIMESTAMPTZ")


def departed(sync: Sync) -> exp.Select:
    """`state_key`, `current_key` of the rows held that the source no longer asks for."""
    current = exp.column("current_key", "h")
    broken = exp.select("row_key").from_(sync.work.inventory.expression()).where(_is("status", "invalid"))
    return (
        exp.select(exp.column("state_key", "h"), current)
        .from_(held(sync).subquery("h"))
        .join(wanted_keys(sync).subquery("w"), on=exp.column("row_key", "w").eq(current.copy()), join_type="left")
        .join(broken.subquery("b"), on=exp.column("row_key", "b").eq(current.copy()), join_type="left")
        .where(exp.or_(exp.column("row_key", "w").is_(exp.null()), exp.column("place", "h") > 1))
        .where(exp.column("row_key", "b").is_(exp.null()))
    )


def suppressed(sync: Sync) -> exp.Select:
    """`row_key` of what the source has and may not be sent."""
    inventory = sync.work.inventory.expression()
    theirs = exp.select("row_key").from_(inventory).where(_is("status", "suppressed"))
    return identifiers.of_members(sync, theirs) if sync.identifies else theirs


def wanted_keys(sync: Sync) -> exp.Select:
    """`row_key`, `checksum`, `basis` of all that the destination is to hold."""
    if sync.identifies:
        return identifiers.wanted(sync)
    inventory = sync.work.inventory.expression()
    return exp.select("row_key", "checksum", "basis").from_(inventory).where(_is("status", "valid"))


def _wanted(sync: Sync, now: datetime) -> exp.Select:
    """What is wanted and not held, or held with other values; `operation` is null where nothing is sent."""
    operations = OPERATIONS[sync.definition.mode]
    key, state_key = exp.column("row_key", "w"), exp.column("state_key", "h")
    # An empty checksum stands for a row in doubt: only an addition may meet one the destination does not hold.
    unknown = exp.or_(state_key.is_(exp.null()), exp.column("checksum", "h").eq(exp.Literal.string("")))
    operation = exp.Case().when(unknown, _literal(operations.new))
    for outdated in _outdated(sync, now):
        operation = operation.when(outdated, _literal(operations.changed))
    standing = exp.and_(exp.column("current_key", "h").eq(key), exp.column("place", "h").eq(1))
    return (
        exp.select(
            key.copy(),
            state_key.copy().as_("previous_key"),
            exp.cast(exp.null(), "TEXT").as_("merged_into"),
            exp.column("checksum", "w"),
            exp.column("basis", "w"),
            operation.else_(exp.null()).as_("operation"),
        )
        .from_(wanted_keys(sync).subquery("w"))
        .join(held(sync).subquery("h"), on=standing, join_type="left")
    )


def _outdated(sync: Sync, now: datetime) -> list[exp.Expression]:
    """When a row that is held is sent again: it has other values, another key, or will soon be forgotten."""
    limits = sync.destination.limits
    found: list[exp.Expression] = [exp.column("checksum", "h").neq(exp.column("checksum", "w"))]
    if limits.addressed_by_key:
        found.append(exp.column("state_key", "h").neq(exp.column("row_key", "w")))
    if limits.lifetime and sync.definition.mode is not Mode.INSERT:
        last = now - limits.lifetime + min(limits.lifetime / 10, _LONGEST_NOTICE)
        found.append(exp.column("sent_at", "h") <= moment(last))
    return found


def _gone(sync: Sync) -> exp.Select:
    """Rows held that must go; an invalid row of the source is no sign that its customer left.

    Where a mode removes nobody who left, those who may not be sent any longer are removed all the same.
    """
    state_key = exp.column("state_key", "h")
    operation: exp.Expr = _literal(_removal(sync, OPERATIONS[sync.definition.mode].gone))
    if sync.definition.mode is not Mode.MIRROR:
        is_suppressed = exp.column("current_key", "h").isin(query=suppressed(sync))
        refused = None if sync.definition.mode is Mode.REMOVE else _removal(sync, Operation.REMOVE)
        operation = exp.Case().when(is_suppressed, _literal(refused)).else_(operation)
    return (
        exp.select(
            state_key.as_("row_key"),
            state_key.copy().as_("previous_key"),
            exp.column("row_key", "w").as_("merged_into"),
            exp.cast(exp.null(), "TEXT").as_("checksum"),
            exp.cast(exp.null(), "TEXT").as_("basis"),
            operation.as_("operation"),
        )
        .from_(departed(sync).subquery("h"))
        .join(
            wanted_keys(sync).subquery("w"),
            on=exp.column("row_key", "w").eq(exp.column("current_key", "h")),
            join_type="left",
        )
    )


def _removal(sync: Sync, operation: Operation | None) -> Operation | None:
    """A removal, if the sync has any, and the destination can do it."""
    removal = sync.definition.removal
    return None if removal is Removal.NOTHING or removal not in sync.destination.limits.removals else operation


def _chosen(sync: Sync, diff: exp.Select, part: Part) -> exp.Select:
    """The operations a run is to do; of a limited number, those that would go first."""
    query = exp.select("*").from_(diff.subquery("c"))
    if part.only is not None:
        query = query.where(identifiers.of_member(sync, part.only) if sync.identifies else _is("row_key", part.only))
    if part.refused:
        query = query.where(exp.column("attempts").is_(exp.null()).not_())
    if part.limit is not None:
        place = exp.Window(this=exp.RowNumber(), order=_order(_turn(), exp.column("row_key")))
        ranked = query.select(place.as_("rank"))
        columns = [name for name in _COLUMNS if name != "batch"]
        query = exp.select(*columns).from_(ranked.subquery("r")).where(exp.column("rank") <= part.limit)
    return query


_COLUMNS = (
    *("row_key", "previous_key", "merged_into", "checksum", "basis", "operation"),
    *("attempts", "first_failed_at", "batch"),
)


def _batched(diff: exp.Select, limits: Limits, first_batch: int) -> exp.Select:
    """The operations of a diff, with the zero-padded number of the `batch` each is in."""
    of_operation = [exp.column("operation")]
    place = exp.Window(this=exp.RowNumber(), partition_by=of_operation, order=_order(exp.column("row_key")))
    count = exp.Window(this=exp.Count(this=exp.Star()), partition_by=of_operation)
    numbered = exp.select(
        "*", _turn().as_("turn"), (exp.paren(place) - 1).as_("place"), _size(limits, count).as_("size")
    ).from_(diff.subquery("d"))
    start = exp.column("place") - exp.Mod(this=exp.column("place"), expression=exp.column("size"))
    dense = exp.Window(this=exp.DenseRank(), order=_order(exp.column("turn"), start))
    batch = exp.cast(exp.paren(dense) + (first_batch - 1), "TEXT")
    padded = exp.DPipe(this=exp.Literal.string("0" * BATCH_DIGITS), expression=batch)
    name = exp.func("RIGHT", padded, exp.Literal.number(BATCH_DIGITS)).as_("batch")
    return exp.select(*_COLUMNS[:-1], name).from_(numbered.subquery("n"))


def _size(limits: Limits, count: exp.Window) -> exp.Expression:
    """Rows a batch: more where so many operations of a kind are due that the destination takes them in bulk."""
    usual = exp.Literal.number(limits.batch_size)
    if limits.bulk_batch_size is None:
        return usual
    many = exp.GT(this=count, expression=exp.Literal.number(limits.bulk_above))
    return exp.Case().when(many, exp.Literal.number(limits.bulk_batch_size)).else_(usual)


def _turn() -> exp.Case:
    turn = exp.Case()
    for number, operation in enumerate(Operation):
        turn = turn.when(_is("operation", operation), exp.Literal.number(number))
    return turn


def _literal(operation: Operation | None) -> exp.Expression:
    return exp.cast(exp.null() if operation is None else exp.Literal.string(operation), "TEXT")


def _is(column: str, value: str) -> exp.EQ:
    return exp.column(column).eq(exp.Literal.string(value))


def _order(*columns: exp.Expression) -> exp.Order:
    return exp.Order(expressions=[exp.Ordered(this=column) for column in columns])
