"""Says in words what moved a customer's churn score."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from cdp_assets.churn.predictors import PREDICTORS, Matrix, predictors

REASONS = 3


@dataclass(frozen=True)
class Phrase:
    """Words for a predictor: `known` has one place for its value, `missing` is for a customer without one."""

    known: str
    missing: str = ""
    decimals: int = 0
    percent: bool = False


_PHRASES = {
    "recency_days": Phrase("last order {} days ago"),
    "tenure_days": Phrase("first order {} days ago"),
    "order_count": Phrase("number of orders so far: {}"),
    "mean_gap_days": Phrase("{} days between orders on average", "only one order so far"),
    "recency_in_gaps": Phrase("waiting {} times the usual gap between orders", "no usual gap between orders yet", 1),
    "orders_90d": Phrase("orders in the last 90 days: {}"),
    "orders_prior_90d": Phrase("orders 90 to 180 days ago: {}"),
    "average_order_amount": Phrase("average order of {}", decimals=2),
    "spent_365d": Phrase("{} spent in the last 365 days", decimals=2),
    "refund_count": Phrase("refunds and cancellations so far: {}"),
    "refunds_90d": Phrase("refunds and cancellations in the last 90 days: {}"),
    "refunded_share": Phrase("{} % of spending refunded", "nothing spent", percent=True),
    "days_since_event": Phrase("last seen on the web {} days ago", "never seen on the web"),
    "events_30d": Phrase("web events in the last 30 days: {}"),
    "events_90d": Phrase("web events in the last 90 days: {}"),
    "event_trend": Phrase(
        "web activity changed by {} % against the 90 days before", "no web activity for 180 days", percent=True
    ),
    "ticket_count": Phrase("support tickets so far: {}"),
    "tickets_90d": Phrase("support tickets in the last 90 days: {}"),
}


def reasons(features: pl.DataFrame, contributions: Matrix) -> pl.DataFrame:
    """`reason_1..3`: the predictors that moved each row's score most, largest first; null where fewer moved it.

    `contributions` has a row a customer and a column a predictor, in log-odds of churn; positive raises the risk.
    """
    values = predictors(features)
    order = np.argsort(-np.abs(contributions), axis=1, kind="stable")[:, :REASONS]
    strength = np.take_along_axis(contributions, order, axis=1)
    columns = [_reason(order[:, n], strength[:, n]).alias(f"reason_{n + 1}") for n in range(REASONS)]
    return values.select(columns)


def _reason(chosen: npt.NDArray[np.intp], strength: Matrix) -> pl.Expr:
    which, effect = pl.lit(pl.Series(chosen)), pl.lit(pl.Series(strength))
    words = pl.coalesce(pl.when(which == position).then(_words(name)) for position, name in enumerate(PREDICTORS))
    direction = pl.when(effect > 0).then(pl.lit(" (raises the risk)")).otherwise(pl.lit(" (lowers the risk)"))
    return pl.when(effect != 0).then(words + direction)


def _words(name: str) -> pl.Expr:
    phrase = _PHRASES[name]
    scaled = pl.col(name) * (100 if phrase.percent else 1)
    rounded = scaled.round(phrase.decimals).cast(pl.Decimal(38, phrase.decimals))
    return pl.when(pl.col(name).is_null()).then(pl.lit(phrase.missing)).otherwise(pl.format(phrase.known, rounded))
