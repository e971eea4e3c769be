"""The tables that PostgreSQL writes, and where their rows come from: Arrow or a query."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

from cdp_assets.errors import WarehouseError
from cdp_assets.warehouses._postgres.connection import Connection
from cdp_assets.warehouses._postgres.names import fold, literal, quoted
from cdp_assets.warehouses._postgres.types import Writing, write_stream


@dataclass(frozen=True)
class Relation:
    """A table as the server spells it; without a schema, a temporary one of this session."""

    name: str
    schema: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    kind: str = "r"
    known_rows: float = 0

    @property
    def sql(self) -> str:
        return f"{quoted(self.schema or 'pg_temp')}.{quoted(self.name)}"

    def described(self, connection: Connection) -> "Relation | None":
        """The same with its columns and what kind of relation it is; none when it is not there."""
        schema = f"n.nspname = {literal(self.schema)}" if self.schema else "n.oid = pg_my_temp_schema()"
        rows = connection.rows(
            "SELECT a.attname, format_type(a.atttypid, a.atttypmod), CAST(c.relkind AS TEXT), c.reltuples"
            " FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
            " JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
            f" WHERE {schema} AND c.relname = {literal(self.name)} AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
            " ORDER BY a.attnum"
        )
        if not rows:
            return None
        return Relation(self.name, self.schema, {row[0]: row[1] for row in rows}, rows[0][2], rows[0][3])


class Source(Protocol):
    """Where rows come from."""

    @property
    def columns(self) -> Collection[str]:
        """Their columns' names."""

    def create(self, connection: Connection, relation: Relation) -> int:
        """Create a table of the rows; returns how many."""

    def fits(self, target: Relation) -> bool:
        """Whether the rows can be added to a table as they are."""

    def append(self, connection: Connection, target: Relation) -> int:
        """Add the rows to a table that they fit; returns how many."""


class ArrowRows:
    """Rows from Python. They travel as COPY's binary format, so that a table's types must be exactly theirs."""

    def __init__(self, rows: pa.RecordBatchReader) -> None:
        self._rows = rows
        self._writings = [Writing.of(fold(column.name), column.type) for column in rows.schema]
        self.columns = {writing.name: writing.sql for writing in self._writings}

    def create(self, connection: Connection, relation: Relation) -> int:
        columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in self.columns.items())
        connection.run(f"CREATE {_table(relation)} ({columns}) {_until(relation)}")
        return self.append(connection, relation)

    def fits(self, target: Relation) -> bool:
        return self.columns.items() <= target.columns.items()

    def append(self, connection: Connection, target: Relation) -> int:
        schema = pa.schema([(writing.name, writing.type) for writing in self._writings])
        failure: list[BaseException] = []

        def batches() -> Iterable[pa.RecordBatch]:
            try:
                yield from write_stream(self._rows, self._writings)
            except BaseException as error:  # the driver would swallow its kind, and quote it
                failure.append(error)
                raise

        try:
            return connection.ingest(pa.RecordBatchReader.from_batches(schema, batches()), target.name, target.schema)
        except WarehouseError:
            if not failure:
                raise
            raise _stream_failure(failure[0]) from None


class SelectedRows:
    """Rows of a query; they never leave the server."""

    def __init__(self, connection: Connection, sql: str) -> None:
        self._sql = sql
        self.columns = connection.schema(sql).names

    def create(self, connection: Connection, relation: Relation) -> int:
        return connection.change(f"CREATE {_table(relation)} {_until(relation)} AS {self._sql}")

    def fits(self, target: Relation) -> bool:
        return set(self.columns) <= target.columns.keys()

    def append(self, connection: Connection, target: Relation) -> int:
        return connection.change(insert(target, self.columns, f"({self._sql}) AS q"))


def insert(target: Relation, columns: Iterable[str], source: str) -> str:
    """The statement that adds columns of a source to a table, in the table's types."""
    names = list(columns)
    values = ", ".join(f"CAST({quoted(name)} AS {target.columns[name]})" for name in names)
    return f"INSERT INTO {target.sql} ({', '.join(map(quoted, names))}) SELECT {values} FROM {source}"


def _table(relation: Relation) -> str:
    return f"TABLE {relation.sql}" if relation.schema else f"TEMPORARY TABLE {quoted(relation.name)}"


def _until(relation: Relation) -> str:
    return "" if relation.schema else "ON COMMIT DROP"


def _stream_failure(error: BaseException) -> BaseException:
    """What broke the rows off: interrupts and our own errors as they are, of others the kind: they may quote data."""
    if isinstance(error, WarehouseError) or not isinstance(error, Exception):
        return error
    return WarehouseError(f"PostgreSQL refused a statement: the rows to write broke off with {type(error).__name__}.")
