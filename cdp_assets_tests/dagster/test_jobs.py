"""What the jobs run, and the moment the schedule asks for."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from cdp_assets.as_of import recorded_as_of
from cdp_assets.components.warehouse import WarehouseResource, open_warehouse
from cdp_assets.defs.automation import move_as_of
from cdp_assets.defs.raw.as_of import as_of
from cdp_assets.errors import ConfigurationError
from cdp_assets_tests.deployment import Deployment

AS_OF_KEY = dg.AssetKey(["raw", "as_of"])


def test_full_refresh_selects_every_asset(definitions: dg.Definitions):
    job = definitions.get_job_def("full_refresh")
    assert job.asset_layer.selected_asset_keys == definitions.resolve_asset_graph().executable_asset_keys


def test_the_daily_job_moves_as_of_and_nothing_else(definitions: dg.Definitions):
    assert definitions.get_job_def("daily").asset_layer.selected_asset_keys == {AS_OF_KEY}


def test_the_training_job_trains_a_candidate_and_a_full_refresh_makes_state_anew(definitions: dg.Definitions):
    training = definitions.resolve_job_def("train_match_model")
    assert training.asset_layer.selected_asset_keys == {dg.AssetKey(["identity", "match_model"])}
    asked = training.run_config or {}
    assert asked["ops"]["identity__match_model"]["config"] == {"retrain": True, "adopt": False}
    assert definitions.resolve_job_def("full_refresh").tags["cdp/full"] == "true"


def test_the_schedule_asks_for_the_day_of_its_tick_however_late_it_is(definitions: dg.Definitions):
    tick = datetime(2026, 7, 4, 3, 0, tzinfo=UTC)
    request = move_as_of(dg.build_schedule_context(scheduled_execution_time=tick))
    assert isinstance(request, dg.RunRequest)
    assert request.run_config["ops"] == {"raw__as_of": {"config": {"as_of": "2026-07-04"}}}
    assert request.run_key == "2026-07-04"
    assert dg.validate_run_config(definitions.get_job_def("daily"), request.run_config)


def test_what_the_schedule_asks_for_is_what_is_recorded(scratch: Deployment):
    tick = datetime(2026, 7, 4, 3, 0, tzinfo=UTC)
    request = move_as_of(dg.build_schedule_context(scheduled_execution_time=tick))
    assert isinstance(request, dg.RunRequest)
    assert _materialise(request.run_config).success
    assert recorded_as_of(open_warehouse(scratch.settings)) == datetime(2026, 7, 4, tzinfo=UTC)


def test_without_configuration_the_recorded_moment_stays(scratch: Deployment):
    assert _materialise(_asking("2026-06-30T12:30:00+02:00")).success
    assert _materialise({}).success
    assert recorded_as_of(open_warehouse(scratch.settings)) == datetime(2026, 6, 30, 10, 30, tzinfo=UTC)


def test_the_data_version_is_the_moment_so_that_the_same_moment_makes_nothing_stale(scratch: Deployment):
    results = [_materialise(_asking(moment)) for moment in ("2026-06-30", "2026-06-30", "2026-07-01")]
    made = [result.asset_materializations_for_node("raw__as_of")[0] for result in results]
    versions = [(materialisation.tags or {})["dagster/data_version"] for materialisation in made]
    assert versions[0] == versions[1] != versions[2]


@pytest.mark.parametrize("nonsense", ["tomorrow", "2026-02-30", "30/06/2026", "2026-06-30T25:00"])
def test_a_moment_that_is_none_is_refused_with_the_value_and_what_is_allowed(scratch: Deployment, nonsense: str):
    with pytest.raises(ConfigurationError) as refused:
        _materialise(_asking(nonsense))
    assert repr(nonsense) in str(refused.value)
    assert "2026-06-30" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert recorded_as_of(open_warehouse(scratch.settings)) is None


def test_a_field_that_the_configuration_does_not_have_is_refused():
    with pytest.raises(dg.DagsterInvalidConfigError, match="asof"):
        _materialise({"ops": {"raw__as_of": {"config": {"asof": "2026-06-30"}}}})


def _asking(moment: str) -> dict[str, object]:
    return {"ops": {"raw__as_of": {"config": {"as_of": moment}}}}


def _materialise(run_config: object) -> dg.ExecuteInProcessResult:
    return dg.materialize([as_of], resources={"warehouse": WarehouseResource()}, run_config=run_config)
