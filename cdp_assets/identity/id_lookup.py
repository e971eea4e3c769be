"""What became of a customer id: the events that led from it to the ids that hold its records now."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
from sqlglot import exp

from cdp_assets.errors import DataError
from cdp_assets.identity.contracts import ID_HISTORY
from cdp_assets.identity.history import current_ids
from cdp_assets.warehouses.base import Warehouse

_SHOWN = ["happened_at", "event", "customer_id", "other_customer_id", "reason", "run_id"]


@dataclass(frozen=True)
class IdStory:
    """`current` are the ids that hold the id's records now, none when all were retired; `events` in order of time."""

    customer_id: str
    current: list[str]
    events: list[dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        events = [{**event, "happened_at": event["happened_at"].isoformat()} for event in self.events]
        return {"customer_id": self.customer_id, "current": self.current, "events": events}


def look_up(warehouse: Warehouse, customer_id: str) -> IdStory:
    """The story of an id that was ever issued.

    Raises:
        DataError: it never was, or there is no history yet.
    """
    if not warehouse.exists(ID_HISTORY.table):
        raise DataError(f"{ID_HISTORY.table} is not there yet; start `cdp run`, which gives the ids.")
    own = exp.column("customer_id").eq(exp.Literal.string(customer_id))
    moved = exp.column("event").neq(exp.Literal.string("created"))  # most rows are creations of others
    query = exp.select(*_SHOWN).from_(ID_HISTORY.table.expression()).where(exp.or_(own, moved))
    story = story_of(pl.DataFrame(warehouse.read_arrow(query)), customer_id)
    if story is None:
        raise DataError(
            f"{customer_id!r} was never issued as a customer id; copy one whole, such as from master.customers."
        )
    return story


def story_of(history: pl.DataFrame, customer_id: str) -> IdStory | None:
    """The id's story out of `identity.id_history`, or null when it was never issued."""
    ordered = history.sort("happened_at", "event", "customer_id", "other_customer_id").select(_SHOWN)
    waiting, events = list(ordered.iter_rows(named=True)), []
    since: dict[str, _Arrival | None] = {customer_id: None}
    while found := [row for row in waiting if _concerns(row, customer_id, since)]:
        # Several runs may speak of one moment: which of them came first shows only in who was merged into whom.
        waiting = [row for row in waiting if not _concerns(row, customer_id, since)]
        events += found
        for row in found:
            if row["other_customer_id"] is not None:
                since.setdefault(row["other_customer_id"], _Arrival(row["happened_at"], row["run_id"]))
    if not events:
        return None
    events.sort(key=lambda row: row["happened_at"])
    return IdStory(customer_id, current_ids(pl.DataFrame(events, schema=_schema(history)), customer_id), events)


@dataclass(frozen=True)
class _Arrival:
    """When an id's records came to another, and by which run: what it did to that one besides does not concern them."""

    at: datetime
    run_id: str


def _concerns(row: dict[str, Any], customer_id: str, since: dict[str, _Arrival | None]) -> bool:
    """Whether the id's records were with the row's id when it happened; what that one lost before is not theirs."""
    if row["customer_id"] not in since or (row["event"] == "created" and row["customer_id"] != customer_id):
        return False
    arrived = since[row["customer_id"]]
    if arrived is None or row["happened_at"] > arrived.at:
        return True
    return bool(row["happened_at"] == arrived.at and row["run_id"] != arrived.run_id)


def _schema(history: pl.DataFrame) -> dict[str, pl.DataType]:
    return {name: history.schema[name] for name in _SHOWN}
