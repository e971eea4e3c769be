"""Parameters are found again from pairs drawn by them."""

from collections.abc import Mapping

import numpy as np
import polars as pl
import pytest

from cdp_assets.identity.scoring.expectation import MISSING, Floats, Parameters, learned, matching_share

M = {"name": np.array([0.85, 0.1, 0.05]), "street": np.array([0.7, 0.3]), "birth": np.array([0.9, 0.06, 0.04])}
U = {"name": np.array([0.05, 0.05, 0.9]), "street": np.array([0.1, 0.9]), "birth": np.array([0.02, 0.03, 0.95])}
TRUE = Parameters(0.3, M, U)
AT_FIRST = Parameters(
    0.5,
    {name: 0.5 * values + 0.5 / len(values) for name, values in M.items()},
    {name: 0.5 * values + 0.5 / len(values) for name, values in U.items()},
)


def drawn(pairs: int, share: float, missing: float = 0.2) -> pl.DataFrame:
    """Levels of pairs that match with the share, as `TRUE` says; some are missing."""
    chance = np.random.default_rng(7)
    matching = chance.random(pairs) < share
    levels: dict[str, Floats] = {}
    for name, m in M.items():
        both = np.where(matching, chance.choice(len(m), pairs, p=m), chance.choice(len(m), pairs, p=U[name]))
        levels[name] = np.where(chance.random(pairs) < missing, MISSING, both)
    return pl.DataFrame(levels)


def furthest(found: Mapping[str, Floats], true: Mapping[str, Floats]) -> float:
    return max(float(np.abs(found[name] - true[name]).max()) for name in true)


def test_parameters_are_recovered_from_the_patterns_they_make():
    found = learned(drawn(50_000, TRUE.share), AT_FIRST)
    assert found.share == pytest.approx(TRUE.share, abs=0.01)
    assert furthest(found.m, M) < 0.02
    assert furthest(found.u, U) < 0.02
    assert furthest(AT_FIRST.m, M) > 0.2


def test_the_order_of_pairs_does_not_matter():
    pairs = drawn(2000, TRUE.share)
    one, other = learned(pairs, AT_FIRST), learned(pairs.sample(fraction=1, shuffle=True, seed=1), AT_FIRST)
    assert one.share == other.share
    assert furthest(one.m, other.m) == furthest(one.u, other.u) == 0


def test_what_few_pairs_show_hardly_moves_the_prior():
    few = learned(drawn(3, TRUE.share), TRUE)
    assert furthest(few.m, M) < 0.1
    never_seen = learned(drawn(5000, TRUE.share).filter(pl.col("street") != 1), TRUE)
    assert 0 < never_seen.m["street"][1] < 0.01


def test_a_missing_value_says_nothing():
    levels = pl.DataFrame({name: [MISSING, 0] for name in M})
    nothing, everything = TRUE.weights(levels)
    assert nothing == np.log2(TRUE.share / (1 - TRUE.share))
    assert everything == pytest.approx(nothing + sum(np.log2(M[name][0] / U[name][0]) for name in M))


@pytest.mark.parametrize("share", [0.3, 0.01, 0.0005])
def test_the_share_of_matching_pairs_is_recovered_also_when_others_were_not_compared(share: float):
    pairs = 400_000
    ratios = Parameters(0.5, M, U).weights(drawn(pairs, share, missing=0))
    assert matching_share(ratios, pairs) == pytest.approx(share, rel=0.15)
    likely = ratios[ratios > np.quantile(ratios, 0.6 - share)]
    assert matching_share(likely, pairs) == pytest.approx(share, rel=0.25)


def test_the_share_is_what_the_probabilities_add_up_to():
    pairs = 50_000
    ratios = Parameters(0.5, M, U).weights(drawn(pairs, 0.05))
    share = matching_share(ratios, pairs)
    probable = 1 / (1 + np.exp2(-(ratios + np.log2(share / (1 - share)))))
    assert probable.sum() / pairs == pytest.approx(share, rel=1e-4)


def test_without_pairs_hardly_any_match():
    assert 0 < matching_share(np.array([]), 1000) < 1e-6
    assert 0 < matching_share(np.array([5.0]), 0) < 1e-6
