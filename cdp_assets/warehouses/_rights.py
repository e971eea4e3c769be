"""Tries, on a table of its own, everything the platform will do in a warehouse."""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

import pyarrow as pa
from sqlglot import exp

from cdp_assets.errors import WarehouseError
from cdp_assets.tables import Table
from cdp_assets.warehouses.base import Right, Warehouse, WriteMode

_PROBE = "cdp_doctor"
_FORBIDDEN = re.compile(r"permission|privilege|not authorized|access denied|must be owner", re.IGNORECASE)
_MEND = "mend what the message names; docs/warehouses.md has the set-up."


@dataclass(frozen=True)
class Tried:
    """One right that was tried, in a schema if it is one's: what went wrong and what grants it, when it did."""

    right: Right
    schema: str = ""
    problem: str = ""
    grant: str = ""


def try_rights(warehouse: Warehouse, schemas: Collection[str]) -> Iterator[Tried]:
    """Connect, then create each schema unless it is there, and write, merge and read a table in it, which is dropped.

    The schemas stay: they are those that a run needs. Ends with the first right that is missing in each.
    """
    try:
        warehouse.tables(list(schemas))
    except WarehouseError as error:
        yield _missing(warehouse, Right.CONNECT, "", error)
        return
    yield Tried(Right.CONNECT)
    for schema in schemas:
        yield from _try_schema(warehouse, Table(schema, _PROBE))


def _try_schema(warehouse: Warehouse, probe: Table) -> Iterator[Tried]:
    rows = pa.table({"id": pa.array([1, 2], pa.int64())})
    steps: list[tuple[Right, Callable[[], object]]] = [
        (Right.CREATE_SCHEMA, lambda: warehouse.create_schema(probe.schema)),
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
    for right in (Right.CREATE_SCHEMA, Right.WRITE, Right.READ):
        yield Tried(right, probe.schema)


def _missing(warehouse: Warehouse, right: Right, schema: str, error: WarehouseError) -> Tried:
    """A right that is missing, with the statement that gives it where it is a right that the message speaks of."""
    is_forbidden = _FORBIDDEN.search(str(error)) is not None
    return Tried(right, schema, str(error), warehouse.grant(right, schema) if is_forbidden else _MEND)
