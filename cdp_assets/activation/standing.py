"""How the syncs of a deployment stand: what each holds, when it last ran, and what it could not send."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlglot import exp

from cdp_assets.activation.contracts import REJECTED_ROWS, SET_ASIDE, SYNC_RUNS, SYNC_STATE
from cdp_assets.activation.worktables import WorkTables
from cdp_assets.tables import Table
from cdp_assets.warehouses.base import Warehouse


@dataclass(frozen=True)
class Standing:
    """One sync: rows held, refused at present and set aside, operations an interrupted run left, and its last run."""

    sync: str
    held_rows: int
    rejected_rows: int
    invalid: int
    suppressed: int
    interrupted: int
    last_run: Mapping[str, Any] | None

    def as_json(self) -> dict[str, Any]:
        """As JSON can carry it."""
        run = self.last_run or {}
        plain = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in run.items()}
        return asdict(self) | {"last_run": plain or None}


def standings(warehouse: Warehouse, names: Iterable[str]) -> list[Standing]:
    """How each of these syncs stands, in their order."""
    with warehouse.session():
        held = _counts(warehouse, SYNC_STATE.table)
        rejected = _counts(warehouse, REJECTED_ROWS.table)
        aside = _counts(warehouse, SET_ASIDE.table, "status", exp.Sum(this=exp.column("copies")))
        last = _last_runs(warehouse)
        plans = {name: WorkTables.of(name).plan for name in names}
        left = {name: warehouse.row_count(plan) if warehouse.exists(plan) else 0 for name, plan in plans.items()}
    return [
        Standing(
            sync=name,
            held_rows=held.get((name,), 0),
            rejected_rows=rejected.get((name,), 0),
            invalid=aside.get((name, "invalid"), 0),
            suppressed=aside.get((name, "suppressed"), 0),
            interrupted=left[name],
            last_run=last.get(name),
        )
        for name in plans
    ]


def _counts(
    warehouse: Warehouse, table: Table, by: str | None = None, of: exp.Expression | None = None
) -> dict[tuple[str, ...], int]:
    if not warehouse.exists(table):
        return {}
    columns = ["sync", by] if by else ["sync"]
    count = exp.cast(of or exp.Count(this=exp.Star()), "BIGINT").as_("n")
    query = exp.select(*columns, count).from_(table.expression()).group_by(*columns)
    return {tuple(row[name] for name in columns): int(row["n"]) for row in warehouse.read_arrow(query).to_pylist()}


def _last_runs(warehouse: Warehouse) -> dict[str, dict[str, Any]]:
    if not warehouse.exists(SYNC_RUNS.table):
        return {}
    latest = exp.Order(expressions=[exp.Ordered(this=exp.column("started_at"), desc=True)])
    place = exp.Window(this=exp.RowNumber(), partition_by=[exp.column("sync")], order=latest).as_("place")
    ranked = exp.select("*", place).from_(SYNC_RUNS.table.expression()).subquery("ranked")
    names = [column.name for column in SYNC_RUNS.columns]
    query = exp.select(*names).from_(ranked).where(exp.column("place").eq(1))
    return {row["sync"]: row for row in warehouse.read_arrow(query).to_pylist()}
