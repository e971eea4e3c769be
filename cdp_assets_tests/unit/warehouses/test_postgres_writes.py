"""What is particular to PostgreSQL in how tables are written, alone and at the same time."""

import threading
from collections.abc import Callable

import pyarrow as pa
import pytest
from adbc_driver_postgresql import dbapi

from cdp_assets.errors import WarehouseError
from cdp_assets.settings import Settings
from cdp_assets.tables import TEXT, Table
from cdp_assets.warehouses._postgres.connection import Connection
from cdp_assets.warehouses.base import WriteMode
from cdp_assets.warehouses.postgres import PostgresWarehouse
from cdp_assets_tests.standins.postgres import postgres_cluster

THING = Table("raw", "thing")
MANY = 12_000
ONE_TEXT = pa.table({"id": ["1"]})


@pytest.fixture(scope="module")
def cluster():
    with postgres_cluster() as cluster:
        yield cluster


@pytest.fixture
def connect(cluster):
    """Makes one more warehouse object on the test's database."""
    environment = cluster.fresh_database()
    opened = []

    def connect() -> PostgresWarehouse:
        opened.append(PostgresWarehouse.from_settings(Settings.from_env(environment)))
        return opened[-1]

    yield connect
    for warehouse in opened:
        warehouse.close()
    cluster.drop_database(environment)


@pytest.fixture
def warehouse(connect):
    return connect()


@pytest.fixture
def psql(cluster, warehouse) -> Callable[[str], str]:
    return lambda statement: cluster.psql(statement, warehouse.server.database)


def rows(*ids: int, name: str = "a") -> pa.Table:
    return pa.table({"id": pa.array(ids, pa.int64()), "name": pa.array([name] * len(ids), TEXT)})


def in_threads(*calls: Callable[[], object]) -> list[BaseException]:
    """Run calls at the same time; returns what they raised."""
    ready, raised = threading.Barrier(len(calls)), []

    def run(call):
        ready.wait()
        try:
            call()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    return raised


def test_a_table_replaced_with_the_same_columns_keeps_its_grants_indexes_and_views(warehouse, psql):
    warehouse.write_arrow(THING, rows(1))
    psql("CREATE ROLE reader; GRANT SELECT ON raw.thing TO reader; CREATE INDEX by_name ON raw.thing (name)")
    psql("CREATE VIEW raw.seen AS SELECT * FROM raw.thing")
    warehouse.write_arrow(THING, rows(2, 3))
    warehouse.write_select(THING, "SELECT id + 1 AS id, name FROM raw.thing")

    assert psql("SELECT has_table_privilege('reader', 'raw.thing', 'SELECT')") == "t"
    assert psql("SELECT count(*) FROM pg_indexes WHERE indexname = 'by_name'") == "1"
    assert psql("SELECT string_agg(CAST(id AS text), ',' ORDER BY id) FROM raw.seen") == "3,4"
    psql("DROP OWNED BY reader; DROP ROLE reader")


@pytest.mark.parametrize(
    "changed", [pa.table({"id": [2]}), pa.table({"id": ["2"], "name": ["b"]})], ids=["fewer", "type"]
)
def test_a_table_replaced_with_other_columns_becomes_another_unless_a_view_needs_it(warehouse, psql, changed):
    warehouse.write_arrow(THING, rows(1))
    psql("CREATE VIEW raw.seen AS SELECT * FROM raw.thing")
    with pytest.raises(WarehouseError, match=r"view raw\.seen depends on table raw\.thing"):
        warehouse.write_arrow(THING, changed)
    assert warehouse.read_arrow("SELECT * FROM raw.thing").equals(rows(1))

    psql("DROP VIEW raw.seen")
    warehouse.write_arrow(THING, changed)
    assert warehouse.read_arrow("SELECT * FROM raw.thing").equals(changed)


@pytest.mark.parametrize("mode", list(WriteMode))
def test_a_view_is_not_written_to(warehouse, psql, mode):
    psql("CREATE SCHEMA raw; CREATE VIEW raw.thing AS SELECT 1 AS id")
    with pytest.raises(WarehouseError, match=r"raw\.thing is a view"):
        warehouse.write_arrow(THING, rows(1), mode, ["id"])


@pytest.mark.parametrize("mode", list(WriteMode))
def test_readers_are_not_kept_waiting_while_the_rows_come(connect, warehouse, mode):
    warehouse.write_arrow(THING, rows(1, 2))
    reader, seen = connect(), []

    def batches():
        for first in (3, 5):
            yield rows(first, first + 1).to_batches()[0]
            seen.append(reader.row_count(THING))

    warehouse.write_arrow(THING, pa.RecordBatchReader.from_batches(rows().schema, batches()), mode, ["id"])

    assert seen == [2, 2]
    assert reader.row_count(THING) == (4 if mode is WriteMode.REPLACE else 6)


def test_a_table_is_not_made_anew_between_the_schema_and_the_rows_of_a_result(connect, warehouse, monkeypatch):
    warehouse.write_arrow(THING, rows(1, 2))
    reader, is_replaced = connect(), threading.Event()
    writer = threading.Thread(target=lambda: (warehouse.write_arrow(THING, ONE_TEXT), is_replaced.set()))
    schema = Connection.schema

    def schema_then_replace(self, sql):
        found = schema(self, sql)
        writer.start()
        assert not is_replaced.wait(timeout=0.3)
        return found

    reader.tables()
    with monkeypatch.context() as patch:
        patch.setattr(Connection, "schema", schema_then_replace)
        assert reader.read_arrow("SELECT id FROM raw.thing")["id"].to_pylist() == [1, 2]
    writer.join(timeout=60)
    assert reader.read_arrow("SELECT id FROM raw.thing")["id"].to_pylist() == ["1"]


def test_who_reads_as_of_a_moment_before_a_replacement_still_finds_the_old_rows(warehouse):
    warehouse.write_arrow(THING, rows(1, 2))
    session = dbapi.connect(warehouse.server.connection_string("reader"), autocommit=True)
    with session, session.cursor() as reader:
        reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT 1").fetchall()
        warehouse.write_arrow(THING, rows(3))
        assert reader.execute("SELECT id FROM raw.thing ORDER BY id").fetchall() == [(1,), (2,)]
        reader.execute("COMMIT")
        assert reader.execute("SELECT id FROM raw.thing").fetchall() == [(3,)]


@pytest.mark.parametrize("mode", [WriteMode.REPLACE, WriteMode.MERGE])
def test_a_table_can_be_written_from_a_stream_of_itself(warehouse, mode):
    warehouse.write_arrow(THING, rows(*range(MANY)))
    for columns in ("id, name", "id"):
        with warehouse.read_batches(f"SELECT {columns} FROM raw.thing") as stream:
            assert warehouse.write_arrow(THING, stream, mode, ["id"]) == MANY

    assert warehouse.row_count(THING) == MANY


@pytest.mark.parametrize("attempt", range(3))
@pytest.mark.parametrize("exists", [True, False], ids=["there", "new"])
def test_writers_that_merge_at_once_leave_no_key_twice(connect, warehouse, psql, exists, attempt):
    if exists:
        warehouse.write_arrow(THING, rows(1))
    writers = [connect() for _ in range(4)]
    raised = in_threads(
        *(
            lambda w=w, n=n: w.write_arrow(THING, rows(1, 2, 3, name=f"{n}"), WriteMode.MERGE, ["id"])
            for n, w in enumerate(writers)
        )
    )

    assert raised == []
    assert psql("SELECT string_agg(CAST(id AS text), ',' ORDER BY id) FROM raw.thing") == "1,2,3"
    assert psql("SELECT count(DISTINCT name) FROM raw.thing") == "1"


@pytest.mark.parametrize("mode", list(WriteMode))
@pytest.mark.parametrize("attempt", range(3))
def test_writers_that_create_schemas_and_tables_at_once_do_not_trip_over_each_other(connect, mode, attempt):
    tables = [THING, THING, Table("raw", "other"), Table("raw", "other")]
    writers = [connect() for _ in tables]
    raised = in_threads(
        *(lambda w=w, t=t: w.write_arrow(t, rows(1), mode, ["id"]) for w, t in zip(writers, tables, strict=True)),
        *(lambda w=w: w.create_schema("raw") for w in writers),
    )

    assert raised == []
    assert [writers[0].row_count(table) for table in tables[1:3]] == [2 if mode is WriteMode.APPEND else 1] * 2


def test_a_schema_that_is_there_needs_no_right_to_create_any(cluster, connect, warehouse, psql):
    warehouse.create_schema("raw")
    psql("CREATE ROLE writer LOGIN PASSWORD 'w'; GRANT USAGE, CREATE ON SCHEMA raw TO writer")
    server = warehouse.server
    environment = {**cluster.environment(server.database), "CDP_POSTGRES_USER": "writer", "CDP_POSTGRES_PASSWORD": "w"}
    writer = PostgresWarehouse.from_settings(Settings.from_env(environment))

    writer.create_schema("raw")
    assert writer.write_arrow(THING, rows(1)) == 1
    with pytest.raises(WarehouseError, match="permission denied"):
        writer.create_schema("other")
    writer.close()
    psql("DROP OWNED BY writer; DROP ROLE writer")


@pytest.mark.parametrize("mode", list(WriteMode))
@pytest.mark.parametrize("exists", [True, False], ids=["there", "new"])
def test_the_planner_knows_of_many_rows_at_once_and_no_index_is_left(warehouse, psql, mode, exists):
    if exists:
        warehouse.write_arrow(THING, rows(-1))
    warehouse.write_arrow(THING, rows(*range(MANY)), mode, ["id"])

    known = psql("SELECT CAST(reltuples AS int) FROM pg_class WHERE oid = CAST('raw.thing' AS regclass)")
    assert int(known) in (MANY, MANY + 1)
    assert psql("SELECT count(*) FROM pg_stats WHERE tablename = 'thing'") == "2"
    assert psql("SELECT count(*) FROM pg_indexes WHERE schemaname = 'raw'") == "0"


@pytest.mark.parametrize("exists", [True, False], ids=["there", "new"])
@pytest.mark.parametrize(
    ("first", "said"),
    [(0, "0 rows have a null in it and 1 keys come more than once"), (None, "1 rows have a null in it and 0 keys")],
    ids=["repeated", "null"],
)
def test_the_faults_of_many_keys_are_counted(warehouse, psql, exists, first, said):
    if exists:
        warehouse.write_arrow(THING, rows(-1))
    with pytest.raises(WarehouseError, match=said):
        warehouse.write_arrow(THING, rows(first, *range(MANY)), WriteMode.MERGE, ["id"])

    assert warehouse.exists(THING) is exists
    assert psql("SELECT count(*) FROM pg_class WHERE relname LIKE 'cdp%'") == "0"


@pytest.mark.parametrize("exists", [True, False], ids=["there", "new"])
def test_keys_too_long_for_an_index_can_be_merged_on(warehouse, psql, exists):
    noise = "".join(chr(33 + i * i % 89 % 94) for i in range(40))
    keys = [f"{n}{noise}" for n in range(MANY)]
    keys[0] = "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(9_000))
    table = pa.table({"id": keys, "n": range(MANY)})
    if exists:
        warehouse.write_arrow(THING, table.slice(0, 1))

    for _ in range(2):
        assert warehouse.write_arrow(THING, table, WriteMode.MERGE, ["id"]) == MANY
    assert warehouse.row_count(THING) == MANY
    assert psql("SELECT count(*) FROM pg_indexes WHERE schemaname = 'raw'") == "0"


def test_a_column_that_somebody_adds_meanwhile_is_no_obstacle(connect, warehouse):
    warehouse.write_arrow(THING, rows(1))
    other = connect()

    def batches():
        other.write_arrow(THING, pa.table({"id": [2], "score": [0.5]}), WriteMode.APPEND)
        yield pa.record_batch({"id": [3], "score": [0.7]})

    schema = pa.schema([("id", pa.int64()), ("score", pa.float64())])
    warehouse.write_arrow(THING, pa.RecordBatchReader.from_batches(schema, batches()), WriteMode.MERGE, ["id"])

    found = warehouse.read_arrow("SELECT id, score FROM raw.thing ORDER BY id").to_pylist()
    assert [row["score"] for row in found] == [None, 0.5, 0.7]
