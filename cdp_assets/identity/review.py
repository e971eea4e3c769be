"""Customers a steward should look at: uncertain ones first, and of those the ones that matter."""

import polars as pl

from cdp_assets.identity.contracts import REVIEW_QUEUE
from cdp_assets.identity.decisions import NEVER, effective
from cdp_assets.identity.record_pairs import LEFT, PAIR, RIGHT
from cdp_assets.identity.spanning import NODES, weakest_links

LEAST_UNCERTAINTY = 0.02
"""What the model holds for more likely than 99 in 100, or less than 1, is not looked at."""

_KEY = ["source", "record_id"]
_CUSTOMERS = ["customer_l", "customer_r"]
_AMOUNT = pl.Decimal(38, 4)  # sums are exact, whatever the order of the rows


def review_queue(
    edges: pl.DataFrame,
    clusters: pl.DataFrame,
    customer_ids: pl.DataFrame,
    decisions: pl.DataFrame,
    revenue: pl.DataFrame | None,
    limit: int = 1000,
) -> pl.DataFrame:
    """The first `limit` rows of the queue as `contracts.REVIEW_QUEUE`, ordered by rank, whatever the row order.

    A row's priority is its uncertainty times its impact, ln(1 + records) + ln(1 + revenue). Uncertain are the weakest
    link that holds a customer together, a vetoed link between two customers that is about as likely as not, unless a
    steward decided of them, and records set apart as singles.

    Args:
        edges: `identity.edges`.
        clusters: `identity.clusters`.
        customer_ids: `identity.customer_ids`.
        decisions: `identity.decisions`.
        revenue: `lookup.record_revenue`, or none where nothing is sold.
        limit: the most rows.

    Raises:
        DataError: a decision cannot be used.
    """
    records = _records(clusters, customer_ids, revenue)
    links = _numbered(edges.select(*PAIR, "match_probability", "vetoed_by"), records)
    never = _numbered(effective(decisions).filter(pl.col("decision") == NEVER).select(PAIR), records)
    found = [
        _weak_links(links, records.height),
        _vetoed_links(links, records, never),
        _quarantined(links, records),
    ]
    rows = pl.concat(found).pipe(_weighed, records)
    key = pl.struct(*NODES)
    ranked = rows.sort(pl.col("priority"), "reason", key, descending=[True, False, False], nulls_last=True).head(limit)
    return _told(ranked.with_row_index("rank", offset=1), records)


def _records(clusters: pl.DataFrame, customer_ids: pl.DataFrame, revenue: pl.DataFrame | None) -> pl.DataFrame:
    """The records in the order of their keys, numbered by `node`; `customer` is their customer's first node."""
    amounts = pl.DataFrame(schema={**dict.fromkeys(_KEY, pl.String), "amount": _AMOUNT}) if revenue is None else revenue
    return (
        customer_ids.select(*_KEY, "customer_id")
        .join(clusters.select(*_KEY, "component", "quarantined_by"), on=_KEY, how="left")
        .join(amounts.select(*_KEY, pl.col("amount").cast(_AMOUNT)), on=_KEY, how="left")
        .sort(_KEY)
        .with_row_index("node")
        .with_columns(pl.col("node").cast(pl.Int64))
        .with_columns(customer=pl.col("node").min().over("customer_id"))
    )


def _numbered(pairs: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    for side, key in (("l", LEFT), ("r", RIGHT)):
        numbers = records.select(*_KEY, pl.col("node", "customer").name.suffix(f"_{side}"))
        pairs = pairs.join(numbers, left_on=key, right_on=_KEY).drop(key)
    return pairs


def _weak_links(links: pl.DataFrame, count: int) -> pl.DataFrame:
    """A held link is the more uncertain the less likely it is, and wholly so where it is as likely as not."""
    held = links.filter(pl.col("vetoed_by").is_null() & (pl.col("customer_l") == pl.col("customer_r")))
    held = held.rename({"customer_l": "customer"}).with_columns(pl.col("match_probability").fill_null(1.0))
    uncertainty = (2 * (1 - pl.col("match_probability"))).clip(0.0, 1.0)
    doubtful = held.filter(uncertainty >= LEAST_UNCERTAINTY).select("customer").unique()
    weakest = weakest_links(held.join(doubtful, on="customer", how="semi"), count)
    weakest = weakest.with_columns(uncertainty=uncertainty).filter(pl.col("uncertainty") >= LEAST_UNCERTAINTY)
    return _rows(weakest, "weak_link", pl.concat_list("customer"))


def _vetoed_links(links: pl.DataFrame, records: pl.DataFrame, never: pl.DataFrame) -> pl.DataFrame:
    """One row two customers: their most uncertain link, unless it is of a record set apart or they are decided.

    A rule's link that a veto stands against, and of which no model says anything, is as uncertain as can be.
    """
    set_apart = records.filter(pl.col("quarantined_by").is_not_null())["node"].implode()
    apart = links.filter(
        pl.col("vetoed_by").is_not_null() & (pl.col("customer_l") != pl.col("customer_r")),
        ~pl.col("node_l").is_in(set_apart) & ~pl.col("node_r").is_in(set_apart),
    )
    uncertain = apart.with_columns(
        uncertainty=1 - (2 * pl.col("match_probability").fill_null(0.5) - 1).abs(),
        customers=pl.concat_list(_CUSTOMERS).list.sort(),
    ).filter(pl.col("uncertainty") >= LEAST_UNCERTAINTY)
    decided = never.select(customers=pl.concat_list(_CUSTOMERS).list.sort())
    open_ = uncertain.join(decided, on="customers", how="anti")
    best = open_.sort("uncertainty", *NODES, descending=[True, False, False]).unique("customers", keep="first")
    return _rows(best, "vetoed_link", pl.col("customers"))


def _quarantined(links: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """One row a component, with its first record set apart and the strongest link of that one, if it has any."""
    apart = records.filter(pl.col("quarantined_by").is_not_null())
    groups = apart.sort("node").group_by("component", maintain_order=True)
    rows = groups.agg(pl.col("node").first().alias("node_l"), pl.col("customer").unique().sort().alias("customers"))
    ends = [
        links.select(pl.col(one).alias("node_l"), pl.col(other).alias("node_r"), "match_probability")
        for one, other in (NODES, NODES[::-1])
    ]
    near = pl.concat(ends).join(rows, on="node_l", how="semi")
    best = near.sort("match_probability", "node_r", descending=[True, False]).unique(
        "node_l", keep="first", maintain_order=True
    )
    linked = rows.join(best.select(NODES), on="node_l", how="left").with_columns(uncertainty=pl.lit(1.0))
    return _rows(linked, "quarantined", pl.col("customers"))


def _rows(found: pl.DataFrame, reason: str, customers: pl.Expr) -> pl.DataFrame:
    return found.select(*NODES, "uncertainty", reason=pl.lit(reason), customers=customers)


def _weighed(rows: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """The rows with `records`, `revenue` and `priority`."""
    amount = pl.col("amount").sum()
    spent = pl.when(pl.col("amount").count() > 0).then(amount)
    totals = records.group_by("customer").agg(pl.len().cast(pl.Int64).alias("records"), spent.alias("revenue"))
    numbered = rows.with_row_index("row")
    each = numbered.select("row", customer="customers").explode("customer").join(totals, on="customer")
    known = pl.when(pl.col("revenue").count() > 0).then(pl.col("revenue").sum())
    sums = each.group_by("row").agg(pl.col("records").sum(), known.cast(pl.Float64).alias("revenue"))
    impact = pl.col("records").log1p() + pl.col("revenue").fill_null(0.0).clip(lower_bound=0.0).log1p()
    return numbered.join(sums, on="row").with_columns(priority=pl.col("uncertainty") * impact)


def _told(ranked: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    left = records.select(node_l="node", source_l="source", record_id_l="record_id", customer_id="customer_id")
    right = records.select(node_r="node", source_r="source", record_id_r="record_id")
    named = ranked.join(left, on="node_l", how="left").join(right, on="node_r", how="left")
    ordered = named.with_columns(pl.col("rank").cast(pl.Int64)).sort("rank")
    return ordered.select(column.name for column in REVIEW_QUEUE.columns)
