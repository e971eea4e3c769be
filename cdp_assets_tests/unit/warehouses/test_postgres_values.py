"""What is particular to PostgreSQL in how values are read and written."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pyarrow as pa
import pytest
from sqlglot import exp

from cdp_assets.errors import WarehouseError
from cdp_assets.settings import Settings
from cdp_assets.tables import Table
from cdp_assets.warehouses.base import WriteMode
from cdp_assets.warehouses.postgres import PostgresWarehouse
from cdp_assets_tests.standins.postgres import postgres_cluster

THING = Table("raw", "thing")


@pytest.fixture(scope="module")
def cluster():
    with postgres_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def shared(cluster):
    """One database for all tests, which is what makes them quick."""
    warehouse = PostgresWarehouse.from_settings(Settings.from_env(cluster.fresh_database()))
    yield warehouse
    warehouse.close()


@pytest.fixture
def psql(cluster, shared) -> Callable[[str], str]:
    return lambda statement: cluster.psql(statement, shared.server.database)


@pytest.fixture
def warehouse(shared, psql):
    psql("DROP SCHEMA IF EXISTS raw CASCADE")
    return shared


@pytest.fixture
def column(psql, warehouse):
    """What a column of a type of PostgreSQL's own comes back as: its Arrow type and its values."""

    def column(kind: str, *values: str):
        cells = ", ".join(f"({value})" for value in values)
        make = f"CREATE SCHEMA IF NOT EXISTS raw; DROP TABLE IF EXISTS raw.thing; CREATE TABLE raw.thing (a {kind});"
        psql(make + (f"INSERT INTO raw.thing VALUES {cells}" if cells else ""))
        found = warehouse.read_arrow("SELECT a FROM raw.thing")
        return found.schema.field("a").type, found["a"].to_pylist()

    return column


@pytest.mark.parametrize(
    ("declared", "precision", "scale", "text"),
    [
        ("numeric(18,4)", 18, 4, "-99999999999999.9999"),
        ("numeric(4,4)", 4, 4, "0.0001"),
        ("numeric(5)", 5, 0, "99999"),
        ("numeric(38,10)", 38, 10, "-1234567890123456789012345678.0123456789"),
        ("numeric(38,38)", 38, 38, "0." + "9" * 38),
    ],
)
def test_numbers_come_in_the_precision_they_are_declared_in(column, declared, precision, scale, text):
    type_ = pa.decimal128(precision, scale)

    assert column(declared, text, "NULL", "0") == (type_, [Decimal(text), None, 0])
    assert column(declared) == (type_, [])


@pytest.mark.parametrize("declared", ["numeric", "numeric(60,2)", "numeric(5,-2)"])
def test_numbers_without_a_precision_that_arrow_has_are_rounded_to_nine_digits(column, declared):
    expected = [Decimal(1200), None] if "-2" in declared else [Decimal("1234.57"), None]
    value = "1234" if "-2" in declared else "1234.57"

    assert column(declared, value, "NULL") == (pa.decimal128(38, 9), expected)
    assert column(declared) == (pa.decimal128(38, 9), [])


def test_sums_of_whole_numbers_come_as_decimals_whether_there_are_rows_or_not(warehouse):
    warehouse.write_arrow(THING, pa.table({"n": pa.array([1, 2, 4], pa.int64())}))
    query = "SELECT SUM(n) AS total, AVG(CAST(n AS DOUBLE)) AS mean, COUNT(*) AS n FROM raw.thing WHERE n < {}"
    some, none = (warehouse.read_arrow(query.format(bound)) for bound in (9, 0))

    assert some.schema == none.schema
    assert some.schema.types == [pa.decimal128(38, 9), pa.float64(), pa.int64()]
    assert some.to_pylist() == [{"total": 7, "mean": pytest.approx(7 / 3), "n": 3}]


@pytest.mark.parametrize("declared", ["numeric(18,4)", "numeric(30,4)", "numeric"])
def test_a_number_that_arrow_has_no_place_for_is_refused(column, declared):
    with pytest.raises(WarehouseError, match="NaN"):
        column(declared, "'NaN'")


@pytest.mark.parametrize(
    ("kind", "value", "type_", "read"),
    [
        ("smallint", "-32768", pa.int64(), -32768),
        ("integer", "2147483647", pa.int64(), 2147483647),
        ("real", "0.5", pa.float64(), 0.5),
        ("varchar(3)", "'abc'", pa.string(), "abc"),
        ("char(3)", "'a'", pa.string(), "a"),
        ("bytea", r"'\x00ff'", pa.binary(), b"\0\xff"),
        ("time", "'01:02:03.000004'", pa.time64("us"), time(1, 2, 3, 4)),
        ("timestamp", "'2026-01-02 03:04:05'", pa.timestamp("us"), datetime.fromisoformat("2026-01-02T03:04:05")),
        ("jsonb", """'{"b": [1, null], "a": "é"}'""", pa.string(), '{"a": "é", "b": [1, null]}'),
        ("json", """'{"b":1}'""", pa.string(), '{"b":1}'),
        ("uuid", "'98caabc4-207f-49ee-b916-4dfb9bc0a071'", pa.string(), "98caabc4-207f-49ee-b916-4dfb9bc0a071"),
        ("integer[]", "'{1,NULL,3}'", pa.string(), "[1,null,3]"),
        ("text[]", """'{"a,b",c}'""", pa.string(), '["a,b","c"]'),
        ("interval", "'1 day 2 hours'", pa.string(), "1 day 02:00:00"),
        ("inet", "'10.0.0.1/24'", pa.string(), "10.0.0.1/24"),
        ("timetz", "'10:00+02'", pa.string(), "10:00:00+02"),
        ("int4range", "'[1,3)'", pa.string(), "[1,3)"),
        ("money", "1.5", pa.string(), "$1.50"),
        ("xml", "'<a/>'", pa.string(), "<a/>"),
        ("tsvector", "'a b'", pa.string(), "'a' 'b'"),
        ("oid", "4294967295", pa.string(), "4294967295"),
        ("pg_class", "NULL", pa.string(), None),
    ],
)
def test_each_type_a_user_may_have_can_be_read(column, kind, value, type_, read):
    assert column(kind, value, "NULL") == (type_, [read, None])
    assert column(kind) == (type_, [])


def test_types_of_the_user_can_be_read_even_when_they_are_newer_than_the_connection(psql, warehouse, column):
    warehouse.tables()
    psql("CREATE SCHEMA raw; CREATE TYPE raw.mood AS ENUM ('low', 'high'); CREATE TYPE raw.pair AS (a int, b text)")
    psql("CREATE DOMAIN raw.price AS numeric(10,2)")

    assert column("raw.mood", "'high'") == (pa.string(), ["high"])
    assert column("raw.pair", "ROW(1, 'x')") == (pa.string(), ['{"a":1,"b":"x"}'])
    assert column("raw.price", "1.5") == (pa.decimal128(10, 2), [Decimal("1.50")])


@pytest.mark.parametrize("kind", ["date", "timestamp", "timestamptz"])
@pytest.mark.parametrize("value", ["infinity", "-infinity", "0001-12-31 BC", "10000-01-01"])
def test_times_that_neither_python_nor_other_warehouses_have_are_refused_by_column(column, kind, value):
    with pytest.raises(WarehouseError, match=r"column a .*years 1 to 9999"):
        column(kind, f"'{value}'", "NULL")


@pytest.mark.parametrize(
    "values",
    [
        pa.array([2**63 - 1], pa.timestamp("us", tz="UTC")),
        pa.array([-(2**63)], pa.timestamp("us")),
        pa.array([2**31 - 1], pa.int32()).cast(pa.date32()),
    ],
    ids=["timestamptz", "timestamp", "date"],
)
@pytest.mark.parametrize("mode", list(WriteMode))
def test_such_times_are_not_written_either(warehouse, values, mode):
    with pytest.raises(WarehouseError, match=r"column at .*years 1 to 9999"):
        warehouse.write_arrow(THING, pa.table({"at": values}), mode, ["at"])
    assert not warehouse.exists(THING)


def test_a_text_with_a_nul_character_is_refused_by_column_without_the_text(warehouse):
    with pytest.raises(WarehouseError, match=r"NUL character .*column name") as refused:
        warehouse.write_arrow(THING, pa.table({"id": [1, 2], "name": ["a", "bob\0"]}))
    assert "bob" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        (pa.array([1, None], pa.int32()), pa.int64()),
        (pa.array([255, None], pa.uint8()), pa.int64()),
        (pa.array([2**64 - 1, None], pa.uint64()), pa.decimal128(20, 0)),
        (pa.array([0.5, None], pa.float32()), pa.float64()),
        (pa.array(["a", None], pa.large_string()), pa.string()),
        (pa.array(["a", None], pa.string_view()), pa.string()),
        (pa.array(["a", None]).dictionary_encode(), pa.string()),
        (pa.nulls(2), pa.string()),
        (pa.array([b"\0", None], pa.large_binary()), pa.binary()),
        (pa.array([date(2026, 1, 2), None], pa.date64()), pa.date32()),
        (pa.array([time(1), None], pa.time32("s")), pa.time64("us")),
        (pa.array([datetime.fromisoformat("2026-01-02T03:00:00"), None], pa.timestamp("ms")), pa.timestamp("us")),
        (
            pa.array([datetime(2026, 1, 2, tzinfo=UTC), None], pa.timestamp("ns", "Asia/Tokyo")),
            pa.timestamp("us", "UTC"),
        ),
        (pa.array([Decimal("1.5"), None], pa.decimal128(3, 1)), pa.decimal128(3, 1)),
        (pa.array([Decimal("9" * 38), None], pa.decimal128(38, 0)), pa.decimal128(38, 0)),
    ],
    ids=lambda value: str(value) if isinstance(value, pa.DataType) else str(value.type),
)
@pytest.mark.parametrize("mode", list(WriteMode))
def test_other_arrow_types_are_written_as_the_nearest_of_ours(warehouse, values, type_, mode):
    for _ in range(2):  # a table that is new, and one that is there
        warehouse.write_arrow(THING, pa.table({"id": [1, 2], "value": values}), mode, ["id"])
    found = warehouse.read_arrow("SELECT value FROM raw.thing ORDER BY id")["value"]

    assert found.type == type_
    assert found.to_pylist()[0] == values.cast(type_)[0].as_py()
    assert found.to_pylist()[-1] is None


@pytest.mark.parametrize("value", [[1, 2], {"a": 1}], ids=["list", "struct"])
def test_what_no_column_holds_is_refused_by_name(warehouse, value):
    with pytest.raises(WarehouseError, match=r"column tags is .*write it as text"):
        warehouse.write_arrow(THING, pa.table({"id": [1], "tags": [value]}))


@pytest.mark.parametrize("mode", [WriteMode.APPEND, WriteMode.MERGE])
def test_rows_take_the_types_of_the_table_that_is_there(warehouse, mode):
    warehouse.write_arrow(THING, pa.table({"id": ["1"], "n": pa.array([Decimal("1.5")], pa.decimal128(18, 4))}))
    warehouse.write_arrow(THING, pa.table({"id": [2, 3], "n": ["2.5", None]}), mode, ["id"])
    warehouse.write_select(THING, "SELECT 3 + 1 AS id, '3.5' AS n", mode, ["id"])

    found = warehouse.read_arrow("SELECT id, n FROM raw.thing ORDER BY id")
    assert found.schema.types == [pa.string(), pa.decimal128(18, 4)]
    assert found.to_pylist()[1:] == [
        {"id": "2", "n": Decimal("2.5")},
        {"id": "3", "n": None},
        {"id": "4", "n": Decimal("3.5")},
    ]


def test_the_order_of_a_query_stays_when_its_columns_are_cast(warehouse):
    ids = list(range(100_000))
    amounts = pa.array([Decimal(i) for i in ids], pa.decimal128(18, 4))
    warehouse.write_arrow(THING, pa.table({"id": ids, "amount": amounts}))
    found = warehouse.read_arrow("SELECT amount, id FROM raw.thing ORDER BY id DESC")

    assert found["id"].to_pylist() == ids[::-1]
    assert found["amount"].to_pylist() == ids[::-1]


def test_columns_of_the_same_name_in_a_result_are_told_apart_by_place(warehouse):
    found = warehouse.read_arrow("SELECT CAST(1.5 AS DECIMAL(5, 1)) AS a, 'x' AS a, 2 AS b")

    assert found.column_names == ["a", "a", "b"]
    assert [column.to_pylist() for column in found.columns] == [[Decimal("1.5")], ["x"], [2]]


@pytest.mark.parametrize("rows", [0, 1, 200_000])
def test_a_table_of_one_great_chunk_is_written_whole(warehouse, rows):
    ids = pa.chunked_array([pa.array(range(-7, rows), pa.int64()).slice(7)])
    assert warehouse.write_arrow(THING, pa.table({"id": ids, "text": ids.cast(pa.string())})) == rows

    found = warehouse.read_arrow("SELECT id, text FROM raw.thing ORDER BY id")
    assert found["id"].to_pylist() == ids.to_pylist()
    assert found["text"].to_pylist() == ids.cast(pa.string()).to_pylist()


def test_the_types_of_columns_are_names_that_sqlglot_knows(psql, warehouse):
    kinds = ["bigint", "varchar(10)", "numeric(18,4)", "timestamptz", "double precision", "text[]", "jsonb", "tsvector"]
    kinds += ['"char"', "raw.mood", "cidr", "bit varying(3)", "interval", "raw.price"]
    columns = ", ".join(f"c{number} {kind}" for number, kind in enumerate(kinds))
    types = "CREATE SCHEMA raw; CREATE TYPE raw.mood AS ENUM ('x'); CREATE DOMAIN raw.price AS numeric(10,2);"
    psql(f"{types} CREATE TABLE raw.thing ({columns})")
    told = list(warehouse.columns(THING).values())

    assert all(exp.DataType.build(kind, dialect="postgres") for kind in told)
    assert told[2:4] == ["numeric(18,4)", "timestamp with time zone"]
    assert told[9] == "text"
    assert told[-1] == "numeric(10,2)"
