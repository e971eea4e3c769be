"""Labelled pairs measure the customers; a pair labelled both ways measures nothing."""

import polars as pl
import pytest

from cdp_assets.errors import DataError
from cdp_assets.identity.contracts import LABELS
from cdp_assets.identity.labels import LabelQuality, checked_labels, label_quality


def labels(*rows: tuple[str, str, bool | None]) -> pl.DataFrame:
    """`identity.labels` of records of the crm, from (one, other, whether they match)."""
    noted = [("crm", one, "crm", other, match, "ann", None) for one, other, match in rows]
    return pl.DataFrame(noted, schema=pl.DataFrame(LABELS.empty()).schema, orient="row")


def customers(**of: str) -> pl.DataFrame:
    """`identity.customer_ids` of records of the crm."""
    return pl.DataFrame({"source": ["crm"] * len(of), "record_id": list(of), "customer_id": list(of.values())})


def test_each_labelled_pair_is_counted_once_whichever_way_round():
    quality = label_quality(
        labels(("a", "b", True), ("b", "a", True), ("a", "c", False), ("c", "d", True), ("b", "d", False)),
        customers(a="x", b="x", c="x", d="y"),
    )
    assert quality == LabelQuality(1, 1, 1, 1, unknown=0)
    assert quality.precision == 0.5
    assert quality.recall == 0.5


def test_a_pair_with_a_record_that_is_not_there_is_not_held_against_anybody():
    quality = label_quality(labels(("a", "b", True), ("a", "gone", True)), customers(a="x", b="x"))
    assert quality == LabelQuality(1, 0, 0, 0, unknown=1)
    assert quality.recall == 1.0


def test_without_pairs_to_judge_by_there_is_no_figure():
    assert label_quality(labels(), customers(a="x")).precision is None
    only_non_matches = label_quality(labels(("a", "b", False)), customers(a="x", b="y"))
    assert (only_non_matches.precision, only_non_matches.recall) == (None, None)


def test_a_pair_labelled_both_ways_is_named():
    with pytest.raises(DataError, match=r"identity\.labels labels crm:a and crm:b both ways"):
        checked_labels(labels(("a", "b", True), ("c", "d", True), ("b", "a", False)))


def test_a_label_that_says_nothing_is_named():
    with pytest.raises(DataError, match="no is_match for crm:a and crm:b"):
        checked_labels(labels(("b", "a", None)))


def test_labels_of_another_type_are_refused_with_what_they_must_be():
    words = labels(("a", "b", True)).with_columns(is_match=pl.lit("perhaps"))
    with pytest.raises(DataError, match=r"identity\.labels\.is_match holds values of type String that are not true"):
        checked_labels(words)
