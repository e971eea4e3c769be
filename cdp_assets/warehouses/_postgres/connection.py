"""One session of a PostgreSQL server over ADBC: statements, and streams of rows out and in."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pyarrow as pa

from cdp_assets.errors import WarehouseError, WarehouseUnavailableError
from cdp_assets.warehouses._postgres.errors import no_connection, refusal

T = TypeVar("T")
_CONNECT_SECONDS = 10
_PROBED_AFTER_SECONDS = 0.5
_BATCH_BYTES = 2 * 2**20
_SESSION = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "standard_conforming_strings": "on",
    "client_min_messages": "error",  # the driver prints the rest
    "temp_buffers": "64MB",  # what is staged is read several times
}


@dataclass(frozen=True)
class Server:
    """Where a database is, and who asks."""

    host: str
    port: int
    user: str
    database: str
    sslmode: str = "prefer"
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}/{self.database}"

    def connection_string(self, application: str) -> str:
        """What libpq connects with; the password is in it."""
        said = {
            "host": self.host,
            "port": str(self.port),
            "user": self.user,
            "dbname": self.database,
            "sslmode": self.sslmode,
            "password": self.password,
            "connect_timeout": str(_CONNECT_SECONDS),
            "application_name": application,
            "client_encoding": "UTF8",
        }
        quoted = {name: value.replace("\\", "\\\\").replace("'", "\\'") for name, value in said.items() if value}
        return " ".join(f"{name}='{value}'" for name, value in quoted.items())


class Connection:
    """One session, without a transaction of the driver's own: what begins and commits says so in SQL.

    What blocks runs beside the main thread, so that an interrupt is heard, cancels it and is raised: the driver's own
    handler of interrupts loses them.
    """

    def __init__(self, server: Server, application: str) -> None:
        from adbc_driver_postgresql import dbapi

        try:
            self._session = dbapi.connect(server.connection_string(application), autocommit=True)
        except dbapi.Error as error:
            raise no_connection(error, str(server)) from None
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="cdp-postgres")
        self._is_streaming = False
        self._is_reading = False
        self.is_in_transaction = False
        self.is_lost = False
        self.last_used = time.monotonic()
        self.run("SELECT " + ", ".join(f"set_config('{name}', '{value}', false)" for name, value in _SESSION.items()))

    def run(self, sql: str) -> None:
        """Run a statement to its end."""
        self.rows(sql)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement; returns its rows, which should be few."""
        with self._cursor() as cursor:
            self._blocking(lambda: cursor.execute(sql), cursor.adbc_cancel)
            found = self._blocking(cursor.fetch_arrow_table, cursor.adbc_cancel)
        return [tuple(row.values()) for row in found.to_pylist()] if found.num_columns else []

    def change(self, sql: str) -> int:
        """Run a statement that writes; returns how many rows it wrote."""
        with self._cursor() as cursor:
            self._blocking(lambda: cursor.execute(sql), cursor.adbc_cancel)
            return int(cursor.rowcount)

    def schema(self, sql: str) -> pa.Schema:
        """What a query will return, without running it; fields tell PostgreSQL's types in their metadata."""
        with self._cursor() as cursor:
            return self._blocking(lambda: cursor.adbc_execute_schema(sql), cursor.adbc_cancel)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """A transaction to read in, unless one is open. Tables stay locked, against being made anew, from the moment
        the schema is asked for: COPY looks at the time before it waits for a lock, and would find a new one empty."""
        if self.is_in_transaction:
            yield
            return
        self.run("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY")
        self._is_reading = True
        try:
            yield
        finally:
            self._end_reading()

    def _end_reading(self) -> None:
        if self._is_reading and not self.is_lost:
            self._is_reading = False
            self.run("ROLLBACK")

    @contextmanager
    def stream(self, sql: str) -> Iterator[Iterator[pa.RecordBatch]]:
        """A query's rows, batch by batch. Nothing else can be run before it is closed."""
        with self._cursor({"adbc.postgresql.batch_size_hint_bytes": str(_BATCH_BYTES)}) as cursor:
            self._blocking(lambda: cursor.execute(sql), cursor.adbc_cancel)
            reader = cursor.fetch_record_batch()
            self._is_streaming = True
            ended = False

            def batches() -> Iterator[pa.RecordBatch]:
                nonlocal ended
                while (batch := self._blocking(lambda: next(reader, None), cursor.adbc_cancel)) is not None:
                    yield batch
                ended, self._is_streaming = True, False
                self._end_reading()  # and with it the locks: the rows may be on their way into the same table

            try:
                yield batches()
            finally:
                self._is_streaming = False
                if not ended and not self.is_in_transaction:  # else what is left would be received, then thrown away
                    with suppress(Exception):
                        cursor.adbc_cancel()

    def ingest(self, rows: pa.RecordBatchReader, table: str, schema: str | None) -> int:
        """Add rows to a table whose columns have exactly the types of theirs, to a temporary one without `schema`."""
        with self._cursor() as cursor, self._errors_told():
            options = {
                "adbc.ingest.target_table": table,
                "adbc.ingest.mode": "adbc.ingest.mode.append",
                "adbc.ingest.temporary": "false" if schema else "true",
            }
            if schema:
                options["adbc.ingest.target_db_schema"] = schema
            # The statement itself, as the cursor would set its own handler of interrupts.
            statement = cursor.adbc_statement
            statement.set_options(**options)
            statement.bind_stream(rows)
            return int(statement.execute_update())

    def begin(self) -> None:
        """Open a transaction in which each statement sees what others committed before it."""
        self.run("BEGIN ISOLATION LEVEL READ COMMITTED")
        self.is_in_transaction = True

    def commit(self) -> None:
        """Commit.

        Raises:
            WarehouseError: a statement was refused before, or the connection was lost: what took effect is unknown.
        """
        if self._status() == "inerror":
            self.rollback()
            raise WarehouseError("a statement inside the transaction was refused, so that none of it took effect.")
        self.is_in_transaction = False
        try:
            self.run("COMMIT")
        except WarehouseUnavailableError:
            raise WarehouseError(
                "the connection to PostgreSQL was lost during a commit: whether it took effect is not known."
            ) from None

    def rollback(self) -> None:
        """Undo the transaction; a session that cannot do that is closed, which undoes it too."""
        self.is_in_transaction = False
        try:
            self.run("ROLLBACK")
        except WarehouseError:
            self.is_lost = True

    def is_alive(self) -> bool:
        """Whether the session is still there; asked of the server when it was not used for a while."""
        if self.is_lost or time.monotonic() - self.last_used < _PROBED_AFTER_SECONDS:
            return not self.is_lost
        with suppress(WarehouseError):
            self.run("SELECT 1")
        return not self.is_lost

    def close(self) -> None:
        """End the session."""
        self._worker.shutdown(wait=False)
        with suppress(Exception):
            self._session.close()

    def _status(self) -> str:
        return str(self._session.adbc_connection.get_option("adbc.postgresql.transaction_status"))

    @contextmanager
    def _cursor(self, options: dict[str, str] | None = None) -> Iterator[Any]:
        if self._is_streaming:
            raise WarehouseError("a result is still being read; read it to its end, or close it, before anything else.")
        with self._session.cursor(adbc_stmt_kwargs=options) as cursor:
            yield cursor
        self.last_used = time.monotonic()

    def _blocking(self, call: Callable[[], T], cancel: Callable[[], None]) -> T:
        with self._errors_told():
            if threading.current_thread() is not threading.main_thread():
                return call()
            future: Future[T] = self._worker.submit(call)
            try:
                return future.result()
            except BaseException:
                if not future.done():
                    cancel()
                    wait([future])
                raise

    @contextmanager
    def _errors_told(self) -> Iterator[None]:
        from adbc_driver_postgresql import dbapi

        try:
            yield
        except (dbapi.Error, pa.ArrowException, OSError) as error:
            told = refusal(error)
            self.is_lost = self.is_lost or isinstance(told, WarehouseUnavailableError)
            raise told from None
