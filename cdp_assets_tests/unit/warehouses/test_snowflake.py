"""How the Snowflake warehouse is configured, and which session it asks what."""

import sys
from contextlib import contextmanager
from types import SimpleNamespace

import pyarrow as pa
import pytest
from snowflake.connector import errors

from cdp_assets.errors import ConfigurationError, WarehouseError, WarehouseUnavailableError
from cdp_assets.settings import Settings
from cdp_assets.tables import Table
from cdp_assets.warehouses._usage import QueryTag
from cdp_assets.warehouses.base import Right, WriteMode
from cdp_assets.warehouses.snowflake import SnowflakeWarehouse

THING = Table("raw", "thing")
ROWS = pa.table({"id": [1], "name": ["a"]})
ENVIRONMENT = {
    "CDP_SNOWFLAKE_ACCOUNT": "myorg-a",
    "CDP_SNOWFLAKE_USER": "ann",
    "CDP_SNOWFLAKE_PASSWORD": "open sesame",
    "CDP_SNOWFLAKE_DATABASE": "CDP",
}


class Snowflake:
    """Notes what each connection is opened with and asked; it finds no table, and nothing wrong with any key."""

    def __init__(self) -> None:
        self.options: list[dict[str, object]] = []
        self.asked: list[tuple[int, str]] = []
        self.failing: dict[str, errors.Error] = {}

    def resource(self, **options):
        self.options.append(options)
        return SimpleNamespace(get_connection=lambda: self._connection(len(self.options)))

    @contextmanager
    def _connection(self, number: int):
        yield SimpleNamespace(cursor=lambda: self._cursor(number))

    @contextmanager
    def _cursor(self, number: int):
        def execute(statement: str) -> None:
            self.asked.append((number, statement))
            for start, error in self.failing.items():
                if statement.startswith(start):
                    raise error
            cursor.found = [(0, 0)] if "nulls" in statement else [(7,)] if "COUNT(*)" in statement else []

        cursor = SimpleNamespace(execute=execute, fetchall=lambda: cursor.found, rowcount=1, sfqid="01b2")
        yield cursor

    def starts(self, *beginnings: str) -> list[tuple[int, str]]:
        """The connection and the beginning of each statement that begins with one of some words."""
        return [(n, b) for n, statement in self.asked for b in beginnings if statement.startswith(b)]


@pytest.fixture
def snowflake(monkeypatch) -> Snowflake:
    fake = Snowflake()
    monkeypatch.setitem(sys.modules, "dagster_snowflake", SimpleNamespace(SnowflakeResource=fake.resource))
    return fake


def configured(**more: str) -> SnowflakeWarehouse:
    return SnowflakeWarehouse.from_settings(Settings.from_env(ENVIRONMENT | more))


def test_a_missing_variable_is_told_with_all_that_was_looked_for():
    given = {name: value for name, value in ENVIRONMENT.items() if "PASSWORD" not in name}

    with pytest.raises(ConfigurationError) as missing:
        SnowflakeWarehouse.from_settings(Settings.from_env(given))
    said = str(missing.value)
    assert "which needs CDP_SNOWFLAKE_PASSWORD" in said
    assert "CDP_SNOWFLAKE_PRIVATE_KEY_PATH (not set" in said
    assert "CDP_SNOWFLAKE_ACCOUNT (set)" in said


def test_a_private_key_is_enough_and_a_password_beside_it_too_much():
    key = {"CDP_SNOWFLAKE_PRIVATE_KEY_PATH": "/key.p8"}
    SnowflakeWarehouse.from_settings(Settings.from_env(ENVIRONMENT | key | {"CDP_SNOWFLAKE_PASSWORD": ""}))

    with pytest.raises(ConfigurationError, match="are both set"):
        configured(**key)


@pytest.mark.parametrize("name", ["CDP_SNOWFLAKE_PORT", "CDP_SNOWFLAKE_NETWORK_TIMEOUT_SECONDS"])
def test_what_must_be_a_number_is_checked(name):
    with pytest.raises(ConfigurationError, match=f"{name} is 'many'"):
        configured(**{name: "many"})


def test_secrets_are_in_no_message():
    warehouse = configured()

    assert warehouse.location == "myorg-a/CDP"
    assert "sesame" not in f"{warehouse!r} {warehouse.location} {vars(type(warehouse))}"
    assert warehouse.grant(Right.CREATE_SCHEMA, "raw") == "GRANT CREATE SCHEMA ON DATABASE CDP TO ROLE <role>;"


def test_nothing_is_connected_to_before_it_is_used(snowflake):
    warehouse = configured()
    assert snowflake.options == []
    warehouse.execute("DELETE FROM raw.thing")
    assert len(snowflake.options) == 1


def test_a_connection_is_in_utc_exact_and_says_what_it_is_for(snowflake):
    warehouse = configured(CDP_SNOWFLAKE_HOST="private.example", CDP_SNOWFLAKE_PORT="8443", CDP_SNOWFLAKE_ROLE="LOADER")
    warehouse.tag = QueryTag("raw.thing", "run-1")
    warehouse.execute("DELETE FROM raw.thing")

    [options] = snowflake.options
    assert options.items() >= {"account": "myorg-a", "role": "LOADER", "timezone": "UTC", "autocommit": True}.items()
    assert "warehouse" not in options
    assert options["additional_snowflake_connection_args"] == {
        "host": "private.example",
        "port": 8443,
        "arrow_number_to_decimal": True,
        "session_parameters": {"QUERY_TAG": "cdp raw.thing run-1"},
    }
    assert warehouse.take_usage().query_ids == ["01b2"]


def test_a_transaction_defines_and_loads_in_a_second_session(snowflake):
    warehouse = configured()
    with warehouse.transaction():
        warehouse.write_arrow(THING, ROWS, WriteMode.MERGE, ["id"])

    first, second = 1, 2
    defining = ("CREATE", "PUT", "COPY")
    assert {number for number, _ in snowflake.starts(*defining)} == {second}
    within = ("BEGIN", "UPDATE", 'DELETE FROM "RAW"', 'INSERT INTO "RAW"', "COMMIT", "DROP")
    assert snowflake.starts(*within) == [(first, word) for word in within]


def test_a_merge_takes_its_turn_before_it_looks_at_the_table(snowflake):
    configured().write_arrow(THING, ROWS, WriteMode.MERGE, ["id"])

    within = ("BEGIN", "UPDATE", 'DELETE FROM "RAW"', 'INSERT INTO "RAW"', "COMMIT", "DROP")
    assert snowflake.starts(*within) == [(1, word) for word in within]


def test_a_transaction_replaces_without_defining_anything(snowflake):
    warehouse = configured()
    with warehouse.transaction():
        warehouse.write_arrow(THING, ROWS)

    assert snowflake.starts("INSERT OVERWRITE", "COMMIT") == [(1, "INSERT OVERWRITE"), (1, "COMMIT")]
    assert not snowflake.starts("CREATE OR REPLACE")


def test_a_statement_that_would_commit_the_transaction_is_run_beside_it(snowflake):
    warehouse = configured()
    with warehouse.transaction():
        warehouse.execute("CREATE VIEW raw.seen AS SELECT 1 AS id")
        warehouse.execute("DELETE FROM raw.thing")

    assert snowflake.starts("CREATE VIEW", "DELETE") == [(2, "CREATE VIEW"), (1, "DELETE")]


def test_a_connection_lost_in_a_transaction_is_not_opened_anew_within_it(snowflake):
    warehouse = configured()
    snowflake.failing["DELETE"] = errors.OperationalError("reset", errno=250003)

    def lose_it():
        with warehouse.transaction():
            with pytest.raises(WarehouseUnavailableError):
                warehouse.execute("DELETE FROM raw.thing")
            warehouse.execute("DELETE FROM raw.other")

    with pytest.raises(WarehouseUnavailableError, match="was lost, and the transaction with it"):
        lose_it()
    assert len(snowflake.options) == 1
    assert not snowflake.starts("COMMIT", 'DELETE FROM "RAW"."OTHER"')
    snowflake.failing.clear()
    warehouse.execute("DELETE FROM raw.thing")
    assert snowflake.asked[-1][0] == 2


def test_rows_that_waited_are_dropped_when_they_are_refused(snowflake):
    snowflake.failing["COPY"] = errors.ProgrammingError("Numeric value 'bob' is not recognized", errno=100038)

    with pytest.raises(WarehouseError, match="refused"):
        configured().write_arrow(THING, ROWS)
    created = [statement.split()[3] for _, statement in snowflake.asked if "TRANSIENT" in statement]
    assert [statement for _, statement in snowflake.asked][-1] == f"DROP TABLE IF EXISTS {created[0]}"


def test_two_columns_of_the_same_name_are_refused_before_anything_is_written(snowflake):
    with pytest.raises(WarehouseError, match="two columns are named id"):
        configured().write_arrow(THING, pa.table({"id": [1], "ID": [2]}))
    assert snowflake.asked == []


def test_a_private_key_that_cannot_be_read_is_told_with_its_variable(tmp_path):
    key = tmp_path / "key.p8"
    key.write_text("no key")
    warehouse = configured(CDP_SNOWFLAKE_PASSWORD="", CDP_SNOWFLAKE_PRIVATE_KEY_PATH=str(key))

    with pytest.raises(WarehouseError, match="CDP_SNOWFLAKE_PRIVATE_KEY_PATH must name a PEM file"):
        warehouse.execute("DELETE FROM raw.thing")
