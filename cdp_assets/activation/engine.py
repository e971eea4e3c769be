"""Runs a sync: pick up what a killed run left, diff, guard, send, and write down."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlglot import exp

from cdp_assets.activation import guards, rows
from cdp_assets.activation.contracts import CONTRACTS
from cdp_assets.activation.definition import SyncDefinition, check_supported
from cdp_assets.activation.delivery import Delivery
from cdp_assets.activation.ledger import Ledger
from cdp_assets.activation.plan import RunOfPlan, write_checksums, write_keys, write_plan
from cdp_assets.activation.result import SyncResult, Tally
from cdp_assets.activation.retry import RetryPolicy
from cdp_assets.activation.worktables import WorkTables
from cdp_assets.destinations.base import Destination, Operation
from cdp_assets.errors import DestinationError
from cdp_assets.warehouses.base import Warehouse


def utc_now() -> datetime:
    """The time of sending; what is sent never depends on it."""
    return datetime.now(UTC)


def run_sync(  # noqa: PLR0913 - what a run is made of, each once
    warehouse: Warehouse,
    definition: SyncDefinition,
    destination: Destination,
    secret_key: bytes,
    as_of: datetime,
    run_id: str,
    progress: Callable[[int, int], None] = lambda done, planned: None,  # noqa: ARG005
    *,
    policy: RetryPolicy | None = None,
    clock: Callable[[], datetime] = utc_now,
    sleep: Callable[[float], None] = time.sleep,
) -> SyncResult:
    """Bring the destination in line with the source, and return what that took.

    A run with nothing to send or tell writes nothing at all. A run that was killed is picked up by the next, under
    any run id; each row is then sent exactly once more at most, in the same batch under the same idempotency key.

    Raises:
        ConfigurationError: the sync names what is not there, or what the destination cannot do.
        DataError: a guard stopped the run before anything was sent.
        DestinationError: the destination failed or refused too much; what it accepted is kept.
    """
    check_supported(definition, destination)
    with warehouse.transaction():
        rows.check_columns(warehouse, definition)
        warehouse.ensure(*CONTRACTS)
    ledger, started_at = Ledger(warehouse, definition, run_id, as_of), clock()
    policy = policy or RetryPolicy()
    delivery = Delivery(ledger, destination, secret_key, Tally(), policy, clock, sleep, progress)
    try:
        resumed, first_batch = _pick_up(delivery)
        planned = _plan(delivery, RunOfPlan(run_id, as_of, first_batch), started_at)
        delivery.send_plan(first_batch, first_batch + planned.batches - 1)
        tally = delivery.tally
        guards.check_rejected(definition, tally.fresh, tally.newly_refused, not tally.succeeded.total())
    except DestinationError:
        ledger.abort(started_at, clock(), delivery.tally)
        raise
    quiet = planned.quiet and not resumed
    finished_at = started_at if quiet else clock()
    with warehouse.transaction():
        if not quiet:
            ledger.close(started_at, finished_at, delivery.tally)
        WorkTables.of(definition.name).drop(warehouse)
        held_rows = ledger.held_rows()
    return SyncResult(
        sync=definition.name,
        run_id=run_id,
        tally=delivery.tally,
        held_rows=held_rows,
        rebaselined=planned.rebaselined,
        resumed=resumed,
        started_at=started_at,
        finished_at=finished_at,
    )


@dataclass(frozen=True)
class _Planned:
    """A plan that was written: its batches, whether the state had been lost, and whether there is nothing to do."""

    batches: int
    rebaselined: bool
    quiet: bool


def _pick_up(delivery: Delivery) -> tuple[bool, int]:
    """Send again the one batch whose fate a killed run did not learn; whether it did, and the next batch's number."""
    ledger = delivery.ledger
    plan = WorkTables.of(ledger.definition.name).plan
    number, resumed = ledger.last_batch(), False
    if ledger.warehouse.exists(plan):
        ends = exp.select(
            exp.Min(this=exp.column("batch")).as_("first"),
            exp.Max(this=exp.column("batch")).as_("last"),
            exp.Min(this=exp.column("run_id")).as_("run_id"),
        )
        left = ledger.warehouse.read_arrow(ends.from_(plan.expression())).to_pylist()[0]
        if left["first"]:
            resumed = delivery.replay(left["first"])
            if not resumed:
                ledger.doubt(left["first"], delivery.clock())
            number = max(number, int(left["last"].partition(".")[0])) if left["run_id"] == ledger.run_id else number
    return resumed, max(number, ledger.last_batch()) + 1


def _plan(delivery: Delivery, run: RunOfPlan, started_at: datetime) -> _Planned:
    """Diff, check the guards, and open the run if there is something to send or to tell."""
    ledger, tally = delivery.ledger, delivery.tally
    warehouse, definition = ledger.warehouse, ledger.definition
    write_keys(warehouse, definition)
    write_checksums(warehouse, definition, delivery.secret_key)
    with warehouse.transaction():
        aside, held = ledger.set_aside(), ledger.held_rows()
        tally.invalid, tally.suppressed = aside["invalid"], aside["suppressed"]
        lost = guards.check_state(definition, held, ledger.held_before())
        guards.check_source(definition, sum(aside.values()), held, ledger.leaving())
        write_plan(warehouse, definition, delivery.destination.limits, run)
        batches = _count_plan(ledger, tally)
        quiet = not batches and not ledger.news()
        if not quiet:
            ledger.begin(started_at, tally)
    return _Planned(batches, lost and bool(batches), quiet)


def _count_plan(ledger: Ledger, tally: Tally) -> int:
    """Add the plan to the tally, and return its number of batches."""
    columns = {name: exp.Count(this=exp.Distinct(expressions=[exp.column(name)])) for name in ("batch", "row_key")}
    query = exp.select("operation", *(count.as_(name) for name, count in columns.items()))
    fresh = exp.Count(this=exp.Star()) - exp.Count(this=exp.column("attempts"))
    plan = WorkTables.of(ledger.definition.name).plan.expression()
    counted = ledger.warehouse.read_arrow(query.select(fresh.as_("fresh")).from_(plan).group_by("operation"))
    for row in counted.to_pylist():
        tally.plan(Operation(row["operation"]), row["row_key"], row["fresh"])
    return sum(counted["batch"].to_pylist())
