"""Nobody is sent who may not be; who may be is sent for a reason that is written down."""

from typing import Any

import pytest

from cdp_assets.errors import ConfigurationError, DataError
from cdp_assets_tests.unit.activation.world import FakeDestination, World, definition

PEOPLE = {f"c{n}": (f"p{n}@example.com", "Lyon") for n in range(1, 5)}
ALLOWING = {"unknown_consent": "allow", "unknown_consent_reason": "customers by contract"}


def reasons(world: World) -> dict[str, str]:
    return {row["row_key"]: row["reason"] for row in world.rows("set_aside", "row_key", "reason")}


def bases(world: World) -> dict[str, str]:
    return {row["row_key"]: row["basis"] for row in world.rows("sync_rows") if row["status"] == "succeeded"}


def test_a_denial_and_silence_are_told_apart_and_neither_is_sent(world: World, fake: FakeDestination):
    world.put(PEOPLE, granted=["c1", "c3", "c4"])
    world.forget_consents("c3")
    result = world.run(fake)
    assert set(fake.content) == {"c1", "c4"}
    assert result.tally.suppressed == 2
    assert reasons(world) == {"c2": "consent for email_marketing is denied", "c3": "no consent for email_marketing"}


def test_silence_is_allowed_where_the_sync_says_why_and_a_denial_never(world: World, fake: FakeDestination):
    world.put(PEOPLE, granted=["c1", "c3", "c4"])
    world.forget_consents("c3")
    world.run(fake, definition(**ALLOWING))
    assert bases(world) == {
        "c1": "consent for email_marketing",
        "c3": "no consent known, which is allowed: customers by contract",
        "c4": "consent for email_marketing",
    }
    assert reasons(world) == {"c2": "consent for email_marketing is denied"}


def test_a_consent_that_is_neither_granted_nor_denied_counts_as_denied(world: World, fake: FakeDestination):
    world.put(PEOPLE)
    world.warehouse.execute("UPDATE master.consents SET state = 'perhaps' WHERE customer_id = 'c1'")
    world.warehouse.execute("UPDATE master.consents SET state = NULL WHERE customer_id = 'c2'")
    world.run(fake, definition(**ALLOWING))
    assert set(fake.content) == {"c3", "c4"}


@pytest.mark.parametrize(
    "changes",
    [{}, ALLOWING, {"purpose": None, "no_consent_reason": "invoices, by contract"}],
    ids=["consent", "silence allowed", "no consent needed"],
)
def test_who_is_on_the_suppression_list_is_not_sent_and_is_removed(
    world: World, fake: FakeDestination, changes: dict[str, Any]
):
    sync = definition(guard=1, **changes)
    world.put(PEOPLE)
    world.run(fake, sync)
    fake.sent()
    world.suppress("c2", "nobody")
    world.run(fake, sync)
    assert fake.sent() == [("remove", "c2")]
    assert reasons(world) == {"c2": "on the suppression list"}
    world.suppress("c3")
    world.run(fake, sync)
    assert fake.sent() == [("remove", "c3"), ("add", "c2")]


def test_a_suppression_follows_the_customer_into_a_merge(world: World, fake: FakeDestination):
    world.suppress("old")
    world.merge(("old", "older"), ("older", "c1"))
    world.put(PEOPLE)
    world.run(fake)
    assert set(fake.content) == {"c2", "c3", "c4"}


def test_mode_remove_takes_away_those_on_the_list_too(world: World, fake: FakeDestination):
    world.suppress("c1")
    world.put({"c1": PEOPLE["c1"]})
    world.run(fake, definition(mode="remove", purpose=None))
    assert fake.sent() == [("remove", "c1")]
    assert bases(world) == {"c1": "taking away needs no consent"}


def test_without_a_purpose_the_reason_in_the_definition_is_the_basis(world: World, fake: FakeDestination):
    world.put({"c1": PEOPLE["c1"]})
    world.run(fake, definition(purpose=None, no_consent_reason="invoices, by contract"))
    assert bases(world) == {"c1": "no consent needed: invoices, by contract"}


@pytest.mark.parametrize("how", ["denied", "suppressed"])
def test_who_may_not_be_sent_is_removed_though_the_source_has_the_row_twice(
    world: World, fake: FakeDestination, how: str
):
    world.put(PEOPLE)
    world.run(fake, definition(guard=1))
    fake.sent()
    world.put(PEOPLE, [*PEOPLE, "c2"], granted=[key for key in PEOPLE if how == "suppressed" or key != "c2"])
    if how == "suppressed":
        world.suppress("c2")
    world.run(fake, definition(guard=1))
    assert fake.sent() == [("remove", "c2")]


def test_who_is_suppressed_while_a_killed_sync_is_down_is_not_sent_by_the_next(world: World, fake: FakeDestination):
    world.put(PEOPLE)
    fake.faults = [KeyboardInterrupt()]  # type: ignore[list-item]
    with pytest.raises(KeyboardInterrupt):
        world.run(fake)
    fake.sent()
    world.suppress("c2")
    world.run(fake)
    assert ("add", "c2") not in fake.sent()
    assert "c2" not in fake.content


@pytest.mark.parametrize(
    ("key", "said"), [("email", "says who"), ("phone_number", "says who"), ("login", "holds e-mail addresses")]
)
def test_a_key_that_says_who_somebody_is_is_refused(world: World, fake: FakeDestination, key: str, said: str):
    world.put({"ann@example.com": ("ann@example.com", None)})
    world.warehouse.execute(f"CREATE TABLE audiences.by_address AS SELECT customer_id AS {key} FROM audiences.vip")
    sync = definition(
        source="audiences.by_address",
        key=key,
        mapping={"x": key},
        purpose=None,
        no_consent_reason="invoices, by contract",
    )
    with pytest.raises(ConfigurationError, match=f"key '{key}' {said}"):
        world.run(fake, sync)


@pytest.mark.parametrize("mode", ["upsert", "insert", "update"])
def test_who_may_not_be_sent_any_longer_is_removed_in_modes_that_remove_nobody_who_left(
    world: World, fake: FakeDestination, mode: str
):
    people = {f"c{n}": (f"p{n}@example.com", "Lyon") for n in range(1, 6)}
    world.put(people)
    world.run(fake)
    world.put(people, members=["c2", "c3", "c4"], granted=["c2", "c4", "c5"])
    world.suppress("c4")
    world.run(fake, definition(mode=mode, guard=0.5))
    assert set(fake.content) == world.held() == {"c1", "c2", "c5"}
    world.put(people, members=["c2"], granted=[])
    world.run(fake, definition(mode=mode, removal="nothing"))
    assert set(fake.content) == {"c1", "c2", "c5"}


def test_the_guard_also_stands_before_those_who_may_not_be_sent_any_longer(world: World, fake: FakeDestination):
    people = {f"c{n}": (f"p{n}@example.com", "Lyon") for n in range(20)}
    world.put(people)
    world.run(fake, definition(mode="upsert"))
    world.put(people, granted=[])
    with pytest.raises(DataError, match="lost 20 of the 20 rows"):
        world.run(fake, definition(mode="upsert"))
    assert set(fake.content) == set(people)
