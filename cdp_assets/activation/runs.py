"""One run of a sync in `activation.sync_runs`, and what the runs before it tell."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlglot import exp

from cdp_assets.activation.contracts import REJECTED_ROWS, SYNC_IDENTIFIERS, SYNC_JOBS, SYNC_ROWS, SYNC_RUNS, SYNC_STATE
from cdp_assets.activation.plan import moment
from cdp_assets.activation.result import Tally
from cdp_assets.activation.sync import Sync
from cdp_assets.destinations.base import Mode, Operation
from cdp_assets.warehouses.base import WriteMode


@dataclass(frozen=True)
class Run:
    """One run of one sync; the caller holds the sync's lock, so that no other is under way."""

    sync: Sync
    run_id: str
    as_of: datetime

    @property
    def target(self) -> str:
        """Where rows go, and whether to be there or to be taken away: what is held then means another thing."""
        taken_away = ", taken away" if self.sync.definition.mode is Mode.REMOVE else ""
        return f"{self.sync.destination.target}{taken_away}"

    def open(self, started_at: datetime, tally: Tally) -> None:
        """Write down that it began."""
        self._write(started_at, None, "running", tally)

    def finish(self, started_at: datetime, at: datetime, tally: Tally) -> None:
        """Write down that it did all it planned."""
        self._write(started_at, at, "finished", tally)

    def fail(self, started_at: datetime, at: datetime, tally: Tally) -> None:
        """Write down that it stopped early: what is left of its plan was not accepted."""
        plan = exp.select("batch", "row_key", "operation").select(
            exp.Literal.string("aborted").as_("status"),
            exp.Literal.string("the run stopped before it").as_("reason"),
            "basis",
        )
        with self.sync.warehouse.transaction():
            self.tell(plan.from_(self.sync.work.plan.expression()), at)
            self._write(started_at, at, "failed", tally)

    def tell(self, query: exp.Select, at: datetime) -> None:
        """Append to `sync_rows` the rows of a query of batch, row_key, operation, status, reason and basis."""
        told = exp.select(
            exp.Literal.string(self.sync.name).as_("sync"),
            exp.Literal.string(self.run_id).as_("run_id"),
            *("batch", "row_key", "operation", "status", "reason", "basis"),
            moment(at).as_("at"),
        ).from_(query.subquery("told"))
        self.sync.warehouse.write_select(SYNC_ROWS.table, told, WriteMode.APPEND)

    def take_over(self) -> bool:
        """Close a run that was killed, and forget what is held if the last one went elsewhere; whether it did.

        What a killed run planned for elsewhere is forgotten too.
        """
        latest = self._latest()
        if latest.get("outcome") == "running":
            self.sync.merge(SYNC_RUNS, [latest | {"outcome": "interrupted"} | self._written_down(latest)])
        if not self._is_elsewhere(latest):
            return False
        with self.sync.warehouse.transaction():
            for contract in (SYNC_STATE, REJECTED_ROWS, SYNC_IDENTIFIERS, SYNC_JOBS):
                self.sync.delete(contract)
            self.sync.warehouse.drop(self.sync.work.plan)
        return True

    def goes_elsewhere(self) -> bool:
        """Whether the last run went to another target, so that nothing is known to be held by this one."""
        return self._is_elsewhere(self._latest())

    def held_before(self) -> int:
        """Rows it held after the last run to this target that ended; 0 before the first."""
        here = exp.Literal.string(self.target)
        last = (
            exp.select("held_rows")
            .from_(SYNC_RUNS.table.expression())
            .where(self.sync.mine(), exp.column("finished_at").is_(exp.null()).not_())
            .where(exp.func("COALESCE", exp.column("target"), here).eq(here.copy()))
            .order_by(exp.column("finished_at").desc())
            .limit(1)
        )
        found = self.sync.warehouse.read_arrow(last)["held_rows"].to_pylist()
        return int(found[0]) if found else 0

    def _is_elsewhere(self, latest: dict[str, Any]) -> bool:
        return latest.get("target") not in (None, self.target)

    def _latest(self) -> dict[str, Any]:
        every = exp.select(*(column.name for column in SYNC_RUNS.columns)).from_(SYNC_RUNS.table.expression())
        latest = every.where(self.sync.mine()).order_by(exp.column("started_at").desc()).limit(1)
        found = self.sync.warehouse.read_arrow(latest).to_pylist()
        return dict(found[0]) if found else {}

    def _written_down(self, run: dict[str, Any]) -> dict[str, object]:
        """The counts of a run that was killed, as its rows tell them."""
        of_run = exp.column("run_id").eq(exp.Literal.string(run["run_id"]))
        since = exp.column("at") >= moment(run["started_at"])
        query = exp.select("operation", "status", exp.Count(this=exp.Star()).as_("rows"))
        query = query.from_(SYNC_ROWS.table.expression()).where(self.sync.mine(), of_run, since)
        query = query.group_by("operation", "status")
        tally = Tally()
        for row in self.sync.warehouse.read_arrow(query).to_pylist():
            if row["status"] in ("succeeded", "rejected"):
                operation, counts = Operation(row["operation"]), row["rows"]
                tally.attempted[operation] += counts
                (tally.succeeded if row["status"] == "succeeded" else tally.failed)[operation] += counts
        counted = tally.columns()
        return {name: count for name, count in counted.items() if not name.startswith("planned")}

    def _write(self, started_at: datetime, at: datetime | None, outcome: str, tally: Tally) -> None:
        run: dict[str, object] = {
            "sync": self.sync.name,
            "run_id": self.run_id,
            "as_of": self.as_of,
            "started_at": started_at,
            "finished_at": at,
            "outcome": outcome,
            "target": self.target,
            **tally.columns(),
            "invalid": tally.invalid,
            "suppressed": tally.suppressed,
            "held_rows": self.sync.held_rows(),
        }
        self.sync.merge(SYNC_RUNS, [run])
