from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdp_assets.errors import SourceError
from cdp_assets.sources.formats.base import FormatOptions
from cdp_assets.sources.formats.parquet import ParquetFormat
from cdp_assets_tests.unit.sources.reading import Content, read

NOON = datetime(2026, 6, 30, 12, 0, 0, 250_000, tzinfo=UTC)
NESTED = pa.struct([("at", pa.timestamp("us", "UTC")), ("price", pa.decimal128(9, 2)), ("tags", pa.list_(pa.string()))])


@pytest.fixture
def parse(tmp_path: Path):
    def parse(table: pa.Table, required: tuple[str, ...] = ()) -> Content:
        path = tmp_path / "orders.parquet"
        pq.write_table(table, path)
        return read(ParquetFormat(FormatOptions()), path, required)

    return parse


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        ("é 👩‍👩‍👧", pa.string(), "é 👩‍👩‍👧"),
        ("é", pa.large_string(), "é"),
        ("é", pa.dictionary(pa.int32(), pa.string()), "é"),
        ("é".encode(), pa.binary(), "é"),
        (2**63 - 1, pa.int64(), "9223372036854775807"),
        (2**64 - 1, pa.uint64(), "18446744073709551615"),
        (0.1, pa.float64(), "0.1"),
        (True, pa.bool_(), "true"),
        (Decimal("10.5000"), pa.decimal128(18, 4), "10.5000"),
        (Decimal("0.00000001"), pa.decimal128(18, 8), "0.00000001"),
        (date(1890, 1, 2), pa.date32(), "1890-01-02"),
        (time(1, 2, 3), pa.time64("us"), "01:02:03.000000"),
        (NOON.replace(tzinfo=None), pa.timestamp("us"), "2026-06-30T12:00:00.250000"),
        (NOON, pa.timestamp("us", "UTC"), "2026-06-30T12:00:00.250000Z"),
        (NOON, pa.timestamp("ms", "Europe/Paris"), "2026-06-30T12:00:00.250Z"),
        (NOON, pa.timestamp("us", "-08:00"), "2026-06-30T12:00:00.250000Z"),
        (NOON.replace(year=1890, tzinfo=None), pa.timestamp("ms"), "1890-06-30T12:00:00.250"),
        (["é", None], pa.list_(pa.string()), '["é", null]'),
        ({"at": NOON, "price": Decimal("1.50"), "tags": ["a"]}, NESTED,
         '{"at": "2026-06-30T12:00:00.250000+00:00", "price": "1.50", "tags": ["a"]}'),
    ],
)  # fmt: skip
def test_each_type_has_one_text_and_null_stays_null(parse, value, kind, text):
    assert parse(pa.table({"a": pa.array([value, None], kind)})).rows == [{"a": text}, {"a": None}]


def test_a_column_of_nulls_is_null(parse):
    assert parse(pa.table({"id": ["1"], "a": pa.nulls(1)})).rows == [{"id": "1", "a": None}]


@pytest.mark.parametrize("values", [pa.array([b"\xff"]), pa.array([[b"\xff"]])], ids=["flat", "nested"])
def test_bytes_that_are_no_text_are_refused_with_column_and_type(parse, values):
    with pytest.raises(SourceError, match=r"orders\.parquet: column photo is of type .*binary.*, which cannot be kept"):
        parse(pa.table({"photo": values}))


def test_rows_are_numbered_from_one_over_row_groups(tmp_path):
    path = tmp_path / "orders.parquet"
    pq.write_table(pa.table({"id": [str(i) for i in range(10)]}), path, row_group_size=3)

    assert read(ParquetFormat(FormatOptions()), path).lines == list(range(1, 11))


def test_rows_without_a_required_value_or_with_a_zero_byte_are_set_aside(parse):
    content = parse(pa.table({"ID": ["1", None, " ", "4", "5"], "note": ["a", "b", "c", "d\0e", None]}), ("id",))

    assert content.rows == [{"ID": "1", "note": "a"}, {"ID": "5", "note": None}]
    assert content.lines == [1, 5]
    empty = "the required column ID is empty"
    assert content.reasons == {2: empty, 3: empty, 4: "it has a zero byte"}
    assert content.rejected[0].row == '{"ID": null, "note": "b"}'


def test_a_missing_required_column_is_told_with_those_found(parse):
    with pytest.raises(SourceError, match=r"orders\.parquet lacks the required column id; it has: a, b\."):
        parse(pa.table({"a": ["1"], "b": ["2"]}), ("id",))


@pytest.mark.parametrize("names", [["a", "a"], ["a", "A"], ["a", ""]])
def test_columns_that_cannot_be_told_apart_are_refused(parse, names):
    with pytest.raises(SourceError, match="each column needs a name of its own"):
        parse(pa.table([pa.array(["1"]), pa.array(["2"])], names=names))


def test_a_table_without_rows_is_read(parse):
    assert parse(pa.table({"id": pa.array([], pa.string())}), ("id",)) == Content([], [], [])


@pytest.mark.parametrize("damage", ["truncated", "data", "not parquet", "empty"])
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, damage: str):
    path = tmp_path / "orders.parquet"
    pq.write_table(pa.table({"id": [str(i) for i in range(50_000)]}), path)
    whole = path.read_bytes()
    content: dict[str, Any] = {
        "truncated": whole[:-100],
        "data": whole[:200] + bytes(2800) + whole[3000:],
        "not parquet": b"id\n1\n",
        "empty": b"",
    }
    path.write_bytes(content[damage])

    with pytest.raises(SourceError, match=r"orders\.parquet is not a Parquet file that can be read"):
        read(ParquetFormat(FormatOptions()), path)
