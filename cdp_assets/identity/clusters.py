"""Connected components of a graph on dense node numbers."""

import numpy as np
import polars as pl


def components(count: int, edges: pl.DataFrame) -> pl.DataFrame:
    """`node` and `component`, the smallest node of its component; `edges` are `node_l`, `node_r` below `count`."""
    nodes = np.arange(count, dtype=np.int64)
    if edges.is_empty():
        return pl.DataFrame({"node": nodes, "component": nodes})
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    left, right = edges["node_l"].to_numpy(), edges["node_r"].to_numpy()
    graph = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    smallest = np.full(labels.max() + 1, count, dtype=np.int64)
    np.minimum.at(smallest, labels, nodes)
    return pl.DataFrame({"node": nodes, "component": smallest[labels]})
