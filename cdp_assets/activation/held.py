"""What the destination holds, by the customers of today: state rows of merged customers count as the survivor's."""

from sqlglot import exp

from cdp_assets.activation.contracts import SYNC_STATE
from cdp_assets.activation.sync import Sync
from cdp_assets.identity.contracts import ID_HISTORY
from cdp_assets.identity.merges import LONGEST_CHAIN, merges
from cdp_assets.warehouses.base import Warehouse


def held(sync: Sync) -> exp.Select:
    """`state_key`, `current_key`, `checksum`, `sent_at`, `place`: one row a row held.

    Of several rows that became one customer's, `place` 1 stands for it: its own, else the smallest key.
    """
    state_key, current_key = exp.column("row_key", "st"), exp.column("current_key", "r")
    joined = (
        exp.select(
            state_key.as_("state_key"),
            exp.func("COALESCE", current_key, state_key.copy()).as_("current_key"),
            exp.column("checksum", "st"),
            exp.column("sent_at", "st"),
        )
        .from_(_state(sync).subquery("st"))
        .join(_resolved(sync).subquery("r"), on=exp.column("state_key", "r").eq(state_key.copy()), join_type="left")
    )
    if not _follows_customers(sync):
        return exp.select("*", exp.Literal.number(1).as_("place")).from_(joined.subquery("j"))
    own_first = exp.Case().when(exp.column("state_key").eq(exp.column("current_key")), exp.Literal.number(0))
    order = exp.Order(
        expressions=[
            exp.Ordered(this=own_first.else_(exp.Literal.number(1))),
            exp.Ordered(this=exp.column("state_key")),
        ]
    )
    place = exp.Window(this=exp.RowNumber(), partition_by=[exp.column("current_key")], order=order)
    columns = ("state_key", "current_key", "checksum", "sent_at")
    return exp.select(*columns, place.as_("place")).from_(joined.subquery("j"))


def survivors(warehouse: Warehouse, seed: exp.Select) -> exp.Select:
    """`state_key`, `current_key`: of a SELECT's `state_key`, ids that were merged, each with who has its records."""
    key = exp.column("state_key")
    if not warehouse.exists(ID_HISTORY.table):
        return exp.select(key, key.copy().as_("current_key")).from_(seed.subquery("seed")).where(exp.false())
    columns = (exp.column("state_key", "s"), exp.column("other_customer_id", "m").as_("current_key"))
    into = exp.column("customer_id", "m")
    start = (
        exp.select(*columns, exp.Literal.number(1).as_("depth"))
        .from_(seed.subquery("s"))
        .join(exp.to_table("merges").as_("m"), on=into.eq(exp.column("state_key", "s")))
    )
    step = (
        exp.select(exp.column("state_key", "c"), exp.column("other_customer_id", "m"), exp.column("depth", "c") + 1)
        .from_(exp.to_table("chain").as_("c"))
        .join(exp.to_table("merges").as_("m"), on=into.copy().eq(exp.column("current_key", "c")))
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
        .with_("chain", as_=exp.union(start, step, distinct=False), recursive=True)
    )


def _state(sync: Sync) -> exp.Select:
    return exp.select("row_key", "checksum", "sent_at").from_(SYNC_STATE.table.expression()).where(sync.mine())


def _follows_customers(sync: Sync) -> bool:
    return sync.definition.key == "customer_id" and sync.identifies is None


def _resolved(sync: Sync) -> exp.Select:
    """`state_key`, `current_key` of the state rows that left the source because their customer was merged."""
    present = exp.Exists(
        this=exp.select("1")
        .from_(sync.work.inventory.expression().as_("k"))
        .where(exp.column("row_key", "k").eq(exp.column("row_key", "st")))
    )
    absent = (
        exp.select(exp.column("row_key", "st").as_("state_key"))
        .from_(_state(sync).subquery("st"))
        .where(present.not_())
    )
    return survivors(sync.warehouse, absent if _follows_customers(sync) else absent.where(exp.false()))
