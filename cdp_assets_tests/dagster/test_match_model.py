"""The match model in Dagster: what a run says of it, and what a candidate would change before it is adopted."""

from collections.abc import Callable, Iterator
from typing import Any

import dagster as dg
import pytest

from cdp_assets.as_of import parse_as_of, write_as_of
from cdp_assets.components.warehouse import open_warehouse
from cdp_assets.identity.contracts import CUSTOMER_IDS
from cdp_assets_tests.deployment import Deployment
from cdp_assets_tests.unit.identity.pipeline.lookup import Lookup, crowd

MODEL = dg.AssetKey(["identity", "match_model"])
STAGE = (
    "decisions",
    "labels",
    "match_model",
    "records",
    "match_keys",
    "pairs",
    "compared_records",
    "edges",
    "clusters",
)
STAGE += ("applied_decisions", "customer_ids", "id_history")
Resolve = Callable[..., dg.ExecuteInProcessResult]


@pytest.fixture
def resolve(scratch: Deployment, definitions: dg.Definitions) -> Iterator[Resolve]:
    """Resolve the records of so many people; further arguments configure the match model."""
    lookup = Lookup(scratch.folder)
    write_as_of(lookup.warehouse, parse_as_of("2026-06-30"))
    job = definitions.resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.ephemeral() as instance:

        def run(people: int, **config: Any) -> dg.ExecuteInProcessResult:
            lookup.holds(crowd(people))
            return job.execute_in_process(
                instance=instance,
                asset_selection=[dg.AssetKey(["identity", name]) for name in STAGE],
                run_config={"ops": {"identity__match_model": {"config": config}}},
            )

        yield run


def said(done: dg.ExecuteInProcessResult) -> dict[str, Any]:
    """The metadata of the match model."""
    (made,) = [one for one in done.get_asset_materialization_events() if one.asset_key == MODEL]
    return {name: value.value for name, value in made.materialization.metadata.items()}


def check(done: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    """What the check on candidates found."""
    (found,) = [one for one in done.get_asset_check_evaluations() if one.asset_key == MODEL]
    return found


@pytest.mark.slow
def test_a_candidate_says_what_it_would_change_and_changes_it_when_adopted(resolve: Resolve, scratch: Deployment):
    first = said(resolve(150))
    assert first["trained_because"] == "there was none"
    assert first["learned"].startswith("| context | comparison | level |")
    assert {row["comparison"] for row in first["learned_chart"]["data"]["values"]} >= {"first_name", "date_of_birth"}
    before = ids(scratch)

    asked = resolve(150, retrain=True)
    assert check(asked).passed, "the same records teach the same"
    later = resolve(170)
    assert check(later).passed
    grown = ids(scratch)
    trained = resolve(170, retrain=True)
    found = check(trained)
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    told = {name: value.value for name, value in found.metadata.items()}
    assert told["in_force"] == said(trained)["version"] == first["version"]
    assert told["customers_before"] == len(set(grown.values()))
    assert told["candidate"] != first["version"]
    assert ids(scratch) == grown
    assert "merged" not in check(resolve(170)).metadata, "found when it was trained, not every day"

    adopted = resolve(170, adopt_version=told["candidate"])
    assert said(adopted)["version"] == told["candidate"]
    assert check(adopted).passed
    assert len(set(ids(scratch).values())) == told["customers_after"]
    assert sum(grown[record] != id_ for record, id_ in ids(scratch).items()) == told["records_moved"]
    assert set(before) <= set(grown)


def ids(deployment: Deployment) -> dict[str, str]:
    rows = open_warehouse(deployment.settings).read_arrow(f"SELECT record_id, customer_id FROM {CUSTOMER_IDS.table}")
    return {row["record_id"]: row["customer_id"] for row in rows.to_pylist()}
