"""Links by rule: records that agree on every key of a rule. Linear: a group links to its first record."""

import polars as pl

from cdp_assets.identity.config import IdentityConfig, Rule
from cdp_assets.identity.keys import MULTIPLE, values_of

RULE_EDGES: dict[str, pl.DataType] = {
    "node_l": pl.Int64(),
    "node_r": pl.Int64(),
    "rank": pl.Int64(),
    "rule": pl.String(),
    "vetoed_by": pl.String(),
}


def rule_edges(nodes: pl.DataFrame, config: IdentityConfig) -> pl.DataFrame:
    """One row a linked pair with its strongest rule: `node_l` < `node_r`, `rank` (0 is the strongest), `rule`,
    `vetoed_by` (set where every rule that links them also has a key that must not differ)."""
    found = [pl.DataFrame(schema=RULE_EDGES)]
    found += [_edges(nodes, rule, rank) for rank, rule in enumerate(config.rules)]
    every = pl.concat(found).sort("node_l", "node_r", pl.col("vetoed_by").is_not_null(), "rank")
    return every.unique(["node_l", "node_r"], keep="first", maintain_order=True)


def _edges(nodes: pl.DataFrame, rule: Rule, rank: int) -> pl.DataFrame:
    agreeing = nodes.select("node")
    for key in rule.agree:
        agreeing = agreeing.join(values_of(nodes, key), on="node", how="inner", maintain_order="left")
    first = agreeing.with_columns(pl.col("node").min().over(list(rule.agree)).alias("node_l"))
    pairs = first.filter(pl.col("node") > pl.col("node_l")).select("node_l", node_r="node").unique()
    vetoed = pairs.join(_differing(nodes, pairs, rule), on=["node_l", "node_r"], how="left", maintain_order="left")
    return vetoed.select(
        "node_l", "node_r", pl.lit(rank, pl.Int64).alias("rank"), pl.lit(rule.name).alias("rule"), "vetoed_by"
    )


def _differing(nodes: pl.DataFrame, pairs: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    result = pairs.with_columns(vetoed_by=pl.lit(None, pl.String))
    for key in rule.must_not_differ:
        column = MULTIPLE.get(key, key)
        sides = result.join(nodes.select(node_l="node", left=column), on="node_l", how="left", maintain_order="left")
        sides = sides.join(nodes.select(node_r="node", right=column), on="node_r", how="left", maintain_order="left")
        same = pl.col("left") == pl.col("right")
        if key in MULTIPLE:
            same = pl.col("left").list.set_intersection(pl.col("right")).list.len() > 0
        objection = pl.when(~same).then(pl.lit(f"{key}_differs"))
        result = sides.select("node_l", "node_r", pl.coalesce("vetoed_by", objection).alias("vetoed_by"))
    return result
