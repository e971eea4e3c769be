"""The statements that Snowflake is written with."""

from datetime import UTC, datetime

import pytest
import sqlglot

from cdp_assets.tables import Layout, Table
from cdp_assets.warehouses._snowflake import sql

THING = Table("raw", "thing")
COLUMNS = {"ID": "NUMBER(38,0)", "NAME": "VARCHAR"}
STAGED = sql.Staged("ROWS_1", COLUMNS)


@pytest.mark.parametrize(("name", "folded"), [("thing", "THING"), ("Two words", "TWO WORDS"), ("é ß", "é ß")])
def test_names_are_spelled_as_snowflake_spells_what_nothing_quotes(name, folded):
    assert sql.fold(name) == folded
    assert sql.unfold(folded) == name.lower()


def test_quotes_and_backslashes_cannot_end_a_name_or_a_text():
    assert sql.full_name(Table("raw", 'a"b')) == '"RAW"."A""B"'
    assert sql.text("it's \\") == "'it''s \\\\'"


def test_a_table_is_replaced_in_one_statement_whose_columns_are_wide_and_whose_grants_stay():
    assert sql.replace(THING, COLUMNS, "SELECT 1 AS ID, 'a' AS NAME") == (
        'CREATE OR REPLACE TABLE "RAW"."THING" COPY GRANTS AS SELECT CAST("ID" AS NUMBER(38,0)) AS "ID",'
        ' CAST("NAME" AS VARCHAR) AS "NAME" FROM (SELECT 1 AS ID, \'a\' AS NAME) AS Q'
    )


@pytest.mark.parametrize(
    ("layout", "clustered"),
    [
        (None, ""),
        (Layout(), ""),
        (Layout(cluster_by=("customer_id", "At")), ' CLUSTER BY ("CUSTOMER_ID", "AT")'),
        (Layout("at", ("id",)), ' CLUSTER BY (DATE_TRUNC(\'MONTH\', "AT"), "ID")'),
    ],
)
def test_a_table_is_clustered_by_the_month_of_its_time_and_by_its_columns(layout, clustered):
    table = Table("raw", "thing", layout)

    assert sql.create(table, {"ID": "DATE"}) == f'CREATE TABLE IF NOT EXISTS "RAW"."THING" ("ID" DATE){clustered}'
    assert f'"THING"{clustered} COPY GRANTS AS' in sql.replace(table, {"ID": "DATE"}, "SELECT 1")


def test_inside_a_transaction_a_table_is_overwritten():
    assert sql.insert(THING, COLUMNS, "SELECT 1", overwrite=True) == (
        'INSERT OVERWRITE INTO "RAW"."THING" ("ID", "NAME") SELECT "ID", "NAME" FROM (SELECT 1) AS Q'
    )


def test_rows_wait_under_numbers_so_that_any_column_name_will_do():
    staged = sql.Staged("ROWS_1", {'A "B"': "VARCHAR", "ID": "DATE"})

    assert staged.create() == (
        "CREATE TRANSIENT TABLE CDP_WORK.ROWS_1 (C0 VARCHAR, C1 DATE) DATA_RETENTION_TIME_IN_DAYS = 0"
    )
    assert staged.select == 'SELECT C0 AS "A ""B""", C1 AS "ID" FROM CDP_WORK.ROWS_1'


def test_files_are_loaded_all_or_none_with_their_own_types_and_then_deleted():
    loaded = STAGED.copy("@CDP_WORK.LOADS_1/ROWS_1/")

    assert loaded.startswith("COPY INTO CDP_WORK.ROWS_1 FROM @CDP_WORK.LOADS_1/ROWS_1/ FILE_FORMAT = (TYPE = PARQUET ")
    for option in ("USE_LOGICAL_TYPE = TRUE", "NULL_IF = ()", "ON_ERROR = ABORT_STATEMENT", "PURGE = TRUE"):
        assert option in loaded


def test_the_path_of_a_file_may_have_quotes_in_it():
    assert sql.put("/tmp/o'clock/part_0.parquet", "@S/") == (
        "PUT 'file:///tmp/o''clock/part_0.parquet' @S/ AUTO_COMPRESS = FALSE SOURCE_COMPRESSION = NONE"
    )


def test_a_merge_deletes_the_rows_of_the_same_key():
    assert sql.delete_same_keys(THING, STAGED, ["ID", "NAME"]) == (
        'DELETE FROM "RAW"."THING" USING CDP_WORK.ROWS_1 AS S WHERE "THING"."ID" = S.C0 AND "THING"."NAME" = S.C1'
    )


def test_each_table_has_a_row_of_its_own_to_take_turns_with():
    assert sql.turn(THING) == 'CDP_WORK."TURN RAW.THING"'
    assert sql.take_turn(THING) == 'UPDATE CDP_WORK."TURN RAW.THING" SET TAKEN = TAKEN + 1'


def test_the_catalogue_tells_nothing_of_the_system_and_of_rows_that_wait():
    assert "TABLE_SCHEMA NOT IN ('INFORMATION_SCHEMA', 'CDP_WORK')" in sql.catalogue(None, None)
    assert "TABLE_SCHEMA IN ('RAW', 'MASTER') AND TABLE_NAME = 'IT''S'" in sql.catalogue(["raw", "master"], "it's")
    assert "TABLE_SCHEMA IN (NULL)" in sql.catalogue([], None)


def test_rows_left_behind_are_found_by_the_time_in_their_table_s_name():
    at = datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
    name = sql.Staged.named_at(at, {}).name

    assert name.startswith("ROWS_202603011205_")
    assert "TABLE_NAME < 'ROWS_202603011205'" in sql.left_behind(at)
    assert name > "ROWS_202603011205"  # it does not take itself for one


@pytest.mark.parametrize(
    "statement",
    [
        sql.replace(Table("raw", "t", Layout("at", ("id",))), COLUMNS, "SELECT 1"),
        sql.create(THING, COLUMNS),
        sql.insert(THING, COLUMNS, "SELECT 1", overwrite=True),
        sql.delete_same_keys(THING, STAGED, ["ID"]),
        sql.add_column(THING, "ID", "DATE"),
        sql.drop_column(THING, "ID"),
        sql.create_turn(THING),
        sql.fill_turn(THING),
        sql.catalogue(None, "thing"),
        STAGED.create(),
        STAGED.fill("SELECT 1"),
        STAGED.copy("@S/x/"),
    ],
)
def test_every_statement_is_snowflake_s_sql(statement):
    assert not isinstance(sqlglot.parse_one(statement, dialect="snowflake"), sqlglot.exp.Command)
