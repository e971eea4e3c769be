"""From clusters to customers: ids that stay, and the history of those that change."""

from collections.abc import Callable, Set
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from cdp_assets.identity.changes import history_rows
from cdp_assets.identity.stable_ids import RECORD, inherit, new_ids


@dataclass(frozen=True)
class Assignment:
    """`customer_ids`: `source`, `record_id`, `customer_id`, `assigned_at` of every record; `history`: rows to append
    to `id_history`."""

    customer_ids: pl.DataFrame
    history: pl.DataFrame


def assign(
    clusters: pl.DataFrame,
    issued: pl.DataFrame,
    taken: Callable[[list[str]], Set[str]],
    as_of: datetime,
    run_id: str,
) -> Assignment:
    """The customer of every record, a function of its arguments whatever their row order.

    Args:
        clusters: `source`, `record_id`, `cluster` (any numbers); whole clusters.
        issued: `source`, `record_id`, `customer_id`, `assigned_at` before this run, of every customer that one of the
            records had: records that are gone included.
        taken: which of some ids were ever issued: an id is never issued again.
        as_of: the moment of the run, when new assignments begin.
        run_id: goes into the history.
    """
    ordered = clusters.sort(RECORD)
    first = ordered.unique("cluster", keep="first", maintain_order=True).with_row_index("place")
    placed = ordered.join(first.select("cluster", pl.col("place").cast(pl.Int64)), on="cluster", maintain_order="left")
    numbered = placed.select(*RECORD, cluster="place")
    kept = inherit(numbered, issued)
    unnamed = first.select(pl.col("place").cast(pl.Int64), *RECORD)
    named = pl.Series(list(kept), dtype=pl.Int64)
    ids = kept | new_ids(unnamed.filter(~pl.col("place").is_in(named.implode())).iter_rows(), taken)
    given = pl.DataFrame(list(ids.items()), schema={"cluster": pl.Int64, "customer_id": pl.String}, orient="row")
    since = issued.select(*RECORD, "customer_id", pl.col("assigned_at").cast(pl.Datetime("us", "UTC")))
    assigned = (
        numbered.join(given, on="cluster", how="left", maintain_order="left")
        .join(since, on=[*RECORD, "customer_id"], how="left", maintain_order="left")
        .with_columns(pl.col("assigned_at").fill_null(pl.lit(as_of).cast(pl.Datetime("us", "UTC"))))
        .select(*RECORD, "customer_id", "assigned_at")
    )
    return Assignment(assigned, history_rows(issued.select(*RECORD, "customer_id"), assigned, as_of, run_id))
