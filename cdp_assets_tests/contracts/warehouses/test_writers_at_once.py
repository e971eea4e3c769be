"""What every warehouse promises when several write and read at the same time."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier, Event

import pyarrow as pa
import pytest

from cdp_assets.errors import WarehouseError
from cdp_assets.tables import Table
from cdp_assets.warehouses.base import WriteMode
from cdp_assets_tests.contracts.warehouses.rows import THING, read, things
from cdp_assets_tests.warehouse_choice import opened

ROWS = 2_000


def numbered(name: str, first: int) -> pa.Table:
    return things(*((number, name) for number in range(first, first + ROWS)))


@pytest.mark.parametrize("mode", [WriteMode.MERGE, WriteMode.APPEND])
def test_two_writers_leave_every_row_of_those_that_succeed_and_no_key_twice(environment, mode):
    with closing(opened(environment)) as warehouse:
        warehouse.write_arrow(THING, numbered("before", -10))
    together = Barrier(2)

    def write(name: str, first: int) -> set[int]:
        with closing(opened(environment)) as own:
            together.wait(timeout=60)
            try:
                own.write_arrow(THING, numbered(name, first), mode, ["id"])
            except WarehouseError:
                return set()
        return set(range(first, first + ROWS))

    with ThreadPoolExecutor() as threads:
        written = [threads.submit(write, "one", 0), threads.submit(write, "two", ROWS // 2)]
        succeeded = [future.result(timeout=300) for future in written]

    with closing(opened(environment)) as warehouse:
        found = [row["id"] for row in read(warehouse)]
    assert any(succeeded)
    assert set(found) == set(range(-10, ROWS - 10)).union(*succeeded)
    if mode is WriteMode.MERGE:
        assert len(found) == len(set(found))


def test_two_writers_can_create_one_schema_and_table_at_once(environment):
    together = Barrier(2)

    def write(number: int) -> str:
        with closing(opened(environment)) as own:
            together.wait(timeout=60)
            try:
                own.write_arrow(Table("fresh", "thing"), things((number, "x")), WriteMode.APPEND)
            except WarehouseError as error:
                return str(error)
        return ""

    with ThreadPoolExecutor() as threads:
        refused = [message for message in threads.map(write, (1, 2)) if message]
    with closing(opened(environment)) as warehouse:
        assert warehouse.row_count(Table("fresh", "thing")) == 2 - len(refused)
    assert len(refused) < 2


def test_a_reader_sees_the_table_before_a_write_or_after_it(environment):
    with closing(opened(environment)) as warehouse:
        warehouse.write_arrow(THING, numbered("v0", 0))
    done = Event()

    def watch() -> set[tuple[int, int]]:
        seen = set()
        with closing(opened(environment)) as own:
            while not done.is_set():
                rows = own.read_arrow("SELECT count(*) AS n, count(DISTINCT name) AS names FROM raw.thing").to_pylist()
                seen.add((rows[0]["n"], rows[0]["names"]))
        return seen

    with ThreadPoolExecutor() as threads:
        watched = threads.submit(watch)
        try:
            with closing(opened(environment)) as own:
                for version in range(1, 6):
                    own.write_arrow(THING, numbered(f"v{version}", 0))
        finally:
            done.set()
        assert watched.result(timeout=300) == {(ROWS, 1)}
