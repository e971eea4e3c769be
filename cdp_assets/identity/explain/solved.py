"""The edges of one customer found again, for a warehouse that keeps none: what `cdp match` leaves behind."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl
from sqlglot import exp

from cdp_assets.errors import DataError
from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.contracts import CLUSTERS, CUSTOMER_IDS, DECISIONS, EDGES, MATCH_KEYS, PAIRS, RECORDS
from cdp_assets.identity.pipeline.clusters import solved_with, update_clusters
from cdp_assets.identity.scoring.model import MatchModel
from cdp_assets.tables import Contract
from cdp_assets.warehouses.base import Warehouse
from cdp_assets.warehouses.duckdb import DuckDBWarehouse

_NUMBER = ("record_number",)
_SIDES = ("number_l", "number_r")


def solved_edges(warehouse: Warehouse, customer_id: str, config: IdentityConfig, model: MatchModel) -> pl.DataFrame:
    """`identity.edges` of the components that the customer's records are in.

    What is in a component alone decides how it is solved, so that a copy of it gives what solving everything gave.

    Args:
        warehouse: holds records, keys, pairs and clusters; nothing is written to it.
        customer_id: a current one.
        config: the rules, vetoes and limits it was resolved with.
        model: the one that weighed the pairs.

    Raises:
        DataError: it was resolved with other rules or another model.
    """
    _require_same(warehouse, customer_id, config, model)
    with _copy(warehouse, customer_id) as copy:
        update_clusters(copy, config, model)
        return pl.DataFrame(copy.read_arrow(exp.select("*").from_(EDGES.table.expression())))


def _require_same(warehouse: Warehouse, customer_id: str, config: IdentityConfig, model: MatchModel) -> None:
    versions = _clusters(customer_id, "solved_with").distinct()
    if set(warehouse.read_arrow(versions)["solved_with"].to_pylist()) != {solved_with(config, model)}:
        raise DataError(
            f"{customer_id} was resolved with other rules than these, or with another model; name those that"
            " `cdp match` was given with --rules."
        )


@contextmanager
def _copy(warehouse: Warehouse, customer_id: str) -> Iterator[Warehouse]:
    """The components in a DuckDB of their own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="cdp-explain-") as folder:
        copy = DuckDBWarehouse(Path(folder) / "copy.duckdb")
        for contract, columns in ((RECORDS, _NUMBER), (MATCH_KEYS, _NUMBER), (PAIRS, _SIDES), (DECISIONS, ())):
            if warehouse.exists(contract.table):
                copy.write_arrow(contract.table, warehouse.read_arrow(_inside(contract, columns, customer_id)))
        copy.ensure(RECORDS, MATCH_KEYS, PAIRS)
        with copy.session():
            yield copy


def _inside(contract: Contract, columns: Sequence[str], customer_id: str) -> exp.Select:
    """The rows whose record, or both of whose records, are in the components."""
    inside = exp.select("record_number").from_(CLUSTERS.table.expression())
    inside = inside.where(exp.column("component").isin(query=_clusters(customer_id, "component")))
    query = exp.select(*(column.name for column in contract.columns)).from_(contract.table.expression())
    return query.where(*(exp.column(column).isin(query=inside.copy()) for column in columns))


def _clusters(customer_id: str, column: str) -> exp.Select:
    """A column of `identity.clusters`, of the customer's records."""
    same = [exp.column(name, "i").eq(exp.column(name, "c")) for name in ("source", "record_id")]
    query = exp.select(exp.column(column, "c")).from_(CLUSTERS.table.expression().as_("c"))
    query = query.join(CUSTOMER_IDS.table.expression().as_("i"), on=exp.and_(*same))
    return query.where(exp.column("customer_id", "i").eq(exp.Literal.string(customer_id)))
