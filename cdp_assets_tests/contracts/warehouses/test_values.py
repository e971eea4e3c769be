"""What every warehouse promises of values and names: they come back as they went in."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp, select

from cdp_assets.tables import AMOUNT, BOOLEAN, DATE, FLOAT, INTEGER, TEXT, TIMESTAMP, Table
from cdp_assets.warehouses.base import WriteMode
from cdp_assets_tests.contracts.warehouses.rows import THING, read

HOSTILE = [
    "",
    " ",
    "NULL",
    "'; DROP TABLE raw.thing; --",
    'double " quote',
    "back\\slash \\N",
    "line\nbreak\r\n\ttab",
    "$1 ? %s {x} :name",
    "é n\u0303 ß İ 日本",
    "مرحبا\u202e",
    "👩‍👩‍👧‍👦🇫🇷",
    "x" * 65_536,
]
VALUES = {
    "text": (TEXT, HOSTILE),
    "float": (FLOAT, [0.0, -0.1, 1e-300, 1.7976931348623157e308, 5e-324]),
    "integer": (INTEGER, [0, -1, 2**63 - 1, -(2**63)]),
    "boolean": (BOOLEAN, [True, False]),
    "date": (DATE, [date(1, 1, 1), date(1890, 2, 28), date(1969, 12, 31), date(2024, 2, 29), date(9999, 12, 31)]),
    "timestamp": (
        TIMESTAMP,
        [
            datetime(1890, 1, 1, tzinfo=UTC),
            datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
            datetime(2026, 3, 29, 1, 30, 0, 1, tzinfo=UTC),
            datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        ],
    ),
    "amount": (AMOUNT, [Decimal("0.0000"), Decimal("-0.0001"), Decimal("99999999999999.9999")]),
}
NAMES = ["two words", 'a "quote"', "it's", "UPPER", "Mixed", "select", "from", "order", "é 日本", "a.b", "x; --", "1st"]


@pytest.mark.parametrize("mode", list(WriteMode))
def test_each_type_comes_back_with_its_nulls(warehouse, mode):
    count = max(len(values) for _, values in VALUES.values()) + 1
    columns = {kind: pa.array([*values, *[None] * (count - len(values))], t) for kind, (t, values) in VALUES.items()}
    rows = pa.table({"id": pa.array(range(count), INTEGER)} | columns)
    assert warehouse.write_arrow(THING, rows, mode, ["id"]) == count

    found = warehouse.read_arrow(select("*").from_(THING.expression()).order_by("id"))
    assert found.schema.remove_metadata() == rows.schema
    assert found.to_pylist() == rows.to_pylist()


@pytest.mark.parametrize("mode", list(WriteMode))
def test_a_table_without_rows_keeps_its_types(warehouse, mode):
    schema = pa.schema([(kind, type_) for kind, (type_, _) in VALUES.items()])
    assert warehouse.write_arrow(THING, schema.empty_table(), mode, ["text"]) == 0

    assert warehouse.read_arrow(select("*").from_(THING.expression())).schema.remove_metadata() == schema


def test_any_column_name_works_as_column_and_as_key(warehouse):
    first, later = NAMES[:-1], NAMES[-1]
    for value in ("a", "b"):
        rows = pa.table({name: ["k"] for name in first} | {"value": [value]})
        warehouse.write_arrow(THING, rows, WriteMode.MERGE, first)
    warehouse.write_arrow(THING, pa.table({name: ["l"] for name in NAMES}), WriteMode.APPEND)

    assert list(warehouse.columns(THING)) == [*first, "value", later]
    columns = [exp.column(name, quoted=True) for name in NAMES]
    query = select(*columns).from_(THING.expression()).where(exp.column("value").eq("b"))
    assert warehouse.read_arrow(query).to_pylist() == [dict.fromkeys(first, "k") | {later: None}]


def test_any_schema_and_table_name_works_in_every_operation(warehouse):
    for name in NAMES:
        table = Table(name, name)
        with warehouse.transaction():
            for mode in WriteMode:
                warehouse.write_arrow(table, pa.table({"id": [1]}), mode, ["id"])
            warehouse.write_select(table, select("id").from_(table.expression()), WriteMode.APPEND)
            assert list(warehouse.columns(table)) == ["id"]
            assert warehouse.row_count(table) == 2

    assert warehouse.tables() == sorted(Table(name, name) for name in NAMES)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1, max_size=20))
def test_any_text_comes_back_and_can_be_looked_up(warehouse, texts):
    warehouse.write_arrow(THING, pa.table({"id": range(len(texts)), "value": pa.array(texts, TEXT)}))

    assert [row["value"] for row in read(warehouse)] == texts
    found = select("id").from_(THING.expression()).where(exp.column("value").eq(exp.Literal.string(texts[0])))
    assert 0 in warehouse.read_arrow(found)["id"].to_pylist()


def test_a_time_without_microseconds_to_spare_is_compared_in_utc(warehouse):
    at = datetime(2026, 6, 30, tzinfo=UTC)
    warehouse.write_arrow(THING, pa.table({"id": [1], "at": pa.array([at], TIMESTAMP)}))

    same = select("id").from_(THING.expression()).where("CAST(\"at\" AS DATE) = CAST('2026-06-30' AS DATE)")
    assert warehouse.read_arrow(same)["id"].to_pylist() == [1]
