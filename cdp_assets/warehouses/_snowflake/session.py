"""One session at Snowflake: opened when it is first used, opened anew when it is gone."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pyarrow as pa

from cdp_assets.errors import WarehouseError, WarehouseUnavailableError
from cdp_assets.warehouses._snowflake import sql
from cdp_assets.warehouses._snowflake.errors import is_gone, named, refused_login
from cdp_assets.warehouses._snowflake.types import Parts, fitted, result_schema, told_type
from cdp_assets.warehouses._usage import QueryTag
from cdp_assets.warehouses._variables import Variable

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection
    from snowflake.connector.cursor import SnowflakeCursor

PREFIX = "CDP_SNOWFLAKE_"
VARIABLES = (
    Variable(f"{PREFIX}ACCOUNT", "the account's identifier, such as myorg-account1", required=True),
    Variable(f"{PREFIX}USER", "who logs in", required=True),
    Variable(f"{PREFIX}PASSWORD", "the password, unless a private key is named", secret=True),
    Variable(f"{PREFIX}PRIVATE_KEY_PATH", "the PEM file of a private key, unless there is a password"),
    Variable(f"{PREFIX}PRIVATE_KEY_PASSPHRASE", "what opens the private key when it is encrypted", secret=True),
    Variable(f"{PREFIX}ROLE", "the role to use; the user's own when unset"),
    Variable(f"{PREFIX}WAREHOUSE", "the virtual warehouse that computes; the user's own when unset"),
    Variable(f"{PREFIX}DATABASE", "the database to work in", required=True),
    Variable(f"{PREFIX}HOST", "the host of a private endpoint; found by the account when unset"),
    Variable(f"{PREFIX}PORT", "the port of a private endpoint"),
    Variable(f"{PREFIX}PROTOCOL", "the protocol of a private endpoint: https, or http"),
    Variable(f"{PREFIX}NETWORK_TIMEOUT_SECONDS", "after how long a statement is given up; never when unset"),
)

_LOGIN_TIMEOUT = 60
_OF_THE_RESOURCE = {
    "account": "ACCOUNT",
    "user": "USER",
    "password": "PASSWORD",
    "private_key_path": "PRIVATE_KEY_PATH",
    "private_key_password": "PRIVATE_KEY_PASSPHRASE",
    "role": "ROLE",
    "warehouse": "WAREHOUSE",
    "database": "DATABASE",
}
_OF_THE_DRIVER = {"host": "HOST", "port": "PORT", "protocol": "PROTOCOL", "network_timeout": "NETWORK_TIMEOUT_SECONDS"}
_NUMBERS = ("port", "network_timeout")


class Session:
    """A session, and the temporary stage that files are loaded through, which ends with it."""

    def __init__(
        self, values: Mapping[str, str], location: str, tag: QueryTag | None, note: Callable[[str], None]
    ) -> None:
        self._values = values
        self._location = location
        self._tag = tag
        self._note_id = note
        self._open: ExitStack | None = None
        self._connection: SnowflakeConnection | None = None
        self._stage: str | None = None
        self._in_transaction = False

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is run inside takes effect together, or not at all; a lost connection rolls it back."""
        self.run("BEGIN TRANSACTION")
        self._in_transaction = True
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            with suppress(WarehouseError):
                self.run("ROLLBACK")
            raise
        finally:
            self._in_transaction = False

    def run(self, statement: str) -> int:
        """Run a statement; returns how many rows it concerned.

        Raises:
            WarehouseUnavailableError: the connection is at fault.
            WarehouseError: the statement was refused.
        """
        with self._cursor() as cursor:
            cursor.execute(statement)
            self._note(cursor)
            return cursor.rowcount or 0

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of a small result."""
        with self._cursor() as cursor:
            cursor.execute(statement)
            self._note(cursor)
            return [tuple(row) for row in cursor.fetchall()]

    @contextmanager
    def batches(self, statement: str) -> Iterator[pa.RecordBatchReader]:
        """A result, chunk by chunk as Snowflake sends it, in one schema."""
        from snowflake.connector.constants import FIELD_ID_TO_NAME

        with self._cursor() as cursor:
            cursor.execute(statement)
            self._note(cursor)
            schema = result_schema(cursor.description, FIELD_ID_TO_NAME.__getitem__)

            def chunks() -> Iterator[pa.RecordBatch]:
                with self._watched():
                    for chunk in cursor.fetch_arrow_batches(force_microsecond_precision=True):
                        yield from fitted(chunk, schema).to_batches()

            yield pa.RecordBatchReader.from_batches(schema, chunks())

    def describe(self, query: str) -> list[tuple[str, str]]:
        """The columns a query would give, each with the type to hold it; the query is not run."""
        from snowflake.connector.constants import FIELD_ID_TO_NAME

        with self._cursor() as cursor:
            told = cursor.describe(f"SELECT * FROM ({query}) AS Q")
        return [(c.name, told_type(FIELD_ID_TO_NAME[c.type_code], c.precision, c.scale)) for c in told]

    def load(self, staged: sql.Staged, rows: pa.RecordBatchReader) -> int:
        """Fill a waiting table through Parquet files, of which one at a time is on disk, for its owner's eyes only."""
        stage = f"@{self._loading_stage()}/{staged.name}/"
        with tempfile.TemporaryDirectory(prefix="cdp_") as folder:
            parts = Parts(rows, Path(folder))
            for path in parts:
                self.run(sql.put(str(path), stage))
        if parts.row_count:
            self.run(staged.copy(stage))
        return parts.row_count

    def close(self) -> None:
        """Close the connection, if there is one; the next use opens another."""
        opened, self._open, self._connection, self._stage = self._open, None, None, None
        if opened is not None:
            opened.close()

    def _loading_stage(self) -> str:
        if self._stage is None:
            stage = f"{sql.WORK_SCHEMA}.LOADS_{uuid4().hex.upper()}"
            self.run(f"CREATE TEMPORARY STAGE {stage}")
            self._stage = stage
        return self._stage

    @contextmanager
    def _cursor(self) -> "Iterator[SnowflakeCursor]":
        connection = self._connect()
        with self._watched(), connection.cursor() as cursor:
            yield cursor

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Name the driver's errors, and let go of a connection that is of no more use."""
        from snowflake.connector.errors import Error

        with named():
            try:
                yield
            except Error as error:
                if is_gone(error):
                    self._forget()
                raise

    def _forget(self) -> None:
        """Let go of a connection that is gone; closing it would ask the server once more."""
        self._open = self._connection = self._stage = None

    def _note(self, cursor: "SnowflakeCursor") -> None:
        if cursor.sfqid:
            self._note_id(cursor.sfqid)

    def _connect(self) -> "SnowflakeConnection":
        if self._connection is None and self._in_transaction:
            raise WarehouseUnavailableError("the connection to Snowflake was lost, and the transaction with it.")
        if self._connection is None:
            from dagster_snowflake import SnowflakeResource
            from snowflake.connector.errors import Error

            opened = ExitStack()
            try:
                resource = SnowflakeResource(**self._options())
                self._connection = opened.enter_context(resource.get_connection())
            except Error as error:
                raise refused_login(error, self._location, self._values[f"{PREFIX}USER"]) from None
            except (OSError, ValueError, TypeError):
                path = self._values[f"{PREFIX}PRIVATE_KEY_PATH"]
                raise WarehouseError(
                    f"the private key {path!r} cannot be read: CDP_SNOWFLAKE_PRIVATE_KEY_PATH must name a PEM file, and"
                    " CDP_SNOWFLAKE_PRIVATE_KEY_PASSPHRASE must open it when it is encrypted."
                ) from None
            self._open = opened
        return self._connection

    def _options(self) -> dict[str, Any]:
        options = self._given(_OF_THE_RESOURCE)
        options |= {"timezone": "UTC", "autocommit": True, "validate_default_parameters": True}
        return options | {
            "login_timeout": _LOGIN_TIMEOUT,
            "client_session_keep_alive": True,  # what computes for hours between two statements finds it open
            "additional_snowflake_connection_args": self._driver_options(),
        }

    def _driver_options(self) -> dict[str, Any]:
        """What the resource has no field for; decimals come as such, not as floating-point numbers."""
        options = {
            name: int(value) if name in _NUMBERS else value for name, value in self._given(_OF_THE_DRIVER).items()
        }
        options["arrow_number_to_decimal"] = True
        if self._tag is not None:
            options["session_parameters"] = {"QUERY_TAG": str(self._tag)}
        return options

    def _given(self, options: Mapping[str, str]) -> dict[str, Any]:
        values = {option: self._values[f"{PREFIX}{name}"] for option, name in options.items()}
        return {option: value for option, value in values.items() if value}
