"""What people write into a table is noticed, once, by the sensor between runs and by what is stale."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import polars as pl
import pytest
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

from cdp_assets.components.warehouse import WAREHOUSE_TAG, open_warehouse, warehouse_tags
from cdp_assets.identity.contracts import DECISIONS
from cdp_assets.orchestration.edits import edited, written_versions
from cdp_assets.orchestration.staleness import stale_assets
from cdp_assets_tests.deployment import Deployment

KEYS = DECISIONS_KEY, LABELS_KEY = dg.AssetKey(["identity", "decisions"]), dg.AssetKey(["identity", "labels"])
NOW = datetime(2026, 6, 1, tzinfo=UTC)


class Desk:
    """Where people write decisions, and what runs are started for it."""

    def __init__(self, deployment: Deployment, definitions: dg.Definitions, instance: dg.DagsterInstance) -> None:
        self.warehouse = open_warehouse(deployment.settings)
        self.definitions, self.instance = definitions, instance
        self.tag = warehouse_tags(deployment.settings)[WAREHOUSE_TAG]
        self.cursor: str | None = None

    def decides(self, *words: str) -> None:
        """Write what was decided of two records, a day after the other, in the place of what was there."""
        rows = [("crm", "1", "crm", "2", word, "why", "ann", NOW + timedelta(day)) for day, word in enumerate(words)]
        frame = pl.DataFrame(rows, pl.DataFrame(DECISIONS.empty()).schema, orient="row")
        self.warehouse.write_arrow(DECISIONS.table, frame.to_arrow().cast(DECISIONS.schema))

    def look(self) -> list[dg.AssetKey]:
        """One tick of the sensor: the assets it starts."""
        found = self.tick()
        assert isinstance(found, dg.SensorResult)
        self.cursor = found.cursor
        return [key for request in found.run_requests or [] for key in request.asset_selection or []]

    def tick(self) -> dg.SensorResult | dg.SkipReason:
        repository = self.definitions.get_repository_def()
        context = dg.build_sensor_context(instance=self.instance, cursor=self.cursor, repository_def=repository)
        found = repository.get_sensor_def("edits")(context)
        assert isinstance(found, dg.SensorResult | dg.SkipReason)
        return found

    def run(self, keys: list[dg.AssetKey]) -> bool:
        job = self.definitions.resolve_implicit_global_asset_job_def()
        done = job.execute_in_process(instance=self.instance, asset_selection=keys, raise_on_error=False)
        return done.success

    def stale(self, graph: AssetGraph) -> set[dg.AssetKey]:
        written = edited(self.instance, written_versions(self.warehouse))
        return set(stale_assets(self.instance, graph, self.warehouse.tables(), self.tag, written))


@pytest.fixture
def desk(scratch: Deployment, definitions: dg.Definitions) -> Iterator[Desk]:
    with dg.DagsterInstance.ephemeral() as instance:
        made = Desk(scratch, definitions, instance)
        assert made.run(made.look())
        yield made


def test_tables_that_are_not_there_are_made_empty(desk: Desk):
    assert {str(table) for table in desk.warehouse.tables()} == {"identity.decisions", "identity.labels"}
    assert desk.look() == []


def test_a_decision_starts_its_table_alone_and_once(desk: Desk):
    desk.decides("always")
    assert desk.look() == [DECISIONS_KEY]
    assert desk.look() == []
    assert desk.run([DECISIONS_KEY])
    assert desk.look() == []


def test_an_undone_decision_starts_it_again(desk: Desk):
    for words in (["always"], ["always", "withdrawn"], ["always", "withdrawn", "always"]):
        desk.decides(*words)
        assert desk.look() == [DECISIONS_KEY]
        assert desk.run([DECISIONS_KEY])


def test_a_decision_undone_before_any_run_saw_it_starts_nothing(desk: Desk):
    desk.decides("always", "withdrawn")
    assert desk.look() == []


def test_what_cannot_be_used_starts_one_run_that_says_so(desk: Desk):
    desk.decides("perhaps")
    assert desk.look() == [DECISIONS_KEY]
    assert not desk.run([DECISIONS_KEY])
    assert desk.look() == []
    desk.decides("always")
    assert desk.look() == [DECISIONS_KEY]


def test_while_a_run_works_nothing_is_looked_at(desk: Desk):
    desk.decides("always")
    job = desk.definitions.resolve_job_def("daily")
    run = desk.instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    skipped = desk.tick()
    assert isinstance(skipped, dg.SkipReason)
    desk.instance.delete_run(run.run_id)
    assert desk.look() == [DECISIONS_KEY]


def test_a_decision_makes_its_table_and_all_that_follows_stale_and_its_undoing_does_not(desk: Desk, graph: AssetGraph):
    assert not {*KEYS} & desk.stale(graph)
    desk.decides("never")
    assert {DECISIONS_KEY, dg.AssetKey(["identity", "edges"])} <= desk.stale(graph)
    assert LABELS_KEY not in desk.stale(graph)
    desk.decides("never", "withdrawn")
    assert not {*KEYS} & desk.stale(graph)
