"""How well one partition of records agrees with the true one."""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Quality:
    """Pairwise and B-cubed precision, recall and F1, each from 0 to 1; 1 where there is nothing to get wrong."""

    precision: float
    recall: float
    f1: float
    b3_precision: float
    b3_recall: float
    b3_f1: float


def cluster_quality(found: pl.Series, truth: pl.Series) -> Quality:
    """Compare two labels a record, in the same order; counted by contingency, never by enumerating pairs.

    Pairwise: of the pairs found together how many belong together, and the reverse. B-cubed: the same, averaged over
    records (Bagga and Baldwin, 1998).
    """
    labels = pl.DataFrame({"found": found, "truth": truth})
    both = labels.group_by("found", "truth").len("both")
    together = both.join(labels.group_by("found").len("in_found"), on="found", nulls_equal=True)
    together = together.join(labels.group_by("truth").len("in_truth"), on="truth", nulls_equal=True)
    agreed, n_found, n_truth = _pairs(both["both"]), _pairs(_sizes(found)), _pairs(_sizes(truth))
    precision, recall = _ratio(agreed, n_found), _ratio(agreed, n_truth)
    shares = together.select(
        p=(pl.col("both") ** 2 / pl.col("in_found")).sum(), r=(pl.col("both") ** 2 / pl.col("in_truth")).sum()
    )
    b3_precision, b3_recall = _ratio(shares["p"][0], labels.height), _ratio(shares["r"][0], labels.height)
    return Quality(precision, recall, _f1(precision, recall), b3_precision, b3_recall, _f1(b3_precision, b3_recall))


def _sizes(labels: pl.Series) -> pl.Series:
    return labels.alias("label").value_counts()["count"]


def _pairs(sizes: pl.Series) -> float:
    wide = sizes.cast(pl.Int64)
    return float((wide * (wide - 1)).sum() / 2)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 1.0


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
