"""Which blocking rules are worth their pairs, and how large the blocks may be that they compare."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from cdp_assets.identity.scoring.blocking_rules import BlockingRule

_PAIRS_A_RECORD = 6
_FREE_PAIRS = 1_000_000
_NAMES_SHARE = 0.5
"""Of the pairs that can be afforded, what a rule may take that asks for names alone: strangers share common ones."""
_TIMES_AFFORDABLE = 3
"""Of the pairs that can be afforded, so many are looked at to find those worth it."""
_LEAST_YIELD, _POOREST_YIELD = 0.03, 0.000001
"""Matches a pair that a blocking rule must find; the poorest will do while there are pairs to spare."""
_LEAST_GAIN = 0.00001
"""The share of all matches that a rule must add: it costs a look at every record, too."""


def affordable_pairs(records: int, share: float) -> float:
    """How many pairs of a sample there may be, such that all records have no more than can be compared.

    A share of the records holds the square of that share of all pairs.
    """
    return max(_FREE_PAIRS, _PAIRS_A_RECORD * records / share) * share**2


def largest_blocks(
    pairs: pl.DataFrame, rules: Sequence[BlockingRule], affordable: float, largest: float
) -> list[int | None]:
    """Of each rule the size of the largest block that is compared; none leaves the rule out.

    The larger a block, the rarer the matches in it. So a rule with more pairs than can be afforded keeps its smaller
    blocks; and the last rules, which are the least precise, are left out when those before have pairs enough.

    Args:
        pairs: `rule`, `records`, `pairs`, as `blocking.pairs_by_size`.
        rules: in order.
        affordable: pairs of the sample.
        largest: records of a block, however few its pairs.
    """
    found: list[int | None] = []
    spent = 0.0
    for place, rule in enumerate(rules):
        most = affordable * (_NAMES_SHARE if rule.names_alone else 1)
        some = pairs.filter(pl.col("rule") == place, pl.col("records") <= max(largest, 1))
        within = some.with_columns(pl.col("pairs").cum_sum()).filter(pl.col("pairs") <= most)
        spent += _largest(within["pairs"])
        found.append(_largest(within["records"]) or None if spent <= _TIMES_AFFORDABLE * affordable else None)
    return found


def worth(weights: pl.DataFrame, rules: Sequence[BlockingRule], affordable: float) -> list[int]:
    """The places of the rules that find enough matches for their pairs, in order: the most precise is taken first, and
    the others count for what they find beyond those taken.

    Args:
        weights: `rules` (a bit each), `match_weight` of each pair of the sample.
        rules: in order.
        affordable: pairs of the sample.
    """
    matching = 1 / (1 + (-pl.col("match_weight").clip(-300, 300) * np.log(2)).exp())
    found = weights.group_by("rules").agg(pl.len().alias("pairs"), matching.sum().alias("matches")).sort("rules")
    bits, pairs, matches = (found[name].to_numpy() for name in ("rules", "pairs", "matches"))
    left, least = np.ones(len(bits), dtype=np.bool_), _LEAST_GAIN * matches.sum()
    open_rules, taken, spent = set(range(len(rules))), [], 0.0
    while open_rules:
        gains = {}
        for place in sorted(open_rules):
            its = left & (bits >> place & 1 > 0)
            gains[place] = (matches[its].sum(), pairs[its].sum())
        best = max(gains, key=lambda place: (gains[place][0] / max(gains[place][1], 1), -place))
        found_matches, cost = gains[best]
        open_rules.remove(best)
        yielded = found_matches / max(cost, 1)
        cheap = yielded >= _POOREST_YIELD and spent + cost <= affordable
        if found_matches >= least and (yielded >= _LEAST_YIELD or cheap):
            taken.append(best)
            spent += cost
            left &= bits >> best & 1 == 0
    return sorted(taken)


def _largest(counts: pl.Series) -> int:
    return max(counts.to_list(), default=0)
