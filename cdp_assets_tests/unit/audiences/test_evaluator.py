"""Any definition over any rows selects on DuckDB whom a plain reading of the rules selects."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdp_assets.audiences.catalogue import Catalogue
from cdp_assets.audiences.options import Priority
from cdp_assets.tables import TEXT, Table
from cdp_assets.warehouses.duckdb import DuckDBWarehouse
from cdp_assets_tests.unit.audiences import evaluator
from cdp_assets_tests.unit.audiences.strategies import AUDIENCES, audiences, worlds
from cdp_assets_tests.unit.audiences.trees import KINDS, definitions, grouped
from cdp_assets_tests.unit.audiences.world import AS_OF, put, selected

FIRST = Priority(list="emails", rank=1)
CATALOGUE = Catalogue.declared(audiences={name: FIRST if name == "urgent" else None for name in AUDIENCES})
MEMBER = pa.schema([("customer_id", TEXT)])


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Iterator[DuckDBWarehouse]:
    """One warehouse, kept open, that each example fills anew."""
    path: Path = tmp_path_factory.mktemp("evaluated") / "cdp.duckdb"
    with duckdb.connect(path):
        yield DuckDBWarehouse(path)


def assert_agreed(warehouse: DuckDBWarehouse, tables, members, definitions) -> None:
    with warehouse.session():
        put(warehouse, {Table.parse(name): rows for name, rows in tables.items()})
        for name, ids in members.items():
            rows = pa.table({"customer_id": sorted(ids)}, schema=MEMBER)
            warehouse.write_arrow(Table("audiences", name), rows)
        for asked in definitions:
            world = evaluator.World(AS_OF, tables, members, ("urgent",) if "priority" in asked else ())
            expected = sorted(evaluator.members(asked, world))
            assert selected(warehouse, **asked, catalogue=CATALOGUE) == expected, asked


def examples(number: int) -> settings:
    return settings(max_examples=number, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def several(of: st.SearchStrategy) -> st.SearchStrategy:
    return st.lists(of, min_size=6, max_size=10)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_warehouse_and_a_plain_reading_agree_on_each_kind_of_condition(shared, kind):
    leaf = KINDS[kind].map(lambda content: {kind: content})

    @examples(20)
    @given(worlds, audiences, several(grouped(leaf, 2)))
    def agreed(tables, members, trees):
        assert_agreed(shared, tables, members, [{"condition": tree} for tree in trees])

    agreed()


@examples(30)
@given(worlds, audiences, several(definitions))
def test_the_warehouse_and_a_plain_reading_agree_on_whole_definitions(shared, tables, members, asked):
    assert_agreed(shared, tables, members, asked)
