"""A contract as an asset: its spec before a run, its result after one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import dagster as dg
import polars as pl
from sqlglot import exp

from cdp_assets.components.automation import READ_ONLY_DEPS, fresh_within, when_inputs_change
from cdp_assets.tables import Contract, Table
from cdp_assets.warehouses.base import Warehouse

Results: TypeAlias = Iterator[dg.MaterializeResult[Any]]
Lineage = Mapping[str, Iterable[tuple[Table, str]]]
_LATEST_QUERIES = 50
DEFAULT_OWNERS = ("team:data",)


def asset_key(table: Table) -> dg.AssetKey:
    """`stage.name` → `AssetKey([stage, name])`."""
    return dg.AssetKey([table.schema, table.name])


def contract_spec(
    contract: Contract,
    *,
    deps: Sequence[Table],
    read_only_deps: Sequence[Table] = (),
    kinds: set[str],
    code_version: str | None = None,
    owners: Sequence[str] = DEFAULT_OWNERS,
    freshness_hours: float = 36,
) -> dg.AssetSpec:
    """The asset that makes a contract's table; it runs when one of `deps` changes, and reads `read_only_deps` too."""
    read_only = [asset_key(table) for table in read_only_deps]
    return dg.AssetSpec(
        asset_key(contract.table),
        description=contract.description,
        group_name=contract.stage.value,
        owners=list(owners),
        kinds=kinds,
        deps=[*(asset_key(table) for table in deps), *read_only],
        code_version=code_version,
        automation_condition=when_inputs_change(read_only),
        freshness_policy=fresh_within(freshness_hours),
        metadata={
            "dagster/column_schema": _declared_schema(contract),
            "dagster/table_name": str(contract.table),
            READ_ONLY_DEPS: [str(table) for table in read_only_deps],
        },
    )


def table_metadata(
    table: Table, columns: Mapping[str, str], rows: int, lineage: Lineage, descriptions: Mapping[str, str]
) -> dict[str, Any]:
    """What the UI shows of a table that was just written: its columns and their types, its rows, and the lineage."""
    described = [dg.TableColumn(name, type=kind, description=descriptions.get(name)) for name, kind in columns.items()]
    deps = {
        name: [dg.TableColumnDep(asset_key(upstream), column) for upstream, column in sorted(set(sources))]
        for name, sources in lineage.items()
        if sources
    }
    return {
        "dagster/row_count": rows,
        "dagster/table_name": str(table),
        "dagster/column_schema": dg.TableSchema(columns=described),
        "dagster/column_lineage": dg.TableColumnLineage(deps_by_column=deps),
    }


def usage_metadata(warehouse: Warehouse) -> dict[str, Any]:
    """What the asset read and wrote since the last time it was asked, and the warehouse's ids of its queries."""
    usage = warehouse.take_usage()
    counted = {name: getattr(usage, name) for name in ("rows_read", "bytes_read", "rows_written", "bytes_written")}
    if usage.bytes_scanned is not None:
        counted["bytes_scanned"] = usage.bytes_scanned
    queries = {"queries": len(usage.query_ids), "query_ids": usage.query_ids[-_LATEST_QUERIES:]}
    return counted | (queries if usage.query_ids else {})


def contract_result(
    warehouse: Warehouse, contract: Contract, metadata: Mapping[str, Any] | None = None
) -> dg.MaterializeResult[Any]:
    """The result of writing a contract's table."""
    lineage, descriptions = contract_lineage(contract), contract_descriptions(contract)
    taken = usage_metadata(warehouse)
    with warehouse.session():
        columns, rows = warehouse.columns(contract.table), warehouse.row_count(contract.table)
    known = table_metadata(contract.table, columns, rows, lineage, descriptions)
    return dg.MaterializeResult(asset_key=asset_key(contract.table), metadata={**known, **taken, **(metadata or {})})


def read_frame(warehouse: Warehouse, table: Table) -> pl.DataFrame:
    """All of a table, for a stage that needs it whole."""
    return pl.DataFrame(warehouse.read_arrow(exp.select("*").from_(table.expression())))


def contract_lineage(contract: Contract) -> dict[str, list[tuple[Table, str]]]:
    """Each column's upstream columns, as the contract declares them."""
    return {column.name: [_column(text) for text in column.lineage] for column in contract.columns}


def contract_descriptions(contract: Contract) -> dict[str, str]:
    """Each column's description."""
    return {column.name: column.description for column in contract.columns}


def _column(text: str) -> tuple[Table, str]:
    table, _, column = text.rpartition(".")
    return Table.parse(table), column


def _declared_schema(contract: Contract) -> dg.TableSchema:
    return dg.TableSchema(
        columns=[dg.TableColumn(c.name, type=str(c.type), description=c.description) for c in contract.columns]
    )
