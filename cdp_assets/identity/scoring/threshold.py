"""The match weight above which two records are rather one customer: from the model's own account, or from labels."""

import numpy as np
import polars as pl

BOUNDS = (-2.0, 3.0)
"""Of every threshold: far from even odds the probabilities say little, and there are few labels."""
FEWEST_LABELS = 50
"""Labelled pairs of each kind that make a threshold. With 50 of each, drawn from all compared pairs, its F1 was within
.01 of the best threshold's in simulations of well and badly calibrated weights; with 20, chance decided more."""


def calibrated_threshold(weights: pl.Series, precision: float) -> float:
    """The lowest match weight such that, by the model's own probabilities, `precision` of the pairs above it match.

    The model is calibrated to the share of pairs that match, so this needs no labels. It stays within `BOUNDS`.
    """
    ordered = weights.sort(descending=True)
    probable = (1 / (1 + (-ordered.clip(-300, 300) * np.log(2)).exp())).cum_sum()
    precise = probable.to_numpy() / np.arange(1, len(ordered) + 1) >= precision
    lowest = ordered.to_numpy()[precise].min() if precise.any() else BOUNDS[1]
    return float(np.clip(lowest, *BOUNDS))


def labelled_threshold(labelled: pl.DataFrame) -> float | None:
    """The threshold with the highest F1 on labelled pairs; none when fewer than `FEWEST_LABELS` of a kind were scored.

    It is the middle of the gap between the pairs it parts, as far as that is within `BOUNDS`. Of thresholds with the
    same F1 the highest is taken: a wrong link costs more than a missing one.

    Args:
        labelled: `is_match`, and `match_weight`: null where no blocking rule finds the pair. Such a pair is missed
            whatever the threshold.
    """
    scored = labelled.drop_nulls("match_weight").sort("match_weight", descending=True)
    matches = int(scored["is_match"].sum())
    if min(matches, scored.height - matches) < FEWEST_LABELS:
        return None
    levels = scored.group_by("match_weight", maintain_order=True).agg(pl.len(), pl.col("is_match").sum())
    links, right = (levels[name].cum_sum().to_numpy() for name in ("len", "is_match"))
    best = int(np.argmax(2 * right / (links + labelled["is_match"].sum())))  # the first of equal ones
    weights = np.append(levels["match_weight"].to_numpy(), -np.inf)
    return float(np.clip(weights[best : best + 2], *BOUNDS).mean())
