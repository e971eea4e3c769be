"""The statements that BigQuery is given, and the names it is not."""

import pytest
from sqlglot import exp

from cdp_assets.errors import WarehouseError
from cdp_assets.tables import Layout, Table
from cdp_assets.warehouses._bigquery import sql as say
from cdp_assets.warehouses._bigquery.types import Field, fields_of

THING = Table("raw", "thing")


def field(name: str, type_: str = "INT64", *, untyped: bool = False) -> Field:
    return Field(name, type_, None, untyped)


ID, AT, NAME = field("id"), field("at", "TIMESTAMP"), field("it's", "STRING")


def test_a_table_is_created_with_the_keys_it_is_laid_out_by():
    table = Table("raw", "thing", Layout("AT", ("id", "it's")))
    assert say.create(table, [ID, AT, NAME]) == (
        "CREATE TABLE IF NOT EXISTS `raw`.`thing` (`id` INT64, `at` TIMESTAMP, `it's` STRING)"
        " PARTITION BY TIMESTAMP_TRUNC(`AT`, MONTH) CLUSTER BY `id`, `it's`"
    )


def test_a_table_is_replaced_in_one_statement_that_keeps_its_layout():
    table = Table("raw", "thing", Layout("day", ("id",)))
    assert say.replace(table, [ID, field("day", "DATE")], "SELECT 1") == (
        "CREATE OR REPLACE TABLE `raw`.`thing` (`id` INT64, `day` DATE)"
        " PARTITION BY DATE_TRUNC(`day`, MONTH) CLUSTER BY `id` AS SELECT 1"
    )
    assert say.replace(THING, [], "SELECT 1") == "CREATE OR REPLACE TABLE `raw`.`thing` AS SELECT 1"


def test_keys_whose_column_is_not_there_and_those_beyond_four_are_left_out():
    fields = [field(name) for name in "abcde"]
    table = Table("raw", "thing", Layout("at", ("x", "a", "b", "c", "d", "e")))
    assert say.create(table, fields).endswith("`e` INT64) CLUSTER BY `a`, `b`, `c`, `d`")


def test_all_missing_columns_are_added_at_once():
    assert say.add_columns(THING, [ID, AT]) == (
        "ALTER TABLE `raw`.`thing` ADD COLUMN IF NOT EXISTS `id` INT64, ADD COLUMN IF NOT EXISTS `at` TIMESTAMP"
    )


def test_loaded_columns_get_their_names_and_those_without_a_type_the_tables():
    fields = [ID, field("n", "STRING", untyped=True), field("new", "STRING", untyped=True)]
    assert say.loaded(Table("cdp_work", "s"), fields, {"ID": "INT64", "N": "NUMERIC(18, 4)"}) == (
        "SELECT `c0` AS `id`, CAST(NULL AS NUMERIC(18, 4)) AS `n`, `c2` AS `new` FROM `cdp_work`.`s`"
    )


def test_a_merge_takes_the_lock_first_and_takes_effect_whole():
    lock = say.lock_of(THING)
    statements = [say.take_lock(lock), say.delete_matching(THING, "S", ["id"]), say.insert(THING, [ID], "S")]
    assert say.in_transaction(statements).splitlines() == [
        "BEGIN TRANSACTION;",
        f"UPDATE `cdp_work`.`{lock.name}` SET turn = turn + 1 WHERE TRUE;",
        "DELETE FROM `raw`.`thing` AS target WHERE EXISTS"
        " (SELECT 1 FROM (S) AS incoming WHERE incoming.`id` = target.`id`);",
        "INSERT INTO `raw`.`thing` (`id`) SELECT `id` FROM (S);",
        "COMMIT TRANSACTION;",
    ]


def test_tables_have_each_a_lock_of_their_own_whatever_their_case():
    assert say.lock_of(THING) == say.lock_of(Table("RAW", "Thing"))
    assert len({say.lock_of(Table("raw", name)) for name in ("a", "b", "a b", "é")}) == 4
    say.check_names(say.lock_of(Table("raw", "é 日本")), [])


def test_what_is_staged_from_a_select_expires():
    assert "expiration_timestamp" in say.stage(Table("cdp_work", "s"), "SELECT 1")
    assert say.stage_temporarily(exp.table_("s", quoted=True), "SELECT 1") == "CREATE TEMP TABLE `s` AS SELECT 1"


@pytest.mark.parametrize(
    ("statement", "said", "defines"),
    [
        ("DELETE FROM `raw`.`thing`", "DELETE FROM `raw`.`thing` WHERE TRUE", False),
        ("DELETE FROM `raw`.`thing` WHERE `id` = 1", "DELETE FROM `raw`.`thing` WHERE `id` = 1", False),
        ("UPDATE `raw`.`thing` SET `id` = 1", "UPDATE `raw`.`thing` SET `id` = 1 WHERE TRUE", False),
        ("INSERT INTO `raw`.`thing` SELECT 1", "INSERT INTO `raw`.`thing` SELECT 1", False),
        ("CREATE VIEW `raw`.`v` AS SELECT 1", "CREATE VIEW `raw`.`v` AS SELECT 1", True),
        ("DROP TABLE `raw`.`thing`", "DROP TABLE `raw`.`thing`", True),
        ("ALTER TABLE `raw`.`thing` DROP COLUMN `a`", "ALTER TABLE `raw`.`thing` DROP COLUMN `a`", True),
    ],
)
def test_changes_get_the_condition_they_must_have_and_definitions_are_told_apart(statement, said, defines):
    assert say.with_condition(statement) == (said, defines)


@pytest.mark.parametrize("schema", ["", "two words", "a-b", "a.b", "é", "x; --", "a" * 1025])
def test_a_schema_that_no_dataset_can_be_called_is_refused(schema):
    with pytest.raises(WarehouseError, match="BigQuery cannot hold the schema"):
        say.check_names(Table(schema, "thing"), [ID])


@pytest.mark.parametrize("name", ["", "a.b", "a`b", 'a "quote"', "x;y", "line\nbreak", "é" * 513])
def test_a_table_name_it_cannot_hold_is_refused(name):
    with pytest.raises(WarehouseError, match="BigQuery cannot hold the table"):
        say.check_names(Table("raw", name), [ID])


@pytest.mark.parametrize("name", ["", "a.b", 'a "quote"', "x;y", "tab\t", "_PARTITIONTIME", "_table_x", "a" * 301])
def test_a_column_name_it_cannot_hold_is_refused(name):
    with pytest.raises(WarehouseError, match="BigQuery cannot hold the column"):
        say.check_names(THING, [ID, field(name)])


def test_two_columns_that_differ_in_case_alone_are_refused():
    with pytest.raises(WarehouseError, match="comes twice"):
        say.check_names(THING, [ID, field("ID")])


@pytest.mark.parametrize("name", ["two words", "it's", "UPPER", "select", "é 日本", "1st", "a-b", "100%"])
def test_other_names_are_held(name):
    say.check_names(Table("raw", "thing"), [field(name)])
    say.check_names(Table("Raw_1", name.replace("'", "").replace("%", "")), fields_of([]))
