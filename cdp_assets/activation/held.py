"""What the destination holds, by the customers of today: state rows of merged customers count as the survivor's."""

from sqlglot import exp

from cdp_assets.activation.contracts import SYNC_STATE
from cdp_assets.activation.definition import SyncDefinition
from cdp_assets.activation.rows import CUSTOMER_ID
from cdp_assets.activation.worktables import WorkTables
from cdp_assets.identity.contracts import ID_HISTORY
from cdp_assets.identity.merges import LONGEST_CHAIN, merges
from cdp_assets.warehouses.base import Warehouse


def held(warehouse: Warehouse, definition: SyncDefinition) -> exp.Select:
    """`state_key`, `current_key`, `checksum`, `place`: one row a row held.

    Of several rows that became one customer's, `place` 1 stands for it: its own, else the smallest key.
    """
    current = _resolved(warehouse, definition)
    state_key, current_key = exp.column("row_key", "st"), exp.column("current_key", "r")
    joined = (
        exp.select(
            state_key.as_("state_key"),
            exp.func("COALESCE", current_key, state_key.copy()).as_("current_key"),
            exp.column("checksum", "st"),
        )
        .from_(_state(definition).subquery("st"))
        .join(current.subquery("r"), on=exp.column("state_key", "r").eq(state_key.copy()), join_type="left")
    )
    own_first = exp.Case().when(exp.column("state_key").eq(exp.column("current_key")), exp.Literal.number(0))
    order = exp.Order(
        expressions=[
            exp.Ordered(this=own_first.else_(exp.Literal.number(1))),
            exp.Ordered(this=exp.column("state_key")),
        ]
    )
    place = exp.Window(this=exp.RowNumber(), partition_by=[exp.column("current_key")], order=order)
    return exp.select("state_key", "current_key", "checksum", place.as_("place")).from_(joined.subquery("j"))


def _state(definition: SyncDefinition) -> exp.Select:
    sync = exp.column("sync").eq(exp.Literal.string(definition.name))
    return exp.select("row_key", "checksum").from_(SYNC_STATE.table.expression()).where(sync)


def _resolved(warehouse: Warehouse, definition: SyncDefinition) -> exp.Select:
    """`state_key`, `current_key` of the state rows that left the source because their customer was merged."""
    if definition.key != CUSTOMER_ID or not warehouse.exists(ID_HISTORY.table):
        nothing = exp.select(exp.column("row_key").as_("state_key"), exp.column("row_key").as_("current_key"))
        return nothing.from_(SYNC_STATE.table.expression()).where(exp.false())
    number = exp.Literal.number
    absent = exp.Exists(
        this=exp.select("1")
        .from_(WorkTables.of(definition.name).keys.expression().as_("k"))
        .where(exp.column("row_key", "k").eq(exp.column("row_key", "st")))
    ).not_()
    seed = (
        exp.select(
            exp.column("row_key", "st").as_("state_key"),
            exp.column("row_key", "st").as_("current_key"),
            number(0).as_("depth"),
        )
        .from_(_state(definition).subquery("st"))
        .where(absent)
    )
    step = (
        exp.select(exp.column("state_key", "c"), exp.column("other_customer_id", "m"), exp.column("depth", "c") + 1)
        .from_(exp.to_table("chain").as_("c"))
        .join(exp.to_table("merges").as_("m"), on=exp.column("customer_id", "m").eq(exp.column("current_key", "c")))
        .where(exp.column("depth", "c") < LONGEST_CHAIN)
    )
    latest = exp.Order(expressions=[exp.Ordered(this=exp.column("depth"), desc=True)])
    latest.expressions.append(exp.Ordered(this=exp.column("current_key")))
    place = exp.Window(this=exp.RowNumber(), partition_by=[exp.column("state_key")], order=latest)
    ranked = exp.select("state_key", "current_key", place.as_("place")).from_("chain").subquery("ranked")
    return (
        exp.select("state_key", "current_key")
        .from_(ranked)
        .where(exp.column("place").eq(1))
        .with_("merges", as_=merges(), recursive=True)
        .with_("chain", as_=exp.union(seed, step, distinct=False), recursive=True)
    )
