"""The numbers a model sees, derived from the rows of `churn.features`."""

import numpy as np
import numpy.typing as npt
import polars as pl

Matrix = npt.NDArray[np.float64]

_DAY = 86_400_000_000


def _days_since(column: str) -> pl.Expr:
    return (pl.col("as_of") - pl.col(column)).dt.total_microseconds() / _DAY


def _share(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """`part / whole`, null where there is nothing to divide by."""
    return pl.when(whole > 0).then(part / whole)


def _number(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Float64)


_GAP = _share(_days_since("first_order_at") - _days_since("last_order_at"), _number("order_count") - 1)
_RECENT, _BEFORE = _number("events_90d"), _number("events_prior_90d")

PREDICTORS: dict[str, pl.Expr] = {
    "recency_days": _days_since("last_order_at"),
    "tenure_days": _days_since("first_order_at"),
    "order_count": _number("order_count"),
    "mean_gap_days": _GAP,
    "recency_in_gaps": _share(_days_since("last_order_at"), _GAP),
    "orders_90d": _number("orders_90d"),
    "orders_prior_90d": _number("orders_prior_90d"),
    "average_order_amount": _share(_number("spent_total"), _number("order_count")),
    "spent_365d": _number("spent_365d"),
    "refund_count": _number("refund_count"),
    "refunds_90d": _number("refunds_90d"),
    "refunded_share": _share(_number("refunded_total"), _number("spent_total")),
    "days_since_event": _days_since("last_event_at"),
    "events_30d": _number("events_30d"),
    "events_90d": _RECENT,
    "event_trend": _share(_RECENT - _BEFORE, _RECENT + _BEFORE),
    "ticket_count": _number("ticket_count"),
    "tickets_90d": _number("tickets_90d"),
}


def predictors(features: pl.DataFrame) -> pl.DataFrame:
    """One float column a predictor, rows as given; null where a customer has nothing to measure."""
    return features.select(expression.alias(name) for name, expression in PREDICTORS.items())


def matrix(features: pl.DataFrame) -> Matrix:
    """The predictors as a matrix, one row a customer, NaN for null."""
    return predictors(features).fill_null(float("nan")).to_numpy().astype(np.float64)


def recency(features: pl.DataFrame) -> npt.NDArray[np.float64]:
    """Days since the last order on a logarithmic scale: the one number of the recency rule."""
    days = predictors(features)["recency_days"].to_numpy()
    return np.asarray(np.log1p(days), dtype=np.float64)
