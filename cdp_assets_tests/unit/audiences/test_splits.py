"""Which arm a customer is in: dealt by a hash, kept whatever else changes, handed on when ids merge."""

import hashlib
from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdp_assets.audiences.options import GLOBAL_HOLDOUT
from cdp_assets_tests.unit.audiences.refreshed import ANYONE, FRENCH, day, split
from cdp_assets_tests.unit.audiences.world import definition

MANY = [f"customer-{number}" for number in range(20_000)]
FEW = [f"c{number}" for number in range(60)]
HALVES = {"a": 50, "b": 50}


def by_hand(salt: str, customer_id: str, shares: dict[str, float]) -> str:
    """The arm that the first eight digits of the hash fall into."""
    place = int(hashlib.sha256(f"{salt}:{customer_id}".encode()).hexdigest()[:8], 16) / 16**8 * 100
    reached = 0.0
    for arm, share in shares.items():
        reached += share
        if place < reached:
            return arm
    raise AssertionError(place)


def test_shares_are_met_within_a_point_and_the_hash_alone_decides(world):
    shares = {"a": 60.5, "b": 29.5, "holdout": 10}
    world.have(MANY)
    world.refresh(split(**shares))
    arms = world.arms()
    counted = Counter(arms.values())
    for arm, share in shares.items():
        assert counted[arm] / len(MANY) * 100 == pytest.approx(share, abs=1)
    assert {who: arms[who] for who in MANY[:300]} == {who: by_hand("tested", who, shares) for who in MANY[:300]}


@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sets(st.sampled_from(FEW[:12]), min_size=1), min_size=2, max_size=4))
def test_an_arm_once_given_is_kept_while_customers_come_and_go(world, populations):
    world.forget()
    known: dict[str, str | None] = {}
    for number, population in enumerate(populations):
        world.have(population)
        world.refresh(split(**HALVES), on=number)
        arms = world.arms()
        assert set(arms) == population
        assert arms.items() >= {who: arm for who, arm in known.items() if who in population}.items()
        known |= arms


def test_the_arm_is_kept_when_shares_change_and_newcomers_are_dealt_by_the_new_ones(world):
    world.have(FEW[:30])
    world.refresh(split(**HALVES))
    before = world.arms()
    world.have(FEW)
    shares = {"a": 5, "b": 95}
    world.refresh(split(**shares), on=1)
    after = world.arms()
    assert {who: after[who] for who in before} == before
    assert {who: after[who] for who in FEW[30:]} == {who: by_hand("tested", who, shares) for who in FEW[30:]}


def test_those_of_an_arm_that_is_gone_are_dealt_anew(world):
    world.have(FEW)
    world.refresh(split(**HALVES))
    before = world.arms()
    world.refresh(split(a=50, c=50), on=1)
    after = world.arms()
    assert {who for who in FEW if after[who] == "a"} >= {who for who in FEW if before[who] == "a"}
    assert set(after.values()) == {"a", "c"}


def test_the_arm_given_last_is_the_one_that_is_kept(world):
    world.have(FEW)
    world.refresh(split(**HALVES))
    world.refresh(split(a=50, c=50), on=1)
    dealt_again = world.arms()
    world.refresh(split(a=30, b=40, c=30), on=2)
    assert world.arms() == dealt_again


def test_who_leaves_is_logged_with_the_arm_they_were_in_and_finds_it_on_coming_back(world):
    a, b = of_both_arms()
    world.have([a, b])
    world.refresh(split(**HALVES))
    world.have([])
    world.refresh(split(**HALVES), on=1)
    left = [row for row in world.rows("membership_log") if row["change"] == "exit"]
    assert {row["customer_id"]: row["split"] for row in left} == {a: "a", b: "b"}
    world.have([a, b])
    world.refresh(split(a=1, b=99), on=2)
    assert world.arms() == {a: "a", b: "b"}


def test_another_salt_deals_all_anew_and_the_old_one_finds_the_old_arms(world):
    world.have(FEW)
    world.refresh(split(**HALVES))
    before = world.arms()
    world.refresh(split(salt="summer", **HALVES), on=1)
    assert world.arms() == {who: by_hand("summer", who, HALVES) for who in FEW} != before
    world.refresh(split(**HALVES), on=2)
    assert world.arms() == before


def test_two_audiences_with_one_salt_put_a_customer_in_the_same_arm(world):
    world.have(FEW)
    world.refresh(
        split("one", salt="shared", **HALVES), split("two", salt="shared", **HALVES), split("three", **HALVES)
    )
    assert world.arms("one") == world.arms("two") != world.arms("three")


def of_both_arms(salt="tested"):
    """A customer of arm a and one of arm b, by the hash."""
    return tuple(next(who for who in FEW if by_hand(salt, who, HALVES) == arm) for arm in HALVES)


def test_a_merge_keeps_the_arm_of_the_id_that_survives(world):
    a, b = of_both_arms()
    world.have([a, b])
    world.refresh(split(**HALVES))
    world.have([b])
    world.merge((a, b))
    world.refresh(split(**HALVES), on=1)
    assert world.arms() == {b: "b"}


def test_a_surviving_id_without_an_arm_inherits_that_of_the_merged_id(world):
    a, b = of_both_arms()
    world.have([a, b], french=[a])
    french = split(condition=FRENCH, **HALVES)
    world.refresh(french)
    world.have([b])
    world.merge((a, "between"), ("between", b))
    world.refresh(french, on=1)
    assert world.arms() == {b: "a"}
    (given,) = [row for row in world.rows("assignments") if row["customer_id"] == b]
    assert (given["arm"], given["inherited_from"]) == ("a", a)


def test_of_several_merged_ids_the_first_in_order_hands_on_its_arm(world):
    a, b = of_both_arms()
    new = next(who for who in FEW if who not in (a, b))
    world.have([a, b])
    world.refresh(split(**HALVES))
    world.have([new])
    world.merge((a, new), (b, new))
    world.refresh(split(**HALVES), on=1)
    assert world.arms() == {new: by_hand("tested", min(a, b), HALVES)}


def test_the_new_id_of_a_split_customer_gets_an_arm_of_its_own(world):
    a, b = of_both_arms()
    world.have([a])
    world.refresh(split(**HALVES))
    world.have([a, b])
    world.merge((a, b), event="split")
    world.refresh(split(**HALVES), on=1)
    assert world.arms() == {a: "a", b: "b"}


def test_merges_are_logged_as_such_and_not_as_exit_and_entry(world):
    a, b = of_both_arms()
    world.have([a])
    world.refresh(split(**HALVES))
    world.have([b])
    world.merge((a, b))
    change = world.refresh(split(**HALVES), on=1)["tested"]
    assert (change.entered, change.exited, change.merged) == (0, 0, 1)
    last = max(world.rows("membership_log"), key=lambda row: row["sequence"])
    said = (last["change"], last["customer_id"], last["merged_into"], last["split"])
    assert said == ("merged", a, b, "a")


def test_the_global_holdout_is_the_same_in_every_audience_with_and_without_arms(world):
    world.percent = Decimal("12.5")
    world.have(MANY[:4000])
    plain, french = definition(ANYONE, name="plain"), split("french", FRENCH, **HALVES)
    world.refresh(plain, french)
    held = {who for who, arm in world.arms("plain").items() if arm == GLOBAL_HOLDOUT}
    assert len(held) / 4000 * 100 == pytest.approx(12.5, abs=1.5)
    assert {who for who, arm in world.arms("french").items() if arm == GLOBAL_HOLDOUT} == held
    assert {arm for who, arm in world.arms("plain").items() if who not in held} == {None}
    assert set(world.arms("french").values()) == {"a", "b", GLOBAL_HOLDOUT}
    assert held <= world.members("plain")


def test_the_global_holdout_is_given_no_arm_and_one_who_leaves_it_finds_their_own(world):
    world.percent = Decimal(50)
    world.have(FEW)
    world.refresh(split(**HALVES))
    held = {who for who, arm in world.arms().items() if arm == GLOBAL_HOLDOUT}
    assert {row["customer_id"] for row in world.rows("assignments")} == set(FEW) - held
    world.percent = Decimal(0)
    world.refresh(split(**HALVES), on=1)
    assert world.arms() == {who: by_hand("tested", who, HALVES) for who in FEW}
    assert {row["assigned_at"] for row in world.rows("assignments") if row["customer_id"] in held} == {day(1)}
