"""What assets are given: the warehouse, and the process they run in."""

import dagster as dg

from cdp_assets.components.warehouse import WarehouseResource


@dg.definitions
def resources() -> dg.Definitions:
    """The deployment's resources and executor; DuckDB's steps run in the run's own process."""
    return dg.Definitions(resources={"warehouse": WarehouseResource()}, executor=dg.in_process_executor)
