"""The warehouse as a step has it: tagged, closed afterwards, and tried again only when the connection broke."""

import dagster as dg
import pytest

from cdp_assets.components import warehouse as resource
from cdp_assets.components.table_asset import usage_metadata
from cdp_assets.components.warehouse import WAREHOUSE_TAG, WarehouseResource, executor, step
from cdp_assets.errors import WarehouseError, WarehouseUnavailableError
from cdp_assets.orchestration.staleness import stale_assets
from cdp_assets.settings import Settings
from cdp_assets.tables import Table
from cdp_assets.warehouses.duckdb import DuckDBWarehouse

KEY = dg.AssetKey(["raw", "numbers"])
NUMBERS = Table("raw", "numbers")


class Flaky(DuckDBWarehouse):
    """Refuses its first writes with the errors it is given, and remembers those that used it."""

    used: list["Flaky"]
    errors: list[Exception]

    def _write_select(self, *arguments):
        self.used.append(self)
        if self.errors:
            raise self.errors.pop(0)
        return super()._write_select(*arguments)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def flaky(tmp_path, monkeypatch) -> type[Flaky]:
    monkeypatch.setattr(Flaky, "used", [], raising=False)
    monkeypatch.setattr(Flaky, "errors", [], raising=False)
    monkeypatch.setattr(resource, "open_warehouse", lambda _: Flaky(tmp_path / "cdp.duckdb"))
    monkeypatch.setattr(resource, "_WAIT_SECONDS", 0)
    return Flaky


@dg.asset(key=KEY)
def numbers(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> dg.MaterializeResult:
    with warehouse.opened(context) as opened:
        opened.write_select(NUMBERS, "SELECT 1 AS n")
        opened.read_arrow("SELECT n FROM raw.numbers")
        return dg.MaterializeResult(metadata=usage_metadata(opened))


def materialise(instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        [numbers], resources={"warehouse": WarehouseResource()}, instance=instance, raise_on_error=False
    )


def test_a_broken_connection_has_the_step_tried_again(flaky):
    flaky.errors[:] = [WarehouseUnavailableError("gone for now"), WarehouseUnavailableError("still gone")]
    with dg.instance_for_test() as instance:
        assert materialise(instance).success
    assert len(flaky.used) == 3
    assert all(one.closed for one in flaky.used)


def test_it_is_given_up_after_four_tries_with_what_the_warehouse_said(flaky):
    flaky.errors[:] = [WarehouseUnavailableError("gone for good")] * 9
    with dg.instance_for_test() as instance:
        result = materialise(instance)
    failure = result.failure_data_for_node("raw__numbers")
    assert not result.success
    assert len(flaky.used) == 4
    assert "gone for good" in str(failure.error.cause)


def test_what_the_warehouse_refuses_is_not_tried_again(flaky):
    flaky.errors[:] = [WarehouseError("no such column")]
    with dg.instance_for_test() as instance:
        assert not materialise(instance).success
    assert len(flaky.used) == 1
    assert flaky.used[0].closed


def test_statements_are_tagged_with_the_asset_and_run_and_counted(flaky):
    with dg.instance_for_test() as instance:
        result = materialise(instance)
        recorded = instance.get_latest_materialization_event(KEY).asset_materialization.metadata
    assert str(flaky.used[0].tag) == f"cdp raw.numbers {result.run_id}"
    counted = {name: recorded[name].value for name in ("rows_read", "rows_written", "bytes_written")}
    assert counted == {"rows_read": 1, "rows_written": 1, "bytes_written": 0}
    assert recorded["bytes_read"].value > 0


def test_what_was_made_in_another_warehouse_is_stale_in_this_one(flaky):
    definitions = dg.Definitions(assets=[numbers], resources={"warehouse": WarehouseResource()})
    graph = definitions.resolve_asset_graph()
    with dg.instance_for_test() as instance:
        run = instance.get_run_by_id(materialise(instance).run_id)
        here = run.tags[WAREHOUSE_TAG]
        assert stale_assets(instance, graph, [NUMBERS], here) == []
        assert stale_assets(instance, graph, [NUMBERS], "postgres db:5432/cdp") == [KEY]


def test_steps_share_one_process_and_pool_where_the_warehouse_admits_one(monkeypatch):
    assert executor(Settings.from_env({})) is dg.in_process_executor
    assert step("raw__a") == {"name": "raw__a", "pool": "warehouse"}

    monkeypatch.setenv("CDP_WAREHOUSE", "postgres")
    assert executor(Settings.from_env()).name == "multiprocess"
    assert step("raw__a") == {"name": "raw__a", "pool": "raw__a"}
