"""Source records for tests, with sensible defaults."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.records import build_records

AS_OF = datetime(2026, 6, 30, tzinfo=UTC)
LATER = datetime(2026, 7, 1, tzinfo=UTC)
TEXTS = ("email", "phone", "first_name", "last_name", "street", "city", "postal_code", "country", "company")
CONFIG = IdentityConfig.model_validate(
    {
        "rules": [
            {"name": "user_id", "agree": ["user_id"], "trusted": True},
            {"name": "email_and_name", "agree": ["email", "name_forms"]},
            {"name": "phone_and_name", "agree": ["phone", "name_forms", "last_name"]},
            {
                "name": "name_and_address",
                "agree": ["name_forms", "last_name", "street", "postal_code"],
                "must_not_differ": ["date_of_birth"],
            },
            {"name": "email", "agree": ["email"]},
        ]
    }
)


def customer_records(people: Iterable[dict[str, Any]]) -> pl.DataFrame:
    """`lookup.customer_records`; each person is a dict, its `id` the record id."""
    schema = {"source": pl.String, "record_id": pl.String, "is_deleted": pl.Boolean, "date_of_birth": pl.Date}
    schema |= dict.fromkeys((*TEXTS, "account_id", "user_id"), pl.String)
    rows = []
    for person in people:
        row = dict.fromkeys(schema) | {"source": "crm", "is_deleted": False} | person
        row["record_id"] = str(row.pop("id"))
        if isinstance(row["date_of_birth"], str):
            row["date_of_birth"] = date.fromisoformat(row["date_of_birth"])
        rows.append(row)
    return pl.DataFrame(rows, schema=schema)


def identifiers(*rows: tuple[str, str, str, str]) -> pl.DataFrame:
    """`lookup.identifiers` from (source, record id, type, value)."""
    return pl.DataFrame(
        list(rows), schema=dict.fromkeys(("source", "record_id", "type", "value"), pl.String), orient="row"
    )


def records_of(people: Iterable[dict[str, Any]], *further: tuple[str, str, str, str]) -> pl.DataFrame:
    """`identity.records` of the people."""
    return build_records(customer_records(people), identifiers(*further), CONFIG)
