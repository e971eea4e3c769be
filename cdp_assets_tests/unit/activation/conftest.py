from collections.abc import Iterator
from pathlib import Path

import pytest

from cdp_assets_tests.unit.activation.world import FakeDestination, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found = World.at(tmp_path)
    with found.kept_open():
        yield found


@pytest.fixture
def fake() -> FakeDestination:
    return FakeDestination()
