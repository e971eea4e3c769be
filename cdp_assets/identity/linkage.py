"""Average linkage on a sparse graph: clusters are joined while the mean weight of the pairs between them is positive.

Contradictions between two clusters speak against their being one, and so does, a little, every pair without an edge:
records of one person mostly share some key by which they are compared. So one link joins two records, but a bridge of
one record does not join two families. A certain link speaks for all pairs between two clusters. Clusters that are each
other's best neighbours are joined in rounds, all at once: for average linkage this gives the same tree as joining the
best pair of all again and again (reducibility; Murtagh 1983, "A survey of recent advances in hierarchical clustering
algorithms").
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]
SCALE = 1024
"""Weights are counted in whole 1/1024ths of a bit: sums are exact, so that no order of rows changes a cluster."""
_NOT_COMPARED = -SCALE // 2
"""The weight of a pair without an edge."""
_EVERY_PAIR = 2**36


@dataclass(frozen=True)
class Graph:
    """Undirected edges between clusters, each pair once: `left` < `right`, the sum of `weight` between them, of so many
    `pairs` of nodes."""

    left: Integers
    right: Integers
    weight: Integers
    pairs: Integers

    def __len__(self) -> int:
        return len(self.left)

    def where(self, kept: Booleans) -> "Graph":
        """The edges for which `kept` is true."""
        return Graph(self.left[kept], self.right[kept], self.weight[kept], self.pairs[kept])


def summed(graph: Graph, labels: Integers) -> Graph:
    """The edges between the clusters that `labels` puts the graph's clusters in; one inside a cluster is dropped."""
    left, right = labels[graph.left], labels[graph.right]
    between = left != right
    low, high = np.minimum(left, right)[between], np.maximum(left, right)[between]
    ends, place = np.unique(low * len(labels) + high, return_inverse=True)
    weight, pairs = np.zeros(len(ends), dtype=np.int64), np.zeros(len(ends), dtype=np.int64)
    np.add.at(weight, place, graph.weight[between])
    np.add.at(pairs, place, graph.pairs[between])
    return Graph(ends // len(labels), ends % len(labels), weight, pairs)


def average_linkage(
    labels: Integers,
    left: Integers,
    right: Integers,
    weight: Integers,
    certain: Booleans,
    apart: Booleans | None = None,
) -> Integers:
    """The cluster of each node, named by its smallest node.

    Args:
        labels: the cluster each node begins in, named by its smallest node: what must be together.
        left: one node of each pair that has a weight.
        right: the other.
        weight: for (above 0) or against (below) their being together, in 1/`SCALE` bits.
        certain: the pairs that make it idle that others between the same clusters were not compared: rules link each
            record of a group to one of it only.
        apart: nodes of which no two clusters are joined, whatever speaks for it; by default none.
    """
    count = len(labels)
    labels = labels.copy()
    settled = np.zeros(count, dtype=np.bool_)
    if apart is not None:
        settled[labels[apart]] = True
    sizes = np.bincount(labels, minlength=count)
    graph = summed(Graph(left, right, weight, np.where(certain, _EVERY_PAIR, 1)), labels)
    while len(graph := _open(graph, sizes, settled)):
        joined_left, joined_right = _best_of_both(graph, sizes)
        parent = np.arange(count)
        parent[joined_right] = joined_left
        sizes[joined_left] += sizes[joined_right]
        settled[joined_left] |= settled[joined_right]
        labels = parent[labels]
        graph = summed(graph, parent)
    return labels


def _mean(graph: Graph, sizes: Integers) -> NDArray[np.float64]:
    """The mean weight of all pairs of nodes between two clusters."""
    every = sizes[graph.left] * sizes[graph.right]
    means: NDArray[np.float64] = (graph.weight + _NOT_COMPARED * np.maximum(every - graph.pairs, 0)) / every
    return means


def _open(graph: Graph, sizes: Integers, settled: Booleans) -> Graph:
    """The edges of clusters that some positive edge still touches: the others are done, as are two settled ones."""
    graph = graph.where(~(settled[graph.left] & settled[graph.right]))
    positive = _mean(graph, sizes) > 0
    touched = np.zeros(len(sizes), dtype=np.bool_)
    touched[graph.left[positive]] = True
    touched[graph.right[positive]] = True
    return graph.where(touched[graph.left] | touched[graph.right])


def _best_of_both(graph: Graph, sizes: Integers) -> tuple[Integers, Integers]:
    """Pairs of clusters that are each other's best: the highest mean, of equal ones the first in order."""
    mean = _mean(graph, sizes)
    best = np.zeros(len(sizes))
    for side in (graph.left, graph.right):
        np.maximum.at(best, side, mean)
    mutual = np.flatnonzero((mean > 0) & (mean == best[graph.left]) & (mean == best[graph.right]))
    first = np.full(len(sizes), len(graph), dtype=np.int64)
    for side in (graph.left[mutual], graph.right[mutual]):
        np.minimum.at(first, side, mutual)
    chosen = mutual[(first[graph.left[mutual]] == mutual) & (first[graph.right[mutual]] == mutual)]
    return graph.left[chosen], graph.right[chosen]
