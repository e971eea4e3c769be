"""Jobs of BigQuery: one place that labels and counts them, and knows the transaction they are in."""

import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import local
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa
from sqlglot import exp

from cdp_assets.errors import WarehouseError
from cdp_assets.tables import Table
from cdp_assets.warehouses._bigquery.connection import Connection, patience, retry
from cdp_assets.warehouses._bigquery.errors import errors_named
from cdp_assets.warehouses._bigquery.types import (
    Field,
    arrow_schema,
    conform,
    fields_of_result,
)
from cdp_assets.warehouses.base import Warehouse, nested_transaction

if TYPE_CHECKING:
    from google.cloud import bigquery
    from google.cloud.bigquery.table import RowIterator
    from google.cloud.bigquery_storage_v1 import BigQueryReadClient

_FIRST_PAGE = 1000  # rows that come with the answer; a result with many more is read with the Storage Read API
_MOST_STREAMS = 4  # each is a thread, with a batch in memory
_LONGEST_LABEL = 63
_CANCEL_TIMEOUT = 10.0


@dataclass
class _Transaction:
    session: str
    is_broken: bool = False


class Jobs:
    """What a warehouse has the service do."""

    def __init__(self, owner: Warehouse, connection: Connection, maximum_bytes_billed: int | None) -> None:
        self._owner = owner
        self._connection = connection
        self._maximum_bytes_billed = maximum_bytes_billed
        self._thread = local()

    @property
    def is_in_transaction(self) -> bool:
        return self._transaction is not None

    def run(self, sql: str, *, apart: bool = False) -> "bigquery.QueryJob":
        """Run a statement or script to its end, in the open transaction unless it is to stand apart from it.

        Raises:
            WarehouseError: the service refused it, or cannot be reached.
        """
        transaction = None if apart else self._transaction
        try:
            return self._finished(sql, transaction)
        except WarehouseError:
            if transaction is not None:
                transaction.is_broken = True
            raise

    @contextmanager
    def batches(self, sql: str) -> Iterator[pa.RecordBatchReader]:
        """The rows of a SELECT as they come."""
        with errors_named():
            rows = self.run(sql).result()
        schema = arrow_schema(rows.schema)
        _, reader = self._connection.clients()
        batches = self._conformed(rows, reader, schema)
        try:
            yield pa.RecordBatchReader.from_batches(schema, batches)
        finally:
            batches.close()

    def fields(self, sql: str) -> list[Field]:
        """The columns of a SELECT."""
        with errors_named():
            return fields_of_result(self.run(sql).result().schema)

    def count(self, source: exp.Table) -> int:
        """How many rows a table has."""
        with self.batches(exp.select(exp.Count(this=exp.Star()).as_("n")).from_(source).sql("bigquery")) as reader:
            return int(reader.read_all()["n"][0].as_py())

    def load(self, file: BinaryIO, stage: Table) -> None:
        """Load a Parquet file into a table that is there."""
        from google.cloud import bigquery

        client, _ = self._connection.clients()
        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.PARQUET,
            create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
            write_disposition=bigquery.WriteDisposition.WRITE_APPEND,
            labels=self._labels(),
        )
        with errors_named():  # without a size the upload is resumable, as befits a large file
            job = client.load_table_from_file(file, self._connection.reference(stage), rewind=True, job_config=config)
            self._owner.usage.query_ids.append(job.job_id)
            with _cancelled_with_us(job):
                job.result(retry=retry())

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A session with a transaction in it; the session ends with it, and takes what was not committed along."""
        if self.is_in_transaction:
            raise nested_transaction()
        transaction = self._begin()
        self._thread.transaction = transaction
        try:
            yield
            self._commit(transaction)
        except BaseException:
            with suppress(WarehouseError):  # it may be gone already; it ends with the session in any case
                self.run("ROLLBACK TRANSACTION")
            raise
        finally:
            with suppress(WarehouseError):
                self.run("CALL BQ.ABORT_SESSION()")
            self._thread.transaction = None

    @property
    def _transaction(self) -> _Transaction | None:
        return getattr(self._thread, "transaction", None)

    def _begin(self) -> _Transaction:
        from google.cloud import bigquery

        config = bigquery.QueryJobConfig(create_session=True, labels=self._labels())
        client, _ = self._connection.clients()
        with errors_named():
            job = client.query("BEGIN TRANSACTION", job_config=config, job_retry=None, **patience())
            job.result(retry=retry())
        session = job.session_info.session_id if job.session_info else None
        if not session:
            raise WarehouseError("BigQuery opened no session; a transaction needs one.")
        return _Transaction(session)

    def _commit(self, transaction: _Transaction) -> None:
        if transaction.is_broken:
            raise WarehouseError("a statement of the transaction was refused; nothing of it took effect.")
        self.run("COMMIT TRANSACTION")

    def _finished(self, sql: str, transaction: _Transaction | None) -> "bigquery.QueryJob":
        """A job that is done. One that failed is not run again: who asks knows whether all else may be, too."""
        from google.cloud import bigquery

        config = bigquery.QueryJobConfig(labels=self._labels())
        if self._maximum_bytes_billed is not None:
            config.maximum_bytes_billed = self._maximum_bytes_billed
        if transaction is not None:
            config.connection_properties = [bigquery.ConnectionProperty("session_id", transaction.session)]
        client, _ = self._connection.clients()
        with errors_named():
            job = client.query(sql, job_config=config, job_retry=None, **patience())
            self._owner.usage.query_ids.append(job.job_id)
            with _cancelled_with_us(job):
                job.result(page_size=_FIRST_PAGE, retry=retry())
            scanned = job.total_bytes_processed or 0
            self._owner.usage.bytes_scanned = (self._owner.usage.bytes_scanned or 0) + scanned
            return job

    def _conformed(
        self, rows: "RowIterator", reader: "BigQueryReadClient", schema: pa.Schema
    ) -> Generator[pa.RecordBatch, None, None]:
        with errors_named():
            for batch in rows.to_arrow_iterable(reader, max_stream_count=_MOST_STREAMS):
                yield conform(batch, schema)

    def _labels(self) -> dict[str, str]:
        """The tag as labels, which hold little: lower case, digits, dashes and underscores."""
        tag = self._owner.tag
        texts = {"cdp_asset": tag.asset, "cdp_run": tag.run_id} if tag else {}
        return {
            name: re.sub(r"[^a-z0-9_-]", "_", text.lower())[:_LONGEST_LABEL] for name, text in texts.items() if text
        }


@contextmanager
def _cancelled_with_us(job: "bigquery.QueryJob | bigquery.LoadJob") -> Iterator[None]:
    """Have a job stopped when we are, while it runs."""
    try:
        yield
    except Exception:
        raise
    except BaseException:
        with suppress(Exception):
            job.cancel(timeout=_CANCEL_TIMEOUT)
        raise
