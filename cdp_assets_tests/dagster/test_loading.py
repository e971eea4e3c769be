"""Definitions load from files alone, and `dg` checks, lists and scaffolds what a team configures."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from cdp_assets.settings import PROJECT_ROOT
from cdp_assets_tests.dagster.processes import run_tool
from cdp_assets_tests.deployment import Deployment

LOADS_OFFLINE = """
import json, socket, sys

def refuse(*arguments, **options):
    raise AssertionError(f"the network was asked for: {arguments}")

socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = socket.create_connection = refuse

from cdp_assets.definitions import defs

graph = defs().resolve_asset_graph()
heavy = ["dagster_snowflake", "dagster_gcp", "splink", "lightgbm", "sklearn", "httpx"]
print(json.dumps({"assets": len(graph.executable_asset_keys), "imported": [m for m in heavy if m in sys.modules]}))
"""
KEPT = ("PATH", "HOME", "LANG", "TMPDIR")
EXAMPLES = {
    "source": ("raw/loyalty", "raw.loyalty__customers"),
    "audience": ("audiences/recent_buyers", "audiences.recent_buyers"),
    "sync": ("activation/reminders", "activation.reminders"),
}


@pytest.mark.slow
def test_definitions_load_without_network_credentials_or_warehouse_and_make_none(
    deployment: Deployment, tmp_path: Path
):
    nowhere = tmp_path / "does_not_exist"
    env = {name: os.environ[name] for name in KEPT if name in os.environ}
    env |= Deployment(nowhere).env | {"CDP_DBT_OUTPUT_DIR": str(tmp_path / "dbt")}
    del env["CDP_SECRET_KEY"]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOADS_OFFLINE],
        cwd=PROJECT_ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["assets"] > 40
    assert not {"dagster_snowflake", "dagster_gcp"} & set(found["imported"])
    assert not nowhere.exists()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project's tree, as a team would edit it."""
    copy = tmp_path_factory.mktemp("project") / "project"
    copy.mkdir()
    for name in ("cdp_assets", "dbt_project"):
        shutil.copytree(
            PROJECT_ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "target", "logs")
        )
    for name in ("pyproject.toml", "setup.cfg", "dagster.yaml", "workspace.yaml", "README.md"):
        shutil.copy(PROJECT_ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def env(deployment: Deployment, project: Path) -> dict[str, str]:
    """The environment in which Python imports the copy."""
    own = Deployment(project.parent / "deployment")
    return {**own.environment, "PYTHONPATH": str(project), "PYTHONWARNINGS": "ignore"}


@pytest.mark.slow
def test_dg_lists_our_components(project: Path, env: dict[str, str]):
    listed = json.loads(run_tool(["dg", "list", "components", "--json"], env, project))["items"]
    ours = {entry["key"] for entry in listed if entry["key"].startswith("cdp_assets.")}
    assert ours >= {
        "cdp_assets.components.audience.Audience",
        "cdp_assets.components.churn.Churn",
        "cdp_assets.components.identity.Identity",
        "cdp_assets.components.models.Models",
        "cdp_assets.components.source.Source",
        "cdp_assets.components.sync.Sync",
    }


@pytest.mark.slow
def test_what_dg_scaffolds_is_valid_and_loads_as_it_is(project: Path, env: dict[str, str]):
    for kind, (folder, _) in EXAMPLES.items():
        component = f"cdp_assets.components.{kind}.{kind.title()}"
        run_tool(["dg", "scaffold", "defs", component, folder], env, project)
        written = yaml.safe_load((project / "cdp_assets/defs" / folder / "defs.yaml").read_text())
        assert written["type"] == component
        assert written["attributes"]["name"] == Path(folder).name
    assert "validated successfully" in run_tool(["dg", "check", "yaml"], env, project)
    assert "validated successfully" in run_tool(["dg", "check", "defs"], env, project)
    listed = run_tool(["dg", "list", "defs", "--json"], env, project)
    for _, asset in EXAMPLES.values():
        assert asset.replace(".", "/") in listed


@pytest.mark.slow
@pytest.mark.parametrize("check", ["yaml", "defs"])
def test_a_mistake_in_an_instance_is_named_with_file_line_and_field(project: Path, env: dict[str, str], check: str):
    wrong = project / "cdp_assets/defs/audiences/at_risk_high_value/defs.yaml"
    kept = wrong.read_text()
    wrong.write_text(kept.replace("top: 10000", "topmost: 10000"))
    # Without a path, `dg check yaml` looks at one instance of each component type only; `dg check defs` at all.
    command = ["dg", "check", "yaml", str(wrong.parent)] if check == "yaml" else ["dg", "check", "defs"]
    try:
        with pytest.raises(AssertionError) as refused:
            run_tool(command, env, project)
    finally:
        wrong.write_text(kept)
    line = 1 + kept[: kept.index("top: 10000")].count("\n")
    assert re.search(rf"at_risk_high_value/defs\.yaml:{line}\b", str(refused.value))
    assert "topmost" in str(refused.value)
