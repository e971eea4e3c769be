"""The deployment's warehouse as a Dagster resource."""

import dagster as dg

from cdp_assets.components.process import process_tags
from cdp_assets.registry import find_plugin
from cdp_assets.settings import Settings
from cdp_assets.warehouses.base import Warehouse


def open_warehouse(settings: Settings) -> Warehouse:
    """The warehouse the settings name; nothing is connected to yet."""
    return find_plugin("cdp_assets.warehouses", settings.warehouse, Warehouse).from_settings(settings)


class WarehouseResource(dg.ConfigurableResource[Warehouse]):
    """Gives assets the warehouse that the environment configures when the run starts."""

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Note which process the run lives in, so that its slots can be freed should the process be killed."""
        if context.run is not None and context.instance is not None:
            context.instance.add_run_tags(context.run.run_id, process_tags())

    def get(self) -> Warehouse:
        """The warehouse."""
        return open_warehouse(Settings.from_env())
