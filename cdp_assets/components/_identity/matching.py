"""Match keys, scored pairs, edges and clusters: assets that keep state, and make anew what a change touches."""

import dagster as dg
from sqlglot import exp

from cdp_assets.components._identity.engine import CODE, Engine, drop_of_another_shape
from cdp_assets.components.table_asset import Results, contract_result
from cdp_assets.components.warehouse import WarehouseResource, step
from cdp_assets.identity.contracts import (
    APPLIED_DECISIONS,
    CLUSTERS,
    COMPARED_RECORDS,
    DECISIONS,
    EDGES,
    MATCH_KEYS,
    MATCH_MODEL,
    PAIRS,
    RECORDS,
)
from cdp_assets.identity.pipeline.measures import counted
from cdp_assets.identity.pipeline.models import model_in_force
from cdp_assets.identity.pipeline.sources import CUSTOMER_RECORDS, FURTHER
from cdp_assets.warehouses.base import Warehouse


def matching_assets(engine: Engine) -> list[dg.AssetsDefinition]:
    """The assets from the sources' records to the clusters."""
    return [_records(engine), _pairs(engine), _edges(engine)]


def _records(engine: Engine) -> dg.AssetsDefinition:
    deps, parts = [CUSTOMER_RECORDS, FURTHER, MATCH_MODEL.table], ("junk", "phone_regions", "date_orders")
    specs = [engine.spec(contract, deps, parts=parts) for contract in (RECORDS, MATCH_KEYS)]

    @dg.multi_asset(specs=specs, **step("identity__records"))
    def records(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> Results:
        from cdp_assets.identity.pipeline.refresh import update_records

        with warehouse.opened(context) as opened, opened.session():
            anew = engine.begins_anew(context, RECORDS)
            if anew:
                drop_of_another_shape(opened, RECORDS, MATCH_KEYS)
            changed = update_records(opened, engine.config, model_in_force(opened), anew=anew)
            facts = {"records_normalised": changed.records.height, "records_gone": changed.gone.height}
            yield contract_result(opened, RECORDS, {CODE: engine.code, **facts})
            yield contract_result(opened, MATCH_KEYS, counted(opened, MATCH_KEYS.table, "key"))

    return records


def _pairs(engine: Engine) -> dg.AssetsDefinition:
    deps = [RECORDS.table, MATCH_KEYS.table, MATCH_MODEL.table]
    specs = [engine.spec(contract, deps, kinds=["python", "splink"]) for contract in (PAIRS, COMPARED_RECORDS)]

    @dg.multi_asset(specs=specs, **step("identity__pairs"))
    def pairs(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> Results:
        from cdp_assets.identity.pipeline.pairs import update_pairs

        with warehouse.opened(context) as opened:
            if engine.begins_anew(context, PAIRS):
                opened.drop(COMPARED_RECORDS.table)
            compared = update_pairs(opened, model_in_force(opened), engine.limits)
            facts = {CODE: engine.code, "records_compared": compared}
            yield contract_result(opened, PAIRS, facts | _prefixed("pairs", counted(opened, PAIRS.table, "context")))
            yield contract_result(opened, COMPARED_RECORDS)

    return pairs


def _edges(engine: Engine) -> dg.AssetsDefinition:
    deps = [RECORDS.table, MATCH_KEYS.table, PAIRS.table, MATCH_MODEL.table, DECISIONS.table]
    parts = ("rules", "vetoes", "limits")
    specs = [engine.spec(contract, deps, parts=parts) for contract in (EDGES, CLUSTERS, APPLIED_DECISIONS)]

    @dg.multi_asset(specs=specs, **step("identity__edges"))
    def edges(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> Results:
        from cdp_assets.identity.pipeline.clusters import update_clusters

        with warehouse.opened(context) as opened, opened.session():
            if engine.begins_anew(context, EDGES):
                opened.drop(CLUSTERS.table)
            solved = update_clusters(opened, engine.config, model_in_force(opened))
            yield contract_result(opened, EDGES, {CODE: engine.code, "records_solved": solved, **_edge_facts(opened)})
            apart = counted(opened, CLUSTERS.table, "quarantined_by")
            yield contract_result(opened, CLUSTERS, _prefixed("quarantined", apart))
            yield contract_result(opened, APPLIED_DECISIONS, counted(opened, APPLIED_DECISIONS.table, "decision"))

    return edges


def _edge_facts(warehouse: Warehouse) -> dict[str, int]:
    """Edges that hold by kind, and the others by the guard that vetoed them."""
    held = counted(warehouse, EDGES.table, "kind", exp.column("vetoed_by").is_(exp.null()))
    return _prefixed("edges", held) | _prefixed("vetoed_by", counted(warehouse, EDGES.table, "vetoed_by"))


def _prefixed(prefix: str, counts: dict[str, int]) -> dict[str, int]:
    return {f"{prefix}_{name}": count for name, count in counts.items()}
