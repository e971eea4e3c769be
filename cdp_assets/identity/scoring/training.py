"""Trains the match model, without labels, on a sample of the records.

Splink learns what random pairs and pairs that share a key look like. Each context's model goes on from there, and
the share of pairs that match is found such that the probabilities add up to it: so a weight of 0 means even odds, on
data with many duplicates as on data with few.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import polars as pl

from cdp_assets.identity.config import Probabilistic
from cdp_assets.identity.scoring import linker
from cdp_assets.identity.scoring.blocking import (
    LARGEST_BLOCK,
    count_blocks,
    drop_larger,
    find_members,
    oversized,
    pair_members,
    pairs_by_size,
)
from cdp_assets.identity.scoring.blocking_rules import RULES, BlockingRule
from cdp_assets.identity.scoring.comparisons import Comparison, comparable
from cdp_assets.identity.scoring.contexts import CONTEXTS, ELSEWHERE, in_context
from cdp_assets.identity.scoring.expectation import Parameters, learned, matching_share
from cdp_assets.identity.scoring.scores import scoring_query
from cdp_assets.identity.scoring.selection import affordable_pairs, largest_blocks, worth
from cdp_assets.identity.scoring.settings import Settings, parameters_of, splink_settings
from cdp_assets.identity.scoring.threshold import calibrated_threshold
from cdp_assets.identity.scoring.workbench import Limits, TermFrequencies, load_nodes, load_oversized, workbench

TEACHING = (
    ("email",),
    ("last_name", "date_of_birth"),
    ("given", "phone"),
    ("given", "last_name", "postal_code"),
    ("given", "last_name"),
    ("postal_code", "date_of_birth"),
)
_FEWEST_RECORDS = 3
"""Fewer make one pair at most, which shows nothing of how often pairs match."""
_IDENTIFYING, _FEWEST_AGREE = ("email", "phone", "address", "date_of_birth"), 0.1
_FEWEST_PAIRS = 200
"""Pairs of a context in the sample below which it has no model of its own."""


@dataclass
class Learned:
    """What a training found: a model's contexts, blocking rules and blocks passed over."""

    contexts: dict[str, Settings]
    blocking: list[tuple[str, ...]]
    oversized: list[tuple[str, list[str]]]
    threshold: float


def learn(
    sample: pl.DataFrame,
    others: pl.DataFrame,
    records: int,
    frequencies: TermFrequencies,
    options: Probabilistic,
    limits: Limits,
) -> Learned | str:
    """What the sample teaches, or the reason why nothing could be learned.

    Args:
        sample: rows of `identity.records`.
        others: other rows of it, to tell which blocks are large without looking at the sample; none when the sample is
            all there are.
        records: how many there are.
        frequencies: of each column the share of its values among all records.
        options: seed and how many random pairs to look at.
        limits: of the workbench.
    """
    if sample.height < _FEWEST_RECORDS:
        return f"{sample.height} records are too few to learn from"
    share = sample.height / records
    with workbench(limits) as connection:
        load_oversized(connection, [])
        known = load_nodes(connection, (sample if others.is_empty() else others).to_arrow(), frequencies)
        rules = [rule for rule in RULES if known.issuperset(rule.columns)]
        count_blocks(connection, rules)
        known = load_nodes(connection, sample.to_arrow(), frequencies)
        comparisons = comparable(known)
        base = _base(
            connection, comparisons, [rule for rule in TEACHING if _teaches(rule, known, comparisons)], options
        )
        if base is None:
            return "too few records agree on the keys that training starts from"
        if not _shows_matches(base):
            return (
                "records that agree on names agree on no e-mail, phone, address or date of birth: nobody is there twice"
            )
        affordable = affordable_pairs(sample.height, share)
        largest = _pair(connection, rules, affordable, LARGEST_BLOCK * (others.height or sample.height) / records)
        pairs = _scored(connection, base, comparisons, known)
        every_pair = sample.height * (sample.height - 1) / 2
        contexts, weights = _contexts(pairs, base, comparisons, every_pair)
        kept = worth(weights, rules, affordable)
        if not kept:
            return "no key that records share finds enough matches to be worth comparing them"
        blocks = [
            (rules[at].name, values) for at in kept for values in oversized(connection, rules[at], largest[at] or 0)
        ]
    compared = weights.filter(pl.col("rules") & sum(1 << at for at in kept) > 0)
    threshold = calibrated_threshold(compared["match_weight"], options.precision)
    return Learned(contexts, [rules[at].keys for at in kept], blocks, threshold)


def _base(
    connection: duckdb.DuckDBPyConnection,
    comparisons: Sequence[Comparison],
    teaching: Sequence[tuple[str, ...]],
    options: Probabilistic,
) -> Parameters | None:
    """What Splink learns of all pairs; none when no rule teaches it."""
    if not teaching:
        return None
    with linker.linker(connection, splink_settings(comparisons)) as opened:
        try:
            linker.train(opened, teaching, options.pairs_sampled, options.seed)
        except linker.TooFewPairsError as error:
            useless = error.rule
        else:
            return parameters_of(opened.misc.save_model_to_json())
    return _base(connection, comparisons, [rule for rule in teaching if rule != useless], options)


def _shows_matches(base: Parameters) -> bool:
    """Whether the pairs that training took for matches look like any: without one, it learns what namesakes share."""
    found = [base.m[name][0] for name in _IDENTIFYING if name in base.m]
    return not found or max(found) >= _FEWEST_AGREE


def _teaches(rule: tuple[str, ...], known: set[str], comparisons: Sequence[Comparison]) -> bool:
    """Whether pairs that agree on a rule's columns show anything else: those columns teach nothing themselves."""
    derived = {"given": "first_name", "mailbox": "email"}
    used = {derived.get(column, column) for column in rule}
    return known >= set(rule) and any(not used.intersection(one.columns) for one in comparisons)


def _pair(
    connection: duckdb.DuckDBPyConnection, rules: Sequence[BlockingRule], affordable: float, largest: float
) -> list[int | None]:
    """Make `pairs` of what the rules find in blocks small enough; returns each rule's largest."""
    find_members(connection, rules)
    limits = largest_blocks(pairs_by_size(connection), rules, affordable, largest)
    drop_larger(connection, limits)
    pair_members(connection)
    return limits


def _scored(
    connection: duckdb.DuckDBPyConnection, base: Parameters, comparisons: Sequence[Comparison], known: set[str]
) -> pl.DataFrame:
    """The pairs with `context`, the level of each comparison, and what the base parameters say, at even odds."""
    even = splink_settings(comparisons, Parameters(0.5, base.m, base.u))
    query = scoring_query({ELSEWHERE: even}, in_context({one.name for one in CONTEXTS}), known, levels=True)
    pairs = pl.DataFrame(connection.sql(query).to_arrow_table())
    few = pairs["context"].value_counts().filter(pl.col("count") < _FEWEST_PAIRS)["context"]
    context = pl.when(pl.col("context").is_in(few.implode())).then(pl.lit(ELSEWHERE)).otherwise("context")
    return pairs.with_columns(context.alias("context")).sort("number_l", "number_r")


def _contexts(
    pairs: pl.DataFrame, base: Parameters, comparisons: Sequence[Comparison], every_pair: float
) -> tuple[dict[str, Settings], pl.DataFrame]:
    """The model of each context, and `rules`, `match_weight` of every pair by its own.

    A context that enough pairs are in has one learned from them, beginning from what all pairs show. Elsewhere, pairs
    are as at random, and the share of them that match is fitted.
    """
    found, weights = {}, []
    for context in CONTEXTS:
        inside = pairs.filter(context=context.name)
        if inside.height:
            told = [one for one in comparisons if one.name not in context.given]
            prior = Parameters(
                0.5, {one.name: base.m[one.name] for one in told}, {o.name: base.u[o.name] for o in told}
            )
            parameters = learned(inside, prior)
            found[context.name] = splink_settings(told, parameters, term_frequencies=False)
            weights.append(inside.select("rules", match_weight=pl.Series(parameters.weights(inside))))
    outside = pairs.filter(context=ELSEWHERE)
    share = matching_share(outside["match_weight"].to_numpy(), every_pair)
    found[ELSEWHERE] = splink_settings(comparisons, Parameters(share, base.m, base.u))
    fitted = pl.col("match_weight") + np.log2(share / (1 - share))
    return found, pl.concat([*weights, outside.select("rules", fitted)])
