"""What the destination holds, by the customers of today: state rows of merged customers count as the survivor's."""

from sqlglot import exp

from cdp_assets.activation.sync import Sync
from cdp_assets.identity.contracts import ID_HISTORY
from cdp_assets.identity.merges import LONGEST_CHAIN, merges
from cdp_assets.warehouses.base import Warehouse


def write_moved(sync: Sync) -> None:
    """Write the work table of the rows held by an id that left the source because its customer was merged."""
    present = exp.Exists(
        this=exp.select("1")
        .from_(sync.work.inventory.expression().as_("k"))
        .where(exp.column("row_key", "k").eq(exp.column("row_key", "st")))
    )
    absent = exp.select(exp.column("row_key", "st").as_("state_key")).from_(_state(sync).subquery("st"))
    absent = absent.where(present.not_() if _follows_customers(sync) else exp.false())
    sync.warehouse.write_select(sync.work.moved, survivors(sync.warehouse, absent))


def held(sync: Sync) -> exp.Select:
    """`state_key`, `current_key`, `checksum`, `sent_at`, `place`: one row a row held.

    Of several rows that became one customer's, `place` 1 stands for it: its own, else the smallest key. Only rows of
    `moved` can share a customer, so that all others are first without being counted.
    """
    state_key, moved_to = exp.column("row_key", "st"), exp.column("current_key", "m")
    return (
        exp.select(
            state_key.as_("state_key"),
            exp.func("COALESCE", moved_to, state_key.copy()).as_("current_key"),
            exp.column("checksum", "st"),
            exp.column("sent_at", "st"),
            exp.func("COALESCE", exp.column("place", "m"), exp.Literal.number(1)).as_("place"),
        )
        .from_(_state(sync).subquery("st"))
        .join(_placed(sync).subquery("m"), on=exp.column("state_key", "m").eq(state_key.copy()), join_type="left")
    )


def _placed(sync: Sync) -> exp.Select:
    """`state_key`, `current_key`, `place` of the rows that moved: behind the row the customer is held by itself."""
    own = exp.select(exp.column("row_key").as_("own_key")).from_(_state(sync).subquery("own_state"))
    has_own = exp.column("own_key", "o").is_(exp.null()).not_()
    order = exp.Order(expressions=[exp.Ordered(this=exp.column("state_key", "m"))])
    place = exp.Window(this=exp.RowNumber(), partition_by=[exp.column("current_key", "m")], order=order)
    behind = exp.Case().when(has_own, exp.Literal.number(1)).else_(exp.Literal.number(0))
    return (
        exp.select(exp.column("state_key", "m"), exp.column("current_key", "m"), (place + behind).as_("place"))
        .from_(sync.work.moved.expression().as_("m"))
        .join(own.subquery("o"), on=exp.column("own_key", "o").eq(exp.column("current_key", "m")), join_type="left")
    )


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
    return exp.select("row_key", "checksum", "sent_at").from_(sync.state.expression()).where(sync.mine())


def _follows_customers(sync: Sync) -> bool:
    return sync.definition.key == "customer_id" and sync.identifies is None
