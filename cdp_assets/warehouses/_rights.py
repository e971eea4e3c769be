"""Tries, on a table of its own, everything the platform will do in a warehouse."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

import pyarrow as pa
from sqlglot import exp

from cdp_assets.errors import WarehouseError
from cdp_assets.tables import Table
from cdp_assets.warehouses.base import Right, Warehouse, WriteMode

_PROBE = "cdp_doctor"


@dataclass(frozen=True)
class Tried:
    """One right that was tried, in a schema if it is one's: what went wrong and what grants it, when it did."""

    right: Right
    schema: str = ""
    problem: str = ""
    grant: str = ""


def try_rights(warehouse: Warehouse, stages: Collection[str]) -> Iterator[Tried]:
    """Connect, create a schema, then write and read there and in the stages' schemas that exist; ends at the first
    right that is missing in a schema. Whatever is made is dropped again."""
    try:
        existing = sorted({table.schema for table in warehouse.tables(list(stages))})
    except WarehouseError as error:
        yield _missing(warehouse, Right.CONNECT, "", error)
        return
    yield Tried(Right.CONNECT)
    for schema in (_PROBE, *existing):
        yield from _try_schema(warehouse, Table(schema, _PROBE))


def _try_schema(warehouse: Warehouse, probe: Table) -> Iterator[Tried]:
    rows = pa.table({"id": pa.array([1, 2], pa.int64())})
    steps: list[tuple[Right, Callable[[], object]]] = [
        (Right.CREATE_SCHEMA, lambda: warehouse.create_schema(probe.schema)),
        (Right.WRITE, lambda: warehouse.write_arrow(probe, rows)),
        (Right.WRITE, lambda: warehouse.write_arrow(probe, rows, WriteMode.MERGE, ["id"])),
        (Right.READ, lambda: warehouse.read_arrow(exp.select("*").from_(probe.expression()))),
        (Right.WRITE, lambda: warehouse.drop(probe)),
    ]
    for right, attempt in steps:
        try:
            attempt()
        except WarehouseError as error:
            yield _missing(warehouse, right, probe.schema, error)
            return
    for right in (Right.CREATE_SCHEMA, Right.WRITE, Right.READ) if probe.schema == _PROBE else (Right.WRITE,):
        yield Tried(right, probe.schema)


def _missing(warehouse: Warehouse, right: Right, schema: str, error: WarehouseError) -> Tried:
    return Tried(right, schema, str(error), warehouse.grant(right, schema))
