"""Who asks a warehouse, and what the answers took."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pyarrow as pa


@dataclass(frozen=True)
class QueryTag:
    """The asset and run that statements are made for, shown in the warehouse's own history of queries."""

    asset: str
    run_id: str

    def __str__(self) -> str:
        return f"cdp {self.asset} {self.run_id}".rstrip()


@dataclass
class Usage:
    """What was read and written through one warehouse object since it was made; bytes are those of Arrow.

    `query_ids` and `bytes_scanned` are filled where the service tells them.
    """

    rows_read: int = 0
    bytes_read: int = 0
    rows_written: int = 0
    bytes_written: int = 0
    bytes_scanned: int | None = None
    query_ids: list[str] = field(default_factory=list)

    def read(self, rows: int, size: int) -> None:
        """Count what was read."""
        self.rows_read += rows
        self.bytes_read += size

    def counting_read(self, reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
        """The same stream, counted as it is read."""

        def counted() -> Iterator[pa.RecordBatch]:
            for batch in reader:
                self.read(batch.num_rows, batch.nbytes)
                yield batch

        return pa.RecordBatchReader.from_batches(reader.schema, counted())

    def counting_written(self, rows: "pa.Table | pa.RecordBatchReader") -> "pa.Table | pa.RecordBatchReader":
        """The same rows, whose bytes are counted: a table's at once, a stream's as it is written."""
        if isinstance(rows, pa.Table):
            self.bytes_written += rows.nbytes
            return rows

        def counted() -> Iterator[pa.RecordBatch]:
            for batch in rows:
                self.bytes_written += batch.nbytes
                yield batch

        return pa.RecordBatchReader.from_batches(rows.schema, counted())
