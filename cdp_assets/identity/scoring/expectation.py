"""Fellegi and Sunter's model learned by expectation maximisation, from how often each pattern of levels comes.

Winkler (1988), "Using the EM algorithm for weight computation in the Fellegi-Sunter model of record linkage". Levels
that a context hardly shows keep what is known of them from elsewhere: each distribution has a Dirichlet prior
(maximum a posteriori instead of maximum likelihood).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MISSING = -1
_SMALLEST = 1e-9


@dataclass(frozen=True)
class Parameters:
    """`share` of pairs that match, and per comparison the probability of each level among matches and others."""

    share: float
    m: Mapping[str, Floats]
    u: Mapping[str, Floats]

    def weights(self, levels: pl.DataFrame) -> Floats:
        """log2 of the odds that a pair with these levels matches; term frequencies are left to Splink."""
        total = np.full(levels.height, np.log2(self.share / (1 - self.share)))
        for name in self.m:
            ratio = np.append(np.log2(self.m[name] / self.u[name]), 0.0)  # the last one is MISSING's
            total += ratio[levels[name].to_numpy()]
        return total


def learned(
    levels: pl.DataFrame,
    prior: Parameters,
    *,
    strength: float = 20.0,
    rounds: int = 60,
) -> Parameters:
    """The parameters that explain the pairs best, given a prior worth `strength` pairs in every distribution.

    Args:
        levels: one row a pair; a column a comparison of `prior`: its level from 0, or `MISSING`.
        prior: where to begin, and what to keep to where the pairs say little.
        strength: how many pairs the prior counts for.
        rounds: of expectation and maximisation.
    """
    names = list(prior.m)
    patterns = levels.group_by(names).len("pairs").sort(names)
    counts = patterns["pairs"].cast(pl.Float64).to_numpy()
    found = prior
    for _ in range(rounds):
        matching = counts / (1 + np.exp2(-np.clip(found.weights(patterns), -300, 300)))
        m = {name: _distribution(patterns[name], matching, prior.m[name], strength) for name in names}
        share = (matching.sum() + prior.share * strength) / (counts.sum() + strength)
        others = counts - matching
        u = {name: _distribution(patterns[name], others, prior.u[name], strength) for name in names}
        found = Parameters(float(share), m, u)
    return found


def matching_share(log2_ratios: Floats, pairs: float, rounds: int = 200) -> float:
    """The share of `pairs` that match, such that it equals the sum of the probabilities it implies.

    The maximum-likelihood mixing proportion with both distributions known. Pairs without a ratio are taken for
    others: blocking has left them out.

    Args:
        log2_ratios: log2 of m over u of each compared pair.
        pairs: how many pairs there are, those not compared included.
        rounds: at most.
    """
    if pairs <= 0 or not len(log2_ratios):
        return _SMALLEST
    share = min(1 / pairs, 0.5)
    for _ in range(rounds):
        odds = np.exp2(np.clip(log2_ratios + np.log2(share / (1 - share)), -300, 300))
        better = float(np.clip((odds / (1 + odds)).sum() / pairs, 1e-15, 0.5))
        if abs(better / share - 1) < 1e-6:
            return better
        share = better
    return share


def _distribution(levels: pl.Series, pairs: Floats, prior: Floats, strength: float) -> Floats:
    places = levels.to_numpy()
    known = places != MISSING
    counted = np.bincount(places[known], pairs[known], minlength=len(prior)) + strength * prior
    smoothed: Floats = np.maximum(counted / counted.sum(), _SMALLEST)
    return smoothed
