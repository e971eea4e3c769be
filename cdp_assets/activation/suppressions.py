"""The suppression list: customers that no sync sends, whatever they consented to."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
from sqlglot import exp

from cdp_assets.activation.contracts import SUPPRESSIONS
from cdp_assets.warehouses.base import Warehouse, WriteMode


def suppress(warehouse: Warehouse, customer_ids: Sequence[str], reason: str, at: datetime) -> None:
    """Put customers on the list; those on it already get the reason given."""
    rows = [{"customer_id": key, "reason": reason, "added_at": at} for key in dict.fromkeys(customer_ids)]
    with warehouse.transaction():
        warehouse.ensure(SUPPRESSIONS)
        table = pa.Table.from_pylist(rows, schema=SUPPRESSIONS.schema)
        warehouse.write_arrow(SUPPRESSIONS.table, table, WriteMode.MERGE, SUPPRESSIONS.key)


def release(warehouse: Warehouse, customer_ids: Sequence[str]) -> int:
    """Take customers off the list; how many were on it."""
    before = {row["customer_id"] for row in suppressed(warehouse)}
    gone = [key for key in dict.fromkeys(customer_ids) if key in before]
    if gone:
        listed = exp.column("customer_id").isin(*(exp.Literal.string(key) for key in gone))
        warehouse.execute(exp.delete(SUPPRESSIONS.table.expression()).where(listed))
    return len(gone)


def suppressed(warehouse: Warehouse) -> list[dict[str, Any]]:
    """The list, oldest first."""
    if not warehouse.exists(SUPPRESSIONS.table):
        return []
    names = [column.name for column in SUPPRESSIONS.columns]
    query = exp.select(*names).from_(SUPPRESSIONS.table.expression()).order_by("added_at", "customer_id")
    return list(warehouse.read_arrow(query).to_pylist())
