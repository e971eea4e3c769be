"""Raw tables of a source: one asset a table, loaded from what landed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from cdp_assets.components.automation import fresh_within
from cdp_assets.components.defined import DefinedComponent
from cdp_assets.components.table_asset import asset_key, table_metadata, usage_metadata
from cdp_assets.components.warehouse import WarehouseResource, step
from cdp_assets.settings import Settings
from cdp_assets.sources.contracts import REJECTED_ROWS, TECHNICAL_COLUMNS
from cdp_assets.sources.definition import SourceDefinition, SourceTable
from cdp_assets.sources.load import LoadReport, landing_of, latest_rejections, load_table, loaded_version
from cdp_assets.stages import Stage
from cdp_assets.warehouses.base import Warehouse

REJECTED_SHARE, UNDECLARED_COLUMNS = "rejected_share", "undeclared_columns"
SOURCE_METADATA = "cdp/source"
"""Key of the definition, with this one table, that a raw asset carries: the landing sensor reads it there."""


class SourceScaffolder(dg.Scaffolder[Any]):
    """Writes a `defs.yaml` for one CSV table, to be edited."""

    def scaffold(self, request: dg.ScaffoldRequest[Any]) -> None:
        name = request.target_path.name
        example = {
            "name": name,
            "description": f"What {name} sends.",
            "owners": ["team:data"],
            "tables": [
                {
                    "name": "customers",
                    "description": "One row a customer.",
                    "landing": {"type": "files", "glob": f"{name}/customers*.csv"},
                    "required": ["id"],
                }
            ],
        }
        dg.scaffold_component(request, example)


@dg.scaffold_with(SourceScaffolder)
class Source(DefinedComponent[SourceDefinition]):
    """A system that sends data: one raw asset for each of its tables."""

    definition_model = SourceDefinition

    def definitions(self) -> dg.Definitions:
        return dg.Definitions(assets=[raw_asset(self.definition, table) for table in self.definition.tables])


def raw_asset(source: SourceDefinition, table: SourceTable) -> dg.AssetsDefinition:
    """The asset of one raw table. It has nothing upstream: the landing sensor, or a person, starts it."""
    landing_of(table, Settings.from_env())  # a wrong option is told when definitions load, not when the asset runs
    raw_table = source.raw_table(table)
    key = asset_key(raw_table)
    spec = dg.AssetSpec(
        key,
        description=table.description or f"{source.name}'s {table.name}, as sent.",
        group_name=Stage.RAW.value,
        owners=source.owners,
        kinds={"python", str(table.landing["type"])},
        freshness_policy=fresh_within(source.freshness_hours),
        metadata={
            SOURCE_METADATA: source.model_copy(update={"tables": [table]}).model_dump(mode="json"),
            "dagster/table_name": str(raw_table),
        },
    )
    checks = [
        dg.AssetCheckSpec(
            REJECTED_SHARE,
            asset=key,
            blocking=True,
            description=f"At most {table.max_rejected_share:.0%} of a load's rows are set aside; of a few, half.",
        ),
        dg.AssetCheckSpec(UNDECLARED_COLUMNS, asset=key, description="The source sends the columns it declares."),
    ]

    @dg.multi_asset(specs=[spec], check_specs=checks, **step(f"raw__{raw_table.name}"))
    def load_raw(
        context: dg.AssetExecutionContext, warehouse: WarehouseResource
    ) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
        with warehouse.opened(context) as opened:
            report = load_table(opened, source, table, Settings.from_env(), datetime.now(UTC), context.log.info)
            if report.files or not report.failures:
                yield _result(opened, source, table, report)
            else:  # the table is as it was, and judged again: what reads it goes on with the last good data
                yield from _check_results(opened, source, table, report)
            if report.failures:
                raise dg.Failure(" ".join(report.failures), allow_retries=False)

    return load_raw


def _result(
    warehouse: Warehouse, source: SourceDefinition, table: SourceTable, report: LoadReport
) -> dg.MaterializeResult[Any]:
    raw_table = source.raw_table(table)
    taken = usage_metadata(warehouse)
    with warehouse.session():
        columns, rows = warehouse.columns(raw_table), warehouse.row_count(raw_table)
        version = loaded_version(warehouse, raw_table)
    known = table_metadata(raw_table, columns, rows, {}, TECHNICAL_COLUMNS)
    loaded = {"files": len(report.files), "rows_loaded": report.rows, "rows_rejected": report.rejected}
    return dg.MaterializeResult(
        asset_key=asset_key(raw_table),
        metadata={**known, **taken, **loaded},
        data_version=dg.DataVersion(version),
        check_results=_check_results(warehouse, source, table, report),
    )


def _check_results(
    warehouse: Warehouse, source: SourceDefinition, table: SourceTable, report: LoadReport
) -> list[dg.AssetCheckResult]:
    raw_table = source.raw_table(table)
    latest = latest_rejections(warehouse, raw_table)
    return [
        dg.AssetCheckResult(
            asset_key=asset_key(raw_table),
            check_name=REJECTED_SHARE,
            passed=not latest.too_many(table.max_rejected_share),
            metadata={
                "rejected": latest.rejected,
                "share": round(latest.share, 4),
                "allowed_share": table.max_rejected_share,
                "see": str(REJECTED_ROWS.table),
            },
        ),
        dg.AssetCheckResult(
            asset_key=asset_key(raw_table),
            check_name=UNDECLARED_COLUMNS,
            passed=not report.undeclared_columns,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"undeclared": report.undeclared_columns},
        ),
    ]
