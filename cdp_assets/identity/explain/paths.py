"""The strongest path between two records: the one whose weakest link is the strongest, and of those the shortest.

A maximum spanning tree holds a path with the strongest weakest link for any two nodes (Hu 1961, "The maximum capacity
route problem"); links at least as strong as that one may make a shorter way, which a breadth-first search finds.
"""

from collections import defaultdict, deque
from collections.abc import Sequence

WeightedLink = tuple[int, int, float]
"""Two nodes and how strong the link between them is."""


def spanning_tree(count: int, links: Sequence[WeightedLink]) -> list[int]:
    """Places of the links of the maximum spanning forest, the strongest first (Kruskal 1956).

    Args:
        count: the nodes are 0 to `count` - 1.
        links: of equally strong ones, the first is taken.
    """
    parent = list(range(count))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    kept = []
    for place in sorted(range(len(links)), key=lambda place: -links[place][2]):
        left, right = root(links[place][0]), root(links[place][1])
        if left != right:
            parent[left] = right
            kept.append(place)
            if len(kept) == count - 1:
                break
    return kept


class StrongestPaths:
    """Answers which links to go along between any two of the nodes 0 to `count` - 1."""

    def __init__(self, count: int, links: Sequence[WeightedLink]) -> None:
        self._links = links
        self._tree = _neighbours(links, spanning_tree(count, links))
        self._stronger: dict[float, _Neighbours] = {}

    def between(self, one: int, other: int) -> list[int] | None:
        """Places of the links in the order one goes along them; null when no way leads there."""
        way = _shortest(self._tree, one, other)
        if not way:
            return way
        least = min(self._links[place][2] for place in way)
        if least not in self._stronger:
            strong = [place for place, link in enumerate(self._links) if link[2] >= least]
            self._stronger[least] = _neighbours(self._links, strong)
        return _shortest(self._stronger[least], one, other)


_Neighbours = dict[int, list[tuple[int, int]]]


def _neighbours(links: Sequence[WeightedLink], places: Sequence[int]) -> _Neighbours:
    """Of each node, the nodes that links lead to, and the links' places."""
    near: _Neighbours = defaultdict(list)
    for place in places:
        left, right, _ = links[place]
        near[left].append((right, place))
        near[right].append((left, place))
    return near


def _shortest(near: _Neighbours, one: int, other: int) -> list[int] | None:
    """Breadth first; of equally short ways, that of the links that come first."""
    came: dict[int, tuple[int, int] | None] = {one: None}
    waiting = deque([one])
    while waiting and other not in came:
        node = waiting.popleft()
        for neighbour, place in near.get(node, ()):
            if neighbour not in came:
                came[neighbour] = (node, place)
                waiting.append(neighbour)
    if other not in came:
        return None
    way = []
    step = came[other]
    while step is not None:
        node, place = step
        way.append(place)
        step = came[node]
    return way[::-1]
