from pathlib import Path

import pytest

from cdp_assets_tests.unit.activation.world import FakeDestination, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.at(tmp_path)


@pytest.fixture
def fake() -> FakeDestination:
    return FakeDestination()
