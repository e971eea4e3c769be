"""The deployment's warehouse as a Dagster resource."""

import dagster as dg

from cdp_assets.registry import find_plugin
from cdp_assets.settings import Settings
from cdp_assets.warehouses.base import Warehouse


def open_warehouse(settings: Settings) -> Warehouse:
    """The warehouse the settings name; nothing is connected to yet."""
    return find_plugin("cdp_assets.warehouses", settings.warehouse, Warehouse).from_settings(settings)


class WarehouseResource(dg.ConfigurableResource[Warehouse]):
    """Gives assets the warehouse that the environment configures when the run starts."""

    def get(self) -> Warehouse:
        """The warehouse."""
        return open_warehouse(Settings.from_env())
