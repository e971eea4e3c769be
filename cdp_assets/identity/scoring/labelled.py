"""Labelled pairs as a model weighs them."""

import polars as pl

from cdp_assets.identity.record_pairs import LEFT, RIGHT
from cdp_assets.identity.scoring.compare import COLUMNS, compared
from cdp_assets.identity.scoring.model import MatchModel
from cdp_assets.identity.scoring.workbench import Limits

_KEY = ["source", "record_id"]


def weighed_labels(labels: pl.DataFrame, records: pl.DataFrame, model: MatchModel, limits: Limits) -> pl.DataFrame:
    """`is_match`, `match_weight` (null where no blocking rule finds the pair) of the pairs whose records are there.

    Args:
        labels: as `labels.checked_labels`.
        records: `identity.records`, in any order.
        model: a trained one.
        limits: of the workbench.
    """
    sides = [
        labels.select(pl.col(name).alias(key) for name, key in zip(side, _KEY, strict=True)) for side in (LEFT, RIGHT)
    ]
    named = records.join(pl.concat(sides), on=_KEY, how="semi").drop("record_number", strict=False)
    numbered = named.with_row_index("record_number").with_columns(pl.col("record_number").cast(pl.Int64))
    for side, name in ((LEFT, "one"), (RIGHT, "other")):
        numbers = numbered.select(*_KEY, pl.col("record_number").alias(name))
        labels = labels.join(numbers, left_on=side, right_on=_KEY, maintain_order="left")
    pairs = labels.select(
        "is_match", number_l=pl.min_horizontal("one", "other"), number_r=pl.max_horizontal("one", "other")
    )
    with compared(numbered.select(COLUMNS).to_arrow(), model, limits) as rows:
        weights = pl.DataFrame(rows.read_all())
    found = pairs.join(weights, on=["number_l", "number_r"], how="left", maintain_order="left")
    return found.select("is_match", "match_weight")
