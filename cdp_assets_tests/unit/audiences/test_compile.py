"""What conditions compile to, and whom they select on real DuckDB."""

from datetime import date
from decimal import Decimal

import pytest
import sqlglot
from sqlglot import exp

from cdp_assets.audiences.catalogue import CUSTOMERS, SCORES, Catalogue
from cdp_assets.audiences.compile import compile_audience
from cdp_assets.warehouses.duckdb import DuckDBWarehouse
from cdp_assets_tests.unit.audiences.world import AS_OF, EVENTS, TRANSACTIONS, at, customer, definition, fill, order

GOLDEN_CONDITION = {
    "all": [
        {"property": {"field": "churn.scores.risk_band", "in": ["high", "it's"]}},
        {"not": {"property": {"field": "country", "eq": "FR"}}},
        {"transaction": {"count": {"at_least": 2}, "within_last": "90d", "where": [{"field": "type", "eq": "order"}]}},
    ]
}
GOLDEN = {
    "duckdb": """\
SELECT "customers"."customer_id" FROM "master"."customers" AS "customers" \
LEFT JOIN "churn"."scores" AS "scores" ON "scores"."customer_id" = "customers"."customer_id" \
LEFT JOIN (SELECT "customer_id", COUNT(*) AS "value" FROM "master"."transactions" \
WHERE NOT "customer_id" IS NULL AND NOT COALESCE("is_deleted", FALSE) \
AND "occurred_at" <= CAST('2026-03-01 12:00:00+00:00' AS TIMESTAMPTZ) \
AND "occurred_at" > CAST('2025-12-01 12:00:00+00:00' AS TIMESTAMPTZ) AND "type" = 'order' \
GROUP BY "customer_id") AS "transactions_2" ON "transactions_2"."customer_id" = "customers"."customer_id" \
LEFT JOIN "audiences"."lapsed" AS "audience_lapsed" ON "audience_lapsed"."customer_id" = "customers"."customer_id" \
WHERE ("scores"."risk_band" IN ('high', 'it''s') AND NOT "customers"."country" = 'FR' \
AND COALESCE("transactions_2"."value", 0) >= 2) AND "audience_lapsed"."customer_id" IS NULL \
ORDER BY CASE WHEN "customers"."total_spent" IS NULL THEN 1 ELSE 0 END, "customers"."total_spent" DESC, \
"customers"."customer_id" LIMIT 100""",
}
GOLDEN["postgres"] = GOLDEN["duckdb"].replace('"total_spent" DESC,', '"total_spent" DESC NULLS LAST,')
HOSTILE = [
    "O'Brien",
    "'; DROP TABLE master.customers; --",
    "a /* b */ -- c",
    'say "hi"; SELECT 1',
    "back\\slash\\'",
    "new\nline\ttab",
    "{{ jinja }} ${x} %s %(a)s $$ ?",
    "\u202e\u00e9\u4e2d\U0001f600\u0000".rstrip("\u0000"),
    "100%_",
]


def selected(warehouse, condition, catalogue=None, **options):
    query = compile_audience(definition(condition, **options), catalogue or Catalogue.declared(), AS_OF).query
    return warehouse.read_arrow(query)["customer_id"].to_pylist()


@pytest.mark.parametrize("dialect", sorted(GOLDEN))
def test_a_definition_compiles_to_this_sql(dialect):
    audience = definition(GOLDEN_CONDITION, exclude=["lapsed"], limit={"field": "total_spent", "top": 100})
    sql = compile_audience(audience, Catalogue.declared(), AS_OF).query.sql(dialect)
    assert sql == GOLDEN[dialect]
    assert sqlglot.parse_one(sql, dialect=dialect).sql(dialect) == sql


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "snowflake", "bigquery"])
@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_stays_one_literal_in_every_dialect(dialect, text):
    audience = definition({"property": {"field": "country", "eq": text}})
    sql = compile_audience(audience, Catalogue.declared(), AS_OF).query.sql(dialect)
    statements = sqlglot.parse(sql, dialect=dialect)
    assert len(statements) == 1
    assert [literal.this for literal in statements[0].find_all(exp.Literal)] == [text]


def test_hostile_texts_select_the_customers_who_have_them(warehouse):
    fill(warehouse, {CUSTOMERS: [customer(f"c{n}", city=text) for n, text in enumerate(HOSTILE)]})
    for n, text in enumerate(HOSTILE):
        assert selected(warehouse, {"property": {"field": "city", "eq": text}}) == [f"c{n}"]
        assert selected(warehouse, {"property": {"field": "city", "contains": text}}) == [f"c{n}"]
        assert sorted(selected(warehouse, {"property": {"field": "city", "not_in": [text]}})) == [
            f"c{m}" for m in range(len(HOSTILE)) if m != n
        ]
    assert warehouse.row_count(CUSTOMERS) == len(HOSTILE)


PEOPLE = [
    customer("fr", country="FR", total_spent=Decimal("100"), date_of_birth=date(1990, 5, 1), last_order_at=AS_OF),
    customer("de", country="DE", total_spent=Decimal("-5.5"), date_of_birth=date(2000, 1, 1), last_order_at=at(1)),
    customer("no"),
]


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    warehouse = DuckDBWarehouse(tmp_path_factory.mktemp("people") / "cdp.duckdb")
    fill(warehouse, {CUSTOMERS: PEOPLE})
    return warehouse


@pytest.fixture(scope="module")
def buyers(tmp_path_factory):
    warehouse = DuckDBWarehouse(tmp_path_factory.mktemp("buyers") / "cdp.duckdb")
    fill(warehouse, BUYERS)
    return warehouse


FR, DE, NO = {"fr"}, {"de"}, {"no"}


@pytest.mark.parametrize(
    ("comparison", "who", "who_not"),
    [
        ({"field": "country", "eq": "FR"}, FR, DE),
        ({"field": "country", "neq": "FR"}, DE, FR),
        ({"field": "country", "in": ["FR", "IT"]}, FR, DE),
        ({"field": "country", "not_in": ["FR", "IT"]}, DE, FR),
        ({"field": "country", "contains": "E"}, DE, FR),
        ({"field": "country", "contains": "e"}, set(), FR | DE),
        ({"field": "country", "is_set": True}, FR | DE, NO),
        ({"field": "country", "is_not_set": True}, NO, FR | DE),
        ({"field": "total_spent", "gt": 99.9999}, FR, DE),
        ({"field": "total_spent", "gte": 100}, FR, DE),
        ({"field": "total_spent", "lt": -5}, DE, FR),
        ({"field": "total_spent", "lte": -5.5}, DE, FR),
        ({"field": "total_spent", "between": [-5.5, 99]}, DE, FR),
        ({"field": "date_of_birth", "before": "1990-05-02"}, FR, DE),
        ({"field": "date_of_birth", "after": "1990-05-01"}, DE, FR),
        ({"field": "date_of_birth", "between": ["1990-05-01", "1999-12-31"]}, FR, DE),
        ({"field": "last_order_at", "within_last": "27d"}, FR, DE),
        ({"field": "last_order_at", "within_last": "29d"}, FR | DE, set()),
        ({"field": "last_order_at", "before": "2026-02-01T01:00:00+02:00"}, set(), FR | DE),
        ({"field": "last_order_at", "lte": "2026-02-01T00:00:00Z"}, DE, FR),
    ],
)
def test_a_missing_value_satisfies_neither_a_comparison_nor_its_negation(people, comparison, who, who_not):
    assert set(selected(people, {"property": comparison})) == who
    assert set(selected(people, {"not": {"property": comparison}})) == who_not


def test_a_missing_value_is_selected_when_asked_for(people):
    wanted = [{"field": "country", "neq": "FR"}, {"field": "country", "is_not_set": True}]
    asked = {"any": [{"property": comparison} for comparison in wanted]}
    assert set(selected(people, asked)) == DE | NO


BUYERS = {
    CUSTOMERS: [customer("two"), customer("one"), customer("none")],
    TRANSACTIONS: [
        order("two", at(1), "10"),
        order("two", at(20), "30.5"),
        order("two", at(20), "1000", is_deleted=True),
        order("two", at(2, month=3), "5000"),
        order("one", at(27), "7", is_deleted=False),
        order("one", at(27), "-7", type="refund"),
        order(None, at(27), "7"),
    ],
    EVENTS: [{"customer_id": "one", "event_name": "Viewed", "occurred_at": at(28)}],
}
ORDERS = {"where": [{"field": "type", "eq": "order"}]}


@pytest.mark.parametrize(
    ("condition", "who", "who_not"),
    [
        ({"transaction": {"count": {"at_least": 2}, **ORDERS}}, {"two"}, {"one", "none"}),
        ({"transaction": {"count": {"exactly": 0}, **ORDERS}}, {"none"}, {"two", "one"}),
        ({"transaction": {"count": {"at_most": 1}, **ORDERS}}, {"one", "none"}, {"two"}),
        ({"transaction": {"count": {"at_least": 1, "at_most": 1}, **ORDERS}}, {"one"}, {"two", "none"}),
        ({"transaction": {"count": {"at_least": 1}, "within_last": "5d"}}, {"one"}, {"two", "none"}),
        (
            {"transaction": {"count": {"at_least": 1}, "between": ["2026-02-01", "2026-02-20"]}},
            {"two"},
            {"one", "none"},
        ),
        ({"transaction": {"sum": {"field": "amount", "at_least": 40.5}}}, {"two"}, {"one", "none"}),
        ({"transaction": {"sum": {"field": "amount", "exactly": 0}}}, {"one", "none"}, {"two"}),
        ({"transaction": {"average": {"field": "amount", "at_most": 20}}}, {"one"}, {"two"}),
        ({"transaction": {"minimum": {"field": "amount", "at_least": 0}}}, {"two"}, {"one"}),
        ({"transaction": {"maximum": {"field": "amount", "at_least": 8}}}, {"two"}, {"one"}),
        (
            {"event": {"count": {"at_least": 1}, "where": [{"field": "event_name", "eq": "Viewed"}]}},
            {"one"},
            {"two", "none"},
        ),
    ],
)
def test_conditions_on_facts_count_nothing_as_zero_and_leave_out_deleted_and_later_ones(
    buyers, condition, who, who_not
):
    assert set(selected(buyers, condition)) == who
    assert set(selected(buyers, {"not": condition})) == who_not


def test_scores_other_audiences_and_exclusions_are_joined(warehouse):
    fill(
        warehouse,
        {
            CUSTOMERS: [customer("a"), customer("b"), customer("c")],
            SCORES: [{"customer_id": "a", "risk_band": "high"}, {"customer_id": "b", "risk_band": "low"}],
        },
    )
    warehouse.execute("CREATE SCHEMA audiences")
    warehouse.execute("CREATE TABLE audiences.known AS SELECT 'b' AS customer_id")
    assert selected(warehouse, {"property": {"field": "risk_band", "eq": "high"}}) == ["a"]
    assert selected(warehouse, {"audience": {"in": "known"}}) == ["b"]
    assert set(selected(warehouse, {"audience": {"not_in": "known"}})) == {"a", "c"}
    assert set(selected(warehouse, {"not": {"audience": {"in": "known"}}})) == {"a", "c"}
    assert selected(warehouse, {"property": {"field": "risk_band", "is_set": True}}, exclude=["known"]) == ["a"]


def test_a_limit_keeps_the_highest_with_ties_by_id_and_missing_values_last(warehouse):
    spent = {"a": 5, "b": None, "c": 9, "d": 5}
    fill(warehouse, {CUSTOMERS: [customer(k, total_spent=v and Decimal(v)) for k, v in spent.items()]})
    anyone = {"property": {"field": "customer_id", "is_set": True}}
    assert set(selected(warehouse, anyone, limit={"field": "total_spent", "top": 2})) == {"c", "a"}
    assert set(selected(warehouse, anyone, limit={"field": "total_spent", "top": 2, "order": "lowest"})) == {"a", "d"}
    assert set(selected(warehouse, anyone, limit={"field": "total_spent", "top": 9})) == {"a", "b", "c", "d"}


def test_a_deployments_own_columns_can_be_used(warehouse):
    warehouse.write_select(CUSTOMERS, "SELECT 'x' AS customer_id, CAST(7 AS SMALLINT) AS loyalty_tier")
    found = Catalogue.of(warehouse)
    assert selected(warehouse, {"property": {"field": "loyalty_tier", "gte": 7}}, found) == ["x"]
    assert found.tables[SCORES] == Catalogue.declared().tables[SCORES]


def test_the_warehouses_own_types_are_understood_as_declared(people):
    assert Catalogue.of(people) == Catalogue.declared()
