import subprocess
import sys

import pytest

from cdp_assets.sources.contracts import LOADS
from cdp_assets.sources.load import load_table
from cdp_assets.tables import Table
from cdp_assets_tests.unit.sources import killed_load
from cdp_assets_tests.unit.sources.conftest import NOW

BATCHES = 10
ROWS = BATCHES * killed_load.ROWS_A_BATCH


@pytest.mark.parametrize("writes", [5, BATCHES + 1], ids=["in the middle", "after the ledger's row"])
def test_a_killed_load_leaves_nothing_and_the_next_brings_every_row_once(settings, drop, warehouse, writes):
    drop("big.csv", "Id\n" + "".join(f"{i}\n" for i in range(ROWS)))
    command = [sys.executable, "-m", killed_load.__name__, settings.landing_dir, warehouse.path, str(writes)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "stopped\n"
        process.kill()
    assert process.returncode == -9

    assert warehouse.row_count(Table("raw", "crm__contacts")) == warehouse.row_count(LOADS.table) == 0
    report = load_table(warehouse, killed_load.CRM, killed_load.CRM.tables[0], settings, NOW)
    assert report.rows == ROWS
    counted = warehouse.read_arrow('SELECT count(*) AS n, count(DISTINCT "Id") AS ids FROM raw.crm__contacts')
    assert counted.to_pylist() == [{"n": ROWS, "ids": ROWS}]
    assert warehouse.row_count(LOADS.table) == 1
