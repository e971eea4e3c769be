"""The moment a run speaks of. Windows, scores and histories count from it, never from the wall clock."""

from datetime import UTC, datetime, time

import pyarrow as pa

from cdp_assets.errors import ConfigurationError, DataError
from cdp_assets.stages import Stage
from cdp_assets.tables import TIMESTAMP, Column, Contract, Table
from cdp_assets.warehouses.base import Warehouse

AS_OF = Contract(
    Table(Stage.RAW, "as_of"),
    "One row: the moment (UTC) every window, score and history entry counts from. The daily schedule moves it.",
    (Column("as_of", TIMESTAMP, "The moment; windows, scores and audiences look at facts before it alone."),),
)


def recorded_as_of(warehouse: Warehouse) -> datetime | None:
    """The moment last recorded, or null when none is."""
    if not warehouse.exists(AS_OF.table):
        return None
    values = warehouse.read_arrow(f"SELECT as_of FROM {AS_OF.table}")["as_of"].to_pylist()
    return values[0] if values else None


def read_as_of(warehouse: Warehouse) -> datetime:
    """The moment this run speaks of.

    Raises:
        DataError: none is recorded yet.
    """
    moment = recorded_as_of(warehouse)
    if moment is None:
        raise DataError(f"{AS_OF.table} is empty; materialise it first, or use `cdp run`, which does.")
    return moment


def write_as_of(warehouse: Warehouse, moment: datetime) -> None:
    """Record the moment."""
    warehouse.write_arrow(AS_OF.table, pa.Table.from_pylist([{"as_of": moment}], AS_OF.schema))


def parse_as_of(text: str) -> datetime:
    """A date (its midnight, UTC), an ISO 8601 moment (UTC unless it says otherwise), or `sample` for the demo's.

    Raises:
        ConfigurationError: it is none of these.
    """
    if text == "sample":
        from cdp_assets.sample.calendar import SAMPLE_AS_OF

        return SAMPLE_AS_OF
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise ConfigurationError(
            f"as_of is {text!r}; it must be a date such as 2026-06-30, a moment such as 2026-06-30T12:00:00Z,"
            " or `sample`."
        ) from error


def today() -> datetime:
    """The last midnight, UTC: what a first run without `--as-of` records."""
    return datetime.combine(datetime.now(UTC).date(), time(), UTC)
