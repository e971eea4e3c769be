"""Tables the suite writes, and how it reads them back."""

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
from sqlglot import select

from cdp_assets.tables import INTEGER, TEXT, Table
from cdp_assets.warehouses.base import Warehouse

THING = Table("raw", "thing")


def things(*rows: tuple[int | None, str | None]) -> pa.Table:
    """Rows of `(id, name)`."""
    schema = pa.schema([("id", INTEGER), ("name", TEXT)])
    return pa.Table.from_pylist([{"id": key, "name": name} for key, name in rows], schema)


def read(warehouse: Warehouse, table: Table = THING, order: str = "id") -> list[dict[str, Any]]:
    query = select("*").from_(table.expression()).order_by(order)
    return warehouse.read_arrow(query).to_pylist()


def lowered(names: Iterable[str]) -> list[str]:
    """Names as they are compared: a warehouse may spell them back in lower case."""
    return [name.lower() for name in names]
