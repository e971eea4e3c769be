"""What assets are given: the warehouse, and the process they run in."""

import dagster as dg

from cdp_assets.components.warehouse import WarehouseResource, executor
from cdp_assets.settings import Settings


@dg.definitions
def resources() -> dg.Definitions:
    """The deployment's resources and executor."""
    return dg.Definitions(resources={"warehouse": WarehouseResource()}, executor=executor(Settings.from_env()))
