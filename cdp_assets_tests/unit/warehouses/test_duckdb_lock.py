import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pytest

from cdp_assets.errors import WarehouseError, WarehouseLockedError
from cdp_assets.tables import Table
from cdp_assets.warehouses.base import WriteMode
from cdp_assets.warehouses.duckdb import DuckDBWarehouse
from cdp_assets_tests.unit.warehouses import holder

THING = Table("raw", "thing")


@contextmanager
def held(path: Path):
    """Another process that holds the file."""
    command = [sys.executable, "-m", holder.__name__, path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.stdin.close()
            process.wait(timeout=10)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "cdp.duckdb"
    DuckDBWarehouse(path).write_arrow(THING, pa.table({"id": [1]}))
    return path


@pytest.fixture(scope="module")
def can_open():
    """Whether another process can open a file: one checker serves the module, as starting Python takes long."""
    loop = (
        "import sys, duckdb\n"
        "for line in sys.stdin:\n"
        "    try: duckdb.connect(line.strip()).close(); print('yes', flush=True)\n"
        "    except duckdb.Error: print('no', flush=True)\n"
    )
    command = [sys.executable, "-c", loop]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def can_open(path: Path) -> bool:
            print(path, file=process.stdin, flush=True)
            return process.stdout.readline() == "yes\n"

        yield can_open
        process.stdin.close()


def test_it_waits_no_longer_than_told_and_says_who_holds_the_file(path):
    with held(path) as process:
        began = time.monotonic()
        with pytest.raises(WarehouseLockedError) as refused:
            DuckDBWarehouse(path, lock_timeout=0.6).row_count(THING)
        waited = time.monotonic() - began

    assert 0.6 <= waited < 5
    said = str(refused.value)
    assert f"process {process.pid} (" in said
    assert str(path) in said
    assert "0.6 s" in said
    assert "CDP_LOCK_TIMEOUT_SECONDS" in said
    assert "\n" not in said


def test_it_goes_on_when_the_holder_lets_go(path):
    with held(path) as process:
        letting_go = threading.Timer(0.4, process.stdin.close)
        letting_go.start()
        assert DuckDBWarehouse(path, lock_timeout=30).row_count(THING) == 1
        letting_go.join()


def test_it_goes_on_when_the_holder_is_killed(path):
    with held(path) as process:
        process.kill()
        assert DuckDBWarehouse(path, lock_timeout=30).row_count(THING) == 1


def _refused(warehouse: DuckDBWarehouse) -> None:
    with pytest.raises(WarehouseError):
        warehouse.execute("SELECT * FROM raw.nothing")


OPERATIONS = {
    "execute": lambda w: w.execute("CREATE OR REPLACE TABLE raw.other AS SELECT 1 AS a"),
    "read": lambda w: w.read_arrow("SELECT * FROM raw.thing"),
    "write": lambda w: w.write_arrow(THING, pa.table({"id": [2]}), WriteMode.MERGE, ["id"]),
    "write select": lambda w: w.write_select(THING, "SELECT 3 AS id", WriteMode.APPEND),
    "columns": lambda w: w.columns(THING),
    "tables": lambda w: w.tables(),
    "refused": _refused,
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_after_an_operation_another_process_can_open_the_file(path, can_open, operation):
    warehouse = DuckDBWarehouse(path)
    result = OPERATIONS[operation](warehouse)

    assert can_open(path)
    del result


def test_a_transaction_holds_the_file_until_it_ends(path, can_open):
    warehouse = DuckDBWarehouse(path)
    with warehouse.transaction():
        warehouse.row_count(THING)
        assert not can_open(path)
    assert can_open(path)

    with pytest.raises(ZeroDivisionError), warehouse.transaction():
        raise ZeroDivisionError
    assert can_open(path)


def test_threads_take_part_in_their_own_transactions_only(path):
    warehouse = DuckDBWarehouse(path)
    seen = []
    with warehouse.transaction():
        warehouse.write_arrow(THING, pa.table({"id": [2]}), WriteMode.APPEND)
        other = threading.Thread(target=lambda: seen.append(warehouse.row_count(THING)))
        other.start()
        other.join()

    assert seen == [1]
    assert warehouse.row_count(THING) == 2


def test_a_file_that_is_no_warehouse_is_refused_at_once(tmp_path):
    path = tmp_path / "cdp.duckdb"
    path.write_text("not a database" * 1000)

    began = time.monotonic()
    with pytest.raises(WarehouseError, match=r"cannot open the warehouse .*cdp\.duckdb") as refused:
        DuckDBWarehouse(path).tables()
    assert time.monotonic() - began < 5
    assert "\n" not in str(refused.value)


def test_the_folder_of_the_file_is_made(tmp_path):
    warehouse = DuckDBWarehouse(tmp_path / "new" / "folder" / "cdp.duckdb")

    assert warehouse.tables() == []
