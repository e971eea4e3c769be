"""Keeps `identity.pairs` up to date: what changed is compared with what shares a blocking key with it."""

from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl
import pyarrow as pa
from sqlglot import exp

from cdp_assets.identity.contracts import COMPARED_RECORDS, PAIRS, RECORDS
from cdp_assets.identity.pipeline.neighbours import blocks, in_blocks
from cdp_assets.identity.pipeline.worktables import NUMBER, delete_numbers, numbers_in, work_table
from cdp_assets.identity.scoring.compare import COLUMNS, compared
from cdp_assets.identity.scoring.model import MatchModel
from cdp_assets.identity.scoring.workbench import Limits, load_nodes, load_oversized, workbench
from cdp_assets.tables import Table
from cdp_assets.warehouses.base import Warehouse, WriteMode

_SIDES = ("number_l", "number_r")
_MOST_CHANGED = 0.3
"""The share of records that changed above which comparing all of them anew is cheaper."""


def update_pairs(warehouse: Warehouse, model: MatchModel, limits: Limits) -> int:
    """Compare what changed since the last time, with the frozen model; returns how many records that were.

    Raises:
        DataError: so many records agree on a key that was rare at training that comparing them would not end.
    """
    warehouse.ensure(PAIRS, COMPARED_RECORDS)
    changed, gone = _changed(warehouse, model), _gone(warehouse)
    records = warehouse.row_count(RECORDS.table)
    if not model.is_trained or changed.height > _MOST_CHANGED * records:
        with _all_pairs(warehouse, model, limits) as rows:
            warehouse.write_arrow(PAIRS.table, rows)
        warehouse.write_select(COMPARED_RECORDS.table, _state(model))
    elif changed.height or gone.height:
        with work_table(warehouse, "changed", changed) as new, work_table(warehouse, "gone", gone) as old:
            _update(warehouse, model, limits, new, old)
    return changed.height


def _changed(warehouse: Warehouse, model: MatchModel) -> pl.DataFrame:
    """`record_number` of the records that are new, have another hash, or were compared with another model."""
    same = exp.and_(
        exp.column(NUMBER, "c").eq(exp.column(NUMBER, "r")),
        exp.column("record_hash", "c").eq(exp.column("record_hash", "r")),
        exp.column("model_version", "c").eq(exp.Literal.string(model.version)),
    )
    query = exp.select(exp.column(NUMBER, "r")).from_(RECORDS.table.expression().as_("r"))
    query = query.join(COMPARED_RECORDS.table.expression().as_("c"), on=same, join_type="left")
    return pl.DataFrame(warehouse.read_arrow(query.where(exp.column(NUMBER, "c").is_(exp.null()))))


def _gone(warehouse: Warehouse) -> pl.DataFrame:
    same = exp.column(NUMBER, "c").eq(exp.column(NUMBER, "r"))
    query = exp.select(exp.column(NUMBER, "c")).from_(COMPARED_RECORDS.table.expression().as_("c"))
    query = query.join(RECORDS.table.expression().as_("r"), on=same, join_type="left")
    return pl.DataFrame(warehouse.read_arrow(query.where(exp.column(NUMBER, "r").is_(exp.null()))))


@contextmanager
def _all_pairs(warehouse: Warehouse, model: MatchModel, limits: Limits) -> Iterator[pa.Table | pa.RecordBatchReader]:
    if not model.is_trained:
        yield PAIRS.empty()
        return
    records = warehouse.read_arrow(_records())
    with compared(records, model, limits) as rows:
        del records
        yield rows


def _update(warehouse: Warehouse, model: MatchModel, limits: Limits, new: Table, old: Table) -> None:
    here = exp.column(NUMBER).isin(query=numbers_in(new))
    changed = pl.DataFrame(warehouse.read_arrow(_records().where(here)))
    known = _neighbours(warehouse, model, limits, changed)
    both = pl.concat([changed.with_columns(is_changed=True), known.with_columns(is_changed=False)])
    with compared(both.to_arrow(), model, limits, only_changed=True) as rows, warehouse.transaction():
        for table in (new, old):
            delete_numbers(warehouse, PAIRS.table, table, _SIDES)
            delete_numbers(warehouse, COMPARED_RECORDS.table, table)
        warehouse.write_arrow(PAIRS.table, rows, WriteMode.APPEND)
        warehouse.write_select(COMPARED_RECORDS.table, _state(model).where(here.copy()), WriteMode.APPEND)


def _neighbours(warehouse: Warehouse, model: MatchModel, limits: Limits, changed: pl.DataFrame) -> pl.DataFrame:
    """The records that did not change and share a block with ones that did."""
    with workbench(limits) as connection:
        load_nodes(connection, changed.to_arrow())
        load_oversized(connection, model.oversized)
        wanted = blocks(connection, model.rules)
    with work_table(warehouse, "blocks", wanted) as table:
        found = pl.DataFrame(warehouse.read_arrow(in_blocks(model.rules, table)))
    others = found.join(changed, on=NUMBER, how="anti")
    with work_table(warehouse, "neighbours", others) as table:
        return pl.DataFrame(warehouse.read_arrow(_records().where(exp.column(NUMBER).isin(query=numbers_in(table)))))


def _records() -> exp.Select:
    return exp.select(*COLUMNS).from_(RECORDS.table.expression())


def _state(model: MatchModel) -> exp.Select:
    version = exp.Literal.string(model.version).as_("model_version")
    return exp.select(NUMBER, "record_hash", version).from_(RECORDS.table.expression())
