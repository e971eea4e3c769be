"""All links between records: by rule, then by Splink for what the rules left open, each past the guards."""

import polars as pl

from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.contracts import EDGES
from cdp_assets.identity.guards import PAIR, clusters_of, guard
from cdp_assets.identity.keys import nodes_of
from cdp_assets.identity.model import MatchModel
from cdp_assets.identity.rule_links import LINK_COLUMNS, rule_links


def find_edges(records: pl.DataFrame, model: MatchModel | None, config: IdentityConfig) -> pl.DataFrame:
    """The links as `contracts.EDGES`, vetoed ones included, sorted by their records.

    Closing over the links whose `vetoed_by` is null gives the customers.

    Args:
        records: `identity.records`.
        model: none, or one that is not trained, leaves the rules alone.
        config: rules, vetoes and limits.

    Raises:
        DataError: the records break their contract.
    """
    nodes = nodes_of(records)
    links = rule_links(nodes, config)
    if model is not None and model.is_trained and nodes.height > 1:
        scored = _scored_links(nodes, clusters_of(links, nodes.height), model, len(config.rules))
        fresh = scored.join(links.select(PAIR), on=PAIR, how="anti", maintain_order="left")
        links = guard(pl.concat([links, _best_of_incomplete(fresh, nodes)]), nodes, config)
    return _named(links, nodes)


def _scored_links(nodes: pl.DataFrame, clusters: pl.DataFrame, model: MatchModel, rank: int) -> pl.DataFrame:
    from cdp_assets.identity import matching

    scored = matching.score(nodes, clusters, model).with_columns(
        kind=pl.lit("probabilistic"),
        rule=pl.lit(None, pl.String),
        rank=pl.lit(rank, pl.Int64),
        trusted=pl.lit(value=False),
        model_version=pl.lit(model.version),
        vetoed_by=pl.lit(None, pl.String),
    )
    return scored.select(LINK_COLUMNS)


def _best_of_incomplete(links: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    """A record without a full name cannot bridge: of its probabilistic links only the best holds."""
    bare = pl.col("first_name").is_null() | pl.col("last_name").is_null()
    incomplete = nodes.filter(bare)["node"].implode()
    best = links
    for side in ("node_l", "node_r"):
        strength = pl.struct(-pl.col("match_probability"), *PAIR)
        place = strength.rank("ordinal").over(side)
        weaker = pl.when(pl.col(side).is_in(incomplete) & (place > 1)).then(pl.lit("incomplete_record"))
        best = best.with_columns(pl.coalesce("vetoed_by", weaker).alias("vetoed_by"))
    return best


def _named(links: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    for side in ("l", "r"):
        names = nodes.select(
            pl.col("node").alias(f"node_{side}"),
            pl.col("source").alias(f"source_{side}"),
            pl.col("record_id").alias(f"record_id_{side}"),
        )
        links = links.join(names, on=f"node_{side}", how="left", maintain_order="left")
    return links.sort(PAIR).select(column.name for column in EDGES.columns)
