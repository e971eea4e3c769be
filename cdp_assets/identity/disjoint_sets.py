"""Sets of nodes that are joined one link at a time, unless enemies would come together."""

from collections import defaultdict
from collections.abc import Iterable, Mapping


class DisjointSets:
    """Nodes, each with a profile; two profiles that are enemies are never in one set, unless a join is forced."""

    def __init__(self, profiles: Mapping[int, int], enemies: Iterable[tuple[int, ...]]) -> None:
        self._parent = {node: node for node in profiles}
        self._profiles = {node: {profile} for node, profile in profiles.items()}
        self._enemies: dict[int, set[int]] = defaultdict(set)
        for left, right in enemies:
            self._enemies[left].add(right)
            self._enemies[right].add(left)

    def join(self, left: int, right: int, *, force: bool = False) -> bool:
        """Join the sets of two nodes; false when they stay apart because they hold enemies."""
        small, large = self._root(left), self._root(right)
        if small == large:
            return True
        if len(self._profiles[small]) > len(self._profiles[large]):
            small, large = large, small
        if not force and self._at_war(small, large):
            return False
        self._parent[small] = large
        self._profiles[large] |= self._profiles.pop(small)
        return True

    def _at_war(self, small: int, large: int) -> bool:
        others = self._profiles[large]
        return any(not self._enemies[profile].isdisjoint(others) for profile in self._profiles[small])

    def _root(self, node: int) -> int:
        while self._parent[node] != node:
            self._parent[node] = self._parent[self._parent[node]]
            node = self._parent[node]
        return node
