"""Clusters too large, or with too many identifiers, to be one customer: cut where they hang together weakly."""

import numpy as np
import polars as pl

from cdp_assets.identity.clusters import Integers
from cdp_assets.identity.config import IdentityConfig, Limits
from cdp_assets.identity.keys import LISTS, decode_lists
from cdp_assets.identity.linkage import SCALE, average_linkage

_STEPS = (3, 6, 9, 12)
"""Bits by which links are weakened, one after another, until a cluster is within its limits."""
LOOKS = ("first_name", "last_name", "emails", "phones", "street", "date_of_birth")
"""What two records of one customer may differ in, to be more than the same record twice."""


def within_limits(
    cluster: Integers,
    left: Integers,
    right: Integers,
    known: pl.DataFrame,
    nodes: pl.DataFrame,
    config: IdentityConfig,
) -> tuple[Integers, pl.Series]:
    """The clusters, the oversized ones cut, and why a record was set apart as a single because cutting did not help.

    Args:
        cluster: of each node, named by its smallest node.
        left: one node of each pair of `known`.
        right: the other.
        known: as `evidence.weigh`: `weight`, `must`, `certain`.
        nodes: rows of `identity.records`, in the order of the nodes.
        config: its limits.
    """
    cluster = cluster.copy()
    weight = known["weight"].to_numpy()
    decided, certain = known["must"].to_numpy(), known["certain"].to_numpy()
    over = _over(cluster, nodes, config.limits)
    for step in _STEPS:
        if not len(over):
            break
        again = np.isin(cluster, over["cluster"].to_numpy())
        inside = again[left] & (cluster[left] == cluster[right])
        weaker = np.where(decided, weight, weight - step * SCALE)
        alone = np.arange(len(cluster))
        cut = average_linkage(alone, left[inside], right[inside], weaker[inside], certain[inside])
        cluster[again] = cut[again]
        over = _over(cluster, nodes, config.limits)
    reasons = pl.DataFrame({"cluster": cluster}).join(over, on="cluster", how="left", maintain_order="left")["limit"]
    apart = reasons.is_not_null().to_numpy()
    cluster[apart] = np.flatnonzero(apart)
    return cluster, reasons


def _over(cluster: Integers, nodes: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """`cluster` and the `limit` it is over, of those that are."""
    sizes = np.bincount(cluster, minlength=1)
    smallest = min(limits.records, limits.emails, limits.phones, limits.dates_of_birth, limits.user_ids)
    large = sizes[cluster] > smallest
    members = nodes.with_columns(cluster=pl.Series(cluster)).filter(pl.Series(large))
    counted = members.group_by("cluster").agg(
        records=pl.struct(LOOKS).n_unique(), dates_of_birth=pl.col("date_of_birth").drop_nulls().n_unique()
    )
    for key in ("email", "phone", "user_id"):
        entry = LISTS[key]
        values = members.select("cluster", decode_lists(entry, members[entry.column]).alias(entry.column))
        several = values.explode(entry.column).drop_nulls().group_by("cluster").agg(pl.col(entry.column).n_unique())
        counted = counted.join(several, on="cluster", how="left")
    exceeded = [
        pl.when(pl.col(name) > getattr(limits, name)).then(pl.lit(f"too_many_{name}"))
        for name in ("records", "emails", "phones", "dates_of_birth", "user_ids")
    ]
    return counted.select("cluster", limit=pl.coalesce(exceeded)).drop_nulls().sort("cluster")
