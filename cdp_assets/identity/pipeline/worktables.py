"""Small tables a run makes to join with in the warehouse: made at once, dropped when it ends."""

from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl
from sqlglot import exp

from cdp_assets.stages import Stage
from cdp_assets.tables import Table
from cdp_assets.warehouses.base import Warehouse

NUMBER = "record_number"


@contextmanager
def work_table(warehouse: Warehouse, name: str, rows: pl.DataFrame) -> Iterator[Table]:
    """A table of the rows, gone afterwards; what a killed run leaves behind is replaced by the next."""
    table = Table(Stage.IDENTITY, f"work__{name}")
    warehouse.write_arrow(table, rows.to_arrow())
    try:
        yield table
    finally:
        warehouse.drop(table)


def numbers_in(table: Table) -> exp.Select:
    """The record numbers of a work table, to be IN."""
    return exp.select(NUMBER).from_(table.expression())


def delete_numbers(warehouse: Warehouse, table: Table, numbers: Table, columns: tuple[str, ...] = (NUMBER,)) -> None:
    """Delete the rows of `table` that name a record of the work table `numbers` in one of the columns."""
    named = [exp.column(column).isin(query=numbers_in(numbers)) for column in columns]
    warehouse.execute(exp.delete(table.expression()).where(exp.or_(*named)))
