"""What every warehouse promises of transactions."""

import pytest

from cdp_assets.errors import WarehouseError
from cdp_assets.tables import Table
from cdp_assets.warehouses.base import WriteMode
from cdp_assets_tests.contracts.warehouses.rows import THING, read, things

OTHER = Table("audiences", "other")


class _InterruptedError(BaseException):
    """What is no `Exception` rolls back too, as a keyboard interrupt would."""


def test_everything_inside_takes_effect_together(warehouse):
    with warehouse.transaction():
        warehouse.write_arrow(THING, things((1, "a")))
        warehouse.write_select(OTHER, "SELECT * FROM raw.thing", WriteMode.APPEND)
        warehouse.execute("DELETE FROM raw.thing")

    assert read(warehouse) == []
    assert read(warehouse, OTHER) == [{"id": 1, "name": "a"}]


@pytest.mark.parametrize("error", [ValueError, WarehouseError, _InterruptedError, KeyboardInterrupt])
def test_nothing_inside_takes_effect_when_it_fails(warehouse, error):
    warehouse.write_arrow(THING, things((1, "old")))

    def fail():
        with warehouse.transaction():
            warehouse.write_arrow(THING, things((2, "new")))
            warehouse.write_arrow(OTHER, things((2, "new")))
            raise error

    with pytest.raises(error):
        fail()
    assert read(warehouse) == [{"id": 1, "name": "old"}]
    assert [table for table in warehouse.tables() if warehouse.row_count(table)] == [THING]


def test_a_refused_statement_rolls_back_and_the_warehouse_stays_usable(warehouse):
    warehouse.write_arrow(THING, things((1, "old")))

    def be_refused():
        with warehouse.transaction():
            warehouse.execute("DELETE FROM raw.thing")
            warehouse.read_arrow("SELECT CAST('x' AS INTEGER) AS n")

    with pytest.raises(WarehouseError, match="refused"):
        be_refused()
    assert read(warehouse) == [{"id": 1, "name": "old"}]
    with warehouse.transaction():
        warehouse.write_arrow(THING, things((2, "new")), WriteMode.APPEND)
    assert warehouse.row_count(THING) == 2


def test_what_is_written_inside_is_seen_inside(warehouse):
    with warehouse.transaction():
        warehouse.write_arrow(THING, things((1, "a")))
        assert warehouse.exists(THING)
        assert warehouse.tables() == [THING]
        assert read(warehouse) == [{"id": 1, "name": "a"}]


def test_several_writes_of_each_kind_fit_one_transaction(warehouse):
    with warehouse.transaction():
        for number in range(3):
            for mode in (WriteMode.APPEND, WriteMode.MERGE):
                warehouse.write_arrow(THING, things((number, mode.value)), mode, ["id"])

    assert [(row["id"], row["name"]) for row in read(warehouse)] == [(0, "merge"), (1, "merge"), (2, "merge")]


def test_transactions_do_not_nest_and_the_outer_one_rolls_back(warehouse):
    warehouse.write_arrow(THING, things((1, "old")))

    def nest():
        with warehouse.transaction():
            warehouse.write_arrow(THING, things((2, "new")))
            with warehouse.transaction():
                pass

    with pytest.raises(WarehouseError, match="do not nest"):
        nest()
    assert read(warehouse) == [{"id": 1, "name": "old"}]
