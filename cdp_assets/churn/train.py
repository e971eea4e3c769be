"""Learns churn from past cut-offs, calibrates it on a later one, and judges it on one later still."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from cdp_assets.churn.config import ChurnConfig
from cdp_assets.churn.evaluate import Metrics, evaluate
from cdp_assets.churn.logistic import Logistic, fit_logistic
from cdp_assets.churn.model import ChurnModel, Method, Trees
from cdp_assets.churn.predictors import PREDICTORS, matrix, recency

_ROUNDS = 150
_PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 40,
    "lambda_l2": 5.0,
    "feature_fraction": 0.8,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


def train(features: pl.DataFrame, config: ChurnConfig, as_of: datetime) -> ChurnModel:
    """The model of a run at `as_of`, from `churn.features` rows of every cut-off.

    With too little data it is the recency rule, then the base rate, then no opinion at all; `method_reason` says
    why. The same rows give the same model, whatever their order.
    """
    labelled = features.filter(pl.col("churned").is_not_null()).sort("as_of", "customer_id")
    cut_offs = config.cut_offs(as_of)
    training = labelled.filter(pl.col("as_of").is_in(cut_offs.training))
    calibration = labelled.filter(pl.col("as_of") == cut_offs.calibration)
    judging = labelled.filter(pl.col("as_of") == cut_offs.judging)
    without_model = _fall_back(training, calibration, judging, config, as_of)
    if not (_enough(training, config) and _enough(calibration, config)):
        return without_model
    trees = _grow(training, calibration, config)
    return replace(
        without_model,
        method=Method.LIGHTGBM,
        method_reason="there is enough history",
        training_rows=training.height,
        trees=trees,
        rule=None,
        metrics=_judge(trees, judging),
    )


def _fall_back(
    training: pl.DataFrame, calibration: pl.DataFrame, judging: pl.DataFrame, config: ChurnConfig, as_of: datetime
) -> ChurnModel:
    """The recency rule, judged if anything is left to judge it on; else the base rate; else no opinion."""
    past = pl.concat([training, calibration])
    judged = judging if _enough(past, config) else judging.clear()
    known = past if judged.height else pl.concat([past, judging])
    reason = _shortage(training, calibration, config)
    if _enough(known, config):
        rule = fit_logistic(recency(known), outcome(known))
        metrics = evaluate(rule.probability(recency(judged)), outcome(judged))
        model = ChurnModel(Method.RECENCY, reason, as_of, config.horizon_days, known.height, rule=rule)
        return replace(model, metrics=metrics, recency_metrics=metrics)
    if known.height:
        rate = float(outcome(known).mean())
        return ChurnModel(Method.BASE_RATE, reason, as_of, config.horizon_days, known.height, base_rate=rate)
    nobody = f"no customer's first order is {config.horizon_days} days old yet"
    return ChurnModel(Method.NONE, nobody, as_of, config.horizon_days, 0)


def outcome(features: pl.DataFrame) -> npt.NDArray[np.bool_]:
    """The labels of labelled rows."""
    return features["churned"].to_numpy().astype(np.bool_)


def _enough(rows: pl.DataFrame, config: ChurnConfig) -> bool:
    churned = rows["churned"].sum()
    return min(churned, rows.height - churned) >= config.minimum_examples


def _shortage(training: pl.DataFrame, calibration: pl.DataFrame, config: ChurnConfig) -> str:
    counts = [
        f"{rows['churned'].sum()} churned and {(~rows['churned']).sum()} kept" for rows in (training, calibration)
    ]
    return (
        f"a model needs {config.minimum_examples} churned and as many kept customers to train and to calibrate;"
        f" there are {counts[0]} to train, {counts[1]} to calibrate"
    )


def _grow(training: pl.DataFrame, calibration: pl.DataFrame, config: ChurnConfig) -> Trees:
    import lightgbm

    data = lightgbm.Dataset(
        matrix(training), outcome(training), feature_name=list(PREDICTORS), params={"verbosity": -1}
    )
    fixed = {**_PARAMETERS, "seed": config.seed, "num_threads": config.threads}
    booster = lightgbm.train(fixed, data, num_boost_round=_ROUNDS).model_to_string()
    bare = Trees(booster, Logistic(0.0, 1.0), tuple(PREDICTORS), config.threads)
    calibrated = fit_logistic(bare.raw(calibration), outcome(calibration))
    return Trees(booster, calibrated, tuple(PREDICTORS), config.threads)


def _judge(trees: Trees, judging: pl.DataFrame) -> Metrics | None:
    if judging.is_empty():
        return None
    return evaluate(trees.calibration.probability(trees.raw(judging)), outcome(judging))
