"""Braze follows the customers: merged, split, changed, without consent."""

import pytest

from cdp_assets.activation.definition import SyncDefinition
from cdp_assets.destinations.base import Destination
from cdp_assets_tests.integration.destinations.steps import sync_to
from cdp_assets_tests.standins.destinations import Running
from cdp_assets_tests.standins.vendors.base import Vendor, vendor
from cdp_assets_tests.unit.activation.world import World

PAIR = {"c1": ("ann@example.com", "Lyon"), "c2": ("ann@example.org", "Nice")}
ANN = {"EMAIL": "ann@example.com", "CITY": "Lyon"}


@pytest.fixture(scope="module")
def at() -> Vendor:
    return vendor("braze")


def sync(**changes: str | None) -> SyncDefinition:
    return sync_to(vendor("braze"), **changes)


def test_a_changed_email_and_a_withdrawn_consent_are_followed(world: World, destination: Destination, standin: Running):
    world.put(PAIR)
    world.run(destination, sync())
    world.put(PAIR | {"c1": ("new@example.com", "Lyon")}, granted=["c1"])
    world.run(destination, sync())
    assert standin.held() == {"c1": {"EMAIL": "new@example.com", "CITY": "Lyon"}, "c2": {}}


def test_of_two_customers_that_become_one_the_survivor_keeps_its_values(
    world: World, destination: Destination, standin: Running
):
    world.put(PAIR)
    world.run(destination, sync())
    world.merge(("c2", "c1"))
    world.put({"c1": PAIR["c1"]})
    world.run(destination, sync())
    assert standin.held() == {"c1": ANN, "c2": {}}


def test_a_customer_that_goes_on_under_another_id_moves_there_and_back_when_it_splits(
    world: World, destination: Destination, standin: Running
):
    world.put({"c1": PAIR["c1"]})
    world.run(destination, sync())
    world.merge(("c1", "c0"))
    world.put({"c0": PAIR["c1"]})
    world.run(destination, sync())
    assert standin.held() == {"c0": ANN, "c1": {}}
    world.put({"c0": ("ann@example.com", "Brest"), "c1": PAIR["c1"]})
    world.run(destination, sync())
    assert standin.held() == {"c0": {"EMAIL": "ann@example.com", "CITY": "Brest"}, "c1": ANN}


@pytest.mark.parametrize(
    ("mode", "held"),
    [
        ("mirror", {"known": {"EMAIL": "k@example.com", "CITY": "Lyon"}, "new": {"EMAIL": "n@example.com"}}),
        ("upsert", {"known": {"EMAIL": "k@example.com", "CITY": "Lyon"}, "new": {"EMAIL": "n@example.com"}}),
        ("insert", {"known": {"EMAIL": "k@example.com", "CITY": "Lyon"}, "new": {"EMAIL": "n@example.com"}}),
        ("update", {"known": {"EMAIL": "k@example.com", "CITY": "Lyon"}}),
        ("remove", {"known": {}}),
    ],
)
def test_each_mode_does_to_known_and_unknown_profiles_what_it_says(
    world: World, destination: Destination, standin: Running, mode: str, held: dict[str, dict[str, str]]
):
    world.put({"known": ("old@example.com", "Lyon")})
    world.run(destination, sync(name="before"))
    world.put({"known": ("k@example.com", "Lyon"), "new": ("n@example.com", None)})
    world.run(destination, sync(mode=mode, purpose=None if mode == "remove" else "email_marketing"))
    assert standin.held() == held
