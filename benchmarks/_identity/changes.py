"""What a day brings to a record set: new records, other values in known ones, and deletions."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from benchmarks._identity.noise import misheard, slips
from benchmarks._identity.places import PLACE

_MOVED = ["phone", *PLACE]


@dataclass(frozen=True)
class Story:
    """A set as it was, two deltas of `share` of its records each, and what is left in the end.

    `base`, `inserted`: contract columns. `changed`: two fifths new records, two fifths known ones with other values, a
    fifth deletions, with `is_deleted`. `final`: the live records after both.
    """

    base: pl.DataFrame
    inserted: pl.DataFrame
    changed: pl.DataFrame
    final: pl.DataFrame


def story(records: pl.DataFrame, truth: pl.Series, share: float, seed: int) -> Story:
    """Hold some records back as new, and alter others; the same seed tells the same story.

    A record is altered as people and clerks do: it takes phone and address of another record of the same person where
    there is one, and slips into its surname where there is none.
    """
    size = records.height
    one, part = round(size * share), round(size * share / 5)
    order = np.random.default_rng(seed).permutation(size)
    parts = np.split(order, np.cumsum([one, 2 * part, 2 * part, part]))
    inserted, new, known, gone, _ = (records[rows] for rows in parts)
    base = records[np.concatenate([parts[2], parts[3], parts[4]])]
    altered = _altered(records.with_columns(truth=truth), parts[2], seed)
    changed = pl.concat([new, altered, gone]).with_columns(
        is_deleted=pl.Series(np.arange(new.height + altered.height + gone.height) >= new.height + altered.height)
    )
    key = ["source", "record_id"]
    kept = base.join(pl.concat([known, gone]).select(key), on=key, how="anti", maintain_order="left")
    return Story(base, inserted, changed, pl.concat([kept, inserted, new, altered]))


def _altered(records: pl.DataFrame, rows: np.ndarray, seed: int) -> pl.DataFrame:
    random = np.random.default_rng(seed + 1)
    known = records[rows].with_row_index("at")
    others = records.select("truth", "record_id", *_MOVED).rename({name: f"{name}_other" for name in _MOVED})
    others = others[random.permutation(others.height)].rename({"record_id": "other"})
    candidates = known.select("at", "truth", "record_id").join(others, on="truth", maintain_order="left_right")
    one = candidates.filter(pl.col("other") != pl.col("record_id")).unique("at", keep="first", maintain_order=True)
    joined = known.join(one.drop("truth", "record_id"), on="at", how="left", maintain_order="left")
    wrong = misheard(random, slips(random, joined["last_name"], 1.0), 0.5)
    lonely = pl.col("other").is_null()
    return joined.with_columns(
        *(pl.coalesce(f"{name}_other", name).alias(name) for name in _MOVED),
        pl.when(lonely).then(wrong).otherwise("last_name").alias("last_name"),
    ).select(name for name in records.columns if name != "truth")
