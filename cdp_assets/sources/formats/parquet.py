"""Parquet. Values become text: timestamps (with a zone: in UTC) and dates in ISO 8601, nested values as JSON."""

import json
from collections.abc import Iterator, Sequence
from datetime import date, time
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cdp_assets.errors import SourceError
from cdp_assets.sources.formats.base import (
    BATCH_ROWS,
    Batch,
    Format,
    Rejected,
    check_names,
    check_required,
    empty_required,
)


class ParquetFormat(Format):
    """Columnar files; the line of a row is its number, from 1."""

    suffixes = (".parquet",)

    def batches(self, path: Path, required: Sequence[str]) -> Iterator[Batch]:
        row = 0
        for record_batch in _record_batches(path, required):
            columns = {
                name: _text(path, name, column)
                for name, column in zip(record_batch.schema.names, record_batch.columns, strict=True)
            }
            yield _without_bad(columns, record_batch.num_rows, required, row)
            row += record_batch.num_rows


def _record_batches(path: Path, required: Sequence[str]) -> Iterator[pa.RecordBatch]:
    try:
        with pq.ParquetFile(path) as file:
            check_names(path, file.schema_arrow.names)
            check_required(path, required, file.schema_arrow.names)
            yield from file.iter_batches(batch_size=BATCH_ROWS)
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{path.name} is not a Parquet file that can be read; send it again whole.") from error


def _text(path: Path, name: str, column: pa.Array) -> list[str | None]:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _text(path, name, column.dictionary_decode())
    try:
        if pa.types.is_nested(kind):
            return [None if v is None else _json(v) for v in column.to_pylist()]
        if pa.types.is_decimal(kind):
            return [None if v is None else f"{v:f}" for v in column.to_pylist()]
        if pa.types.is_timestamp(kind):
            zone = "Z" if kind.tz else ""
            moments = column.cast(pa.timestamp(kind.unit, "UTC")) if zone else column  # strftime tells the zone's time
            return [None if v is None else f"{v}{zone}" for v in pc.strftime(moments, "%Y-%m-%dT%H:%M:%S").to_pylist()]
        values: list[str | None] = column.cast(pa.string()).to_pylist()
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise SourceError(
            f"{path.name}: column {name} is of type {kind}, which cannot be kept as text; write it as text."
        ) from error
    return values


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: object) -> str:
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise TypeError(f"{type(value).__name__} is not JSON")


def _without_bad(columns: dict[str, list[str | None]], count: int, required: Sequence[str], before: int) -> Batch:
    """Set aside the rows with a zero byte, which warehouses do not keep, or an empty required value."""
    bad = {i: "it has a zero byte" for values in columns.values() for i, v in enumerate(values) if v and "\0" in v}
    spelled = [name for name in columns if name.lower() in {other.lower() for other in required}]
    for index in range(count) if spelled else ():
        reason = empty_required({name: columns[name][index] for name in spelled}, spelled)
        if reason:
            bad.setdefault(index, reason)
    if not bad:
        return Batch(columns, list(range(before + 1, before + count + 1)))
    rejected = [
        Rejected(before + index + 1, bad[index], _json({name: values[index] for name, values in columns.items()}))
        for index in sorted(bad)
    ]
    kept = [index for index in range(count) if index not in bad]
    return Batch(
        {name: [values[index] for index in kept] for name, values in columns.items()},
        [before + index + 1 for index in kept],
        rejected,
    )
