"""A shop whose customers' habits are known, so that what a model should find is known too."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from cdp_assets.churn.config import ChurnConfig
from cdp_assets.churn.features import features_query
from cdp_assets.tables import Table
from cdp_assets.warehouses.duckdb import DuckDBWarehouse

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
CONFIG = ChurnConfig(training_cut_offs=3)
TRANSACTIONS, EVENTS = Table("master", "transactions"), Table("master", "events")

_UTC = pl.Datetime("us", "UTC")
_TRANSACTION = {
    "customer_id": pl.String,
    "type": pl.String,
    "occurred_at": _UTC,
    "is_deleted": pl.Boolean,
    "amount_reporting": pl.Decimal(18, 4),
}
_EVENT = {"customer_id": pl.String, "source": pl.String, "occurred_at": _UTC, "is_deleted": pl.Boolean}

Row = dict[str, Any]


def before(days: float) -> datetime:
    return AS_OF - timedelta(days=days)


def transaction(customer_id: str | None, occurred_at: datetime, amount: float = 10, type_: str = "order") -> Row:
    return {
        "customer_id": customer_id,
        "type": type_,
        "occurred_at": occurred_at,
        "is_deleted": False,
        "amount_reporting": Decimal(str(amount)),
    }


def event(customer_id: str, occurred_at: datetime, source: str = "web") -> Row:
    return {"customer_id": customer_id, "source": source, "occurred_at": occurred_at, "is_deleted": False}


def shop(path: Path, transactions: Sequence[Row], events: Sequence[Row] = ()) -> DuckDBWarehouse:
    warehouse = DuckDBWarehouse(path)
    warehouse.write_arrow(TRANSACTIONS, pl.DataFrame(list(transactions), schema=_TRANSACTION, orient="row").to_arrow())
    warehouse.write_arrow(EVENTS, pl.DataFrame(list(events), schema=_EVENT, orient="row").to_arrow())
    return warehouse


def features(warehouse: DuckDBWarehouse, config: ChurnConfig = CONFIG, as_of: datetime = AS_OF) -> pl.DataFrame:
    query = features_query(config.cut_offs(as_of).every, config, as_of)
    return pl.DataFrame(warehouse.read_arrow(query)).sort("as_of", "customer_id")


def habits(customers: int, seed: int = 5) -> tuple[list[Row], list[Row]]:
    """Two kinds of buyers whom recency alone cannot tell apart: weekly ones, and those who buy every 60 days.

    A week after the last visit to the web, each may be gone for good: after three silent weeks a weekly buyer is
    gone, an occasional one is not.
    """
    rng = np.random.default_rng(seed)
    transactions, events = [], []
    for n in range(customers):
        gap = 7 if n % 2 else 60
        end = rng.uniform(0, 1100)
        days = 700 - np.cumsum(rng.gamma(8, gap / 8, size=200))
        for day in (float(day) for day in days if day > max(0.0, 700 - end)):
            transactions.append(transaction(f"c{n:05}", before(day), float(np.round(rng.uniform(5, 50), 2))))
            events.append(event(f"c{n:05}", before(day + 0.5)))
    return transactions, events
