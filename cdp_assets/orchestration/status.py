"""`cdp status`: rows a table, the last runs, and the checks that failed."""

from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from cdp_assets.as_of import recorded_as_of
from cdp_assets.definitions import defs as load_definitions
from cdp_assets.errors import WarehouseLockedError
from cdp_assets.orchestration.instance import open_instance
from cdp_assets.orchestration.staleness import failed_checks, table_name
from cdp_assets.settings import Settings
from cdp_assets.stages import Stage
from cdp_assets.warehouses import open_warehouse

_PATIENCE = 3.0


@dataclass(frozen=True)
class RunStatus:
    """One Dagster run."""

    run_id: str
    status: str
    started_at: str | None
    seconds: float | None


@dataclass
class Status:
    """What there is. `stages` maps each stage to its tables and their rows; rows are those of the last
    materialisation, and `note` says so, while another process holds the warehouse."""

    as_of: str | None = None
    stages: dict[str, dict[str, int | None]] = field(default_factory=dict)
    runs: list[RunStatus] = field(default_factory=list)
    failed_checks: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    note: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self)


def read_status(settings: Settings, last_runs: int = 5) -> Status:
    """Look at the warehouse and at Dagster's records; a locked warehouse is not waited for long."""
    status = Status(stages={stage: {} for stage in Stage})
    with open_instance(settings) as instance:
        graph = load_definitions().resolve_asset_graph()
        warehouse = open_warehouse(settings.with_lock_timeout(min(settings.lock_timeout, _PATIENCE)))
        try:
            with closing(warehouse), warehouse.session():
                moment = recorded_as_of(warehouse)
                for table, rows in warehouse.row_counts(warehouse.tables(list(Stage))).items():
                    status.stages[table.schema][table.name] = rows
            status.as_of = moment.isoformat() if moment else None
        except WarehouseLockedError as error:
            status.note = f"{error} Rows are those of the last materialisations."
            events = instance.get_latest_materialization_events(graph.toposorted_asset_keys)
            for key, event in sorted(events.items()):
                status.stages[key.path[0]][key.path[1]] = _recorded_rows(event)
        status.runs = [_run_status(record) for record in instance.get_run_records(limit=last_runs)]
        status.failed_checks = _names(failed_checks(instance, graph))
        status.warnings = _names(failed_checks(instance, graph, dg.AssetCheckSeverity.WARN))
    return status


def _names(checks: list[dg.AssetCheckKey]) -> list[str]:
    return [f"{table_name(check.asset_key)}: {check.name}" for check in checks]


def _recorded_rows(event: dg.EventLogEntry | None) -> int | None:
    if event is None or event.asset_materialization is None:
        return None
    rows = event.asset_materialization.metadata.get("dagster/row_count")
    return int(str(rows.value)) if rows is not None else None


def _run_status(record: dg.RunRecord) -> RunStatus:
    started = (
        datetime.fromtimestamp(record.start_time, UTC).isoformat(timespec="seconds") if record.start_time else None
    )
    ran = record.end_time - record.start_time if record.start_time and record.end_time else None
    return RunStatus(record.dagster_run.run_id, record.dagster_run.status.value, started, ran and round(ran, 1))
