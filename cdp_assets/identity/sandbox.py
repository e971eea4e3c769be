"""A copy of the identity stage in a DuckDB of its own, to try something without changing anything."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlglot import exp

from cdp_assets.identity.contracts import (
    APPLIED_DECISIONS,
    CLUSTERS,
    COMPARED_RECORDS,
    CUSTOMER_IDS,
    DECISIONS,
    ID_HISTORY,
    MATCH_KEYS,
    PAIRS,
    RECORDS,
)
from cdp_assets.warehouses.base import Warehouse
from cdp_assets.warehouses.duckdb import DuckDBWarehouse

_COPIED = (
    *(RECORDS, MATCH_KEYS, PAIRS, COMPARED_RECORDS, CLUSTERS, DECISIONS, APPLIED_DECISIONS, CUSTOMER_IDS, ID_HISTORY),
)


@contextmanager
def sandbox(warehouse: Warehouse) -> Iterator[Warehouse]:
    """The tables that clusters and ids are made from, as they are now; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="cdp-sandbox-") as folder:
        copy = DuckDBWarehouse(Path(folder) / "sandbox.duckdb")
        for contract in _COPIED:
            if not warehouse.exists(contract.table):
                copy.ensure(contract)
                continue
            names = [column.name for column in contract.columns]
            with warehouse.read_batches(exp.select(*names).from_(contract.table.expression())) as rows:
                copy.write_arrow(contract.table, rows)
        with copy.session():
            yield copy
