"""What every warehouse promises of streams: a result batch by batch, and a count of what was read and written."""

import pyarrow as pa
import pytest
from sqlglot import select

from cdp_assets.errors import WarehouseError
from cdp_assets.tables import AMOUNT, DATE, FLOAT, INTEGER, TEXT, TIMESTAMP
from cdp_assets.warehouses.base import WriteMode
from cdp_assets_tests.contracts.warehouses.rows import THING, things

SCHEMA = pa.schema([("id", INTEGER), ("t", TEXT), ("f", FLOAT), ("d", DATE), ("at", TIMESTAMP), ("a", AMOUNT)])


def test_a_result_comes_in_batches_that_together_are_the_whole(warehouse):
    warehouse.write_arrow(THING, pa.table({"id": pa.array(range(300_000), INTEGER)}))

    with warehouse.read_batches(select("id").from_(THING.expression())) as reader:
        batches = list(reader)
    assert len(batches) > 1
    assert sorted(pa.Table.from_batches(batches)["id"].to_pylist()) == list(range(300_000))


def test_a_stream_without_rows_has_the_schema_of_one_with_rows(warehouse):
    warehouse.write_arrow(THING, SCHEMA.empty_table())
    with warehouse.read_batches(select("*").from_(THING.expression())) as empty:
        assert empty.schema.remove_metadata() == SCHEMA
        assert sum(batch.num_rows for batch in empty) == 0

    warehouse.write_arrow(THING, pa.Table.from_pylist([{"id": 1}], SCHEMA), WriteMode.APPEND)
    with warehouse.read_batches(select("*").from_(THING.expression())) as full:
        assert full.schema.remove_metadata() == SCHEMA
        assert sum(batch.num_rows for batch in full) == 1


def test_a_stream_that_is_not_read_to_its_end_leaves_the_warehouse_usable(warehouse):
    warehouse.write_arrow(THING, pa.table({"id": pa.array(range(300_000), INTEGER)}))
    with warehouse.read_batches(select("id").from_(THING.expression())) as reader:
        reader.read_next_batch()

    warehouse.write_arrow(THING, things((1, "a")))
    assert warehouse.row_count(THING) == 1


def test_a_stream_of_a_refused_query_fails_when_it_is_opened_or_read(warehouse):
    with (
        pytest.raises(WarehouseError),
        warehouse.read_batches("SELECT * FROM raw.nothing") as reader,
    ):
        reader.read_all()
    warehouse.write_arrow(THING, things((1, "a")))


def test_what_is_read_and_written_is_counted_until_it_is_taken(warehouse):
    rows = things(*((number, "x") for number in range(100)))
    warehouse.write_arrow(THING, rows)
    warehouse.write_select(THING, "SELECT id + 100 AS id, name FROM raw.thing", WriteMode.APPEND)
    warehouse.read_arrow("SELECT id FROM raw.thing")
    with warehouse.read_batches("SELECT id FROM raw.thing") as reader:
        reader.read_all()

    usage = warehouse.take_usage()
    assert (usage.rows_written, usage.rows_read) == (200, 400)
    assert usage.bytes_written == rows.nbytes
    assert usage.bytes_read >= 400 * 8
    assert warehouse.take_usage().rows_read == 0
