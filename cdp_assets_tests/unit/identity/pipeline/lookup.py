"""`lookup.customer_records` and `lookup.identifiers` in a warehouse of the test's own."""

import random
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from cdp_assets.identity.normalise.inputs import IDENTIFIERS, KEY, TEXTS
from cdp_assets.identity.pipeline.sources import CUSTOMER_RECORDS, FURTHER
from cdp_assets.warehouses.duckdb import DuckDBWarehouse

SCHEMA: dict[str, Any] = {
    **dict.fromkeys(TEXTS, pl.String),
    "date_of_birth": pl.Date,
    "is_deleted": pl.Boolean,
    "source_updated_at": pl.Datetime("us", "UTC"),
    "_load_id": pl.String,
}
FIRST = ["Anna", "Robert", "Maria", "Peter", "Julia", "Thomas", "Laura", "Felix", "Nina", "Oscar", "Irene", "Walter"]
LAST = ["Smith", "Garcia", "Keller", "Novak", "Rossi", "Dubois", "Larsen", "Kowalski", "Haas", "Moreau", "Byrne"]
Person = Mapping[str, Any]
Further = tuple[str, str, str]


class Lookup:
    """The two tables; `further` are (record id, type, value)."""

    def __init__(self, folder: Path) -> None:
        self.warehouse = DuckDBWarehouse(folder / "cdp.duckdb")

    def holds(self, people: Mapping[str, Person], further: Iterable[Further] = ()) -> DuckDBWarehouse:
        """Write the tables: a record of the source `crm` each person, by its id."""
        rows = [{**dict.fromkeys(SCHEMA), "source": "crm", "record_id": id_, **one} for id_, one in people.items()]
        records = pl.DataFrame(rows, SCHEMA)
        identifiers = pl.DataFrame(
            [("crm", *row) for row in further], dict.fromkeys(IDENTIFIERS, pl.String), orient="row"
        )
        with self.warehouse.transaction():
            self.warehouse.write_arrow(CUSTOMER_RECORDS, records.to_arrow())
            self.warehouse.write_arrow(FURTHER, identifiers.to_arrow())
        return self.warehouse


FULL: Person = {
    **{name: f"some {name}" for name in TEXTS if name not in KEY},
    "email": "anna@b.org",
    "phone": "+13059043600",
    "country": "US",
    "external_ids": '{"card": "7"}',
    "date_of_birth": date(1980, 5, 17),
    "is_deleted": False,
}
"""A record of which everything is known."""


def crowd(people: int) -> dict[str, Person]:
    """Two records a person, the second with gaps."""
    chance = random.Random(people)
    found: dict[str, Person] = {}
    for n in range(people):
        last = chance.choice(LAST) + chance.choice(["", "son", "mann"])
        one = {
            "first_name": chance.choice(FIRST),
            "last_name": last,
            "email": f"{last}{n}@b.org",
            "street": f"{chance.randrange(1, 200)} Main St",
            "postal_code": f"33{chance.randrange(100, 140)}",
            "date_of_birth": date(chance.randrange(1950, 2004), chance.randrange(1, 13), chance.randrange(1, 29)),
        }
        kept = {key: value for key, value in one.items() if chance.random() < 0.7 or key.endswith("name")}
        found |= {f"{n}-a": one, f"{n}-b": kept}
    return found
