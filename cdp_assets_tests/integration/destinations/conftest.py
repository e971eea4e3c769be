from collections.abc import Iterator
from pathlib import Path

import pytest

from cdp_assets.destinations.base import Destination
from cdp_assets_tests.integration.destinations.steps import Case, sync_to
from cdp_assets_tests.standins.destinations import Running, running
from cdp_assets_tests.standins.vendors.base import SECRET, Vendor, vendor, vendor_names
from cdp_assets_tests.unit.activation.world import World


@pytest.fixture(scope="module", params=vendor_names())
def at(request: pytest.FixtureRequest) -> Vendor:
    """The vendor; a module about one of them says which."""
    return vendor(request.param)


@pytest.fixture(scope="module")
def process(at: Vendor) -> Iterator[Running]:
    # All tests of a module ask one stand-in, more often than a vendor lets one sync.
    with running(at.destination, "--requests-per-window", "100000", secret=SECRET) as found:
        yield found


@pytest.fixture
def standin(process: Running) -> Running:
    process.reset()
    return process


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found = World.at(tmp_path)
    with found.kept_open():
        yield found


@pytest.fixture
def destination(at: Vendor, standin: Running) -> Iterator[Destination]:
    made = at.make(standin.url)
    yield made
    made.close()


@pytest.fixture
def case(at: Vendor, standin: Running, world: World, destination: Destination, tmp_path: Path) -> Case:
    return Case(at, standin, world, destination, sync_to(at), tmp_path)
