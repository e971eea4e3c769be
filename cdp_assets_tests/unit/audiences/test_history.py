"""Who was in an audience at any moment is told by the log, whatever happened since."""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdp_assets.audiences.history import members_at
from cdp_assets_tests.unit.audiences.refreshed import FRENCH, day, split
from cdp_assets_tests.unit.audiences.world import definition

IDS = ("a", "b", "c", "d", "e")
HALVES = {"a": 50, "b": 50}


def told(world, at, name="tested"):
    rows = world.warehouse.read_arrow(members_at(name, at)).to_pylist()
    assert len({row["customer_id"] for row in rows}) == len(rows)
    return {row["customer_id"]: row["split"] for row in rows}


runs = st.lists(
    st.fixed_dictionaries(
        {
            "later": st.booleans(),
            "french": st.sets(st.sampled_from(IDS)),
            "merge": st.none() | st.tuples(st.sampled_from(IDS), st.sampled_from(IDS)),
        }
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(runs)
def test_members_at_a_moment_are_those_the_table_had_then(world, runs):
    world.forget()
    audience, gone, held, on = split(condition=FRENCH, **HALVES), {}, {}, 0
    for run in runs:
        on += run["later"]
        one, other = run["merge"] or (None, None)
        if one != other and one not in gone and other not in gone:
            world.merge((one, other))
            gone[one] = other
        world.have([who for who in IDS if who not in gone], run["french"] - gone.keys())
        world.refresh(audience, on=on)
        held[on] = world.arms()
    for number in range(on + 2):
        latest = max((one for one in held if one <= number), default=None)
        expected = held[latest] if latest is not None else {}
        assert told(world, day(number)) == expected
        assert told(world, day(number) + timedelta(hours=23)) == expected


def test_nobody_was_in_before_the_first_run_nor_in_another_audience(world):
    world.have(["a"])
    world.refresh(definition(FRENCH))
    assert told(world, day(0) - timedelta(seconds=1)) == {}
    assert told(world, day(0), "other") == {}


def test_the_last_of_several_runs_of_one_moment_is_the_one_that_counts(world):
    audience = definition(FRENCH)
    for people in ({"a"}, set(), {"a", "b"}, {"b"}):
        world.have(IDS, people)
        world.refresh(audience)
    assert told(world, day(0)) == {"b": None}


def test_a_member_is_told_with_when_they_entered_and_the_version_that_let_them_in(world):
    world.have(IDS, {"a"})
    first = definition(FRENCH)
    world.refresh(first)
    world.have(IDS, {"a", "b"})
    second = definition({"any": [FRENCH]})
    world.refresh(second, on=1)
    rows = world.warehouse.read_arrow(members_at("tested", day(5))).to_pylist()
    assert [(row["customer_id"], row["since"], row["definition_version"]) for row in rows] == [
        ("a", day(0), first.version),
        ("b", day(1), second.version),
    ]


def test_the_arm_is_told_that_a_member_had_then_though_another_salt_dealt_all_anew(world):
    ids = [f"c{number}" for number in range(30)]
    world.have(ids)
    arms = []
    for on, salt in enumerate((None, "summer", None)):
        world.refresh(split(salt=salt, **HALVES), on=on)
        arms.append(world.arms())
    assert arms[0] != arms[1]
    assert [told(world, day(on)) for on in range(3)] == arms
    rows = world.warehouse.read_arrow(members_at("tested", day(2))).to_pylist()
    assert {row["since"] for row in rows} == {day(0)}
    assert {row["definition_version"] for row in rows} == {split(**HALVES).version}


def test_who_has_another_arm_is_logged_as_reassigned_and_nobody_else(world):
    ids = [f"c{number}" for number in range(30)]
    world.have(ids)
    world.refresh(split(**HALVES))
    before = world.arms()
    change = world.refresh(split(salt="summer", **HALVES), on=1)["tested"]
    after = world.arms()
    logged = {row["customer_id"]: row for row in world.rows("membership_log") if row["at"] == day(1)}
    assert {row["change"] for row in logged.values()} == {"reassigned"}
    assert {who: row["split"] for who, row in logged.items()} == {
        who: after[who] for who in ids if after[who] != before[who]
    }
    assert (change.entered, change.exited, change.merged) == (0, 0, 0)


def test_before_a_merge_the_merged_id_was_the_member_and_after_it_the_survivor(world):
    world.have(["a"])
    audience = definition(FRENCH)
    world.refresh(audience)
    world.have(["b"])
    world.merge(("a", "b"))
    world.refresh(audience, on=1)
    assert [set(told(world, day(number))) for number in (0, 1)] == [{"a"}, {"b"}]


def test_after_a_run_that_looked_back_the_next_one_sets_the_log_right(world):
    audience = definition(FRENCH)
    for on, people in ((1, {"a", "b"}), (0, {"b"}), (2, {"b", "c"})):
        world.have(IDS, people)
        world.refresh(audience, on=on)
    assert told(world, day(2)).keys() == world.members() == {"b", "c"}
