"""From links to customers: components, stable ids, and the history of what changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from cdp_assets.errors import DataError
from cdp_assets.identity.changes import history_rows
from cdp_assets.identity.clusters import components
from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.contracts import CUSTOMER_IDS
from cdp_assets.identity.stable_ids import RECORD, inherit, new_ids


@dataclass(frozen=True)
class Resolution:
    """`customer_ids` replaces the table of that name; `history` is appended to `id_history`."""

    customer_ids: pl.DataFrame
    history: pl.DataFrame


def resolve(
    records: pl.DataFrame,
    edges: pl.DataFrame,
    issued: pl.DataFrame,
    history: pl.DataFrame,
    config: IdentityConfig,
    as_of: datetime,
    run_id: str,
) -> Resolution:
    """The customer of every record, a function of its arguments whatever their row order.

    Args:
        records: `identity.records`.
        edges: `identity.edges`; vetoed ones do not count.
        issued: `identity.customer_ids` before this run.
        history: `identity.id_history` before this run: an id that was ever issued is not issued again.
        config: the precedence of rules.
        as_of: the moment of the run, when new assignments begin.
        run_id: goes into the history.

    Raises:
        DataError: a record comes more than once, or an edge names a record that there is not.
    """
    nodes = records.select(RECORD).sort(RECORD).with_row_index("node").with_columns(pl.col("node").cast(pl.Int64))
    if nodes.height != nodes.select(RECORD).unique().height:
        raise DataError("identity.records needs one row a source and record_id; build it again.")
    links = _numbered(edges, nodes)
    clusters = nodes.join(components(nodes.height, links), on="node", maintain_order="left")
    ids = _customer_ids(clusters, issued, _ever_issued(issued, history))
    strongest = _strongest(links, [rule.name for rule in config.rules])
    assigned = (
        clusters.join(ids, on="component", how="left", maintain_order="left")
        .join(strongest, on="node", how="left", maintain_order="left")
        .join(_since(issued), on=[*RECORD, "customer_id"], how="left", maintain_order="left")
        .with_columns(
            pl.col("matched_by").fill_null("single"),
            pl.col("assigned_at").fill_null(pl.lit(as_of).cast(pl.Datetime("us", "UTC"))),
        )
    )
    customer_ids = assigned.sort(RECORD).select(column.name for column in CUSTOMER_IDS.columns)
    return Resolution(customer_ids, history_rows(issued.select(*RECORD, "customer_id"), customer_ids, as_of, run_id))


def _numbered(edges: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    links = edges.filter(pl.col("vetoed_by").is_null())
    for side in ("l", "r"):
        names = nodes.select(pl.col("node").alias(f"node_{side}"), *(pl.col(c).alias(f"{c}_{side}") for c in RECORD))
        links = links.join(names, on=[f"{c}_{side}" for c in RECORD], how="left", maintain_order="left")
    dangling = links.filter(pl.any_horizontal(pl.col("node_l", "node_r").is_null())).height
    if dangling:
        raise DataError(
            f"{dangling} rows of identity.edges name a record that identity.records lacks; find edges again."
        )
    return links


def _ever_issued(issued: pl.DataFrame, history: pl.DataFrame) -> set[str]:
    every = [issued["customer_id"], history["customer_id"], history["other_customer_id"]]
    return set(pl.concat([ids.cast(pl.String).alias("customer_id") for ids in every]).drop_nulls())


def _customer_ids(clusters: pl.DataFrame, issued: pl.DataFrame, taken: Iterable[str]) -> pl.DataFrame:
    """`component`, `customer_id`."""
    kept = inherit(clusters, issued)
    first = clusters.filter(pl.col("node") == pl.col("component"))
    unnamed = first.filter(~pl.col("component").is_in(pl.Series(list(kept), dtype=pl.Int64).implode())).sort(
        "component"
    )
    ids = kept | new_ids(unnamed.select("component", *RECORD).iter_rows(), taken)
    return pl.DataFrame(list(ids.items()), schema={"component": pl.Int64, "customer_id": pl.String}, orient="row")


def _strongest(links: pl.DataFrame, rules: list[str]) -> pl.DataFrame:
    """`node`, `matched_by`, `match_probability` of its best link: manual, then rules in their order, then by score."""
    places = {"manual": -1} | {rule: place for place, rule in enumerate(rules)}
    name = pl.coalesce("rule", "kind")
    ends = [
        links.select(pl.col(side).alias("node"), name.alias("matched_by"), "match_probability")
        for side in ("node_l", "node_r")
    ]
    place = pl.col("matched_by").replace_strict(places, default=len(rules), return_dtype=pl.Int64)
    ordered = (
        pl.concat(ends)
        .with_columns(place=place)
        .sort("node", "place", "match_probability", "matched_by", descending=[False, False, True, False])
    )
    return ordered.unique("node", keep="first", maintain_order=True).drop("place")


def _since(issued: pl.DataFrame) -> pl.DataFrame:
    return issued.select(*RECORD, "customer_id", pl.col("assigned_at").cast(pl.Datetime("us", "UTC")))
