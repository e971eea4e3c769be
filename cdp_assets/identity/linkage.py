"""Average linkage on a sparse graph: clusters are joined while the mean weight of the pairs between them is positive.

A pair without an edge weighs nothing, so one strong link joins two clusters, and contradictions inside them speak
against it. Clusters that are each other's best neighbours are joined in rounds, all at once: for average linkage this
gives the same tree as joining the best pair of all again and again (reducibility; Murtagh 1983, "A survey of recent
advances in hierarchical clustering algorithms").
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
SCALE = 1024
"""Weights are counted in whole 1/1024ths of a bit: sums are exact, so that no order of rows changes a cluster."""


@dataclass(frozen=True)
class Graph:
    """Undirected edges between clusters, each pair once: `left` < `right`, the sum of `weight` between them."""

    left: Integers
    right: Integers
    weight: Integers

    def __len__(self) -> int:
        return len(self.left)

    def where(self, kept: NDArray[np.bool_]) -> "Graph":
        """The edges for which `kept` is true."""
        return Graph(self.left[kept], self.right[kept], self.weight[kept])


def summed(left: Integers, right: Integers, weight: Integers, count: int) -> Graph:
    """One edge a pair of clusters below `count`: sums of weights; an edge inside a cluster is dropped."""
    between = left != right
    low, high = np.minimum(left, right)[between], np.maximum(left, right)[between]
    pairs, place = np.unique(low * count + high, return_inverse=True)
    sums = np.zeros(len(pairs), dtype=np.int64)
    np.add.at(sums, place, weight[between])
    return Graph(pairs // count, pairs % count, sums)


def average_linkage(labels: Integers, left: Integers, right: Integers, weight: Integers) -> Integers:
    """The cluster of each node, named by its smallest node.

    Args:
        labels: the cluster each node begins in, named by its smallest node: what must be together.
        left: one node of each pair that has a weight.
        right: the other.
        weight: for (above 0) or against (below) their being together, in 1/`SCALE` bits.
    """
    count = len(labels)
    labels = labels.copy()
    sizes = np.bincount(labels, minlength=count)
    graph = summed(labels[left], labels[right], weight, count)
    while len(graph := _open(graph, count)):
        joined_left, joined_right = _best_of_both(graph, sizes)
        parent = np.arange(count)
        parent[joined_right] = joined_left
        sizes[joined_left] += sizes[joined_right]
        labels = parent[labels]
        graph = summed(parent[graph.left], parent[graph.right], graph.weight, count)
    return labels


def _open(graph: Graph, count: int) -> Graph:
    """The edges of clusters that some positive edge still touches: the others are done."""
    positive = graph.weight > 0
    touched = np.zeros(count, dtype=np.bool_)
    touched[graph.left[positive]] = True
    touched[graph.right[positive]] = True
    return graph.where(touched[graph.left] | touched[graph.right])


def _best_of_both(graph: Graph, sizes: Integers) -> tuple[Integers, Integers]:
    """Pairs of clusters that are each other's best: the highest mean, of equal ones the first in order."""
    mean = graph.weight / (sizes[graph.left] * sizes[graph.right])
    best = np.zeros(len(sizes))
    for side in (graph.left, graph.right):
        np.maximum.at(best, side, mean)
    mutual = np.flatnonzero((mean > 0) & (mean == best[graph.left]) & (mean == best[graph.right]))
    first = np.full(len(sizes), len(graph), dtype=np.int64)
    for side in (graph.left[mutual], graph.right[mutual]):
        np.minimum.at(first, side, mutual)
    chosen = mutual[(first[graph.left[mutual]] == mutual) & (first[graph.right[mutual]] == mutual)]
    return graph.left[chosen], graph.right[chosen]
