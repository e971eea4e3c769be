"""The threshold keeps what it promises: a precision by the model's own account, or the best F1 on labelled pairs."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_assets.identity.scoring.threshold import BOUNDS, FEWEST_LABELS, calibrated_threshold, labelled_threshold

LOW, HIGH = BOUNDS


def calibrated(pairs: int = 200_000) -> tuple[pl.Series, pl.Series]:
    """Match weights, and whether the pairs match: as often as the weights say."""
    chance = np.random.default_rng(3)
    weights = np.concatenate([chance.normal(-9, 4, pairs), chance.normal(9, 5, pairs // 4)])
    return pl.Series(weights), pl.Series(chance.random(len(weights)) < 1 / (1 + np.exp2(-weights)))


@pytest.mark.parametrize("precision", [0.9, 0.95, 0.98])
def test_links_above_the_calibrated_threshold_are_right_as_often_as_promised(precision: float):
    weights, matching = calibrated()
    threshold = calibrated_threshold(weights, precision)
    assert matching.filter(weights > threshold).mean() >= precision
    assert LOW <= threshold <= HIGH


def test_no_lower_threshold_would_do():
    weights, matching = calibrated()
    threshold = calibrated_threshold(weights, 0.95)
    assert LOW < threshold < HIGH
    wrong = 1 - matching.filter(weights > threshold).mean()
    assert wrong == pytest.approx(0.05, rel=0.1)
    assert 1 - matching.filter(weights > threshold - 0.5).mean() > 0.05 / 1.25


@settings(deadline=None)
@given(
    st.lists(st.floats(-40, 40), max_size=40),
    st.lists(st.floats(0.5, 0.999), min_size=2, max_size=2).map(sorted),
    st.randoms(),
)
def test_more_precision_never_lowers_the_threshold_and_order_does_not_matter(weights, precisions, chance):
    series = pl.Series(weights, dtype=pl.Float64)
    lower, higher = (calibrated_threshold(series, precision) for precision in precisions)
    assert LOW <= lower <= higher <= HIGH
    chance.shuffle(weights)
    assert calibrated_threshold(pl.Series(weights, dtype=pl.Float64), precisions[0]) == lower


def labelled(matches: list[float | None], others: list[float | None]) -> pl.DataFrame:
    words = [True] * len(matches) + [False] * len(others)
    schema = {"is_match": pl.Boolean, "match_weight": pl.Float64}
    return pl.DataFrame({"is_match": words, "match_weight": [*matches, *others]}, schema)


def f1(pairs: pl.DataFrame, threshold: float) -> float:
    """Of labelled pairs; what has no weight is no link."""
    linked = (pairs["match_weight"] > threshold).fill_null(value=False)
    return 2 * (linked & pairs["is_match"]).sum() / (linked.sum() + pairs["is_match"].sum())


weights = st.floats(-3.5, 4.5).map(lambda weight: round(weight, 1))
kind = st.lists(st.none() | weights, min_size=0, max_size=30)


@settings(deadline=None, max_examples=40)
@given(kind, kind, st.randoms())
def test_no_threshold_has_a_higher_f1_on_the_labelled_pairs_unless_bounds_exclude_it(matches, others, chance):
    pairs = labelled([0.0] * FEWEST_LABELS + matches, [-0.1] * FEWEST_LABELS + others)
    threshold = labelled_threshold(pairs)
    best = max(f1(pairs, candidate) for candidate in np.arange(-4, 5, 0.05))
    within = max(f1(pairs, candidate) for candidate in np.arange(LOW, HIGH + 0.01, 0.05))
    assert threshold is not None
    assert LOW <= threshold <= HIGH
    if within == best:
        assert f1(pairs, threshold) == best
    assert labelled_threshold(pairs.sample(fraction=1, shuffle=True, seed=chance.randrange(99))) == threshold


def test_the_threshold_is_in_the_middle_of_the_gap_as_far_as_that_is_within_bounds():
    assert labelled_threshold(labelled([1.5] * 50, [0.5] * 50)) == 1.0
    assert labelled_threshold(labelled([30.0] * 50, [1.0] * 50)) == (1.0 + HIGH) / 2
    assert labelled_threshold(labelled([30.0] * 50, [-9.0] * 50)) == (LOW + HIGH) / 2
    assert labelled_threshold(labelled([9.0] * 50, [8.0] * 50)) == HIGH
    assert labelled_threshold(labelled([-8.0] * 50, [-9.0] * 50)) == LOW


def test_of_equally_good_thresholds_the_highest_is_taken():
    equal = labelled([2.5] * 50 + [0.0] * 50, [1.0] * 100 + [-1.0] * 50)
    assert f1(equal, 1.5) == f1(equal, -0.5)
    assert labelled_threshold(equal) == 1.75


def test_a_match_that_no_rule_finds_is_missed_whatever_the_threshold():
    """The more are missed, the more it pays to take doubtful ones in."""
    found = labelled([2.0] * 60 + [0.0] * 40, [1.0] * 80)
    assert labelled_threshold(found) == 1.5
    missed = pl.concat([found, labelled([None] * 400, [None] * 400)])
    assert labelled_threshold(missed) == -1.0


@pytest.mark.parametrize(("matches", "others"), [(FEWEST_LABELS - 1, 500), (500, FEWEST_LABELS - 1), (0, 0)])
def test_too_few_pairs_of_a_kind_set_no_threshold(matches: int, others: int):
    assert labelled_threshold(labelled([1.0] * matches, [-1.0] * others)) is None
    unweighed: list[float | None] = [None] * 100
    assert labelled_threshold(labelled([1.0] * matches + unweighed, [-1.0] * others + unweighed)) is None
