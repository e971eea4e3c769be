"""How values get into BigQuery's types and out of them."""

import io
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.cloud.bigquery import SchemaField

from cdp_assets.errors import WarehouseError
from cdp_assets.tables import AMOUNT, TIMESTAMP
from cdp_assets.warehouses._bigquery.types import (
    arrow_schema,
    conform,
    fields_of,
    fields_of_result,
    spelled,
    staged_columns,
    write_parquet,
)


@pytest.mark.parametrize(
    ("arrow", "held"),
    [
        (pa.string(), "STRING"),
        (pa.large_string(), "STRING"),
        (pa.string_view(), "STRING"),
        (pa.dictionary(pa.int32(), pa.string()), "STRING"),
        (pa.null(), "STRING"),
        (pa.float64(), "FLOAT64"),
        (pa.int64(), "INT64"),
        (pa.int32(), "INT64"),
        (pa.bool_(), "BOOL"),
        (pa.date32(), "DATE"),
        (TIMESTAMP, "TIMESTAMP"),
        (pa.timestamp("ns"), "TIMESTAMP"),
        (pa.binary(), "BYTES"),
        (AMOUNT, "NUMERIC(18, 4)"),
        (pa.decimal128(38, 9), "NUMERIC(38, 9)"),
        (pa.decimal128(38, 10), "BIGNUMERIC(38, 10)"),
        (pa.decimal128(38, 0), "INT64"),
    ],
)
def test_each_arrow_type_is_held_as_one_of_bigquerys(arrow, held):
    assert [field.type for field in fields_of(pa.schema([("a", arrow)]))] == [held]


@pytest.mark.parametrize("arrow", [pa.list_(pa.int64()), pa.struct([("a", pa.int64())]), pa.duration("s")])
def test_a_type_that_is_not_held_is_refused_by_the_columns_name(arrow):
    with pytest.raises(WarehouseError, match="cannot hold the column 'tags'"):
        fields_of(pa.schema([("tags", arrow)]))


def test_rows_are_loaded_as_columns_that_any_load_job_takes():
    rows = pa.table({"it's": pa.array([1], pa.int32()), "n": pa.array([Decimal("1.5")], AMOUNT)})
    fields, file = fields_of(rows.schema), io.BytesIO()

    assert write_parquet(file, rows.to_reader(), fields) == 1
    assert pq.read_table(file).schema == pa.schema([("c0", pa.int64()), ("c1", AMOUNT)])
    assert staged_columns(fields) == [
        {"name": "c0", "field_type": "INT64"},
        {"name": "c1", "field_type": "NUMERIC", "precision": 18, "scale": 4},
    ]


def test_the_schema_of_a_result_is_known_without_a_row():
    fields = [
        SchemaField("i", "INTEGER"),
        SchemaField("f", "FLOAT"),
        SchemaField("b", "BOOLEAN"),
        SchemaField("t", "TIMESTAMP"),
        SchemaField("n", "NUMERIC"),
        SchemaField("j", "JSON"),
        SchemaField("l", "STRING", mode="REPEATED"),
        SchemaField("s", "RECORD", fields=[SchemaField("x", "DATE")]),
    ]
    assert arrow_schema(fields) == pa.schema(
        [
            ("i", pa.int64()),
            ("f", pa.float64()),
            ("b", pa.bool_()),
            ("t", TIMESTAMP),
            ("n", AMOUNT),
            ("j", pa.string()),
            ("l", pa.list_(pa.string())),
            ("s", pa.struct([("x", pa.date32())])),
        ]
    )
    assert [field.type for field in fields_of_result(fields)] == [
        "INT64",
        "FLOAT64",
        "BOOL",
        "TIMESTAMP",
        "NUMERIC(18, 4)",
        "JSON",
        "ARRAY<STRING>",
        "STRUCT<x DATE>",
    ]


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (SchemaField("a", "NUMERIC", precision=18, scale=4), "NUMERIC(18, 4)"),
        (SchemaField("a", "NUMERIC", precision=10), "NUMERIC(10)"),
        (SchemaField("a", "NUMERIC"), "NUMERIC"),
        (SchemaField("a", "INTEGER", mode="REPEATED"), "ARRAY<INT64>"),
    ],
)
def test_types_are_spelled_as_sql_spells_them(field, text):
    assert spelled(field) == text


def test_amounts_of_nine_digits_are_rounded_to_four_away_from_zero():
    found = [Decimal("99999999999999.9999"), Decimal("1.00005"), Decimal("-1.00005"), None]
    batch = pa.record_batch({"n": pa.array(found, pa.decimal128(38, 9))})
    assert conform(batch, pa.schema([("n", AMOUNT)]))["n"].to_pylist() == [
        Decimal("99999999999999.9999"),
        Decimal("1.0001"),
        Decimal("-1.0001"),
        None,
    ]


def test_a_value_that_does_not_fit_is_not_shown():
    batch = pa.record_batch({"n": pa.array([Decimal(123456789012345)], pa.decimal128(38, 9))})
    with pytest.raises(WarehouseError, match="'n' does not fit decimal128") as refused:
        conform(batch, pa.schema([("n", AMOUNT)]))
    assert "123456" not in str(refused.value)
    assert refused.value.__cause__ is None
