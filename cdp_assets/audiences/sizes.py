"""How many members audiences had, and whether so many were expected."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
from sqlglot import exp

from cdp_assets.audiences.contracts import SIZES
from cdp_assets.audiences.definition import AudienceDefinition
from cdp_assets.audiences.values import moment
from cdp_assets.errors import ConfigurationError, DataError
from cdp_assets.warehouses.base import Warehouse, WriteMode

FEW = 20
"""Of fewer members before and now, a multiple says nothing."""


def record_sizes(
    warehouse: Warehouse, definitions: Sequence[AudienceDefinition], sizes: Mapping[str, int], at: datetime
) -> dict[str, str]:
    """Write down the sizes as of a moment, and return, by audience, why those were not expected that were not."""
    before = _last_expected(warehouse, at)
    found = {one.name: unexpected(one, sizes[one.name], before.get((one.name, one.version))) for one in definitions}
    rows = [
        {
            "audience": one.name,
            "at": at,
            "members": sizes[one.name],
            "is_expected": not found[one.name],
            "definition_version": one.version,
        }
        for one in definitions
    ]
    table = pa.Table.from_pylist(rows, schema=SIZES.schema)
    warehouse.write_arrow(SIZES.table, table, WriteMode.MERGE, SIZES.key)
    return {name: why for name, why in found.items() if why}


def unexpected(definition: AudienceDefinition, members: int, before: int | None) -> str:
    """Why there should not be so many members, or so few; empty if there is nothing to say.

    `before` is how many there were when there last were as many as expected, by the same definition; None if never.
    """
    expected = definition.expected
    if expected.at_least is not None and members < expected.at_least:
        return f"{members:,} members; expected.at_least is {expected.at_least:,}"
    if expected.at_most is not None and members > expected.at_most:
        return f"{members:,} members; expected.at_most is {expected.at_most:,}"
    if before is None or expected.change is None or max(before, members) < FEW:
        return ""
    if members >= before * expected.change or members <= before / expected.change:
        return (
            f"{members:,} members after {before:,} by the same definition, a change by {expected.change:g} times or"
            f" more; if they are right, `cdp audience accept {definition.name}`"
        )
    return ""


def accept_size(warehouse: Warehouse, audience: str) -> int:
    """Take the latest size of an audience for expected, and return it.

    Raises:
        ConfigurationError: it has none.
    """
    latest = _latest(warehouse, audience)
    if latest is None:
        raise ConfigurationError(f"the audience {audience!r} was not materialised yet; there is no size to accept.")
    accepted = pa.Table.from_pylist([latest | {"is_expected": True}], schema=SIZES.schema)
    warehouse.write_arrow(SIZES.table, accepted, WriteMode.MERGE, SIZES.key)
    return int(latest["members"])


def check_size(warehouse: Warehouse, audience: str) -> None:
    """Check that an audience had as many members as expected when it was made last.

    Raises:
        DataError: it had not.
    """
    latest = _latest(warehouse, audience)
    if latest is not None and not latest["is_expected"]:
        raise DataError(
            f"audience {audience!r} has {latest['members']:,} members, which is not what is expected of it; nothing was"
            f" sent. Mend it, or accept its size: `cdp audience accept {audience}`."
        )


def _latest(warehouse: Warehouse, audience: str) -> dict[str, Any] | None:
    """The row of an audience's latest size; None if it has none."""
    if not warehouse.exists(SIZES.table):
        return None
    mine = exp.column("audience").eq(exp.Literal.string(audience))
    query = exp.select(*(column.name for column in SIZES.columns)).from_(SIZES.table.expression()).where(mine)
    rows: list[dict[str, Any]] = warehouse.read_arrow(query.order_by(exp.column("at").desc()).limit(1)).to_pylist()
    return rows[0] if rows else None


def _last_expected(warehouse: Warehouse, at: datetime) -> dict[tuple[str, str], int]:
    """Members of each audience by each version when there last were as many as expected, at `at` or before."""
    earlier = exp.column("at") <= moment(at)
    keys = ("audience", "definition_version")
    order = exp.Order(expressions=[exp.Ordered(this=exp.column("at"), desc=True)])
    place = exp.Window(this=exp.RowNumber(), partition_by=[exp.column(name) for name in keys], order=order)
    ranked = exp.select(*keys, "members", place.as_("place")).from_(SIZES.table.expression())
    ranked = ranked.where(exp.column("is_expected"), earlier)
    latest = exp.column("place").eq(exp.Literal.number(1))
    rows = warehouse.read_arrow(exp.select(*keys, "members").from_(ranked.subquery("ranked")).where(latest)).to_pylist()
    return {(row["audience"], row["definition_version"]): row["members"] for row in rows}
