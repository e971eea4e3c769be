"""A small warehouse with every column the declared catalogue promises."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from cdp_assets.audiences.catalogue import FACTS, Catalogue, Kind
from cdp_assets.audiences.definition import AudienceDefinition
from cdp_assets.tables import AMOUNT, BOOLEAN, DATE, FLOAT, TEXT, TIMESTAMP, Table
from cdp_assets.validation import validated
from cdp_assets.warehouses.base import Warehouse

AS_OF = datetime(2026, 3, 1, 12, tzinfo=UTC)
TRANSACTIONS, EVENTS = FACTS["transaction"], FACTS["event"]
_TYPES = {Kind.TEXT: TEXT, Kind.NUMBER: AMOUNT, Kind.BOOLEAN: BOOLEAN, Kind.DATE: DATE, Kind.TIMESTAMP: TIMESTAMP}

Row = dict[str, Any]


def at(day: int, month: int = 2) -> datetime:
    return datetime(2026, month, day, tzinfo=UTC)


def fill(warehouse: Warehouse, tables: dict[Table, Sequence[Row]]) -> None:
    """Write every table of the catalogue; columns a row does not give are null."""
    for table, columns in Catalogue.declared().tables.items():
        schema = pa.schema(
            [(name, FLOAT if name == "churn_probability" else _TYPES[kind]) for name, kind in columns.items()]
        )
        warehouse.write_arrow(table, pa.Table.from_pylist(list(tables.get(table, ())), schema=schema))


def definition(condition: Row, **options: Any) -> AudienceDefinition:
    given = {"name": "tested", "description": "Tested.", "owner": "team:test", "condition": condition, **options}
    return validated(AudienceDefinition, given, "the audience")


def customer(customer_id: str, **fields: Any) -> Row:
    return {"customer_id": customer_id, **fields}


def order(customer_id: str | None, occurred_at: datetime, amount: str = "10", **fields: Any) -> Row:
    amounts = {"amount": Decimal(amount), "amount_reporting": Decimal(amount)}
    return {"customer_id": customer_id, "type": "order", "occurred_at": occurred_at, **amounts, **fields}
