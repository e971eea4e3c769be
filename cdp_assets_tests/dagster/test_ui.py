"""What the UI shows of the demo, asked for over its own GraphQL."""

import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

from cdp_assets.components.warehouse import open_warehouse
from cdp_assets.stages import Stage
from cdp_assets.tables import Table
from cdp_assets_tests.dagster.processes import free_port, serving, wait_for
from cdp_assets_tests.deployment import Deployment

pytestmark = pytest.mark.slow

RUNS = "{ runsOrError { ... on Runs { results { status tags { key value } } } } }"
ASSETS = """{ assetNodes {
  assetKey { path } groupName kinds isMaterializable owners { ... on TeamAssetOwner { team } }
  assetMaterializations(limit: 1) { runId metadataEntries {
    label
    ... on IntMetadataEntry { intValue }
    ... on TableSchemaMetadataEntry { schema { columns { name } } }
    ... on TableColumnLineageMetadataEntry { lineage { columnName columnDeps { assetKey { path } columnName } } }
    ... on MarkdownMetadataEntry { mdStr }
  } }
  assetChecksOrError { ... on AssetChecks { checks {
    name blocking executionForLatestMaterialization { status evaluation { severity } } } } }
} }"""
LOCATIONS = """{ workspaceOrError { ... on Workspace { locationEntries {
  name locationOrLoadError { __typename ... on PythonError { message }
    ... on RepositoryLocation { repositories {
      sensors { name sensorState { status } } schedules { name scheduleState { status } } jobs { name } } } } } } } }"""

Ask = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="module")
def ask(materialised: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Asks the webserver of a copy of the materialised deployment."""
    folder = tmp_path_factory.mktemp("ui")
    deployment, log, port = materialised.copy_to(folder / "deployment"), folder / "log", free_port()
    url = f"http://127.0.0.1:{port}"
    command = ["dagster-webserver", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)]
    with serving(command, deployment, log) as server, httpx.Client(base_url=url, timeout=60) as client:

        def query(text: str) -> dict[str, Any]:
            answer = client.post("/graphql", json={"query": text}).json()
            assert "errors" not in answer, answer["errors"]
            data: dict[str, Any] = answer["data"]
            return data

        wait_for("webserver", lambda: _answers(client, server), 180, log)
        yield query


def _answers(client: httpx.Client, server: subprocess.Popen[bytes]) -> bool | None:
    assert server.poll() is None
    try:
        return client.get("/server_info").status_code == 200 or None
    except httpx.TransportError:
        return None


@pytest.fixture(scope="module")
def nodes(ask: Ask) -> dict[str, dict[str, Any]]:
    """Every asset as the UI knows it."""
    return {".".join(node["assetKey"]["path"]): node for node in ask(ASSETS)["assetNodes"]}


def test_the_code_location_loads_with_its_jobs_sensors_and_schedule(ask: Ask):
    (entry,) = ask(LOCATIONS)["workspaceOrError"]["locationEntries"]
    assert entry["locationOrLoadError"]["__typename"] == "RepositoryLocation", entry
    (repository,) = entry["locationOrLoadError"]["repositories"]
    assert {s["name"]: s["sensorState"]["status"] for s in repository["sensors"]} == {
        "automation": "RUNNING",
        "edits": "RUNNING",
        "landing": "RUNNING",
    }
    assert {s["name"]: s["scheduleState"]["status"] for s in repository["schedules"]} == {
        "monthly_training": "STOPPED",
        "move_as_of": "STOPPED",
    }
    assert {"full_refresh", "daily"} <= {job["name"] for job in repository["jobs"]}


def test_the_runs_of_the_command_line_are_shown(ask: Ask):
    runs = ask(RUNS)["runsOrError"]["results"]
    assert [run["status"] for run in runs] == ["SUCCESS", "SUCCESS"]
    for run in runs:
        assert "cdp/pid" in {tag["key"] for tag in run["tags"]}


def test_every_asset_of_the_graph_is_shown_under_its_stage_and_materialised(nodes, graph: AssetGraph):
    assert set(nodes) == {".".join(key.path) for key in graph.executable_asset_keys}
    assert {node["groupName"] for node in nodes.values()} == {stage.value for stage in Stage}
    assert [name for name, node in nodes.items() if not node["assetMaterializations"]] == []
    assert [name for name, node in nodes.items() if not (node["owners"] and node["kinds"])] == []


def test_a_table_is_shown_with_its_rows_columns_and_lineage(nodes, materialised: Deployment):
    facts = _metadata(nodes["master.customers"])
    warehouse = open_warehouse(materialised.settings)
    table = Table("master", "customers")
    assert facts["dagster/row_count"]["intValue"] == warehouse.row_count(table)
    columns = [column["name"] for column in facts["dagster/column_schema"]["schema"]["columns"]]
    assert columns == list(warehouse.columns(table))
    lineage = {column["columnName"]: column["columnDeps"] for column in facts["dagster/column_lineage"]["lineage"]}
    origins = {".".join(dep["assetKey"]["path"]) + "." + dep["columnName"] for dep in lineage["total_spent"]}
    assert "master.transactions.amount_reporting" in origins


def test_an_audience_is_shown_with_the_sql_that_decided_it(nodes):
    facts = _metadata(nodes["audiences.at_risk_high_value"])
    assert "SELECT" in facts["sql"]["mdStr"]
    assert facts["members"]["intValue"] == facts["dagster/row_count"]["intValue"] > 0


def test_every_check_was_evaluated_and_no_error_was_found(nodes):
    checks = {
        f"{name}: {check['name']}": check
        for name, node in nodes.items()
        for check in node["assetChecksOrError"]["checks"]
    }
    assert "identity.customer_ids: every_record_once" in checks
    assert "raw.shop__orders: rejected_share" in checks
    assert checks["master.customers: primary_key_customers_customer_id"]["blocking"]
    failed = [
        name
        for name, check in checks.items()
        if (execution := check["executionForLatestMaterialization"]) is None
        or (execution["status"] != "SUCCEEDED" and execution["evaluation"]["severity"] == "ERROR")
    ]
    assert failed == []


def _metadata(node: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["label"]: entry for entry in node["assetMaterializations"][0]["metadataEntries"]}
