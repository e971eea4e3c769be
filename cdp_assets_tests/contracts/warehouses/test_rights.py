"""What every warehouse tells `cdp doctor`: that everything needed works, and nothing is left of the trial."""

from cdp_assets.tables import Table
from cdp_assets.warehouses._rights import try_rights
from cdp_assets.warehouses.base import Right
from cdp_assets_tests.contracts.warehouses.rows import THING, things


def test_every_right_is_tried_in_schemas_that_are_there_and_that_are_not(warehouse):
    warehouse.write_arrow(THING, things((1, "a")))
    tried = list(try_rights(warehouse, ["raw", "master"]))

    assert [one.problem for one in tried] == [""] * len(tried)
    assert {one.right for one in tried} == set(Right)
    assert {one.schema for one in tried} == {"", "raw", "master"}
    assert warehouse.tables() == [THING]


def test_a_table_is_dropped_whether_it_is_there_or_not(warehouse):
    warehouse.write_arrow(THING, things((1, "a")))
    for _ in range(2):
        warehouse.drop(THING)
        warehouse.drop(Table("nowhere", "thing"))
    assert not warehouse.exists(THING)


def test_a_schema_is_created_once(warehouse):
    for _ in range(2):
        warehouse.create_schema("Fresh")
    assert warehouse.tables(["Fresh"]) == []


def test_the_catalogue_tells_the_columns_of_the_schemas_asked_for(warehouse):
    warehouse.write_arrow(THING, things((1, "a")))
    warehouse.write_arrow(Table("master", "z"), things())

    assert {table: list(columns) for table, columns in warehouse.catalogue(["raw", "audiences"]).items()} == {
        THING: ["id", "name"]
    }
    assert warehouse.tables(["master", "raw"]) == [Table("master", "z"), THING]


def test_where_it_is_told_without_a_secret(warehouse):
    assert warehouse.location
    assert all(variable.name.startswith("CDP_") and variable.description for variable in warehouse.variables)
