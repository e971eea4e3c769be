"""The whole graph: what there is, what it is made from, and what every asset must say of itself."""

import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

from cdp_assets.components.automation import READ_ONLY_DEPS
from cdp_assets.stages import Stage

SNAPSHOT = Path(__file__).with_name("graph.txt")
UPDATE = "CDP_UPDATE_GRAPH"

MUST_BLOCK = {
    "raw.crm__contacts": {"rejected_share"},
    "raw.shop__orders": {"rejected_share"},
    "raw.web__events": {"rejected_share"},
    "raw.support__tickets": {"rejected_share"},
    "staging.stg_crm__customers": {"primary_key_stg_crm__customers_record_id"},
    "staging.stg_shop__transactions": {"primary_key_stg_shop__transactions_transaction_id"},
    "staging.stg_crm__consents": {"not_null_stg_crm__consents_state", "not_null_stg_crm__consents_purpose"},
    "staging.stg_shop__consents": {"not_null_stg_shop__consents_state", "not_null_stg_shop__consents_purpose"},
    "lookup.customer_records": {"primary_key_customer_records_source__record_id"},
    "lookup.record_revenue": {"primary_key_record_revenue_source__record_id"},
    "identity.customer_ids": {"every_record_once", "largest_cluster", "few_ids_change"},
    "master.customers": {"primary_key_customers_customer_id"},
    "master.transactions": {"primary_key_transactions_source__transaction_id"},
    "master.consents": {"primary_key_consents_customer_id__purpose", "accepted_values_consents_state__granted__denied"},
    "churn.features": {"key_is_unique"},
    "churn.model": {"not_worse_than_recency"},
}
"""Checks whose failure stops what is downstream: rows lost, ids doubled, consents unclear, scores worthless."""


def test_the_graph_is_the_one_that_was_agreed_on(graph: AssetGraph):
    found = "\n".join(_lines(graph)) + "\n"
    if os.environ.get(UPDATE):
        SNAPSHOT.write_text(found)
    assert found == SNAPSHOT.read_text(), (
        f"assets or edges changed. If that is meant, write {SNAPSHOT.name} anew and look at its diff:"
        f" {UPDATE}=1 pytest {Path(__file__).name}"
    )


def test_no_edge_runs_backward_through_the_stages(graph: AssetGraph):
    order = {stage.value: position for position, stage in enumerate(Stage)}
    backward = [
        f"{_name(parent)} -> {_name(key)}"
        for key in graph.get_all_asset_keys()
        for parent in graph.get(key).parent_keys
        if order[parent.path[0]] > order[key.path[0]]
    ]
    assert backward == []


def test_every_stage_has_assets(graph: AssetGraph):
    assert {key.path[0] for key in graph.get_all_asset_keys()} == {stage.value for stage in Stage}


def test_every_asset_key_is_a_stage_and_a_name_and_its_group_is_the_stage(graph: AssetGraph):
    for key in graph.get_all_asset_keys():
        assert len(key.path) == 2, key
        assert graph.get(key).group_name == key.path[0] == Stage(key.path[0]), key


@pytest.mark.parametrize("fact", ["owners", "kinds", "description", "freshness_policy"])
def test_every_asset_says_who_owns_it_what_it_is_made_with_and_for_and_how_old_it_may_be(graph: AssetGraph, fact: str):
    assert [_name(key) for key in sorted(graph.get_all_asset_keys()) if not getattr(graph.get(key), fact)] == []


def test_every_asset_is_made_here_and_nothing_is_an_external_stub(graph: AssetGraph):
    assert graph.executable_asset_keys == graph.get_all_asset_keys()


def test_below_the_raw_stage_every_asset_runs_when_its_inputs_change_and_raw_assets_do_not(graph: AssetGraph):
    for key in graph.get_all_asset_keys():
        condition = graph.get(key).automation_condition
        label = condition.get_label() if condition else None
        assert label == (None if key.path[0] == Stage.RAW else "when_inputs_change"), key


def test_what_an_asset_only_reads_is_among_its_inputs(graph: AssetGraph):
    for key in graph.get_all_asset_keys():
        assert set(_read_only(graph, key)) <= {_name(parent) for parent in graph.get(key).parent_keys}, key


def test_checks_that_keep_wrong_data_from_travelling_on_block(graph: AssetGraph):
    blocking: dict[str, set[str]] = {}
    for check in graph.asset_check_keys:
        if graph.get(check).blocking:
            blocking.setdefault(_name(check.asset_key), set()).add(check.name)
    missing = {table: checks - blocking.get(table, set()) for table, checks in MUST_BLOCK.items()}
    assert {table: checks for table, checks in missing.items() if checks} == {}


def test_every_raw_source_has_a_blocking_limit_on_what_it_sets_aside(graph: AssetGraph):
    sources = {key for key in graph.get_all_asset_keys() if key.path[0] == Stage.RAW} - {dg.AssetKey(["raw", "as_of"])}
    limited = {c.asset_key for c in graph.asset_check_keys if c.name == "rejected_share" and graph.get(c).blocking}
    assert limited == sources


def test_every_dbt_model_has_a_blocking_primary_key_but_for_lists_of_decisions(graph: AssetGraph):
    models = {key for key in graph.get_all_asset_keys() if "dbt" in graph.get(key).kinds}
    keyed = {c.asset_key for c in graph.asset_check_keys if c.name.startswith("primary_key_") and graph.get(c).blocking}
    assert {_name(key) for key in models - keyed} == {"staging.stg_crm__consents", "staging.stg_shop__consents"}
    assert keyed <= models


def test_jobs_schedules_and_sensors_exist(definitions: dg.Definitions):
    repository = definitions.get_repository_def()
    assert {"full_refresh", "daily", "train_match_model"} <= set(repository.job_names)
    assert sorted(schedule.name for schedule in repository.schedule_defs) == ["monthly_training", "move_as_of"]
    assert sorted(sensor.name for sensor in repository.sensor_defs) == ["automation", "edits", "landing"]


def test_sensors_run_from_the_start_and_schedules_wait_to_be_switched_on(definitions: dg.Definitions):
    repository = definitions.get_repository_def()
    assert {sensor.default_status for sensor in repository.sensor_defs} == {dg.DefaultSensorStatus.RUNNING}
    statuses = {schedule.default_status for schedule in repository.schedule_defs}
    assert statuses == {dg.DefaultScheduleStatus.STOPPED}


def _lines(graph: AssetGraph) -> Iterator[str]:
    """Every asset in order of stage and name, each with its inputs below it."""
    order = list(Stage)
    for key in sorted(graph.get_all_asset_keys(), key=lambda key: (order.index(Stage(key.path[0])), key.path)):
        yield _name(key)
        read_only = _read_only(graph, key)
        for parent in sorted(map(_name, graph.get(key).parent_keys)):
            yield f"    {parent}{' (read only)' if parent in read_only else ''}"


def _read_only(graph: AssetGraph, key: dg.AssetKey) -> list[str]:
    found = graph.get(key).metadata.get(READ_ONLY_DEPS, [])
    return list(found.value if isinstance(found, dg.MetadataValue) else found)


def _name(key: dg.AssetKey) -> str:
    return ".".join(key.path)
