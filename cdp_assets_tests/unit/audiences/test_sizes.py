"""How many members there were is written down, and a size nobody expected is said to be one."""

import pytest

from cdp_assets.audiences.sizes import accept_size, unexpected
from cdp_assets.errors import ConfigurationError
from cdp_assets_tests.unit.audiences.refreshed import ANYONE, day
from cdp_assets_tests.unit.audiences.world import definition

SAME = definition(ANYONE)
OTHER = definition({"all": [ANYONE]})


def run(world, members, on, audience=SAME):
    world.have(f"c{number}" for number in range(members))
    return world.refresh(audience, on=on)[audience.name].unexpected


@pytest.mark.parametrize(
    ("members", "before", "is_expected"),
    [
        (100, 100, True),
        (199, 100, True),
        (200, 100, False),
        (51, 100, True),
        (50, 100, False),
        (0, 100, False),
        (19, 1, True),
        (1, 19, True),
        (20, 0, False),
        (20, 10, False),
        (19, 0, True),
        (10_000, None, True),
    ],
)
def test_a_size_that_doubled_or_halved_is_unexpected_unless_there_were_few(members, before, is_expected):
    assert (unexpected(SAME, members, before) == "") == is_expected


@pytest.mark.parametrize(
    ("expected", "members", "said"),
    [
        ({"at_least": 10}, 9, "9 members; expected.at_least is 10"),
        ({"at_least": 10}, 10, ""),
        ({"at_most": 10}, 11, "11 members; expected.at_most is 10"),
        ({"at_most": 10}, 10, ""),
        ({"at_least": 1}, 0, "0 members; expected.at_least is 1"),
        ({"change": 1.5}, 150, "150 members after 100 by the same definition, a change by 1.5 times"),
        ({"change": 1.5}, 149, ""),
        ({"change": None}, 9_999, ""),
    ],
)
def test_what_a_definition_expects_is_held_against_the_size(expected, members, said):
    before = 100 if "change" in expected else None
    found = unexpected(definition(ANYONE, expected=expected), members, before)
    assert found.startswith(said) if said else found == ""


def test_a_change_is_measured_by_the_last_size_that_was_expected(world):
    assert run(world, 30, 0) == ""
    assert run(world, 45, 1) == ""
    assert "22 members after 45" in run(world, 22, 2)
    assert "15 members after 45" in run(world, 15, 3)
    assert run(world, 44, 4) == ""


def test_another_definition_may_change_the_size(world):
    run(world, 100, 0)
    assert run(world, 30, 1, OTHER) == ""
    assert "60 members after 30" in run(world, 60, 2, OTHER)
    assert run(world, 99, 3) == "", "the earlier definition is measured by its own last size"


def test_a_size_that_is_accepted_is_what_later_ones_are_measured_by(world):
    run(world, 100, 0)
    run(world, 30, 1)
    assert accept_size(world.warehouse, "tested") == 30
    assert run(world, 31, 2) == ""
    assert "100 members after 31" in run(world, 100, 3)


def test_the_same_run_again_is_as_unexpected_as_before(world):
    run(world, 100, 0)
    first = run(world, 30, 1)
    assert run(world, 30, 1) == first != ""
    assert len(world.rows("sizes")) == 2


def test_an_earlier_run_that_is_repeated_is_not_measured_by_later_ones(world):
    for on, members in enumerate((100, 150, 250)):
        assert run(world, members, on) == ""
    assert run(world, 120, 1) == ""


def test_a_size_that_was_accepted_stays_so_when_the_run_is_repeated(world):
    run(world, 100, 0)
    run(world, 30, 1)
    accept_size(world.warehouse, "tested")
    assert run(world, 30, 1) == ""


def test_sizes_are_written_down_with_their_moment_and_version(world):
    run(world, 100, 0)
    run(world, 30, 1)
    names = ("audience", "at", "members", "is_expected", "definition_version")
    assert [tuple(row[name] for name in names) for row in world.rows("sizes")] == [
        ("tested", day(0), 100, True, SAME.version),
        ("tested", day(1), 30, False, SAME.version),
    ]


def test_an_audience_without_a_size_has_none_to_accept(world):
    with pytest.raises(ConfigurationError, match="'nobody' was not materialised yet"):
        accept_size(world.warehouse, "nobody")
    run(world, 3, 0)
    with pytest.raises(ConfigurationError, match="'nobody' was not materialised yet"):
        accept_size(world.warehouse, "nobody")
