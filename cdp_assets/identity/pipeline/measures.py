"""What a run made of the customers, measured in the warehouse: for checks and metadata."""

from dataclasses import dataclass

import polars as pl
from sqlglot import exp

from cdp_assets.identity.clusters import components
from cdp_assets.identity.contracts import CLUSTERS, CUSTOMER_IDS, ID_HISTORY, LABELS, RECORDS
from cdp_assets.identity.labels import LabelQuality, label_quality
from cdp_assets.identity.limits import LOOKS
from cdp_assets.identity.names import incompatible
from cdp_assets.tables import Table
from cdp_assets.warehouses.base import Warehouse

_KEY = ("source", "record_id")
_ALL = exp.Count(this=exp.Star())


@dataclass(frozen=True)
class Part:
    """So many of all."""

    part: int
    whole: int

    @property
    def share(self) -> float:
        """0 to 1; 0 of nothing."""
        return self.part / self.whole if self.whole else 0.0


def counted(warehouse: Warehouse, table: Table, column: str, where: exp.Expr | None = None) -> dict[str, int]:
    """How many rows have each value of a column, in order of the values; nulls are left out."""
    query = exp.select(column, _ALL.copy().as_("n")).from_(table.expression()).group_by(column)
    query = query.where(exp.column(column).is_(exp.null()).not_(), *([where] if where is not None else []))
    rows = warehouse.read_arrow(query).to_pylist()
    return {row[column]: int(row["n"]) for row in sorted(rows, key=lambda row: str(row[column]))}


def customer_count(warehouse: Warehouse) -> int:
    """How many customers there are."""
    return _number(warehouse, exp.select("customer_id").distinct().from_(CUSTOMER_IDS.table.expression()))


def unassigned_records(warehouse: Warehouse) -> Part:
    """Live records without exactly one customer, with records that have one and are not live; of all live ones."""
    ids = exp.select(*_KEY, _ALL.copy().as_("n")).from_(CUSTOMER_IDS.table.expression()).group_by(*_KEY)
    same = exp.and_(*(exp.column(name, "r").eq(exp.column(name, "i")) for name in _KEY))
    live_ids = exp.select("n").from_(RECORDS.table.expression().as_("r")).join(ids.copy().subquery("i"), on=same)
    once = live_ids.copy().where(exp.column("n").eq(exp.Literal.number(1)))
    live = warehouse.row_count(RECORDS.table)
    foreign = _number(warehouse, ids) - _number(warehouse, live_ids)
    return Part(live - _number(warehouse, once) + foreign, live)


def largest_customer(warehouse: Warehouse, limit: int) -> int:
    """The most records a customer has; of one with more than `limit`, how many of them look different."""
    sizes = exp.select("customer_id", _ALL.copy().as_("n")).from_(CUSTOMER_IDS.table.expression())
    sizes = sizes.group_by("customer_id")
    large = exp.select("customer_id").from_(sizes.copy().subquery("s"))
    large = large.where(exp.column("n") > exp.Literal.number(limit))
    same = exp.and_(*(exp.column(name, "r").eq(exp.column(name, "i")) for name in _KEY))
    looks = exp.select("customer_id", *LOOKS).distinct().from_(CUSTOMER_IDS.table.expression().as_("i"))
    looks = looks.join(RECORDS.table.expression().as_("r"), on=same)
    looks = looks.where(exp.column("customer_id").isin(query=large))
    different = exp.select("customer_id", _ALL.copy().as_("n")).from_(looks.subquery("l")).group_by("customer_id")
    return _most(warehouse, different) or _most(warehouse, sizes)


def mixed_customers(warehouse: Warehouse, most_first_names: int, similar: float) -> Part:
    """Customers with more given names than one person has, of all.

    Names are one person's when they are compatible with each other, or with a third name of the customer.
    """
    same = exp.and_(*(exp.column(name, "r").eq(exp.column(name, "i")) for name in _KEY))
    names = exp.select("customer_id", "first_name").distinct().from_(CUSTOMER_IDS.table.expression().as_("i"))
    names = names.join(RECORDS.table.expression().as_("r"), on=same)
    names = names.where(exp.column("first_name").is_(exp.null()).not_())
    several = exp.select("customer_id").from_(names.copy().subquery("n")).group_by("customer_id")
    several = several.having(_ALL.copy() > exp.Literal.number(most_first_names))
    found = pl.DataFrame(warehouse.read_arrow(names.where(exp.column("customer_id").isin(query=several))))
    persons = _persons(found.sort("customer_id", "first_name"), similar)
    mixed = persons.filter(pl.col("persons") > most_first_names).height
    return Part(mixed, customer_count(warehouse))


def quarantined_records(warehouse: Warehouse) -> Part:
    """Records set apart as singles, of all."""
    apart = counted(warehouse, CLUSTERS.table, "quarantined_by")
    return Part(sum(apart.values()), warehouse.row_count(CLUSTERS.table))


def changed_customers(warehouse: Warehouse, run_id: str) -> Part:
    """Customers that a run merged or split, of those there were before it."""
    here = exp.column("run_id").eq(exp.Literal.string(run_id))
    events = counted(warehouse, ID_HISTORY.table, "event", here)
    told = exp.select("event", "customer_id").distinct().from_(ID_HISTORY.table.expression()).where(here.copy())
    ids = pl.DataFrame(warehouse.read_arrow(told))
    changed = ids.filter(pl.col("event").is_in(["merged", "split"]))["customer_id"].n_unique()
    ended = ids.filter(pl.col("event").is_in(["merged", "retired"]))["customer_id"].n_unique()
    return Part(changed, customer_count(warehouse) - events.get("created", 0) + ended)


def measured_labels(warehouse: Warehouse) -> LabelQuality:
    """How well the customers agree with `identity.labels`.

    Raises:
        DataError: the labels cannot be used.
    """
    labels = pl.DataFrame(warehouse.read_arrow(exp.select("*").from_(LABELS.table.expression())))
    ends = [_customers_of_labels(side) for side in "lr"]
    ids = pl.concat([pl.DataFrame(warehouse.read_arrow(query)) for query in ends]).unique()
    return label_quality(labels, ids)


def _customers_of_labels(side: str) -> exp.Select:
    same = exp.and_(*(exp.column(name, "i").eq(exp.column(f"{name}_{side}", "l")) for name in _KEY))
    columns = [exp.column(name, "i") for name in (*_KEY, "customer_id")]
    query = exp.select(*columns).distinct().from_(CUSTOMER_IDS.table.expression().as_("i"))
    return query.join(LABELS.table.expression().as_("l"), on=same)


def _persons(names: pl.DataFrame, similar: float) -> pl.DataFrame:
    """`customer_id`, `persons`: how many groups of compatible names it has."""
    nodes = names.with_row_index("node").with_columns(pl.col("node").cast(pl.Int64))
    pairs = nodes.rename({"first_name": "name_l", "node": "node_l"}).join(
        nodes.rename({"first_name": "name_r", "node": "node_r"}), on="customer_id"
    )
    pairs = pairs.filter(pl.col("node_l") < pl.col("node_r"))
    other = incompatible(pairs.select("name_l", "name_r"), similar)
    compatible = pairs.join(other, on=["name_l", "name_r"], how="anti").select("node_l", "node_r")
    grouped = nodes.join(components(nodes.height, compatible), on="node")
    return grouped.group_by("customer_id").agg(persons=pl.col("component").n_unique())


def _most(warehouse: Warehouse, counts: exp.Select) -> int:
    query = exp.select(exp.Max(this=exp.column("n")).as_("n")).from_(counts.subquery("c"))
    return int(warehouse.read_arrow(query)["n"][0].as_py() or 0)


def _number(warehouse: Warehouse, query: exp.Select) -> int:
    counted_rows = exp.select(_ALL.copy().as_("n")).from_(query.subquery("q"))
    return int(warehouse.read_arrow(counted_rows)["n"][0].as_py())
