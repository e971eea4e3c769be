"""The strongest path: the strongest weakest link first, then the fewest links."""

from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_assets.identity.explain.paths import StrongestPaths, WeightedLink, spanning_tree

NODES = 6
ends = st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1)).filter(lambda pair: pair[0] != pair[1])
links = st.lists(
    st.tuples(ends, st.sampled_from([1.0, 2.0, 3.0, float("inf")])).map(lambda link: (*link[0], link[1])), max_size=12
)
nodes = st.integers(0, NODES - 1)


def simple_ways(all_links: list[WeightedLink], at: int, end: int, seen: frozenset[int]) -> Iterator[list[int]]:
    """Every way that comes to no node twice, as places of links."""
    if at == end:
        yield []
        return
    for place, (left, right, _) in enumerate(all_links):
        for here, there in ((left, right), (right, left)):
            if here == at and there not in seen:
                for rest in simple_ways(all_links, there, end, seen | {there}):
                    yield [place, *rest]


def weakest(all_links: list[WeightedLink], way: list[int]) -> float:
    return min((all_links[place][2] for place in way), default=float("inf"))


@settings(deadline=None)
@given(links, nodes, nodes)
def test_no_other_way_has_a_stronger_weakest_link_or_as_strong_a_one_and_fewer_links(
    all_links: list[WeightedLink], one: int, other: int
) -> None:
    found = StrongestPaths(NODES, all_links).between(one, other)
    ways = list(simple_ways(all_links, one, other, frozenset({one})))
    if found is None:
        assert not ways
        return
    assert found in ways
    best = max(weakest(all_links, way) for way in ways)
    assert weakest(all_links, found) == best
    assert len(found) == min(len(way) for way in ways if weakest(all_links, way) == best)


@settings(deadline=None)
@given(links)
def test_the_tree_joins_what_the_links_join_without_a_round_trip(all_links: list[WeightedLink]) -> None:
    tree = [all_links[place] for place in spanning_tree(NODES, all_links)]
    for one in range(NODES):
        for other in range(NODES):
            reached = StrongestPaths(NODES, all_links).between(one, other) is not None
            ways = list(simple_ways(tree, one, other, frozenset({one})))
            assert len(ways) == (1 if reached else 0)


def test_a_longer_way_of_strong_links_is_preferred_to_a_short_weak_one() -> None:
    paths = StrongestPaths(3, [(0, 2, 1.0), (0, 1, 5.0), (1, 2, 4.0)])
    assert paths.between(0, 2) == [1, 2]
    assert paths.between(2, 0) == [2, 1]


def test_of_equally_strong_ways_the_direct_one_is_taken_though_the_tree_has_another() -> None:
    assert StrongestPaths(3, [(0, 1, 5.0), (1, 2, 5.0), (0, 2, 5.0)]).between(0, 2) == [2]
