"""What a run writes down: its counts, what it set aside, and what became of its batches, together with the state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
from sqlglot import exp

from cdp_assets.activation.contracts import (
    REJECTED_ROWS,
    SET_ASIDE,
    SYNC_IDENTIFIERS,
    SYNC_JOBS,
    SYNC_ROWS,
    SYNC_RUNS,
    SYNC_STATE,
)
from cdp_assets.activation.definition import SyncDefinition
from cdp_assets.activation.plan import departed, moment, wanted_keys
from cdp_assets.activation.result import Outcome, Tally
from cdp_assets.activation.sync import Sync
from cdp_assets.destinations.base import Mode, Operation
from cdp_assets.tables import Contract
from cdp_assets.warehouses.base import Warehouse, WriteMode


@dataclass(frozen=True)
class Ledger:
    """The activation tables as one run of one sync writes them."""

    sync: Sync
    run_id: str
    as_of: datetime

    @property
    def warehouse(self) -> Warehouse:
        return self.sync.warehouse

    @property
    def definition(self) -> SyncDefinition:
        return self.sync.definition

    @property
    def target(self) -> str:
        """Where rows go, and whether to be there or to be taken away: what is held then means another thing."""
        taken_away = ", taken away" if self.definition.mode is Mode.REMOVE else ""
        return f"{self.sync.destination.target}{taken_away}"

    def news(self) -> bool:
        """Whether there is something to write down besides operations: rows newly set aside, or wanted no longer."""
        queries = [self._newly_set_aside(), *self._obsolete().values()]
        return any(self._count(query) for query in queries)

    def begin(self, started_at: datetime, tally: Tally, *, whole: bool = True) -> None:
        """Open the run, tell what it set aside, and forget what is wanted no longer, if the plan is a `whole` one."""
        self._write_run(started_at, None, "running", tally)
        self.warehouse.write_select(SYNC_ROWS.table, self._told(self._newly_set_aside(), started_at), WriteMode.APPEND)
        for contract, query in self._obsolete().items() if whole else ():
            self._delete_among(contract, query)
        self._delete(SET_ASIDE)
        self.warehouse.write_select(SET_ASIDE.table, self._set_aside(), WriteMode.APPEND)

    def record(self, batches: Mapping[str, Sequence[Outcome]], at: datetime) -> None:
        """Write down whole batches; all of it or nothing.

        That is: their rows, the state, refusals, and that they are no longer in the plan.
        """
        outcomes = [outcome for some in batches.values() for outcome in some]
        rejected = [outcome for outcome in outcomes if outcome.status == "rejected"]
        done = exp.column("batch").isin(*(exp.Literal.string(name) for name in batches))
        plan = self.sync.work.plan.expression()
        accepted = exp.select("row_key").from_(plan).where(done)
        if rejected:
            accepted = accepted.where(_is_one_of("row_key", [outcome.key for outcome in rejected]).not_())
        with self.warehouse.transaction():
            self._append_rows(batches, at)
            self._move_state([o for o in outcomes if o.status == "succeeded"], accepted, at)
            self._delete_among(REJECTED_ROWS, accepted.where(exp.column("attempts").is_(exp.null()).not_()))
            self._merge(REJECTED_ROWS, [self._refusal(outcome, at) for outcome in rejected])
            self.warehouse.execute(exp.delete(plan).where(done))

    def set_back(self, batch: str, outcomes: Sequence[Outcome], at: datetime) -> None:
        """Take rows of a batch out of the plan without having sent them, for the next run to decide."""
        keys = _is_one_of("row_key", [outcome.key for outcome in outcomes])
        here = exp.column("batch").eq(exp.Literal.string(batch))
        with self.warehouse.transaction():
            self._append_rows({batch: outcomes}, at)
            self.warehouse.execute(exp.delete(self.sync.work.plan.expression()).where(here, keys))

    def jobs(self) -> dict[str, str]:
        """The jobs that batches of this sync started, by idempotency key."""
        query = exp.select("batch_key", "job").from_(SYNC_JOBS.table.expression()).where(self.sync.mine())
        return {row["batch_key"]: row["job"] for row in self.warehouse.read_arrow(query).to_pylist()}

    def keep_job(self, batch_key: str, job: str, at: datetime) -> None:
        """Write down, for good, which job a batch started."""
        self._merge(SYNC_JOBS, [{"sync": self.sync.name, "batch_key": batch_key, "job": job, "kept_at": at}])

    def forget_jobs(self) -> None:
        """Forget the jobs of batches that were all written down."""
        self._delete(SYNC_JOBS)

    def doubt(self, batch: str, at: datetime) -> None:
        """Take a batch that may have arrived, and cannot be sent again as it was, for held with values unknown.

        The diff then sends its rows as they are now, and removes those that left. A sync that only inserts tells
        the destination nothing but additions, so there they stay to be added.
        """
        if self.definition.mode is Mode.INSERT:
            return
        unknown = exp.select(
            exp.Literal.string(self.definition.name).as_("sync"),
            "row_key",
            exp.Literal.string("").as_("checksum"),
            moment(at).as_("sent_at"),
        )
        plan = self.sync.work.plan.expression()
        rows = unknown.from_(plan).where(exp.column("batch").eq(exp.Literal.string(batch)))
        self.warehouse.write_select(SYNC_STATE.table, rows, WriteMode.MERGE, SYNC_STATE.key)

    def close(self, started_at: datetime, at: datetime, tally: Tally) -> None:
        """Close a run that did all it planned."""
        self._write_run(started_at, at, "finished", tally)

    def abort(self, started_at: datetime, at: datetime, tally: Tally) -> None:
        """Close a run that stopped early: what is left of its plan was not accepted."""
        plan = exp.select("batch", "row_key", "operation").select(
            exp.Literal.string("aborted").as_("status"),
            exp.Literal.string("the run stopped before it").as_("reason"),
            "basis",
        )
        with self.warehouse.transaction():
            left = plan.from_(self.sync.work.plan.expression())
            self.warehouse.write_select(SYNC_ROWS.table, self._told(left, at), WriteMode.APPEND)
            self._write_run(started_at, at, "failed", tally)

    def held_rows(self) -> int:
        """Rows the destination is known to hold."""
        return self._count(exp.select("row_key").from_(SYNC_STATE.table.expression()).where(self.sync.mine()))

    def leaving(self) -> int:
        """Rows held that the source no longer asks for, but for those merged into one that stays."""
        gone, keys = departed(self.sync).subquery("gone"), wanted_keys(self.sync).subquery("wanted")
        stays = exp.column("current_key").isin(query=exp.select("row_key").from_(keys))
        return self._count(exp.select("state_key").from_(gone).where(stays.not_()))

    def moves_to_another_target(self) -> bool:
        """Whether what is known to be held is held elsewhere; it is forgotten then, as is the plan of a killed run."""
        latest = (
            exp.select("target")
            .from_(SYNC_RUNS.table.expression())
            .where(self.sync.mine())
            .order_by(exp.column("started_at").desc())
            .limit(1)
        )
        before = self.warehouse.read_arrow(latest)["target"].to_pylist()
        if before in ([], [None], [self.target]):
            return False
        with self.warehouse.transaction():
            for contract in (SYNC_STATE, REJECTED_ROWS, SYNC_IDENTIFIERS, SYNC_JOBS):
                self._delete(contract)
            self.warehouse.drop(self.sync.work.plan)
        return True

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
        found = self.warehouse.read_arrow(last)["held_rows"].to_pylist()
        return int(found[0]) if found else 0

    def set_aside(self) -> dict[str, int]:
        """Rows of the source by status: `valid`, `invalid`, `suppressed`."""
        copies = exp.cast(exp.Sum(this=exp.column("copies")), "BIGINT").as_("copies")
        query = exp.select("status", copies).from_(self.sync.work.inventory.expression())
        found = {
            row["status"]: row["copies"] for row in self.warehouse.read_arrow(query.group_by("status")).to_pylist()
        }
        return {status: found.get(status, 0) for status in ("valid", "invalid", "suppressed")}

    def last_batch(self) -> int:
        """Number of the last batch a run of this id wrote down; -1 if none."""
        query = exp.select(exp.Max(this=exp.column("batch")).as_("batch")).from_(SYNC_ROWS.table.expression())
        mine = exp.column("run_id").eq(exp.Literal.string(self.run_id))
        last = self.warehouse.read_arrow(query.where(self.sync.mine(), mine))["batch"][0].as_py()
        return int(last.partition(".")[0]) if last else -1

    def _count(self, query: exp.Select) -> int:
        count = exp.select(exp.Count(this=exp.Star()).as_("rows")).from_(query.subquery("q"))
        return int(self.warehouse.read_arrow(count)["rows"][0].as_py())

    def _set_aside(self) -> exp.Select:
        keys = self.sync.work.inventory.expression()
        sync = exp.Literal.string(self.definition.name).as_("sync")
        query = exp.select(sync, "row_key", "status", "reason", "copies").from_(keys)
        return query.where(exp.column("status").neq(exp.Literal.string("valid")))

    def _newly_set_aside(self) -> exp.Select:
        """Rows set aside now that were not so, in the same way, before."""
        columns = ("sync", "row_key", "status", "reason", "copies")
        same = exp.and_(*(exp.column(name, "now").eq(exp.column(name, "before")) for name in columns))
        return (
            exp.select(
                exp.cast(exp.null(), "TEXT").as_("batch"),
                exp.column("row_key", "now"),
                exp.cast(exp.null(), "TEXT").as_("operation"),
                exp.column("status", "now"),
                exp.column("reason", "now"),
                exp.cast(exp.null(), "TEXT").as_("basis"),
            )
            .from_(self._set_aside().subquery("now"))
            .join(SET_ASIDE.table.expression().as_("before"), on=same, join_type="left")
            .where(exp.column("row_key", "before").is_(exp.null()))
        )

    def _obsolete(self) -> dict[Contract, exp.Select]:
        """Keys to forget: no longer set aside, refused but no longer wanted, removed before and now out of the list."""
        work = self.sync.work
        unplanned = exp.column("row_key").isin(query=exp.select("row_key").from_(work.plan.expression())).not_()
        valid = exp.column("status").eq(exp.Literal.string("valid"))
        aside = exp.select("row_key").from_(work.inventory.expression()).where(valid.not_())
        found = {
            REJECTED_ROWS: exp.select("row_key")
            .from_(REJECTED_ROWS.table.expression())
            .where(self.sync.mine(), unplanned),
            SET_ASIDE: exp.select("row_key")
            .from_(SET_ASIDE.table.expression())
            .where(self.sync.mine(), exp.column("row_key").isin(query=aside).not_()),
        }
        if self.definition.mode is Mode.REMOVE:
            gone = departed(self.sync).subquery("gone")
            found[SYNC_STATE] = exp.select(exp.column("state_key").as_("row_key")).from_(gone)
        return found

    def _told(self, query: exp.Select, at: datetime) -> exp.Select:
        """Rows of a query of batch, row_key, operation, status, reason and basis as rows of `sync_rows`."""
        return exp.select(
            exp.Literal.string(self.definition.name).as_("sync"),
            exp.Literal.string(self.run_id).as_("run_id"),
            *("batch", "row_key", "operation", "status", "reason", "basis"),
            moment(at).as_("at"),
        ).from_(query.subquery("told"))

    def _append_rows(self, batches: Mapping[str, Sequence[Outcome]], at: datetime) -> None:
        named = [(name, outcome) for name, outcomes in batches.items() for outcome in outcomes]
        columns = {
            "sync": [self.definition.name] * len(named),
            "run_id": [self.run_id] * len(named),
            "batch": [name for name, _ in named],
            "row_key": [outcome.key for _, outcome in named],
            "operation": [outcome.operation.value for _, outcome in named],
            "status": [outcome.status for _, outcome in named],
            "reason": [outcome.reason or None for _, outcome in named],
            "basis": [outcome.basis for _, outcome in named],
            "at": [at] * len(named),
        }
        self.warehouse.write_arrow(SYNC_ROWS.table, pa.table(columns, schema=SYNC_ROWS.schema), WriteMode.APPEND)

    def _move_state(self, outcomes: Sequence[Outcome], accepted: exp.Select, at: datetime) -> None:
        """Let go of what the accepted rows were held by, and hold what they are now."""
        was_held = exp.column("previous_key").is_(exp.null()).not_()
        before = exp.select("previous_key").from_(self.sync.work.plan.expression()).where(was_held)
        if any(outcome.operation is not Operation.ADD or outcome.previous_key for outcome in outcomes):
            self._delete_among(SYNC_STATE, before.where(exp.column("row_key").isin(query=accepted)))
        taken_away = self.definition.mode is not Mode.REMOVE
        kept = [o for o in outcomes if not (o.operation is Operation.REMOVE and taken_away)]
        columns = {
            "sync": [self.sync.name] * len(kept),
            "row_key": [outcome.key for outcome in kept],
            "checksum": [outcome.checksum for outcome in kept],
            "sent_at": [at] * len(kept),
        }
        if kept:
            rows = pa.table(columns, schema=SYNC_STATE.schema)
            self.warehouse.write_arrow(SYNC_STATE.table, rows, WriteMode.MERGE, SYNC_STATE.key)

    def _refusal(self, outcome: Outcome, at: datetime) -> dict[str, object]:
        return {
            "sync": self.definition.name,
            "row_key": outcome.key,
            "operation": outcome.operation.value,
            "reason": outcome.reason,
            "attempts": outcome.attempts + 1,
            "first_failed_at": outcome.first_failed_at or at,
            "last_failed_at": at,
        }

    def _merge(self, contract: Contract, rows: Sequence[dict[str, object]]) -> None:
        if rows:
            table = pa.Table.from_pylist(list(rows), schema=contract.schema)
            self.warehouse.write_arrow(contract.table, table, WriteMode.MERGE, contract.key)

    def _delete_among(self, contract: Contract, keys: exp.Select) -> None:
        self._delete(contract, exp.column("row_key").isin(query=keys))

    def _delete(self, contract: Contract, *conditions: exp.Expression) -> None:
        self.warehouse.execute(exp.delete(contract.table.expression()).where(self.sync.mine(), *conditions))

    def _write_run(self, started_at: datetime, at: datetime | None, outcome: str, tally: Tally) -> None:
        run: dict[str, object] = {
            "sync": self.definition.name,
            "run_id": self.run_id,
            "as_of": self.as_of,
            "started_at": started_at,
            "finished_at": at,
            "outcome": outcome,
            "target": self.target,
            **tally.columns(),
            "invalid": tally.invalid,
            "suppressed": tally.suppressed,
            "held_rows": self.held_rows(),
        }
        self._merge(SYNC_RUNS, [run])


def _is_one_of(column: str, keys: Sequence[str]) -> exp.In:
    return exp.column(column).isin(*(exp.Literal.string(key) for key in keys))
