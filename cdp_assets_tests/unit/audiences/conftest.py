from pathlib import Path

import pytest

from cdp_assets.warehouses.duckdb import DuckDBWarehouse


@pytest.fixture
def warehouse(tmp_path: Path) -> DuckDBWarehouse:
    return DuckDBWarehouse(tmp_path / "cdp.duckdb")
