"""BigQuery, through `dagster-gcp`'s resource.

Results are read with the Storage Read API, rows are written with Parquet load jobs. Tables cannot be created, altered
or dropped inside a transaction, and load jobs stand outside one: rows are staged in tables of the dataset `cdp_work`,
which expire, targets are created and widened beforehand, and only what changes rows is in the transaction.
"""

import random
import time
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from importlib.util import find_spec
from typing import Self

import pyarrow as pa

from cdp_assets.errors import ConfigurationError, WarehouseError
from cdp_assets.settings import Settings
from cdp_assets.tables import Table
from cdp_assets.warehouses._bigquery import sql as say
from cdp_assets.warehouses._bigquery.connection import Connection, Place
from cdp_assets.warehouses._bigquery.errors import ConcurrentWriteError
from cdp_assets.warehouses._bigquery.jobs import Jobs
from cdp_assets.warehouses._bigquery.staging import Staged, loaded, selected
from cdp_assets.warehouses._bigquery.tables import Tables
from cdp_assets.warehouses._bigquery.types import Field, fields_of
from cdp_assets.warehouses._merge import check_key_columns, check_key_faults, key_faults
from cdp_assets.warehouses._variables import Variable, read_variables
from cdp_assets.warehouses.base import Catalogue, Right, Rows, Warehouse, WriteMode

_WAITS_FOR_OTHERS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)


class BigQueryWarehouse(Warehouse):
    """A project of BigQuery, in one location."""

    dialect = "bigquery"
    variables = (
        Variable("CDP_BIGQUERY_PROJECT", "the project that holds the datasets and pays for the jobs", required=True),
        Variable("CDP_BIGQUERY_LOCATION", "where the datasets are: EU, US or a region", required=True),
        Variable("CDP_BIGQUERY_CREDENTIALS", "path of a service account's JSON key; else the machine's own identity"),
        Variable("CDP_BIGQUERY_MAXIMUM_BYTES_BILLED", "a statement that would be billed more is refused"),
        Variable("CDP_BIGQUERY_API_ENDPOINT", "URL of a private endpoint of the API"),
        Variable("CDP_BIGQUERY_STORAGE_ENDPOINT", "host:port of a private endpoint of the Storage Read API"),
    )

    def __init__(self, place: Place, maximum_bytes_billed: int | None = None) -> None:
        super().__init__()
        self._place = place
        self._connection = Connection(place)
        self._tables = Tables(self._connection)
        self._jobs = Jobs(self, self._connection, maximum_bytes_billed)
        self._locks: set[Table] = set()

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        values = read_variables("bigquery", cls.variables, settings.variables)
        missing = [name for name in ("dagster_gcp", "google.cloud.bigquery_storage_v1") if not _is_installed(name)]
        if missing:
            raise ConfigurationError(
                f"CDP_WAREHOUSE is 'bigquery', which needs {' and '.join(missing)}: pip install 'cdp-assets[bigquery]'."
            )
        place = Place(
            values["CDP_BIGQUERY_PROJECT"],
            values["CDP_BIGQUERY_LOCATION"],
            values["CDP_BIGQUERY_CREDENTIALS"],
            values["CDP_BIGQUERY_API_ENDPOINT"],
            values["CDP_BIGQUERY_STORAGE_ENDPOINT"],
        )
        return cls(place, _bytes("CDP_BIGQUERY_MAXIMUM_BYTES_BILLED", values["CDP_BIGQUERY_MAXIMUM_BYTES_BILLED"]))

    @property
    def location(self) -> str:
        return f"{self._place.project} in {self._place.location}"

    def create_schema(self, schema: str) -> None:
        self._tables.ensure_dataset(schema)

    def grant(self, right: Right, schema: str) -> str:  # noqa: ARG002 - the roles are the project's
        role = {
            Right.CONNECT: "jobUser",
            Right.CREATE_SCHEMA: "user",
            Right.WRITE: "dataEditor",
            Right.READ: "readSessionUser",
        }[right]
        return (
            f"gcloud projects add-iam-policy-binding {self._place.project}"
            f" --member=serviceAccount:ACCOUNT --role=roles/bigquery.{role}"
        )

    def drop(self, table: Table) -> None:
        self._tables.drop(table)

    def transaction(self) -> AbstractContextManager[None]:
        return self._jobs.transaction()

    def close(self) -> None:
        self._connection.close()

    def _execute(self, sql: str) -> None:
        statement, defines = say.with_condition(sql)
        self._jobs.run(statement, apart=defines)

    def _batches(self, sql: str) -> AbstractContextManager[pa.RecordBatchReader]:
        return self._jobs.batches(sql)

    def _write_arrow(self, table: Table, rows: Rows, mode: WriteMode, key: Sequence[str]) -> int:
        fields = fields_of(rows.schema)
        self._check(table, fields, mode, key)
        with loaded(self._jobs, self._tables, table, rows, fields) as staged:
            self._write(table, fields, staged, mode, key)
            return staged.rows

    def _write_select(self, table: Table, sql: str, mode: WriteMode, key: Sequence[str]) -> int:
        apart = not self._jobs.is_in_transaction
        if mode is WriteMode.REPLACE and apart:
            return self._replace_by_select(table, sql)
        fields = self._fields_of_select(sql)
        self._check(table, fields, mode, key)
        if mode is WriteMode.APPEND:
            self._make_room(table, fields)
            return self._jobs.run(say.insert(table, fields, sql)).num_dml_affected_rows or 0
        with selected(self._jobs, self._tables, sql, fields) as staged:
            self._write(table, fields, staged, mode, key)
            return staged.rows

    def _catalogue(self, schemas: Collection[str] | None, name: str | None) -> Catalogue:
        if schemas is not None and name is not None:
            found = [(Table(schema, name), self._tables.columns(Table(schema, name))) for schema in schemas]
            return {table: columns for table, columns in found if columns}
        datasets = [one for one in self._tables.datasets() if one != say.WORK]
        if schemas is not None:
            wanted = {schema.lower() for schema in schemas}
            datasets = [one for one in datasets if one.lower() in wanted]
        if not datasets:
            return {}
        catalogue: Catalogue = {}
        with self._jobs.batches(say.columns_of(datasets)) as reader:
            for row in reader.read_all().to_pylist():
                table = Table(row["table_schema"], row["table_name"])
                catalogue.setdefault(table, {})[row["column_name"]] = row["data_type"]
        return catalogue

    def _check(self, table: Table, fields: Sequence[Field], mode: WriteMode, key: Sequence[str]) -> None:
        say.check_names(table, fields)
        if mode is WriteMode.MERGE:
            check_key_columns(table, [field.name for field in fields], key)

    def _replace_by_select(self, table: Table, sql: str) -> int:
        fields = self._fields_of_select(sql) if table.layout and not table.layout.is_brief else []
        say.check_names(table, fields)
        self._tables.ensure_dataset(table.schema)
        self._jobs.run(say.replace(table, fields, sql))
        return self._jobs.count(table.expression())

    def _write(
        self, table: Table, fields: Sequence[Field], staged: Staged, mode: WriteMode, key: Sequence[str]
    ) -> None:
        if mode is WriteMode.MERGE:
            self._merge(table, fields, staged, key)
        elif mode is WriteMode.APPEND:
            self._make_room(table, fields)
            self._jobs.run(say.insert(table, fields, staged.select))
        elif self._jobs.is_in_transaction:
            self._make_room(table, fields, exact=True)
            self._jobs.run(say.delete_all(table))
            self._jobs.run(say.insert(table, fields, staged.select))
        else:
            self._tables.ensure_dataset(table.schema)
            self._jobs.run(say.replace(table, fields, staged.select))

    def _merge(self, table: Table, fields: Sequence[Field], staged: Staged, key: Sequence[str]) -> None:
        """Check the key, then swap the rows. What another merge into the table cancels begins again after a while."""
        self._check_key_faults(table, staged, key)
        self._make_room(table, fields)
        lock = say.lock_of(table)
        if lock not in self._locks:
            self._define(lock, say.create_lock(lock))
            self._locks.add(lock)
        deletion = say.delete_matching(table, staged.select, key)
        statements = [say.take_lock(lock), deletion, say.insert(table, fields, staged.select)]
        if self._jobs.is_in_transaction:
            for statement in statements:
                self._jobs.run(statement)
            return
        for wait in _WAITS_FOR_OTHERS:
            try:
                self._jobs.run(say.in_transaction(statements))
            except ConcurrentWriteError:
                time.sleep(wait * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
            else:
                return
        self._jobs.run(say.in_transaction(statements))

    def _check_key_faults(self, table: Table, staged: Staged, key: Sequence[str]) -> None:
        faults = key_faults(staged.source, staged.key(key)).sql("bigquery")
        with self._jobs.batches(faults) as reader:
            found = reader.read_all().to_pylist()[0]
        check_key_faults(table, key, found["nulls"], found["repeated"])

    def _make_room(self, table: Table, fields: Sequence[Field], *, exact: bool = False) -> None:
        """Create the table, or add the columns it lacks; this stands apart from a transaction that is open."""
        present = {name.lower() for name in self._tables.columns(table)}
        missing = [field for field in fields if field.name.lower() not in present]
        if not present:
            self._tables.ensure_dataset(table.schema)
            self._define(table, say.create(table, fields))
        elif exact and (extra := present - {field.name.lower() for field in fields}):
            raise WarehouseError(
                f"{table} cannot lose its columns {', '.join(sorted(extra))} inside a transaction on BigQuery;"
                " replace it outside of one."
            )
        elif missing:
            self._jobs.run(say.add_columns(table, missing), apart=True)

    def _fields_of_select(self, sql: str) -> list[Field]:
        """The columns of a SELECT, which reads nothing to tell them."""
        return self._jobs.fields(say.without_rows(sql))

    def _define(self, table: Table, sql: str) -> None:
        """Create a table, or find that another writer just did."""
        try:
            self._jobs.run(sql, apart=True)
        except WarehouseError:
            if self._tables.table(table) is None:
                raise


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _bytes(name: str, text: str) -> int | None:
    if text and not (text.isascii() and text.isdigit()):
        raise ConfigurationError(f"{name} is {text!r}; it must be a number of bytes, such as 10000000000.")
    return int(text) if text else None
