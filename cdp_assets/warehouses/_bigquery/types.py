"""BigQuery's types and Arrow's, and rows as the Parquet file that a load job takes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cdp_assets.errors import WarehouseError
from cdp_assets.tables import AMOUNT, TIMESTAMP

_FROM_ARROW = (
    (pa.types.is_boolean, "BOOL", pa.bool_()),
    (pa.types.is_integer, "INT64", pa.int64()),
    (pa.types.is_floating, "FLOAT64", pa.float64()),
    (pa.types.is_date, "DATE", pa.date32()),
    (pa.types.is_timestamp, "TIMESTAMP", TIMESTAMP),
    (pa.types.is_time, "TIME", pa.time64("us")),
    (lambda type_: _is_text(type_) or pa.types.is_null(type_), "STRING", pa.string()),
    (lambda type_: pa.types.is_binary(type_) or pa.types.is_large_binary(type_), "BYTES", pa.binary()),
)
_SPELLED = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL", "RECORD": "STRUCT"}
_TO_ARROW = {
    "INT64": pa.int64(),
    "FLOAT64": pa.float64(),
    "BOOL": pa.bool_(),
    "DATE": pa.date32(),
    "TIMESTAMP": TIMESTAMP,
    "DATETIME": pa.timestamp("us"),
    "TIME": pa.time64("us"),
    "BYTES": pa.binary(),
    "NUMERIC": AMOUNT,
    "BIGNUMERIC": pa.decimal256(76, 38),
}


@dataclass(frozen=True)
class Field:
    """A column of rows on their way in: its name, BigQuery's type, and the Arrow type that is loaded as that.

    Rows whose every value is null may have no type of their own; theirs is the one the table gives the column.
    """

    name: str
    type: str
    loaded_as: pa.DataType
    untyped: bool = False


def fields_of(schema: pa.Schema) -> list[Field]:
    """How the columns of Arrow rows are held.

    Raises:
        WarehouseError: a column has a type that is not held.
    """
    return [_field(field) for field in schema]


def fields_of_result(fields: Iterable[Any]) -> list[Field]:
    """How the columns of a query's result are held."""
    amount = f"NUMERIC({AMOUNT.precision}, {AMOUNT.scale})"
    types = {field.name: spelled(field) for field in fields}
    return [Field(name, amount if type_ == "NUMERIC" else type_, pa.null()) for name, type_ in types.items()]


def spelled(field: Any) -> str:  # noqa: ANN401 - google-cloud-bigquery's SchemaField; the library is imported lazily
    """A column's type as SQL writes it, from what the service's API tells of it."""
    name = _SPELLED.get(field.field_type, field.field_type)
    if name == "STRUCT":
        name = f"STRUCT<{', '.join(f'{inner.name} {spelled(inner)}' for inner in field.fields)}>"
    if field.precision is not None:
        name += f"({field.precision}, {field.scale})" if field.scale else f"({field.precision})"
    return f"ARRAY<{name}>" if field.mode == "REPEATED" else str(name)


def arrow_schema(fields: Iterable[Any]) -> pa.Schema:
    """The Arrow schema of a query's result; known before there is a row.

    A result's `NUMERIC` does not tell its scale: amounts have four digits after the point.
    """
    return pa.schema([(field.name, _arrow_type(field)) for field in fields])


def conform(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch with the schema's types.

    Raises:
        WarehouseError: a number does not fit its type; the value is not shown.
    """
    columns = [_cast(column, field) for column, field in zip(batch.columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def write_parquet(file: BinaryIO, rows: pa.RecordBatchReader, fields: Sequence[Field]) -> int:
    """Write the rows batch by batch, each column named by its place; returns how many.

    Load jobs take plain names only; the columns get theirs in the statement that reads the loaded table.
    """
    staged = pa.schema([(staged_name(place), field.loaded_as) for place, field in enumerate(fields)])
    count = 0
    with pq.ParquetWriter(file, staged) as writer:
        for batch in rows:
            writer.write_batch(conform(batch, staged))
            count += batch.num_rows
    return count


def staged_columns(fields: Sequence[Field]) -> list[dict[str, Any]]:
    """The columns of the table that a load job fills, as the service's API takes them."""
    columns: list[dict[str, Any]] = []
    for place, field in enumerate(fields):
        name, _, size = field.type.rstrip(")").partition("(")
        column: dict[str, Any] = {"name": staged_name(place), "field_type": name}
        if size:
            column["precision"], column["scale"] = map(int, size.split(","))
        columns.append(column)
    return columns


def staged_name(place: int) -> str:
    """What a column is called in the table that a load job fills."""
    return f"c{place}"


def _field(field: pa.Field) -> Field:
    type_ = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    for matches, name, loaded_as in _FROM_ARROW:
        if matches(type_):
            return Field(field.name, name, loaded_as, pa.types.is_null(type_))
    if pa.types.is_decimal(type_) and type_.scale >= 0:
        return _decimal_field(field.name, type_.precision, type_.scale)
    raise WarehouseError(f"BigQuery cannot hold the column {field.name!r}: rows of type {type_} are not written.")


def _decimal_field(name: str, precision: int, scale: int) -> Field:
    if scale == 0:
        return Field(name, "INT64", pa.int64())
    held = "NUMERIC" if scale <= 9 and precision - scale <= 29 else "BIGNUMERIC"
    return Field(name, f"{held}({precision}, {scale})", pa.decimal128(precision, scale))


def _arrow_type(field: Any) -> pa.DataType:  # noqa: ANN401
    name = _SPELLED.get(field.field_type, field.field_type)
    inner = pa.struct([(one.name, _arrow_type(one)) for one in field.fields]) if name == "STRUCT" else None
    type_ = inner or _TO_ARROW.get(name, pa.string())
    return pa.list_(type_) if field.mode == "REPEATED" else type_


def _cast(column: pa.Array, field: pa.Field) -> pa.Array:
    if column.type == field.type:
        return column
    try:
        if pa.types.is_decimal(field.type) and pa.types.is_decimal(column.type):
            column = pc.round(column, ndigits=field.type.scale, round_mode="half_towards_infinity")
        return column.cast(field.type)
    except pa.ArrowInvalid:
        raise WarehouseError(f"a value of {field.name!r} does not fit {field.type}; it is not shown.") from None


def _is_text(type_: pa.DataType) -> bool:
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_))
