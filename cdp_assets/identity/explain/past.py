"""What a customer id, and those that led to it, went through."""

from collections.abc import Collection, Mapping
from typing import Any

import polars as pl
from sqlglot import exp

from cdp_assets.identity.contracts import ID_HISTORY
from cdp_assets.identity.explain.explanation import Event
from cdp_assets.warehouses.base import Warehouse

_COLUMNS = ["happened_at", "event", "customer_id", "other_customer_id", "reason", "run_id"]


def past_of(warehouse: Warehouse, customer_id: str) -> tuple[Event, ...]:
    """The events of an id and of all ids whose records came to it, in order of time.

    One question a step back: ids are few and chains short, while the history of everybody is long.
    """
    if not warehouse.exists(ID_HISTORY.table):
        return ()
    known: set[str] = set()
    asked = {customer_id}
    found = [pl.DataFrame(ID_HISTORY.empty()).select(_COLUMNS)]
    while asked:
        rows = pl.DataFrame(warehouse.read_arrow(_events(asked, "customer_id", "other_customer_id")))
        found.append(rows)
        known |= asked
        arrived = rows.filter(pl.col("other_customer_id").is_in(list(asked)))
        asked = set(arrived["customer_id"]) - known
    rows = pl.concat(found, how="vertical_relaxed").unique()
    ordered = rows.sort("happened_at", "event", "customer_id", "other_customer_id", nulls_last=False)
    return tuple(as_event(row) for row in ordered.iter_rows(named=True))


def as_event(row: Mapping[str, Any]) -> Event:
    """A row of `identity.id_history`."""
    return Event(**{name: row[name] for name in _COLUMNS})


def _events(ids: Collection[str], *columns: str) -> exp.Select:
    listed = [exp.Literal.string(one) for one in sorted(ids)]
    named = [exp.column(column).isin(*(one.copy() for one in listed)) for column in columns]
    return exp.select(*_COLUMNS).from_(ID_HISTORY.table.expression()).where(exp.or_(*named))
