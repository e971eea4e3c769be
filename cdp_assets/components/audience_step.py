"""The step that makes all audiences, each of them an asset, and the asset of what they have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import dagster as dg

from cdp_assets.as_of import read_as_of
from cdp_assets.audiences.catalogue import Catalogue
from cdp_assets.audiences.contracts import OVERLAP, audience_contract
from cdp_assets.audiences.definition import AudienceDefinition
from cdp_assets.audiences.membership import AudienceChange, refresh_audiences
from cdp_assets.audiences.order import levels, references
from cdp_assets.audiences.overlap import overlap, overlap_chart, overlap_map
from cdp_assets.audiences.upstream import upstream
from cdp_assets.components.audience import Audiences
from cdp_assets.components.automation import at_times
from cdp_assets.components.table_asset import Results, asset_key, contract_result, contract_spec
from cdp_assets.components.warehouse import WarehouseResource, step
from cdp_assets.errors import CdpError, DataError, WarehouseUnavailableError
from cdp_assets.settings import Settings
from cdp_assets.tables import Table
from cdp_assets.warehouses.base import Warehouse

SIZE_AS_EXPECTED = "size_as_expected"


def audience_definitions(audiences: Audiences) -> dg.Definitions:
    """The assets of all audiences; none if there is none, or one cannot be made."""
    if not audiences.definitions or not audiences.can_be_made:
        return dg.Definitions()
    made = audience_assets(audiences.definitions, audiences.catalogue, audiences.files)
    return dg.Definitions(assets=[made, overlap_asset(audiences.definitions)])


def audience_assets(
    definitions: Sequence[AudienceDefinition], catalogue: Catalogue, files: Mapping[str, Path] = MappingProxyType({})
) -> dg.AssetsDefinition:
    """The assets of audiences, of each the file it is written in; their upstreams are what their conditions read."""
    ordered = [one for level in levels(definitions) for one in level]
    checks = [
        dg.AssetCheckSpec(
            SIZE_AS_EXPECTED,
            asset=_key(one),
            blocking=True,
            description="As many members as expected, and no sudden change by the same definition.",
        )
        for one in ordered
    ]

    @dg.multi_asset(
        specs=[_spec(one, catalogue, files.get(one.name)) for one in ordered],
        check_specs=checks,
        can_subset=True,
        **step("audiences"),
    )
    def audiences(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> Results:
        chosen = [one for one in ordered if _key(one) in context.selected_asset_keys]
        with warehouse.opened(context) as opened:
            known = catalogue.of(opened)
            failed: dict[str, CdpError] = {}
            for level in levels(chosen):
                wanted = [one for one in level if not _reads(one, failed, catalogue)]
                changes = _refreshed(opened, wanted, known, failed) if wanted else {}
                for one in wanted:
                    if one.name in changes:
                        context.log.info(f"{one.name}: {changes[one.name].members:,} members")
                        yield _result(opened, one, catalogue, changes[one.name])
                failed |= {one.name: DataError("it reads one that was not made") for one in level if one not in wanted}
        if failed:
            raise DataError("; ".join(f"audience {name!r}: {error}" for name, error in failed.items()))

    return audiences


def _reads(definition: AudienceDefinition, failed: Mapping[str, CdpError], catalogue: Catalogue) -> bool:
    """Whether an audience is decided by one that could not be made."""
    return not references(definition, catalogue.audiences or {}).isdisjoint(failed)


def overlap_asset(definitions: Sequence[AudienceDefinition]) -> dg.AssetsDefinition:
    """The asset that says how many customers audiences have in common."""
    names = sorted(one.name for one in definitions)
    tables = [Table("audiences", name) for name in names]
    lineage = {
        "audience": (),
        "other_audience": (),
        "customers": tuple(f"{table}.customer_id" for table in tables),
    }
    columns = tuple(replace(column, lineage=lineage[column.name]) for column in OVERLAP.columns)
    contract = replace(OVERLAP, columns=columns)

    @dg.multi_asset(specs=[contract_spec(contract, deps=tables, kinds={"sql"})], **step("audiences__overlap"))
    def audience_overlap(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> Results:
        with warehouse.opened(context) as opened:
            opened.write_select(OVERLAP.table, overlap(names))
            maps = {
                "heat_map": dg.MetadataValue.md(overlap_map(opened, names)),
                "heat_map_chart": dg.MetadataValue.json(overlap_chart(opened, names)),
            }
            yield contract_result(opened, contract, maps)

    return audience_overlap


def _refreshed(
    warehouse: Warehouse, level: Sequence[AudienceDefinition], catalogue: Catalogue, failed: dict[str, CdpError]
) -> Mapping[str, AudienceChange]:
    """Refresh together; if one of them cannot be, each on its own, so that the others are.

    Raises:
        WarehouseUnavailableError: none can be, for now.
    """
    as_of, holdout = read_as_of(warehouse), Settings.from_env().global_holdout
    try:
        return refresh_audiences(warehouse, level, as_of, catalogue, holdout)
    except WarehouseUnavailableError:
        raise
    except CdpError as error:
        if len(level) == 1:
            failed[level[0].name] = error
            return {}
    found: dict[str, AudienceChange] = {}
    for one in level:
        found |= _refreshed(warehouse, [one], catalogue, failed)
    return found


def _spec(definition: AudienceDefinition, catalogue: Catalogue, file: Path | None) -> dg.AssetSpec:
    holdout = Settings.from_env().global_holdout
    spec = contract_spec(
        audience_contract(definition, catalogue),
        deps=list(upstream(definition, catalogue).tables),
        kinds={"sql"},
        code_version=f"{definition.version} {holdout}" if holdout else definition.version,
        owners=list(definition.owners),
    )
    if file is not None:
        written = dg.CodeReferencesMetadataValue(
            code_references=[dg.LocalFileCodeReference(file_path=str(file), line_number=1)]
        )
        spec = spec.merge_attributes(metadata={"dagster/code_references": written})
    if definition.schedule is None:
        return spec
    return spec.replace_attributes(automation_condition=at_times(definition.schedule))


def _result(
    warehouse: Warehouse, definition: AudienceDefinition, catalogue: Catalogue, change: AudienceChange
) -> dg.MaterializeResult[Any]:
    check = dg.AssetCheckResult(
        check_name=SIZE_AS_EXPECTED,
        asset_key=_key(definition),
        passed=not change.unexpected,
        metadata={"members": change.members, "why": change.unexpected or "as many as expected"},
    )
    result = contract_result(
        warehouse,
        audience_contract(definition, catalogue),
        {
            "members": change.members,
            "entered": change.entered,
            "exited": change.exited,
            "merged": change.merged,
            "definition_version": change.definition_version,
            "sql": dg.MetadataValue.md(f"```sql\n{change.sql}\n```"),
        },
    )
    return result._replace(check_results=[check])


def _key(definition: AudienceDefinition) -> dg.AssetKey:
    return asset_key(Table("audiences", definition.name))
