"""PostgreSQL, through ADBC: rows travel as COPY's binary format, both ways.

Sessions are opened when they are needed and kept; one is enough for who does one thing at a time. What is written
outside a transaction has one of its own.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib.util import find_spec
from threading import local
from typing import Self

import pyarrow as pa
from sqlglot import exp
from sqlglot.errors import SqlglotError

from cdp_assets.errors import ConfigurationError
from cdp_assets.settings import Settings
from cdp_assets.tables import Table
from cdp_assets.warehouses._postgres.connection import Connection, Server
from cdp_assets.warehouses._postgres.names import fold, literal, quoted
from cdp_assets.warehouses._postgres.pool import Pool
from cdp_assets.warehouses._postgres.sources import ArrowRows, Relation, SelectedRows
from cdp_assets.warehouses._postgres.types import Reading, read_query, read_stream
from cdp_assets.warehouses._postgres.write import Write, create_schema
from cdp_assets.warehouses._variables import Variable, read_variables
from cdp_assets.warehouses.base import Catalogue, Right, Rows, Warehouse, WriteMode, as_reader, nested_transaction

_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_COLUMNS = """
    SELECT n.nspname, c.relname, a.attname, CASE
        WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod)
        ELSE format_type(a.atttypid, a.atttypmod)
    END
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
"""
_APPLICATION_BYTES = 63
_RUN_LETTERS = 8  # as Dagster and `cdp status` show them; the whole id would leave no room for the asset


class PostgresWarehouse(Warehouse):
    """A database of a PostgreSQL server.

    Integers come back as int64 and floats as float64. Sums and averages of `numeric` have no declared scale: they come
    as decimal128(38, 9), rounded. Types that Arrow has no equal for come as text.
    """

    dialect = "postgres"
    variables = (
        Variable("CDP_POSTGRES_HOST", "host name or address of the server", required=True),
        Variable("CDP_POSTGRES_PORT", "port of the server", default="5432"),
        Variable("CDP_POSTGRES_USER", "user to connect as", required=True),
        Variable("CDP_POSTGRES_PASSWORD", "the user's password", secret=True),
        Variable("CDP_POSTGRES_DATABASE", "database to work in", required=True),
        Variable("CDP_POSTGRES_SSLMODE", f"encryption: {', '.join(_SSL_MODES)}", default="prefer"),
    )

    def __init__(self, server: Server) -> None:
        super().__init__()
        self.server = server
        self._pool = Pool(lambda: Connection(server, self._application))
        self._thread = local()

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        values = read_variables("postgres", cls.variables, settings.variables)
        if find_spec("adbc_driver_postgresql") is None:
            raise ConfigurationError(
                "CDP_WAREHOUSE is 'postgres', whose driver is not installed: pip install 'cdp-assets[postgres]'."
            )
        port, sslmode = values["CDP_POSTGRES_PORT"], values["CDP_POSTGRES_SSLMODE"]
        if not (port.isdecimal() and 0 < int(port) < 65536):
            raise ConfigurationError(f"CDP_POSTGRES_PORT is {port!r}; it must be a number from 1 to 65535.")
        if sslmode not in _SSL_MODES:
            raise ConfigurationError(
                f"CDP_POSTGRES_SSLMODE is {sslmode!r}; it must be one of: {', '.join(_SSL_MODES)}."
            )
        server = Server(
            host=values["CDP_POSTGRES_HOST"],
            port=int(port),
            user=values["CDP_POSTGRES_USER"],
            database=values["CDP_POSTGRES_DATABASE"],
            sslmode=sslmode,
            password=values["CDP_POSTGRES_PASSWORD"],
        )
        return cls(server)

    @property
    def location(self) -> str:
        return str(self.server)

    @staticmethod
    def fold(name: str) -> str:
        return fold(name)

    def create_schema(self, schema: str) -> None:
        with self._together() as connection:
            create_schema(connection, schema)

    def grant(self, right: Right, schema: str) -> str:
        user, database, place = quoted(self.server.user), quoted(self.server.database), quoted(fold(schema))
        return {
            Right.CONNECT: f"GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {user};",
            Right.CREATE_SCHEMA: f"GRANT CREATE ON DATABASE {database} TO {user};",
            Right.WRITE: f"GRANT USAGE, CREATE ON SCHEMA {place} TO {user}; and make it the owner of the tables there.",
            Right.READ: f"GRANT USAGE ON SCHEMA {place} TO {user};"
            f" GRANT SELECT ON ALL TABLES IN SCHEMA {place} TO {user};",
        }[right]

    def drop(self, table: Table) -> None:
        with self._together() as connection:
            connection.run(f"DROP TABLE IF EXISTS {Relation(fold(table.name), fold(table.schema)).sql}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        if self._open is not None:
            raise nested_transaction()
        with self._pool.connection() as connection:
            connection.begin()
            self._thread.open = connection
            try:
                yield
                connection.commit()
            except BaseException:
                if connection.is_in_transaction:
                    connection.rollback()
                raise
            finally:
                self._thread.open = None

    def close(self) -> None:
        self._pool.close()

    def _execute(self, sql: str) -> None:
        with self._together() as connection:
            connection.run(sql)

    @contextmanager
    def _batches(self, sql: str) -> Iterator[pa.RecordBatchReader]:
        with self._connection() as connection, connection.reading():
            readings = [Reading.of(column) for column in connection.schema(sql)]
            with connection.stream(read_query(sql, readings)) as batches:
                yield read_stream(batches, readings)

    def _write_arrow(self, table: Table, rows: Rows, mode: WriteMode, key: Sequence[str]) -> int:
        with self._together() as connection:
            return Write(connection, table, mode, key).write(ArrowRows(as_reader(rows)))

    def _write_select(self, table: Table, sql: str, mode: WriteMode, key: Sequence[str]) -> int:
        with self._together() as connection:
            return Write(connection, table, mode, key).write(SelectedRows(connection, sql))

    def _catalogue(self, schemas: Collection[str] | None, name: str | None) -> Catalogue:
        if schemas is not None and not schemas:
            return {}
        query = _COLUMNS
        if schemas is not None:
            query += f" AND n.nspname IN ({', '.join(literal(fold(schema)) for schema in schemas)})"
        if name is not None:
            query += f" AND c.relname = {literal(fold(name))}"
        found: Catalogue = {}
        with self._connection() as connection:
            for schema, table, column, kind in connection.rows(f"{query} ORDER BY n.nspname, c.relname, a.attnum"):
                found.setdefault(Table(schema, table), {})[column] = _told_type(kind)
        return found

    @property
    def _application(self) -> str:
        """What the server's list of sessions shows of us."""
        told = f"cdp {self.tag.run_id[:_RUN_LETTERS]} {self.tag.asset}" if self.tag else "cdp"
        return told.encode("ascii", "replace")[:_APPLICATION_BYTES].decode()

    @property
    def _open(self) -> Connection | None:
        """The connection of the transaction that this thread has open."""
        return getattr(self._thread, "open", None)

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """The open transaction's connection, else one for this operation."""
        if self._open is not None:
            yield self._open
        else:
            with self._pool.connection() as connection:
                yield connection

    @contextmanager
    def _together(self) -> Iterator[Connection]:
        """The open transaction's connection, else that of one for this operation."""
        if self._open is not None:
            yield self._open
        else:
            with self.transaction(), self._connection() as connection:
                yield connection


@lru_cache
def _told_type(kind: str) -> str:
    """The type's name, or that of text, as which it is read, where it says nothing to sqlglot."""
    try:
        exp.DataType.build(kind, dialect="postgres")
    except SqlglotError:
        return "text"
    return kind
