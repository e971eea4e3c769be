"""A sync: an audience or a table, kept in step at a destination."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import dagster as dg
from sqlglot import exp

from cdp_assets.activation.configured import check_name_is_free
from cdp_assets.activation.consent import CONSENTS
from cdp_assets.activation.contracts import REJECTED_ROWS
from cdp_assets.activation.definition import SyncDefinition, WithoutCredentials, check_audience, check_supported
from cdp_assets.activation.engine import run_sync
from cdp_assets.activation.lock import only_run
from cdp_assets.activation.result import SyncResult
from cdp_assets.as_of import AS_OF, read_as_of
from cdp_assets.components.audience import audiences_of
from cdp_assets.components.automation import WHEN_INPUTS_CHANGE, at_times, fresh_within
from cdp_assets.components.defined import DefinedComponent
from cdp_assets.components.table_asset import DEFAULT_OWNERS, Results, asset_key, usage_metadata
from cdp_assets.components.warehouse import WarehouseResource, step
from cdp_assets.destinations.base import Destination
from cdp_assets.registry import find_plugin
from cdp_assets.sample.standins._launch import stand_in, standing_in
from cdp_assets.settings import Settings, environment
from cdp_assets.stages import Stage
from cdp_assets.tables import Table

DESTINATIONS = "cdp_assets.destinations"
ID_HISTORY = Table(Stage.IDENTITY, "id_history")


class SyncScaffolder(dg.Scaffolder[Any]):
    """Writes a `defs.yaml` for a sync into the outbox, to be edited."""

    def scaffold(self, request: dg.ScaffoldRequest[Any]) -> None:
        example = {
            "name": request.target_path.name,
            "source": "audiences.at_risk_high_value",
            "destination": "file",
            "settings": {"format": "jsonl"},
            "mapping": {"email": "master.customers.email"},
            "purpose": "email_marketing",
        }
        dg.scaffold_component(request, example)


@dg.scaffold_with(SyncScaffolder)
class Sync(DefinedComponent[SyncDefinition]):
    """Rows of an audience or table, sent to a destination: what is new, what changed, what left."""

    definition_model = SyncDefinition

    def definitions(self) -> dg.Definitions:
        syncs = (sync.definition for sync in self.tree.get_all_components(of_type=Sync))
        check_name_is_free(self.definition.name, [one.name for one in syncs if one is not self.definition])
        check_audience(self.definition, {one.name: one for one in audiences_of(self.tree).definitions})
        return dg.Definitions(assets=[sync_asset(self.definition)])


@contextmanager
def opened_destination(definition: SyncDefinition, settings: Settings) -> Iterator[Destination]:
    """The destination as the sync configures it, or its stand-in where the sync allows one and nothing else is set.

    Raises:
        ConfigurationError: a setting or a credential is wrong or missing.
    """
    plugin, env = find_plugin(DESTINATIONS, definition.destination, Destination), environment()
    substitute = stand_in(definition.destination)
    with ExitStack() as opened:
        if (
            definition.without_credentials is WithoutCredentials.STAND_IN
            and substitute is not None
            and not substitute.variables("", "").keys() & env.keys()
        ):
            variables = opened.enter_context(standing_in(definition.destination, settings.stand_ins))
            env = {**env, **variables}
        yield opened.enter_context(closing(plugin.from_settings(definition.settings, settings, env)))


def sync_asset(definition: SyncDefinition) -> dg.AssetsDefinition:
    """The asset of one sync, downstream of what it sends."""
    find_plugin(DESTINATIONS, definition.destination, Destination)  # a wrong name is told when definitions load
    key = dg.AssetKey([Stage.ACTIVATION.value, definition.name])
    upstream = [definition.source_table, *definition.joined_tables, AS_OF.table, ID_HISTORY]
    upstream += [CONSENTS] if definition.purpose else []
    spec = dg.AssetSpec(
        key,
        description=definition.description or f"{definition.source} to {definition.destination}.",
        group_name=Stage.ACTIVATION.value,
        owners=list(DEFAULT_OWNERS),
        kinds={"python", definition.destination},
        deps=[asset_key(table) for table in dict.fromkeys(upstream)],
        code_version=definition.model_dump_json(),
        automation_condition=at_times(definition.schedule) if definition.schedule else WHEN_INPUTS_CHANGE,
        freshness_policy=fresh_within(36),
        metadata={"dagster/column_lineage": _lineage(definition)},
    )
    check = dg.AssetCheckSpec(
        "rejected_share", asset=key, description=f"At most {definition.max_rejected_share:.0%} of rows are refused."
    )

    @dg.multi_asset(
        specs=[spec],
        check_specs=[check],
        **step(f"activation__{definition.name}"),
    )
    def send(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> Results:
        settings = Settings.from_env()
        with opened_destination(definition, settings) as destination, warehouse.opened(context) as opened:
            check_supported(definition, destination)

            def progress(done: int, planned: int) -> None:
                context.log.info(f"{done:,} of {planned:,} rows sent")

            with only_run(settings.sync_locks, definition.name, settings.lock_timeout):
                result = run_sync(
                    opened, definition, destination, settings.secret_key(), read_as_of(opened), context.run_id, progress
                )
            yield _result(key, definition, result, usage_metadata(opened))

    return send


def counts_of(result: SyncResult) -> dict[str, Any]:
    """What a run did, as the metadata of its materialisation."""
    rejected = exp.select("*").from_(REJECTED_ROWS.table.expression()).where(exp.column("sync").eq(result.sync))
    return {
        "planned": result.planned,
        "sent": result.tally.attempted.total(),
        "accepted": result.tally.succeeded.total(),
        "rejected": result.tally.failed.total(),
        "invalid": result.tally.invalid,
        "suppressed": result.tally.suppressed,
        "dagster/row_count": result.held_rows,
        "rows_per_second": round(result.rows_per_second, 1),
        "rebaselined": result.rebaselined,
        "resumed": result.resumed,
        "rejected_rows": dg.MetadataValue.md(f"```sql\n{rejected.sql()}\n```"),
    }


def _lineage(definition: SyncDefinition) -> dg.TableColumnLineage:
    deps = {}
    for field, column in definition.mapping.items():
        table, _, name = column.rpartition(".")
        source = Table.parse(table) if table else definition.source_table
        deps[field] = [dg.TableColumnDep(asset_key(source), name)]
    return dg.TableColumnLineage(deps_by_column=deps)


def _result(
    key: dg.AssetKey, definition: SyncDefinition, result: SyncResult, usage: dict[str, Any]
) -> dg.MaterializeResult[Any]:
    schema = dg.TableSchema(columns=[dg.TableColumn(field) for field in definition.mapping])
    return dg.MaterializeResult(
        asset_key=key,
        metadata={
            **counts_of(result),
            **usage,
            "dagster/column_schema": schema,
            "dagster/column_lineage": _lineage(definition),
        },
        check_results=[
            dg.AssetCheckResult(
                check_name="rejected_share",
                passed=result.rejected_share <= definition.max_rejected_share,
                metadata={"rejected_share": result.rejected_share, "allowed": definition.max_rejected_share},
            )
        ],
    )
