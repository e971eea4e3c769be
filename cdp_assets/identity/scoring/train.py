"""Makes a match model of the records: what is common among all of them, and what a sample teaches of pairs."""

from datetime import datetime
from math import log2

import polars as pl

from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.scoring.comparisons import TERM_FREQUENCIES
from cdp_assets.identity.scoring.model import MatchModel, rounded
from cdp_assets.identity.scoring.training import learn
from cdp_assets.identity.scoring.workbench import Limits

SAMPLE = 100_000
"""Records that parameters are learned from at least, if there are as many."""
_SHARE = 10
"""Of very many records, one in so many: how often values and blocks come is not told from fewer."""
_JUNK = ("key", "value", "reason")


def train_model(
    records: pl.DataFrame, junk: pl.DataFrame, config: IdentityConfig, as_of: datetime, limits: Limits
) -> MatchModel:
    """The model learned from the records, the same for the same records in any order.

    With too few records, or keys too empty to learn from, the result's `is_trained` is false and `reason` says why.

    Args:
        records: `identity.records`, `junk` masked.
        junk: identifiers that too many share: `key`, `value`, `reason`.
        config: seed, sample size and threshold.
        as_of: the moment of the run.
        limits: of the workbench.
    """
    options = config.probabilistic
    shared = junk.select(_JUNK).sort(_JUNK).rows()
    reason = _why_not(records, config)
    if reason is None:
        sample, others = _samples(records)
        frequencies = {column: _shares(records, column) for column in TERM_FREQUENCIES}
        found = learn(sample, others, records.height, frequencies, options, limits)
        if not isinstance(found, str):
            return MatchModel(
                as_of,
                records.height,
                round(found.threshold if options.threshold is None else _weight(options.threshold), 6),
                rounded(found.contexts),
                rounded(found.blocking),
                rounded(found.oversized),
                rounded(frequencies),
                rounded(shared),
            )
        reason = found
    return MatchModel(as_of, records.height, junk=rounded(shared), reason=reason)


def _why_not(records: pl.DataFrame, config: IdentityConfig) -> str | None:
    options = config.probabilistic
    if not options.enabled:
        return "probabilistic matching is switched off"
    named = records.select((pl.col("first_name").is_not_null() & pl.col("last_name").is_not_null()).sum()).item()
    if named < options.fewest_records:
        return f"{named} records with a full name; at least {options.fewest_records} are needed"
    return None


def _samples(records: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records to learn from, and as many others; all of them, and none, when they are few."""
    each = max(SAMPLE, records.height // _SHARE)
    if records.height <= each:
        each = records.height
    elif records.height < 2 * each:
        each = records.height // 2
    last = records["record_hash"].bottom_k(2 * each).max()
    first = records.filter(pl.col("record_hash") <= last).sort("record_hash", "source", "record_id")
    numbered = first.drop("record_number", strict=False).with_row_index("record_number")
    numbered = numbered.with_columns(pl.col("record_number").cast(pl.Int64))
    return numbered.head(each), numbered.slice(each, each)


def _shares(records: pl.DataFrame, column: str) -> dict[str, float]:
    """The share of each value that comes more than once; under '', that of all others."""
    values = records.select(pl.col(column).cast(pl.String)).drop_nulls()
    counts = values.group_by(column).len().filter(pl.col("len") > 1).sort(column)
    return {"": 1 / (values.height + 1)} | {value: count / values.height for value, count in counts.iter_rows()}


def _weight(probability: float) -> float:
    return log2(probability / (1 - probability))
