"""An audience of Meta's follows the customers: by each identifier alone, however many kinds a customer has."""

import hashlib
from typing import Any

import pytest

from cdp_assets.activation.definition import SyncDefinition
from cdp_assets.destinations.base import Destination
from cdp_assets_tests.integration.destinations.steps import sync_to
from cdp_assets_tests.standins.destinations import Running
from cdp_assets_tests.standins.vendors.base import Vendor, vendor
from cdp_assets_tests.unit.activation.world import World

ANN, BOB = "ann@example.com", "bob@example.com"


@pytest.fixture(scope="module")
def at() -> Vendor:
    return vendor("meta_ads")


def sync(**changes: Any) -> SyncDefinition:
    mapping = {"email": "master.customers.email", "external_id": "customer_id"}
    return sync_to(vendor("meta_ads"), mapping=mapping, **changes)


def members(emails: tuple[str, ...], ids: tuple[str, ...]) -> dict[str, dict[str, str]]:
    digests = {hashlib.sha256(email.encode()).hexdigest(): {"kind": "EMAIL"} for email in emails}
    return digests | {one: {"kind": "EXTERN_ID"} for one in ids}


def test_an_email_that_a_merged_customer_shared_stays_and_the_former_id_goes(
    world: World, destination: Destination, standin: Running
):
    world.put({"c1": (ANN, None), "c2": (" ANN@Example.com", None), "c3": (BOB, None)})
    world.run(destination, sync())
    assert standin.held() == members((ANN, BOB), ("c1", "c2", "c3"))
    world.merge(("c2", "c1"))
    world.put({"c1": (ANN, None), "c3": (BOB, None)})
    world.run(destination, sync())
    assert standin.held() == members((ANN, BOB), ("c1", "c3"))


def test_a_withdrawn_consent_takes_out_what_no_other_customer_granted(
    world: World, destination: Destination, standin: Running
):
    people = {"c1": (ANN, None), "c2": (ANN, None), "c3": (BOB, None)}
    world.put(people)
    world.run(destination, sync())
    world.put(people, granted=["c1"])
    world.run(destination, sync())
    assert standin.held() == members((ANN,), ("c1",))


def test_an_email_that_is_none_any_more_goes_out_and_the_id_stays(
    world: World, destination: Destination, standin: Running
):
    world.put({"c1": (ANN, None), "c2": (BOB, None)})
    world.run(destination, sync())
    world.put({"c1": ("not an address", None), "c2": (BOB, None)})
    world.run(destination, sync())
    assert standin.held() == members((BOB,), ("c1", "c2"))


@pytest.mark.parametrize("kind", ["timeout_after", "dropped_before", "server_error", "rate_limited"])
def test_a_batch_that_fails_between_its_kinds_is_sent_again_whole(
    world: World, destination: Destination, standin: Running, kind: str
):
    world.put({f"c{n}": (f"p{n}@example.com", None) for n in range(3)})
    standin.fail(kind, after=1, seconds=1.5)
    world.run(destination, sync())
    assert standin.held() == members(tuple(f"p{n}@example.com" for n in range(3)), ("c0", "c1", "c2"))
    world.put({f"c{n}": (f"p{n}@example.com", None) for n in range(3)}, members=[])
    standin.fail(kind, after=1, seconds=1.5)
    world.run(destination, sync())
    assert standin.held() == {}


def test_who_was_in_the_audience_before_stays_when_the_first_run_mirrors(
    world: World, destination: Destination, standin: Running
):
    world.put({"c1": (ANN, None)})
    world.run(destination, sync(name="before"))
    world.put({"c2": (BOB, None)})
    world.run(destination, sync(name="after"))
    assert standin.held() == members((ANN, BOB), ("c1", "c2"))
