"""What is particular to PostgreSQL in settings, connections, transactions, errors and interrupts."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pyarrow as pa
import pytest

from cdp_assets.errors import ConfigurationError, WarehouseError, WarehouseUnavailableError
from cdp_assets.settings import Settings
from cdp_assets.tables import Table
from cdp_assets.warehouses import postgres
from cdp_assets.warehouses._usage import QueryTag
from cdp_assets.warehouses.base import WriteMode
from cdp_assets.warehouses.postgres import PostgresWarehouse
from cdp_assets_tests.standins.postgres import postgres_cluster

THING = Table("raw", "thing")
ONE = pa.table({"id": [1]})
_LONG = "SELECT count(*) FROM generate_series(1, 10000000000)"


@pytest.fixture(scope="module")
def cluster():
    with postgres_cluster() as cluster:
        yield cluster


@pytest.fixture
def environment(cluster) -> Iterator[dict[str, str]]:
    environment = cluster.fresh_database()
    yield environment
    cluster.drop_database(environment)


@pytest.fixture
def warehouse(environment) -> Iterator[PostgresWarehouse]:
    warehouse = opened(environment)
    yield warehouse
    warehouse.close()


@pytest.fixture
def psql(cluster, environment) -> Callable[[str], str]:
    return lambda statement: cluster.psql(statement, environment["CDP_POSTGRES_DATABASE"])


def opened(environment: dict[str, str], **changes: str) -> PostgresWarehouse:
    return PostgresWarehouse.from_settings(Settings.from_env({**environment, **changes}))


def kill_sessions(psql: Callable[[str], str]) -> None:
    """End every other session of the database, as a restart of the server would."""
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    assert psql(f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {others}") != "0"
    while psql(f"SELECT count(*) FROM pg_stat_activity WHERE {others}") != "0":
        time.sleep(0.01)


@contextmanager
def interrupted(after: float) -> Iterator[None]:
    """Send this process an interrupt, as Ctrl-C would, and expect it to be heard soon."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started us may have had it ignored
    timer = threading.Timer(after, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    began = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            yield
    finally:
        timer.join()
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - began < after + 5


def test_all_that_is_missing_is_told_at_once():
    with pytest.raises(ConfigurationError) as refused:
        opened({"CDP_POSTGRES_HOST": "db", "CDP_POSTGRES_PASSWORD": "hidden"})
    said = str(refused.value)

    assert "CDP_POSTGRES_USER and CDP_POSTGRES_DATABASE" in said
    assert "CDP_POSTGRES_PORT (not set: 5432)" in said
    assert "hidden" not in said


@pytest.mark.parametrize(
    ("name", "value"),
    [("CDP_POSTGRES_PORT", "five"), ("CDP_POSTGRES_PORT", "65536"), ("CDP_POSTGRES_SSLMODE", "always")],
)
def test_a_setting_that_cannot_be_is_refused_by_name(environment, name, value):
    with pytest.raises(ConfigurationError, match=f"{name} is '{value}'"):
        opened(environment, **{name: value})


def test_without_its_driver_the_message_says_what_to_install(environment, monkeypatch):
    monkeypatch.setattr(postgres, "find_spec", {}.get)
    with pytest.raises(ConfigurationError, match=r"pip install 'cdp-assets\[postgres\]'"):
        opened(environment)


def test_the_driver_is_not_imported_before_it_is_used():
    loaded = "import sys, cdp_assets.warehouses.postgres; print([m for m in sys.modules if m.startswith('adbc')])"
    assert subprocess.check_output([sys.executable, "-c", loaded], text=True).strip() == "[]"


def test_nothing_is_connected_to_before_it_is_used_and_no_secret_is_shown(environment):
    warehouse = opened(environment, CDP_POSTGRES_HOST="nowhere.invalid", CDP_POSTGRES_PASSWORD="it's \\hidden")

    assert warehouse.location.startswith("nowhere.invalid:")
    assert "hidden" not in repr(vars(warehouse)) + warehouse.location
    with pytest.raises(WarehouseError, match="CDP_POSTGRES_HOST") as refused:
        warehouse.tables()
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"CDP_POSTGRES_PASSWORD": "it's \\wrong"}, "CDP_POSTGRES_PASSWORD"),
        ({"CDP_POSTGRES_PASSWORD": ""}, "CDP_POSTGRES_PASSWORD"),
        ({"CDP_POSTGRES_USER": "no body"}, "CDP_POSTGRES_USER"),
        ({"CDP_POSTGRES_DATABASE": "no where"}, "CDP_POSTGRES_DATABASE"),
        ({"CDP_POSTGRES_SSLMODE": "require"}, "CDP_POSTGRES_SSLMODE"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_what_waiting_does_not_mend_is_no_passing_error(environment, change, said):
    with pytest.raises(WarehouseError, match=said) as refused:
        opened(environment, **change).tables()
    assert not isinstance(refused.value, WarehouseUnavailableError)
    assert "wrong" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_server_that_does_not_listen_is_a_passing_error(environment):
    with pytest.raises(WarehouseUnavailableError, match=r"127\.0\.0\.1:1/"):
        opened(environment, CDP_POSTGRES_PORT="1").tables()


def test_too_many_connections_are_a_passing_error(cluster, environment, psql):
    psql("CREATE ROLE crowded LOGIN PASSWORD 'c' CONNECTION LIMIT 1")
    crowded = {**environment, "CDP_POSTGRES_USER": "crowded", "CDP_POSTGRES_PASSWORD": "c"}
    first = opened(crowded)
    first.tables()
    with pytest.raises(WarehouseUnavailableError, match="too many connections"):
        opened(crowded).tables()

    first.close()
    psql("DROP ROLE crowded")


def test_the_server_is_told_who_asks(environment, psql):
    warehouse = opened(environment)
    warehouse.tag = QueryTag("identity.é" + "s" * 80, "0123456789-run")
    found = warehouse.read_arrow("SELECT 1 AS one")

    assert found.num_rows == 1
    assert (
        psql("SELECT application_name FROM pg_stat_activity WHERE state = 'idle'")
        == f"cdp 01234567 identity.?{'s' * 40}"
    )
    warehouse.close()


def test_one_connection_serves_and_closing_ends_it(warehouse, psql):
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    for mode in WriteMode:
        warehouse.write_arrow(THING, ONE, mode, ["id"])
    with warehouse.transaction():
        warehouse.row_count(THING)
    assert psql(sessions) == "1"
    assert psql(f"{sessions} AND state <> 'idle'") == "0"

    warehouse.close()
    assert psql(sessions) == "0"
    assert warehouse.row_count(THING) == 1


def test_threads_do_not_share_a_session_at_the_same_time(warehouse):
    warehouse.write_arrow(THING, pa.table({"id": range(50_000)}))
    counts: list[int] = []

    def read() -> None:
        counts.extend(warehouse.read_arrow("SELECT id FROM raw.thing").num_rows for _ in range(5))

    threads = [threading.Thread(target=read) for _ in range(4)]
    with warehouse.transaction():
        warehouse.execute("DELETE FROM raw.thing")
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert counts == [50_000] * 20
    assert warehouse.row_count(THING) == 0


def test_times_are_those_of_utc_whatever_the_server_prefers(warehouse, psql):
    psql("ALTER ROLE cdp SET TimeZone = 'Asia/Tokyo'")
    found = warehouse.read_arrow("SELECT CAST(CAST('2026-01-01 00:00:00+00' AS TIMESTAMPTZ) AS TEXT) AS at")
    psql("ALTER ROLE cdp RESET TimeZone")

    assert found["at"][0].as_py().startswith("2026-01-01 00:00:00")


@pytest.mark.parametrize("use", ["read", "write", "execute", "transaction"])
@pytest.mark.parametrize("idle", [0.0, 0.6])
def test_a_session_that_ended_meanwhile_is_replaced(warehouse, psql, use, idle):
    warehouse.write_arrow(THING, ONE)
    kill_sessions(psql)
    time.sleep(idle)
    uses = {
        "read": lambda: warehouse.row_count(THING),
        "write": lambda: warehouse.write_arrow(THING, ONE),
        "execute": lambda: warehouse.execute("DELETE FROM raw.thing"),
        "transaction": lambda: warehouse.transaction().__enter__(),
    }
    if not idle:  # a session used a moment ago is not asked first
        with pytest.raises(WarehouseUnavailableError):
            uses[use]()
    if use == "transaction":
        with warehouse.transaction():
            assert warehouse.row_count(THING) == 1
    else:
        uses[use]()


def test_a_session_that_ends_inside_a_transaction_undoes_it(warehouse, psql):
    warehouse.write_arrow(THING, ONE)

    def lose():
        with warehouse.transaction():
            warehouse.execute("DELETE FROM raw.thing")
            kill_sessions(psql)
            warehouse.row_count(THING)

    with pytest.raises(WarehouseUnavailableError, match="lost"):
        lose()
    assert warehouse.row_count(THING) == 1


@pytest.mark.parametrize("mode", list(WriteMode))
def test_a_session_that_ends_while_rows_come_leaves_the_table_as_it_was(warehouse, psql, mode):
    warehouse.write_arrow(THING, ONE)

    def batches():
        for first in range(2, 200_000, 1000):
            if first == 10_002:
                kill_sessions(psql)
            yield pa.record_batch({"id": range(first, first + 1000)})

    with pytest.raises(WarehouseUnavailableError, match="lost"):
        warehouse.write_arrow(THING, pa.RecordBatchReader.from_batches(ONE.schema, batches()), mode, ["id"])
    assert warehouse.read_arrow("SELECT id FROM raw.thing").equals(ONE)


def test_a_session_that_ends_while_rows_are_read_is_a_passing_error(warehouse, psql):
    def read():
        with warehouse._batches("SELECT g FROM generate_series(1, 20000000) AS g") as reader:
            reader.read_next_batch()
            kill_sessions(psql)
            reader.read_all()

    with pytest.raises(WarehouseUnavailableError, match="lost"):
        read()
    assert warehouse.tables() == []


def test_a_commit_whose_answer_is_lost_is_no_passing_error(warehouse, psql):
    def lose():
        with warehouse.transaction():
            warehouse.write_arrow(THING, ONE)
            kill_sessions(psql)

    with pytest.raises(WarehouseError, match="not known") as refused:
        lose()
    assert not isinstance(refused.value, WarehouseUnavailableError)
    assert not warehouse.exists(THING)


def test_a_transaction_does_not_pretend_to_commit_after_a_refused_statement(warehouse):
    def go_on():
        with warehouse.transaction():
            warehouse.write_arrow(THING, ONE)
            with pytest.raises(WarehouseError, match="refused"):
                warehouse.execute("DELETE FROM raw.nothing")

    with pytest.raises(WarehouseError, match="none of it took effect"):
        go_on()
    assert not warehouse.exists(THING)


def test_nothing_else_runs_while_a_result_is_read_inside_a_transaction(warehouse):
    warehouse.write_arrow(THING, pa.table({"id": range(100_000)}))
    with warehouse.transaction():
        with warehouse.read_batches("SELECT id FROM raw.thing") as reader:
            with pytest.raises(WarehouseError, match="still being read"):
                warehouse.row_count(THING)
            assert reader.read_all().num_rows == 100_000
        assert warehouse.row_count(THING) == 100_000


@pytest.mark.parametrize("inside", [True, False])
def test_a_result_can_be_left_unread(warehouse, inside):
    def leave():
        with warehouse._batches("SELECT g FROM generate_series(1, 3000000) AS g") as reader:
            reader.read_next_batch()
        assert warehouse.read_arrow("SELECT 1 AS one")["one"].to_pylist() == [1]

    if inside:
        with warehouse.transaction():
            warehouse.write_arrow(THING, ONE)
            leave()
        assert warehouse.row_count(THING) == 1
    else:
        leave()


@pytest.mark.parametrize("operation", ["execute", "read", "write"])
def test_an_interrupt_is_heard_during_a_long_statement(warehouse, psql, operation):
    operations = {
        "execute": lambda: warehouse._execute(_LONG),
        "read": lambda: warehouse._table(_LONG),
        "write": lambda: warehouse._write_select(THING, _LONG, WriteMode.REPLACE, []),
    }
    warehouse.write_arrow(THING, ONE)
    with interrupted(0.5):
        operations[operation]()

    assert warehouse.read_arrow("SELECT id FROM raw.thing").equals(ONE)
    assert psql("SELECT count(*) FROM pg_stat_activity WHERE state = 'active'") == "1"


@pytest.mark.parametrize("mode", list(WriteMode))
def test_an_interrupt_while_rows_come_leaves_the_table_as_it_was(warehouse, mode):
    warehouse.write_arrow(THING, ONE)

    def batches():
        for first in range(2, 2_000_000, 1000):
            time.sleep(0.01)
            yield pa.record_batch({"id": range(first, first + 1000)})

    with interrupted(0.5):
        warehouse.write_arrow(THING, pa.RecordBatchReader.from_batches(ONE.schema, batches()), mode, ["id"])
    assert warehouse.read_arrow("SELECT id FROM raw.thing").equals(ONE)


def test_an_interrupt_while_waiting_for_another_writer_rolls_back(environment, warehouse):
    warehouse.write_arrow(THING, ONE)
    other = opened(environment)
    with other.transaction():
        other.execute("DELETE FROM raw.thing")
        with interrupted(0.5):
            warehouse.write_arrow(THING, pa.table({"id": [2]}), WriteMode.MERGE, ["id"])
    assert warehouse.row_count(THING) == 0
    other.close()


@pytest.mark.parametrize("name", ["x" * 64, "é" * 32])
def test_a_name_that_would_be_cut_off_is_refused(warehouse, name):
    assert warehouse.write_arrow(Table("raw", "x" * 63), pa.table({"é" * 31: [1]})) == 1
    for write in (
        lambda: warehouse.write_arrow(Table("raw", name), ONE),
        lambda: warehouse.write_arrow(THING, pa.table({name: [1]})),
        lambda: warehouse.columns(Table("raw", name)),
    ):
        with pytest.raises(WarehouseError, match="too long"):
            write()
