"""What every warehouse promises of its tables and statements."""

import pyarrow as pa
import pytest
from sqlglot import exp, select

from cdp_assets.errors import WarehouseError
from cdp_assets.tables import TEXT, Column, Contract, Table
from cdp_assets.warehouses.base import WriteMode
from cdp_assets_tests.contracts.warehouses.rows import THING, lowered, read, things


def test_replace_writes_the_rows_and_nothing_else(warehouse):
    assert warehouse.write_arrow(THING, things((1, "a"), (2, "b"))) == 2
    assert warehouse.write_arrow(THING, pa.table({"id": [3]})) == 1

    assert read(warehouse) == [{"id": 3}]


def test_append_adds_rows_and_creates_the_table(warehouse):
    assert warehouse.write_arrow(THING, things((1, "a")), WriteMode.APPEND) == 1
    assert warehouse.write_arrow(THING, things((1, "b")), WriteMode.APPEND) == 1

    assert read(warehouse, order="name") == [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]


def test_merge_replaces_rows_of_the_same_key_and_creates_the_table(warehouse):
    assert warehouse.write_arrow(THING, things((1, "a"), (2, "b")), WriteMode.MERGE, ["id"]) == 2
    assert warehouse.write_arrow(THING, things((2, None), (3, "c")), WriteMode.MERGE, ["id"]) == 2

    assert [(row["id"], row["name"]) for row in read(warehouse)] == [(1, "a"), (2, None), (3, "c")]


def test_merge_on_two_columns_takes_both_for_the_key(warehouse):
    warehouse.write_arrow(THING, pa.table({"id": [1, 1], "part": ["x", "y"], "n": [1, 1]}))
    rows = pa.table({"id": [1, 2], "part": ["y", "y"], "n": [2, 2]})
    warehouse.write_arrow(THING, rows, WriteMode.MERGE, ["id", "part"])

    assert [tuple(row.values()) for row in read(warehouse, order="id, part")] == [(1, "x", 1), (1, "y", 2), (2, "y", 2)]


@pytest.mark.parametrize(
    ("rows", "key"),
    [
        (things((1, "bob@example.com"), (1, "b")), ["id"]),
        (things((None, "bob@example.com")), ["id"]),
        (things((1, None)), ["id", "name"]),
        (things((3, "x")), []),
        (things((3, "x")), ["absent"]),
    ],
    ids=["repeated", "null", "null part", "none", "missing"],
)
def test_a_merge_without_one_row_a_key_is_refused_and_changes_nothing(warehouse, rows, key):
    warehouse.write_arrow(THING, things((1, "old")))

    with pytest.raises(WarehouseError, match=r"a merge into raw\.thing needs") as refused:
        warehouse.write_arrow(THING, rows, WriteMode.MERGE, key)
    assert "bob" not in str(refused.value)
    assert read(warehouse) == [{"id": 1, "name": "old"}]


@pytest.mark.parametrize("mode", [WriteMode.APPEND, WriteMode.MERGE])
def test_columns_the_table_lacks_are_added_and_those_the_rows_lack_are_null(warehouse, mode):
    warehouse.write_arrow(THING, things((1, "a")))
    warehouse.write_arrow(THING, pa.table({"Score": [0.5], "id": [2]}), mode, ["id"])

    assert lowered(warehouse.columns(THING)) == ["id", "name", "score"]
    assert [tuple(row.values()) for row in read(warehouse)] == [(1, "a", None), (2, None, 0.5)]


def test_columns_are_matched_by_name_whatever_their_order_and_case(warehouse):
    warehouse.write_arrow(THING, things((1, "a")))
    warehouse.write_arrow(THING, pa.table({"Name": ["b"], "ID": [2]}), WriteMode.APPEND)

    assert read(warehouse) == [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]


@pytest.mark.parametrize("mode", list(WriteMode))
def test_a_select_is_written_without_leaving_the_warehouse(warehouse, mode):
    warehouse.write_arrow(THING, things((1, "a"), (2, "b")))
    copy = Table("master", "copy")

    query = select("id", "name").from_(THING.expression()).where(exp.column("id") > 1)
    assert warehouse.write_select(copy, query, mode, ["id"]) == 1
    assert read(warehouse, copy) == [{"id": 2, "name": "b"}]


def test_a_table_can_be_written_from_itself(warehouse):
    warehouse.write_arrow(THING, things((1, "a"), (2, "b")))
    for mode in (WriteMode.REPLACE, WriteMode.MERGE, WriteMode.APPEND):
        warehouse.write_select(THING, "SELECT id + 1 AS id, name FROM raw.thing", mode, ["id"])

    assert [row["id"] for row in read(warehouse)] == [2, 3, 3, 4, 4, 5]


def test_a_merge_from_a_select_is_checked_like_any_other(warehouse):
    with pytest.raises(WarehouseError, match="1 keys come more than once"):
        warehouse.write_select(THING, "SELECT 1 AS id UNION ALL SELECT 1 AS id", WriteMode.MERGE, ["id"])
    assert not warehouse.exists(THING)


def test_a_stream_of_batches_is_written(warehouse):
    batches = (pa.record_batch({"id": [i, i + 1]}) for i in range(0, 10, 2))
    reader = pa.RecordBatchReader.from_batches(pa.schema([("id", pa.int64())]), batches)

    assert warehouse.write_arrow(THING, reader) == 10
    assert [row["id"] for row in read(warehouse)] == list(range(10))


@pytest.mark.parametrize("mode", list(WriteMode))
def test_a_stream_that_breaks_off_leaves_the_table_as_it_was(warehouse, mode):
    warehouse.write_arrow(THING, things((1, "old")))

    def batches():
        yield things((2, "new")).to_batches()[0]
        raise OSError("the connection to bob@example.com broke")

    reader = pa.RecordBatchReader.from_batches(things().schema, batches())
    with pytest.raises(WarehouseError) as refused:
        warehouse.write_arrow(THING, reader, mode, ["id"])
    assert "bob" not in str(refused.value)
    assert read(warehouse) == [{"id": 1, "name": "old"}]


def test_columns_are_told_in_order_with_their_types(warehouse):
    warehouse.write_arrow(THING, pa.table({"b": [1], "A c": ["x"]}))

    assert lowered(warehouse.columns(THING)) == ["b", "a c"]
    assert all(warehouse.columns(THING).values())


def test_a_table_that_is_not_there_has_no_columns_and_cannot_be_counted(warehouse):
    assert warehouse.columns(Table("nowhere", "thing")) == {}
    assert not warehouse.exists(THING)
    with pytest.raises(WarehouseError):
        warehouse.row_count(THING)


def test_tables_lists_tables_and_views_in_order(warehouse):
    assert warehouse.tables() == []
    for table in [Table("raw", "b"), Table("master", "z"), Table("raw", "a")]:
        warehouse.write_arrow(table, things((1, "a")))
    warehouse.execute("CREATE VIEW raw.aa AS SELECT * FROM raw.a")

    assert list(map(str, warehouse.tables())) == ["master.z", "raw.a", "raw.aa", "raw.b"]
    assert list(warehouse.columns(Table("raw", "aa"))) == ["id", "name"]


def test_row_count_counts(warehouse):
    warehouse.write_arrow(THING, things())
    assert warehouse.row_count(THING) == 0
    warehouse.write_arrow(THING, things((1, None), (2, None)))
    assert warehouse.row_count(THING) == 2


def test_execute_runs_text_and_expressions(warehouse):
    warehouse.write_arrow(THING, things((1, "a"), (2, "b")))
    warehouse.execute("DELETE FROM raw.thing WHERE id = 1")
    assert [row["id"] for row in read(warehouse)] == [2]
    warehouse.execute(exp.delete(THING.expression()))
    assert read(warehouse) == []


def test_ensure_creates_what_is_missing_and_touches_nothing_else(warehouse):
    warehouse.write_arrow(THING, things((1, "a")))
    there = Contract(THING, "Things.", (Column("id", TEXT, "Id."),))
    missing = Contract(Table("identity", "edges"), "Edges.", (Column("a", TEXT, "A."), Column("b", TEXT, "B.")))
    warehouse.ensure(there, missing)

    assert read(warehouse) == [{"id": 1, "name": "a"}]
    assert list(warehouse.columns(missing.table)) == ["a", "b"]
    assert warehouse.row_count(missing.table) == 0


def test_ensure_adds_the_columns_that_a_table_of_an_earlier_version_lacks(warehouse):
    warehouse.write_arrow(THING, things((1, "a")))
    columns = (Column("id", pa.int64(), "Id."), Column("name", TEXT, "Name."), Column("colour", TEXT, "Colour."))
    for _ in range(2):
        warehouse.ensure(Contract(THING, "Things.", columns))
        assert read(warehouse) == [{"id": 1, "name": "a", "colour": None}]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM raw.nothing",
        "SELECT nothing FROM raw.thing",
        "SELECT CAST(name AS INTEGER) AS n FROM raw.thing",
        "SELECT CAST(name AS DATE) AS d FROM raw.thing",
        "SELECT FROM 'bob@example.com' WHERE (",
    ],
)
def test_what_is_refused_is_told_in_one_line_without_values(warehouse, statement):
    warehouse.write_arrow(THING, things((1, "bob@example.com\nsecret")))

    for run in (warehouse.read_arrow, warehouse.execute, lambda query: warehouse.write_select(THING, query)):
        with pytest.raises(WarehouseError) as refused:
            run(statement)
        said = str(refused.value)
        assert said
        assert not {"\n", "\x1b"} & set(said)
        assert "bob" not in said
        if "CAST" in statement:
            assert refused.value.__cause__ is None  # it would quote the data in a traceback
    assert warehouse.row_count(THING) == 1
