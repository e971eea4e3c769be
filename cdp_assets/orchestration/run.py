"""`cdp run`: brings what is stale up to date, in this process."""

from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import dagster as dg
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

from cdp_assets.as_of import AS_OF, recorded_as_of
from cdp_assets.components.full import full_tags
from cdp_assets.components.table_asset import asset_key
from cdp_assets.components.warehouse import WAREHOUSE_TAG, warehouse_tags
from cdp_assets.definitions import defs as load_definitions
from cdp_assets.orchestration.arrivals import new_arrivals, sources_of
from cdp_assets.orchestration.edits import edited, written_versions
from cdp_assets.orchestration.execute import Execution, execute, output_to
from cdp_assets.orchestration.instance import clear_dead_runs, open_instance
from cdp_assets.orchestration.progress import Progress
from cdp_assets.orchestration.selection import select_assets
from cdp_assets.orchestration.staleness import blocked_assets, stale_assets, table_name
from cdp_assets.settings import Settings
from cdp_assets.stages import Stage
from cdp_assets.warehouses import open_warehouse
from cdp_assets.warehouses.base import Warehouse

AS_OF_KEY = asset_key(AS_OF.table)


@dataclass
class RunReport:
    """What a `cdp run` did."""

    executions: list[Execution] = field(default_factory=list)
    blocked: dict[str, str] = field(default_factory=dict)
    dead_runs: list[str] = field(default_factory=list)

    @property
    def made(self) -> list[str]:
        """Tables made, in order."""
        return [name for execution in self.executions for name in execution.made]

    @property
    def failures(self) -> list[str]:
        """One line for each failure."""
        return [line for execution in self.executions for line in execution.failures]


@dataclass(frozen=True)
class _Runner:
    settings: Settings
    instance: dg.DagsterInstance
    definitions: dg.Definitions
    graph: AssetGraph
    warehouse: Warehouse
    progress: Progress

    def stale(self) -> list[dg.AssetKey]:
        tag = warehouse_tags(self.settings)[WAREHOUSE_TAG]
        tables = self.warehouse.tables(list(Stage))
        written = edited(self.instance, written_versions(self.warehouse))
        return stale_assets(self.instance, self.graph, tables, tag, written)

    def execute(self, keys: list[dg.AssetKey], full: bool, as_of: datetime | None = None) -> Execution:
        config = {"ops": {"raw__as_of": {"config": {"as_of": as_of.isoformat()}}}} if as_of else None
        self.progress.begin(keys)
        tags = full_tags() if full else {}
        execution = execute(self.definitions, self.instance, keys, config, self.progress, tags)
        self.progress.end(execution)
        return execution

    def raw_keys(self, wanted: set[dg.AssetKey], full: bool, as_of: datetime | None) -> list[dg.AssetKey]:
        """Roots to run: those never made, those something landed for, and `as_of` when it moves."""
        raw = [key for key in self.graph.toposorted_asset_keys if key.path[0] == Stage.RAW]
        at_once = replace(self.settings, settle_time=0.0)  # who asks for a run means what is there now
        landed = new_arrivals(self.warehouse, sources_of(self.graph), at_once, seen={})
        due = {*self.stale(), *map(asset_key, landed.tables)}
        chosen = [key for key in raw if key in wanted and (full or key in due)]
        if as_of is not None and AS_OF_KEY not in chosen:
            chosen.append(AS_OF_KEY)
        return chosen

    def rest(self, wanted: set[dg.AssetKey], full: bool) -> tuple[list[dg.AssetKey], dict[str, str]]:
        """What is below the raw stage and due, without what must wait."""
        due = self.graph.toposorted_asset_keys if full else self.stale()
        chosen = [key for key in due if key in wanted and key.path[0] != Stage.RAW]
        blocked = blocked_assets(self.instance, self.graph, chosen, self.warehouse.tables(list(Stage)))
        return [key for key in chosen if key not in blocked], {table_name(k): why for k, why in blocked.items()}


def run(settings: Settings, select: str | None = None, full: bool = False, as_of: datetime | None = None) -> RunReport:
    """Load what landed, then make what is out of date, each asset at most once.

    The raw stage is a run of its own, so that one source that fails does not stop the others.

    Raises:
        CdpError: a setting or the selection is wrong, or the warehouse stays locked.
    """
    log = settings.log_dir / f"run-{datetime.now(UTC):%Y%m%dT%H%M%S}.log"
    with (
        closing(open_warehouse(settings)) as warehouse,
        output_to(log) as console,
        open_instance(settings) as instance,
    ):
        progress = Progress(console, log)
        progress.say("loading definitions")
        report = RunReport(dead_runs=clear_dead_runs(instance))
        definitions = load_definitions()
        graph = definitions.resolve_asset_graph()
        wanted = select_assets(graph, select) if select is not None else set(graph.executable_asset_keys)
        runner = _Runner(settings, instance, definitions, graph, warehouse, progress)
        moved = as_of if as_of is not None and as_of != recorded_as_of(warehouse) else None
        raw = runner.raw_keys(wanted, full, moved)
        if raw:
            report.executions.append(runner.execute(raw, full, moved))
        rest, report.blocked = runner.rest(wanted, full)
        if rest:
            report.executions.append(runner.execute(rest, full))
        progress.finish(report.made, report.failures, report.blocked)
    return report
