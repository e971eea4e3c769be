"""Customers and what is made of them: ids with their history, households, and the queue of those to look at."""

from typing import Any

import dagster as dg
import polars as pl
from sqlglot import exp

from cdp_assets.as_of import AS_OF, read_as_of
from cdp_assets.components._identity.checks import Made, check_specs, checked
from cdp_assets.components._identity.engine import Engine
from cdp_assets.components.table_asset import Results, contract_result, read_frame
from cdp_assets.components.warehouse import WarehouseResource, step
from cdp_assets.identity.contracts import (
    CLUSTERS,
    CUSTOMER_IDS,
    DECISIONS,
    EDGES,
    HOUSEHOLDS,
    ID_HISTORY,
    LABELS,
    RECORDS,
    REVIEW_QUEUE,
)
from cdp_assets.identity.households import households
from cdp_assets.identity.pipeline.ids import update_ids
from cdp_assets.identity.pipeline.measures import counted, customer_count, largest_customer
from cdp_assets.identity.pipeline.sources import CUSTOMER_RECORDS
from cdp_assets.identity.review import review_queue
from cdp_assets.stages import Stage
from cdp_assets.tables import Contract, Table
from cdp_assets.warehouses.base import Warehouse

RECORD_REVENUE = Table(Stage.LOOKUP, "record_revenue")
_KEY = ("source", "record_id")
_LIVING = (*_KEY, "last_name", "street", "city", "postal_code", "phones")


def customer_assets(engine: Engine) -> list[dg.AssetsDefinition]:
    """The assets from the clusters on."""
    return [_customer_ids(engine), _households(engine), _review_queue(engine)]


def _customer_ids(engine: Engine) -> dg.AssetsDefinition:
    deps, read_only, parts = (
        [RECORDS.table, CLUSTERS.table],
        [AS_OF.table, LABELS.table],
        ("vetoes", "limits", "checks"),
    )
    specs = [engine.spec(one, deps, read_only=read_only, parts=parts) for one in (CUSTOMER_IDS, ID_HISTORY)]

    @dg.multi_asset(specs=specs, check_specs=check_specs(engine.config), **step("identity__customer_ids"))
    def customer_ids(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> Results:
        with warehouse.opened(context) as opened, opened.session():
            added = update_ids(opened, read_as_of(opened), context.run_id)
            ids = contract_result(opened, CUSTOMER_IDS, _id_facts(opened, engine))
            yield ids._replace(check_results=checked(Made(opened, engine.config, context.run_id)))
            this_run = exp.column("run_id").eq(exp.Literal.string(context.run_id))
            events = counted(opened, ID_HISTORY.table, "event", this_run)
            yield contract_result(opened, ID_HISTORY, {"rows_added": added, **events})

    return customer_ids


def _id_facts(warehouse: Warehouse, engine: Engine) -> dict[str, Any]:
    by = {f"matched_by_{how}": n for how, n in counted(warehouse, CUSTOMER_IDS.table, "matched_by").items()}
    largest = largest_customer(warehouse, engine.config.limits.records)
    return {"customers": customer_count(warehouse), "largest": largest, **by}


def _households(engine: Engine) -> dg.AssetsDefinition:
    deps = [RECORDS.table, CUSTOMER_IDS.table, CUSTOMER_RECORDS]
    spec = engine.spec(HOUSEHOLDS, deps, read_only=[AS_OF.table], parts=["households"])

    @dg.multi_asset(specs=[spec], **step("identity__households"))
    def found_households(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> Results:
        with warehouse.opened(context) as opened, opened.session():
            opened.ensure(HOUSEHOLDS)
            found = households(
                pl.DataFrame(opened.read_arrow(_living())),
                _read(opened, CUSTOMER_IDS, *_KEY, "customer_id"),
                read_frame(opened, HOUSEHOLDS.table),
                read_as_of(opened),
                engine.config.households,
            )
            opened.write_arrow(HOUSEHOLDS.table, found.to_arrow().cast(HOUSEHOLDS.schema))
            facts = {"households": found["household_id"].n_unique(), "customers": found.height}
            yield contract_result(opened, HOUSEHOLDS, facts)

    return found_households


def _living() -> exp.Select:
    same = exp.and_(*(exp.column(name, "r").eq(exp.column(name, "c")) for name in _KEY))
    columns = [*(exp.column(name, "r") for name in _LIVING), exp.column("source_updated_at", "c")]
    query = exp.select(*columns).from_(RECORDS.table.expression().as_("r"))
    return query.join(CUSTOMER_RECORDS.expression().as_("c"), on=same, join_type="left")


def _review_queue(engine: Engine) -> dg.AssetsDefinition:
    deps = [EDGES.table, CLUSTERS.table, CUSTOMER_IDS.table, DECISIONS.table, RECORD_REVENUE]

    @dg.multi_asset(specs=[engine.spec(REVIEW_QUEUE, deps)], **step("identity__review_queue"))
    def to_review(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> Results:
        with warehouse.opened(context) as opened, opened.session():
            sides = [f"{name}_{side}" for side in "lr" for name in _KEY]
            found = review_queue(
                _read(opened, EDGES, *sides, "match_probability", "vetoed_by"),
                _read(opened, CLUSTERS, *_KEY, "component", "quarantined_by"),
                _read(opened, CUSTOMER_IDS, *_KEY, "customer_id"),
                read_frame(opened, DECISIONS.table),
                read_frame(opened, RECORD_REVENUE),
            )
            opened.write_arrow(REVIEW_QUEUE.table, found.to_arrow().cast(REVIEW_QUEUE.schema))
            yield contract_result(opened, REVIEW_QUEUE, counted(opened, REVIEW_QUEUE.table, "reason"))

    return to_review


def _read(warehouse: Warehouse, contract: Contract, *columns: str) -> pl.DataFrame:
    return pl.DataFrame(warehouse.read_arrow(exp.select(*columns).from_(contract.table.expression())))
