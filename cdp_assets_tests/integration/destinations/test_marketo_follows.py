"""Marketo, with its static list, follows the customers: merged, split, changed, without consent."""

from typing import Any

import pytest

from cdp_assets.activation.definition import SyncDefinition
from cdp_assets.destinations.base import Destination
from cdp_assets_tests.integration.destinations.steps import sync_to
from cdp_assets_tests.standins.destinations import Running
from cdp_assets_tests.standins.vendors.base import Vendor, vendor
from cdp_assets_tests.unit.activation.world import World

PAIR = {"c1": ("ann@example.com", "Lyon"), "c2": ("ann@example.org", "Nice")}
LISTED = {"staticLists": ["1001"]}
ANN = {"EMAIL": "ann@example.com", "CITY": "Lyon"}


@pytest.fixture(scope="module")
def at() -> Vendor:
    return vendor("marketo_list")


def sync(**changes: str | None) -> SyncDefinition:
    return sync_to(vendor("marketo_list"), **changes)


@pytest.mark.parametrize(
    ("removal", "left"), [("clear_fields", {}), ("delete", {"EMAIL": "ann@example.org", "CITY": "Nice"})]
)
def test_a_changed_email_and_a_withdrawn_consent_are_followed(
    world: World, destination: Destination, standin: Running, removal: str, left: dict[str, str]
):
    world.put(PAIR)
    world.run(destination, sync(removal=removal))
    world.put(PAIR | {"c1": ("new@example.com", "Lyon")}, granted=["c1"])
    world.run(destination, sync(removal=removal))
    assert standin.held() == {"c1": {"EMAIL": "new@example.com", "CITY": "Lyon", **LISTED}, "c2": left}


def test_of_two_customers_that_become_one_the_survivor_keeps_its_values(
    world: World, destination: Destination, standin: Running
):
    world.put(PAIR)
    world.run(destination, sync())
    world.merge(("c2", "c1"))
    world.put({"c1": PAIR["c1"]})
    world.run(destination, sync())
    assert standin.held() == {"c1": {**ANN, **LISTED}, "c2": {}}


def test_a_customer_that_goes_on_under_another_id_takes_its_lead_along_and_gets_a_new_one_when_it_splits(
    world: World, destination: Destination, standin: Running
):
    world.put({"c1": PAIR["c1"]})
    world.run(destination, sync())
    world.merge(("c1", "c0"))
    world.put({"c0": PAIR["c1"]})
    world.run(destination, sync())
    assert standin.held() == {"c0": {**ANN, **LISTED}}
    world.put({"c0": ("ann@example.com", "Brest"), "c1": PAIR["c1"]})
    world.run(destination, sync())
    assert standin.held() == {"c0": {"EMAIL": "ann@example.com", "CITY": "Brest", **LISTED}, "c1": {**ANN, **LISTED}}


KNOWN, NEW = {"EMAIL": "k@example.com", "CITY": "Lyon"}, {"EMAIL": "n@example.com"}
BEFORE = {"EMAIL": "old@example.com", "CITY": "Lyon"}


@pytest.mark.parametrize(
    ("mode", "held"),
    [
        ("mirror", {"known": {**KNOWN, **LISTED}, "new": {**NEW, **LISTED}}),
        ("upsert", {"known": {**KNOWN, **LISTED}, "new": {**NEW, **LISTED}}),
        ("insert", {"known": {**BEFORE, **LISTED}, "new": {**NEW, **LISTED}}),
        ("update", {"known": {**KNOWN, **LISTED}}),
        ("remove", {"known": {}}),
    ],
)
def test_each_mode_does_to_known_and_unknown_leads_what_it_says(
    world: World, destination: Destination, standin: Running, mode: str, held: dict[str, dict[str, Any]]
):
    world.put({"known": ("old@example.com", "Lyon")})
    world.run(destination, sync(name="before"))
    world.put({"known": ("k@example.com", "Lyon"), "new": ("n@example.com", None)})
    world.run(destination, sync(mode=mode, purpose=None if mode == "remove" else "email_marketing"))
    assert standin.held() == held
