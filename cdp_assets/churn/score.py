"""Scores today's customers: how likely each is to churn, in which band, and why."""

import polars as pl

from cdp_assets.churn.config import ChurnConfig
from cdp_assets.churn.contracts import SCORES
from cdp_assets.churn.model import ChurnModel
from cdp_assets.churn.reasons import REASONS, reasons


def score(features: pl.DataFrame, model: ChurnModel, config: ChurnConfig) -> pl.DataFrame:
    """Rows of `churn.scores`, one a row of `features`, ordered by customer; null where the model has no opinion."""
    rows = features.sort("as_of", "customer_id")
    probability = pl.Series("churn_probability", model.probability(rows), pl.Float64).fill_nan(None)
    return (
        rows.select("customer_id", "as_of", probability)
        .with_columns(
            _band(config).alias("risk_band"),
            *_reasons(rows, model).iter_columns(),
            pl.lit(model.version).alias("model_version"),
        )
        .select(column.name for column in SCORES.columns)
    )


def _band(config: ChurnConfig) -> pl.Expr:
    probability = pl.col("churn_probability")
    return (
        pl.when(probability >= config.high_risk_from)
        .then(pl.lit("high"))
        .when(probability >= config.medium_risk_from)
        .then(pl.lit("medium"))
        .when(probability.is_not_null())
        .then(pl.lit("low"))
    )


def _reasons(rows: pl.DataFrame, model: ChurnModel) -> pl.DataFrame:
    if model.trees and rows.height:
        return reasons(rows, model.trees.contributions(rows))
    nothing = pl.repeat(None, rows.height, dtype=pl.String, eager=True)
    return pl.DataFrame({f"reason_{n + 1}": nothing for n in range(REASONS)})
