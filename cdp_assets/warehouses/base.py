"""What every warehouse offers the Python stages.

SELECTs are written once, as sqlglot expressions or in DuckDB's dialect, and transpiled; writes are each
warehouse's own. A write is atomic: readers see the table before it or after it.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import TypeAlias

import pyarrow as pa
import sqlglot
from sqlglot import ErrorLevel, exp

from cdp_assets.errors import WarehouseError
from cdp_assets.settings import Settings
from cdp_assets.tables import Contract, Table

Query: TypeAlias = str | exp.Query
Rows: TypeAlias = pa.Table | pa.RecordBatchReader


class WriteMode(StrEnum):
    """How rows meet a table that is already there; a table that is not is created."""

    REPLACE = "replace"
    APPEND = "append"
    MERGE = "merge"


class Warehouse(ABC):
    """A warehouse that the stages read from and write to."""

    dialect: str

    @classmethod
    @abstractmethod
    def from_settings(cls, settings: Settings) -> "Warehouse":
        """The warehouse a deployment configured; it is not connected to before it is used.

        Raises:
            ConfigurationError: a setting it needs is missing.
        """

    @abstractmethod
    def execute(self, statement: str | exp.Expression) -> None:
        """Run a statement that returns nothing.

        Raises:
            WarehouseError: the warehouse refused it.
        """

    @abstractmethod
    def read_arrow(self, query: Query) -> pa.Table:
        """The result of a SELECT; timestamps come in UTC.

        Raises:
            WarehouseError: the warehouse refused it.
        """

    @abstractmethod
    def write_arrow(
        self, table: Table, rows: Rows, mode: WriteMode = WriteMode.REPLACE, key: Sequence[str] = ()
    ) -> int:
        """Write rows from Python, set-based and at once; returns how many.

        Append and merge add columns the table lacks. Merge replaces the rows with the same key.

        Raises:
            WarehouseError: the key is missing, null or duplicated in a merge, or the warehouse refused the rows.
        """

    @abstractmethod
    def write_select(
        self, table: Table, query: Query, mode: WriteMode = WriteMode.REPLACE, key: Sequence[str] = ()
    ) -> int:
        """Write a SELECT's result without leaving the warehouse; otherwise as `write_arrow`."""

    @abstractmethod
    def columns(self, table: Table) -> dict[str, str]:
        """Columns of a table in order, each with the warehouse's type; empty when there is no such table."""

    @abstractmethod
    def tables(self) -> list[Table]:
        """Every table and view there is, ordered by schema and name."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[None]:
        """Everything inside takes effect together, or not at all. Transactions do not nest."""

    def row_count(self, table: Table) -> int:
        """How many rows a table has."""
        count = exp.select(exp.Count(this=exp.Star()).as_("rows")).from_(table.expression())
        return int(self.read_arrow(count)["rows"][0].as_py())

    def exists(self, table: Table) -> bool:
        """Whether the table is there."""
        return bool(self.columns(table))

    def ensure(self, *contracts: Contract) -> None:
        """Create, empty, the tables that are not there yet."""
        for contract in contracts:
            if not self.exists(contract.table):
                self.write_arrow(contract.table, contract.empty())

    def render(self, statement: str | exp.Expression | exp.Query) -> str:
        """The statement in this warehouse's dialect.

        Raises:
            WarehouseError: it is not SQL, or says something this dialect cannot.
        """
        try:
            expression = sqlglot.parse_one(statement, dialect="duckdb") if isinstance(statement, str) else statement
            return expression.sql(dialect=self.dialect, unsupported_level=ErrorLevel.RAISE)
        except sqlglot.errors.SqlglotError as error:
            said = (str(error).splitlines() or [""])[0]  # the lines below quote the statement, literals and all
            raise WarehouseError(f"cannot be said in {self.dialect}'s SQL: {said}") from error
