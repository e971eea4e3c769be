"""Connected components of a graph on dense node numbers."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

Integers = NDArray[np.int64]


def components(count: int, edges: pl.DataFrame) -> pl.DataFrame:
    """`node` and `component`, the smallest node of its component; `edges` are `node_l`, `node_r` below `count`."""
    labels = closed(count, edges["node_l"].to_numpy(), edges["node_r"].to_numpy())
    return pl.DataFrame({"node": np.arange(count, dtype=np.int64), "component": labels})


def closed(count: int, left: Integers, right: Integers) -> Integers:
    """The smallest node of each node's component; an edge joins each node of `left` to that of `right`."""
    nodes = np.arange(count, dtype=np.int64)
    if not len(left):
        return nodes
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    graph = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    smallest = np.full(labels.max() + 1, count, dtype=np.int64)
    np.minimum.at(smallest, labels, nodes)
    found: Integers = smallest[labels]
    return found


def dense(numbers: pl.Series, known: Integers) -> Integers:
    """The place of each number in the order of `known`, an array of all numbers there are."""
    places: Integers = np.empty(int(known.max(initial=0)) + 1, dtype=np.int64)
    places[known] = np.arange(len(known))
    found: Integers = places[numbers.to_numpy()]
    return found
