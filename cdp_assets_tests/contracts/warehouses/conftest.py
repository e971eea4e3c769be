"""The warehouses there are, each made ready for the suite by its factory."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cdp_assets.registry import find_plugin, plugin_names
from cdp_assets.settings import Settings
from cdp_assets.warehouses.base import Warehouse

NAMES = plugin_names("cdp_assets.warehouses")


def _duckdb(folder: Path) -> Warehouse:
    settings = Settings.from_env({"CDP_DUCKDB_PATH": str(folder / "cdp.duckdb"), "CDP_LOCK_TIMEOUT_SECONDS": "10"})
    return find_plugin("cdp_assets.warehouses", "duckdb", Warehouse).from_settings(settings)


FACTORIES: dict[str, Callable[[Path], Warehouse]] = {"duckdb": _duckdb}
"""Each makes an empty warehouse of its kind; the folder is the test's own."""


@pytest.fixture(params=NAMES)
def warehouse(request, tmp_path: Path) -> Warehouse:
    if request.param not in FACTORIES:
        pytest.fail(f"the warehouse {request.param} has no factory in {__file__}; add one, so that the suite runs.")
    return FACTORIES[request.param](tmp_path)
