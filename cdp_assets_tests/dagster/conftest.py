"""One small deployment for all tests of this folder; what changes it works on a copy."""

from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

from cdp_assets.definitions import defs as load_definitions
from cdp_assets_tests.deployment import SEEDS, Deployment


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """A deployment with nothing in it, for what needs no data."""
    return Deployment(tmp_path_factory.mktemp("deployment"))


@pytest.fixture(scope="session")
def definitions(deployment: Deployment) -> dg.Definitions:
    """What a process loads that works on the deployment."""
    with pytest.MonkeyPatch.context() as patch:
        _point_at(deployment, patch)
        return load_definitions()


@pytest.fixture(scope="session")
def graph(definitions: dg.Definitions) -> AssetGraph:
    return definitions.resolve_asset_graph()


@pytest.fixture(scope="session")
def materialised(materialised: Callable[[int], Deployment]) -> Deployment:
    """The first seed's deployment, everything made. Not to be changed: copy it."""
    return materialised(SEEDS[0])


@pytest.fixture
def instance(materialised: Deployment, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """The materialised deployment's Dagster instance."""
    _point_at(materialised, monkeypatch)
    with dg.DagsterInstance.get() as opened:
        yield opened


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """An empty deployment that this process is pointed at."""
    empty = Deployment(tmp_path / "scratch")
    empty.folder.mkdir()
    _point_at(empty, monkeypatch)
    return empty


def _point_at(deployment: Deployment, patch: pytest.MonkeyPatch) -> None:
    for name, value in deployment.env.items():
        patch.setenv(name, value)
