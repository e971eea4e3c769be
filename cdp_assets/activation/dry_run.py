"""What a run of a sync would do, and what it would post, without sending or changing anything at the destination."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlglot import exp

from cdp_assets.activation import aside, guards
from cdp_assets.activation.contracts import SYNC_IDENTIFIERS, SYNC_STATE
from cdp_assets.activation.engine import check_known, check_ready, count_plan, take_stock
from cdp_assets.activation.plan import Part, RunOfPlan, write_plan
from cdp_assets.activation.planned import PlannedRows
from cdp_assets.activation.result import Tally
from cdp_assets.activation.runs import Run
from cdp_assets.activation.sync import Sync
from cdp_assets.destinations.base import Batch, Operation
from cdp_assets.errors import DataError
from cdp_assets.masking import mask

SHOWN = 3
"""Rows of each operation whose payload is shown."""


@dataclass(frozen=True)
class DryRun:
    """Operations by kind, rows set aside and held, payloads by operation with values masked, and what would stop it."""

    sync: str
    planned: Mapping[str, int]
    invalid: int
    suppressed: int
    held_rows: int
    payloads: Mapping[str, object]
    stopped_by: str | None


def dry_run(sync: Sync, as_of: datetime, now: datetime, part: Part) -> DryRun:
    """Plan a run, or a part of it, and take the plan away again.

    Raises:
        ConfigurationError: the sync names what is not there, or what the destination cannot do.
        DataError: a joined table has several rows for one customer, or there is no row of the key asked for.
    """
    check_ready(sync)
    sync = replace(sync, is_dry=True)
    run, tally, stopped_by = Run(sync, "dry-run", as_of), Tally(), None
    try:
        _copy_what_is_known(sync, run)
        take_stock(sync)
        by_status, held = aside.rows_by_status(sync), sync.held_rows()
        try:
            guards.check_state(sync.definition, held, run.held_before())
            guards.check_source(sync.definition, sum(by_status.values()), held, aside.leaving(sync))
        except DataError as error:
            stopped_by = str(error)
        check_known(sync, part)
        write_plan(sync, RunOfPlan("dry-run", as_of, 0, now, part))
        count_plan(sync, tally)
        payloads = {
            operation.value: _payload(sync, operation) for operation in tally.planned if tally.planned[operation]
        }
    finally:
        sync.work.drop(sync.warehouse)
    planned = {operation.value: tally.planned[operation] for operation in Operation}
    return DryRun(sync.name, planned, by_status["invalid"], by_status["suppressed"], held, payloads, stopped_by)


def _copy_what_is_known(sync: Sync, run: Run) -> None:
    """Copy the state and the identifiers to work on: of another target than the last run's there are none."""
    here = exp.false() if run.goes_elsewhere() else exp.true()
    for contract, copy in ((SYNC_STATE, sync.state), (SYNC_IDENTIFIERS, sync.identifiers)):
        query = exp.select("*").from_(contract.table.expression()).where(sync.mine(), here)
        sync.warehouse.write_select(copy, query)


def _payload(sync: Sync, operation: Operation) -> object:
    """What the first rows of an operation would be posted as."""
    of_operation = exp.column("operation", "p").eq(exp.Literal.string(operation))
    first = exp.select(exp.Min(this=exp.column("batch"))).from_(sync.work.plan.expression())
    first = first.where(exp.column("operation").eq(exp.Literal.string(operation)))
    keys = exp.select("row_key").from_(sync.work.plan.expression()).where(exp.column("batch").isin(query=first))
    chosen = exp.column("row_key", "p").isin(query=keys.order_by("row_key").limit(SHOWN))
    shown = [batch for batch in PlannedRows(sync).read(exp.and_(of_operation, chosen)) if batch.rows]
    return (
        sync.destination.payload(_masked(replace(shown[0], name="dry-run").to_send(sync.definition))) if shown else []
    )


def _masked(batch: Batch) -> Batch:
    """The batch with values of the same kinds that tell nothing."""
    rows = (
        replace(row, fields={name: value if name == "kind" else mask(value) for name, value in row.fields.items()})
        for row in batch.rows
    )
    return replace(batch, rows=tuple(rows))
