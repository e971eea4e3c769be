"""A load that takes Salesforce's bulk jobs, killed on the way and run again: no row is lost, and none sent twice."""

import signal
from multiprocessing import get_context
from pathlib import Path

import pytest

from cdp_assets.activation.engine import run_sync
from cdp_assets.destinations.base import Destination
from cdp_assets_tests.integration.destinations.steps import sync_to
from cdp_assets_tests.standins.destinations import Running
from cdp_assets_tests.standins.vendors.base import Vendor, vendor
from cdp_assets_tests.unit.activation.killed_sync import die_around_call
from cdp_assets_tests.unit.activation.world import AS_OF, KEY, World

SALESFORCE = vendor("salesforce")
PEOPLE = {f"c{number:03}": (f"p{number}@example.com", "Lyon") for number in range(300)}
HELD = {key: {"EMAIL": email, "CITY": city} for key, (email, city) in PEOPLE.items()}
LARGE = {"batch_size": 200, "bulk_above": 200, "bulk_batch_size": 250}
BEGAN = "/services/data/v65.0/jobs/ingest"
# Requests are the token, create, upload, close, two looks, two results; then fifty rows as a collection.
MOMENTS = {
    "the job was created": ("answered", 1),
    "its rows were uploaded": ("answered", 2),
    "it was closed": ("answered", 3),
    "it was looked at": ("answered", 4),
    "its results were asked for": ("asked", 6),
    "the collection arrived": ("answered", 8),
}
NEVER_CLOSED = {"the job was created", "its rows were uploaded"}


@pytest.fixture(scope="module")
def at() -> Vendor:
    return SALESFORCE


def large(url: str) -> Destination:
    return SALESFORCE.make(url, **LARGE)


def dying(folder: Path, url: str, moment: str, number: int) -> None:
    """Run as a process: the load, killed around one of its requests."""
    die_around_call(moment, number)
    run_sync(World.at(folder).warehouse, sync_to(SALESFORCE), large(url), KEY, AS_OF, "killed")


@pytest.mark.slow
@pytest.mark.parametrize("when", MOMENTS)
def test_killed_when_and_run_again_each_row_is_written_once(world: World, standin: Running, tmp_path: Path, when: str):
    world.put(PEOPLE)
    process = get_context("spawn").Process(target=dying, args=(tmp_path, standin.url, *MOMENTS[when]))
    with world.let_go():
        process.start()
        process.join(60)
    assert process.exitcode == -signal.SIGKILL
    destination = large(standin.url)
    world.run(destination, sync_to(SALESFORCE))
    assert standin.held() == HELD
    again = 50 if when == "the collection arrived" else 0  # it says the same as before
    assert sum(standin.writes().values()) == len(PEOPLE) + again
    jobs = [one for one in standin.requests() if (one["method"], one["path"]) == ("POST", BEGAN)]
    assert len(jobs) == (2 if when in NEVER_CLOSED else 1)
    world.put(PEOPLE, [])
    world.run(destination, sync_to(SALESFORCE))
    destination.close()
    assert standin.held() == {}
