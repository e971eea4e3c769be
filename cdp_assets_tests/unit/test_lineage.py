import pytest
import sqlglot

from cdp_assets.errors import DataError
from cdp_assets.lineage import column_lineage
from cdp_assets.tables import Table

PEOPLE = Table("staging", "people")
ORDERS = Table("staging", "orders")
UPSTREAM = {PEOPLE: ["Id", "FirstName", "LastName", "email"], ORDERS: ["order_id", "person_id", "amount"]}


def lineage(sql: str, dialect: str = "duckdb") -> dict[str, list[str]]:
    found = column_lineage(sqlglot.parse_one(sql, dialect=dialect), dialect, UPSTREAM)
    return {name: [f"{table.name}.{column}" for table, column in origins] for name, origins in found.items()}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT email FROM staging.people", {"email": ["people.email"]}),
        ('SELECT "FirstName" AS f FROM staging.people', {"f": ["people.FirstName"]}),
        ("SELECT firstname AS f FROM staging.people", {"f": ["people.FirstName"]}),
        ("SELECT 1 AS one, 'x' AS x, NULL AS n FROM staging.people", {"one": [], "x": [], "n": []}),
        (
            'SELECT "FirstName" || "LastName" AS name FROM staging.people',
            {"name": ["people.FirstName", "people.LastName"]},
        ),
        (
            "SELECT * FROM staging.orders",
            {c: [f"orders.{c}"] for c in ("order_id", "person_id", "amount")},
        ),
        (
            "SELECT p.email, o.amount AS a FROM staging.people AS p JOIN staging.orders AS o ON p.\"Id\" = o.person_id",
            {"email": ["people.email"], "a": ["orders.amount"]},
        ),
        (
            "WITH a AS (SELECT email AS e FROM staging.people), b AS (SELECT e AS f FROM a) SELECT f AS g FROM b",
            {"g": ["people.email"]},
        ),
        (
            "WITH a AS (SELECT * FROM staging.orders) SELECT amount * 2 AS double FROM a",
            {"double": ["orders.amount"]},
        ),
        (
            "SELECT email AS e FROM staging.people UNION ALL SELECT order_id FROM staging.orders",
            {"e": ["orders.order_id", "people.email"]},
        ),
        (
            "SELECT sum(amount) OVER (PARTITION BY person_id ORDER BY order_id) AS s FROM staging.orders",
            {"s": ["orders.amount", "orders.order_id", "orders.person_id"]},
        ),
        (
            "SELECT person_id, max(amount) AS m FROM staging.orders GROUP BY person_id",
            {"person_id": ["orders.person_id"], "m": ["orders.amount"]},
        ),
        (
            "SELECT (SELECT max(amount) FROM staging.orders) AS m FROM staging.people",
            {"m": ["orders.amount"]},
        ),
        ('SELECT email FROM "warehouse"."staging"."people"', {"email": ["people.email"]}),
    ],
    ids=[
        "plain", "quoted", "case", "constants", "expression", "star", "join", "ctes", "star in a cte", "union",
        "window", "aggregate", "subquery", "database",
    ],
)  # fmt: skip
def test_a_column_is_traced_to_the_columns_it_is_made_from(sql, expected):
    assert lineage(sql) == expected


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "bigquery"])
def test_every_dialect_tells_the_same(dialect):
    expected = {"amount": ["orders.amount"], "one": []}

    assert lineage("SELECT o.amount, 1 AS one FROM staging.orders AS o", dialect) == expected


def test_what_cannot_be_traced_is_told():
    with pytest.raises(DataError, match="the lineage of a query cannot be told") as refused:
        lineage("SELECT p.nothing FROM staging.people AS p")
    assert "\n" not in str(refused.value)


def test_the_query_itself_stays_as_it_was():
    query = sqlglot.parse_one("SELECT email FROM warehouse.staging.people")
    column_lineage(query, "duckdb", UPSTREAM)

    assert query.sql() == "SELECT email FROM warehouse.staging.people"
