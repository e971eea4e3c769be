"""Whatever the warehouse, the same exports end as the same customers, audiences and sync states."""

import pytest

from cdp_assets_tests.deployment import Facts, differing
from cdp_assets_tests.integration.warehouses.conftest import Days

pytestmark = pytest.mark.slow


def of_stage(found: Facts, *stages: str) -> Facts:
    return {table: rows for table, rows in found.items() if table.partition(".")[0] in stages}


@pytest.mark.parametrize("stages", [("raw",), ("staging", "lookup"), ("identity",), ("master",), ("audiences",)])
def test_a_stages_tables_are_those_of_duckdb_row_for_row(on_duckdb: Days, elsewhere: Days, stages) -> None:
    for there, here in zip(elsewhere.facts, on_duckdb.facts, strict=False):
        assert of_stage(here, *stages)
        assert differing(of_stage(here, *stages), of_stage(there, *stages)) == []


def test_what_the_syncs_hold_and_sent_is_that_of_duckdb(on_duckdb: Days, elsewhere: Days) -> None:
    for there, here in zip(elsewhere.facts, on_duckdb.facts, strict=False):
        assert here["activation.sync_state"]
        assert differing(of_stage(here, "activation"), of_stage(there, "activation")) == []
    if len(elsewhere.facts) == len(on_duckdb.facts):
        sent = [[path.read_bytes() for path in days.deployment.sent()] for days in (on_duckdb, elsewhere)]
        assert sent[0] == sent[1]


def test_nothing_is_made_again_when_nothing_is_new(elsewhere: Days) -> None:
    done = elsewhere.deployment.run_well("run")
    assert "nothing is new" in done.stdout


def test_doctor_finds_every_right(elsewhere: Days) -> None:
    done = elsewhere.deployment.run("doctor")
    assert "FIX  warehouse" not in done.stdout
    assert "creating, writing and reading work" in done.stdout
