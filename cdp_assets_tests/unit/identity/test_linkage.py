"""Average linkage: what is joined, what is kept apart, and that order does not matter."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_assets.identity.linkage import SCALE, average_linkage

CERTAIN = 100
"""Bits from which a test's edge is one of a rule."""


def clusters(count: int, edges: list[tuple[int, int, float]], together: list[int] | None = None) -> list[int]:
    """The cluster of each node, from (node, node, bits)."""
    begin = np.array(together if together is not None else range(count), dtype=np.int64)
    left, right = (np.array([edge[side] for edge in edges], dtype=np.int64) for side in (0, 1))
    weight = np.array([round(edge[2] * SCALE) for edge in edges], dtype=np.int64)
    certain = np.array([edge[2] >= CERTAIN for edge in edges], dtype=np.bool_)
    return average_linkage(begin, left, right, weight, certain).tolist()


def slowly(count: int, edges: list[tuple[int, int, float]]) -> list[int]:
    """The definition: join the two clusters with the highest mean weight while it is above 0."""
    weights = {(left, right): round(bits * SCALE) for left, right, bits in edges}
    ruled = {(left, right) for left, right, bits in edges if bits >= CERTAIN}
    groups = [[node] for node in range(count)]

    def mean(one: list[int], other: list[int]) -> float:
        pairs = [(min(a, b), max(a, b)) for a in one for b in other]
        unknown = 0 if ruled.intersection(pairs) else -SCALE // 2
        return sum(weights.get(pair, unknown) for pair in pairs) / len(pairs)

    while True:
        every = [(mean(a, b), -i, -j) for i, a in enumerate(groups) for j, b in enumerate(groups) if i < j]
        best = max(every, default=(0.0, 0, 0))
        if best[0] <= 0:
            labels = {node: min(group) for group in groups for node in group}
            return [labels[node] for node in range(count)]
        groups[-best[1]] = sorted(groups[-best[1]] + groups[-best[2]])
        del groups[-best[2]]


def test_one_strong_link_joins_two_records_of_which_nothing_else_is_known():
    assert clusters(4, [(0, 1, 9), (1, 2, 9), (2, 3, 9)]) == [0, 0, 0, 0]


def test_a_bridge_does_not_join_two_people_who_contradict_each_other():
    two_people = [(0, 1, 9), (3, 4, 9), (0, 3, -9), (0, 4, -9), (1, 3, -9), (1, 4, -9)]
    bridge = [(1, 2, 4), (2, 3, 3)]
    assert clusters(5, two_people + bridge) == [0, 0, 0, 3, 3]


def test_a_bridge_does_not_join_two_families_that_were_never_compared():
    two_people = [(0, 1, 9), (0, 2, 9), (1, 2, 9), (4, 5, 9), (4, 6, 9), (5, 6, 9)]
    assert clusters(7, [*two_people, (0, 3, 3), (3, 4, 2)]) == [0, 0, 0, 0, 4, 4, 4]


def test_a_rule_speaks_for_all_that_it_does_not_link_one_by_one():
    star = [(0, leaf, 100.0 + leaf) for leaf in range(1, 400)]
    assert clusters(400, star) == [0] * 400


def test_one_slip_does_not_part_records_that_the_others_hold_together():
    assert clusters(4, [(0, 1, 9), (0, 2, 9), (1, 2, 9), (0, 3, 9), (1, 3, 9), (2, 3, -4)]) == [0, 0, 0, 0]


def test_what_must_be_together_stays_together():
    assert clusters(3, [(0, 1, -30), (1, 2, -1)], together=[0, 0, 2]) == [0, 0, 2]


def test_nothing_known_joins_nothing():
    assert clusters(3, []) == [0, 1, 2]
    assert clusters(0, []) == []


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, list[tuple[int, int, float]]]:
    count = draw(st.integers(1, 7))
    every = [(left, right) for left in range(count) for right in range(left + 1, count)]
    # Weights that differ: between equals the tree may differ, the promise is about the same graph alone.
    weights = draw(st.lists(st.integers(-4000, 4000), min_size=len(every), max_size=len(every), unique=True))
    known = draw(st.lists(st.booleans(), min_size=len(every), max_size=len(every)))
    return count, [(*pair, bits / 39) for pair, bits, is_known in zip(every, weights, known, strict=True) if is_known]


@given(graphs())
@settings(deadline=None)
def test_it_is_what_joining_the_best_pair_again_and_again_gives(graph):
    assert clusters(*graph) == slowly(*graph)


@given(graphs(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_the_edges_does_not_matter(graph, chance):
    count, edges = graph
    shuffled = edges.copy()
    chance.shuffle(shuffled)
    assert clusters(count, shuffled) == clusters(count, edges)
