"""Parquet. Values become text: timestamps and dates in ISO 8601, nested values as JSON."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cdp_assets.errors import SourceError
from cdp_assets.sources.formats.base import BATCH_ROWS, Batch, Format, Rejected, check_required, empty_required


class ParquetFormat(Format):
    """Columnar files; the line of a row is its number, from 1."""

    suffixes = (".parquet",)

    def batches(self, path: Path, required: Sequence[str]) -> Iterator[Batch]:
        try:
            file = pq.ParquetFile(path)
        except (pa.ArrowException, OSError) as error:
            raise SourceError(f"{path.name} is not a Parquet file that can be read; send it again whole.") from error
        check_required(path, required, file.schema_arrow.names)
        row = 0
        with file:
            for record_batch in file.iter_batches(batch_size=BATCH_ROWS):
                columns = {
                    name: _text(path, name, column)
                    for name, column in zip(record_batch.schema.names, record_batch.columns, strict=True)
                }
                yield _without_empty(columns, required, row)
                row += record_batch.num_rows


def _text(path: Path, name: str, column: pa.Array) -> list[str | None]:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _text(path, name, column.dictionary_decode())
    if pa.types.is_nested(kind):
        return [None if v is None else json.dumps(v, ensure_ascii=False, default=str) for v in column.to_pylist()]
    if pa.types.is_timestamp(kind):
        zone = "Z" if kind.tz else ""
        return [None if v is None else f"{v}{zone}" for v in pc.strftime(column, "%Y-%m-%dT%H:%M:%S").to_pylist()]
    try:
        values: list[str | None] = column.cast(pa.string()).to_pylist()
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise SourceError(
            f"{path.name}: column {name} is of type {kind}, which cannot be kept as text; write it as text."
        ) from error
    return values


def _without_empty(columns: dict[str, list[str | None]], required: Sequence[str], before: int) -> Batch:
    """Set aside the rows whose required values are empty."""
    count = len(next(iter(columns.values()), []))
    if not required:
        return Batch(columns, list(range(before + 1, before + count + 1)))
    spelled = [name for name in columns if name.lower() in {other.lower() for other in required}]
    rejected = {}
    for index in range(count):
        reason = empty_required({name: columns[name][index] for name in spelled}, spelled)
        if reason:
            text = json.dumps({name: values[index] for name, values in columns.items()}, ensure_ascii=False)
            rejected[index] = Rejected(before + index + 1, reason, text)
    kept = [index for index in range(count) if index not in rejected]
    return Batch(
        {name: [values[index] for index in kept] for name, values in columns.items()},
        [before + index + 1 for index in kept],
        list(rejected.values()),
    )
