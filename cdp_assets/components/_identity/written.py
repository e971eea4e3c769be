"""The tables that people fill, as assets: made empty when they are not there, and given a version of what they say."""

import dagster as dg

from cdp_assets.components._identity.engine import Engine
from cdp_assets.components.table_asset import Results, contract_result
from cdp_assets.components.warehouse import WarehouseResource, step
from cdp_assets.identity.pipeline.written import WRITTEN, written_version
from cdp_assets.tables import Contract


def written_assets(engine: Engine) -> list[dg.AssetsDefinition]:
    """One asset a table; it fails when people wrote what cannot be used, and what needs it waits."""
    return [_written(engine, contract) for contract in WRITTEN.values()]


def _written(engine: Engine, contract: Contract) -> dg.AssetsDefinition:
    spec = engine.spec(contract, [], kinds=["table"])

    @dg.multi_asset(specs=[spec], **step(f"identity__{contract.table.name}"))
    def written(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> Results:
        with warehouse.opened(context) as opened:
            opened.ensure(contract)
            version = dg.DataVersion(written_version(opened, contract.table))
            yield contract_result(opened, contract)._replace(data_version=version)

    return written
