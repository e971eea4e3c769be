"""Quality counted by contingency is the quality counted by hand."""

from itertools import combinations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_assets.identity.quality import cluster_quality


def test_a_small_case_by_hand():
    found = pl.Series(["x", "x", "x", "y", "z"])
    truth = pl.Series(["a", "a", "b", "b", "c"])
    quality = cluster_quality(found, truth)
    assert (quality.precision, quality.recall) == pytest.approx((1 / 3, 1 / 2))
    assert quality.b3_precision == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 + 1) / 5)
    assert quality.b3_recall == pytest.approx((1 + 1 + 1 / 2 + 1 / 2 + 1) / 5)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=25))
@settings(max_examples=60, deadline=None)
def test_pairs_are_counted_as_if_enumerated(labels):
    pairs = list(combinations(labels, 2))
    together = [one[1] == other[1] for one, other in pairs if one[0] == other[0]]
    belong = [one[0] == other[0] for one, other in pairs if one[1] == other[1]]
    quality = cluster_quality(pl.Series([f for f, _ in labels]), pl.Series([t for _, t in labels]))
    assert quality.precision == pytest.approx(sum(together) / len(together) if together else 1)
    assert quality.recall == pytest.approx(sum(belong) / len(belong) if belong else 1)


def test_no_records_are_perfect():
    empty = pl.Series([], dtype=pl.String)
    assert cluster_quality(empty, empty).f1 == 1
