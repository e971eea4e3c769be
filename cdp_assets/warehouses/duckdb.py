"""DuckDB, embedded: one file, one process at a time.

Connections are opened per operation and never held, so that the stages, dbt's own process and `cdp status` take
turns; opening waits for the lock, for a bounded time, and then says who holds it.
"""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import local

import duckdb
import pyarrow as pa
from sqlglot import exp

from cdp_assets.errors import WarehouseError, WarehouseLockedError
from cdp_assets.settings import Settings
from cdp_assets.tables import Table
from cdp_assets.warehouses.base import Query, Rows, Warehouse, WriteMode

_INCOMING = "cdp_incoming"
_FIRST_WAIT, _LONGEST_WAIT = 0.02, 0.5
_QUOTES_DATA = (duckdb.DataError, duckdb.IntegrityError, duckdb.InvalidInputException)


class DuckDBWarehouse(Warehouse):
    """A DuckDB file. `lock_timeout` bounds the wait for another process, in seconds."""

    dialect = "duckdb"

    def __init__(self, path: Path, lock_timeout: float = 120.0) -> None:
        self.path = path
        self.lock_timeout = lock_timeout
        self._thread = local()

    @classmethod
    def from_settings(cls, settings: Settings) -> "DuckDBWarehouse":
        return cls(settings.duckdb_path, settings.lock_timeout)

    def execute(self, statement: str | exp.Expression) -> None:
        sql = self.render(statement)
        with self._connection() as connection:
            connection.execute(sql)

    def read_arrow(self, query: Query) -> pa.Table:
        sql = self.render(query)
        with self._connection() as connection:
            return connection.sql(sql).to_arrow_table()

    def write_arrow(
        self, table: Table, rows: Rows, mode: WriteMode = WriteMode.REPLACE, key: Sequence[str] = ()
    ) -> int:
        with self._in_transaction() as connection:
            connection.register(_INCOMING, rows)
            try:
                return self._write(connection, table, f"SELECT * FROM {_INCOMING}", mode, key)
            finally:
                connection.unregister(_INCOMING)

    def write_select(
        self, table: Table, query: Query, mode: WriteMode = WriteMode.REPLACE, key: Sequence[str] = ()
    ) -> int:
        sql = self.render(query)
        with self._in_transaction() as connection:
            return self._write(connection, table, sql, mode, key)

    def columns(self, table: Table) -> dict[str, str]:
        with self._connection() as connection:
            rows = connection.execute(
                "SELECT column_name, data_type FROM duckdb_columns()"
                " WHERE database_name = current_database() AND schema_name = ? AND table_name = ?"
                " ORDER BY column_index",
                [table.schema, table.name],
            ).fetchall()
        return dict(rows)

    def tables(self) -> list[Table]:
        with self._connection() as connection:
            rows = connection.execute(
                "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = current_database()"
                " UNION ALL SELECT schema_name, view_name FROM duckdb_views()"
                " WHERE database_name = current_database() AND NOT internal"
            ).fetchall()
        return sorted(Table(schema, name) for schema, name in rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        if self._open_connection() is not None:
            raise WarehouseError("a transaction is open already; transactions do not nest.")
        with self._connection() as connection:
            self._thread.connection = connection
            connection.begin()
            try:
                yield
                connection.commit()
            except BaseException:
                connection.rollback()
                raise
            finally:
                self._thread.connection = None

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
            connection.close()

    @contextmanager
    def _in_transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        if self._open_connection() is not None:
            with self._connection() as connection:
                yield connection
        else:
            with self.transaction(), self._connection() as connection:
                yield connection

    def _connect(self) -> duckdb.DuckDBPyConnection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        deadline, wait = time.monotonic() + self.lock_timeout, _FIRST_WAIT
        while True:
            try:
                connection = duckdb.connect(str(self.path))
            except duckdb.Error as error:
                holder = re.search(r"lock is held in (.*?) \(PID (\d+)\)", str(error))
                if holder is None:
                    raise WarehouseError(f"cannot open the warehouse {self.path}: {_first_line(error)}") from error
                if time.monotonic() >= deadline:
                    raise WarehouseLockedError(
                        f"the warehouse {self.path} is in use by process {holder[2]} ({holder[1]}) and was not free"
                        f" within {self.lock_timeout:g} s; wait for it to end, or set CDP_LOCK_TIMEOUT_SECONDS higher."
                    ) from error
            else:
                connection.execute("SET TimeZone = 'UTC'")
                return connection
            time.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)

    def _write(
        self, connection: duckdb.DuckDBPyConnection, table: Table, select: str, mode: WriteMode, key: Sequence[str]
    ) -> int:
        target = table.expression().sql("duckdb")
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_quoted(table.schema)}")
        if mode is WriteMode.REPLACE:
            return _count(connection.execute(f"CREATE OR REPLACE TABLE {target} AS {select}"))
        staged = "cdp_staged"
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {staged} AS {select}")
        incoming = {row[0]: row[1] for row in connection.execute(f"DESCRIBE {staged}").fetchall()}
        connection.execute(f"CREATE TABLE IF NOT EXISTS {target} AS SELECT * FROM {staged} LIMIT 0")
        present = {name.lower() for name in self.columns(table)}
        for name in [name for name in incoming if name.lower() not in present]:
            connection.execute(f"ALTER TABLE {target} ADD COLUMN {_quoted(name)} {incoming[name]}")
        if mode is WriteMode.MERGE:
            _check_key(connection, table, staged, incoming, key)
            same = " AND ".join(f"target.{_quoted(k)} = {staged}.{_quoted(k)}" for k in key)
            connection.execute(f"DELETE FROM {target} AS target USING {staged} WHERE {same}")
        written = _count(connection.execute(f"INSERT INTO {target} BY NAME SELECT * FROM {staged}"))
        connection.execute(f"DROP TABLE {staged}")
        return written


def _check_key(
    connection: duckdb.DuckDBPyConnection, table: Table, staged: str, incoming: dict[str, str], key: Sequence[str]
) -> None:
    missing = [name for name in key if name not in incoming]
    if not key or missing:
        raise WarehouseError(f"a merge into {table} needs a key among {', '.join(incoming)}; got {', '.join(key)!r}.")
    names = ", ".join(map(_quoted, key))
    some_null = " OR ".join(f"{_quoted(name)} IS NULL" for name in key)
    nulls = connection.execute(f"SELECT count(*) FROM {staged} WHERE {some_null}").fetchall()[0][0]
    repeated = connection.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM {staged} GROUP BY {names} HAVING count(*) > 1)"
    ).fetchall()[0][0]
    if nulls or repeated:
        raise WarehouseError(
            f"a merge into {table} needs one row a key ({', '.join(key)});"
            f" {nulls} rows have a null in it and {repeated} keys come more than once."
        )


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
