"""A customer match list follows the customers: what two share stays until neither needs it, and then it goes."""

import hashlib
from typing import Any

import pytest

from cdp_assets.activation.definition import SyncDefinition
from cdp_assets.destinations.base import Destination
from cdp_assets.errors import ConfigurationError
from cdp_assets_tests.integration.destinations.steps import sync_to
from cdp_assets_tests.standins.destinations import Running
from cdp_assets_tests.standins.vendors.base import Vendor, vendor
from cdp_assets_tests.unit.activation.world import World

ANN, BOB = "ann@example.com", "bob@example.com"


@pytest.fixture(scope="module")
def at() -> Vendor:
    return vendor("google_ads")


def sync(**changes: Any) -> SyncDefinition:
    return sync_to(vendor("google_ads"), **changes)


def digests(*emails: str) -> dict[str, dict[str, str]]:
    return {hashlib.sha256(email.encode()).hexdigest(): {"kind": "email"} for email in emails}


def test_an_email_that_two_customers_share_stays_until_neither_needs_it(
    world: World, destination: Destination, standin: Running
):
    world.put({"c1": (ANN, None), "c2": (" ANN@Example.com", None), "c3": (BOB, None)})
    world.run(destination, sync())
    assert standin.held() == digests(ANN, BOB)
    assert set(standin.writes().values()) == {1}
    world.put({"c2": (ANN, None), "c3": (BOB, None)})
    world.run(destination, sync())
    assert standin.held() == digests(ANN, BOB)
    world.put({"c3": (BOB, None)})
    world.run(destination, sync())
    assert standin.held() == digests(BOB)


def test_of_two_customers_that_become_one_its_identifiers_stay(
    world: World, destination: Destination, standin: Running
):
    world.put({"c1": (ANN, None), "c2": (BOB, None), "c3": (ANN, None)})
    world.run(destination, sync())
    world.merge(("c1", "c2"), ("c3", "c2"))
    world.put({"c2": (ANN, None)})
    world.run(destination, sync())
    assert standin.held() == digests(ANN)


def test_a_withdrawn_consent_takes_off_what_no_other_customer_granted(
    world: World, destination: Destination, standin: Running
):
    people = {"c1": (ANN, None), "c2": (ANN, None), "c3": (BOB, None)}
    world.put(people)
    world.run(destination, sync())
    world.put(people, granted=["c1"])
    world.run(destination, sync())
    assert standin.held() == digests(ANN)


def test_modes_that_only_add_leave_what_is_on_the_list(world: World, destination: Destination, standin: Running):
    world.put({"c1": (ANN, None)})
    world.run(destination, sync(mode="insert"))
    world.put({"c2": (BOB, None)})
    world.run(destination, sync(mode="upsert"))
    assert standin.held() == digests(ANN, BOB)


def test_there_is_nothing_to_update(world: World, destination: Destination):
    world.put({"c1": (ANN, None)})
    with pytest.raises(ConfigurationError, match="has no mode 'update'; allowed are insert, mirror, remove, upsert"):
        world.run(destination, sync(mode="update"))


def test_a_customer_without_any_identifier_is_set_aside(world: World, destination: Destination, standin: Running):
    world.put({"c1": (ANN, None), "c2": ("not an address", None), "c3": (None, None)})
    assert world.run(destination, sync()).tally.invalid == 2
    assert standin.held() == digests(ANN)
