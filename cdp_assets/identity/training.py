"""Trains the match model, without labels: u by random sampling, m by expectation maximisation."""

from datetime import datetime

import polars as pl

from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.guards import clusters_of
from cdp_assets.identity.keys import nodes_of
from cdp_assets.identity.model import MatchModel, rounded
from cdp_assets.identity.rule_links import rule_links


def train_model(records: pl.DataFrame, config: IdentityConfig, as_of: datetime) -> MatchModel:
    """The model learned from the records, the same for the same records in any order.

    With too few records, or keys too empty to learn from, the result's `is_trained` is false and `reason` says why.

    Args:
        records: `identity.records`.
        config: threshold, seed and sample size.
        as_of: the moment of the run.

    Raises:
        DataError: the records break their contract.
    """
    options = config.probabilistic
    nodes = nodes_of(records)
    untrained = _why_not(nodes, config)
    if untrained is None:
        from cdp_assets.identity import matching

        prior = _matching_share(nodes, config)
        settings, reason = matching.trained_settings(nodes, prior, options.pairs_sampled, options.seed)
        if reason is None:
            shares = {column: _shares(nodes, column) for column in matching.TERM_FREQUENCIES}
            return MatchModel(as_of, nodes.height, options.threshold, rounded(settings), rounded(shares))
        untrained = reason
    return MatchModel(as_of, nodes.height, options.threshold, reason=untrained)


def _why_not(nodes: pl.DataFrame, config: IdentityConfig) -> str | None:
    options = config.probabilistic
    if not options.enabled:
        return "probabilistic matching is switched off"
    named = nodes.filter(pl.col("first_name").is_not_null() & pl.col("last_name").is_not_null()).height
    if named < options.fewest_records:
        return f"{named} records with a full name; at least {options.fewest_records} are needed"
    return None


def _matching_share(nodes: pl.DataFrame, config: IdentityConfig) -> float:
    """The chance that two records match: the pairs that rules join, over those expected, over all."""
    labels = clusters_of(rule_links(nodes, config), nodes.height)
    sizes = labels.group_by("component").len()["len"].cast(pl.Float64)
    joined = float((sizes * (sizes - 1)).sum() / 2)
    every = nodes.height * (nodes.height - 1) / 2
    expected = max(joined, nodes.height / 100) / config.probabilistic.expected_rule_recall
    return min(expected / every, 0.5)


def _shares(nodes: pl.DataFrame, column: str) -> dict[str, float]:
    counts = nodes.select(column).drop_nulls().group_by(column).len().sort(column)
    total = counts["len"].sum()
    return {value: count / total for value, count in counts.iter_rows()}
