"""Members who are held back stay where they are; a sync may be of some arms alone."""

import pytest

from cdp_assets.activation.definition import check_audience
from cdp_assets.errors import ConfigurationError
from cdp_assets.tables import Table
from cdp_assets_tests.unit.activation.world import FakeDestination, World, definition
from cdp_assets_tests.unit.audiences.refreshed import ANYONE, split
from cdp_assets_tests.unit.audiences.world import definition as audience

PEOPLE = {f"c{n}": (f"p{n}@example.com", "Lyon") for n in range(1, 6)}


def deal(world: World, **arms: str | None) -> None:
    """Put people into arms of the audience."""
    rows = " UNION ALL ".join(
        f"SELECT '{key}' AS customer_id, {'CAST(NULL AS TEXT)' if arm is None else repr(arm)} AS split"
        for key, arm in arms.items()
    )
    world.warehouse.write_select(Table("audiences", "vip"), rows)


@pytest.fixture
def dealt(world: World) -> World:
    world.put(PEOPLE)
    deal(world, c1="mail", c2="voucher", c3="holdout", c4="global_holdout", c5=None)
    return world


def test_a_holdout_is_sent_nowhere_and_told_why(dealt: World, fake: FakeDestination):
    result = dealt.run(fake)
    assert set(fake.content) == {"c1", "c2", "c5"}
    assert result.tally.suppressed == 2
    why = {row["row_key"]: row["reason"] for row in dealt.rows("set_aside")}
    assert why == dict.fromkeys(["c3", "c4"], "held back, to compare with those who are sent")


def test_a_sync_of_one_arm_sends_that_arm_alone(dealt: World, fake: FakeDestination):
    dealt.run(fake, definition(splits=["voucher"]))
    assert set(fake.content) == {"c2"}


def test_who_is_held_back_later_is_taken_away(dealt: World, fake: FakeDestination):
    dealt.run(fake)
    deal(dealt, c1="holdout", c2="voucher", c3="holdout", c4="global_holdout", c5=None)
    dealt.run(fake)
    assert set(fake.content) == {"c2", "c5"}


def test_a_table_that_is_no_audience_may_have_a_column_of_that_name(world: World, fake: FakeDestination):
    world.put(PEOPLE)
    rows = "SELECT customer_id, email, city, 'holdout' AS split FROM master.customers"
    world.warehouse.write_select(Table("marts", "people"), rows)
    world.run(fake, definition(source="marts.people", mapping={"EMAIL": "email"}))
    assert set(fake.content) == set(PEOPLE)


def test_arms_of_a_source_without_any_are_refused(world: World, fake: FakeDestination):
    world.put(PEOPLE)
    with pytest.raises(ConfigurationError, match=r"audiences\.vip has no column 'split'"):
        world.run(fake, definition(splits=["voucher"]))


def test_an_arm_that_the_audience_has_not_is_refused_with_those_it_has():
    sync = definition(splits=["mail", "vouchre"])
    dealt = split("vip", mail=40, voucher=40, holdout=20)
    with pytest.raises(ConfigurationError, match=r"^splits: .*'vip' has no arm 'vouchre'; its arms are: mail, voucher"):
        check_audience(sync, {"vip": dealt})
    with pytest.raises(ConfigurationError, match=r"has no arm 'mail'; it has no arms\."):
        check_audience(sync, {"vip": audience(ANYONE, name="vip")})
    check_audience(definition(splits=["mail"]), {"vip": dealt})
    with pytest.raises(ConfigurationError, match=r"^source: there is no audience 'vip'; there are: another\."):
        check_audience(sync, {"another": dealt})
    check_audience(definition(source="master.customers"), {})
