"""At a destination of identifiers, what is held is what the people of the source are known by, and nothing else."""

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdp_assets.activation.definition import SyncDefinition
from cdp_assets.activation.dry_run import dry_run
from cdp_assets.activation.plan import Part
from cdp_assets.activation.sync import Sync
from cdp_assets.errors import ConfigurationError, DataError
from cdp_assets_tests.unit.activation.identified import FakeAudience
from cdp_assets_tests.unit.activation.world import AS_OF, KEY, World, definition

MAPPING = {"email": "master.customers.email", "city": "master.customers.city"}


def sync(**changes: Any) -> SyncDefinition:
    return definition(**{"mapping": MAPPING, "guard": 1, "max_rejected_share": 1, **changes})


@pytest.fixture
def audience() -> FakeAudience:
    return FakeAudience()


def test_each_row_is_sent_as_its_identifiers_once(world: World, audience: FakeAudience):
    world.put({"c1": ("Ann@example.com", "Lyon"), "c2": ("bob@example.com", None)})
    result = world.run(audience, sync())
    assert audience.sent() == [("add", "ann@example.com"), ("add", "bob@example.com"), ("add", "lyon")]
    assert (result.planned, result.held_rows) == (3, 3)
    world.run(audience, sync())
    assert audience.sent() == []


def test_a_dry_run_leaves_what_is_known_as_it_was(world: World, audience: FakeAudience):
    world.put({"c1": ("Ann@example.com", "Lyon")})
    world.run(audience, sync())
    world.put({"c1": ("new@example.com", "Lyon"), "c2": ("bob@example.com", None)})
    before = world.everything()
    shown = dry_run(Sync(world.warehouse, sync(), audience, KEY), AS_OF, AS_OF, Part())
    assert shown.planned == {"remove": 1, "change": 0, "add": 2}
    assert world.everything() == before


def test_a_dry_run_to_another_target_shows_that_it_holds_nothing(world: World, audience: FakeAudience):
    world.put({"c1": ("Ann@example.com", "Lyon")})
    world.run(audience, sync())
    before = world.everything()
    elsewhere = FakeAudience(target="another audience")
    shown = dry_run(Sync(world.warehouse, sync(), elsewhere, KEY), AS_OF, AS_OF, Part())
    assert (shown.planned["add"], shown.held_rows) == (2, 0)
    assert world.everything() == before


def test_what_somebody_else_still_has_is_not_removed(world: World, audience: FakeAudience):
    world.put({"c1": ("same@example.com", "Lyon"), "c2": ("SAME@example.com", "Nice")})
    world.run(audience, sync())
    assert audience.sent() == [("add", "lyon"), ("add", "nice"), ("add", "same@example.com")]
    world.put({"c1": ("same@example.com", "Lyon")})
    world.run(audience, sync())
    assert audience.sent() == [("remove", "nice")]
    world.put({"c1": (None, "Lyon")})
    world.run(audience, sync())
    assert audience.sent() == [("remove", "same@example.com")]


def test_a_changed_email_is_removed_before_the_new_one_is_added(world: World, audience: FakeAudience):
    world.put({"c1": ("old@example.com", "Lyon")})
    world.run(audience, sync())
    audience.sent()
    world.put({"c1": ("new@example.com", "Lyon")})
    world.run(audience, sync())
    assert [batch.operation for batch in audience.batches] == ["remove", "add"]
    assert audience.sent() == [("remove", "old@example.com"), ("add", "new@example.com")]
    assert "old@example.com" not in str(world.rows("sync_identifiers"))


def test_customers_merged_and_split_leave_the_identifiers_of_those_there_are(world: World, audience: FakeAudience):
    world.put({"c1": ("a@example.com", None), "c2": ("b@example.com", None)})
    world.run(audience, sync())
    audience.sent()
    world.merge(("c2", "c1"))
    world.put({"c1": ("a@example.com", None)})
    world.run(audience, sync())
    assert audience.sent() == [("remove", "b@example.com")]
    world.put({"c1": ("a@example.com", None), "c9": ("b@example.com", None)})
    world.run(audience, sync())
    assert audience.sent() == [("add", "b@example.com")]


def test_a_withdrawn_consent_removes_and_a_broken_row_does_not(world: World, audience: FakeAudience):
    people = {"c1": ("a@example.com", None), "c2": ("b@example.com", None)}
    world.put(people)
    world.run(audience, sync())
    audience.sent()
    world.put(people, members=["c1", "c1", "c2"], granted=["c1"])
    world.run(audience, sync())
    assert audience.sent() == [("remove", "b@example.com")]


def test_a_row_without_an_identifier_is_told_as_invalid(world: World, audience: FakeAudience):
    world.put({"c1": ("a@example.com", None), "c2": (None, "")})
    result = world.run(audience, sync())
    assert result.tally.invalid == 1
    assert world.rows("set_aside", "row_key", "status", "reason") == [
        {"row_key": "c2", "status": "invalid", "reason": "no identifier that the destination takes"}
    ]
    world.run(audience, sync())
    assert audience.sent() == [("add", "a@example.com")]


def test_a_refused_identifier_is_tried_again_and_its_value_is_told_nowhere(world: World, audience: FakeAudience):
    audience.picky = {"a@example.com"}
    world.put({"c1": ("a@example.com", "Lyon")})
    world.run(audience, sync())
    (refusal,) = world.rows("rejected_rows", "operation", "reason", "attempts")
    assert refusal == {"operation": "add", "reason": "cannot take <value>", "attempts": 1}
    told = {name: rows for name, rows in world.everything().items() if name != "activation.sync_identifiers"}
    assert "example.com" not in str(told)
    audience.picky.clear()
    audience.sent()
    world.run(audience, sync())
    assert audience.sent() == [("add", "a@example.com")]


def test_a_refused_removal_is_tried_again_with_what_was_sent(world: World, audience: FakeAudience):
    world.put({"c1": ("a@example.com", None), "c2": ("b@example.com", None)})
    world.run(audience, sync())
    audience.sent()
    audience.picky = {"a@example.com"}
    world.put({"c2": ("b@example.com", None)})
    for _ in range(2):
        world.run(audience, sync())
        assert audience.sent() == [("remove", "a@example.com")]
    audience.picky.clear()
    world.run(audience, sync())
    assert audience.held == {("email", "b@example.com")}
    assert [row["member_key"] for row in world.rows("sync_identifiers")] == ["c2"]


def test_members_are_sent_again_before_the_destination_forgets_them(world: World):
    audience = FakeAudience(lifetime=timedelta(days=540))
    world.put({"c1": ("a@example.com", None)})
    world.run(audience, sync(), clock=lambda: AS_OF)
    audience.sent()
    for days, sent in ((500, []), (511, [("change", "a@example.com")]), (600, [])):
        world.run(audience, sync(), clock=lambda days=days: AS_OF + timedelta(days=days))
        assert audience.sent() == sent


def test_an_empty_source_removes_nothing(world: World, audience: FakeAudience):
    world.put({"c1": ("a@example.com", None)})
    world.run(audience, sync())
    world.put({"c1": ("a@example.com", None)}, members=[])
    audience.sent()
    with pytest.raises(DataError, match="is empty while the destination holds 1 rows"):
        world.run(audience, sync(guard=0.5))
    assert audience.sent() == []


def test_mode_remove_takes_away_whom_the_source_lists(world: World, audience: FakeAudience):
    audience.held = {("email", "a@example.com"), ("email", "b@example.com")}
    world.put({"c1": ("a@example.com", None)})
    world.run(audience, sync(mode="remove", purpose=None))
    assert audience.held == {("email", "b@example.com")}
    world.run(audience, sync(mode="remove", purpose=None))
    assert audience.sent() == [("remove", "a@example.com")]


def test_a_field_that_is_no_identifier_is_refused(world: World, audience: FakeAudience):
    world.put({"c1": ("a@example.com", None)})
    with pytest.raises(ConfigurationError, match="there is no field 'shoe'; there are: city, email"):
        world.run(audience, sync(mapping={"shoe": "master.customers.city"}))


KEYS = [f"c{n}" for n in range(5)]
VALUES = st.tuples(st.sampled_from([None, "", "a", "A", "b"]), st.sampled_from([None, "x"]))
STEP = st.tuples(
    st.dictionaries(st.sampled_from(KEYS), VALUES), st.sets(st.sampled_from(KEYS)), st.sets(st.sampled_from("abx"))
)


@pytest.mark.slow
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(st.lists(STEP, min_size=2, max_size=4))
def test_after_every_run_it_holds_what_people_have_but_for_what_it_refused(steps):
    with tempfile.TemporaryDirectory() as folder:
        world, audience = World.at(Path(folder)), FakeAudience(batch_size=2, concurrency=3)
        for people, denied, picky in steps:
            world.put(people, granted=[key for key in people if key not in denied])
            audience.picky = picky
            world.run(audience, sync())
            wanted = {
                (name, value.lower())
                for key, values in people.items()
                for name, value in zip(MAPPING, values, strict=True)
                if value and key not in denied
            }
            assert {one for one in audience.held if one[1] not in picky} == {
                one for one in wanted if one[1] not in picky
            }
            assert len(world.held()) == len(audience.held)
        audience.picky = set()
        world.run(audience, sync())
        assert audience.held == wanted
        assert {(row["kind"]) for row in world.rows("sync_identifiers")} == {name for name, _ in wanted}
