"""What every warehouse offers the Python stages.

SELECTs are written once, as sqlglot expressions or in DuckDB's dialect, and transpiled from the list of what means
the same everywhere (`cdp_assets.sql`); writes are each warehouse's own. A write is atomic: readers see the table
before it or after it. Names are matched whatever their case; a warehouse may spell them back in lower case.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import StrEnum
from functools import reduce
from typing import ClassVar, Self, TypeAlias

import pyarrow as pa
from sqlglot import exp

from cdp_assets.errors import WarehouseError
from cdp_assets.settings import Settings
from cdp_assets.sql.render import render
from cdp_assets.tables import Contract, Table
from cdp_assets.warehouses._usage import QueryTag, Usage
from cdp_assets.warehouses._variables import Variable

Query: TypeAlias = str | exp.Query
Rows: TypeAlias = pa.Table | pa.RecordBatchReader
Catalogue: TypeAlias = dict[Table, dict[str, str]]


class WriteMode(StrEnum):
    """How rows meet a table that is already there; a table that is not is created."""

    REPLACE = "replace"
    APPEND = "append"
    MERGE = "merge"


class Right(StrEnum):
    """What a deployment's user must be allowed to do."""

    CONNECT = "connect"
    CREATE_SCHEMA = "create schema"
    WRITE = "write"
    READ = "read"


class Warehouse(ABC):
    """A warehouse that the stages read from and write to. It connects when it is first used.

    A subclass implements the hooks, whose names start with an underscore; they are given SQL in its own dialect.
    """

    dialect: ClassVar[str]
    is_concurrent: ClassVar[bool] = True
    """Whether several processes may work in it at once."""

    variables: ClassVar[tuple[Variable, ...]] = ()
    """The environment variables it is configured by."""

    def __init__(self) -> None:
        self.tag: QueryTag | None = None
        self.usage = Usage()

    @classmethod
    @abstractmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The warehouse a deployment configured; nothing is connected to.

        Raises:
            ConfigurationError: a variable or a driver it needs is missing.
        """

    @property
    @abstractmethod
    def location(self) -> str:
        """Where it is, for messages; no secret in it."""

    @property
    def identity(self) -> str:
        """What tells it from another one; it stays when the warehouse merely moved."""
        return self.location

    @staticmethod
    def fold(name: str) -> str:
        """How the warehouse spells an identifier that nothing quotes, so that dbt's names and ours are the same."""
        return name

    def execute(self, statement: str | exp.Expr) -> None:
        """Run a statement that returns nothing.

        Raises:
            WarehouseError: the warehouse refused it.
        """
        self._execute(self.render(statement))

    def read_arrow(self, query: Query) -> pa.Table:
        """The whole result of a SELECT; timestamps come in UTC.

        Raises:
            WarehouseError: the warehouse refused it.
        """
        found = self._table(self.render(query))
        self.usage.read(found.num_rows, found.nbytes)
        return found

    @contextmanager
    def read_batches(self, query: Query) -> Iterator[pa.RecordBatchReader]:
        """The result of a SELECT as a stream, whose memory does not grow with it; otherwise as `read_arrow`.

        Nothing else may be asked of the warehouse before the stream is closed.
        """
        with self._batches(self.render(query)) as reader:
            yield self.usage.counting_read(reader)

    def write_arrow(
        self, table: Table, rows: Rows, mode: WriteMode = WriteMode.REPLACE, key: Sequence[str] = ()
    ) -> int:
        """Write rows from Python, set-based and at once; returns how many.

        Append and merge add columns the table lacks. Merge replaces the rows with the same key.

        Raises:
            WarehouseError: the key is missing, null or duplicated in a merge, or the warehouse refused the rows.
        """
        count = self._write_arrow(table, self.usage.counting_written(rows), WriteMode(mode), key)
        self.usage.rows_written += count
        return count

    def write_select(
        self, table: Table, query: Query, mode: WriteMode = WriteMode.REPLACE, key: Sequence[str] = ()
    ) -> int:
        """Write a SELECT's result without leaving the warehouse; otherwise as `write_arrow`."""
        count = self._write_select(table, self.render(query), WriteMode(mode), key)
        self.usage.rows_written += count
        return count

    def columns(self, table: Table) -> dict[str, str]:
        """Columns of a table in order, each with the warehouse's type; empty when there is no such table."""
        return next(iter(self._catalogue([table.schema], table.name).values()), {})

    def tables(self, schemas: Collection[str] | None = None) -> list[Table]:
        """Every table and view there is, or those of some schemas, ordered by schema and name."""
        return sorted(self._catalogue(schemas, None))

    def catalogue(self, schemas: Collection[str] | None = None) -> Catalogue:
        """The columns of every table and view of some schemas, with one question to the warehouse."""
        return self._catalogue(schemas, None)

    @abstractmethod
    def create_schema(self, schema: str) -> None:
        """Create a schema if it is not there."""

    def grant(self, right: Right, schema: str) -> str:  # noqa: ARG002 - for warehouses that have rights
        """How to give a right that is missing, in a schema if it is one's."""
        return "look at the message, and at docs/warehouses.md for what is needed."

    @classmethod
    def dbt_environment(cls, settings: Settings) -> dict[str, str]:
        """The variables that its target in `profiles.yml` reads."""
        return {v.name: settings.variables.get(v.name) or v.default for v in cls.variables}

    @abstractmethod
    def drop(self, table: Table) -> None:
        """Drop a table if it is there."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[None]:
        """All that is written inside takes effect together, or not at all. Transactions do not nest.

        Where tables cannot be created inside a transaction, a new one may stay behind, empty, when it rolls back.
        """

    def session(self) -> AbstractContextManager[None]:
        """One connection for all that is read inside, where opening one costs something."""
        return nullcontext()

    def close(self) -> None:  # noqa: B027 - not every warehouse holds something
        """Let go of the connection; the next use opens another."""

    def take_usage(self) -> Usage:
        """What was read and written since the last taking; counting begins anew."""
        taken, self.usage = self.usage, Usage()
        return taken

    def row_count(self, table: Table) -> int:
        """How many rows a table has."""
        return self.row_counts([table])[table]

    def row_counts(self, tables: Sequence[Table]) -> dict[Table, int]:
        """How many rows each table has, with one question to the warehouse."""
        counts: list[exp.Query] = [
            exp.select(exp.Literal.number(place).as_("place"), exp.Count(this=exp.Star()).as_("n")).from_(
                t.expression()
            )
            for place, t in enumerate(tables)
        ]
        if not counts:
            return {}
        query = reduce(lambda above, below: exp.union(above, below, distinct=False, copy=False), counts)
        return {tables[row["place"]]: int(row["n"]) for row in self.read_arrow(query).to_pylist()}

    def exists(self, table: Table) -> bool:
        """Whether the table is there."""
        return bool(self.columns(table))

    def ensure(self, *contracts: Contract) -> None:
        """Create, empty, the tables that are not there yet; add the columns that those of an earlier version lack."""
        catalogue = self.catalogue({contract.table.schema for contract in contracts})
        present = {str(table).lower(): {name.lower() for name in columns} for table, columns in catalogue.items()}
        for contract in contracts:
            columns = present.get(str(contract.table).lower(), set())
            if not columns.issuperset(column.name.lower() for column in contract.columns):
                self.write_arrow(contract.table, contract.empty(), WriteMode.APPEND)

    def render(self, statement: str | exp.Expr) -> str:
        """The statement in this warehouse's dialect.

        Raises:
            WarehouseError: it is not SQL, or says something that does not mean the same in every warehouse.
        """
        return render(statement, self.dialect, self.fold)

    @abstractmethod
    def _execute(self, sql: str) -> None: ...

    @abstractmethod
    def _batches(self, sql: str) -> AbstractContextManager[pa.RecordBatchReader]:
        """A SELECT's result, batch by batch. The schema is known, and the same, when there is no row."""

    def _table(self, sql: str) -> pa.Table:
        with self._batches(sql) as reader:
            return reader.read_all()

    @abstractmethod
    def _write_arrow(self, table: Table, rows: Rows, mode: WriteMode, key: Sequence[str]) -> int: ...

    @abstractmethod
    def _write_select(self, table: Table, sql: str, mode: WriteMode, key: Sequence[str]) -> int: ...

    @abstractmethod
    def _catalogue(self, schemas: Collection[str] | None, name: str | None) -> Catalogue:
        """Columns of the tables and views in some schemas, or in all but the system's; with `name`, of that one."""


def as_reader(rows: Rows) -> pa.RecordBatchReader:
    """Rows as a stream."""
    return rows.to_reader() if isinstance(rows, pa.Table) else rows


def nested_transaction() -> WarehouseError:
    """What opening a transaction inside another is refused with."""
    return WarehouseError("a transaction is open already; transactions do not nest.")
