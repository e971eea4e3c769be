"""Keeps churn models in the warehouse, and finds the one to score with."""

import json
from typing import Any

import pyarrow as pa
from sqlglot import exp

from cdp_assets.churn.contracts import MODEL
from cdp_assets.churn.evaluate import Metrics
from cdp_assets.churn.logistic import Logistic
from cdp_assets.churn.model import ChurnModel, Method, Trees
from cdp_assets.errors import DataError
from cdp_assets.warehouses.base import Warehouse, WriteMode


def save_model(warehouse: Warehouse, model: ChurnModel) -> None:
    """Keep a model as a row of `churn.model`; training again at the same as_of replaces it."""
    warehouse.write_arrow(MODEL.table, model_row(model), WriteMode.MERGE, MODEL.key)


def latest_model(warehouse: Warehouse) -> ChurnModel:
    """The model trained last.

    Raises:
        DataError: no model has been trained.
    """
    newest = exp.select("*").from_(MODEL.table.expression()).order_by(exp.column("trained_at", quoted=True).desc())
    rows = warehouse.read_arrow(newest.limit(1)).to_pylist() if warehouse.exists(MODEL.table) else []
    if not rows:
        raise DataError(f"{MODEL.table} holds no model; materialize churn/model first.")
    return model_from_row(rows[0])


def model_row(model: ChurnModel) -> pa.Table:
    """The model as one row of `churn.model`."""
    ours, rule = model.metrics, model.recency_metrics
    row = {
        "version": model.version,
        "trained_at": model.trained_at,
        "method": model.method.value,
        "method_reason": model.method_reason,
        "horizon_days": model.horizon_days,
        "training_rows": model.training_rows,
        "judged_rows": ours.rows if ours else None,
        "auc": ours.auc if ours else None,
        "brier": ours.brier if ours else None,
        "recency_auc": rule.auc if rule else None,
        "recency_brier": rule.brier if rule else None,
        "model": model.text,
    }
    return pa.Table.from_pylist([row], schema=MODEL.schema)


def model_from_row(row: dict[str, Any]) -> ChurnModel:
    """The model a row of `churn.model` holds."""
    content = json.loads(row["model"])
    trees, rule = content["trees"], content["rule"]
    if trees:
        calibration = Logistic(**trees["calibration"])
        trees = Trees(trees["booster"], calibration, tuple(trees["predictors"]), trees["threads"])
    return ChurnModel(
        method=Method(row["method"]),
        method_reason=row["method_reason"],
        trained_at=row["trained_at"],
        horizon_days=row["horizon_days"],
        training_rows=row["training_rows"],
        trees=trees,
        rule=Logistic(**rule) if rule else None,
        base_rate=content["base_rate"],
        metrics=_metrics(row["auc"], row["brier"], row["judged_rows"]),
        recency_metrics=_metrics(row["recency_auc"], row["recency_brier"], row["judged_rows"]),
    )


def _metrics(auc: float | None, brier: float | None, rows: int | None) -> Metrics | None:
    return None if brier is None or rows is None else Metrics(auc, brier, rows)
