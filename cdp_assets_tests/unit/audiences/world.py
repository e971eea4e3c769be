"""A small warehouse with every column the declared catalogue promises."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from cdp_assets.audiences.catalogue import Catalogue
from cdp_assets.audiences.compile import compile_audience
from cdp_assets.audiences.declared import EVENTS as EVENT_FACTS
from cdp_assets.audiences.declared import LINES as LINE_FACTS
from cdp_assets.audiences.declared import TRANSACTIONS as TRANSACTION_FACTS
from cdp_assets.audiences.declared import Kind
from cdp_assets.audiences.definition import AudienceDefinition
from cdp_assets.tables import AMOUNT, BOOLEAN, DATE, FLOAT, TEXT, TIMESTAMP, Table
from cdp_assets.validation import validated
from cdp_assets.warehouses.base import Warehouse

AS_OF = datetime(2026, 3, 1, 12, tzinfo=UTC)
TRANSACTIONS, LINES, EVENTS = (facts.table for facts in (TRANSACTION_FACTS, LINE_FACTS, EVENT_FACTS))
_TYPES = {
    Kind.TEXT: TEXT,
    Kind.NUMBER: AMOUNT,
    Kind.BOOLEAN: BOOLEAN,
    Kind.DATE: DATE,
    Kind.TIMESTAMP: TIMESTAMP,
    Kind.JSON: TEXT,
}

Row = dict[str, Any]


def at(day: int, month: int = 2) -> datetime:
    return datetime(2026, month, day, tzinfo=UTC)


def fill(warehouse: Warehouse, tables: Mapping[Table, Sequence[Row]]) -> None:
    """Write every table of the catalogue; columns a row does not give are null."""
    put(warehouse, {table: tables.get(table, ()) for table in Catalogue.declared().tables})


def put(warehouse: Warehouse, tables: Mapping[Table, Sequence[Row]]) -> None:
    """Write some tables of the catalogue."""
    declared = Catalogue.declared().tables
    with warehouse.session():
        for table, rows in tables.items():
            schema = pa.schema(
                [
                    (name, FLOAT if name == "churn_probability" else _TYPES[kind])
                    for name, kind in declared[table].items()
                ]
            )
            warehouse.write_arrow(table, pa.Table.from_pylist(list(rows), schema=schema))


def selected(
    warehouse: Warehouse, condition: Row, catalogue: Catalogue | None = None, as_of: datetime = AS_OF, **options: Any
) -> list[str]:
    """Whom an audience of this condition has, in order of ids."""
    compiled = compile_audience(definition(condition, **options), catalogue or Catalogue.declared(), as_of)
    return sorted(warehouse.read_arrow(compiled.query)["customer_id"].to_pylist())


def definition(condition: Row, **options: Any) -> AudienceDefinition:
    given = {"name": "tested", "description": "Tested.", "owners": ["team:test"], "condition": condition, **options}
    return validated(AudienceDefinition, given, "the audience")


def customer(customer_id: str, **fields: Any) -> Row:
    return {"customer_id": customer_id, **fields}


def order(customer_id: str | None, occurred_at: datetime, amount: str = "10", **fields: Any) -> Row:
    amounts = {"amount": Decimal(amount), "amount_reporting": Decimal(amount)}
    key = {"source": "shop", "transaction_id": f"{customer_id} {occurred_at} {amount}"}
    return {"customer_id": customer_id, "type": "order", "occurred_at": occurred_at, **key, **amounts, **fields}


def event(customer_id: str | None, occurred_at: datetime, name: str, **fields: Any) -> Row:
    return {"customer_id": customer_id, "event_name": name, "occurred_at": occurred_at, **fields}
