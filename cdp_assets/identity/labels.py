"""Labelled pairs of records, and how well the customers agree with them."""

from dataclasses import dataclass

import polars as pl

from cdp_assets.errors import DataError
from cdp_assets.identity.record_pairs import LEFT, PAIR, RIGHT, checked_pairs, named

TABLE = "identity.labels"


@dataclass(frozen=True)
class LabelQuality:
    """Labelled pairs by what the label and the customers say; `unknown` ones have a record without a customer."""

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int
    unknown: int

    @property
    def precision(self) -> float | None:
        """Of the labelled pairs that are one customer, the share labelled so, 0 to 1; null when there is none."""
        return _share(self.true_positives, self.false_positives)

    @property
    def recall(self) -> float | None:
        """Of the pairs labelled one customer, the share that are, 0 to 1; null when there is none."""
        return _share(self.true_positives, self.false_negatives)


def checked_labels(labels: pl.DataFrame) -> pl.DataFrame:
    """`PAIR` and `is_match`, one row a pair, sorted, the left record before the right one.

    Args:
        labels: `identity.labels`.

    Raises:
        DataError: a column is missing or of another type, a key or a label is null, a pair is a record and itself, or
            is labelled both ways.
    """
    pairs = checked_pairs(labels, {"is_match": pl.Boolean()}, TABLE).unique().sort(PAIR)
    if pairs["is_match"].null_count():
        row = pairs.filter(pl.col("is_match").is_null()).row(0, named=True)
        raise DataError(f"{TABLE} has no is_match for {_pair(row)}; it must be true or false.")
    both = pairs.filter(pl.len().over(PAIR) > 1)
    if both.height:
        raise DataError(f"{TABLE} labels {_pair(both.row(0, named=True))} both ways; keep one of the rows.")
    return pairs


def label_quality(labels: pl.DataFrame, customer_ids: pl.DataFrame) -> LabelQuality:
    """Pairwise precision and recall of the customers on the labelled pairs.

    They speak of the pairs that were labelled: labels picked where matching is hard give lower figures than all pairs.

    Args:
        labels: `identity.labels`.
        customer_ids: `identity.customer_ids`.

    Raises:
        DataError: as `checked_labels`.
    """
    pairs = checked_labels(labels)
    for side, key in (("l", LEFT), ("r", RIGHT)):
        ids = customer_ids.select("source", "record_id", pl.col("customer_id").alias(f"customer_{side}"))
        pairs = pairs.join(ids, left_on=key, right_on=["source", "record_id"], how="left", maintain_order="left")
    same = pl.col("customer_l") == pl.col("customer_r")  # null where a record has no customer
    counts = pairs.select(
        true_positives=(same & pl.col("is_match")).sum(),
        false_positives=(same & ~pl.col("is_match")).sum(),
        false_negatives=(~same & pl.col("is_match")).sum(),
        true_negatives=(~same & ~pl.col("is_match")).sum(),
        unknown=same.is_null().sum(),
    )
    return LabelQuality(**{name: int(count) for name, count in counts.row(0, named=True).items()})


def _pair(row: dict[str, str]) -> str:
    return f"{named(row, 'l')} and {named(row, 'r')}"


def _share(right: int, wrong: int) -> float | None:
    return right / (right + wrong) if right + wrong else None
