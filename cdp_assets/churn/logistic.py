"""A logistic curve of one number: the recency rule, and the calibration (Platt scaling) of a model's raw score."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Logistic:
    """p = 1 / (1 + exp(-(intercept + slope · x)))."""

    intercept: float
    slope: float

    def probability(self, x: Numbers) -> Numbers:
        """The probability at each x."""
        from scipy.special import expit

        return np.asarray(expit(self.intercept + self.slope * x), dtype=np.float64)


def fit_logistic(x: Numbers, outcome: npt.NDArray[np.bool_]) -> Logistic:
    """The curve of highest likelihood under a weak prior; `outcome` must hold both classes."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=100.0).fit(x.reshape(-1, 1), outcome)
    return Logistic(float(fitted.intercept_[0]), float(fitted.coef_[0][0]))
