"""Runs a sync: pick up what a killed run left, diff, guard, send, and write down."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlglot import exp

from cdp_assets.activation import aside, guards, identifiers, rows
from cdp_assets.activation.connection import Connection
from cdp_assets.activation.contracts import CONTRACTS
from cdp_assets.activation.definition import SyncDefinition, check_supported
from cdp_assets.activation.delivery import Delivery
from cdp_assets.activation.held import write_moved
from cdp_assets.activation.ledger import Ledger
from cdp_assets.activation.plan import BATCH_DIGITS, Part, RunOfPlan, write_plan
from cdp_assets.activation.result import SyncResult, Tally
from cdp_assets.activation.retry import RetryPolicy
from cdp_assets.activation.runs import Run
from cdp_assets.activation.sync import Sync
from cdp_assets.destinations.base import Destination, Operation
from cdp_assets.errors import DataError, DestinationError
from cdp_assets.warehouses.base import Warehouse

WHOLE = Part()


def utc_now() -> datetime:
    """The time of sending; what is sent depends on it only where a destination forgets what is old."""
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
    part: Part = WHOLE,
    policy: RetryPolicy | None = None,
    clock: Callable[[], datetime] = utc_now,
    sleep: Callable[[float], None] = time.sleep,
) -> SyncResult:
    """Bring the destination in line with the source, or a part of it, and return what that took.

    A run with nothing to send or tell writes nothing at all. A run that was killed is picked up by the next, under
    any run id; each row is then sent exactly once more at most, in the same batch under the same idempotency key.

    Raises:
        ConfigurationError: the sync names what is not there, or what the destination cannot do.
        DataError: a guard stopped the run before anything was sent.
        DestinationError: the destination failed or refused too much; what it accepted is kept.
    """
    sync = Sync(warehouse, definition, destination, secret_key)
    run, ledger, started_at = Run(sync, run_id, as_of), Ledger(sync, run_id), clock()
    with Connection(warehouse) as connection:
        check_ready(sync)
        moved = run.take_over()
        delivery = Delivery(ledger, Tally(), policy or RetryPolicy(), clock, sleep, progress, connection, ledger.jobs())
        try:
            resumed, first_batch = _pick_up(delivery, part)
            plan = RunOfPlan(run_id, as_of, first_batch, started_at, part)
            planned = _plan(delivery, run, plan, moved=moved)
            if planned.batches:
                delivery.send_plan(first_batch, first_batch + planned.batches - 1)
            tally = delivery.tally
            guards.check_rejected(definition, tally.fresh, tally.newly_refused, not tally.succeeded.total())
        except DestinationError:
            run.fail(started_at, clock(), delivery.tally)
            raise
        quiet = planned.quiet and not resumed
        finished_at = started_at if quiet else clock()
        with warehouse.session(), warehouse.transaction():
            if not quiet:
                run.finish(started_at, finished_at, delivery.tally)
            _tidy_up(delivery, quiet=quiet)
            held_rows = sync.held_rows()
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


def check_ready(sync: Sync) -> None:
    """Check that all the sync names is there and its destination can do it; make the tables of the stage.

    Raises:
        ConfigurationError: it is not, or it cannot.
    """
    check_supported(sync.definition, sync.destination)
    with sync.warehouse.transaction():
        rows.check_columns(sync.warehouse, sync.definition)
        sync.warehouse.ensure(*CONTRACTS)


def check_known(sync: Sync, part: Part) -> None:
    """Check that the one row a part is about, if it is about one, is in the source or held.

    Raises:
        DataError: it is not.
    """
    if part.only is None:
        return
    key = exp.column("row_key").eq(exp.Literal.string(part.only))
    member = exp.column("member_key").eq(exp.Literal.string(part.only))
    places = [
        exp.select("row_key").from_(sync.work.inventory.expression()).where(key),
        exp.select("row_key").from_(sync.state.expression()).where(sync.mine(), key.copy()),
        exp.select("row_key").from_(sync.identifiers.expression()).where(sync.mine(), member),
    ]
    if not any(sync.count(place) for place in places):
        raise DataError(
            f"sync {sync.name!r}: {part.only!r} is not a {sync.definition.key} of {sync.definition.source},"
            " nor a row the destination holds."
        )


@dataclass(frozen=True)
class _Planned:
    """A plan that was written: its batches, whether the state had been lost, and whether there is nothing to do."""

    batches: int
    rebaselined: bool
    quiet: bool


def _pick_up(delivery: Delivery, part: Part) -> tuple[bool, int]:
    """Send again the batches whose fate a killed run did not learn; whether it did, and the next batch's number."""
    ledger = delivery.ledger
    number, left = ledger.last_batch(), _left_over(ledger)
    if not left:
        return False, number + 1
    if not part.is_whole:
        raise DataError(
            f"sync {ledger.sync.name!r}: a run was interrupted and has left operations;"
            " run the whole sync once to go on."
        )
    resumed = delivery.replay([row["root"] for row in left[: left[0]["in_flight"]]])
    if left[0]["run_id"] == ledger.run_id:
        number = max(number, int(left[-1]["root"]))
    return resumed, max(number, ledger.last_batch()) + 1


def _left_over(ledger: Ledger) -> list[dict[str, Any]]:
    """`root` (the number of a batch), `run_id`, `in_flight` of what a killed run has left of its plan, in order."""
    plan = ledger.sync.work.plan
    if not ledger.sync.warehouse.exists(plan):
        return []
    root = exp.func("LEFT", exp.column("batch"), exp.Literal.number(BATCH_DIGITS))
    columns = (root.as_("root"), "run_id", "in_flight")
    query = exp.select(*columns).distinct().from_(plan.expression()).order_by("root")
    return list(ledger.sync.warehouse.read_arrow(query).to_pylist())


def take_stock(sync: Sync) -> None:
    """Write down, in work tables, what is wanted at the destination."""
    rows.write_inventory(sync)
    write_moved(sync)
    if sync.identifies:
        identifiers.write_identifiers(sync, sync.identifies)


def _plan(delivery: Delivery, run: Run, plan: RunOfPlan, *, moved: bool) -> _Planned:
    """Diff, check the guards, and open the run if there is something to send or to tell."""
    with delivery.sync.warehouse.session():
        take_stock(delivery.sync)
        return _diffed(delivery.tally, run, plan, moved=moved)


def _diffed(tally: Tally, run: Run, plan: RunOfPlan, *, moved: bool) -> _Planned:
    sync = run.sync
    with sync.warehouse.transaction():
        by_status, held = aside.rows_by_status(sync), sync.held_rows()
        tally.invalid, tally.suppressed = by_status["invalid"], by_status["suppressed"]
        lost = moved or guards.check_state(sync.definition, held, run.held_before())
        guards.check_source(sync.definition, sum(by_status.values()), held, aside.leaving(sync))
        check_known(sync, plan.part)
        write_plan(sync, plan)
        batches = count_plan(sync, tally)
        quiet = not batches and not (plan.part.is_whole and aside.has_news(sync))
        if not quiet:
            _begin(run, plan, tally)
    return _Planned(batches, lost and bool(batches), quiet)


def _begin(run: Run, plan: RunOfPlan, tally: Tally) -> None:
    """Open the run, tell what it set aside, and forget what is wanted no longer, if the plan is a whole one."""
    run.open(plan.now, tally)
    run.tell(aside.newly_set_aside(run.sync), plan.now)
    if plan.part.is_whole:
        aside.forget_obsolete(run.sync)
    aside.write_set_aside(run.sync)


def _tidy_up(delivery: Delivery, *, quiet: bool) -> None:
    sync = delivery.sync
    if delivery.jobs:
        delivery.ledger.forget_jobs()
    if sync.identifies and not quiet:
        identifiers.forget(sync)
    sync.work.drop(sync.warehouse)


def count_plan(sync: Sync, tally: Tally) -> int:
    """Add the plan to the tally, and return its number of batches."""
    columns = {name: exp.Count(this=exp.Distinct(expressions=[exp.column(name)])) for name in ("batch", "row_key")}
    query = exp.select("operation", *(count.as_(name) for name, count in columns.items()))
    fresh = exp.Count(this=exp.Star()) - exp.Count(this=exp.column("attempts"))
    plan = sync.work.plan.expression()
    counted = sync.warehouse.read_arrow(query.select(fresh.as_("fresh")).from_(plan).group_by("operation"))
    for row in counted.to_pylist():
        tally.plan(Operation(row["operation"]), row["row_key"], row["fresh"])
    return sum(counted["batch"].to_pylist())
