"""A churn model as it is kept in the warehouse: its text decides every score, its version is that text's hash."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from cdp_assets.churn.evaluate import Metrics
from cdp_assets.churn.logistic import Logistic
from cdp_assets.churn.predictors import PREDICTORS, Matrix, matrix, recency
from cdp_assets.errors import DataError

if TYPE_CHECKING:
    import lightgbm


class Method(StrEnum):
    """How probabilities are made; the later ones stand in where there is too little data for the earlier."""

    LIGHTGBM = "lightgbm"
    RECENCY = "recency"
    BASE_RATE = "base_rate"
    NONE = "none"


@dataclass(frozen=True)
class Trees:
    """A LightGBM model in its own text format, and the calibration of its raw score."""

    booster: str
    calibration: Logistic
    predictors: tuple[str, ...]
    threads: int

    @cached_property
    def _loaded(self) -> "lightgbm.Booster":
        import lightgbm

        if self.predictors != tuple(PREDICTORS):
            raise DataError(
                f"the churn model was trained on the predictors {', '.join(self.predictors)}, but this release makes"
                f" {', '.join(PREDICTORS)}; materialize churn/model again."
            )
        return lightgbm.Booster(model_str=self.booster)

    def raw(self, features: pl.DataFrame) -> npt.NDArray[np.float64]:
        """The log-odds before calibration."""
        return np.asarray(self._loaded.predict(matrix(features), raw_score=True, num_threads=self.threads))

    def contributions(self, features: pl.DataFrame) -> Matrix:
        """Each predictor's share of the log-odds (SHAP values), a row a customer, a column a predictor."""
        values = self._loaded.predict(matrix(features), pred_contrib=True, num_threads=self.threads)
        return np.asarray(values)[:, :-1] * self.calibration.slope


@dataclass(frozen=True)
class ChurnModel:
    """What was learnt at `trained_at`, how, and how good it is beside the recency rule on the judging cut-off."""

    method: Method
    method_reason: str
    trained_at: datetime
    horizon_days: int
    training_rows: int
    trees: Trees | None = None
    rule: Logistic | None = None
    base_rate: float | None = None
    metrics: Metrics | None = None
    recency_metrics: Metrics | None = None

    @cached_property
    def text(self) -> str:
        """Everything a score depends on, as JSON."""
        content = {
            "method": self.method,
            "horizon_days": self.horizon_days,
            "trees": asdict(self.trees) if self.trees else None,
            "rule": asdict(self.rule) if self.rule else None,
            "base_rate": self.base_rate,
        }
        return json.dumps(content, sort_keys=True)

    @property
    def version(self) -> str:
        """The first 16 hexadecimal digits of the text's SHA-256."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    def probability(self, features: pl.DataFrame) -> npt.NDArray[np.float64]:
        """Each row's churn probability; NaN when nothing is known about churn yet."""
        if self.trees:
            return self.trees.calibration.probability(self.trees.raw(features))
        if self.rule:
            return self.rule.probability(recency(features))
        return np.full(features.height, np.nan if self.base_rate is None else self.base_rate)


def worse_than_recency(model: ChurnModel, tolerance: float = 0.005) -> str | None:
    """Why the model should not be used: what it does worse than the recency rule by more than `tolerance`, or none."""
    ours, rule = model.metrics, model.recency_metrics
    if model.method is not Method.LIGHTGBM or ours is None or rule is None:
        return None
    if ours.auc is None or rule.auc is None:
        return "every customer it was judged on had the same outcome, so ROC-AUC cannot be told; look at as_of"
    if ours.auc < rule.auc - tolerance:
        return f"ROC-AUC is {ours.auc:.4f}, below the recency rule's {rule.auc:.4f}"
    if ours.brier > rule.brier + tolerance:
        return f"the Brier score is {ours.brier:.4f}, above the recency rule's {rule.brier:.4f} (lower is better)"
    return None
