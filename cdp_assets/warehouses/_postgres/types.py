"""How Arrow's types and PostgreSQL's become each other, for streams of rows out and in.

Rows come out as text, double, bigint, boolean, date, time, timestamp, bytes or decimals; whatever else a table holds
comes as text, arrays and composites as JSON.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from cdp_assets.errors import WarehouseError

_UTC = pa.timestamp("us", tz="UTC")
_PLAIN = {
    "bool": pa.bool_(),
    "int2": pa.int64(),
    "int4": pa.int64(),
    "int8": pa.int64(),
    "float4": pa.float64(),
    "float8": pa.float64(),
    "text": pa.string(),
    "varchar": pa.string(),
    "name": pa.string(),
    "bytea": pa.binary(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "timestamp": pa.timestamp("us"),
    "timestamptz": _UTC,
}
_UNBOUNDED = pa.decimal128(38, 9)
_FITS_INT64 = 18
_WRITTEN_ROWS = 65_536
_YEARS = {
    pa.date32(): (-719_162, 2_932_896),
    pa.timestamp("us"): (-62_135_596_800_000_000, 253_402_300_799_999_999),
}
"""The first and last value of the years 1 to 9999, in the units of each type since 1970."""


@dataclass(frozen=True)
class Reading:
    """How one column of a result is read: what is asked of the server for it, and the type that it ends up with."""

    name: str
    type: pa.DataType
    expression: str = "{0}"

    @classmethod
    def of(cls, field: pa.Field) -> "Reading":
        """How to read a column, by what the driver says of it.

        Raises:
            WarehouseError: it says nothing.
        """
        told = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
        kind = told.get("POSTGRESQL:type")
        if kind is None:
            raise WarehouseError("the driver tells no types: adbc-driver-postgresql must be 1.13 or newer.")
        if kind == "numeric":
            return cls._numeric(field.name, int(told.get("POSTGRESQL:typmod", "-1")))
        if kind in _PLAIN:
            return cls(field.name, _PLAIN[kind])
        nested = pa.types.is_list(field.type) or pa.types.is_struct(field.type)
        if nested or kind.startswith("unnamed"):  # the driver knows no type that is newer than the connection
            return cls(field.name, pa.string(), "TO_JSON({0}) #>> ARRAY[]::TEXT[]")  # scalars without quotes
        return cls(field.name, pa.string(), "CAST({0} AS TEXT)")

    @classmethod
    def _numeric(cls, name: str, modifier: int) -> "Reading":
        """Up to 18 digits travel as an integer, which both sides are quicker at; more digits travel as text."""
        precision, scale = (modifier - 4) >> 16 & 0xFFFF, (modifier - 4) & 0x7FF
        if modifier < 0 or precision > _UNBOUNDED.precision or scale > precision:
            return cls(name, _UNBOUNDED, f"CAST({{0}} AS NUMERIC({_UNBOUNDED.precision}, {_UNBOUNDED.scale}))")
        expression = f"CAST({{0}} * {10**scale} AS BIGINT)" if precision <= _FITS_INT64 else "{0}"
        return cls(name, pa.decimal128(precision, scale), expression)

    def convert(self, column: pa.Array) -> pa.Array:
        """The column as it arrived, in its type.

        Raises:
            WarehouseError: a value has no place in the type; the message names the column.
        """
        if isinstance(column, pa.ExtensionArray):
            column = column.storage
        if pa.types.is_decimal(self.type):
            return self._decimal(column)
        check_years(self.name, column)
        return column.cast(self.type)

    def _decimal(self, column: pa.Array) -> pa.Array:
        if pa.types.is_int64(column.type):  # the digits are there: only where the point is remains to be said
            digits = column.cast(pa.decimal128(19, 0))
            return pa.Array.from_buffers(self.type, len(digits), digits.buffers(), offset=digits.offset)
        try:
            return column.cast(self.type)
        except pa.ArrowInvalid:
            raise WarehouseError(
                f"column {self.name} holds a number, such as NaN, that {self.type} cannot; cast it to double precision."
            ) from None


def read_query(sql: str, readings: Sequence[Reading]) -> str:
    """The query, with each column asked for as its reading says."""
    if all(reading.expression == "{0}" for reading in readings):
        return sql
    names = [f"c{number}" for number in range(len(readings))]
    asked = ", ".join(f"{r.expression.format(name)} AS {name}" for r, name in zip(readings, names, strict=True))
    return f"SELECT {asked} FROM ({sql}) AS q ({', '.join(names)})"


def read_stream(batches: Iterator[pa.RecordBatch], readings: Sequence[Reading]) -> pa.RecordBatchReader:
    """The batches in the types of their readings."""
    schema = pa.schema([(reading.name, reading.type) for reading in readings])

    def converted() -> Iterator[pa.RecordBatch]:
        for batch in batches:
            columns = [r.convert(column) for r, column in zip(readings, batch.columns, strict=True)]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)

    return pa.RecordBatchReader.from_batches(schema, converted())


@dataclass(frozen=True)
class Writing:
    """How one column of Arrow is written: the type it is given first, and PostgreSQL's type for that."""

    name: str
    type: pa.DataType
    sql: str

    @classmethod
    def of(cls, name: str, kind: pa.DataType) -> "Writing":
        """How to write a column.

        Raises:
            WarehouseError: there is no way; the message names column and type.
        """
        if pa.types.is_dictionary(kind):
            return cls.of(name, kind.value_type)
        for is_kind, type_, sql in _WRITTEN:
            if is_kind(kind):
                return cls(name, type_, sql)
        if pa.types.is_decimal(kind):
            return cls(name, _decimal_type(kind), f"numeric({kind.precision},{max(kind.scale, 0)})")
        raise WarehouseError(f"column {name} is {kind}, which no column holds; write it as text, such as JSON.")

    def convert(self, column: pa.Array) -> pa.Array:
        """The column in the type that is written.

        Raises:
            WarehouseError: a value does not fit it; the message names the column.
        """
        try:
            column = column.cast(self.type, safe=not pa.types.is_timestamp(self.type))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise WarehouseError(f"column {self.name} holds a value that {self.sql} cannot.") from None
        check_years(self.name, column)
        return column


def write_stream(rows: pa.RecordBatchReader, writings: Sequence[Writing]) -> Iterator[pa.RecordBatch]:
    """The batches in the types that are written, none so large that the driver's copy of it would be."""
    schema = pa.schema([(writing.name, writing.type) for writing in writings])
    for batch in rows:
        for start in range(0, batch.num_rows, _WRITTEN_ROWS):
            columns = batch.slice(start, _WRITTEN_ROWS).columns
            converted = [w.convert(column) for w, column in zip(writings, columns, strict=True)]
            yield pa.RecordBatch.from_arrays(converted, schema=schema)


def check_years(name: str, column: pa.Array) -> None:
    """Check that times and dates lie in the years that every warehouse, and Python, has.

    Raises:
        WarehouseError: one does not; the message names the column.
    """
    unit = pa.timestamp("us") if pa.types.is_timestamp(column.type) else column.type
    if unit not in _YEARS:
        return
    first, last = _YEARS[unit]
    ends = pc.min_max(column.view(pa.int32() if pa.types.is_date32(unit) else pa.int64())).as_py()
    if ends["min"] is not None and (ends["min"] < first or ends["max"] > last):
        raise WarehouseError(
            f"column {name} holds infinity, or a time outside the years 1 to 9999; put null or another in its place."
        )


def _decimal_type(kind: pa.DataType) -> pa.DataType:
    wide = kind.precision > _UNBOUNDED.precision
    return pa.decimal256(kind.precision, kind.scale) if wide else pa.decimal128(kind.precision, max(kind.scale, 0))


def _is_text(kind: pa.DataType) -> bool:
    return any(is_kind(kind) for is_kind in (pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null))


def _is_bytes(kind: pa.DataType) -> bool:
    kinds = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    return any(is_kind(kind) for is_kind in kinds)


_WRITTEN = (
    (pa.types.is_string, pa.string(), "text"),
    (_is_text, pa.large_string(), "text"),
    (pa.types.is_boolean, pa.bool_(), "boolean"),
    (pa.types.is_uint64, pa.decimal128(20, 0), "numeric(20,0)"),
    (pa.types.is_integer, pa.int64(), "bigint"),
    (pa.types.is_floating, pa.float64(), "double precision"),
    (pa.types.is_date, pa.date32(), "date"),
    (pa.types.is_time, pa.time64("us"), "time"),
    (lambda kind: pa.types.is_timestamp(kind) and kind.tz is not None, _UTC, "timestamp with time zone"),
    (pa.types.is_timestamp, pa.timestamp("us"), "timestamp without time zone"),
    (_is_bytes, pa.large_binary(), "bytea"),
)
