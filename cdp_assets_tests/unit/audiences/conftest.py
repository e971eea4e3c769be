from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from cdp_assets.warehouses.duckdb import DuckDBWarehouse
from cdp_assets_tests.unit.audiences.refreshed import Refreshed


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[DuckDBWarehouse]:
    """An empty warehouse; a connection held open beside it makes each of its own cheap to open."""
    with duckdb.connect(tmp_path / "cdp.duckdb"):
        yield DuckDBWarehouse(tmp_path / "cdp.duckdb")


@pytest.fixture
def world(warehouse: DuckDBWarehouse) -> Refreshed:
    """Customers to be had and audiences to be refreshed, in an empty warehouse."""
    return Refreshed(warehouse)
