"""Tables that people fill beside the runs, whose content is no longer what the last run was told."""

from collections.abc import Mapping

import dagster as dg

from cdp_assets.components.table_asset import asset_key
from cdp_assets.errors import DataError
from cdp_assets.identity.pipeline.written import WRITTEN, written_version
from cdp_assets.orchestration.staleness import DATA_VERSION
from cdp_assets.tables import Table
from cdp_assets.warehouses.base import Warehouse

UNUSABLE = "unusable"


def written_versions(warehouse: Warehouse) -> dict[dg.AssetKey, str]:
    """What each table says now, as a version; one that cannot be used is `unusable`: its asset says why."""
    return {asset_key(table): _version(warehouse, table) for table in WRITTEN}


def edited(instance: dg.DagsterInstance, versions: Mapping[dg.AssetKey, str]) -> list[dg.AssetKey]:
    """The tables that say something else than what the assets below them were made with."""
    events = instance.get_latest_materialization_events(list(versions))
    made = {key: event.asset_materialization for key, event in events.items() if event is not None}
    known = {key: (one.tags or {}).get(DATA_VERSION) for key, one in made.items() if one is not None}
    return sorted(key for key, version in versions.items() if known.get(key) != version)


def _version(warehouse: Warehouse, table: Table) -> str:
    try:
        return written_version(warehouse, table)
    except DataError:
        return UNUSABLE
