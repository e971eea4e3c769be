"""A warehouse with an audience of any size, as the sample has them: customers, consents, members."""

from pathlib import Path

import duckdb

from cdp_assets.activation.definition import SyncDefinition
from cdp_assets.validation import validated
from cdp_assets.warehouses.duckdb import DuckDBWarehouse

SECRET_KEY = b"a key for benchmarks"
MAPPING = {name: f"master.customers.{name}" for name in ("email", "first_name", "city", "total_spent", "last_order_at")}
_TABLES = """
    CREATE SCHEMA master; CREATE SCHEMA audiences;
    CREATE TABLE master.customers AS SELECT
        'c_' || substr(md5(i::VARCHAR), 1, 20) AS customer_id, 'person' || i || '@example.com' AS email,
        'Ann' || (i % 1000) AS first_name, 'City ' || (i % 5000) AS city,
        ((i % 90000) / 7)::DECIMAL(18, 4) AS total_spent,
        TIMESTAMPTZ '2026-01-01 00:00:00+00' + INTERVAL (i) SECOND AS last_order_at
    FROM range({count}) AS numbers(i);
    CREATE TABLE master.consents AS
        SELECT customer_id, 'email_marketing' AS purpose, 'granted' AS state FROM master.customers;
    CREATE TABLE audiences.everybody AS SELECT customer_id FROM master.customers;
"""


def make_members(folder: Path, count: int) -> DuckDBWarehouse:
    """A warehouse in a folder with so many members, all of whom consented."""
    path = folder / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(_TABLES.format(count=int(count)))
    return DuckDBWarehouse(path)


def change_one_percent(path: Path) -> None:
    """Give a hundredth of the customers another e-mail."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE master.customers SET email = 'new.' || email WHERE hash(customer_id) % 100 = 0")


def definition(destination: str) -> SyncDefinition:
    """A mirror of the audience with five mapped columns."""
    values = {
        "name": "everybody",
        "source": "audiences.everybody",
        "destination": destination,
        "mapping": MAPPING,
        "purpose": "email_marketing",
    }
    return validated(SyncDefinition, values, "the sync")
