"""Which assets are out of date: what `cdp run` runs, and nothing else."""

from collections.abc import Iterable, Mapping
from typing import Any

import dagster as dg
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph

from cdp_assets.components.automation import READ_ONLY_DEPS
from cdp_assets.components.warehouse import WAREHOUSE_TAG
from cdp_assets.stages import Stage
from cdp_assets.tables import Table

DATA_VERSION, CODE_VERSION, INPUT_VERSION = (
    "dagster/data_version",
    "dagster/code_version",
    "dagster/input_data_version/",
)

AssetGraph = BaseAssetGraph[Any]
WAITS_FOR = "it waits for"


def stale_assets(
    instance: dg.DagsterInstance,
    graph: AssetGraph,
    tables: Iterable[Table],
    warehouse: str | None = None,
    edited: Iterable[dg.AssetKey] = (),
) -> list[dg.AssetKey]:
    """Assets to run, upstream first; `warehouse` is the tag of the runs that worked in this one.

    An asset is stale when it was never made, or last in another warehouse, its table is gone, its code changed, people
    `edited` it, an input has another data version than the one it read, a blocking check of its own did not pass, or an
    input is stale itself. Assets that are made together are stale together.
    """
    keys = graph.toposorted_asset_keys
    events = instance.get_latest_materialization_events(keys)
    tags = {
        key: event.asset_materialization.tags or {}
        for key, event in events.items()
        if event is not None and event.asset_materialization is not None
    }
    wrong = _not_passed(instance, graph)
    there, elsewhere = set(tables), {*edited, *_made_elsewhere(instance, events, warehouse)}
    own = {
        key
        for key in keys
        if key not in tags
        or key in elsewhere
        or _table_gone(key, there)
        or key in wrong
        or graph.get(key).code_version not in {None, tags[key].get(CODE_VERSION)}
        or any(_read_another(tags, key, parent) for parent in _starting(graph, key))
    }
    stale = _with_what_follows(graph, {key for key in own if graph.get(key).is_executable})
    return [key for key in keys if key in stale]


def made_together(graph: AssetGraph, keys: Iterable[dg.AssetKey]) -> set[dg.AssetKey]:
    """The assets, with those that a run cannot make without them or leave out beside them."""
    return {member for key in keys for member in graph.get(key).execution_set_asset_keys}


def _with_what_follows(graph: AssetGraph, stale: set[dg.AssetKey]) -> set[dg.AssetKey]:
    """Stale assets, with those made together with them, and those that start from any of them."""
    while True:
        grown = made_together(graph, stale)
        grown |= {
            key
            for key in graph.toposorted_asset_keys
            if graph.get(key).is_executable and any(parent in grown for parent in _starting(graph, key))
        }
        if grown == stale:
            return grown
        stale = grown


def failed_checks(
    instance: dg.DagsterInstance,
    graph: AssetGraph,
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
) -> list[dg.AssetCheckKey]:
    """Checks whose last evaluation found something of this severity."""
    last = _last_evaluations(instance, graph.asset_check_keys)
    return [key for key, found in last.items() if found and not found.passed and found.severity == severity]


def blocked_assets(
    instance: dg.DagsterInstance, graph: AssetGraph, selected: Iterable[dg.AssetKey], tables: Iterable[Table]
) -> dict[dg.AssetKey, str]:
    """Selected assets that must wait, each with what for: an input that is missing, or was found wrong.

    A raw table that nothing could be loaded into yet is empty, not missing: other sources do not wait for it.
    """
    wanted = set(selected)
    if not wanted:
        return {}
    events = instance.get_latest_materialization_events(graph.toposorted_asset_keys)
    made = {key for key, event in events.items() if event is not None}
    made |= {dg.AssetKey([table.schema, table.name]) for table in tables if table.schema == Stage.RAW}
    wrong = _not_passed(instance, graph)
    blocked: dict[dg.AssetKey, str] = {}
    for key in graph.toposorted_asset_keys:
        if key not in wanted:
            continue
        for parent in sorted(graph.get(key).parent_keys):
            runs = parent in wanted and parent not in blocked
            if parent in blocked:
                blocked[key] = f"{WAITS_FOR} {table_name(parent)}"
            elif not runs and parent in wrong:
                blocked[key] = f"the check {wrong[parent]} of {table_name(parent)} did not pass"
            elif not runs and parent not in made and graph.get(parent).is_executable:
                blocked[key] = f"{table_name(parent)} was never made"
    return blocked


def table_name(key: dg.AssetKey) -> str:
    """`AssetKey(["churn", "scores"])` → `churn.scores`."""
    return ".".join(key.path)


def _not_passed(instance: dg.DagsterInstance, graph: AssetGraph) -> dict[dg.AssetKey, str]:
    """Assets with a blocking check that did not pass, each with its name.

    A step that was killed before its check leaves it unevaluated: what is not known to be right is not passed on.
    """
    blocking = [key for key in graph.asset_check_keys if graph.get(key).blocking]
    last = _last_evaluations(instance, blocking)
    return {key.asset_key: key.name for key, found in last.items() if not _passed(found)}


def _passed(found: dg.AssetCheckEvaluation | None) -> bool:
    return found is not None and (found.passed or found.severity != dg.AssetCheckSeverity.ERROR)


def _last_evaluations(
    instance: dg.DagsterInstance, keys: Iterable[dg.AssetCheckKey]
) -> dict[dg.AssetCheckKey, dg.AssetCheckEvaluation | None]:
    """What each check found when it was last to be evaluated; null when it never came to it."""
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(sorted(keys))
    return {
        key: latest[key].evaluation if isinstance(latest[key].evaluation, dg.AssetCheckEvaluation) else None
        for key in sorted(latest)
    }


def _made_elsewhere(
    instance: dg.DagsterInstance, events: Mapping[dg.AssetKey, dg.EventLogEntry | None], warehouse: str | None
) -> set[dg.AssetKey]:
    """Assets whose last materialisation was written to another warehouse."""
    made_by = {key: event.run_id for key, event in events.items() if event is not None}
    runs = instance.get_runs(dg.RunsFilter(run_ids=sorted(set(made_by.values())))) if made_by else []
    others = {run.run_id for run in runs if run.tags.get(WAREHOUSE_TAG, warehouse) != warehouse}
    return {key for key, run_id in made_by.items() if run_id in others}


def _starting(graph: AssetGraph, key: dg.AssetKey) -> list[dg.AssetKey]:
    """The inputs that an asset runs for: all but those it only reads."""
    found = graph.get(key).metadata.get(READ_ONLY_DEPS, [])
    read_only = found.value if isinstance(found, dg.MetadataValue) else found
    return sorted(parent for parent in graph.get(key).parent_keys if table_name(parent) not in read_only)


def _table_gone(key: dg.AssetKey, there: set[Table]) -> bool:
    stage, name = key.path
    return stage != Stage.ACTIVATION and Table(stage, name) not in there


def _read_another(tags: dict[dg.AssetKey, Any], key: dg.AssetKey, parent: dg.AssetKey) -> bool:
    read = tags[key].get(INPUT_VERSION + parent.to_user_string())
    return parent in tags and read != tags[parent].get(DATA_VERSION)
