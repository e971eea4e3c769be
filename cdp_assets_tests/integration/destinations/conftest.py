from collections.abc import Iterator
from pathlib import Path

import pytest

from cdp_assets.destinations.base import Destination
from cdp_assets_tests.standins.destinations import Running, running
from cdp_assets_tests.unit.activation import killed_sync
from cdp_assets_tests.unit.activation.world import World


@pytest.fixture(scope="module")
def process() -> Iterator[Running]:
    with running("braze", secret=killed_sync.BRAZE_KEY) as found:
        yield found


@pytest.fixture
def standin(process: Running) -> Running:
    process.reset()
    return process


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.at(tmp_path)


@pytest.fixture
def target(standin: Running) -> str:
    """The destination as `killed_sync` is told it."""
    return f"{killed_sync.BRAZE}{standin.url}"


@pytest.fixture
def destination(target: str, tmp_path: Path) -> Iterator[Destination]:
    made = killed_sync.destination(tmp_path, target)
    yield made
    made.close()
