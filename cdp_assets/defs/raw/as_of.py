"""The moment a run speaks of, as the asset every window and score depends on."""

from typing import Any

import dagster as dg

from cdp_assets.as_of import AS_OF, parse_as_of, recorded_as_of, today, write_as_of
from cdp_assets.components.automation import fresh_within
from cdp_assets.components.table_asset import asset_key, contract_result
from cdp_assets.components.warehouse import WarehouseResource, step
from cdp_assets.stages import Stage


class AsOfConfig(dg.Config):
    """The moment to move to; without one the recorded moment stays, and a first run records the last midnight."""

    as_of: str | None = None


@dg.asset(
    key=asset_key(AS_OF.table),
    group_name=Stage.RAW.value,
    owners=["team:data"],
    kinds={"python"},
    description=AS_OF.description,
    freshness_policy=fresh_within(36),
    pool=step("raw__as_of")["pool"],
)
def as_of(
    context: dg.AssetExecutionContext, config: AsOfConfig, warehouse: WarehouseResource
) -> dg.MaterializeResult[Any]:
    """Record the moment this deployment's tables speak of."""
    with warehouse.opened(context) as opened:
        moment = parse_as_of(config.as_of) if config.as_of else recorded_as_of(opened) or today()
        write_as_of(opened, moment)
        result = contract_result(opened, AS_OF, {"as_of": dg.MetadataValue.timestamp(moment)})
        return result._replace(data_version=dg.DataVersion(moment.isoformat()))
