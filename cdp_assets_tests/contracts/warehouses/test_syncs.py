"""Syncs do the same in every warehouse: the diff, the gate, merged customers, identifiers, and what they write down."""

import pytest

from cdp_assets.warehouses.base import Warehouse
from cdp_assets_tests.unit.activation.identified import FakeAudience
from cdp_assets_tests.unit.activation.world import FakeDestination, World, definition

PEOPLE = {f"c{n}": (f"p{n}@example.com", "Lyon") for n in range(1, 8)}
IDENTIFIERS = {"email": "master.customers.email", "city": "master.customers.city"}


@pytest.fixture
def world(warehouse: Warehouse) -> World:
    return World(warehouse)


def test_rows_are_added_changed_removed_and_set_aside(world: World):
    fake = FakeDestination(batch_size=3, concurrency=2)
    world.put(PEOPLE, granted=[key for key in PEOPLE if key != "c7"])
    result = world.run(fake)
    assert (result.planned, result.tally.suppressed) == (6, 1)
    fake.sent()
    world.put(
        {**PEOPLE, "c1": ("é'\"\\@example.com", None), "c9": (None, "")},
        ["c1", "c2", "c3", "c4", "c5", "c9", "c9", None],
    )
    world.run(fake)
    assert sorted(fake.sent()) == [("change", "c1"), ("remove", "c6")]
    assert fake.content["c1"] == {"EMAIL": "é'\"\\@example.com", "CITY": None}
    assert {(row["row_key"], row["status"]) for row in world.rows("set_aside")} == {("", "invalid"), ("c9", "invalid")}
    assert world.run(fake).planned == 0
    bases = {row["basis"] for row in world.rows("sync_rows") if row["operation"] == "add"}
    assert bases == {"consent for email_marketing"}


def test_merged_suppressed_and_refused_customers_are_followed(world: World):
    fake = FakeDestination(batch_size=3, poison={"c3"}, picky={"c4"})
    world.put(PEOPLE)
    world.run(fake, definition(max_rejected_share=1))
    assert world.held() == set(PEOPLE) - {"c3", "c4"}
    world.merge(("c2", "c1"))
    world.suppress("c5")
    fake.poison, fake.picky = set(), set()
    fake.sent()
    world.put({key: values for key, values in PEOPLE.items() if key != "c2"})
    world.run(fake, definition(guard=1))
    assert fake.sent() == [("remove", "c2"), ("remove", "c5"), ("add", "c3"), ("add", "c4")]
    assert world.rows("rejected_rows") == []


def test_identifiers_are_a_set(world: World):
    audience = FakeAudience(batch_size=2)
    sync = definition(mapping=IDENTIFIERS, guard=1)
    world.put({"c1": ("same@example.com", "Lyon"), "c2": ("same@example.com", "Nice"), "c3": (None, None)})
    assert world.run(audience, sync).tally.invalid == 1
    assert audience.sent() == [("add", "lyon"), ("add", "nice"), ("add", "same@example.com")]
    world.put({"c1": ("new@example.com", "Lyon"), "c2": ("same@example.com", None)})
    world.run(audience, sync)
    assert audience.sent() == [("remove", "nice"), ("add", "new@example.com")]
    assert {row["kind"] for row in world.rows("sync_identifiers")} == {"email", "city"}
    assert world.run(audience, sync).planned == 0
