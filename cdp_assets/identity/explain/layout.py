"""Where the nodes of a tree are drawn: its centre in the middle, the others on rings, each beyond its parent."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import cos, inf, pi, sin, tau

Point = tuple[float, float]
_TURNS = 24


def radial(count: int, links: Sequence[tuple[int, int]], gap: float, ring: float) -> list[Point]:
    """A place for each of the nodes 0 to `count` - 1.

    Every node gets a sector as wide as it has leaves, inside that of its parent, so that links hardly cross (Eades
    1992, "Drawing free trees"). Several trees share the rings.

    Args:
        count: how many nodes.
        links: a tree, or several.
        gap: distance between the nodes of a ring, at the least.
        ring: distance between two rings, at the least.
    """
    near: dict[int, list[int]] = defaultdict(list)
    for left, right in links:
        near[left].append(right)
        near[right].append(left)
    depth, children, roots = _rooted(count, near)
    leaves = _leaves(depth, children)
    angles: dict[int, float] = {}
    begin = 0.0
    total = sum(leaves[root] for root in roots)
    for root in roots:
        end = begin + tau * leaves[root] / total
        _spread(root, begin, end, children, leaves, angles)
        begin = end
    lowest = 0 if len(roots) == 1 else 1
    radius = _radii(angles, {node: depth[node] + lowest for node in depth}, gap, ring)
    return min((_turned(angles, radius, tau * step / _TURNS) for step in range(_TURNS)), key=_height)


def _turned(angles: Mapping[int, float], radius: Mapping[int, float], by: float) -> list[Point]:
    return [(radius[at] * cos(angles[at] + by), radius[at] * sin(angles[at] + by)) for at in sorted(angles)]


def _height(points: Sequence[Point]) -> float:
    """How high the drawing is: pages are wider than high."""
    return round(max(y for _, y in points) - min(y for _, y in points), 3)


def _rooted(count: int, near: Mapping[int, Sequence[int]]) -> tuple[dict[int, int], dict[int, list[int]], list[int]]:
    """Depth and children of every node, and the root of each tree."""
    depth: dict[int, int] = {}
    children: dict[int, list[int]] = {}
    roots = []
    for node in range(count):
        if node not in depth:
            root = _centre(node, near)
            roots.append(root)
            for inner, parent, at in _walk(root, near):
                depth[inner] = at
                children[inner] = []
                if parent is not None:
                    children[parent].append(inner)
    return depth, children, roots


def _walk(start: int, near: Mapping[int, Sequence[int]]) -> list[tuple[int, int | None, int]]:
    """Every node that is reached, the near ones first, each with the one before it and how far it is."""
    way: list[tuple[int, int | None, int]] = [(start, None, 0)]
    for node, parent, at in way:
        way.extend((other, node, at + 1) for other in near.get(node, ()) if other != parent)
    return way


def _centre(start: int, near: Mapping[int, Sequence[int]]) -> int:
    """The node around which no branch takes more of the circle than need be."""
    nodes = [node for node, _, _ in _walk(start, near)]
    return min(nodes, key=lambda node: (_widest_branch(node, near), node))


def _widest_branch(root: int, near: Mapping[int, Sequence[int]]) -> int:
    way = _walk(root, near)
    children: dict[int, list[int]] = {node: [] for node, _, _ in way}
    for node, parent, _ in way:
        if parent is not None:
            children[parent].append(node)
    leaves = _leaves({node: at for node, _, at in way}, children)
    return max((leaves[child] for child in children[root]), default=0)


def _leaves(depth: Mapping[int, int], children: Mapping[int, Sequence[int]]) -> dict[int, int]:
    leaves: dict[int, int] = {}
    for node in sorted(depth, key=lambda node: -depth[node]):
        leaves[node] = sum(leaves[child] for child in children[node]) or 1
    return leaves


def _spread(
    root: int,
    begin: float,
    end: float,
    children: Mapping[int, Sequence[int]],
    leaves: Mapping[int, int],
    angles: dict[int, float],
) -> None:
    waiting = [(root, begin, end)]
    while waiting:
        node, start, stop = waiting.pop()
        angles[node] = (start + stop) / 2 - pi  # the first child of two is on the left
        for child in children[node]:
            width = (stop - start) * leaves[child] / leaves[node]
            waiting.append((child, start, start + width))
            start += width


def _radii(angles: Mapping[int, float], rings: Mapping[int, int], gap: float, apart: float) -> dict[int, float]:
    """How far out each node is: its ring is wide enough for the nodes on it."""
    radius = {0: 0.0}
    for at in range(1, max(rings.values(), default=0) + 1):
        turned = sorted(angles[node] for node in rings if rings[node] == at)
        gaps = [later - earlier for earlier, later in pairwise(turned)]
        closest = min([*gaps, turned[0] + tau - turned[-1]]) if len(turned) > 1 else inf
        radius[at] = max(radius[at - 1] + apart, gap / closest)
    return {node: radius[at] for node, at in rings.items()}
