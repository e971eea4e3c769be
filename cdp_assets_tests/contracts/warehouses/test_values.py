"""What every warehouse promises of values and names: they come back as they went in."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp, select

from cdp_assets.errors import WarehouseError
from cdp_assets.tables import AMOUNT, BOOLEAN, DATE, FLOAT, INTEGER, TEXT, TIMESTAMP, Table
from cdp_assets.warehouses.base import Warehouse, WriteMode
from cdp_assets_tests.contracts.warehouses.rows import THING, lowered, read

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
FORBIDDEN = {"bigquery": {"columns": '".;', "tables": "\".;'", "schemas": "\".;' é-"}}
"""Characters that a warehouse has in no name; what has one of them is refused."""


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


@pytest.mark.parametrize("name", NAMES)
def test_a_column_may_have_any_name(warehouse, name):
    if unusable(warehouse, "columns", name):
        assert_refused(name, lambda: warehouse.write_arrow(THING, pa.table({name: ["k"]})))
        return
    for value in ("a", "b"):
        warehouse.write_arrow(THING, pa.table({name: ["k"], "value": [value]}), WriteMode.MERGE, [name])
    warehouse.write_arrow(THING, pa.table({f"{name}_later": ["l"]}), WriteMode.APPEND)

    assert lowered(warehouse.columns(THING)) == lowered([name, "value", f"{name}_later"])
    query = select(exp.column(name, quoted=True)).from_(THING.expression()).where(exp.column("value").eq("b"))
    found = warehouse.read_arrow(query)
    assert lowered(found.column_names) == lowered([name])
    assert found.to_pylist() == [{found.column_names[0]: "k"}]


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_and_a_table_may_have_any_name(warehouse, name):
    usable = not unusable(warehouse, "schemas", name)
    table = Table(name if usable else "usable", name)
    if not usable:
        assert_refused(name, lambda: warehouse.write_arrow(Table(name, "thing"), pa.table({"id": [1]})))
    if unusable(warehouse, "tables", name):
        assert_refused(name, lambda: warehouse.write_arrow(table, pa.table({"id": [1]})))
        return
    with warehouse.transaction():
        for mode in WriteMode:
            warehouse.write_arrow(table, pa.table({"id": [1]}), mode, ["id"])
        warehouse.write_select(table, select("id").from_(table.expression()), WriteMode.APPEND)
        assert list(warehouse.columns(table)) == ["id"]
        assert warehouse.row_count(table) == 2

    assert lowered(map(str, warehouse.tables())) == lowered([str(table)])


def unusable(warehouse: Warehouse, what: str, name: str) -> bool:
    """Whether a warehouse is known to have no such names."""
    return any(char in name for char in FORBIDDEN.get(warehouse.dialect, {}).get(what, ""))


def assert_refused(name: str, write: Callable[[], object]) -> None:
    with pytest.raises(WarehouseError) as refused:
        write()
    assert name in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("written", ["Mixed", "mixed", "MIXED"])
def test_a_name_is_found_however_its_case_is_written(warehouse, written):
    warehouse.write_arrow(Table("Raw", "Mixed"), pa.table({"Id": [1], "UPPER": ["x"]}))

    table = Table("raw", written)
    assert lowered(warehouse.columns(table)) == ["id", "upper"]
    assert warehouse.read_arrow(f"SELECT upper, Id FROM {table}").to_pylist()[0].values()
    warehouse.write_arrow(table, pa.table({"id": [1], "Upper": ["y"]}), WriteMode.MERGE, ["ID"])
    assert warehouse.row_count(Table("raw", "mixed")) == 1


def test_nested_json_held_as_text_comes_back_byte_for_byte(warehouse):
    text = '{"a": [1, {"b": "\\u00e9 \\"quoted\\" \\\\ 👩"}, null], "a": 2,  "n": 1.50e3}'
    warehouse.write_arrow(THING, pa.table({"id": [1], "value": pa.array([text], TEXT)}))
    assert read(warehouse)[0]["value"] == text


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
