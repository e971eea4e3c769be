"""Arrow's types in Snowflake and back, and rows as the files Snowflake loads."""

from collections import namedtuple
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdp_assets.errors import DataError, WarehouseError
from cdp_assets.warehouses._snowflake import types

Told = namedtuple("Told", "name type_code precision scale", defaults=(None, None))  # as the driver tells a column
UTC_US = pa.timestamp("us", tz="UTC")


@pytest.mark.parametrize(
    ("arrow", "held"),
    [
        (pa.string(), "VARCHAR"),
        (pa.large_string(), "VARCHAR"),
        (pa.string_view(), "VARCHAR"),
        (pa.dictionary(pa.int8(), pa.string()), "VARCHAR"),
        (pa.null(), "VARCHAR"),
        (pa.float32(), "FLOAT"),
        (pa.int32(), "NUMBER(38,0)"),
        (pa.uint64(), "NUMBER(38,0)"),
        (pa.bool_(), "BOOLEAN"),
        (pa.date32(), "DATE"),
        (pa.decimal128(18, 4), "NUMBER(18,4)"),
        (UTC_US, "TIMESTAMP_TZ"),
        (pa.timestamp("ns", tz="Europe/Paris"), "TIMESTAMP_TZ"),
        (pa.timestamp("us"), "TIMESTAMP_NTZ"),
    ],
)
def test_every_type_that_comes_has_one_in_snowflake(arrow, held):
    assert types.stored_type("a", arrow)[0] == held


@pytest.mark.parametrize("arrow", [pa.list_(pa.string()), pa.struct([("a", pa.int64())]), pa.decimal256(60, 2)])
def test_what_snowflake_has_no_type_for_is_refused_by_name(arrow):
    with pytest.raises(WarehouseError, match="the column address holds"):
        types.stored_type("address", arrow)


def test_text_and_whole_numbers_of_a_query_get_the_widest_types():
    assert types.told_type("TEXT", None, None) == "VARCHAR"  # not VARCHAR(1), which 'a' is
    assert types.told_type("FIXED", 1, 0) == "NUMBER(38,0)"  # not NUMBER(1,0), which 1 is
    assert types.told_type("FIXED", 18, 4) == "NUMBER(18,4)"


def test_a_result_has_one_schema_whatever_its_chunks_come_in():
    kinds = ["FIXED", "FIXED", "TEXT", "TIMESTAMP_NTZ", "TIMESTAMP_TZ", "DATE", "VARIANT"]
    told = [Told("ID", 0, 38, 0), Told("AMOUNT", 1, 18, 4), *(Told(f"C{n}", n) for n in range(2, 7))]
    schema = types.result_schema(told, kinds.__getitem__)

    moment = datetime(1890, 1, 1, tzinfo=UTC)
    naive = pa.array([moment.replace(tzinfo=None)], pa.timestamp("us"))
    chunk = pa.table(
        [
            pa.array([7], pa.int8()),
            pa.array([Decimal("1.5000")], pa.decimal128(38, 4)),
            pa.array(["a"]),
            naive,
            pa.array([moment], pa.timestamp("us", tz="Europe/Paris")),
            pa.array([date(1, 1, 1)]),
            pa.array(["{}"]),
        ],
        names=list("abcdefg"),
    )
    assert schema.names == ["id", "amount", "c2", "c3", "c4", "c5", "c6"]
    assert schema.types == [pa.int64(), pa.decimal128(18, 4), pa.string(), UTC_US, UTC_US, pa.date32(), pa.string()]
    assert [tuple(row.values()) for row in types.fitted(chunk, schema).to_pylist()] == [
        (7, Decimal("1.5000"), "a", moment, moment, date(1, 1, 1), "{}")
    ]


def test_a_number_beyond_64_bits_is_refused_without_being_shown():
    chunk = pa.table({"ID": pa.array([Decimal(10**20)], pa.decimal128(38, 0))})

    with pytest.raises(WarehouseError, match="the column id has a value that int64 cannot hold") as refused:
        types.fitted(chunk, pa.schema([("id", pa.int64())]))
    assert "1000" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_numbers_of_the_catalogue_are_told_whole():
    assert types.catalogue_type("NUMBER", 38, 0) == "NUMBER(38,0)"
    assert types.catalogue_type("TEXT", None, None) == "TEXT"


def test_rows_become_files_of_bounded_size_of_which_one_is_there_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(types, "PART_BYTES", 100)
    batches = [pa.record_batch({"id": list(range(10 * n, 10 * n + 10))}) for n in range(5)]
    parts = types.Parts(pa.RecordBatchReader.from_batches(batches[0].schema, batches), tmp_path)

    found = []
    for path in parts:
        assert list(tmp_path.iterdir()) == [path]
        found.append(pq.read_table(path)["C0"].to_pylist())
    assert [value for values in found for value in values] == list(range(50))
    assert len(found) == 3
    assert parts.row_count == 50
    assert list(tmp_path.iterdir()) == []


def test_no_rows_make_no_file(tmp_path):
    assert list(types.Parts(pa.schema([("id", pa.int64())]).empty_table().to_reader(), tmp_path)) == []


def test_times_are_written_in_utc_and_microseconds(tmp_path):
    moment = datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    rows = pa.table({"at": pa.array([moment], pa.timestamp("ns", tz="Asia/Tokyo"))})

    [found] = [pq.read_table(path) for path in types.Parts(rows.to_reader(), tmp_path)]
    assert found.schema.types == [UTC_US]
    assert found["C0"].to_pylist() == [moment]


@pytest.mark.parametrize(
    ("broken", "told"),
    [(OSError("bob@example.com"), "the rows to write broke off: OSError"), (DataError("no key"), "no key")],
)
def test_a_stream_that_breaks_off_is_told_without_what_it_may_quote(tmp_path, broken, told):
    def batches():
        yield pa.record_batch({"id": [1]})
        raise broken

    parts = types.Parts(pa.RecordBatchReader.from_batches(pa.schema([("id", pa.int64())]), batches()), tmp_path)
    with pytest.raises((WarehouseError, DataError), match=told) as refused:
        list(parts)
    assert "bob" not in str(refused.value)
