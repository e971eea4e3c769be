"""A warehouse of customers with transactions, lines, events and scores, in the shapes that conditions ask for."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb

from cdp_assets.warehouses.duckdb import DuckDBWarehouse

AS_OF = datetime(2026, 7, 1, tzinfo=UTC)
TRANSACTIONS, EVENTS = 5, 10
"""So many a customer, on average: a few have most of them."""
_TABLES = """
    CREATE SCHEMA master; CREATE SCHEMA churn; CREATE SCHEMA audiences;
    CREATE TABLE master.customers AS SELECT
        'c_' || substr(md5(i::VARCHAR), 1, 20) AS customer_id, 'web,shop' AS sources,
        CASE WHEN i % 20 > 0 THEN 'person' || i || '@example.com' END AS email,
        CASE WHEN i % 3 > 0 THEN '+336' || lpad((i % 100000000)::VARCHAR, 8, '0') END AS phone,
        'Ann' || (i % 1000) AS first_name, 'Lee' || (i % 7000) AS last_name, 'City ' || (i % 5000) AS city,
        ['FR', 'DE', 'US', 'GB', 'ES'][1 + i % 5] AS country,
        CASE WHEN i % 8 = 0 THEN 'a' || (i % 50000) END AS account_id,
        CASE WHEN i % 8 = 0 THEN 'crm' END AS account_id_source,
        (hash(i, 1) % 2000000 / 1000)::DECIMAL(18, 4) AS total_spent, (hash(i, 2) % 12)::BIGINT AS order_count,
        TIMESTAMPTZ '2026-07-01 00:00:00+00' - to_seconds(hash(i, 3) % 63072000) AS last_order_at
    FROM range({count}) AS numbers(i);
    CREATE TABLE who AS SELECT rowid AS i, customer_id FROM master.customers;
    CREATE TABLE master.transactions AS SELECT
        'shop' AS source, 't' || n AS transaction_id, customer_id,
        CASE WHEN hash(n, 9) % 12 = 0 THEN 'refund' ELSE 'order' END AS type,
        ['web', 'store', 'app'][1 + (hash(n, 4) % 3)::INT] AS channel, 'paid' AS status,
        (hash(n, 5) % 30000 / 100)::DECIMAL(18, 4) AS amount, amount AS amount_reporting,
        TIMESTAMPTZ '2026-07-01 00:00:00+00' - to_seconds(hash(n, 6) % 63072000) AS occurred_at, false AS is_deleted
    FROM range({transactions}) AS numbers(n)
    JOIN who ON who.i = (hash(n, 7) % {count} * (hash(n, 8) % 100) / 100)::BIGINT;
    CREATE TABLE master.transaction_lines AS SELECT
        source, transaction_id, '1' AS line_id, customer_id, type, occurred_at, amount, 1::DECIMAL(18, 4) AS quantity,
        'p' || (hash(transaction_id) % 5000) AS product_id,
        ['Shoes', 'Coffee', 'Tea', 'Books', 'Toys', 'Garden'][1 + (hash(transaction_id) % 6)::INT] AS category
    FROM master.transactions;
    CREATE TABLE master.events AS SELECT
        'web' AS source, 'e' || n AS event_id, customer_id, 's' || (n // 5) AS session_id,
        ['Page Viewed', 'Product Viewed', 'Product Added', 'Order Completed'][1 + (hash(n, 2) % 4)::INT] AS event_name,
        TIMESTAMPTZ '2026-07-01 00:00:00+00' - to_seconds(hash(n, 3) % 15552000) AS occurred_at, false AS is_deleted,
        '{{"path":"/p/' || (hash(n, 4) % 5000) || '","value":' || (hash(n, 5) % 500) || '}}' AS properties
    FROM range({events}) AS numbers(n)
    JOIN who ON who.i = (hash(n, 6) % {count} * (hash(n, 7) % 100) / 100)::BIGINT;
    DROP TABLE who;
    CREATE TABLE master.accounts AS SELECT
        'crm' AS source, 'a' || i AS account_id, 'Company ' || i AS name, ['FR', 'DE', 'US'][1 + i % 3] AS country,
        false AS is_deleted
    FROM range(50000) AS numbers(i);
    CREATE TABLE master.consents AS SELECT customer_id, 'email_marketing' AS purpose,
        CASE WHEN hash(customer_id) % 3 = 0 THEN 'denied' ELSE 'granted' END AS state FROM master.customers;
    CREATE TABLE churn.scores AS SELECT customer_id, (hash(customer_id, 2) % 1000 / 1000)::DOUBLE AS churn_probability,
        ['low', 'medium', 'high'][1 + (hash(customer_id, 3) % 3)::INT] AS risk_band FROM master.customers;
    CREATE TABLE audiences.lapsed AS SELECT customer_id, TIMESTAMPTZ '2026-06-01 00:00:00+00' AS entered_at,
        CAST(NULL AS VARCHAR) AS split FROM master.customers WHERE hash(customer_id) % 10 = 0;
"""


def make_population(folder: Path, customers: int) -> DuckDBWarehouse:
    """A warehouse in a folder with so many customers, and five transactions and ten events for each."""
    path = folder / "warehouse.duckdb"
    counts = {"transactions": customers * TRANSACTIONS, "events": customers * EVENTS}
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(_TABLES.format(count=int(customers), **counts))
    return DuckDBWarehouse(path)
