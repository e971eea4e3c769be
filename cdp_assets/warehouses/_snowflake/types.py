"""Arrow's types in Snowflake and back, and Arrow's rows as the Parquet files that Snowflake loads."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cdp_assets.errors import CdpError, WarehouseError
from cdp_assets.warehouses._snowflake.sql import unfold

TEXT, FLOAT, INTEGER, BOOLEAN, DATE = "VARCHAR", "FLOAT", "NUMBER(38,0)", "BOOLEAN", "DATE"
TIMESTAMP, LOCAL_TIMESTAMP = "TIMESTAMP_TZ", "TIMESTAMP_NTZ"
UTC_MICROSECONDS = pa.timestamp("us", tz="UTC")
PART_BYTES = 64 * 2**20
"""How many bytes of Arrow go into one file: few enough to hold, many enough for Snowflake to load well."""

_LARGEST_DECIMAL = 38
_AS_TOLD = {"REAL": FLOAT, "TEXT": TEXT, "TIMESTAMP": LOCAL_TIMESTAMP}
_READ = {
    "REAL": pa.float64(),
    "DATE": pa.date32(),
    "BOOLEAN": pa.bool_(),
    "BINARY": pa.binary(),
    "TIME": pa.time64("us"),
}


def stored_type(name: str, type_: pa.DataType) -> tuple[str, pa.DataType]:
    """How a column of an Arrow type is held, and the Arrow type its Parquet file has.

    Raises:
        WarehouseError: Snowflake has no type for it.
    """
    types = pa.types
    if types.is_dictionary(type_):
        return stored_type(name, type_.value_type)
    if types.is_timestamp(type_):
        return (TIMESTAMP, UTC_MICROSECONDS) if type_.tz else (LOCAL_TIMESTAMP, pa.timestamp("us"))
    if types.is_decimal(type_) and type_.precision <= _LARGEST_DECIMAL and type_.scale >= 0:
        return f"NUMBER({type_.precision},{type_.scale})", pa.decimal128(type_.precision, type_.scale)
    fitting: list[tuple[Callable[[pa.DataType], bool], tuple[str, pa.DataType]]] = [
        (types.is_string, (TEXT, pa.string())),
        (types.is_large_string, (TEXT, pa.string())),
        (types.is_string_view, (TEXT, pa.string())),
        (types.is_null, (TEXT, pa.string())),
        (types.is_uint64, (INTEGER, pa.decimal128(20, 0))),
        (types.is_integer, (INTEGER, pa.int64())),
        (types.is_floating, (FLOAT, pa.float64())),
        (types.is_boolean, (BOOLEAN, pa.bool_())),
        (types.is_date, (DATE, pa.date32())),
    ]
    for fits, stored in fitting:
        if fits(type_):
            return stored
    raise WarehouseError(f"the column {name} holds {type_}, which is not written to Snowflake; make a text of it.")


def told_type(kind: str, precision: int | None, scale: int | None) -> str:
    """The type a column is given whose type Snowflake told of, wide enough for what comes later.

    A literal's type is as narrow as the literal, so text and whole numbers get the widest there is.
    """
    if kind == "FIXED":
        return f"NUMBER({precision},{scale})" if scale else INTEGER
    return _AS_TOLD.get(kind, kind)


def read_type(kind: str, precision: int | None, scale: int | None) -> pa.DataType:
    """The Arrow type that results of a type come in; what Arrow has no like of comes as text."""
    if kind == "FIXED":
        return pa.decimal128(precision or _LARGEST_DECIMAL, scale) if scale else pa.int64()
    if kind.startswith("TIMESTAMP"):
        return UTC_MICROSECONDS
    return _READ.get(kind, pa.string())


def catalogue_type(kind: object, precision: object, scale: object) -> str:
    """A column's type as the catalogue tells it, with what makes a number's type whole."""
    return f"{kind}({precision},{scale})" if kind == "NUMBER" and precision is not None else str(kind)


def result_schema(description: Sequence[Any], kinds: Callable[[int], str]) -> pa.Schema:
    """The schema of a result, from what the cursor tells of it: chunks of one result differ in theirs."""
    return pa.schema(
        [
            (unfold(column.name), read_type(kinds(column.type_code), column.precision, column.scale))
            for column in description
        ]
    )


def fitted(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A chunk of a result in the schema of the whole.

    Raises:
        WarehouseError: a value does not fit, such as a whole number beyond 64 bits.
    """
    return pa.Table.from_arrays(
        [_fitted(field, column) for field, column in zip(schema, table.columns, strict=True)], schema=schema
    )


def _fitted(field: pa.Field, column: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return column.cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise WarehouseError(
            f"the column {field.name} has a value that {field.type} cannot hold; the value is not shown."
        ) from None


class Parts:
    """Rows as Parquet files in a folder, written one at a time as they are asked for."""

    def __init__(self, rows: pa.RecordBatchReader, folder: Path) -> None:
        self.row_count = 0
        self._rows = rows
        self._folder = folder
        types = [stored_type(field.name, field.type)[1] for field in rows.schema]
        self._schema = pa.schema([(f"C{number}", type_) for number, type_ in enumerate(types)])

    def __iter__(self) -> Iterator[Path]:
        for number, batches in enumerate(_portions(self._rows)):
            path = self._folder / f"part_{number}.parquet"
            with pq.ParquetWriter(path, self._schema) as writer:
                for batch in batches:
                    self.row_count += batch.num_rows
                    writer.write_batch(self._storable(batch))
            yield path
            path.unlink()

    def _storable(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        columns = [
            _stored(name, column, field.type)
            for name, column, field in zip(batch.schema.names, batch.columns, self._schema, strict=True)
        ]
        return pa.RecordBatch.from_arrays(columns, schema=self._schema)


def _stored(name: str, column: pa.Array, type_: pa.DataType) -> pa.Array:
    try:
        return pc.cast(column, type_, safe=not pa.types.is_timestamp(type_))  # finer than microseconds is cut off
    except pa.ArrowInvalid:
        raise WarehouseError(f"the column {name} has a value that {type_} cannot hold; it is not shown.") from None


def _portions(batches: Iterable[pa.RecordBatch]) -> Iterator[Iterator[pa.RecordBatch]]:
    """The batches that have rows, in portions of about `PART_BYTES`; each is to be used up before the next."""
    with_rows = (batch for batch in _read(batches) if batch.num_rows)
    for first in with_rows:
        yield _portion(first, with_rows)


def _read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The batches; what breaks their stream off is told without its message, which may quote them.

    Raises:
        WarehouseError: the stream broke off.
    """
    try:
        yield from batches
    except CdpError:
        raise
    except Exception as error:  # whatever the source of the rows raises
        raise WarehouseError(f"the rows to write broke off: {type(error).__name__}.") from None


def _portion(first: pa.RecordBatch, others: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield first
    size = first.nbytes
    while size < PART_BYTES and (batch := next(others, None)) is not None:
        yield batch
        size += batch.nbytes
