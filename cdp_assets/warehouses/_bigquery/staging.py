"""Rows on their way into a table, in a table of their own."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from uuid import uuid4

from sqlglot import exp

from cdp_assets.errors import WarehouseError
from cdp_assets.tables import Table
from cdp_assets.warehouses._bigquery import sql as say
from cdp_assets.warehouses._bigquery.jobs import Jobs
from cdp_assets.warehouses._bigquery.tables import Tables
from cdp_assets.warehouses._bigquery.types import Field, staged_name, write_parquet
from cdp_assets.warehouses.base import Rows, as_reader


@dataclass(frozen=True)
class Staged:
    """Staged rows: the SELECT that gives them under their names, and what each column is called where they are."""

    source: exp.Table
    select: str
    rows: int
    spelled: dict[str, str]

    def key(self, key: Sequence[str]) -> list[str]:
        """What the columns of a key are called where the rows are."""
        return [self.spelled[name.lower()] for name in key]


@contextmanager
def loaded(jobs: Jobs, tables: Tables, table: Table, rows: Rows, fields: Sequence[Field]) -> Iterator[Staged]:
    """Rows from Python, loaded by way of a file that has no name.

    Raises:
        WarehouseError: the rows break off; what their source said is not shown.
    """
    with tempfile.TemporaryFile() as file:
        try:
            count = write_parquet(file, as_reader(rows), fields)
        except WarehouseError:
            raise
        except Exception as error:
            raise WarehouseError(f"the rows for {table} broke off: {type(error).__name__}.") from None
        stage = tables.create_stage(fields)
        with _dropped_after(tables, stage):
            if count:
                jobs.load(file, stage)
            present = tables.columns(table) if any(field.untyped for field in fields) else {}
            names = {field.name.lower(): staged_name(place) for place, field in enumerate(fields)}
            yield Staged(stage.expression(), say.loaded(stage, fields, present), count, names)


@contextmanager
def selected(jobs: Jobs, tables: Tables, sql: str, fields: Sequence[Field]) -> Iterator[Staged]:
    """A SELECT's rows; in a transaction, a temporary table holds them, which one may create."""
    names = {field.name.lower(): field.name for field in fields}
    if jobs.is_in_transaction:
        temporary = exp.table_(f"stage_{uuid4().hex}", quoted=True)
        jobs.run(say.stage_temporarily(temporary, sql))
        yield Staged(temporary, say.all_of(temporary), jobs.count(temporary), names)
        return
    stage = tables.new_stage()
    jobs.run(say.stage(stage, sql))
    with _dropped_after(tables, stage):
        source = stage.expression()
        yield Staged(source, say.all_of(source), jobs.count(source), names)


@contextmanager
def _dropped_after(tables: Tables, stage: Table) -> Iterator[None]:
    try:
        yield
    finally:
        with suppress(WarehouseError):  # it expires
            tables.drop(stage)
