"""How well probabilities foretold what happened."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Metrics:
    """Quality on one cut-off: ROC-AUC (null when only one outcome occurred) and Brier score, over `rows` customers."""

    auc: float | None
    brier: float
    rows: int


def evaluate(probability: npt.NDArray[np.float64], churned: npt.NDArray[np.bool_]) -> Metrics | None:
    """The metrics of probabilities against outcomes; none without rows."""
    from sklearn.metrics import roc_auc_score

    if not len(churned):
        return None
    auc = float(roc_auc_score(churned, probability)) if len(np.unique(churned)) == 2 else None
    return Metrics(auc, float(np.mean((probability - churned) ** 2)), len(churned))
