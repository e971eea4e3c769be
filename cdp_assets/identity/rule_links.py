"""Links by rule after the guards."""

import polars as pl

from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.guards import guard
from cdp_assets.identity.rules import rule_edges

LINK_COLUMNS = (
    "node_l",
    "node_r",
    "kind",
    "rule",
    "rank",
    "trusted",
    "match_weight",
    "match_probability",
    "model_version",
    "vetoed_by",
)


def rule_links(nodes: pl.DataFrame, config: IdentityConfig) -> pl.DataFrame:
    """The rules' links with the guards' vetoes, as `LINK_COLUMNS`."""
    trusted = [rule.name for rule in config.rules if rule.trusted]
    links = rule_edges(nodes, config).with_columns(
        kind=pl.lit("rule"),
        trusted=pl.col("rule").is_in(trusted),
        match_weight=pl.lit(None, pl.Float64),
        match_probability=pl.lit(1.0),
        model_version=pl.lit(None, pl.String),
    )
    return guard(links.select(LINK_COLUMNS), nodes, config)
