"""Where the nodes of the graph are drawn."""

from itertools import combinations
from math import dist

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_assets.identity.explain.layout import radial

GAP, RING = 50.0, 100.0


@st.composite
def forests(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    """A number of nodes, and links that make trees of them."""
    count = draw(st.integers(1, 40))
    links = [(draw(st.integers(0, node - 1)), node) for node in range(1, count) if draw(st.integers(0, 9))]
    return count, links


@settings(deadline=None)
@given(forests())
def test_every_node_has_a_place_and_room_around_it(forest: tuple[int, list[tuple[int, int]]]) -> None:
    count, links = forest
    points = radial(count, links, GAP, RING)
    assert len(points) == count
    for one, other in combinations(points, 2):
        assert dist(one, other) > 0.6 * GAP  # on a ring the gap is measured along it


def test_two_nodes_stand_side_by_side() -> None:
    (_, upper), (_, lower) = radial(2, [(0, 1)], GAP, RING)
    assert upper == pytest.approx(lower, abs=1e-6)


def test_a_chain_is_drawn_wider_than_high() -> None:
    points = radial(5, [(0, 1), (1, 2), (2, 3), (3, 4)], GAP, RING)
    width, height = (max(at) - min(at) for at in zip(*points, strict=True))
    assert width > height


def test_the_node_that_all_hang_on_is_in_the_middle() -> None:
    points = radial(30, [(node, 7) for node in range(30) if node != 7], GAP, RING)
    assert points[7] == (0.0, 0.0)
    assert min(dist(points[7], point) for place, point in enumerate(points) if place != 7) > GAP
