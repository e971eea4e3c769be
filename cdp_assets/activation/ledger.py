"""What became of batches, written down together with the state that moves by it, and the jobs they started."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import pyarrow as pa
from sqlglot import exp

from cdp_assets.activation.batches import PlannedBatch
from cdp_assets.activation.contracts import REJECTED_ROWS, SYNC_JOBS, SYNC_ROWS, SYNC_STATE
from cdp_assets.activation.plan import moment
from cdp_assets.activation.result import Outcome
from cdp_assets.activation.sync import Sync
from cdp_assets.destinations.base import Mode, Operation
from cdp_assets.warehouses.base import WriteMode


@dataclass(frozen=True)
class Ledger:
    """The rows and the state of one run of one sync."""

    sync: Sync
    run_id: str

    def record(self, batches: Sequence[PlannedBatch], refused: Sequence[Outcome], at: datetime) -> None:
        """Write down whole batches, of which some rows were refused; all of it or nothing.

        That is: their rows, the state, refusals, and that they are no longer in the plan.
        """
        plan = self.sync.work.plan.expression()
        done = exp.column("batch").isin(*(exp.Literal.string(batch.name) for batch in batches))
        accepted = exp.select().from_(plan).where(done)
        if refused:
            accepted = accepted.where(_is_one_of("row_key", [outcome.key for outcome in refused]).not_())
        with self.sync.warehouse.transaction():
            self._append_accepted(accepted, at)
            self._append(refused, at)
            self._move_state(batches, accepted, at)
            if any(batch.tried for batch in batches):
                tried = exp.column("attempts").is_(exp.null()).not_()
                self.sync.delete_keys(REJECTED_ROWS, accepted.select("row_key").where(tried))
            self.sync.merge(REJECTED_ROWS, [self._refusal(outcome, at) for outcome in refused])
            self._doubt([outcome.key for outcome in refused if outcome.in_doubt], at)
            self.sync.warehouse.execute(exp.delete(plan).where(done))

    def set_back(self, batch: str, outcomes: Sequence[Outcome], at: datetime) -> None:
        """Take rows of a batch out of the plan without having sent them, for the next run to decide."""
        keys = _is_one_of("row_key", [outcome.key for outcome in outcomes])
        here = exp.column("batch").eq(exp.Literal.string(batch))
        with self.sync.warehouse.transaction():
            self._append(outcomes, at)
            self.sync.warehouse.execute(exp.delete(self.sync.work.plan.expression()).where(here, keys))

    def jobs(self) -> dict[str, str]:
        """The jobs that batches of this sync started, by idempotency key."""
        query = exp.select("batch_key", "job").from_(SYNC_JOBS.table.expression()).where(self.sync.mine())
        return {row["batch_key"]: row["job"] for row in self.sync.warehouse.read_arrow(query).to_pylist()}

    def keep_job(self, batch_key: str, job: str, at: datetime) -> None:
        """Write down, for good, which job a batch started."""
        self.sync.merge(SYNC_JOBS, [{"sync": self.sync.name, "batch_key": batch_key, "job": job, "kept_at": at}])

    def forget_jobs(self) -> None:
        """Forget the jobs of batches that were all written down."""
        self.sync.delete(SYNC_JOBS)

    def doubt(self, batch: str, at: datetime) -> None:
        """Take a batch that may have arrived, and cannot be sent again as it was, for held with values unknown.

        Its rows are told of as `unanswered`. The diff then sends them as they are now, and removes those that left.
        A sync that only inserts tells the destination nothing but additions, so there they stay to be added.
        """
        plan = self.sync.work.plan.expression()
        here = exp.column("batch").eq(exp.Literal.string(batch))
        told: dict[str, exp.Expr] = {
            "sync": exp.Literal.string(self.sync.name),
            "status": exp.Literal.string("unanswered"),
            "reason": exp.Literal.string("the run was killed while it may have been on its way"),
            "at": moment(at),
        }
        unknown = exp.select(told["sync"].as_("sync"), "row_key", exp.Literal.string("").as_("checksum"))
        unknown = unknown.select(moment(at).as_("sent_at")).from_(plan).where(here)
        with self.sync.warehouse.transaction():
            self.sync.insert(SYNC_ROWS, exp.select().from_(plan).where(here), told)
            if self.sync.definition.mode is not Mode.INSERT:
                self.sync.warehouse.write_select(SYNC_STATE.table, unknown, WriteMode.MERGE, SYNC_STATE.key)
            self.sync.warehouse.execute(exp.delete(plan).where(here))

    def last_batch(self) -> int:
        """Number of the last batch a run of this id wrote down; -1 if none."""
        query = exp.select(exp.Max(this=exp.column("batch")).as_("batch")).from_(SYNC_ROWS.table.expression())
        mine = exp.column("run_id").eq(exp.Literal.string(self.run_id))
        last = self.sync.warehouse.read_arrow(query.where(self.sync.mine(), mine))["batch"][0].as_py()
        return int(last.partition(".")[0]) if last else -1

    def _append_accepted(self, accepted: exp.Select, at: datetime) -> None:
        """Tell of accepted rows in the warehouse, where all that is told of them is."""
        known: dict[str, exp.Expr] = {
            "sync": exp.Literal.string(self.sync.name),
            "run_id": exp.Literal.string(self.run_id),
            "status": exp.Literal.string("succeeded"),
            "reason": exp.cast(exp.null(), "TEXT"),
            "at": moment(at),
        }
        self.sync.insert(SYNC_ROWS, accepted, known)

    def _append(self, outcomes: Sequence[Outcome], at: datetime) -> None:
        """Tell of rows that were not accepted."""
        if not outcomes:
            return
        known = {"sync": self.sync.name, "run_id": self.run_id, "at": at}
        rows = [known | {"row_key": outcome.key} | asdict(outcome) for outcome in outcomes]
        told = pa.Table.from_pylist(rows, schema=SYNC_ROWS.schema)
        self.sync.warehouse.write_arrow(SYNC_ROWS.table, told, WriteMode.APPEND)

    def _move_state(self, batches: Sequence[PlannedBatch], accepted: exp.Select, at: datetime) -> None:
        """Let go of what the accepted rows were held by, and hold what they are now."""
        if any(batch.replaces for batch in batches):
            held = exp.column("previous_key").is_(exp.null()).not_()
            self.sync.delete_keys(SYNC_STATE, accepted.select("previous_key").where(held))
        if self.sync.definition.mode is not Mode.REMOVE:
            accepted = accepted.where(exp.column("operation").neq(exp.Literal.string(Operation.REMOVE)))
        known = {"sync": exp.Literal.string(self.sync.name), "sent_at": moment(at)}
        self.sync.insert(SYNC_STATE, accepted, known)

    def _doubt(self, keys: Sequence[str], at: datetime) -> None:
        """Take rows that may have been applied, though they count as refused, for held with values unknown."""
        if self.sync.definition.mode is not Mode.INSERT:
            known: dict[str, object] = {"sync": self.sync.name, "checksum": "", "sent_at": at}
            self.sync.merge(SYNC_STATE, [known | {"row_key": key} for key in keys])

    def _refusal(self, outcome: Outcome, at: datetime) -> dict[str, object]:
        return {
            "sync": self.sync.definition.name,
            "row_key": outcome.key,
            "operation": outcome.operation.value,
            "reason": outcome.reason,
            "attempts": outcome.attempts + 1,
            "first_failed_at": outcome.first_failed_at or at,
            "last_failed_at": at,
        }


def _is_one_of(column: str, keys: Sequence[str]) -> exp.In:
    return exp.column(column).isin(*(exp.Literal.string(key) for key in keys))
