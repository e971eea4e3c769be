"""The dbt models of some stages: one dbt invocation, one asset a model."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
import sqlglot
from dagster_dbt import DagsterDbtTranslator, DbtCliInvocation, DbtProject, dbt_assets
from pydantic import Field

from cdp_assets.components.automation import WHEN_INPUTS_CHANGE, fresh_within
from cdp_assets.components.dbt_cli import start_dbt
from cdp_assets.components.defined import DefinedComponent
from cdp_assets.components.table_asset import Lineage, table_metadata
from cdp_assets.components.warehouse import WarehouseResource, step
from cdp_assets.dbt_project import prepare_manifest
from cdp_assets.errors import WarehouseUnavailableError
from cdp_assets.lineage import column_lineage
from cdp_assets.settings import DBT_PROJECT_DIR, Settings
from cdp_assets.stages import Stage
from cdp_assets.strict import Strict
from cdp_assets.tables import Table
from cdp_assets.warehouses.base import Catalogue, Warehouse

# What dbt's adapters say of a connection that broke or could not be made; all of it is built again.
_LOST = re.compile(
    r"server closed the connection|connection (refused|reset|already closed)|could not connect|terminating connection"
    r"|could not translate host|the database system is (starting up|shutting down)|SSL connection has been closed"
    r"|service unavailable|backendError",
    re.IGNORECASE,
)


class ModelsDefinition(Strict):
    """The stages whose models one dbt invocation builds."""

    stages: list[Stage] = Field(min_length=1)
    owners: list[str] = Field(default_factory=lambda: ["team:data"], min_length=1)
    freshness_hours: float = Field(default=36, gt=0)


class Models(DefinedComponent[ModelsDefinition]):
    """dbt models by stage. Starting dbt takes seconds, so stages that follow each other share an invocation."""

    definition_model = ModelsDefinition

    def definitions(self) -> dg.Definitions:
        return dg.Definitions(assets=[model_assets(self.definition, Settings.from_env())])


def model_assets(definition: ModelsDefinition, settings: Settings) -> dg.AssetsDefinition:
    """The assets of the models, seeds and tests under `models/<stage>` of each stage."""
    name = "models__" + "__".join(definition.stages)

    @dbt_assets(
        manifest=prepare_manifest(settings),
        name=name,
        select=" ".join(f"fqn:cdp.{stage}" for stage in definition.stages),
        project=DbtProject(DBT_PROJECT_DIR, target=settings.warehouse),
        dagster_dbt_translator=StageTranslator(definition),
        pool=step(name)["pool"],
    )
    def build_models(
        context: dg.AssetExecutionContext, warehouse: WarehouseResource
    ) -> Iterator[dg.Output[Any] | dg.AssetCheckResult]:
        with warehouse.opened(context) as opened:
            invocation = start_dbt(["build"], Settings.from_env(), context, name)
            events = list(invocation.stream())
            if not invocation.is_successful() and _LOST.search(_failures(invocation)):
                raise WarehouseUnavailableError(_failures(invocation))
            yield from _with_metadata(events, invocation, opened)
            if not invocation.is_successful():
                raise dg.Failure(_failures(invocation), allow_retries=False)

    return build_models


class StageTranslator(DagsterDbtTranslator):
    """Asset key and group from the stage, which is the schema."""

    def __init__(self, definition: ModelsDefinition) -> None:
        super().__init__()
        self.definition = definition

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        node = self.get_resource_props(manifest, unique_id)
        key = dg.AssetKey([node["schema"], node.get("alias") or node["name"]])
        if node["resource_type"] == "source":
            return spec.replace_attributes(key=key)
        return spec.replace_attributes(
            key=key,
            group_name=node["schema"],
            owners=self.definition.owners,
            description=node.get("description") or None,
            automation_condition=WHEN_INPUTS_CHANGE,
            freshness_policy=fresh_within(self.definition.freshness_hours),
        )


def _with_metadata(
    events: list[Any], invocation: DbtCliInvocation, warehouse: Warehouse
) -> list[dg.Output[Any] | dg.AssetCheckResult]:
    """The events, with what the UI shows of each table.

    dbt has ended by now and let go of the warehouse, which is why they are held back until here.
    """
    nodes = _built_nodes(invocation)
    built = {
        id(event): nodes[str(event.metadata["unique_id"].value)] for event in events if isinstance(event, dg.Output)
    }
    with warehouse.session():
        catalogue = warehouse.catalogue(list(Stage))
        counts = warehouse.row_counts(sorted({_table(node) for node in built.values()}))
    return [
        event.with_metadata(
            {**event.metadata, **_table_metadata(built[id(event)], warehouse.dialect, catalogue, counts)}
        )
        if id(event) in built
        else event
        for event in events
    ]


def _table(node: Mapping[str, Any]) -> Table:
    return Table(node["schema"], node["alias"])


def _table_metadata(
    node: Mapping[str, Any], dialect: str, catalogue: Catalogue, counts: Mapping[Table, int]
) -> dict[str, Any]:
    descriptions = {name: column.get("description", "") for name, column in node["columns"].items()}
    lineage: Lineage = {}
    if node["compiled_code"]:
        query = sqlglot.parse_one(node["compiled_code"], dialect=dialect)
        assert isinstance(query, sqlglot.exp.Query)
        lineage = column_lineage(query, dialect, {table: list(names) for table, names in catalogue.items()})
    table = _table(node)
    known = table_metadata(table, catalogue[table], counts[table], lineage, descriptions)
    return {**known, "rows_written": counts[table], **_told_by_the_warehouse(node["adapter_response"])}


def _told_by_the_warehouse(response: Mapping[str, Any]) -> dict[str, Any]:
    """What building a model took, as far as its adapter tells."""
    said = {
        "bytes_scanned": response.get("bytes_processed"),
        "query_ids": [query for query in (response.get("query_id"), response.get("job_id")) if query],
    }
    return {name: value for name, value in said.items() if value}


def _built_nodes(invocation: DbtCliInvocation) -> dict[str, dict[str, Any]]:
    """The manifest's nodes with the SQL that was run."""
    told = {
        result["unique_id"]: {name: result.get(name) for name in ("compiled_code", "adapter_response")}
        for result in _results(invocation)
    }
    nodes = invocation.manifest["nodes"]
    return {uid: {**nodes[uid], **said} for uid, said in told.items() if uid in nodes}


def _results(invocation: DbtCliInvocation) -> list[dict[str, Any]]:
    """What became of each node; of none when dbt gave up before it began."""
    try:
        return list(invocation.get_artifact("run_results.json")["results"])
    except FileNotFoundError:
        return []


def _failures(invocation: DbtCliInvocation) -> str:
    """One line a model or test that failed, in dbt's words."""
    failed = [r for r in _results(invocation) if r["status"] in {"error", "fail"}]
    lines = [f"{r['unique_id']}: {' '.join(str(r['message']).split())}" for r in failed]
    return "; ".join(lines) or str(invocation.get_error())
