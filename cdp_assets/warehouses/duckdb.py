"""DuckDB, embedded: one file, one process at a time.

Connections are opened per operation and never held, so that the stages, dbt's own process and `cdp status` take
turns; opening waits for the lock, for a bounded time, and then says who holds it.
"""

import contextlib
import re
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Lock, local
from types import MappingProxyType
from typing import Self

import duckdb
import pyarrow as pa
from sqlglot import exp

from cdp_assets.errors import WarehouseError, WarehouseLockedError
from cdp_assets.settings import Settings
from cdp_assets.tables import Table
from cdp_assets.warehouses._merge import check_key_columns, check_key_faults, key_faults
from cdp_assets.warehouses.base import Catalogue, Rows, Warehouse, WriteMode, nested_transaction

Option = str | bool | int | float | list[str]
_opening = Lock()  # threads that open a file while another closes it find it half there
_INCOMING, _STAGED = "cdp_incoming", "cdp_staged"
_FIRST_WAIT, _LONGEST_WAIT = 0.02, 0.5
_WAL_SIZE = "256 MB"  # many small transactions follow one another; what is closed is written out anyway
_BATCH_ROWS = 122_880  # a row group, which is what DuckDB reads at once
_COLUMNS = """
    SELECT schema_name, table_name, column_name, data_type
    FROM duckdb_columns()
    WHERE database_name = current_database() AND NOT internal
        AND ($schemas IS NULL OR list_contains(list_transform($schemas, lambda s: lower(s)), lower(schema_name)))
        AND ($name IS NULL OR lower(table_name) = lower($name))
    ORDER BY schema_name, table_name, column_index
"""
_IS_TABLE = """
    SELECT 1 FROM duckdb_tables()
    WHERE database_name = current_database() AND NOT internal AND schema_name = $1 AND table_name = $2
"""
_QUOTES_DATA = (duckdb.DataError, duckdb.IntegrityError, duckdb.InvalidInputException)


class DuckDBWarehouse(Warehouse):
    """A DuckDB file. `lock_timeout` bounds the wait for another process, in seconds; `options` are DuckDB's own, such
    as `memory_limit` and `threads`."""

    dialect = "duckdb"
    is_concurrent = False

    def __init__(
        self, path: Path, lock_timeout: float = 120.0, options: Mapping[str, Option] = MappingProxyType({})
    ) -> None:
        super().__init__()
        self.path = path
        self.lock_timeout = lock_timeout
        self.options: dict[str, Option] = dict(options)
        self._thread = local()

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        return cls(settings.duckdb_path, settings.lock_timeout)

    @property
    def location(self) -> str:
        return str(self.path)

    @property
    def identity(self) -> str:
        return self.path.name

    def create_schema(self, schema: str) -> None:
        with self._connection() as connection:
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_quoted(schema)}")

    @classmethod
    def dbt_environment(cls, settings: Settings) -> dict[str, str]:
        return {"CDP_DUCKDB_PATH": str(settings.duckdb_path)}

    def columns(self, table: Table) -> dict[str, str]:
        # Of a table that is there, quicker than by the catalogue's columns; it is asked for with every write.
        with self._connection() as connection:
            if connection.execute(_IS_TABLE, [table.schema, table.name]).fetchall():
                return _described(connection, table.expression().sql("duckdb"))
        return super().columns(table)

    def drop(self, table: Table) -> None:
        with self._connection() as connection:
            connection.execute(f"DROP TABLE IF EXISTS {table.expression().sql('duckdb')}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        if self._in_transaction:
            raise nested_transaction()
        with self.session(), self._connection() as connection:
            self._thread.in_transaction = True
            connection.begin()
            try:
                yield
                connection.commit()
            except BaseException:
                connection.rollback()
                raise
            finally:
                self._thread.in_transaction = False

    @contextmanager
    def session(self) -> Iterator[None]:
        if self._open_connection() is not None:
            yield
            return
        with self._connection() as connection:
            self._thread.connection = connection
            try:
                yield
            finally:
                self._thread.connection = None

    def _execute(self, sql: str) -> None:
        with self._connection() as connection:
            connection.execute(sql)

    @contextmanager
    def _batches(self, sql: str) -> Iterator[pa.RecordBatchReader]:
        with self._connection() as connection, connection.sql(sql).to_arrow_reader(_BATCH_ROWS) as reader:
            yield reader

    def _table(self, sql: str) -> pa.Table:
        with self._connection() as connection:
            return connection.sql(sql).to_arrow_table()

    def _write_arrow(self, table: Table, rows: Rows, mode: WriteMode, key: Sequence[str]) -> int:
        with self._together() as connection:
            connection.register(_INCOMING, rows)
            try:
                return self._write(connection, table, f"SELECT * FROM {_INCOMING}", mode, key)
            finally:
                with contextlib.suppress(duckdb.TransactionException):  # a refused write has ended the transaction
                    connection.unregister(_INCOMING)

    def _write_select(self, table: Table, sql: str, mode: WriteMode, key: Sequence[str]) -> int:
        with self._together() as connection:
            return self._write(connection, table, sql, mode, key)

    def _catalogue(self, schemas: Collection[str] | None, name: str | None) -> Catalogue:
        listed = None if schemas is None else list(schemas)
        with self._connection() as connection:
            rows = connection.execute(_COLUMNS, {"schemas": listed, "name": name}).fetchall()
        found: Catalogue = {}
        for schema, table, column, kind in rows:
            found.setdefault(Table(schema, table), {})[column] = kind
        return found

    @property
    def _in_transaction(self) -> bool:
        return getattr(self._thread, "in_transaction", False)

    def _open_connection(self) -> duckdb.DuckDBPyConnection | None:
        return getattr(self._thread, "connection", None)

    @contextmanager
    def _connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The open transaction's connection, else one of its own for this operation."""
        connection = self._open_connection()
        if connection is not None:
            with _errors_named():
                yield connection
            return
        connection = self._connect()
        try:
            with _errors_named():
                yield connection
        finally:
            with _opening:
                connection.close()

    @contextmanager
    def _together(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The open transaction, else one of its own for this write."""
        with nullcontext() if self._in_transaction else self.transaction(), self._connection() as connection:
            yield connection

    def _connect(self) -> duckdb.DuckDBPyConnection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        deadline, wait = time.monotonic() + self.lock_timeout, _FIRST_WAIT
        while True:
            try:
                with _opening:
                    connection = duckdb.connect(str(self.path), config=self.options)
            except duckdb.Error as error:
                holder = _holder(error)
                if holder is None:
                    raise WarehouseError(f"cannot open the warehouse {self.path}: {_first_line(error)}") from error
                if time.monotonic() >= deadline:
                    raise WarehouseLockedError(
                        f"the warehouse {self.path} is in use by {holder} and was not free"
                        f" within {self.lock_timeout:g} s; wait for it to end, or set CDP_LOCK_TIMEOUT_SECONDS higher."
                    ) from error
            else:
                connection.execute(f"SET TimeZone = 'UTC'; SET wal_autocheckpoint = '{_WAL_SIZE}'")
                return connection
            time.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)

    def _write(
        self, connection: duckdb.DuckDBPyConnection, table: Table, select: str, mode: WriteMode, key: Sequence[str]
    ) -> int:
        target = table.expression().sql("duckdb")
        self.create_schema(table.schema)
        if mode is WriteMode.REPLACE:
            with _uncompressed(connection) if table.layout and table.layout.is_brief else nullcontext():
                return _count(connection.execute(f"CREATE OR REPLACE TABLE {target} AS {select}"))
        if mode is WriteMode.APPEND:
            return self._append(connection, table, select)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {_STAGED} AS {select}")
        staged = f"SELECT * FROM {_STAGED}"
        check_key_columns(table, _described(connection, staged), key)
        faults = key_faults(exp.to_table(_STAGED), key).sql("duckdb")
        check_key_faults(table, key, *connection.execute(faults).fetchall()[0])
        if self.exists(table):
            same = " AND ".join(f"target.{_quoted(k)} = {_STAGED}.{_quoted(k)}" for k in key)
            connection.execute(f"DELETE FROM {target} AS target USING {_STAGED} WHERE {same}")
        written = self._append(connection, table, staged)
        connection.execute(f"DROP TABLE {_STAGED}")
        return written

    def _append(self, connection: duckdb.DuckDBPyConnection, table: Table, select: str) -> int:
        """Insert by name, into a table made or widened for it."""
        target, incoming = table.expression().sql("duckdb"), _described(connection, select)
        present = {name.lower() for name in self.columns(table)}
        if not present:
            columns = ", ".join(f"{_quoted(name)} {kind}" for name, kind in incoming.items())
            connection.execute(f"CREATE TABLE {target} ({columns})")
        for name in [name for name in incoming if present and name.lower() not in present]:
            connection.execute(f"ALTER TABLE {target} ADD COLUMN {_quoted(name)} {incoming[name]}")
        return _count(connection.execute(f"INSERT INTO {target} BY NAME {select}"))


def _holder(error: duckdb.Error) -> str | None:
    """Who keeps the file from being opened for now, if somebody does."""
    process = re.search(r"lock is held in (.*?) \(PID (\d+)\)", str(error))
    if process is not None:
        return f"process {process[2]} ({process[1]})"
    # Another thread is closing it at this very moment.
    return "this process itself" if "Unique file handle conflict" in str(error) else None


@contextmanager
def _uncompressed(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.execute("SET force_compression = 'uncompressed'")
    try:
        yield
    finally:
        connection.execute("RESET force_compression")


def _described(connection: duckdb.DuckDBPyConnection, select: str) -> dict[str, str]:
    return {row[0]: row[1] for row in connection.execute(f"DESCRIBE {select}").fetchall()}


def _count(result: duckdb.DuckDBPyConnection) -> int:
    return int(result.fetchall()[0][0])


def _quoted(name: str) -> str:
    return exp.to_identifier(name, quoted=True).sql("duckdb")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0]


def _without_values(error: duckdb.Error) -> str:
    """What DuckDB said; when that quotes the data, which may be personal, only the kind of error and the column."""
    said = _first_line(error)
    if not isinstance(error, _QUOTES_DATA):
        return said
    column = re.search(r"when casting from source column (\w+)$", said)
    return said.partition(":")[0] + (f" in column {column[1]}" if column else "") + "; the value is not shown."


@contextmanager
def _errors_named() -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        # The cause is kept out where it quotes data: a traceback in a run's log would show it.
        cause = None if isinstance(error, _QUOTES_DATA) else error
        raise WarehouseError(f"DuckDB refused a statement: {_without_values(error)}") from cause
