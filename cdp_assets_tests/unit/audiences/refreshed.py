"""Customers who come, go and merge, and audiences that are refreshed over them from day to day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from cdp_assets.audiences.catalogue import Catalogue
from cdp_assets.audiences.declared import CUSTOMERS
from cdp_assets.audiences.definition import AudienceDefinition
from cdp_assets.audiences.membership import AudienceChange, refresh_audiences
from cdp_assets.identity.contracts import ID_HISTORY
from cdp_assets.tables import TEXT
from cdp_assets.warehouses.base import Warehouse, WriteMode
from cdp_assets_tests.unit.audiences.world import AS_OF, definition

FRENCH = {"property": {"field": "country", "eq": "FR"}}
ANYONE = {"property": {"field": "customer_id", "is_set": True}}
NOBODY = {"property": {"field": "customer_id", "is_not_set": True}}
PEOPLE = pa.schema([("customer_id", TEXT), ("country", TEXT)])


def day(number: int) -> datetime:
    return AS_OF + timedelta(days=number)


def split(name: str = "tested", condition: Any = ANYONE, salt: str | None = None, **arms: float) -> AudienceDefinition:
    """An audience with arms; `holdout` among them is the holdout."""
    given = {"arms": {arm: share for arm, share in arms.items() if arm != "holdout"}, "holdout": arms.get("holdout", 0)}
    return definition(condition, name=name, splits=given if salt is None else {**given, "salt": salt})


@dataclass
class Refreshed:
    """A warehouse of customers and what its audiences became."""

    warehouse: Warehouse
    percent: Decimal = Decimal(0)

    def forget(self) -> None:
        """Drop every table."""
        with self.warehouse.session():
            for table in self.warehouse.tables():
                self.warehouse.drop(table)

    def have(self, customers: Iterable[str], french: Iterable[str] | None = None) -> None:
        """Have these customers and no others; all of them are in France unless it is said who is."""
        ids = sorted(customers)
        countries = ["FR" if french is None or one in set(french) else "DE" for one in ids]
        people = pa.table({"customer_id": ids, "country": countries}, schema=PEOPLE)
        self.warehouse.write_arrow(CUSTOMERS, people)

    def merge(self, *pairs: tuple[str, str], event: str = "merged") -> None:
        """Record that each first id disappeared into the second, or was split off it."""
        rows = [
            {"happened_at": AS_OF, "event": event, "customer_id": one, "other_customer_id": other}
            for one, other in pairs
        ]
        table = pa.Table.from_pylist(rows, schema=pa.schema([ID_HISTORY.schema.field(name) for name in rows[0]]))
        self.warehouse.write_arrow(ID_HISTORY.table, table, WriteMode.APPEND)

    def refresh(self, *definitions: AudienceDefinition, on: int = 0) -> dict[str, AudienceChange]:
        """Refresh audiences together as of a day, by the columns the platform promises."""
        with self.warehouse.session():
            return refresh_audiences(self.warehouse, definitions, day(on), Catalogue.declared(), self.percent)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table of the stage, in one order."""
        found = self.warehouse.read_arrow(f"SELECT * FROM audiences.{table}").to_pylist()
        return sorted(found, key=lambda row: tuple(str(value) for value in row.values()))

    def members(self, name: str = "tested") -> set[str]:
        return {row["customer_id"] for row in self.rows(name)}

    def arms(self, name: str = "tested") -> dict[str, str | None]:
        """The arm of each member."""
        return {row["customer_id"]: row["split"] for row in self.rows(name)}
