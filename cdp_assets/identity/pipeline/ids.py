"""Keeps `identity.customer_ids` and `identity.id_history` up to date with the clusters."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl
from sqlglot import exp

from cdp_assets.identity.assign import Assignment, assign
from cdp_assets.identity.contracts import CLUSTERS, CUSTOMER_IDS, ID_HISTORY
from cdp_assets.identity.pipeline.worktables import work_table
from cdp_assets.warehouses.base import Warehouse, WriteMode

_KEY = ("source", "record_id")


def update_ids(warehouse: Warehouse, as_of: datetime, run_id: str) -> int:
    """Give every record its customer; returns how many rows the history gained.

    Clusters that are one customer's already, and whose customer has no other, are left alone: nothing that happens
    elsewhere can change their id.
    """
    warehouse.ensure(CUSTOMER_IDS, ID_HISTORY)
    unsettled, gone = _unsettled(warehouse), _gone(warehouse)
    issued = pl.concat([unsettled.drop("cluster").drop_nulls("customer_id"), gone])
    found = assign(unsettled.select(*_KEY, "cluster"), issued, _Issued(warehouse).among, as_of, run_id)
    with work_table(warehouse, "gone", gone.select(_KEY)) as left, warehouse.transaction():
        if gone.height:
            same = exp.and_(*(exp.column(c, "l").eq(exp.column(c, CUSTOMER_IDS.table.name)) for c in _KEY))
            there = exp.Exists(this=exp.select("1").from_(left.expression().as_("l")).where(same))
            warehouse.execute(exp.delete(CUSTOMER_IDS.table.expression()).where(there))
        _write(warehouse, found)
        history = found.history.to_arrow().cast(ID_HISTORY.schema)
        warehouse.write_arrow(ID_HISTORY.table, history, WriteMode.APPEND)
        warehouse.write_select(CUSTOMER_IDS.table, _other_links(), WriteMode.MERGE, _KEY)
    return found.history.height


class _Issued:
    """Which ids were ever issued."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._none = warehouse.row_count(ID_HISTORY.table) == 0

    def among(self, ids: Sequence[str]) -> set[str]:
        """Those of `ids` that were."""
        if self._none:
            return set()
        asked = pl.DataFrame({"customer_id": list(ids)}, schema={"customer_id": pl.String})
        with work_table(self._warehouse, "asked", asked) as table:
            inside = exp.select("customer_id").from_(table.expression())
            query = exp.select("customer_id").distinct().from_(ID_HISTORY.table.expression())
            found = self._warehouse.read_arrow(query.where(exp.column("customer_id").isin(query=inside)))
        return set(found["customer_id"].to_pylist())


def _same(left: str, right: str) -> exp.Expr:
    return exp.and_(*(exp.column(column, left).eq(exp.column(column, right)) for column in _KEY))


def _unsettled(warehouse: Warehouse) -> pl.DataFrame:
    """`source`, `record_id`, `customer_id`, `assigned_at`, `cluster` of the clusters that are not all of one customer,
    and of customers of whom a record is gone."""
    joined = (
        exp.select(
            exp.column("source", "c"),
            exp.column("record_id", "c"),
            exp.column("customer_id", "i"),
            exp.column("assigned_at", "i"),
            exp.column("cluster", "c"),
        )
        .from_(CLUSTERS.table.expression().as_("c"))
        .join(CUSTOMER_IDS.table.expression().as_("i"), on=_same("c", "i"), join_type="left")
    )
    one = exp.Literal.number(1)
    every, known = exp.Count(this=exp.Star()), exp.Count(this=exp.column("customer_id"))
    distinct = {
        name: exp.Count(this=exp.Distinct(expressions=[exp.column(name)])) for name in ("customer_id", "cluster")
    }
    torn = exp.select("cluster").from_("joined").group_by("cluster")
    torn = torn.having(exp.or_(distinct["customer_id"].neq(one), every.neq(known)))
    split = exp.select("customer_id").from_("joined").group_by("customer_id").having(distinct["cluster"].neq(one))
    left = _gone_rows("customer_id")
    outside = [
        exp.column("cluster").isin(query=torn),
        *(exp.column("customer_id").isin(query=q) for q in (split, left)),
    ]
    query = exp.select("*").from_("joined").where(exp.or_(*outside)).with_("joined", as_=joined)
    return pl.DataFrame(warehouse.read_arrow(query))


def _gone(warehouse: Warehouse) -> pl.DataFrame:
    """The rows of records that are no longer there."""
    return pl.DataFrame(warehouse.read_arrow(_gone_rows(*_KEY, "customer_id", "assigned_at")))


def _gone_rows(*columns: str) -> exp.Select:
    query = exp.select(*(exp.column(column, "i") for column in columns))
    query = query.from_(CUSTOMER_IDS.table.expression().as_("i"))
    query = query.join(CLUSTERS.table.expression().as_("c"), on=_same("i", "c"), join_type="left")
    return query.where(exp.column("source", "c").is_(exp.null()))


def _write(warehouse: Warehouse, found: Assignment) -> None:
    if found.customer_ids.is_empty():
        return
    query = exp.select(*_KEY, "matched_by", "match_probability").from_(CLUSTERS.table.expression())
    links = pl.DataFrame(warehouse.read_arrow(query))
    with_links = found.customer_ids.join(links, on=_KEY, how="left", maintain_order="left")
    rows = with_links.select(_names()).to_arrow().cast(CUSTOMER_IDS.schema)
    mode = WriteMode.MERGE if warehouse.row_count(CUSTOMER_IDS.table) else WriteMode.APPEND
    warehouse.write_arrow(CUSTOMER_IDS.table, rows, mode, _KEY)


def _other_links() -> exp.Select:
    """Rows of customers that stay while another link is now the record's strongest."""
    none = exp.Neg(this=exp.Literal.number(1))
    moved = exp.or_(
        exp.column("matched_by", "c").neq(exp.column("matched_by", "i")),
        exp.func("COALESCE", exp.column("match_probability", "c"), none).neq(
            exp.func("COALESCE", exp.column("match_probability", "i"), none.copy())
        ),
    )
    columns = [exp.column(name, "i" if name in {"customer_id", "assigned_at"} else "c") for name in _names()]
    query = exp.select(*columns).from_(CLUSTERS.table.expression().as_("c"))
    return query.join(CUSTOMER_IDS.table.expression().as_("i"), on=_same("c", "i")).where(moved)


def _names() -> list[str]:
    return [column.name for column in CUSTOMER_IDS.columns]
