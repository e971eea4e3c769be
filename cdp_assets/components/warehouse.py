"""The deployment's warehouse as a Dagster resource."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TypedDict

import dagster as dg

from cdp_assets.components.process import process_tags
from cdp_assets.errors import WarehouseUnavailableError
from cdp_assets.settings import Settings
from cdp_assets.warehouses import open_warehouse, warehouse_class
from cdp_assets.warehouses._usage import QueryTag
from cdp_assets.warehouses.base import Warehouse

WAREHOUSE_POOL = "warehouse"
WAREHOUSE_TAG = "cdp/warehouse"
_RETRIES, _WAIT_SECONDS = 3, 10
_PROCESSES = 4


def warehouse_tags(settings: Settings) -> dict[str, str]:
    """The tag that says which warehouse a run worked in: another one knows nothing of what it made."""
    return {WAREHOUSE_TAG: f"{settings.warehouse} {open_warehouse(settings).identity}"}


def executor(settings: Settings) -> dg.ExecutorDefinition:
    """How a run's steps are executed: in its own process where the warehouse admits only one."""
    if not warehouse_class(settings).is_concurrent:
        return dg.in_process_executor
    return dg.multiprocess_executor.configured({"max_concurrent": _PROCESSES})


class Step(TypedDict):
    """What a step is called, and the pool it takes a place in."""

    name: str
    pool: str


def step(name: str) -> Step:
    """A step and its pool, whose limit is 1: that of all where the warehouse admits one process, else its own.

    Two runs never make the same table at once.
    """
    return Step(name=name, pool=name if warehouse_class(Settings.from_env()).is_concurrent else WAREHOUSE_POOL)


class WarehouseResource(dg.ConfigurableResource[Warehouse]):
    """Gives assets the warehouse that the environment configures when the run starts."""

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Note which process and warehouse the run has, so that its slots can be freed should the process be killed."""
        if context.run is not None and context.instance is not None:
            tags = process_tags() | warehouse_tags(Settings.from_env())
            context.instance.add_run_tags(context.run.run_id, tags)

    @contextmanager
    def opened(self, context: dg.AssetExecutionContext) -> Iterator[Warehouse]:
        """The warehouse for one step, its statements tagged with the step's asset and run.

        A step that lost its connection is tried again; one that the warehouse refused is not.
        """
        warehouse = open_warehouse(Settings.from_env())
        keys = sorted(".".join(key.path) for key in context.selected_asset_keys)
        warehouse.tag = QueryTag(keys[0] if len(keys) == 1 else context.op.name, context.run_id)
        with closing(warehouse):
            try:
                yield warehouse
            except WarehouseUnavailableError as error:
                raise dg.RetryRequested(max_retries=_RETRIES, seconds_to_wait=_WAIT_SECONDS) from error
