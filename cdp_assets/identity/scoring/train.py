"""Makes a match model of the records: what is common among all of them, and what a sample teaches of pairs."""

from dataclasses import replace
from datetime import datetime
from math import log2

import polars as pl

from cdp_assets.identity.config import IdentityConfig, Probabilistic
from cdp_assets.identity.scoring.comparisons import TERM_FREQUENCIES
from cdp_assets.identity.scoring.labelled import weighed_labels
from cdp_assets.identity.scoring.model import MatchModel, rounded
from cdp_assets.identity.scoring.threshold import labelled_threshold
from cdp_assets.identity.scoring.training import learn
from cdp_assets.identity.scoring.workbench import Limits

SAMPLE = 100_000
"""Records that parameters are learned from at least, if there are as many."""
_SHARE = 10
"""Of very many records, one in so many: how often values and blocks come is not told from fewer."""
_JUNK = ("key", "value", "reason")


def train_model(
    records: pl.DataFrame,
    junk: pl.DataFrame,
    config: IdentityConfig,
    as_of: datetime,
    limits: Limits,
    labels: pl.DataFrame | None = None,
) -> MatchModel:
    """The model learned from the records, the same for the same records in any order.

    With too few records, or keys too empty to learn from, the result's `is_trained` is false and `reason` says why.

    Args:
        records: `identity.records`, `junk` masked.
        junk: identifiers that too many share: `key`, `value`, `reason`.
        config: seed, sample size and threshold.
        as_of: the moment of the run.
        limits: of the workbench.
        labels: as `labels.checked_labels`: those of unknown records are ignored; with enough others, they set the
            threshold.
    """
    options = config.probabilistic
    shared = junk.select(_JUNK).sort(_JUNK).rows()
    reason = _why_not(records, config)
    if reason is None:
        sample, others = _samples(records)
        frequencies = {column: _shares(records, column) for column in TERM_FREQUENCIES}
        found = learn(sample, others, records.height, frequencies, options, limits)
        if not isinstance(found, str):
            model = MatchModel(
                as_of,
                records.height,
                found.threshold,
                rounded(found.contexts),
                rounded(found.blocking),
                rounded(found.oversized),
                rounded(frequencies),
                rounded(shared),
            )
            threshold, origin = _threshold(model, records, labels, options, limits)
            return replace(model, threshold=round(threshold, 6), threshold_from=origin)
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


def _threshold(
    model: MatchModel, records: pl.DataFrame, labels: pl.DataFrame | None, options: Probabilistic, limits: Limits
) -> tuple[float, str]:
    """The threshold and what set it: the configuration if it does, else labels if they are enough, else the model."""
    if options.threshold is not None:
        return _weight(options.threshold), "the configuration"
    if labels is not None and not labels.is_empty():
        labelled = weighed_labels(labels, records, model, limits)
        found = labelled_threshold(labelled)
        if found is not None:
            return found, f"{labelled.height} labelled pairs"
    return model.threshold, "the model's own probabilities"


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
