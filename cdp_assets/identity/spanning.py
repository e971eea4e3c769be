"""What holds each customer together at its weakest: the weakest link of the maximum spanning tree of its records."""

import numpy as np
import polars as pl

NODES = ["node_l", "node_r"]


def weakest_links(links: pl.DataFrame, count: int) -> pl.DataFrame:
    """The links without which some customer would fall apart, the weakest one of each.

    Of all ways to join a customer's records, the maximum spanning tree uses the strongest links: its weakest link is as
    strong as the weakest that no way avoids (Hu 1961, "The maximum capacity route problem").

    Args:
        links: `node_l`, `node_r`, `customer` (a number that both nodes' customer has), `match_probability`, one row a
            pair. The result has the same columns.
        count: the nodes are 0 to `count` - 1.
    """
    if links.is_empty():
        return links
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import minimum_spanning_tree

    # No two links cost the same, so that there is one tree whatever the order of the rows.
    ordered = links.sort("match_probability", *NODES, descending=[True, False, False])
    left, right = (ordered[name].to_numpy() for name in NODES)
    costs = np.arange(1, ordered.height + 1, dtype=np.float64)
    tree = minimum_spanning_tree(coo_matrix((costs, (left, right)), shape=(count, count)).tocsr())
    kept = ordered[np.sort(tree.data).astype(np.int64) - 1]
    return kept.unique("customer", keep="last", maintain_order=True)
